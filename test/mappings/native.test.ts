/**
 * The standard set against the native integration: every native field row of a mapping that the set replaces is there
 * with the same direction, constant and access, or stands under notReachable with a reason.
 */
import t from 'tap'
import type { FieldRow, MappingFile } from '../../src/config/schema-types.ts'
import {
  directionOf,
  jobs,
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
}

const tableOf = (name: string): NativeTable | undefined => nativeTables.find((table) => table.name === name)
const filesOf = (native: string): readonly string[] =>
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

const conditionOf: Readonly<Record<string, string>> = {
  'ownershipModel=Person': "$settings.ownership = 'person'",
  'unitGroupMapping=true': '$settings.unitGroups',
  'unitGroupMapping=false': '$not($settings.unitGroups)',
}

function behaviourProblems(file: MappingFile, row: FieldRow, native: NativeRow): Problem[] {
  const expected = within(tableOf(native.mapping)?.direction ?? 'both', native.direction)
  const matched = (file.match ?? []).some((group) => group.sales.includes(row.sales ?? ''))
  const checks: readonly (readonly [boolean, Problem])[] = [
    [directionOf(file, row) === expected, `goes ${directionOf(file, row)}, natively ${expected}`],
    [native.constant === undefined || row.value === native.constant, `is not the constant ${native.constant}`],
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

type Found = 'present' | 'constant of a lookup' | 'not reachable'

/** Where a native row is found in a file, and what is wrong with it. */
function place(
  file: MappingFile,
  native: NativeRow,
): { readonly where: Found | undefined; readonly problems: Problem[] } {
  const rows = Object.values(file.fields ?? {}).filter((row) => row !== null && list(row.native).includes(native.row))
  const problems = rows.flatMap((row) =>
    row === null ? [] : [...columnProblems(file, row, native), ...behaviourProblems(file, row, native)],
  )
  if (rows.length > 0) return { where: 'present', problems }
  if (saidByType(file, native)) return { where: 'constant of a lookup', problems }
  const listed = (file.notReachable ?? []).some((entry) => list(entry.native).includes(native.row))
  return { where: listed ? 'not reachable' : undefined, problems: listed ? [] : ['is missing'] }
}

t.test('every native field row is in its mapping as natively, or listed as not reachable', (t) => {
  const counts = new Map<Found, Set<string>>()
  for (const [name, file] of mappings)
    for (const native of nativeRows.filter((row) => list(file.native).includes(row.mapping))) {
      const { where, problems } = place(file, native)
      t.same(problems, [], `${native.row} in ${name}`)
      if (where !== undefined) counts.set(where, (counts.get(where) ?? new Set()).add(native.row))
    }
  for (const [where, rows] of counts) t.comment(`${rows.size} native rows ${where}`)
  const open = nativeTables.filter((table) => filesOf(table.name).length === 0).map((table) => table.name)
  t.comment(`native mappings without a file: ${open.length === 0 ? 'none' : open.join(', ')}`)
  t.end()
})

t.test('a mapping names no native row that does not exist or belongs to another mapping', (t) => {
  const known = new Map(nativeRows.map((row) => [row.row, row.mapping]))
  for (const [name, file] of mappings) {
    const rows = Object.values(file.fields ?? {}).flatMap((row) => list(row?.native))
    const reasons = (file.notReachable ?? []).flatMap((entry) => list(entry.native))
    for (const label of [...rows, ...reasons])
      t.ok(list(file.native).includes(known.get(label) ?? ''), `${label} in ${name}`)
  }
  t.end()
})

t.test('rows stand in the native order, because Business Central fills one field from another', (t) => {
  for (const [name, file] of mappings) {
    const order = nativeRows.map((row) => row.row)
    const positions = Object.values(file.fields ?? {})
      .filter((row) => row?.enabled !== false)
      .flatMap((row) => list(row?.native).map((label) => order.indexOf(label)))
    t.same(
      positions,
      positions.toSorted((a, b) => a - b),
      name,
    )
  }
  t.end()
})

t.test('a mapping goes where the native one goes, after the mappings that it depends on', (t) => {
  for (const [name, file] of mappings)
    for (const table of nativeTables.filter(({ name: native }) => list(file.native).includes(native))) {
      t.equal(file.direction ?? 'both', table.direction, `direction of ${name}`)
      for (const needed of table.dependsOn ?? [])
        t.ok(
          filesOf(needed).some((other) => file.after?.includes(other)),
          `${name} runs after ${needed}`,
        )
    }
  t.end()
})

/** Minutes of a duration such as `30 min` or `12 h`; NaN for anything else. */
const minutes = (text: string | undefined): number => {
  const [, amount, unit] = /^(\d+) (min|h)$/.exec(text ?? '') ?? []
  return Number(amount) * (unit === 'h' ? 60 : 1)
}

t.test('jobs run as often, sleep as long and keep apart as natively', (t) => {
  const categories = new Map<string, Set<string | undefined>>()
  for (const [name, file] of mappings)
    for (const table of nativeTables.filter(({ name: native }) => list(file.native).includes(native))) {
      const job = Object.values(jobs.jobs).find((candidate) => candidate?.mappings?.includes(name))
      t.equal(minutes(job?.every), table.everyMinutes, `${name} runs every ${table.everyMinutes} minutes`)
      t.equal(minutes(job?.inactivity), table.inactivityMinutes, `${name} sleeps ${table.inactivityMinutes} minutes`)
      const key = table.jobCategory ?? 'none'
      categories.set(key, (categories.get(key) ?? new Set()).add(job?.category))
    }
  for (const [native, ours] of categories) t.equal(ours.size, 1, `jobs of ${native} share ${[...ours].join(', ')}`)
  t.end()
})
