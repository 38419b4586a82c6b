/** Where each native field row is found in the standard set, and what is wrong with it there. */
import type { FieldRow, MappingFile } from '../../src/config/schema-types.ts'
import {
  directionOf,
  list,
  mappings,
  nativeRows,
  nativeTables,
  type NativeRow,
  type NativeTable,
} from './standard-files.ts'

type Direction = NativeRow['direction']
/** One problem, in words. */
type Problem = string

/** Where the set takes a Business Central value from another page than the native facts name, and why. */
const takenElsewhere: Readonly<Record<string, string>> = {
  'CONTACT.12': 'names.firstName', // customerContacts needs no publishing
  'CONTACT.14': 'names.lastName',
  'UNIT GROUP.1': 'computed', // a unit group is derived from its item or resource
  'UNIT GROUP.2': 'computed',
  'OPPORTUNITY.3': 'computed', // the customer behind the person, as customerContacts names it
  'OPPORTUNITY.x1': 'dateClosed',
  'OPPORTUNITY.x2': 'chancesOfSuccessPrc',
  'OPPORTUNITY.x3': 'calculatedCurrentValue',
  // The custom page that orders in both directions need.
  'SALESORDER-ORDER.bidirectional.5': 'yourReference',
  'SALESORDER-ORDER.bidirectional.16': 'lastShipmentDate',
  'SALESORDER-ORDER.bidirectional.24': 'shippingAgentCode',
  'SALESORDER-ORDER.bidirectional.28': 'paymentDiscountPercent',
  'SALESORDER-ORDER.bidirectional.29': 'workDescription',
}

/** Rows that natively travel another way, and why. */
const otherWay: Readonly<Record<string, Direction>> = {
  // Business Central numbers a line once; lines made from Sales are numbered by the mapping itself.
  'SOLINE-ORDERDETAIL.4': 'toSales',
  // What was shipped, and the amounts of a line, are Business Central's own results there.
  'SOLINE-ORDERDETAIL.6': 'toSales',
  'SOLINE-ORDERDETAIL.10': 'toSales',
  'SOLINE-ORDERDETAIL.11': 'toSales',
  // Natively the way to Business Central is no field row, but code (B-02, L-11).
  'SALESORDER-ORDER.bidirectional.23': 'both',
}

/** Native mappings that no file of the set replaces yet; must be empty in a release. */
const stillOpen: readonly string[] = []

/** A mapping that has two forms gives its rows the name of the form they belong to. */
const tableOf = (row: NativeRow): NativeTable | undefined =>
  nativeTables.find(
    ({ name, variant }) =>
      name === row.mapping && (variant === undefined || row.row.startsWith(`${row.mapping}.${variant}.`)),
  )
/** The mappings of the set that stand for a native one. */
export const filesOf = (native: string): readonly string[] =>
  [...mappings].filter(([, file]) => list(file.native).includes(native)).map(([name]) => name)

/** The direction that is left of a row's own in a one-way mapping; undefined when nothing is. */
function within(table: Direction, row: Direction): Direction | undefined {
  if (table === 'both') return row
  return row === 'both' || row === table ? table : undefined
}

/** The Sales column of a row; a choice mapping writes the label of its column's options. */
const salesColumnOf = (file: MappingFile, row: FieldRow): string | undefined =>
  row.sales === 'label' ? file.sales?.choice?.column : row.sales

const lastPart = (path: string | undefined): string | undefined => path?.split('.').at(-1)

function columnProblems(file: MappingFile, row: FieldRow, native: NativeRow): Problem[] {
  const found: Problem[] = []
  if (salesColumnOf(file, row) !== native.salesColumn) found.push(`writes ${row.sales}, not ${native.salesColumn}`)
  const column = row.businessCentral
  const expected = takenElsewhere[native.row]
  const fits =
    expected === undefined
      ? [native.api, native.page].some((path) => path !== undefined && lastPart(path) === lastPart(column))
      : (column ?? 'computed') === expected
  if (native.bcField !== undefined && !fits) found.push(`reads ${column}, not ${native.api ?? native.page}`)
  return found
}

/** Native names of options stand for the numbers that Sales stores. */
const constantOf = (name: string): string | number | boolean =>
  ({ CurrencyAmount: 1, Product: 1, '1': true })[name] ?? name

const conditionOf: Readonly<Record<string, string>> = {
  'ownershipModel=Person': "$settings.ownership = 'person'",
  'unitGroupMapping=true': '$settings.unitGroups',
  'unitGroupMapping=false': '$not($settings.unitGroups)',
}

function behaviourProblems(file: MappingFile, row: FieldRow, native: NativeRow): Problem[] {
  const expected = otherWay[native.row] ?? within(tableOf(native)?.direction ?? 'both', native.direction)
  const matched = (file.match ?? []).some((group) => group.sales.includes(row.sales ?? ''))
  const checks: readonly (readonly [boolean, Problem])[] = [
    [directionOf(file, row) === expected, `goes ${directionOf(file, row)}, natively ${expected}`],
    [
      native.constant === undefined || row.value === constantOf(native.constant),
      `is not the constant ${native.constant}`,
    ],
    [(native.access === 'Insert') === (row.on === 'create'), `native access is ${native.access ?? 'Full'}`],
    [native.match !== true || matched, 'is a native coupling criterion'],
    [native.notNull !== true || row.blank === 'keep', 'natively never written blank'],
    [native.clearIfUncoupled !== true || row.whenUncoupled === 'keep', 'natively does not fail when uncoupled'],
    [(native.disabled === true) === (row.enabled === false), 'natively the other way switched on or off'],
    [native.condition === undefined || row.when === conditionOf[native.condition], `only with ${native.condition}`],
  ]
  return checks.flatMap(([holds, problem]) => (holds ? [] : [problem]))
}

/** A native constant such as owneridtype = systemuser is what the mapping's `type` says of the lookup. */
const saidByType = (file: MappingFile, native: NativeRow): boolean =>
  native.constant !== undefined &&
  native.salesColumn?.endsWith('type') === true &&
  file.sales?.type?.[native.salesColumn.replace(/type$/, '')] === native.constant

/** The lines of a document as a mapping of their own. */
function linesOf({ lines, ...file }: MappingFile): MappingFile {
  const direction = lines?.direction ?? file.direction
  return { ...(direction === undefined ? {} : { direction }), fields: lines?.fields ?? {} }
}

type Found = 'present' | 'constant of a lookup' | 'not reachable'

/** Where a native row is found in a file, and what is wrong with it. */
function place(
  file: MappingFile,
  native: NativeRow,
): { readonly where: Found | undefined; readonly problems: Problem[] } {
  const forms = file.lines === undefined ? [file] : [file, linesOf(file)]
  const rows = forms.flatMap((form) =>
    Object.values(form.fields ?? {}).flatMap((row) =>
      row !== null && list(row.native).includes(native.row) ? [{ form, row }] : [],
    ),
  )
  const problems = rows.flatMap(({ form, row }) => [
    ...columnProblems(form, row, native),
    ...behaviourProblems(form, row, native),
  ])
  if (rows.length > 0) return { where: 'present', problems }
  if (saidByType(file, native)) return { where: 'constant of a lookup', problems }
  const listed = (file.notReachable ?? []).some((entry) => list(entry.native).includes(native.row))
  return { where: listed ? 'not reachable' : undefined, problems: listed ? [] : ['is missing'] }
}

/** Where a native row is found among the files that stand for its mapping: the best place counts. */
function placeAmong(names: readonly string[], native: NativeRow): ReturnType<typeof place> {
  const places = names.flatMap((name) => {
    const file = mappings.get(name)
    return file === undefined ? [] : [place(file, native)]
  })
  const found = places.filter(({ where }) => where !== undefined)
  const order: readonly (Found | undefined)[] = ['present', 'constant of a lookup', 'not reachable']
  const [where] = found.map((one) => one.where).toSorted((one, other) => order.indexOf(one) - order.indexOf(other))
  return { where, problems: found.length === 0 ? ['is missing'] : found.flatMap(({ problems }) => problems) }
}

/** A native field row, where it is found, and what is wrong with it. */
export interface Placed {
  readonly native: NativeRow
  readonly files: readonly string[]
  readonly where: Found | 'open' | undefined
  readonly problems: readonly Problem[]
}

/** Every native field row. */
export const placedRows: readonly Placed[] = nativeRows.map((native) => {
  const files = filesOf(native.mapping)
  if (files.length === 0 && stillOpen.includes(native.mapping)) return { native, files, where: 'open', problems: [] }
  return { native, files, ...placeAmong(files, native) }
})

/** How many native rows are found so. */
export const countOf = (where: Found | 'open'): number => placedRows.filter((row) => row.where === where).length
