/**
 * A plan as text. A small plan is told operation by operation; a large one (a first run) in groups, so that it fits one
 * screen. Values are masked unless a person asked to see them (P8).
 */
import type { Excess } from '../core/guard.ts'
import type { MappingCounts, Operation, OperationKind, Plan, PlannedField, PlannedLine } from '../core/plan.ts'
import { shownField, shownValue } from './masks.ts'
import type { Paint } from './paint.ts'
import { countsTold } from './plan-counts.ts'
import { overwrittenText } from './plan-overwrites.ts'
import { holdsText } from './plan-holds.ts'
import { limitsText } from './plan-limits.ts'
import { waitingText } from './plan-waiting.ts'
import type { Waiting } from './plan-waiting.ts'
import { shorten, table } from './table.ts'
import type { Cell } from './table.ts'
import { count, firstOf, sideName, thousands } from './words.ts'

export interface PlanTextOptions {
  readonly paint: Paint
  /** Show business values; codes marked `reveal` always show. */
  readonly showValues: boolean
  /** Tell operation by operation however large the plan is. @default false */
  readonly details?: boolean
  /** Some mappings could not be planned, because a service refused. @default false */
  readonly incomplete?: boolean
  /** Limits that a run would stop at. */
  readonly excesses: readonly Excess[]
  /** What waits since earlier runs and was not looked at again. @default none */
  readonly waiting?: readonly Waiting[]
}

/** Operations told one by one for each mapping. */
const shownOperations = 20
/** Lines of operations that still fit a screen; a larger plan is told in groups. */
const screen = 40

/** The whole plan: counts, operations, what would be overwritten, what would be held or waits already, limits. */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const { paint } = options
  const parts = [
    summary(plan, options),
    countsTable(plan.counts, paint),
    operationsText(plan, options),
    overwrittenText(plan, paint),
    holdsText(plan.holds, options),
    waitingText(options.waiting ?? []),
    limitsText(options.excesses, paint),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function summary({ operations, holds }: Plan, { paint, incomplete }: PlanTextOptions): string {
  const held =
    holds.length === 0 ? '' : ` ${count(holds.length, 'record')} would wait for a person or for another record.`
  if (operations.length === 0 && incomplete === true) return `Nothing is planned.${held}`
  if (operations.length === 0) return `${paint.green('Nothing to do.')}${held}`
  return `${paint.bold(count(operations.length, 'operation'))} planned; nothing was written.${held}`
}

/** `customer-account → Sales   3 create   12 update   0 delete   of 120 coupled`, for what is touched. */
function countsTable(counts: readonly MappingCounts[], paint: Paint): string {
  const rows = countsTold(counts)
  if (rows.length === 0) return ''
  const number = (value: number): Cell => (value === 0 ? { text: '·', paint: paint.dim } : thousands(value))
  const uncouples = rows.some((row) => row.uncouples > 0)
  const titles = ['create', 'update', 'delete', 'couple', ...(uncouples ? ['uncouple'] : []), 'coupled now']
  const columns = [{ title: 'mapping' }, ...titles.map((title) => ({ title, align: 'right' as const }))]
  const cells = rows.map((row) => [
    `${row.mapping} → ${sideName[row.side]}`,
    ...[row.creates, row.updates, row.deletes, row.couples].map(number),
    ...(uncouples ? [number(row.uncouples)] : []),
    number(row.coupled),
  ])
  return table(columns, cells, paint.bold)
}

function operationsText(plan: Plan, options: PlanTextOptions): string {
  const byMapping = new Map<string, Operation[]>()
  for (const operation of plan.operations) {
    const list = byMapping.get(operation.mapping)
    if (list === undefined) byMapping.set(operation.mapping, [operation])
    else list.push(operation)
  }
  const lines = plan.operations.reduce((sum, operation) => sum + heightOf(operation), 0)
  const oneByOne = options.details === true || lines <= screen
  const groups = [...byMapping].map(([mapping, operations]) =>
    oneByOne ? detailed(mapping, operations, options) : grouped(mapping, operations, options.paint),
  )
  const hint = oneByOne || groups.length === 0 ? [] : [options.paint.dim('One by one: --details; everything: --json')]
  return [...groups.filter((text) => text !== ''), ...hint].join(oneByOne ? '\n\n' : '\n')
}

const signs: Readonly<Record<OperationKind, string>> = {
  create: '+',
  update: '~',
  delete: '-',
  couple: '=',
  uncouple: '≠',
  claim: '!',
}

const verbs: Readonly<Record<OperationKind, (side: string) => string>> = {
  create: (side) => `create in ${side}`,
  update: (side) => `update in ${side}`,
  delete: (side) => `delete in ${side}`,
  couple: () => 'couple with its partner',
  uncouple: () => 'uncouple from its partner',
  claim: (side) => `mark as this company's in ${side}`,
}

const nameOf = ({ number, key, partner }: Operation): string => number ?? key ?? partner ?? '(new)'

function painted(kind: OperationKind, paint: Paint): (text: string) => string {
  if (kind === 'delete') return paint.red
  return kind === 'create' ? paint.green : kind === 'update' ? paint.yellow : paint.cyan
}

function detailed(mapping: string, operations: readonly Operation[], options: PlanTextOptions): string {
  const { paint } = options
  const shown = operations.slice(0, shownOperations).flatMap((operation) => {
    const verb = operation.restores === true ? 'create again in' : undefined
    const what =
      verb === undefined ? verbs[operation.kind](sideName[operation.side]) : `${verb} ${sideName[operation.side]}`
    const head = `  ${painted(operation.kind, paint)(signs[operation.kind])} ${paint.bold(nameOf(operation))}  ${what}`
    const fields = operation.fields.map((field) => `      ${fieldText(field, options)}`)
    return [head, ...fields, ...(operation.lines ?? []).flatMap((line) => lineText(line, options))]
  })
  const rest = operations.length - shownOperations
  const more = rest > 0 ? [`  … and ${thousands(rest)} more; --json lists all`] : []
  return [paint.bold(mapping), ...shown, ...more].join('\n')
}

/** How many lines an operation takes on the screen. */
const heightOf = ({ fields, lines = [] }: Operation): number =>
  1 + fields.length + lines.reduce((sum, line) => sum + 1 + line.fields.length, 0)

const lineVerbs: Readonly<Record<PlannedLine['kind'], string>> = {
  create: 'new line',
  update: 'line changed',
  delete: 'line deleted',
}

/** A line of a document, below the document's own columns. */
function lineText(line: PlannedLine, options: PlanTextOptions): readonly string[] {
  const { paint } = options
  return [
    `      ${painted(line.kind, paint)(signs[line.kind])} ${lineVerbs[line.kind]}`,
    ...line.fields.map((field) => `          ${fieldText(field, options)}`),
  ]
}

function fieldText(field: PlannedField, { showValues, paint }: PlanTextOptions): string {
  const { before, after } = shownField(field, showValues)
  const from =
    field.why === 'create' || field.why === 'default' || before === null ? '' : `${paint.dim(valueText(before))} → `
  const by = field.why === 'default' ? ` ${paint.dim('(default)')}` : ''
  return `${field.column}: ${from}${valueText(after)}${by}`
}

const valueText = (value: string | null): string => (value === null ? '(blank)' : shorten(value, 60))

/** What the table of counts does not say: columns that updates write, and names of what is deleted or taken apart. */
function grouped(mapping: string, operations: readonly Operation[], paint: Paint): string {
  const groups = new Map<string, Operation[]>()
  for (const operation of operations) {
    if (operation.kind === 'create' || operation.kind === 'couple') continue
    const key = `${operation.kind}\n${operation.side}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [operation])
    else group.push(operation)
  }
  return [...groups.values()].map((group) => groupLine(mapping, group, paint)).join('\n')
}

function groupLine(mapping: string, group: readonly Operation[], paint: Paint): string {
  const [first] = group
  if (first === undefined) return ''
  const { kind, side } = first
  const told = `${mapping}: ${thousands(group.length)} × ${verbs[kind](sideName[side])}`
  const names = kind === 'update' ? columnsOf(group) : firstOf(group.map(nameOf), 6)
  return `${painted(kind, paint)(signs[kind])} ${shorten(`${told}: ${names}`, 112)}`
}

/** `name 12, telephone1 8`: the columns that updates write, the most frequent first. */
function columnsOf(group: readonly Operation[]): string {
  const counts = new Map<string, number>()
  for (const { column } of group.flatMap(({ fields }) => fields)) counts.set(column, (counts.get(column) ?? 0) + 1)
  const ordered = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return firstOf(
    ordered.map(([column, number]) => `${column} ${number}`),
    5,
  )
}

const jsonField = (field: PlannedField, showValues: boolean): object => ({
  name: field.name,
  column: field.column,
  why: field.why,
  ...shownField(field, showValues),
})

const jsonLine = (line: PlannedLine, showValues: boolean): object => ({
  ...line,
  fields: line.fields.map((field) => jsonField(field, showValues)),
})

/** The plan as a JSON document; values masked as in the text. */
export function planJson(plan: Plan, options: Pick<PlanTextOptions, 'showValues' | 'excesses' | 'waiting'>): object {
  const { showValues, excesses, waiting = [] } = options
  return {
    counts: plan.counts,
    operations: plan.operations.map((operation) => ({
      ...operation,
      fields: operation.fields.map((field) => jsonField(field, showValues)),
      ...(operation.lines === undefined ? {} : { lines: operation.lines.map((line) => jsonLine(line, showValues)) }),
    })),
    holds: plan.holds.map((hold) => ({
      ...hold,
      fields: hold.fields.map(({ name, column, values }) => ({
        name,
        column,
        values: {
          businessCentral: shownValue(values.businessCentral, showValues),
          sales: shownValue(values.sales, showValues),
        },
      })),
    })),
    waiting,
    limits: excesses,
  }
}
