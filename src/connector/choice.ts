/**
 * The options of a Dataverse choice column as rows { value, label, mirrored }. Options are metadata: they are written one by one,
 * to the column and its mirrors on other tables, and published together at the end. The caller has the administrator's
 * leave (`allowMetadataChanges`).
 */
import type { EntityRef } from '../config/config.ts'
import type { Description, Upsert } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import { salesAddress, urlOf } from './address.ts'
import type { Refusal, WriteOperation, WriteResult, WriteStep } from './connector.ts'
import { parsed } from './failure.ts'
import type { Reach } from './reach.ts'
import { refusalOf, serviceError } from './refusal.ts'
import { wholeList } from './whole-list.ts'

export type Choice = Extract<EntityRef, { readonly kind: 'choice' }>

/** What is known of any choice column. */
export const choiceDescription: Description = {
  key: ['value'],
  clientKeys: false,
  modified: undefined,
  tracked: false,
  preconditions: false,
  columns: { value: { type: 'integer', createOnly: true }, label: { type: 'text' }, mirrored: { type: 'boolean' } },
}

interface Label {
  readonly Label?: string
  readonly LanguageCode?: number
}
interface Option {
  readonly Value: number
  readonly Label?: { readonly UserLocalizedLabel?: Label | null; readonly LocalizedLabels?: readonly Label[] }
}
interface OptionSet {
  readonly Name?: string
  readonly Options?: readonly Option[]
}

/** One column's options as they stand. */
interface Column {
  readonly table: string
  readonly column: string
  /** Name of the option set where several columns share it. */
  readonly shared: string | undefined
  readonly labels: ReadonlyMap<string, string>
  /** Language in which labels are written. */
  readonly language: number
}

/** English, which every organisation has. */
const defaultLanguage = 1033

/**
 * The options as rows; `mirrored`, read where it is selected, tells whether every mirror has the option under the same
 * label. Throws ConnectorError 'gone' when a column is no choice.
 */
export async function readChoice(
  reach: Reach,
  entity: Choice,
  select: readonly string[] = [],
): Promise<readonly Upsert[]> {
  const names = select.includes('mirrored') ? entity.mirror : []
  const [column, ...mirrors] = await Promise.all([
    load(reach, entity.entity, entity.column),
    ...names.map((name) => load(reach, ...split(name))),
  ])
  return [...column.labels].map(([value, label]) => ({
    kind: 'upsert',
    id: value,
    etag: undefined,
    modified: undefined,
    row: { value: Number(value), label, mirrored: mirrors.every(({ labels }) => labels.get(value) === label) },
  }))
}

async function load(reach: Reach, set: string, column: string): Promise<Column> {
  const table = await reach.table(set)
  const path = `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${column}')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata`
  const options = {
    $select: 'LogicalName',
    $expand: 'OptionSet($select=Name,Options),GlobalOptionSet($select=Name,Options)',
  }
  const what = `the choice ${table}.${column}`
  const body = (await reach.metadata(path, options, what)) as {
    readonly OptionSet?: OptionSet | null
    readonly GlobalOptionSet?: OptionSet | null
  }
  const chosen = body.GlobalOptionSet ?? body.OptionSet
  const listed = chosen?.Options && (wholeList('sales', chosen, { name: 'Options', what }) as readonly Option[])
  if (listed === undefined)
    throw new ConnectorError('sales', 'broken', {
      message: `Sales shows no options of ${table}.${column}`,
      remedy: 'Check in the mapping that the column is a choice.',
    })
  return {
    table,
    column,
    shared: body.GlobalOptionSet?.Name,
    labels: new Map(listed.map((option) => [String(option.Value), textIn(labelOf(option))])),
    language:
      listed.map((option) => labelOf(option).LanguageCode).find((code) => code !== undefined) ?? defaultLanguage,
  }
}

const labelOf = (option: Option): Label => option.Label?.UserLocalizedLabel ?? option.Label?.LocalizedLabels?.[0] ?? {}

const textIn = ({ Label: text }: Label): string => (typeof text === 'string' ? text : '')

/** Writes options one after the other, then publishes the tables concerned. */
export async function writeChoices(
  reach: Reach,
  operations: readonly WriteOperation[],
): Promise<readonly WriteResult[]> {
  const columns = new Map<string, Promise<Column>>()
  const columnsOf = (entity: Choice): Promise<readonly Column[]> => {
    const names = [`${entity.entity}.${entity.column}`, ...entity.mirror]
    return Promise.all(names.map((name) => remembered(columns, name, () => load(reach, ...split(name)))))
  }
  const touched = new Set<string>()
  const results: WriteResult[] = []
  for (const operation of operations) {
    results.push(await writeOption(reach, operation.steps, { columnsOf, touched }))
  }
  const failed = touched.size === 0 ? undefined : await call(reach, 'PublishXml', { ParameterXml: publishing(touched) })
  // An option that was not published is not offered yet: the next run finds it there and publishes it with its label.
  return failed === undefined
    ? results
    : results.map((result) => (result.kind === 'done' ? settled(failed, { stepsDone: 1, id: result.id }) : result))
}

interface Writing {
  readonly columnsOf: (entity: Choice) => Promise<readonly Column[]>
  /** Tables to publish. */
  readonly touched: Set<string>
}

async function writeOption(
  reach: Reach,
  steps: readonly WriteStep[],
  { columnsOf, touched }: Writing,
): Promise<WriteResult> {
  const option = optionIn(steps)
  if ('remedy' in option) return { kind: 'rejected', refusal: option, stepsDone: 0, id: steps[0]?.key }
  const columns = await columnsOf(option.entity)
  const present = columns[0]?.labels.get(option.key)
  if (option.isNew && present !== undefined) return { kind: 'exists', id: option.key }
  if (!option.isNew && present === undefined) return { kind: 'missing' }
  const label = option.label ?? present ?? ''
  // The column itself comes last: while it lacks the option, a broken-off write is taken up again, mirrors included.
  for (const column of columns.toReversed()) {
    const failed = await put(reach, column, { key: option.key, label })
    if (failed !== undefined) return settled(failed, { stepsDone: 0, id: option.key })
    touched.add(column.table)
  }
  return {
    kind: 'done',
    id: option.key,
    etag: undefined,
    row: { value: Number(option.key), label, mirrored: true },
  }
}

/** An option that is added, renamed or mirrored; where nothing is said of the label it keeps the one it has. */
interface Written {
  readonly entity: Choice
  readonly isNew: boolean
  readonly key: string
  readonly label: string | undefined
}

/** The option that a single step is about, or why there is none. */
function optionIn(steps: readonly WriteStep[]): Written | Refusal {
  const [step] = steps
  if (step === undefined || steps.length > 1 || step.kind === 'delete' || !step.key) return onlyAdded
  if (step.entity.kind !== 'choice') return onlyAdded
  const isNew = step.kind === 'create'
  const { label = isNew ? null : undefined } = step.values
  if (label === undefined) return { entity: step.entity, isNew, key: step.key, label }
  if (typeof label !== 'string' || label.trim() === '') return withoutLabel
  return { entity: step.entity, isNew, key: step.key, label }
}

/** An option that was added and not published is not listed; adding it again is refused so. */
const alreadyThere = '0x80048403'

/** Adds the option to the column, or renames it there. */
async function put(
  reach: Reach,
  column: Column,
  { key, label }: { readonly key: string; readonly label: string },
): Promise<Failed | undefined> {
  const where =
    column.shared === undefined
      ? { EntityLogicalName: column.table, AttributeLogicalName: column.column }
      : { OptionSetName: column.shared }
  const Label = { LocalizedLabels: [{ Label: label, LanguageCode: column.language }] }
  const option = { ...where, Value: Number(key), Label }
  if (column.labels.get(key) === label) return undefined
  const rename = (): Promise<Failed | undefined> => call(reach, 'UpdateOptionValue', { ...option, MergeLabels: true })
  if (column.labels.has(key)) return rename()
  const failed = await call(reach, 'InsertOptionValue', option)
  return failed?.kind === 'refused' && failed.refusal.code === alreadyThere ? rename() : failed
}

type Failed =
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'later'; readonly refusal: Refusal }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

function settled(failed: Failed, { stepsDone, id }: { readonly stepsDone: number; readonly id: string }): WriteResult {
  return failed.kind === 'refused' ? { kind: 'rejected', refusal: failed.refusal, stepsDone, id } : failed
}

/** Calls an action; undefined = done. */
async function call(
  reach: Reach,
  action: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Failed | undefined> {
  const reply = await reach.service.ask({
    method: 'POST',
    url: urlOf(salesAddress(reach.connection, action)),
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    purpose: 'write',
  })
  if (reply.kind === 'unknown') return reply
  if (reply.kind === 'later')
    return { kind: 'later', refusal: refusalOf('sales', serviceError(reply.status ?? 503, '')) }
  const { status, text } = reply.answer
  if (status < 300) return undefined
  if (status >= 500) return { kind: 'unknown', reason: `${action} ended with status ${status}` }
  return { kind: 'refused', refusal: refusalOf('sales', serviceError(status, parsed(text))) }
}

const onlyAdded: Refusal = {
  code: 'OptionsAreKept',
  message: 'options of a choice are added and renamed, not removed',
  remedy: 'Remove the option by hand in the table’s column settings when no record uses it any more.',
}

/** The service's own page says that a label is required; an option without one could not be told from the others. */
const withoutLabel: Refusal = {
  code: 'OptionWithoutLabel',
  message: 'an option of a choice needs a label, and the record gives it none',
  remedy: 'Fill the field that the label comes from, or leave the record out by the filter of the mapping.',
}

const publishing = (tables: ReadonlySet<string>): string =>
  `<importexportxml><entities>${[...tables].map((table) => `<entity>${table}</entity>`).join('')}</entities></importexportxml>`

/** `salesorders.paymenttermscode` → set and column. */
function split(name: string): readonly [set: string, column: string] {
  const at = name.indexOf('.')
  return [name.slice(0, at), name.slice(at + 1)]
}

function remembered<T>(held: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const found = held.get(name) ?? make()
  held.set(name, found)
  return found
}
