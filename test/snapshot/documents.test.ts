/** Documents in a snapshot: their lines, those that an expression makes, and the pairs of lines. */
import t from 'tap'
import type { Config, Field, Mapping } from '../../src/config/config.ts'
import type { Plan } from '../../src/core/plan.ts'
import { effectOf } from '../../src/engine/effect.ts'
import type { Ports } from '../../src/engine/ports.ts'
import { defaultRunOptions } from '../../src/engine/ports.ts'
import { run } from '../../src/engine/run.ts'
import { replayed } from '../../src/snapshot/replay.ts'
import { takeSnapshot } from '../../src/snapshot/take.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { documents, linesOf, salesOrder } from '../engine/document-stage.ts'
import { theKey, writesMade } from '../engine/stage.ts'

const mapping = 'sales-order-bidirectional'

const emit = (): void => {}

/** Longer than a line of Business Central takes: an expression makes several lines of it. */
const engraved = `${'Engraved brass plates for all of the chairs, with the names of the partners '.repeat(2)}in the order in which they joined`

const ofDocuments = (one: { readonly mapping: string }): boolean => one.mapping === mapping

/** What a plan does to the documents, without its values and their fingerprints. */
const doneBy = ({ operations, holds }: Pick<Plan, 'operations' | 'holds'>): object => ({
  operations: operations.filter(ofDocuments).map(({ kind, side, key, partner, fields, lines = [] }) => ({
    kind,
    side,
    key,
    partner,
    fields: fields.map(({ column }) => column),
    lines: lines.map((line) => ({ kind: line.kind, fields: line.fields.map(({ column }) => column) })),
  })),
  holds: holds.filter(ofDocuments).map(({ kind, side, id }) => ({ kind, side, id })),
})

t.test('a plan of documents from a snapshot is the plan from the services', async (t) => {
  const given = await documents(t, mapping)
  const { on, config } = given
  const store = openMemoryStore(theKey)
  await store.lock('test')
  for (const name of on.store.mappings())
    for (const coupling of on.store.mapping(name).couplings()) await store.commit(name, [{ kind: 'couple', coupling }])
  await store.unlock()
  on.store = store
  const { businessCentral, sales } = on.simulator
  const orders = ['O1', 'O2', 'O3'].map((number) =>
    salesOrder(given, number, [{ product: 0, quantity: 250, price: 1234.5 }, { product: 1 }, { text: engraved }]),
  )
  await given.run()
  await given.run()
  on.clock.advance(1000)
  const [first = '', second = ''] = orders
  sales.edit('salesorders', first, { statecode: 0 })
  sales.edit('salesorderdetails', String(linesOf(given, first)[0]?.['salesorderdetailid']), { quantity: 260 })
  sales.edit('salesorderdetails', String(linesOf(given, first)[2]?.['salesorderdetailid']), {
    productdescription: `${engraved} the firm`,
  })
  sales.edit('salesorders', first, { statecode: 1 })
  sales.edit('salesorders', second, { statecode: 0 })
  sales.edit('salesorders', second, { shipto_line1: 'Elsewhere', statecode: 1 })
  businessCentral.create('customers', { number: 'C2', displayName: 'Nobody' })
  salesOrder(given, 'O4', [{ product: 2 }])
  const ports: Ports = on.ports
  const connectors = { businessCentral: on.world.businessCentral, sales: on.world.sales }
  on.simulator.resetRequests()
  const { snapshot, problems } = await takeSnapshot({
    config,
    ports: { ...ports, connectors },
    content: (name) => store.content(name),
  })
  t.equal(writesMade(on.simulator), 0)
  t.same(problems, [])
  const plan = async (of: Ports): Promise<Plan> =>
    (await run(config, of, { ...defaultRunOptions, mappings: [mapping], dry: true, full: true })).plan
  const live = await plan(ports)
  t.match(
    live.operations.filter(ofDocuments).map(({ kind, lines = [] }) => `${kind} ${lines.length}`),
    ['create 1', 'update 2', 'update 0'],
    'lines are written',
  )
  t.same(doneBy(await plan(await replayed(snapshot, { emit }))), doneBy(live))
  const changed = withRows(config, (field) =>
    field.name === 'shipToAddress'
      ? { ...field, businessCentral: 'customerName', direction: 'toSales', hash: 'other' }
      : field,
  )
  const [there, here] = [
    await effectOf(config, changed, ports),
    await effectOf(config, changed, await replayed(snapshot, { emit })),
  ]
  t.same(
    doneBy({ operations: here.caused, holds: here.holds }),
    doneBy({ operations: there.caused, holds: there.holds }),
  )
  t.match(there.counts, [{ mapping, side: 'sales' }])
  t.same(here.counts, there.counts)
  t.notMatch(JSON.stringify(snapshot.sides), /engraved|brass|elsewhere|adatum|1234\.5/i)
})

/** The configuration with rows of the documents and their lines exchanged. */
function withRows(config: Config, change: (field: Field) => Field): Config {
  const changed = (one: Mapping): Mapping => ({
    ...one,
    fields: one.fields.map(change),
    lines: one.lines && { ...one.lines, mapping: changed(one.lines.mapping) },
  })
  return { ...config, mappings: config.mappings.map((one) => (one.name === mapping ? changed(one) : one)) }
}
