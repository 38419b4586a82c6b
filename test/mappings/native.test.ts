/**
 * The standard set against the native integration: every native field row, of all 24 table mappings, is there with the
 * same direction, constant and access, or stands under notReachable with a reason.
 */
import t from 'tap'
import { countOf, filesOf, placedRows } from './native-places.ts'
import { standardSet } from '../engine/standard-set.ts'
import { jobs, list, mappings, nativeRows, nativeTables } from './standard-files.ts'

t.test('every native field row is in its mapping as natively, or listed as not reachable', (t) => {
  for (const { native, files, problems } of placedRows) t.same(problems, [], `${native.row} in ${files.join(', ')}`)
  const kinds = ['present', 'constant of a lookup', 'not reachable', 'open'] as const
  for (const kind of kinds) t.comment(`${countOf(kind)} native rows ${kind}`)
  t.equal(
    kinds.reduce((sum, kind) => sum + countOf(kind), 0),
    nativeRows.length,
  )
  const known = new Set(nativeTables.map(({ name }) => name))
  for (const [name, file] of mappings)
    for (const native of list(file.native)) t.ok(known.has(native), `${name} names ${native}`)
  t.end()
})

t.test('a mapping names no native row that does not exist or belongs to another mapping', (t) => {
  const mappingOf = new Map(nativeRows.map((row) => [row.row, row.mapping]))
  for (const [name, file] of mappings) {
    const rows = Object.values({ ...file.fields, ...file.lines?.fields }).flatMap((row) => list(row?.native))
    const reasons = (file.notReachable ?? []).flatMap((entry) => list(entry.native))
    for (const label of [...rows, ...reasons])
      t.ok(list(file.native).includes(mappingOf.get(label) ?? ''), `${label} in ${name}`)
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
      const forms = nativeTables.filter((other) => other.name === table.name)
      t.ok(
        forms.some(({ direction }) => direction === (file.direction ?? 'both')),
        `direction of ${name}`,
      )
      for (const needed of table.dependsOn ?? [])
        t.ok(
          filesOf(needed).length === 0 ||
            filesOf(needed).some((other) => other === name || file.after?.includes(other)),
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
    // Lines have no job: they run with their document.
    for (const table of nativeTables.filter(
      ({ name: native, everyMinutes }) => list(file.native).includes(native) && everyMinutes !== undefined,
    )) {
      const job = Object.values(jobs.jobs).find((candidate) => candidate?.mappings?.includes(name))
      if (table.everyMinutes === undefined) {
        t.equal(job?.enabled, false, `${name} has a job that rests`)
        continue
      }
      t.equal(minutes(job?.every), table.everyMinutes, `${name} runs every ${table.everyMinutes} minutes`)
      t.equal(minutes(job?.inactivity), table.inactivityMinutes, `${name} sleeps ${table.inactivityMinutes} minutes`)
      const key = table.jobCategory ?? 'none'
      categories.set(key, (categories.get(key) ?? new Set()).add(job?.category))
    }
  for (const [native, ours] of categories) t.equal(ours.size, 1, `jobs of ${native} share ${[...ours].join(', ')}`)
  t.end()
})

/** The jobs that run a mapping. */
const running = (mapping: string): readonly string[] =>
  Object.entries(jobs.jobs).flatMap(([name, job]) =>
    job?.enabled !== false && job?.mappings?.includes(mapping) === true ? [name] : [],
  )

t.test(
  'J-4 J-5 J-7 T-09 orders, quotes and notes are taken over by jobs of their own; opportunities have none',
  (t) => {
    t.same(running('sales-order'), ['sales-order', 'order-end'])
    t.same(running('sales-order-bidirectional'), ['sales-order', 'order-end'])
    t.same(running('sales-quote'), ['sales-quote'])
    t.same(running('order-note'), ['order-note'])
    t.same(running('opportunity'), [])
    t.end()
  },
)

t.test('B-01 one kind of order integration is on, and only the jobs that belong to it', async (t) => {
  const ofOrders = new Set([
    'sales-quote',
    'sales-order',
    'sales-order-bidirectional',
    'order-note',
    'order-released-post',
    'order-shipped-post',
    'order-invoiced-post',
  ])
  const on = async (salesOrders: string): Promise<readonly string[]> => {
    const page = 'orderPage: couplet/orders/v1.0, orderPosts: true'
    const { mappings } = await standardSet(t, `, salesOrders: ${salesOrders}, ${page}`)
    return mappings.flatMap(({ name, enabled }) => (enabled && ofOrders.has(name) ? [name] : [])).toSorted()
  }
  const posts = ['order-invoiced-post', 'order-released-post', 'order-shipped-post']
  t.same(await on("'off'"), [])
  t.same(await on('legacy'), [...posts, 'order-note', 'sales-order', 'sales-quote'].toSorted())
  t.same(await on('bidirectional'), ['order-note', 'sales-order-bidirectional', 'sales-quote'])
})

t.test(
  'O-08 accounts, contacts, opportunities and documents have an owner; products and price lists have none',
  async (t) => {
    const { mappings } = await standardSet(t, ', salesOrders: legacy')
    const owned = mappings.flatMap(({ sales, fields }) =>
      fields.some((field) => field.sales === 'ownerid') ? [sales.entity?.entity ?? ''] : [],
    )
    t.same([...new Set(owned)].toSorted(), ['accounts', 'contacts', 'invoices', 'opportunities', 'salesorders'])
  },
)
