/**
 * A plan as a comment of a pull request: what stops a run and what is deleted stands open, everything else is folded.
 * Values are masked unless a person asked to see them (P8).
 */
import type { Excess } from '../core/guard.ts'
import type { Operation, OperationKind, Plan, PlannedField, PlannedHold, PlannedLine } from '../core/plan.ts'
import { code, fitted } from './markdown.ts'
import type { Section } from './markdown.ts'
import { mask, shownField, shownValue } from './masks.ts'
import { countsTold } from './plan-counts.ts'
import { excessText } from './plan-limits.ts'
import { waitingText } from './plan-waiting.ts'
import type { Waiting } from './plan-waiting.ts'
import { nextSteps, reasonOf } from './reasons.ts'
import { count, sideName, thousands } from './words.ts'

export interface PlanMarkdownOptions {
  /** Show business values; codes marked `reveal` always show. */
  readonly showValues: boolean
  /** Most characters of the whole. */
  readonly most: number
  /** Limits that a run would stop at. */
  readonly excesses: readonly Excess[]
  /** What waits since earlier runs and was not looked at again. */
  readonly waiting: readonly Waiting[]
  /** Mappings that could not be planned, because a service refused. */
  readonly refused: readonly { readonly mapping: string; readonly message: string; readonly remedy: string }[]
}

/** Records told one by one of each kind, mapping and side. */
const shownOperations = 25
/** Deletes told openly. */
const openDeletes = 12
/** Records named for each reason to wait. */
const shownHolds = 20

/** The whole plan, at most so many characters. */
export function planMarkdown(plan: Plan, options: PlanMarkdownOptions): string {
  const sections: readonly Section[] = [
    { title: '#### Could not be planned', open: true, lines: options.refused.map(refusedLine) },
    { title: '#### Over the safety limits: a run would stop', open: true, lines: limitLines(options.excesses) },
    { title: '#### What a run would do', open: true, lines: countLines(plan) },
    { title: '#### What would be deleted', open: true, lines: deleteLines(plan.operations) },
    ...holdSections(plan.holds, options),
    ...operationSections(plan.operations, options),
  ]
  const filled = sections.filter(({ lines }) => lines.length > 0)
  return fitted(headOf(plan, options), filled, options.most, 'All of it: couplet plan --json')
}

function headOf({ operations, holds }: Plan, { refused, waiting }: PlanMarkdownOptions): string {
  const nothing = refused.length > 0 ? 'nothing planned' : 'nothing to do'
  const title = `### Couplet plan: ${operations.length === 0 ? nothing : count(operations.length, 'operation')}`
  const held = holds.length === 0 ? '' : `${count(holds.length, 'record')} would wait.`
  const known = waiting.length === 0 ? '' : `${waitingText(waiting)}.`
  return [title, ['Nothing was written.', held, known].filter((part) => part !== '').join(' ')].join('\n\n')
}

const refusedLine = ({ mapping, message, remedy }: PlanMarkdownOptions['refused'][number]): string =>
  `- ${code(mapping)}: ${code([message, remedy].filter((part) => part !== '').join(' → '))}`

/** Each limit with the words that acknowledge it. */
const limitLines = (excesses: readonly Excess[]): readonly string[] =>
  excesses.map((excess) => `- ${excessText(excess)}. To go on with exactly this number: ${code(acceptOf(excess))}`)

const acceptOf = ({ accept }: Excess): string => `--accept ${accept}`

function countLines({ counts }: Plan): readonly string[] {
  const rows = countsTold(counts)
  if (rows.length === 0) return []
  return [
    '| mapping | to | create | update | delete | couple | uncouple | coupled now |',
    '|---|---|--:|--:|--:|--:|--:|--:|',
    ...rows.map(
      ({ mapping, side, creates, updates, deletes, couples, uncouples, coupled }) =>
        `| ${code(mapping)} | ${sideName[side]} | ${[creates, updates, deletes, couples, uncouples, coupled].map(numberText).join(' | ')} |`,
    ),
  ]
}

const numberText = (value: number): string => (value === 0 ? '·' : thousands(value))

function deleteLines(operations: readonly Operation[]): readonly string[] {
  const deletes = operations.filter(({ kind }) => kind === 'delete')
  const shown = deletes
    .slice(0, openDeletes)
    .map((each) => `- ${code(each.mapping)} ${code(nameOf(each))} in ${sideName[each.side]}`)
  return withRest(shown, deletes.length, 'delete')
}

/** A folded section for each reason: which records, with both values of the fields concerned, and the way on. */
function holdSections(holds: readonly PlannedHold[], options: PlanMarkdownOptions): readonly Section[] {
  return groupsOf(holds, ({ kind, mapping }) => `${kind}\n${mapping}`).map((group) => {
    const [first] = group
    const { kind, mapping } = first
    const shown = group.slice(0, shownHolds).map((hold) => holdLine(hold, options))
    const remedies = group.map(({ remedy }) => remedy)
    return {
      title: `${mapping}: ${count(group.length, 'record')} ${reasonOf(kind).title}`,
      lines: [
        ...withRest(shown, group.length, 'record'),
        '',
        ...nextSteps(kind, mapping, remedies).map((step) => `→ ${code(step, 400)}`),
      ],
    }
  })
}

function holdLine({ number, id, fields }: PlannedHold, { showValues }: PlanMarkdownOptions): string {
  const told = fields.map(({ column, values }) => {
    const [ours, theirs] = [values.businessCentral, values.sales].map((value) =>
      valueText(shownValue(value, showValues)),
    )
    return `${code(column)}: ${ours} in Business Central, ${theirs} in Sales`
  })
  return `- ${code(number ?? id)}${told.length === 0 ? '' : `: ${told.join('; ')}`}`
}

/** A folded section for each mapping and side, in the order of a run: what Sales gets, then what Business Central gets. */
function operationSections(operations: readonly Operation[], options: PlanMarkdownOptions): readonly Section[] {
  return groupsOf(operations, ({ mapping, side }) => `${mapping}\n${side}`).map((group) => {
    const [{ mapping, side }] = group
    const kinds = groupsOf(group, ({ kind }) => kind)
    const told = kinds.map(([first, ...more]) => count(more.length + 1, nouns[first.kind]))
    return {
      title: `${mapping} → ${sideName[side]}: ${told.join(', ')}`,
      lines: kinds.flatMap((same) => {
        const shown = same.slice(0, shownOperations).flatMap((operation) => operationLines(operation, options))
        return withRest(shown, same.length, nouns[same[0].kind], shownOperations)
      }),
    }
  })
}

const nouns: Readonly<Record<OperationKind, string>> = {
  create: 'create',
  update: 'update',
  delete: 'delete',
  couple: 'new pair',
  uncouple: 'pair taken apart',
  claim: 'mark as this company’s',
}

const verbs: Readonly<Record<OperationKind, string>> = {
  create: 'create',
  update: 'update',
  delete: 'delete',
  couple: 'couple',
  uncouple: 'uncouple',
  claim: 'mark as this company’s',
}

const nameOf = ({ number, key, partner }: Operation): string => number ?? key ?? partner ?? '(new)'

function operationLines(operation: Operation, options: PlanMarkdownOptions): readonly string[] {
  const { kind, restores, fields, lines = [] } = operation
  const verb = restores === true ? 'create again' : verbs[kind]
  return [
    `- ${verb} ${code(nameOf(operation))}`,
    ...fieldLines(kind, fields, options, '  '),
    ...lines.flatMap((line) => lineLines(line, options)),
  ]
}

function lineLines(line: PlannedLine, options: PlanMarkdownOptions): readonly string[] {
  return [`  - ${verbs[line.kind]} a line`, ...fieldLines(line.kind, line.fields, options, '    ')]
}

/** Old → new for each field of an update; a new record's values on one line. */
function fieldLines(
  kind: OperationKind,
  fields: readonly PlannedField[],
  { showValues }: PlanMarkdownOptions,
  indent: string,
): readonly string[] {
  const shown = fields.map((field) => ({ ...field, ...shownField(field, showValues) }))
  if (kind === 'create') {
    const told = shown.map(({ column, after }) => `${code(column)} ${valueText(after)}`)
    return told.length === 0 ? [] : [`${indent}- ${told.join(', ')}`]
  }
  return shown.map(
    ({ column, before, after }) => `${indent}- ${code(column)}: ${valueText(before)} → ${valueText(after)}`,
  )
}

const valueText = (value: string | null): string =>
  value === null ? '(blank)' : value === mask ? mask : code(value, 120)

function withRest(shown: readonly string[], all: number, noun: string, most = shown.length): readonly string[] {
  const rest = all - most
  return rest > 0 ? [...shown, `- … and ${count(rest, `more ${noun}`)}`] : shown
}

type Group<T> = readonly [T, ...T[]]

/** Things that have a key in common, in the order of their first. */
function groupsOf<T>(all: readonly T[], keyOf: (one: T) => string): readonly Group<T>[] {
  const groups = new Map<string, [T, ...T[]]>()
  for (const one of all) {
    const group = groups.get(keyOf(one))
    if (group === undefined) groups.set(keyOf(one), [one])
    else group.push(one)
  }
  return [...groups.values()]
}
