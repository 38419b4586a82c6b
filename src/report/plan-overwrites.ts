/** What a first match overwrites, or would overwrite if one side were taken, column by column. */
import type { Plan } from '../core/plan.ts'
import type { Paint } from './paint.ts'
import { firstOf, thousands } from './words.ts'

/** Empty when nothing filled is overwritten and nothing differs. */
export function overwrittenText(plan: Plan, paint: Paint): string {
  const written = new Map<string, number>()
  for (const { mapping, fields } of plan.operations)
    for (const { why, before, column } of fields)
      if (why === 'first' && before !== null) add(written, `${mapping}\n${column}`)
  const held = new Map<string, number>()
  for (const { mapping, kind, fields } of plan.holds)
    if (kind === 'different') for (const { column } of fields) add(held, `${mapping}\n${column}`)
  return [
    ...byMapping(written, (mapping, columns) => `${paint.bold(mapping)}: would be overwritten: ${columns}`),
    ...byMapping(held, (mapping, columns) => `${paint.bold(mapping)}: would be overwritten if accepted: ${columns}`),
  ].join('\n')
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function byMapping(
  counts: ReadonlyMap<string, number>,
  line: (mapping: string, columns: string) => string,
): readonly string[] {
  const columns = new Map<string, { readonly column: string; readonly number: number }[]>()
  for (const [key, number] of counts) {
    const [mapping = '', column = ''] = key.split('\n')
    columns.set(mapping, [...(columns.get(mapping) ?? []), { column, number }])
  }
  return [...columns].map(([mapping, list]) => {
    const ordered = list.toSorted((a, b) => b.number - a.number || (a.column < b.column ? -1 : 1))
    const named = ordered.map(({ column, number }) => `${column}: ${thousands(number)}`)
    return line(mapping, firstOf(named, 6))
  })
}
