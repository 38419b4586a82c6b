/** The effect of a change on the data, in numbers and with some records as examples (P8: values masked unless asked for). */
import type { Excess } from '../core/guard.ts'
import type { EffectCounts, PlanEffect } from '../core/plan-effect.ts'
import type { Operation, PlannedField } from '../core/plan.ts'
import type { Section } from './markdown.ts'
import { code } from './markdown.ts'
import { mask, shownField } from './masks.ts'
import type { Paint } from './paint.ts'
import { excessText } from './plan-limits.ts'
import { reasonOf } from './reasons.ts'
import { count, sideName, thousands } from './words.ts'

/** An effect, and what was asked for it. */
export interface ToldEffect extends PlanEffect {
  /** What the records were read from, e.g. `the live services`. */
  readonly source: string
  readonly excesses: readonly Excess[]
  readonly refused: readonly { readonly mapping: string; readonly message: string; readonly remedy: string }[]
  /** Field rows whose figures may not be those of the services: they look into values, or write one, where pseudonyms stand. */
  readonly inexact: readonly { readonly mapping: string; readonly fields: readonly string[] }[]
  readonly showValues: boolean
  /** How a mapping calls its records on a side: the entity. */
  readonly entityOf: (mapping: string, side: EffectCounts['side']) => string
}

/** Records shown of each mapping, side and kind. */
const shownExamples = 3
/** Fields shown of each record. */
const shownFields = 5

type Write = (text: string) => string

/** Lines for a terminal. */
export function effectText(effect: ToldEffect, paint: Paint): string {
  const lines = [
    paint.bold(`Effect on ${effect.source}:`),
    ...effect.counts.flatMap((counts) => [
      `  ${countsText(counts, effect, asIs)}`,
      ...examplesOf(counts, effect, asIs).map((line) => `    ${line}`),
    ]),
    ...remarks(effect, asIs).map((line) => `  ${line}`),
  ]
  return lines.join('\n')
}

/** For a comment of a pull request: the numbers open, the examples folded. */
export function effectSections(effect: ToldEffect): readonly Section[] {
  const open = [...effect.counts.map((counts) => countsText(counts, effect, code)), ...remarks(effect, code)]
  const examples = effect.counts.flatMap((counts) =>
    examplesOf(counts, effect, code).map((line) => `- ${code(counts.mapping)} ${line}`),
  )
  return [
    { title: `#### Effect on ${effect.source}`, open: true, lines: open.map((line) => `- ${line}`) },
    ...(examples.length === 0 ? [] : [{ title: 'Some records as examples', lines: examples }]),
  ]
}

/** The same as data; every record that the change concerns. */
export const effectJson = (effect: ToldEffect): object => ({
  source: effect.source,
  counts: effect.counts,
  operations: effect.caused.map((operation) => jsonOperation(operation, effect.showValues)),
  dropped: effect.dropped.map((operation) => jsonOperation(operation, effect.showValues)),
  holds: effect.holds.map(({ mapping, side, id, number, kind }) => ({ mapping, side, id, number, kind })),
  released: effect.released,
  limits: effect.excesses,
  inexact: effect.inexact,
  problems: effect.refused.map(({ mapping, message, remedy }) => ({ mapping, message, remedy })),
})

const jsonOperation = (
  { mapping, kind, side, key, partner, number, fields }: Operation,
  showValues: boolean,
): object => ({
  mapping,
  kind,
  side,
  key,
  partner,
  number,
  fields: fields.map((field) => ({ name: field.name, column: field.column, ...shownField(field, showValues) })),
})

const asIs: Write = (text) => text.replaceAll(/\s+/g, ' ')

/** `customer-account → Sales: 312 coupled accounts would change, 4 be created, 0 deleted`. */
function countsText(counts: EffectCounts, { entityOf }: ToldEffect, write: Write): string {
  const { mapping, side } = counts
  const changed = `${thousands(counts.update)} coupled ${write(entityOf(mapping, side))} would change, ${thousands(counts.create)} be created, ${thousands(counts.delete)} deleted`
  const also = [
    counts.couple > 0 ? `${count(counts.couple, 'pair')} would be coupled` : '',
    counts.uncouple > 0 ? `${count(counts.uncouple, 'pair')} taken apart` : '',
    counts.claim > 0 ? `${count(counts.claim, 'record')} marked as this company’s` : '',
  ].filter((part) => part !== '')
  return [`${write(mapping)} → ${sideName[side]}: ${changed}`, ...also].join(', ')
}

function examplesOf({ mapping, side }: EffectCounts, effect: ToldEffect, write: Write): readonly string[] {
  const own = effect.caused.filter((operation) => operation.mapping === mapping && operation.side === side)
  const kinds = [...new Set(own.map(({ kind }) => kind))]
  return kinds
    .filter((kind) => kind !== 'couple')
    .flatMap((kind) => {
      const same = own.filter((operation) => operation.kind === kind)
      const shown = same.slice(0, shownExamples).map((operation) => exampleText(operation, effect, write))
      const rest = same.length - shown.length
      return rest > 0 ? [...shown, `… and ${thousands(rest)} more to ${kind}`] : shown
    })
}

function exampleText(operation: Operation, effect: ToldEffect, write: Write): string {
  const { kind, number, key, partner, fields } = operation
  const shown = fields.slice(0, shownFields).map((field) => fieldText(field, kind === 'create', effect, write))
  const more = fields.length > shownFields ? [`${thousands(fields.length - shownFields)} more`] : []
  const told = [...shown, ...more].join(', ')
  return `${kind} ${write(number ?? key ?? partner ?? '(new)')}${told === '' ? '' : `: ${told}`}`
}

function fieldText(field: PlannedField, isNew: boolean, { showValues }: ToldEffect, write: Write): string {
  const { before, after } = shownField(field, showValues)
  const value = (text: string | null): string => (text === null ? '(blank)' : text === mask ? mask : write(text))
  return isNew ? `${write(field.column)} ${value(after)}` : `${write(field.column)} ${value(before)} → ${value(after)}`
}

function remarks(effect: ToldEffect, write: Write): readonly string[] {
  const { caused, dropped, holds, released, excesses, refused, inexact } = effect
  const nothing = caused.length + dropped.length + holds.length + released === 0
  return [
    ...(nothing ? ['No record would change.'] : []),
    ...holdsLines(effect, write),
    ...(released > 0 ? [`${count(released, 'record')} would wait no longer`] : []),
    ...(dropped.length > 0
      ? [`${count(dropped.length, 'operation')} that a run would do before the change would not be done after it`]
      : []),
    ...excesses.map(
      (excess) => `Over the safety limits: ${excessText(excess)}. To go on: ${write(`--accept ${excess.accept}`)}`,
    ),
    ...refused.map(
      ({ mapping, message, remedy }) =>
        `${write(mapping)} could not be compared: ${write([message, remedy].filter((part) => part !== '').join(' → '))}`,
    ),
    ...inexact.map(
      ({ mapping, fields }) =>
        `${write(mapping)}: ${fields.map(write).join(', ')} looks into values or writes one anew, where pseudonyms stand: how many records change may not be exact`,
    ),
  ]
}

function holdsLines({ holds }: ToldEffect, write: Write): readonly string[] {
  const groups = new Map<string, number>()
  for (const { mapping, kind } of holds) {
    const key = `${mapping}\n${reasonOf(kind).title}`
    groups.set(key, (groups.get(key) ?? 0) + 1)
  }
  return [...groups].map(([key, number]) => {
    const [mapping = '', reason = ''] = key.split('\n')
    return `${write(mapping)}: ${count(number, 'record')} more would wait: ${reason}`
  })
}
