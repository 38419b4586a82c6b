import * as fc from 'fast-check'
import t from 'tap'

import { comparator, parseQuery } from '../../src/simulator/query.ts'
import type { Dialect } from '../../src/simulator/query.ts'
import { compileFilter, matching, valuesOf } from '../../src/simulator/query-filter.ts'
import type { Scope } from '../../src/simulator/query-filter.ts'
import { QueryError } from '../../src/simulator/query-syntax.ts'
import { DuplicateKey, Table } from '../../src/simulator/table.ts'
import type { Row } from '../../src/simulator/table.ts'
import { createWorld } from '../../src/simulator/world.ts'

const dataverse: Dialect = {
  offered: new Set(['$select', '$expand', '$orderby', '$filter', '$top', '$count']),
  refusal: (option) => new QueryError(`${option} is not supported`),
  inOperator: false,
  noLambda: 'no lambda',
  maxExpand: 15,
}
const businessCentral: Dialect = {
  ...dataverse,
  offered: new Set([...dataverse.offered, '$skip']),
  inOperator: true,
  orOverOneProperty: "The 'OR' operator is not supported on distinct fields on an OData filter.",
}

const types: Record<string, string> = {
  number: 'Edm.Int32',
  blank: 'Edm.Int32',
  flag: 'Edm.Boolean',
  at: 'Edm.DateTimeOffset',
  id: 'Edm.Guid',
}
const scope: Scope = {
  read: (path) => {
    if (path[0] === 'nosuch') throw new QueryError('no such property')
    return (row) => path.reduce<unknown>((value, step) => (value as Row | null | undefined)?.[step], row)
  },
  type: (path) => types[path[0] ?? ''] ?? 'Edm.String',
  ignoreCase: (path) => path[0] !== 'exact',
  wildcards: true,
}
const fussy = { ...scope, wildcards: false }

const row: Row = {
  id: '3e0f8a4a-1111-4222-8333-00000000000a',
  name: "O'Neil & Sons",
  exact: 'Abc',
  number: 7,
  flag: true,
  at: '2026-03-01T10:00:00Z',
  blank: null,
  parent: { name: 'Top' },
}

const filterOf = (text: string, dialect: Dialect = businessCentral) =>
  parseQuery(`$filter=${encodeURIComponent(text)}`, dialect).filter ?? t.fail('no filter')
const holds = (text: string, on: Scope = scope) => compileFilter(filterOf(text) as never, on)(row)

t.test('a filter is true or false as the services would have it', async (t) => {
  const yes = [
    "name eq 'o''neil & sons'",
    "exact eq 'Abc' and not (number gt 8)",
    "contains(name,'NEIL') and startswith(name,'o') and endswith(name,'sons')",
    "tolower(exact) eq 'abc' and toupper(exact) eq 'ABC' and length(exact) eq 3",
    'number ge 7 and number le 7.0 and number ne 8 and number gt -1',
    'flag and flag eq true',
    'blank eq null and nothing eq null and name ne null',
    'at ge 2026-03-01T11:00:00+01:00 and at lt 2026-03-02',
    'id eq 3E0F8A4A-1111-4222-8333-00000000000A',
    "id eq '3e0f8a4a-1111-4222-8333-00000000000a'",
    "parent/name eq 'top'",
    'Microsoft.Dynamics.CRM.In(PropertyName=\'number\',PropertyValues=["7","8"])',
    'Microsoft.Dynamics.CRM.NotIn(PropertyName=\'exact\',PropertyValues=["x"])',
    "exact in ('x','Abc')",
    "exact eq 'x' or exact eq 'Abc'",
    "contains(name,'o%sons')",
    "'Abc' eq exact",
    "number eq 7 and (exact eq 'q' or exact eq 'Abc')",
    "nothing ne 'x'",
  ]
  const no = [
    "exact eq 'abc'",
    'number gt 7',
    'blank gt 1',
    'blank lt 1',
    'not flag',
    "parent/parent/name eq 'x'",
    "contains(name,'')and number eq 1",
  ]
  for (const text of yes) t.equal(holds(text), true, text)
  for (const text of no) t.equal(holds(text), false, text)
  t.equal(holds("contains(name,'o%sons')", fussy), false, 'wildcards only where the service has them')
})

t.test('what is not understood or not offered is refused', async (t) => {
  for (const text of [
    'name eq',
    "name eq 'x",
    'eq 1',
    '(number eq 1',
    'number eq 1)',
    "number eq 'x'",
    'name eq 5',
    'nosuch eq 1',
    'foo(name) eq 1',
    'rows/any(r: r/number eq 1)',
  ]) {
    t.throws(() => compileFilter(filterOf(text) as never, scope), QueryError, text)
  }
  t.throws(() => parseQuery('$skip=1', dataverse), /\$skip is not supported/u)
  t.throws(() => parseQuery('$top=x', dataverse), QueryError)
  t.throws(() => filterOf("city eq 'a' or name eq 'b'"), /distinct fields/u)
  t.throws(() => filterOf("number eq 1 and (city eq 'a' or name eq 'b')"), /distinct fields/u)
  t.ok(filterOf("number eq 1 and (city eq 'a' or city eq 'b')"))
  t.ok(filterOf("city eq 'a' or name eq 'b'", dataverse))
})

t.test('all options are read, nested ones and aliases too', async (t) => {
  const query = parseQuery(
    "$select=a,b&$orderby=a desc,parent/name&$top=3&$count=true&$expand=lines($select=x;$filter=y eq 'a;b,(c)';$expand=unit),owner/$ref&$filter=a eq @p1&@p1='v'&tag=loop",
    dataverse,
  )
  t.match(query, {
    select: ['a', 'b'],
    orderby: [
      { path: ['a'], descending: true },
      { path: ['parent', 'name'], descending: false },
    ],
    top: 3,
    count: true,
    expand: [
      { property: 'lines', select: ['x'], filter: { right: { value: 'a;b,(c)' } }, expand: [{ property: 'unit' }] },
      { property: 'owner', reference: true },
    ],
    filter: { right: { value: 'v' } },
  })
  t.equal(query.options.get('tag'), 'loop')
  const sorted = [{ a: 'b' }, { a: null }, { a: 'A' }].toSorted(comparator([{ path: ['a'], descending: false }], scope))
  t.strictSame(
    sorted.map((one) => one.a),
    [null, 'A', 'b'],
  )
})

t.test('the short way to rows finds what looking at each row finds', async (t) => {
  const table = new Table({ name: 'x', key: 'id', world: createWorld(), indexes: ['number'] })
  for (let at = 0; at < 40; at++) table.insert({ id: `k${at}`, number: at % 5, exact: `T${at % 3}`, name: `N${at}` })
  const atom = fc.oneof(
    fc.integer({ min: 0, max: 45 }).map((at) => `id eq 'K${at}'`),
    fc.integer({ min: 0, max: 6 }).map((at) => `number eq ${at}`),
    fc.integer({ min: 0, max: 3 }).map((at) => `exact eq 'T${at}'`),
    fc.integer({ min: 0, max: 40 }).map((at) => `name ne 'N${at}'`),
  )
  const text = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      atom,
      fc.array(tie('any'), { minLength: 2, maxLength: 4 }).map((all) => `(${all.join(' or ')})`),
      fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((all) => `(${all.join(' and ')})`),
      tie('any').map((one) => `not (${one})`),
    ),
  })).any
  const loose: Scope = { ...scope, type: () => undefined, ignoreCase: () => true }
  fc.assert(
    fc.property(text, (filter) => {
      const parsed = filterOf(filter, dataverse) as Parameters<typeof compileFilter>[0]
      const slow = table.find((one) => naive(parsed, one)).map((entry) => entry.key)
      const quick = [...matching(table, parsed, loose)].map((entry) => entry.key)
      t.strictSame(quick, slow, filter)
    }),
    { numRuns: 300 },
  )
})

/** A second reading of the tree, as plain as can be. */
function naive(filter: Parameters<typeof compileFilter>[0], one: Row): boolean {
  if (filter.kind === 'and') return filter.of.every((part) => naive(part, one))
  if (filter.kind === 'or') return filter.of.some((part) => naive(part, one))
  if (filter.kind === 'not') return !naive(filter.of, one)
  if (filter.kind !== 'compare' || filter.left.kind !== 'path' || filter.right.kind !== 'literal') return false
  const [left, right] = [one[filter.left.path[0] ?? ''], filter.right.value].map((value) => String(value).toLowerCase())
  return (left === right) === (filter.op === 'eq')
}

/** 300 conditions joined by `or`. */
const chain = (one: (at: number) => string) =>
  filterOf(Array.from({ length: 300 }, (_, at) => one(at * 300)).join(' or '), dataverse) as never

t.test('long or-chains over 100,000 rows take no longer than one look at each', async (t) => {
  const table = new Table({ name: 'x', key: 'id', world: createWorld() })
  for (let at = 0; at < 100_000; at++) table.insert({ id: `k${at}`, name: `N${at}`, city: `C${at % 100}` })
  const timed = (filter: never) => {
    const began = performance.now()
    const found = [...matching(table, filter, scope)].length
    return { found, ms: performance.now() - began }
  }
  timed(chain((at) => `name eq 'n${at}'`))
  const byKey = timed(chain((at) => `id eq 'K${at}'`))
  const byName = timed(chain((at) => `name eq 'n${at}'`))
  const byBoth = timed(chain((at) => `(name eq 'N${at}' and city eq 'C${at % 100}')`))
  t.strictSame([byKey.found, byName.found, byBoth.found], [300, 300, 300])
  t.ok(byKey.ms < 50, `by key ${byKey.ms.toFixed(1)} ms`)
  t.ok(byName.ms < 500, `by column ${byName.ms.toFixed(1)} ms`)
  t.ok(byBoth.ms < 500, `by two columns ${byBoth.ms.toFixed(1)} ms`)
  t.equal(
    valuesOf(
      chain((at) => `id eq 'K${at}'`),
      'id',
    )?.size,
    300,
  )
})

t.test('a table keeps order, versions, tombstones, and takes back what failed', async (t) => {
  const world = createWorld({ firstVersion: 0 })
  const table = new Table({
    name: 'x',
    key: 'id',
    world,
    indexes: ['group'],
    order: (one) => one['name'] as string,
  })
  table.insert({ id: 'A', name: 'm', group: 'G' })
  table.insert({ id: 'b', name: 'c', group: 'g' })
  t.strictSame(
    [...table.entries()].map((entry) => entry.key),
    ['b', 'a'],
  )
  const seen = world.version()
  table.update('B', { name: 'z' })
  t.strictSame(
    [...table.entries()].map((entry) => entry.key),
    ['a', 'b'],
    'a new name is a new place',
  )
  t.strictSame(
    [...table.entries('m')].map((entry) => entry.key),
    ['b'],
  )
  t.throws(() => table.insert({ id: 'a' }), DuplicateKey)
  const before = [...table.entries()]
  t.throws(() =>
    world.transaction(() => {
      table.insert({ id: 'c', name: 'd', group: 'g' })
      table.update('a', { name: 'y', group: 'other' })
      table.delete('b')
      throw new Error('no')
    }),
  )
  t.strictSame([...table.entries()], before)
  t.strictSame(
    table.lookup('group', ['G']).map((entry) => entry.key),
    ['a', 'b'],
  )
  t.strictSame(
    table.changesSince(seen).map((change) => change.key),
    ['b'],
  )
  table.delete('a')
  table.insert({ id: 'q', name: 'q' })
  table.delete('q')
  t.strictSame(
    table.changesSince(seen).map((change) => [change.key, change.entry === undefined]),
    [
      ['b', false],
      ['a', true],
      ['q', true],
    ],
  )
})
