/** What an audit found: both sides compared whole with the couplings. */
import type { Side } from '../config/config.ts'
import type { Paint } from './paint.ts'
import { count, sideName, thousands, wrap } from './words.ts'

/** One thing that is not as it should be. */
export interface FindingTold {
  readonly mapping: string
  readonly kind: 'never-sent' | 'orphaned' | 'differs' | 'coupled-twice' | 'drifted'
  readonly side: Side
  readonly id: string
  readonly number: string | undefined
  readonly partner: string | undefined
  readonly fields: readonly string[]
  readonly message: string
  readonly remedy: string
}

/** They stand after "1 record …" and "3 records …" alike. */
const titles: Readonly<Record<FindingTold['kind'], string>> = {
  'never-sent': 'never sent to the other side',
  orphaned: 'without the partner that was coupled',
  differs: 'not equal to the partner',
  'coupled-twice': 'coupled twice or crosswise',
  drifted: 'changed on the side that only receives',
}

/** Findings by mapping and kind, `most` records of each. */
export function auditText(findings: readonly FindingTold[], paint: Paint, most = 10): string {
  if (findings.length === 0) return paint.green('Everything is in step.')
  const groups = new Map<string, FindingTold[]>()
  for (const finding of findings) {
    const key = `${finding.mapping}\n${finding.kind}\n${finding.side}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [finding])
    else group.push(finding)
  }
  return [...groups.values()].map((group) => groupText(group, paint, most)).join('\n\n')
}

function groupText(group: readonly FindingTold[], paint: Paint, most: number): string {
  const [first] = group
  if (first === undefined) return ''
  const number = count(group.length, `record of ${sideName[first.side]}`, `records of ${sideName[first.side]}`)
  const head = `${paint.bold(first.mapping)}: ${paint.yellow(number)} ${titles[first.kind]}`
  const shown = group.slice(0, most).map((finding) => {
    const fields = finding.fields.length === 0 ? '' : ` (${finding.fields.join(', ')})`
    return wrap(`${finding.number ?? finding.id}${fields}: ${finding.message}`, 114, '  ')
  })
  const more = group.length > most ? [`  … and ${thousands(group.length - most)} more; --json lists all`] : []
  return [
    head,
    ...shown,
    ...more,
    ...[...new Set(group.map(({ remedy }) => remedy))].slice(0, 2).map((remedy) => wrap(`→ ${remedy}`, 114, '  ')),
  ].join('\n')
}
