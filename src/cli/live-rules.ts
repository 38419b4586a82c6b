/** Rules about a mapping and what the services say of its entities: pure. */
import type { Config, Field, Mapping, Side, ValueType } from '../config/config.ts'
import { otherSide, sides, travelsTo } from '../config/config.ts'
import type { CompiledField, CompiledMapping } from '../core/mapping.ts'
import { sideName } from '../report/words.ts'
import { didYouMean } from './did-you-mean.ts'
import { isDescription } from './describe-mapping.ts'
import type { Described } from './describe-mapping.ts'

/** Something that does not fit a service. */
export interface LiveFinding {
  /** Where in the mapping's file. */
  readonly path: readonly string[]
  readonly message: string
  readonly severity?: 'warning'
}

/** Entities that are missing, and columns they lack. */
export function entityFindings(described: Described): readonly LiveFinding[] {
  const { side, page, entity, optional, wanted, answer } = described
  const path = page === undefined ? [side, 'entity'] : page === 'lines' ? ['lines', side] : [side, 'with', page]
  if (!isDescription(answer)) {
    const finding = { path, message: `${answer.message} ${answer.remedy}`.trim() }
    return [optional ? { ...finding, severity: 'warning' as const } : finding]
  }
  if (entity.kind === 'choice') return []
  const names = Object.keys(answer.columns)
  return wanted
    .filter((column) => answer.columns[column] === undefined && !answer.key.includes(column))
    .map((column) => ({
      path: page === undefined ? [side] : path,
      message: `${entity.entity} of ${sideName[side]} has no column "${column}"${didYouMean(column, names)}`,
    }))
}

/** Field rows whose target cannot be written, whose types do not fit, or whose lookup points elsewhere. */
export function fieldFindings(config: Config, compiled: CompiledMapping): readonly LiveFinding[] {
  const { mapping, fields } = compiled
  const byName = new Map(config.mappings.map((each) => [each.name, each]))
  return [
    ...fields.flatMap((field) => [
      ...sides.flatMap((side) => (isActed(mapping, field, side) ? [] : writeFindings(field, side))),
      ...typeFindings(field),
      ...numberFindings(field, compiled),
      ...lookupFindings(field.field, field, byName),
    ]),
    ...lengthFindings(mapping, fields),
    ...sides.flatMap((side) => templateFindings(compiled, side)),
    ...lineFindings(config, compiled),
  ]
}

/** The lines of a document keep the rules of any row, at their own place in the file. */
function lineFindings(config: Config, { lines }: CompiledMapping): readonly LiveFinding[] {
  const found = lines === undefined ? [] : fieldFindings(config, lines.compiled)
  return found.map((finding) => ({ ...finding, path: ['lines', ...finding.path] }))
}

/** A column that an action writes need not be writable. */
const isActed = (mapping: Mapping, { place }: CompiledField, side: Side): boolean =>
  mapping[side].actions[place[side]?.column ?? ''] !== undefined

const at = ({ field }: CompiledField, ...rest: readonly string[]): readonly string[] => ['fields', field.name, ...rest]

function writeFindings(field: CompiledField, side: Side): readonly LiveFinding[] {
  const column = field.place[side]
  const writes = field.speaks[otherSide(side)] && travelsTo(field.field.direction, side)
  if (column?.info === undefined || !writes) return []
  const { info } = column
  if (info.readOnly === true)
    return [
      {
        path: at(field, side),
        message: `${sideName[side]} does not let ${column.column} be written; make the row one-way`,
      },
    ]
  if (info.createOnly === true && field.field.on === 'always')
    return [
      {
        path: at(field, side),
        message: `${column.column} can only be written when the record is created: add on: create`,
      },
    ]
  return []
}

/** A number that does not fit into its column, or that could be given twice (P1). */
function numberFindings(field: CompiledField, { sides: ready, mapping }: CompiledMapping): readonly LiveFinding[] {
  const { number } = field
  const to = sides.find((side) => travelsTo(field.field.direction, side))
  if (number === undefined || to === undefined) return []
  const length = number.prefix.length + number.width + number.suffix.length
  const most = field.place[to]?.info?.maxLength ?? length
  const tooLong = `${field.place[to]?.column} takes ${most} characters; this pattern makes ${length}`
  const noKey = `${sideName[to]} keeps no key of ours for these records, so that a lost answer could make one twice: leave the number to it, or name a \`reference\``
  const keeps = ready[to].description.clientKeys || mapping[to].reference !== undefined
  return [...(length > most ? [tooLong] : []), ...(keeps ? [] : [noKey])].map((message) => ({
    path: at(field, 'number'),
    message,
  }))
}

/** Columns of templates that cannot be written. */
function templateFindings({ defaults }: CompiledMapping, side: Side): readonly LiveFinding[] {
  const way = side === 'sales' ? 'toSales' : 'toBusinessCentral'
  return defaults[side].flatMap(({ name, fields }) =>
    fields.flatMap(({ place }) =>
      place[side]?.info?.readOnly === true
        ? [
            {
              path: ['defaults', way, name, 'values', place[side].column],
              message: `${sideName[side]} does not let ${place[side].column} be written`,
            },
          ]
        : [],
    ),
  )
}

const families: Readonly<Record<ValueType, 'text' | 'number' | 'time' | 'boolean' | 'reference'>> = {
  text: 'text',
  code: 'text',
  choice: 'text',
  integer: 'number',
  decimal: 'number',
  money: 'number',
  date: 'time',
  dateTime: 'time',
  boolean: 'boolean',
  guid: 'reference',
  lookup: 'reference',
}

function typeFindings(field: CompiledField): readonly LiveFinding[] {
  const [ours, theirs] = [field.place.businessCentral?.info, field.place.sales?.info]
  if (ours === undefined || theirs === undefined || !isPlainCopy(field.field)) return []
  const [from, to] = [families[ours.type], families[theirs.type]]
  // A text takes anything; it is the way back that may not fit.
  const takes = (side: Side, family: string): boolean => family === 'text' || !travelsTo(field.field.direction, side)
  if (from === to || (takes('sales', to) && takes('businessCentral', from))) return []
  const message = `${ours.type} in Business Central and ${theirs.type} in Sales do not fit: use lookup, compute or type`
  return [{ path: at(field), message }]
}

const isPlainCopy = ({ lookup, compute, type, value }: Field): boolean =>
  [lookup, compute.toSales, compute.toBusinessCentral, type, value].every((part) => part === undefined)

function lookupFindings(
  { lookup }: Field,
  field: CompiledField,
  byName: ReadonlyMap<string, Mapping>,
): readonly LiveFinding[] {
  const info = field.place.sales?.info
  if (lookup?.kind !== 'coupling' || info?.targets === undefined || info.targets.length === 0) return []
  const target = byName.get(lookup.mapping)?.sales.entity
  if (target === undefined || info.targets.some(({ set }) => set === target.entity)) return []
  const sets = info.targets.map(({ set }) => set).join(', ')
  return [
    {
      path: at(field, 'lookup'),
      message: `${field.place.sales?.column} points at ${sets}, but ${lookup.mapping} couples ${target.entity}`,
    },
  ]
}

/** Texts compare after cutting to the shorter side, so this is worth knowing and never wrong. */
function lengthFindings(mapping: Mapping, fields: readonly CompiledField[]): readonly LiveFinding[] {
  const cut = fields.flatMap((field) => sides.flatMap((side) => cutOn(field, side) ?? []))
  if (cut.length === 0) return []
  return [
    { path: ['fields'], message: `longer texts of ${mapping.name} are cut: ${cut.join(', ')}`, severity: 'warning' },
  ]
}

/** `name to 50 in Sales`, where the column of that side is the shorter one and is written. */
function cutOn({ field, place }: CompiledField, side: Side): string | undefined {
  const [here, there] = [place[side]?.info?.maxLength, place[otherSide(side)]?.info?.maxLength]
  const isCut = here !== undefined && there !== undefined && here < there
  if (!isCut || field.lookup !== undefined || !travelsTo(field.direction, side)) return undefined
  return `${field.name} to ${here} in ${sideName[side]}`
}
