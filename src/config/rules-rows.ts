/** Rules about field rows. */
import { sides, travelsTo, otherSide, type Direction, type Side } from './config.ts'
import type { MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import type { FieldRow, MappingFile } from './schema-types.ts'
import { didYouMean } from './suggest.ts'

/** The direction that stands for values travelling to one side. */
export const towards = (side: Side): 'toSales' | 'toBusinessCentral' =>
  side === 'sales' ? 'toSales' : 'toBusinessCentral'

/** Whether a row says both what is read and what is written when values travel to `side`. */
function canTravel(row: FieldRow, side: Side): boolean {
  const source = row.compute?.[towards(side)] ?? row[otherSide(side)]
  return row[side] !== undefined && (source !== undefined || needsNoSource(row))
}

/** A constant, a number by a pattern, or a query that finds its record by other rows' values. */
const needsNoSource = ({ value, lookup, number }: FieldRow): boolean =>
  value !== undefined || number !== undefined || (typeof lookup === 'object' && Object.hasOwn(lookup, 'find'))

/** A row's direction: as written, else that of the mapping as far as the row can travel; undefined: nowhere. */
export function directionOf(row: FieldRow, mapping: Direction): Direction | undefined {
  if (row.claim === true) return 'toSales'
  if (row.direction === 'both' && mapping !== 'both') return mapping
  if (row.direction !== undefined) return row.direction
  const open = sides.filter((side) => travelsTo(mapping, side) && canTravel(row, side))
  if (open.length === 2) return 'both'
  return open[0] && towards(open[0])
}

type RowRule = (
  row: FieldRow,
  mapping: MappingFile,
) => readonly (Omit<Finding, 'path'> & { readonly path?: readonly string[] })[]

const readsAndWrites: RowRule = (row, { direction = 'both' }) => {
  if (directionOf(row, direction) === undefined) {
    const way = direction === 'both' ? '' : ` ${direction}`
    return [
      {
        key: true,
        message: `this row carries nothing${way}: it needs a column to write, and a column, compute or value to write there`,
      },
    ]
  }
  const { direction: own } = row
  if (own === undefined) return []
  const closed = sides.find((side) => travelsTo(own, side) && !canTravel(row, side))
  if (closed === undefined) return []
  const lacking =
    row[closed] === undefined
      ? `a column \`${closed}\``
      : `a column \`${otherSide(closed)}\`, a compute.${towards(closed)} or a value`
  return [{ path: ['direction'], message: `to travel ${own}, the row needs ${lacking}` }]
}

const keepsToTheMapping: RowRule = (row, { direction = 'both' }) => {
  if (row.claim === true) return []
  if (row.direction === undefined || direction === 'both' || row.direction === direction) return []
  return [{ path: ['direction'], message: `the mapping goes ${direction}; a row cannot go ${row.direction}` }]
}

const computesWhatTravels: RowRule = (row, { direction = 'both' }) => {
  const way = directionOf(row, direction)
  if (way === undefined) return []
  return sides
    .filter((side) => row.compute?.[towards(side)] !== undefined && !travelsTo(way, side))
    .map((side) => ({ path: ['compute', towards(side)], message: `never used: the row goes ${way}`, key: true }))
}

const writesOneConstant: RowRule = (row) => {
  if (!Object.hasOwn(row, 'value')) return []
  if (row.compute !== undefined)
    return [{ path: ['value'], key: true, message: 'a row has a value or a compute, not both' }]
  const both = row.businessCentral !== undefined && row.sales !== undefined
  return both && row.direction !== 'toSales' && row.direction !== 'toBusinessCentral'
    ? [
        {
          path: ['value'],
          key: true,
          message: 'with a column on each side, a constant needs `direction: toSales` or `toBusinessCentral`',
        },
      ]
    : []
}

const cascadesByALookup: RowRule = (row) =>
  row.cascade !== true || (row.lookup !== undefined && row.sales !== undefined)
    ? []
    : [{ path: ['cascade'], key: true, message: 'needs a lookup and a column of `sales`' }]

/** A claim is written where nothing of Business Central is known yet. */
const claimsInSales: RowRule = (row) => {
  if (row.claim !== true) return []
  const isFixed = row.value !== undefined || (row.compute?.toSales !== undefined && row.businessCentral === undefined)
  return row.sales === undefined || !isFixed || row.on === 'create'
    ? [
        {
          path: ['claim'],
          message:
            'a claim needs a column of `sales`, and a `value` or a `compute.toSales` that reads no row; it is always kept',
        },
      ]
    : []
}

const looksUp: RowRule = (row) =>
  row.whenUncoupled === undefined || row.lookup !== undefined
    ? []
    : [{ path: ['whenUncoupled'], key: true, message: 'has no effect without a lookup' }]

const atNumber = (message: string): ReturnType<RowRule> => [{ path: ['number'], key: true, message }]

/** A number is given to a new record, once and by one side. */
const numbersNewRecords: RowRule = (row, { direction = 'both' }) => {
  if (row.number === undefined) return []
  if (row.value !== undefined || row.lookup !== undefined)
    return atNumber('a row has a number, or a value or lookup, not both')
  if (row.on === 'always') return atNumber('a number is given when the record is created: leave out on: always')
  const target = sides.find((side) => travelsTo(directionOf(row, direction) ?? 'both', side))
  if (directionOf(row, direction) === 'both')
    return atNumber('a number needs a direction: toSales or toBusinessCentral')
  return target !== undefined && row[target]?.includes('.') === true
    ? atNumber("only a column of the record's own entity can be numbered")
    : []
}

/** At the end of a pair there is one record left, and perhaps a posted document to read. */
const endsAPair: RowRule = (row, mapping) => {
  if (row.on !== 'posted' && row.on !== 'deleted') return []
  const to = sides.find((side) => travelsTo(directionOf(row, mapping.direction ?? 'both') ?? 'both', side))
  if (to === undefined || row[otherSide(to)] !== undefined)
    return [{ path: ['on'], message: `a row on: ${row.on} writes a column of one side, by a value or a compute` }]
  const { postedAs = [] } = mapping[otherSide(to)] ?? {}
  return row.on === 'deleted' || postedAs.some((one) => typeof one !== 'string')
    ? []
    : [
        {
          path: ['on'],
          message: `needs \`${otherSide(to)}.postedAs\` with an entity and \`by\`: where to look for the posted document`,
        },
      ]
}

const rowRules: readonly RowRule[] = [
  readsAndWrites,
  keepsToTheMapping,
  computesWhatTravels,
  writesOneConstant,
  looksUp,
  numbersNewRecords,
  claimsInSales,
  cascadesByALookup,
  endsAPair,
]

/** A row that goes nowhere where the mapping goes: natively such a row is not active. */
export function goesNowhere(row: FieldRow, mapping: Direction): boolean {
  const way = directionOf(row, mapping)
  return (
    row.claim !== true &&
    (way === undefined || sides.every((side) => !travelsTo(way, side) || !travelsTo(mapping, side)))
  )
}

/** Each row for itself. An inherited row that has no way in a mapping that was made one-way rests without a word. */
export function checkRows({ value, own }: MappingDraft): readonly Finding[] {
  const { direction = 'both' } = value
  const rows = rowsOf(value).filter(([name, row]) => own.includes(name) || !goesNowhere(row, direction))
  return rows.flatMap(([name, row]) =>
    rowRules.flatMap((rule) =>
      rule(row, value).map((finding) => ({ ...finding, path: ['fields', name, ...(finding.path ?? [])] })),
    ),
  )
}

/** Rows that are not removed. */
export const rowsOf = (mapping: MappingFile): readonly (readonly [string, FieldRow])[] =>
  Object.entries(mapping.fields ?? {}).flatMap(([name, row]) => (row === null ? [] : [[name, row] as const]))

/** A row that only closes a document again may repeat what another says of its state; so may one of a pair's end. */
const isAside = ({ on }: FieldRow): boolean => on === 'write' || on === 'posted' || on === 'deleted'

/** Two rows that write the same column at the same moment: which one would win? Rows with a condition may take turns. */
export function checkTargets({ value }: MappingDraft): readonly Finding[] {
  const writers = new Map<string, string>()
  const written = rowsOf(value).filter(([, row]) => row.enabled !== false && row.when === undefined && !isAside(row))
  return written.flatMap(([name, row]) => {
    const targets = sides.filter((side) => writes(row, side, value) && row[side] !== undefined)
    return targets.flatMap((side) => {
      const key = `${side} ${row[side]} ${row.step ?? 'main'}`
      const first = writers.get(key)
      if (first === undefined) writers.set(key, name)
      if (first === undefined) return []
      return [{ path: ['fields', name, side], message: `"${row[side]}" is written by the row "${first}" already` }]
    })
  })
}

/** `page.column` needs the page; a joined row is read, never written. */
export function checkPages({ value }: MappingDraft): readonly Finding[] {
  return rowsOf(value).flatMap(([name, row]) =>
    sides.flatMap((side) =>
      checkPage({ row, side, mapping: value }).map((message) => ({ path: ['fields', name, side], message })),
    ),
  )
}

function checkPage({ row, side, mapping }: { row: FieldRow; side: Side; mapping: MappingFile }): readonly string[] {
  const [page, column] = row[side]?.split('.') ?? []
  if (page === undefined || column === undefined) return []
  const [pages, joins] = [mapping[side]?.with ?? {}, mapping[side]?.join ?? {}].map(Object.keys) as [string[], string[]]
  if (pages.includes(page)) return []
  if (!joins.includes(page)) return [`no \`with\` page is called "${page}"${didYouMean(page, [...pages, ...joins])}`]
  return writes(row, side, mapping) ? [`"${page}" is a join, which is read and never written`] : []
}

function writes(row: FieldRow, side: Side, mapping: MappingFile): boolean {
  const { direction = 'both' } = mapping
  const way = directionOf(row, direction)
  return way !== undefined && travelsTo(way, side) && travelsTo(direction, side)
}
