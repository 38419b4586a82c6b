/**
 * Couplings as people bring them in a file: as Couplet exports them, or as Business Central shows the tables of its own
 * integration (couplings, and option mappings). Pure: rows of text in, what each is meant to couple out; every row that
 * makes no sense is told with its place.
 */
import type { Mapping } from '../config/config.ts'
import { nativeTables } from '../core/native-tables.ts'

/** A pair that a row of a file names. Records by id, by number, or by `Item_No=1000&Code=PCS`. */
export interface CouplingRow {
  /** `pairs.csv:12` */
  readonly at: string
  readonly mapping: string
  readonly businessCentral: string
  readonly sales: string
}

/** A row that is not taken, and why. */
export interface RefusedRow {
  readonly at: string
  readonly mapping: string | undefined
  readonly message: string
  readonly remedy: string
}

export interface ReadRows {
  readonly rows: readonly CouplingRow[]
  readonly refused: readonly RefusedRow[]
}

/** What a file is read for. */
export interface Reading {
  /** The file's name, as it is told. */
  readonly file: string
  readonly mappings: readonly Mapping[]
  /** Where rows do not say it themselves. */
  readonly mapping: string | undefined
}

type Part = 'mapping' | 'table' | 'businessCentral' | 'sales'

/** Column heads in small letters and digits alone. */
const heads: Readonly<Record<Part, readonly string[]>> = {
  mapping: ['mapping'],
  table: ['tableid', 'tableno'],
  businessCentral: ['businesscentral', 'integrationid', 'systemid', 'recordid', 'record', 'no', 'number', 'code'],
  sales: ['sales', 'crmid', 'optionvalue'],
}
const headOf = (cell: string): string => cell.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** Rows above the heads that a table may have, as configuration packages do. */
const headsWithin = 5

/** Reads a table. */
export function rowsOfTable(
  table: readonly { readonly line: number; readonly cells: readonly string[] }[],
  reading: Reading,
): ReadRows {
  const at = table
    .slice(0, headsWithin)
    .findIndex(({ cells }) => columnOf(cells, 'sales') >= 0 && columnOf(cells, 'businessCentral') >= 0)
  const head = table[at]?.cells
  if (head === undefined) {
    const message = 'no row of heads names a record of each side'
    const remedy =
      'The columns are called mapping, businessCentral, sales; or as in Business Central: Table ID, Integration ID, CRM ID; or Record ID, Option Value.'
    return { rows: [], refused: [{ at: `${reading.file}:1`, mapping: undefined, message, remedy }] }
  }
  const cell = (cells: readonly string[], part: Part): string => cells[columnOf(head, part)]?.trim() ?? ''
  return gathered(
    table.slice(at + 1).map(({ line, cells }) =>
      rowOf(reading, {
        at: `${reading.file}:${line}`,
        mapping: cell(cells, 'mapping'),
        table: cell(cells, 'table'),
        businessCentral: cell(cells, 'businessCentral'),
        sales: cell(cells, 'sales'),
      }),
    ),
  )
}

/** The first of the heads that is there: an id before a number. */
const columnOf = (cells: readonly string[], part: Part): number =>
  heads[part].map((name) => cells.findIndex((cell) => headOf(cell) === name)).find((index) => index >= 0) ?? -1

/** Reads a JSON document: a list of pairs, as `couplet couplings --json` prints them. */
export function rowsOfJson(document: unknown, reading: Reading): ReadRows {
  if (!Array.isArray(document)) {
    const message = 'it is no list of pairs'
    const remedy = 'Give a file written by: couplet couplings export FILE.json'
    return { rows: [], refused: [{ at: reading.file, mapping: undefined, message, remedy }] }
  }
  const list = document as readonly (Partial<Record<Part, unknown>> | null)[]
  return gathered(
    list.map((one, index) =>
      rowOf(reading, {
        at: `${reading.file}[${index}]`,
        mapping: textOf(one?.mapping),
        table: textOf(one?.table),
        businessCentral: recordOf(one?.businessCentral),
        sales: recordOf(one?.sales),
      }),
    ),
  )
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
const recordOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'id' in value ? textOf(value.id) : textOf(value)

type Raw = Readonly<Record<Part | 'at', string>>

const gathered = (all: readonly (CouplingRow | RefusedRow)[]): ReadRows => ({
  rows: all.filter((one): one is CouplingRow => 'sales' in one),
  refused: all.filter((one): one is RefusedRow => 'message' in one),
})

/** All zeros: what Business Central shows for a coupling that has lost one of its records. */
const nobody = /^0{8}-(?:0{4}-){3}0{12}$/

function rowOf(reading: Reading, raw: Raw): CouplingRow | RefusedRow {
  const [businessCentral, sales] = [plainId(raw.businessCentral), plainId(raw.sales)]
  const refuse = (message: string, remedy: string, mapping?: string): RefusedRow => ({
    at: raw.at,
    mapping,
    message,
    remedy,
  })
  if ([businessCentral, sales].some((id) => id === '' || nobody.test(id)))
    return refuse('it does not name a record of each side', 'Leave the row out: it couples nothing.')
  const found = mappingOf(reading, raw)
  if (typeof found !== 'string') return refuse(found.message, found.remedy)
  // A row that names its mapping names its records as they are; `14: 30` may be a number, and is no record of a table 14.
  return {
    at: raw.at,
    mapping: found,
    businessCentral: raw.mapping === '' ? withoutTable(businessCentral) : businessCentral,
    sales,
  }
}

/** Ids as Business Central shows them stand in braces and capitals. */
function plainId(cell: string): string {
  const id = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i.exec(cell)?.[1]
  return id === undefined ? cell : id.toLowerCase()
}

/** `Payment Terms: 14 DAYS` is the record 14 DAYS of that table. */
const withoutTable = (record: string): string => /^[^:]+: (.+)$/s.exec(record)?.[1] ?? record

/** Which mapping a row belongs to: it says so, or its table does, or the person. */
function mappingOf(reading: Reading, raw: Raw): string | { readonly message: string; readonly remedy: string } {
  if (raw.mapping !== '') return named(reading, raw.mapping)
  const table = tableOf(raw)
  if (table === undefined) {
    if (reading.mapping !== undefined) return named(reading, reading.mapping)
    return {
      message: 'it says neither its mapping nor its table',
      remedy: 'Add a column mapping, or give --mapping NAME.',
    }
  }
  const known = nativeTables[table]
  if (known === undefined)
    return { message: `the native integration keeps no couplings of table ${table}`, remedy: 'Leave the row out.' }
  const over = reading.mappings.filter(({ native }) => native.some((name) => known.mappings.includes(name)))
  const enabled = over.filter((mapping) => mapping.enabled)
  const [only] = enabled.filter(({ name }) => reading.mapping === undefined || name === reading.mapping)
  if (only === undefined) {
    const off = over.map(({ name }) => name).join(', ')
    const remedy = off === '' ? 'The records are matched where a mapping for them is added.' : `Switch it on: ${off}.`
    return { message: `no mapping of this project is over ${known.caption} (table ${table})`, remedy }
  }
  if (enabled.length > 1 && reading.mapping === undefined)
    return {
      message: `several mappings are over ${known.caption}`,
      remedy: `Give one: --mapping ${enabled.map(({ name }) => name).join(' or ')}`,
    }
  return only.name
}

function named({ mappings }: Reading, name: string): string | { readonly message: string; readonly remedy: string } {
  const found = mappings.find((mapping) => mapping.name === name)
  if (found === undefined)
    return {
      message: `no mapping is called "${name}"`,
      remedy: `There are: ${mappings.map((one) => one.name).join(', ')}`,
    }
  return found.enabled ? name : { message: `${name} is switched off`, remedy: 'Switch the mapping on first.' }
}

function tableOf({ table, businessCentral }: Raw): number | undefined {
  const number = Number(table.replaceAll(/[.,\s]/g, ''))
  if (table !== '' && Number.isInteger(number)) return number
  const caption = /^([^:]+): /.exec(businessCentral)?.[1]
  const found = Object.entries(nativeTables).find(([, one]) => one.caption === caption)
  return found === undefined ? undefined : Number(found[0])
}
