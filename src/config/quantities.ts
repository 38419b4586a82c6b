/** Numbers with units, as people write them. */
import type { Limit } from './config.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `30 s`, `15 min`, `24h`; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?(ms|s|m|min|h|d)$/.exec(text) ?? []
  const factor = unitMs[unit]
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor)
}

/** `10`, `"1 %"`, `"10 or 1 %"` in either order; undefined when it is none, or when the share is over 100 %. */
export function parseLimit(written: number | string): Limit | undefined {
  if (typeof written === 'number') return { count: written, share: undefined }
  const parts = written.split(/\s+or\s+/).map((part) => part.trim())
  const counts = parts.filter((part) => /^\d+$/.test(part)).map(Number)
  const shares = parts
    .flatMap((part) => /^(\d+(?:\.\d+)?) ?%$/.exec(part)?.[1] ?? [])
    .map((share) => Number(share) / 100)
  const [share] = shares
  const understood = counts.length <= 1 && shares.length <= 1 && counts.length + shares.length === parts.length
  return understood && (share === undefined || share <= 1) ? { count: counts[0], share } : undefined
}
