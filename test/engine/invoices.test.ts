/** Native rules about posted invoices on the standard mapping: I-03 to I-05. */
import t from 'tap'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, couple, documents, ground, salesOrder } from './document-stage.ts'
import { only, standardSet } from './standard-set.ts'

/** A posted invoice over one item; its number. */
function invoice({ on }: Documents, more: Row = {}): string {
  const { businessCentral } = on.simulator
  const { id } = businessCentral.create('salesInvoices', { customerNumber: 'C1', ...more })
  const line = { documentId: id, lineType: 'Item', lineObjectNumber: 'I1', quantity: 1, unitPrice: 10 }
  businessCentral.create('salesInvoiceLines', line)
  businessCentral.act?.('salesInvoices', String(id), 'post')
  return String(businessCentral.row('salesInvoices', String(id))?.['number'])
}

t.test('I-03 I-04 I-05 an invoice hangs on the order it came from; without one it stands by itself', async (t) => {
  const given = await documents(t, 'sales-invoice')
  const { on, account } = given
  const { businessCentral, sales } = on.simulator
  const opportunity = sales.create('opportunities', { name: 'Big deal' })
  const list = sales.create('pricelevels', { name: 'Retail' })
  const order = salesOrder(given, 'O1', [{ product: 0 }], {
    'opportunityid@odata.bind': `/opportunities(${String(opportunity['opportunityid'])})`,
    'pricelevelid@odata.bind': `/pricelevels(${String(list['pricelevelid'])})`,
  })
  const method = businessCentral.create('shipmentMethods', { code: 'BY SEA', displayName: 'By sea' })
  const from = invoice(given, { externalDocumentNumber: 'O1' })
  const alone = invoice(given, { shipmentMethodId: method['id'] })
  on.customer({ number: 'C2', displayName: 'Bellows' })
  const ofOther = invoice(given, { customerNumber: 'C2' })
  t.same((await given.run()).problems, [])
  const made = (number: string) => sales.rows('invoices').find((row) => row['invoicenumber'] === number)
  t.match(made(from), {
    name: from,
    _salesorderid_value: order,
    _opportunityid_value: opportunity['opportunityid'],
    _pricelevelid_value: list['pricelevelid'],
    _customerid_value: account,
  })
  t.match(made(alone), { name: alone, _customerid_value: account, description: 'By sea' })
  for (const column of ['_salesorderid_value', '_opportunityid_value', '_pricelevelid_value'])
    t.notOk(made(alone)?.[column], column)
  const other = on.accounts().find((row) => row['name'] === 'Bellows')
  t.ok(other, 'its customer is sent first')
  t.match(made(ofOther), { _customerid_value: other?.['accountid'] })
  const standard = sales.create('pricelevels', { name: 'Business Central Default Price List' })
  const pair = { businessCentral: 'constant:DEFAULT', sales: String(standard['pricelevelid']) }
  await couple(given, 'default-price-list', pair, { code: 'DEFAULT' })
  const set = await standardSet(t, ', unitGroups: false')
  const config = only(set, ...ground, 'default-price-list', 'sales-invoice')
  const later = invoice(given)
  t.same((await on.run(config, { mappings: ['sales-invoice'] })).problems, [])
  t.match(made(later), { _pricelevelid_value: standard['pricelevelid'] }, 'the default price list, where there is one')
})
