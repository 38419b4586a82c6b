/** The audit and the state's commands over documents with lines. */
import t, { type Test } from 'tap'
import { audit } from '../../src/engine/audit.ts'
import { type Documents, documents, linesOf, salesOrder } from './document-stage.ts'
import { writesMade } from './stage.ts'

const mapping = 'sales-order-bidirectional'

async function atRest(t: Test): Promise<Documents & { readonly order: string; readonly id: string }> {
  const given = await documents(t, mapping)
  const order = salesOrder(given, 'O1', [{ product: 0 }, { product: 1 }, { product: 2 }])
  await given.run()
  await given.run()
  given.on.clock.advance(1000)
  const id = String(given.on.simulator.businessCentral.rows('salesOrders')[0]?.['id'])
  return { ...given, order, id }
}

const auditOf = async ({ on, config }: Documents) =>
  (await audit(config, on.ports, { mappings: [mapping] })).findings.map(({ kind, side, fields }) => ({
    kind,
    side,
    fields,
  }))

t.test('audit: a document at rest has no finding, and the audit writes nothing', async (t) => {
  const given = await atRest(t)
  given.on.simulator.resetRequests()
  t.same(await auditOf(given), [])
  t.equal(writesMade(given.on.simulator), 0)
})

t.test('audit: lines that were edited, added or deleted since the last run are told by name', async (t) => {
  const given = await atRest(t)
  const { sales } = given.on.simulator
  const [first, second] = linesOf(given, given.order).map((line) => String(line['salesorderdetailid']))
  sales.edit('salesorders', given.order, { statecode: 0 })
  sales.edit('salesorderdetails', first ?? '', { quantity: 5 })
  sales.edit('salesorders', given.order, { statecode: 1 })
  // Sales has worked out the amounts of its line anew: they only come from Business Central.
  t.same(await auditOf(given), [
    { kind: 'drifted', side: 'sales', fields: ['lines.base', 'lines.extended'] },
    { kind: 'differs', side: 'sales', fields: ['lines.quantity'] },
  ])
  sales.edit('salesorders', given.order, { statecode: 0 })
  sales.delete('salesorderdetails', second ?? '')
  sales.edit('salesorders', given.order, { statecode: 1 })
  const told = (await auditOf(given)).filter(({ kind }) => kind === 'differs')
  t.same(told, [{ kind: 'differs', side: 'sales', fields: ['lines.quantity', 'lines'] }])
})

t.test('audit: a line that only receives and was edited there has drifted', async (t) => {
  const given = await atRest(t)
  const { sales } = given.on.simulator
  const [first] = linesOf(given, given.order).map((line) => String(line['salesorderdetailid']))
  sales.edit('salesorders', given.order, { statecode: 0 })
  sales.edit('salesorderdetails', first ?? '', { tax: 99 })
  sales.edit('salesorders', given.order, { statecode: 1 })
  t.match(await auditOf(given), [{ kind: 'drifted', side: 'sales', fields: ['lines.tax'] }])
})
