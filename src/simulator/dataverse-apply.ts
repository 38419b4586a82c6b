/** $apply: filter, groupby, aggregate. */

import { refused } from './dataverse-error.ts'
import { FORMATTED, formattedValue } from './dataverse-format.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Preferences } from './dataverse-preferences.ts'
import { dialect, scopeOf } from './dataverse-read.ts'
import type { TableSchema } from './dataverse-schema.ts'
import { compileFilter, matching } from './query-filter.ts'
import type { Scope } from './query-filter.ts'
import { parseFilter } from './query-syntax.ts'
import type { Row } from './table.ts'

/** Most rows that an aggregate may run over. */
const MAX_ROWS = 50_000

const FORM =
  /^(?:filter\((?<filter>.*)\)\/)?(?:groupby\(\((?<by>[^)]*)\)(?:,aggregate\((?<each>.*)\))?\)|aggregate\((?<all>.*)\))$/su

/** What `$apply` is answered for. */
export interface Applying {
  readonly organization: Organization
  readonly schema: TableSchema
  readonly preferences: Pick<Preferences, 'annotation'>
}

/** Answers the `$apply` option. Throws 400 for what is not understood. */
export function applyRows({ organization, schema, preferences }: Applying, text: string): Row[] {
  const form = FORM.exec(text)?.groups
  if (form === undefined) throw refused(`Syntax error in $apply '${text}'.`, '0x80060888')
  const scope = scopeOf(organization, schema)
  const filter = form['filter'] === undefined ? undefined : parseFilter(form['filter'], dialect)
  if (filter !== undefined) compileFilter(filter, scope)
  const rows = [...matching(organization.table(schema.logical), filter, scope)].map((entry) => entry.row)
  if (rows.length > MAX_ROWS) {
    throw refused('The maximum record limit is exceeded. Reduce the number of records.', '0x8004e023')
  }
  const aggregates = (form['each'] ?? form['all'] ?? '').split(',').filter((part) => part !== '')
  const by = (form['by'] ?? '').split(',').filter((part) => part !== '')
  const format: Format = (column, value) =>
    preferences.annotation(FORMATTED) ? formattedValue(organization, schema, column, { [column]: value }) : undefined
  return grouped(rows, by, scope).map(({ keys, members }) => ({
    ...keys,
    ...Object.assign({}, ...aggregates.map((part) => aggregate(part.trim(), members, scope, format))),
  }))
}

function grouped(rows: readonly Row[], by: readonly string[], scope: Scope): { keys: Row; members: Row[] }[] {
  if (by.length === 0) return [{ keys: {}, members: [...rows] }]
  const reads = by.map((path) => ({ name: path.trim().replaceAll('/', '_'), read: scope.read(path.trim().split('/')) }))
  const groups = new Map<string, { keys: Row; members: Row[] }>()
  for (const row of rows) {
    const keys = Object.fromEntries(reads.map(({ name, read }) => [name, read(row) ?? null]))
    const key = JSON.stringify(keys)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { keys, members: [row] })
    else group.members.push(row)
  }
  return [...groups.values()]
}

type Format = (column: string, value: unknown) => string | undefined

function aggregate(text: string, rows: readonly Row[], scope: Scope, format: Format): Row {
  const match = /^(?:\$count|(?<path>\S+) with (?<how>\w+)) as (?<name>\w+)$/u.exec(text)?.groups
  if (match === undefined) throw refused(`Syntax error in aggregate '${text}'.`, '0x80060888')
  const { path, how = '', name = '' } = match
  if (path === undefined) return { [name]: rows.length }
  const read = scope.read(path.split('/'))
  const values = rows.map(read).filter((value) => (value ?? null) !== null) as (string | number)[]
  const make = HOW[how]
  if (make === undefined) throw refused(`The aggregate '${how}' is not supported.`, '0x80060888')
  const value = make(values)
  const formatted = path.includes('/') || how === 'countdistinct' ? undefined : format(path, value)
  return { ...(formatted === undefined ? {} : { [`${name}@${FORMATTED}`]: formatted }), [name]: value }
}

type Values = readonly (string | number)[]

const sum = (values: Values) => values.reduce<number>((total, value) => total + Number(value), 0)
const pick = (values: Values, better: (a: string | number, b: string | number) => boolean) =>
  values.reduce<string | number | null>((best, value) => (best === null || better(value, best) ? value : best), null)

const HOW: Readonly<Record<string, (values: Values) => unknown>> = {
  sum,
  average: (values) => (values.length === 0 ? null : sum(values) / values.length),
  min: (values) => pick(values, (a, b) => a < b),
  max: (values) => pick(values, (a, b) => a > b),
  countdistinct: (values) => new Set(values).size,
}
