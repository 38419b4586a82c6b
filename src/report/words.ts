/** How numbers, times and sides are said to people. */
import type { BySide, Direction, Side } from '../config/config.ts'

export const sideName: BySide<string> = { businessCentral: 'Business Central', sales: 'Sales' }

export const directionName = (direction: 'toSales' | 'toBusinessCentral'): string =>
  `→ ${sideName[targetOf(direction)]}`

/** Which way values travel, as a sentence goes on. */
export const wayName: Readonly<Record<Direction, string>> = {
  both: 'both ways',
  toSales: 'from Business Central to Sales',
  toBusinessCentral: 'from Sales to Business Central',
}

/** The side written to. */
export const targetOf = (direction: 'toSales' | 'toBusinessCentral'): Side =>
  direction === 'toSales' ? 'sales' : 'businessCentral'

/** `1 record`, `12,000 records`. */
export function count(number: number, one: string, several = `${one}s`): string {
  return `${thousands(number)} ${number === 1 ? one : several}`
}

/** A whole number with commas: 12,000. */
export const thousands = (number: number): string => String(number).replaceAll(/\B(?=(\d{3})+$)/g, ',')

/** Milliseconds as people say them: `0.8 s`, `3 min 20 s`, `2 h 5 min`, `3 days`. */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (seconds < 600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60 === 0 ? '' : ` ${minutes % 60} min`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${rest}`
  return `${Math.floor(minutes / 1440)} days`
}

/** How long ago a moment was. */
export function ago(iso: string, now: Date): string {
  const ms = Math.max(0, now.getTime() - Date.parse(iso))
  return ms < 60_000 ? `${Math.round(ms / 1000)} s ago` : `${duration(ms)} ago`
}

/** Breaks a text into lines of at most `width` characters, each with `indent` before it. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((part) => `${indent}${part}`).join('\n')
}

/** The first of many names, as many as fit: `10000, 20000 … (64 more)`. */
export function firstOf(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} … (${thousands(names.length - most)} more)` : shown
}

/** Up to the full stop before the next sentence. */
export const firstSentence = (text: string): string => text.replace(/\.(?= [A-Z]).*$|\.$/, '')
