/** What a change of the configuration means, for a terminal, as JSON, and as a comment of a pull request. */
import type { Mapping } from '../config/config.ts'
import type { Change } from '../core/change.ts'
import type { Position } from '../errors.ts'
import { toldChanges, toldLine } from './change-text.ts'
import { effectJson, effectSections, effectText } from './effect-report.ts'
import type { ToldEffect } from './effect-report.ts'
import { code, fitted } from './markdown.ts'
import type { Section } from './markdown.ts'
import { mappingGraph } from './mapping-graph.ts'
import type { Mark } from './mapping-graph.ts'
import type { Paint } from './paint.ts'
import { count } from './words.ts'

/** A change and where it stands in the new files; undefined for what is gone from them. */
export interface PlacedChange {
  readonly change: Change
  readonly at: Position | undefined
}

export interface DiffReport {
  /** What was compared, as it was named. */
  readonly base: string
  readonly head: string
  readonly changes: readonly PlacedChange[]
  /** Mappings of the new version in the order of a run, those that are gone after them. */
  readonly mappings: readonly Mapping[]
  /** What it does to the data, where that was asked for. */
  readonly effect?: ToldEffect
}

const nothing = 'No change in meaning.'

/** Changes a line each, with their places. */
export function diffText({ changes, effect }: DiffReport, paint: Paint): string {
  return [changesText(changes, paint), effect === undefined ? '' : effectText(effect, paint)]
    .filter((part) => part !== '')
    .join('\n\n')
}

function changesText(changes: DiffReport['changes'], paint: Paint): string {
  if (changes.length === 0) return paint.green(nothing)
  const places = new Map(changes.map(({ change, at }) => [change, at]))
  const lines = toldChanges(changes.map(({ change }) => change)).map((told) => {
    const at = told.changes.map((change) => places.get(change)).find((place) => place !== undefined)
    const where = at === undefined ? '' : `  ${paint.dim(`${at.file}:${at.line}`)}`
    return `${signOf(told.changes[0], paint)} ${toldLine(told)}${where}`
  })
  return [...lines, paint.bold(count(changes.length, 'change'))].join('\n')
}

function signOf(change: Change | undefined, paint: Paint): string {
  if (change?.change === 'added' || change?.change === 'on') return paint.green('+')
  return change?.change === 'removed' || change?.change === 'off' ? paint.red('-') : paint.yellow('~')
}

/** The same as data. */
export const diffJson = ({ base, head, changes, effect }: DiffReport): object => ({
  base,
  head,
  changes: changes.map(({ change, at }) => ({ ...change, text: toldLine(toldChanges([change])[0] ?? noTold), at })),
  ...(effect !== undefined && { effect: effectJson(effect) }),
})

const noTold = { mappings: [], text: '', changes: [] }

/** Versions as Git names them stand as code; a description stands as it is. */
const named = (label: string): string => (label.includes(' ') ? label : code(label))

const rest = 'All of it: couplet diff --json'

/** Mappings of which this many changes are told openly; more are folded. */
const openChanges = 12

/** A comment of a pull request: what changed in words, the graph folded, at most `most` characters. */
export function diffMarkdown(report: DiffReport, most: number): string {
  const { changes, mappings, base, head } = report
  const title = `### Couplet: ${changes.length === 0 ? 'no change in meaning' : count(changes.length, 'change')}`
  const compared = `${named(head)} compared with ${named(base)}`
  const effect = report.effect === undefined ? [] : effectSections(report.effect)
  if (changes.length === 0) return fitted(`${title}\n\n${compared}`, effect, most, rest)
  const told = toldChanges(changes.map(({ change }) => change))
  const lines = told.map((each) => `- ${toldLine(each)}`)
  const all: Section = { title: `All ${count(lines.length, 'change')}`, lines: lines.slice(openChanges) }
  const sections: readonly Section[] = [
    { title: '#### What changes', open: true, lines: lines.slice(0, openChanges) },
    ...effect,
    ...(all.lines.length === 0 ? [] : [{ ...all, title: count(all.lines.length, 'more change') }]),
    { title: 'Mappings in the order of a run', lines: mappingGraph(mappings, marksOf(changes)) },
  ]
  return fitted(`${title}\n\n${compared}`, sections, most, rest)
}

function marksOf(changes: readonly PlacedChange[]): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>()
  for (const { change } of changes) {
    if (change.mapping === undefined) continue
    const whole = change.part === 'mapping' ? change.change : undefined
    const mark =
      whole === 'added' || whole === 'on' ? 'added' : whole === 'removed' || whole === 'off' ? 'removed' : undefined
    if (mark !== undefined || !marks.has(change.mapping)) marks.set(change.mapping, mark ?? 'changed')
  }
  return marks
}
