/** A field row as it was written becomes a Field: defaults filled in, references spelt out. */
import { expressionMeaning } from '../core/expression-meaning.ts'
import type { CouplingLookup, Field, FirstMatch, Lookup, QueryValue, Settings, WhenUncoupled } from './config.ts'
import { hashOf } from './hash.ts'
import { isCase, isQuery } from './rules-references.ts'
import { directionOf } from './rules-rows.ts'
import type {
  FieldRow,
  FirstMatch as FirstMatchText,
  Lookup as LookupText,
  LookupByCoupling,
  MappingFile,
} from './schema-types.ts'

/** A row of a checked mapping. Spelt out: a project has hundreds, and spreading takes most of the time that one takes. */
export function resolveRow(name: string, row: FieldRow, context: { mapping: MappingFile; settings: Settings }): Field {
  const { mapping, settings } = context
  const { businessCentral, sales, value, number, type } = row
  const direction = directionOf(row, mapping.direction ?? 'both') as Field['direction']
  const lookup = row.lookup === undefined ? undefined : resolveLookup(row.lookup, settings)
  const { blank, blankDefault } = blankOf(row.blank)
  const on = row.on ?? (number === undefined ? 'always' : 'create')
  const step = row.step ?? 'main'
  const { optional, outside, reveal, refill, claim, cascade } = marksOf(row)
  const compute = meaningOf(row.compute)
  const constant = Object.hasOwn(row, 'value')
  const told = { name, direction, businessCentral, sales, compute, value, lookup, blank, blankDefault, on, step, type }
  const field: Field = {
    name,
    direction,
    businessCentral,
    sales,
    compute: { ...row.compute },
    value,
    lookup,
    blank,
    blankDefault,
    on,
    step,
    type,
    whenUncoupled: whenUncoupled(row.whenUncoupled),
    optional,
    outside,
    reveal,
    refill,
    claim,
    cascade,
    conflicts: row.conflicts,
    firstMatch: row.firstMatch && resolveFirstMatch(row.firstMatch),
    hash: hashOf({ ...told, number, constant }, 8),
  }
  const { description } = row
  return { ...field, ...(number !== undefined && { number }), ...(description !== undefined && { description }) }
}

/** Spelt anew, an expression is the same row: nothing meets for the first time. */
const meaningOf = (compute: FieldRow['compute'] = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(compute).map(([to, text]) => [to, expressionMeaning(text)]))

const marksOf = ({
  optional = false,
  outside = false,
  reveal = false,
  refill = false,
  claim = false,
  cascade = false,
}: FieldRow): Pick<Field, 'optional' | 'outside' | 'reveal' | 'refill' | 'claim' | 'cascade'> => ({
  optional,
  outside,
  reveal,
  refill,
  claim,
  cascade,
})

function blankOf(written: FieldRow['blank'] = 'clear'): Pick<Field, 'blank' | 'blankDefault'> {
  if (typeof written === 'string') return { blank: written, blankDefault: undefined }
  return { blank: 'default', blankDefault: written.default }
}

function whenUncoupled(written: FieldRow['whenUncoupled'] = 'hold'): WhenUncoupled {
  if (typeof written === 'object') return { kind: 'sync', mapping: written.sync }
  return written === 'sync' ? { kind: 'sync', mapping: undefined } : { kind: written }
}

/** { blank: fill, different: hold } where nothing else is said. */
export const resolveFirstMatch = (written: FirstMatchText = {}): FirstMatch => ({
  blank: written.blank ?? 'fill',
  different: written.different ?? 'hold',
})

/** A lookup in its full form. */
export function resolveLookup(written: LookupText, settings: Settings): Lookup {
  if (typeof written === 'string') return resolveCoupling(written, settings)
  if (isQuery(written)) {
    const where = Object.entries(written.where).map(([column, value]) => [column, queryValue(value, settings)] as const)
    const { find, take } = written
    return { kind: 'query', find, where: Object.fromEntries(where), ...(take !== undefined && { take }) }
  }
  if (!isCase(written)) return resolveCoupling(written, settings)
  const { case: column, ...cases } = written
  const resolved = Object.entries(cases).map(
    ([key, each]) => [key, each === null ? null : resolveLookup(each as LookupText, settings)] as const,
  )
  return { kind: 'case', column, cases: Object.fromEntries(resolved) }
}

/** A lookup through the couplings of a mapping; a bare name means: by id. */
export function resolveCoupling(written: string | LookupByCoupling, settings: Settings): CouplingLookup {
  const { mapping, by = 'id', blankIs }: LookupByCoupling = typeof written === 'string' ? { mapping: written } : written
  const key = typeof blankIs === 'object' ? settings[blankIs.setting] : blankIs
  return { kind: 'coupling', mapping, by, ...(typeof key === 'string' && { blankIs: key }) }
}

/** `$row` is that row's value; `$$` begins a text with one `$`; `{settings.NAME}` is a setting's value. */
function queryValue(value: string | number | boolean | null, settings: Settings): QueryValue {
  const setting = typeof value === 'string' ? /^\{settings\.([A-Za-z_]\w*)\}$/.exec(value)?.[1] : undefined
  if (setting !== undefined) {
    const set = settings[setting]
    return { constant: typeof set === 'string' || typeof set === 'number' || typeof set === 'boolean' ? set : null }
  }
  if (typeof value !== 'string' || !value.startsWith('$')) return { constant: value }
  return value.startsWith('$$') ? { constant: value.slice(1) } : { field: value.slice(1) }
}
