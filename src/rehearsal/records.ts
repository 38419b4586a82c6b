/** Records of the simulated services by what people call them, and what people do with them. */
import { sides } from '../config/config.ts'
import type { Side } from '../config/config.ts'
import type { Edit, Named, Row as WrittenRow, Value } from '../config/schema-types.ts'
import { isRecord } from '../config/path.ts'
import { pages } from '../simulator/business-central-schema.ts'
import type { Simulator } from '../simulator/simulator.ts'
import type { Row } from '../simulator/table.ts'

/** Columns by which people call a record. */
const nameColumns: readonly string[] = [
  'number',
  'No',
  'code',
  'Code',
  'name',
  'fullname',
  'isocurrencycode',
  'displayName',
  'accountnumber',
  'productnumber',
  'ordernumber',
  'externalDocumentNumber',
  'subject',
  'text',
  'title',
  'productdescription',
  'description',
]

/** What was written makes no sense to the service; the message says why. */
export class Refused extends Error {}

/** The simulated services, and the primary keys of pages that are the project's own. */
export interface Services {
  readonly simulator: Simulator
  readonly pageKeys: ReadonlyMap<string, readonly string[]>
}

/** Where a record is looked for. */
export interface Place {
  readonly side: Side
  readonly set: string
}

/** The rows of a set. Throws Refused when there is no such set. */
export function rowsIn(on: Services, { side, set }: Place): readonly Row[] {
  if (!on.simulator[side].service.sets().includes(set))
    throw new Refused(`${side === 'sales' ? 'Sales' : 'Business Central'} has no ${set}`)
  return on.simulator[side].rows(set)
}

/** The key of a row: its id, or that of its table in Sales; pages that show no id are known by their primary key. */
export function idOf(on: Services, { side, set }: Place, row: Row): string {
  if (side === 'sales') return String(row[on.simulator.sales.service.table(set)?.key ?? ''])
  if (typeof row['id'] === 'string') return row['id']
  return (on.pageKeys.get(set) ?? pages.get(set)?.key ?? []).map((column) => String(row[column])).join('|')
}

/** The one record that is called so. Throws Refused when there is none, or several. */
export function recordOf(on: Services, place: Place, named: Named): Row {
  const rows = rowsIn(on, place)
  const byColumns = (wanted: WrittenRow): readonly Row[] => rows.filter((row) => fits(on, place, { row, wanted }))
  const found = isRecord(named)
    ? byColumns(named)
    : rows.filter((row) => idOf(on, place, row) === String(named) || isCalled(row, String(named)))
  const [only, ...more] = found
  const what = isRecord(named) ? JSON.stringify(named) : `called "${named}"`
  if (only === undefined) throw new Refused(`no record of ${place.set} is ${isRecord(named) ? 'like ' : ''}${what}`)
  if (more.length > 0)
    throw new Refused(
      `${found.length} records of ${place.set} are ${isRecord(named) ? 'like ' : ''}${what}; name it by columns`,
    )
  return only
}

/** Own tables of Sales have the name in a column with the publisher's prefix. */
const namesIn = (row: Row): readonly string[] => [
  ...nameColumns,
  ...Object.keys(row).filter((each) => /^[a-z0-9]+_name$/.test(each)),
]

const isCalled = (row: Row, name: string): boolean => namesIn(row).some((column) => row[column] === name)

/** What a message calls a record. */
export function nameOf(row: Row): string | undefined {
  const column = namesIn(row).find((each) => typeof row[each] === 'string' && row[each] !== '')
  return column === undefined ? undefined : String(row[column])
}

/** A value as a row of that side shows it: a reference is the id of its record. Throws Refused. */
export function storedValue(on: Services, side: Side, value: Value): unknown {
  if (!isRecord(value)) return value
  const [[set, named] = ['', '']] = Object.entries<Named>(value)
  return idOf(on, { side, set }, recordOf(on, { side, set }, named))
}

/** What a column of a row holds; references of Sales stand under the name of their property. */
export const held = (row: Row, column: string): unknown => (column in row ? row[column] : row[`_${column}_value`])

/** Every wanted column of the row holds what is wanted. Throws Refused for a reference to nothing. */
export const fits = (
  on: Services,
  { side }: Place,
  { row, wanted }: { readonly row: Row; readonly wanted: WrittenRow },
): boolean => Object.entries(wanted).every(([column, value]) => isSame(held(row, column), storedValue(on, side, value)))

const blanks = new Set<unknown>([
  undefined,
  null,
  '',
  '_x0020_',
  ' ',
  '0001-01-01',
  '0001-01-01T00:00:00Z',
  '00000000-0000-0000-0000-000000000000',
])

/** Whether a stored value is what a test says: blanks are alike, numbers and texts compare by what they show. */
export function isSame(stored: unknown, wanted: unknown): boolean {
  if (blanks.has(wanted)) return blanks.has(stored)
  if (blanks.has(stored)) return false
  if (typeof stored === 'number' || typeof wanted === 'number') return Number(stored) === Number(wanted)
  return String(stored) === String(wanted)
}

/** Values as the service stores them: references as ids. Throws Refused. */
export const stored = (on: Services, side: Side, values: WrittenRow): Row =>
  Object.fromEntries(
    Object.entries(values).map(([column, value]) => [
      side === 'sales' && isRecord(value) ? `_${column}_value` : column,
      storedValue(on, side, value),
    ]),
  )

/** A person types a row in; where no form offers that, it is there. Throws Refused with the service's own words. */
export function put(on: Services, { side, set }: Place, { values, now }: { values: WrittenRow; now: Date }): void {
  rowsIn(on, { side, set })
  const row = stored(on, side, values)
  refusing(() => {
    if (side === 'sales' && set === 'systemusers')
      on.simulator.sales.service.table(set)?.insert({ ...usualUser, ...row })
    else if (side === 'businessCentral' && closed.has(set))
      on.simulator.businessCentral.service.load(set, [{ SystemModifiedAt: now.toISOString(), ...row }])
    else on.simulator[side].create(set, row)
  })
}

/** What an enabled, licensed person is. */
const usualUser: Row = { isdisabled: false, islicensed: true, isintegrationuser: false, accessmode: 0 }

/** Setup that no form of Business Central adds rows to. */
const closed: ReadonlySet<string> = new Set([
  'companyInformation',
  'generalLedgerSetup',
  'currencyExchangeRates',
  'jobQueueEntries',
  'generalProductPostingGroups',
  'inventoryPostingGroups',
])

/** A person edits, deletes, or presses a button. Throws Refused. */
export function edit(on: Services, place: Place, { record, doing }: { record: string; doing: Edit }): void {
  const { side, set } = place
  const hand = on.simulator[side]
  const key = idOf(on, place, recordOf(on, place, record))
  refusing(() => {
    if (doing === null) hand.delete(set, key)
    else if (typeof doing !== 'string') hand.edit(set, key, stored(on, side, doing))
    else if (hand.act === undefined)
      throw new Refused('Sales has no buttons here; edit the state of the record instead')
    else hand.act(set, key, doing)
  })
}

function refusing(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof Refused) throw error
    const message = error instanceof Error ? error.message : String(error)
    const hint = message.includes("to the expected type 'Edm.String'") ? ' Put it in quotes: it is a text.' : ''
    throw new Refused(`the service refuses this: ${message}${hint}`)
  }
}

const guid = /"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/g

/** A message in which each id is the reference that a test would write for it. */
export const withNames = (on: Services, message: string): string =>
  message.replaceAll(guid, (text, id: string) => referenceTo(on, id) ?? text)

function referenceTo(on: Services, id: string): string | undefined {
  for (const side of sides)
    for (const set of on.simulator[side].service.sets())
      for (const row of on.simulator[side].rows(set))
        if (idOf(on, { side, set }, row) === id) return `{ ${set}: ${nameOf(row) ?? id} }`
  return undefined
}
