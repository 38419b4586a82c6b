import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'

import { businessCentral } from '../../src/simulator/business-central.ts'
import type { BusinessCentralOptions } from '../../src/simulator/business-central.ts'
import { seed } from '../../src/simulator/seed.ts'
import type { Incoming } from '../../src/simulator/service.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { createWorld } from '../../src/simulator/world.ts'

type Json = Record<string, any> // eslint-disable-line typescript/no-explicit-any

const now = new Date('2026-11-20T12:00:00.000Z')
const demo = seed({ now })
const gate = { part: () => undefined }

const code = (answer: { body: Json }): string => answer.body['error']?.code
const message = (answer: { body: Json }): string => answer.body['error']?.message

/** A service on its own, spoken to without HTTP. */
function company(options: BusinessCentralOptions = { rows: demo.businessCentral }) {
  let clock = now.getTime()
  const service = businessCentral(options)(createWorld({ now: () => new Date((clock += 10)) }))
  const send = (method: string, address: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [path = '', query = ''] = address.split('?')
    const request: Incoming = {
      method,
      path: path.startsWith(service.root) ? path : service.root + path,
      query,
      headers,
      body: body === undefined ? '' : JSON.stringify(body),
      origin: 'http://bc',
      caller: 'app',
    }
    const answer = service.handle(request, gate)
    const text = answer.body ?? ''
    return {
      status: answer.status,
      headers: answer.headers,
      body: (text.startsWith('{') ? JSON.parse(text) : text) as Json,
    }
  }
  const id: string = send('GET', '/api/v2.0/companies').body['value'][0].id
  const api = `/api/v2.0/companies(${id})`
  const pages = "/ODataV4/Company('CRONUS%20International%20Ltd.')"
  const first = (set: string, filter: string): Json =>
    send('GET', `${api}/${set}?$filter=${encodeURIComponent(filter)}`).body['value'][0]
  return { service, send, api, pages, id, first }
}

t.test('a company is addressed by id, by name in the query, and by name on web services', async (t) => {
  const bc = company()
  const byId = bc.send('GET', `${bc.api}/customers?$top=1&$select=number`)
  const byName = bc.send('GET', '/api/v2.0/customers?company=CRONUS International Ltd.&$top=1&$select=number')
  t.same(byName.body['value'], byId.body['value'])
  t.equal(bc.send('GET', `${bc.pages}/CustomerCard('10000')`).body['Name'], 'The Cannon Group PLC')
  t.equal(code(bc.send('GET', '/api/v2.0/customers?company=Nobody')), 'Internal_CompanyNotFound')
  t.equal(bc.send('POST', '/api/v2.0/companies', {}).status, 405)
  t.equal(bc.send('GET', '/api/v3.0/customers').status, 404)

  const two = company({ otherCompanies: ['My Company'] })
  t.equal(code(two.send('GET', '/api/v2.0/customers')), 'Internal_CompanyNotFound', 'several and none named')
  const other = two.send('GET', "/ODataV4/Company('My%20Company')/CustomerCard")
  t.same(other.body['value'], [])
})

t.test('rows of web services are found by all parts of their key', async (t) => {
  const bc = company()
  const unit = bc.send('GET', `${bc.pages}/ItemUnitsOfMeasure(Item_No='70000',Code='PCS')`)
  t.equal(unit.body['Qty_per_Unit_of_Measure'], 1)
  t.equal(bc.send('GET', `${bc.pages}/ItemUnitsOfMeasure(Item_No='70000',Code='NONE')`).status, 404)
  t.equal(
    bc.send('GET', `${bc.pages}/PriceListLines(Price_List_Code='S00001',Line_No=10000)`).body['Asset_No'],
    '1936-S',
  )
  t.equal(bc.send('GET', `${bc.pages}/Resources`).status, 404, 'not published')
  t.equal(bc.send('GET', `${bc.pages}/SalesPriceList('S00001')/SalesPriceListLines?$top=1`).body['value'].length, 1)
})

t.test('a custom route shows a page with the row id as its key', async (t) => {
  const bc = company({
    rows: demo.businessCentral,
    routes: { 'contoso/sync/v1.0': { resources: 'ResourceCard' } },
  })
  const address = `/api/contoso/sync/v1.0/companies(${bc.id})/resources`
  const lift = bc.send('GET', `${address}?$filter=No eq 'LIFT'`).body['value'][0]
  t.equal(bc.send('GET', `${address}(${lift.id})`).body['Name'], 'Lift for Furniture')
  t.match(lift.lastModifiedDateTime, /Z$/)
  t.equal(bc.send('GET', '/api/contoso/other/v1.0/resources').status, 404)
})

t.test('query options are served, and refused where Business Central refuses them', async (t) => {
  const bc = company()
  const get = (query: string) => bc.send('GET', `${bc.api}/customers?${query}`)
  t.equal(get("$filter=number eq '10000' or number eq '20000'").body['value'].length, 2)
  t.equal(get("$filter=startswith(displayName,'The ')&$count=true&$top=1").body['@odata.count'], 2)
  t.match(get("$filter=number eq '10000' or displayName eq 'X'").body['error'], {
    code: 'BadRequest',
    message: /^The 'OR' operator is not supported on distinct fields on an OData filter\./,
  })
  const card = bc.send('GET', `${bc.pages}/CustomerCard?$filter=City eq 'Miami' or Name eq 'X'`)
  t.match(message(card), /^The 'OR' operator is not supported on distinct fields on an OData filter\./)
  t.equal(get('$search=x').status, 400)
  t.equal(get('$apply=x').status, 400)
  t.equal(get('$select=nothing').status, 400)
  t.same(
    get('$orderby=displayName desc&$top=2&$select=displayName').body['value'].map((row: Json) => row['displayName']),
    ['Zuni Home Crafts Ltd.', 'Zanlan Corp.'],
  )
  t.same(bc.send('GET', `${bc.api}/customers/$count`).body, '66')
  const terms = bc.first('paymentTerms', "code eq 'CM'")
  t.equal(get(`$filter=paymentTermsId eq ${terms['id']}&$top=1000`).body['value'].length, 18, 'by a related id')
})

t.test('pages end in a link with a skip token that leads through all rows exactly once', async (t) => {
  const bc = company({ rows: demo.businessCentral, pageSize: 25 })
  const seen = new Set<string>()
  let address: string | undefined = `${bc.api}/customers?$select=id`
  const sizes: number[] = []
  while (address !== undefined) {
    const page: Json = bc.send('GET', address).body
    sizes.push(page['value'].length)
    for (const row of page['value']) seen.add(row.id)
    const link: string | undefined = page['@odata.nextLink']
    if (link !== undefined) t.match(link, /aid=FIN&\$skiptoken=[\da-f-]{36}$/)
    address = link?.slice('http://bc'.length)
  }
  t.same(sizes, [25, 25, 16])
  t.equal(seen.size, 66)

  t.notOk(bc.send('GET', `${bc.api}/customers?$top=25`).body['@odata.nextLink'], '$top within a page ends the list')
  const over: string = bc.send('GET', `${bc.api}/customers?$top=30`).body['@odata.nextLink']
  t.match(over, /\$top=5&/)
  const rest = bc.send('GET', over.slice('http://bc'.length)).body
  t.equal(rest['value'].length, 5)
  t.notOk(rest['@odata.nextLink'])
  const small = bc.send('GET', `${bc.api}/customers`, undefined, { prefer: 'odata.maxpagesize=10' }).body
  t.equal(small['value'].length, 10)
  t.ok(small['@odata.nextLink'])
})

t.test('a link leads on even when the last row of its page has been deleted', async (t) => {
  const bc = company({ rows: demo.businessCentral, pageSize: 25 })
  const page = bc.send('GET', `${bc.api}/paymentTerms?$top=11`, undefined, { prefer: 'odata.maxpagesize=5' }).body
  const last = page['value'].at(-1)
  t.equal(bc.send('DELETE', `${bc.api}/paymentTerms(${last.id})`).status, 204)
  const rest = bc.send('GET', page['@odata.nextLink'].slice('http://bc'.length)).body['value']
  t.equal(rest.length, 6)
  const ordered = bc.send('GET', `${bc.api}/customers?$orderby=displayName`, undefined, {
    prefer: 'odata.maxpagesize=40',
  })
  const second = bc.send('GET', ordered.body['@odata.nextLink'].slice('http://bc'.length)).body['value']
  t.equal(
    new Set([...ordered.body['value'], ...second].map((row: Json) => row['id'])).size,
    50,
    'the ordered pages do not overlap',
  )
})

t.test('lines are read under their document only', async (t) => {
  const bc = company()
  const flat = bc.send('GET', `${bc.api}/salesOrderLines`)
  t.match(flat.body['error'], {
    code: 'Application_DialogException',
    message: /^You must specify an Id or a Document Id to get the lines\. {2}CorrelationId: {2}[\da-f-]{36}\.$/,
  })
  t.equal(flat.status, 400)
  const order = bc.first('salesOrders', "number eq '101001'")
  const below = bc.send('GET', `${bc.api}/salesOrders(${order['id']})/salesOrderLines`).body['value']
  t.equal(below.length, 2)
  const filtered = bc.send('GET', `${bc.api}/salesOrderLines?$filter=documentId eq ${order['id']}`).body['value']
  t.same(filtered, below)
  const expanded = bc.send('GET', `${bc.api}/salesOrders(${order['id']})?$expand=salesOrderLines`).body
  t.same(expanded['salesOrderLines'], below)
  t.equal(bc.send('GET', `${bc.api}/contactsInformation`).status, 400)
  const customer = bc.first('customers', "number eq '10000'")
  const contacts = bc.send('GET', `${bc.api}/customers(${customer['id']})/contactsInformation`).body['value']
  t.ok(contacts.length > 1)
  t.equal(contacts[0].relatedId, customer['id'])
})

t.test('a write needs the etag of what was read', async (t) => {
  const bc = company()
  const row = bc.first('customers', "number eq '10000'")
  const address = `${bc.api}/customers(${row['id']})`
  t.match(row['@odata.etag'], /^W\/"[A-Za-z\d+/=]+"$/)
  t.equal(code(bc.send('PATCH', address, { city: 'York' })), 'BadRequest_InvalidToken')
  const done = bc.send('PATCH', address, { city: 'York' }, { 'if-match': row['@odata.etag'] })
  t.equal(done.status, 200)
  t.equal(done.body['city'], 'York')
  t.not(done.body['@odata.etag'], row['@odata.etag'])
  t.ok(done.body['lastModifiedDateTime'] > row['lastModifiedDateTime'])
  const stale = bc.send('PATCH', address, { city: 'Bath' }, { 'if-match': row['@odata.etag'] })
  t.equal(stale.status, 409)
  t.equal(code(stale), 'Request_EntityChanged')
  t.equal(bc.send('PATCH', address, { city: 'Bath' }, { 'if-match': '*' }).status, 200)
  t.equal(bc.send('DELETE', address, undefined, { 'if-match': row['@odata.etag'] }).status, 409)
  t.equal(bc.send('PATCH', `${bc.api}/customers(${bc.id})`, {}, { 'if-match': '*' }).status, 404)
})

t.test('a page and an entity are two views of one record', async (t) => {
  const bc = company()
  const before = bc.first('customers', "number eq '10000'")
  const card = bc.send('GET', `${bc.pages}/CustomerCard('10000')`).body
  const done = bc.send(
    'PATCH',
    `${bc.pages}/CustomerCard('10000')`,
    { Name_2: 'Second', Payment_Terms_Code: 'cm' },
    {
      'if-match': card['@odata.etag'],
    },
  )
  t.equal(done.status, 200)
  const after = bc.first('customers', "number eq '10000'")
  t.not(after['@odata.etag'], before['@odata.etag'])
  t.ok(after['lastModifiedDateTime'] > before['lastModifiedDateTime'])
  t.equal(after['paymentTermsId'], bc.first('paymentTerms', "code eq 'CM'")['id'])
  const lists = company({ publishedPages: ['SalesPriceLists'] })
  t.equal(
    lists.send('POST', `${lists.pages}/SalesPriceLists`, { Code: 'X' }).status,
    405,
    'a list page is not editable',
  )
})

t.test('a new row keeps the id that the client set, once', async (t) => {
  const bc = company()
  const id = '11111111-2222-4333-8444-555555555555'
  const made = bc.send('POST', `${bc.api}/customers`, { id, displayName: 'Alpha' })
  t.equal(made.status, 201)
  t.equal(made.body['id'], id)
  t.match(made.body['number'], /^C\d{5}$/, 'the number series numbers it')
  const again = bc.send('POST', `${bc.api}/customers`, { id, displayName: 'Alpha' })
  t.equal(again.status, 400)
  t.equal(code(again), 'Internal_EntityWithSameKeyExists')
  const taken = bc.send('POST', `${bc.api}/customers`, { number: '10000', displayName: 'Alpha' })
  t.equal(code(taken), 'Internal_EntityWithSameKeyExists')
  const contacts = bc.send('GET', `${bc.api}/customers(${id})/contactsInformation`).body['value']
  t.equal(contacts.length, 1, 'the failed second create left no second company contact')

  const order = bc.send('POST', `${bc.api}/salesOrders`, { id, customerNumber: '10000' })
  t.equal(order.status, 201)
  t.not(order.body['id'], id, 'documents work on a buffer')
})

t.test('values are refused in the words of the service', async (t) => {
  const bc = company()
  const row = bc.first('customers', "number eq '10000'")
  const patch = (values: Json) => bc.send('PATCH', `${bc.api}/customers(${row['id']})`, values, { 'if-match': '*' })
  const euro = bc.first('currencies', "code eq 'EUR'")['id']
  const cases: readonly [values: Json, code: string, text: RegExp][] = [
    [
      { blocked: 'Perhaps' },
      'Unknown',
      /^'Perhaps' is not an option\. The existing options are: {2},Ship,Invoice,All {2}C/,
    ],
    [{ displayName: 'x'.repeat(101) }, 'Application_StringExceededLength', /is 101, .* equal to 100 characters/],
    [{ displayName: '' }, 'Application_DialogException', /^The blank "displayName" is not allowed\./],
    [{ noSuch: 1 }, 'BadRequest', /'noSuch' does not exist on type 'Microsoft\.NAV\.customer'/],
    [{ lastModifiedDateTime: '2026-01-01T00:00:00Z' }, 'BadRequest', /'lastModifiedDateTime' is read-only/],
    [
      { paymentTermsId: bc.id },
      'Application_DialogException',
      /^The "paymentTermsId" does not match to a Payment Terms\./,
    ],
    [{ salespersonCode: 'NOBODY' }, 'Internal_InvalidTableRelation', /Salesperson Code of table Customer/],
    [{ currencyCode: 'QQQ' }, 'Application_DialogException', /^The "currencyCode" does not match to a Currency\./],
    [{ currencyId: euro, currencyCode: 'USD' }, 'Application_DialogException', /^The currency values do not match/],
    [{ creditLimit: '12' }, 'BadRequest', /'creditLimit'/],
    [{ id: euro }, 'Application_DialogException', /^The "id" cannot be changed\./],
  ]
  for (const [values, family, text] of cases) {
    const answer = patch(values)
    t.equal(answer.status, 400, JSON.stringify(values))
    t.equal(code(answer), family)
    t.match(message(answer), text)
  }
  t.match(message(bc.send('POST', `${bc.api}/customers`, {})), /^A "displayName" must be provided\./)
  t.same(bc.first('customers', "number eq '10000'"), row, 'nothing was written')
})

t.test('values are normalised as Business Central stores them', async (t) => {
  const bc = company()
  const made = bc.send('POST', `${bc.api}/customers`, {
    number: ' ab-1 ',
    displayName: 'Alpha',
    currencyCode: 'gbp',
  }).body
  t.equal(made['number'], 'AB-1')
  t.equal(made['currencyCode'], 'GBP', 'blank is shown as the local currency')
  t.equal(made['currencyId'], '00000000-0000-0000-0000-000000000000')
  t.equal(made['blocked'], '_x0020_')
  t.equal(made['phoneNumber'], '')
  const euro = bc.first('currencies', "code eq 'EUR'")
  const address = `${bc.api}/customers(${made['id']})`
  const after = bc.send('PATCH', address, { currencyId: euro['id'], phoneNumber: null }, { 'if-match': '*' }).body
  t.equal(after['currencyCode'], 'EUR', 'the id brings its code along')
  t.equal(after['phoneNumber'], '')
  t.equal(bc.first('customers', "number eq 'ab-1'")['id'], made['id'], 'codes are found in any case')
})

t.test('a new number renames the record and what refers to it', async (t) => {
  const bc = company()
  const order = bc.first('salesOrders', "number eq '101001'")
  const customer = bc.first('customers', `number eq '${order['customerNumber']}'`)
  const address = `${bc.api}/customers(${customer['id']})`
  t.equal(bc.send('PATCH', address, { number: '20000' }, { 'if-match': '*' }).status, 400)
  t.equal(bc.send('PATCH', address, { number: 'NEW-1' }, { 'if-match': '*' }).body['number'], 'NEW-1')
  const after = bc.first('salesOrders', "number eq '101001'")
  t.equal(after['customerNumber'], 'NEW-1')
  t.equal(after['customerId'], customer['id'])
  t.ok(bc.send('GET', `${address}/contactsInformation`).body['value'].length > 1)
})

t.test('deleting leaves no trace, and is refused for a customer with open documents', async (t) => {
  const bc = company()
  const busy = bc.first('customers', "number eq '10000'")
  const refused = bc.send('DELETE', `${bc.api}/customers(${busy['id']})`)
  t.match(message(refused), /^You cannot delete Customer 10000 because there is at least one outstanding Sales Order/)
  const made = bc.send('POST', `${bc.api}/customers`, { displayName: 'Alpha' }).body
  t.equal(bc.send('DELETE', `${bc.api}/customers(${made['id']})`).status, 204)
  t.equal(bc.send('GET', `${bc.api}/customers(${made['id']})`).status, 404)
})

t.test('a company contact loses its relation with its customer, and so do its persons', async (t) => {
  const bc = company()
  const relation = (number: unknown): unknown =>
    bc.first('contacts', `number eq '${String(number)}'`)['contactBusinessRelation']
  const customer = bc.send('POST', `${bc.api}/customers`, { displayName: 'Alpha' }).body
  const head = bc.first('contacts', "displayName eq 'Alpha'")
  const person = { type: 'Person', displayName: 'Ann Ek', companyNumber: head['number'] }
  const made = bc.send('POST', `${bc.api}/contacts`, person).body
  t.same([relation(head['number']), relation(made['number'])], ['Customer', 'Customer'])
  bc.send('DELETE', `${bc.api}/customers(${customer['id']})`)
  t.same([relation(head['number']), relation(made['number'])], ['None', 'None'])
  t.not(bc.first('contacts', "displayName eq 'Ann Ek'")['@odata.etag'], made['@odata.etag'])
})

t.test("a person's name and its parts follow each other", async (t) => {
  const bc = company()
  const person = bc.first('contacts', "number eq 'CT000201'")
  const view = `${bc.api}/customerContacts(${person['id']})`
  bc.send(
    'PATCH',
    `${bc.api}/contacts(${person['id']})`,
    { displayName: 'Anna Maria Louise Berg' },
    { 'if-match': '*' },
  )
  t.match(bc.send('GET', view).body, { firstName: 'Anna Maria', lastName: 'Berg' })
  bc.send('PATCH', view, { lastName: 'Holm' }, { 'if-match': '*' })
  t.equal(bc.first('contacts', "number eq 'CT000201'")['displayName'], 'Anna Maria Louise Holm')
  const customer = bc.first('customers', "number eq '10000'")
  const head = bc.send('GET', `${bc.api}/customers(${customer['id']})/contactsInformation`).body['value'][0]
  const made = bc.send('POST', `${bc.api}/contacts`, {
    type: 'Person',
    displayName: 'Ben Ek',
    companyNumber: head.contactNumber,
  }).body
  t.match(made, { companyName: 'The Cannon Group PLC', contactBusinessRelation: 'Customer' })
  t.equal(bc.send('GET', `${bc.api}/customerContacts(${made['id']})`).body['customerId'], customer['id'])
})

t.test('an order takes its defaults from customer and item, and adds up its lines', async (t) => {
  const bc = company()
  const made = bc.send('POST', `${bc.api}/salesOrders`, {
    customerNumber: '10000',
    externalDocumentNumber: 'CRM-1',
    salesOrderLines: [{ lineType: 'Item', lineObjectNumber: '1968-S', quantity: 2, discountPercent: 10 }],
  })
  t.equal(made.status, 201)
  const order = made.body
  t.match(order, { customerName: 'The Cannon Group PLC', status: 'Draft', salesperson: 'JO', currencyCode: 'GBP' })
  t.equal(order['totalAmountExcludingTax'], 221.94)
  t.equal(order['totalAmountIncludingTax'], 277.43)
  const lines = `${bc.api}/salesOrders(${order['id']})/salesOrderLines`
  const second = bc.send('POST', lines, { lineType: 'Item', lineObjectNumber: '1968-S', quantity: 1 })
  t.equal(second.body['sequence'], 20000)
  const taken = bc.send('POST', lines, { lineType: 'Item', lineObjectNumber: '1968-S', sequence: 20000 })
  t.equal(taken.status, 400)
  const after = bc.send('GET', `${bc.api}/salesOrders(${order['id']})`).body
  t.equal(after['totalAmountExcludingTax'], 345.24)
  t.not(after['@odata.etag'], order['@odata.etag'], 'a line moves its header')
  bc.send('DELETE', `${lines}(${second.body['id']})`)
  t.equal(bc.send('GET', `${bc.api}/salesOrders(${order['id']})`).body['totalAmountExcludingTax'], 221.94)
  const nobody = bc.send('POST', `${bc.api}/salesOrders`, { customerNumber: 'NOBODY' })
  t.match(message(nobody), /^The sell-to customer cannot be found\./)
  t.match(message(bc.send('POST', `${bc.api}/salesOrders`, {})), /^A "customerNumber" or a "customerId" must be/)
  const released = bc.first('salesOrders', "number eq '101001'")
  t.equal(released['status'], 'Open')
  const locked = bc.send('POST', `${bc.api}/salesOrders(${released['id']})/salesOrderLines`, { quantity: 1 })
  t.match(message(locked), /^Status must be equal to 'Open' {2}in Sales Header/)
})

t.test('amounts are rounded as the currency does, and VAT is taken out of prices that include it', async (t) => {
  const bc = company()
  const order = (header: Readonly<Record<string, unknown>>, line: Readonly<Record<string, unknown>>) => {
    const salesOrderLines = [{ lineType: 'Item', lineObjectNumber: '1968-S', ...line }]
    const { body } = bc.send('POST', `${bc.api}/salesOrders`, { customerNumber: '10000', ...header, salesOrderLines })
    const id = String(body['id'])
    return { order: body, line: bc.first('salesOrderLines', `documentId eq ${id}`) }
  }
  const gross = order({ pricesIncludeTax: true, discountAmount: 10 }, { quantity: 3, unitPrice: 124.99 })
  t.match(gross.line, { amountExcludingTax: 299.98, amountIncludingTax: 374.97 }, 'before the discount of the order')
  t.match(gross.line, { invoiceDiscountAllocation: 8, netAmount: 291.98, netTaxAmount: 72.99 }, 'and behind it')
  t.match(gross.order, { totalAmountExcludingTax: 291.98, totalTaxAmount: 72.99, totalAmountIncludingTax: 364.97 })
  bc.send('POST', `${bc.api}/currencies`, { code: 'KWD', displayName: 'Dinar', amountDecimalPlaces: '3:3' })
  t.match(order({ currencyCode: 'KWD' }, { quantity: 3, unitPrice: 0.41115 }).line, {
    netAmount: 1.233,
    netTaxAmount: 0.308,
    netAmountIncludingTax: 1.541,
  })
  t.match(order({}, { quantity: 1, unitPrice: 1.005 }).line, { netAmount: 1.01 }, 'a half is rounded up')
  t.match(order({}, { quantity: -3, unitPrice: 0.335 }).line, { netAmount: -1.01 }, 'away from zero')
  t.match(order({}, { quantity: 0, unitPrice: 5 }).line, { discountPercent: 0, netAmount: 0 })
  t.match(order({}, { quantity: 1, unitPrice: 5, discountPercent: 100 }).line, { discountAmount: 5, netAmount: 0 })
  t.match(order({}, { quantity: 1, unitPrice: 99_999_999.99 }).line, { netAmount: 99_999_999.99 })
  bc.service.hand.edit('CustomerCard', '10000', { Prices_Including_VAT: true })
  t.equal(order({}, { quantity: 1 }).order['pricesIncludeTax'], true, "as the customer's card says")
})

t.test('posting keeps the id and closes the document', async (t) => {
  const bc = company()
  const draft = bc.send('POST', `${bc.api}/salesInvoices`, {
    customerNumber: '10000',
    salesInvoiceLines: [{ lineType: 'Item', lineObjectNumber: '1968-S', quantity: 2 }],
  }).body
  t.equal(draft['status'], 'Draft')
  const address = `${bc.api}/salesInvoices(${draft['id']})`
  t.equal(bc.send('POST', `${address}/Microsoft.NAV.POST`).status, 204, 'in any case')
  const posted = bc.send('GET', address).body
  t.match(posted, { id: draft['id'], status: 'Open', remainingAmount: draft['totalAmountIncludingTax'] })
  t.equal(bc.send('PATCH', address, { externalDocumentNumber: 'X' }, { 'if-match': '*' }).status, 400)
  t.equal(bc.send('POST', `${address}/Microsoft.NAV.post`).status, 400, 'only once')
  t.equal(bc.send('POST', `${address}/Microsoft.NAV.fly`).status, 501)

  const quote = bc.send('POST', `${bc.api}/salesQuotes`, {
    customerNumber: '20000',
    salesQuoteLines: [{ lineType: 'Item', lineObjectNumber: '1968-S', quantity: 1 }],
  }).body
  t.equal(bc.send('POST', `${bc.api}/salesQuotes(${quote['id']})/Microsoft.NAV.makeOrder`).status, 204)
  t.equal(bc.send('GET', `${bc.api}/salesQuotes(${quote['id']})`).status, 404)
  const orders = bc.send('GET', `${bc.api}/salesOrders?$filter=customerNumber eq '20000' and status eq 'Draft'`).body[
    'value'
  ]
  t.equal(orders.length, 1)
  t.equal(orders[0].totalAmountExcludingTax, 123.3)
  bc.service.hand.act?.('salesOrders', orders[0].id, 'ship')
  t.equal(bc.send('GET', `${bc.api}/salesOrders(${orders[0].id})`).body['fullyShipped'], true, 'a person ships it')
  t.match(bc.first('salesOrderLines', `documentId eq ${orders[0].id}`), { quantity: 1, shippedQuantity: 1 })
  t.throws(() => bc.service.hand.act?.('salesOrders', orders[0].id, 'fold'), /nobody can fold; there are .*reopen/)
  t.equal(bc.send('POST', `${bc.api}/salesOrders(${orders[0].id})/Microsoft.NAV.shipAndInvoice`).status, 204)
  t.equal(bc.first('salesInvoices', `orderNumber eq '${orders[0].number}'`)['status'], 'Open')
})

t.test('parts of a batch stand alone', async (t) => {
  const bc = company()
  const row = bc.first('customers', "number eq '10000'")
  const headers = { Company: 'CRONUS International Ltd.', 'If-Match': '*' }
  const answer = bc.send('POST', '/api/v2.0/$batch', {
    requests: [
      { id: 'a', method: 'PATCH', url: `customers(${row['id']})`, headers, body: { blocked: 'Nope' } },
      { id: 'b', method: 'PATCH', url: `companies(${bc.id})/customers(${row['id']})`, headers, body: { city: 'York' } },
      { method: 'GET', url: `${bc.service.root}${bc.api}/customers/$count` },
    ],
  })
  t.match(answer.body['responses'], [
    { id: 'a', status: 400, body: { error: { code: 'Unknown' } } },
    { id: 'b', status: 200, body: { city: 'York' } },
    { id: null, status: 200, body: 66 },
  ])
  const requests = Array.from({ length: 101 }, () => ({ method: 'GET', url: 'customers?$top=1' }))
  const full = bc.send('POST', '/api/v2.0/$batch', { requests })
  t.equal(full.status, 500)
  t.match(message(full), /100/)
})

t.test('a snapshot batch reverts everything, and still reports what it reverted as done', async (t) => {
  const bc = company()
  const before = bc.first('customers', "number eq '10000'")
  const part = (values: Json) => ({
    method: 'PATCH',
    url: `customers(${before['id']})`,
    headers: { 'If-Match': '*' },
    body: values,
  })
  const send = (...requests: Json[]) =>
    bc.send('POST', '/api/v2.0/$batch', { requests }, { isolation: 'snapshot' }).body['responses']
  const responses = send(part({ city: 'York' }), part({ blocked: 'Nope' }), part({ city: 'Bath' }))
  t.same(
    responses.map((each: Json) => each['status']),
    [200, 400, 200],
  )
  t.same(bc.first('customers', "number eq '10000'"), before)
  t.same(
    send(part({ blocked: 'Nope' }), part({ city: 'Bath' })).map((each: Json) => each['status']),
    [400],
  )
  send(part({ city: 'York' }), part({ state: 'X' }))
  t.match(bc.first('customers', "number eq '10000'"), { city: 'York', state: 'X' })
})

t.test('a read-only intent is for reading', async (t) => {
  const bc = company()
  const headers = { 'data-access-intent': 'ReadOnly', 'if-match': '*' }
  t.equal(bc.send('GET', `${bc.api}/customers?$top=1`, undefined, headers).status, 200)
  t.equal(bc.send('POST', `${bc.api}/customers`, { displayName: 'X' }, headers).status, 400)
})

t.test('metadata names entities, keys, types and lengths', async (t) => {
  const bc = company()
  const text = bc.send('GET', '/api/v2.0/$metadata').body as unknown as string
  t.match(text, /<EntityType Name="customer"><Key><PropertyRef Name="id"\/><\/Key>/)
  t.match(text, /<Property Name="displayName" Type="Edm.String" MaxLength="100"\/>/)
  t.match(text, /<EntitySet Name="customers" EntityType="Microsoft.NAV.customer"\/>/)
  const pages = bc.send('GET', '/ODataV4/$metadata').body as unknown as string
  t.match(pages, /<EntityType Name="ItemUnitsOfMeasure"><Key><PropertyRef Name="Item_No"\/><PropertyRef Name="Code"\/>/)
})

t.test(
  'a person works by number, may stamp an edit late, and posts calculated fields without moving the stamp',
  async (t) => {
    const bc = company()
    const { service } = bc
    const late = service.hand.edit('customers', '10000', { city: 'York', lastModifiedDateTime: '2026-11-20T11:50:00Z' })
    t.match(late, { city: 'York', lastModifiedDateTime: '2026-11-20T11:50:00.000Z' })
    const before = bc.first('salesInvoices', "number eq '103001'")
    service.hand.edit('salesInvoices', '103001', { remainingAmount: 0 })
    t.same(
      bc.first('salesInvoices', "number eq '103001'"),
      { ...before, remainingAmount: 0 },
      'stamp and etag stand still',
    )
    t.throws(() => service.hand.edit('customers', '10000', { blocked: 'Nope' }), /is not an option/)
    t.throws(() => service.hand.delete('customers', 'NOBODY'), /does not exist/)
    const made = service.hand.create('items', { displayName: 'Lamp', baseUnitOfMeasureCode: 'PCS' })
    t.equal(service.hand.row('ItemUnitsOfMeasure', `${made['number'] as string}|PCS`)?.['Qty_per_Unit_of_Measure'], 1)
  },
)

const part = (url: string, body: Json) => ({
  method: 'PATCH',
  url,
  headers: { Company: 'CRONUS International Ltd.', 'Content-Type': 'application/json', 'If-Match': '*' },
  body,
})

t.test('the documented exchanges are answered as documented', async (t) => {
  const bc = company()
  const item = bc.first('items', "number eq '70000'")
  const id = item['id'] as string
  const batch = bc.send(
    'POST',
    '/api/v2.0/$batch',
    {
      requests: [
        part(`items(${id})`, { displayName: 'Touring Bicycle v2' }),
        part(`items(${id})/picture(${id})/contentValue`, { value: 'Picture Blob' }),
        part(`items(${id})`, { type: 'Invalid Type' }),
      ],
    },
    { isolation: 'snapshot' },
  )
  t.equal(batch.status, 200)
  const minimal = { 'content-type': 'application/json; odata.metadata=minimal', 'odata-version': '4.0' }
  const options =
    "'Invalid Type' is not an option. The existing options are: Inventory,Service,Non-Inventory  CorrelationId:"
  t.match(batch.body['responses'], [
    { id: null, status: 200, headers: minimal, body: { displayName: 'Touring Bicycle v2' } },
    { id: null, status: 204, headers: {} },
    {
      id: null,
      status: 400,
      headers: minimal,
      body: { error: { code: 'Unknown', message: new RegExp(`^${options}`) } },
    },
  ])
  t.equal(bc.first('items', "number eq '70000'")['displayName'], item['displayName'], 'nothing is kept')

  const { service } = bc
  const busy = service.refuse({ kind: 'requests', retryAfterSeconds: 7 })
  t.match(busy, { status: 429, headers: { 'OData-Version': '4.0', 'Retry-After': '7' } })
  t.equal(busy.body, undefined)
})

t.test('over HTTP: a token is asked for, five requests run at a time, more wait, too many are refused', async (t) => {
  const simulator = await startSimulator({
    businessCentral: businessCentral({ rows: demo.businessCentral }),
    limits: { businessCentral: { concurrent: 5, queued: 5 } },
    // Longer than twelve connections take to open on a busy machine.
    latencyMs: 500,
  })
  t.teardown(() => simulator.stop())
  const { url } = simulator.businessCentral
  t.match(url, /\/v2\.0\/contoso\.onmicrosoft\.com\/Production$/)
  t.equal((await fetch(`${url}/api/v2.0/companies`)).status, 401)
  const token = simulator.login.grant('app', 'https://api.businesscentral.dynamics.com/.default')
  const headers = { Authorization: `Bearer ${token}` }
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => fetch(`${url}/api/v2.0/customers?$top=1`, { headers })),
  )
  const statuses = answers.map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 200).length, 10)
  t.equal(statuses.filter((status) => status === 429).length, 2)
})

t.test('a subscription is made after a handshake, renewed with its etag, and ends after three days', async (t) => {
  let clock = now.getTime()
  let honest = true
  const asked: string[] = []
  const subscriber = createServer((request, response) => {
    const token = new URL(request.url ?? '', 'http://x').searchParams.get('validationToken') ?? ''
    asked.push(request.method ?? '')
    response.end(honest ? token : 'hello')
  })
  await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve))
  const simulator = await startSimulator({
    businessCentral: businessCentral({ rows: demo.businessCentral }),
    world: { now: () => new Date((clock += 10)) },
  })
  t.teardown(async () => {
    subscriber.close()
    await simulator.stop()
  })
  const token = simulator.login.grant('app', 'https://api.businesscentral.dynamics.com/.default')
  const subscriptions = `${simulator.businessCentral.url}/api/v2.0/subscriptions`
  const send = (method: string, url: string, body?: Json, more: Record<string, string> = {}) =>
    fetch(url, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...more },
      ...(body && { body: JSON.stringify(body) }),
    })
  const notificationUrl = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/hook`
  const made = await send('POST', subscriptions, { notificationUrl, resource: '/api/v2.0/customers', clientState: 'x' })
  t.equal(made.status, 201)
  t.same(asked, ['POST'])
  const row = (await made.json()) as Json
  t.equal(row['expirationDateTime'].slice(0, 10), '2026-11-23')
  const own = `${subscriptions}('${row['subscriptionId']}')`
  t.equal((await send('PATCH', own, {})).status, 400, 'renewing needs the etag')
  t.equal((await send('PATCH', own, {}, { 'If-Match': row['@odata.etag'] })).status, 200)
  t.equal((await send('POST', subscriptions, { notificationUrl, resource: '/api/v2.0/contacts' })).status, 400)
  honest = false
  t.equal((await send('POST', subscriptions, { notificationUrl, resource: '/api/v2.0/items' })).status, 400)
  clock += 4 * 24 * 3_600_000
  t.same(((await (await send('GET', subscriptions)).json()) as Json)['value'], [])
})

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

t.test(
  'subscribers are told of changes without their values, again when they were ill, never after they refused',
  async (t) => {
    let status = 200
    const told: Json[] = []
    const subscriber = createServer((request, response) => {
      const token = new URL(request.url ?? '', 'http://x').searchParams.get('validationToken')
      let body = ''
      request.on('data', (part: Buffer) => (body += part.toString()))
      request.on('end', () => {
        if (token === null) told.push(JSON.parse(body) as Json)
        response.writeHead(token === null ? status : 200).end(token ?? '')
      })
    })
    await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve))
    const simulator = await startSimulator({
      businessCentral: businessCentral({ rows: demo.businessCentral, subscriptionDelayMs: 20 }),
    })
    t.teardown(async () => {
      subscriber.close()
      await simulator.stop()
    })
    const token = simulator.login.grant('app', 'https://api.businesscentral.dynamics.com/.default')
    const subscriptions = `${simulator.businessCentral.url}/api/v2.0/subscriptions`
    const notificationUrl = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/hook`
    const headers = { Authorization: `Bearer ${token}` }
    const body = JSON.stringify({ notificationUrl, resource: '/api/v2.0/customers', clientState: 'x' })
    await fetch(subscriptions, { method: 'POST', headers, body })
    const listed = async (): Promise<number> =>
      ((await (await fetch(subscriptions, { headers })).json()) as { value: unknown[] }).value.length
    const hand = simulator.businessCentral
    hand.create('customers', { number: 'W1', displayName: 'Watched' })
    await until(() => told.length === 1)
    t.match(told[0], { value: [{ clientState: 'x', changeType: 'created', resource: /^\/api\/v2\.0\/customers\(/ }] })
    t.notMatch(JSON.stringify(told[0]), 'Watched')
    status = 503
    hand.edit('customers', 'W1', { phoneNumber: '1' })
    await until(() => told.length === 3)
    status = 200
    await until(() => told.length === 4)
    t.match(told[3], { value: [{ changeType: 'updated' }] })
    status = 404
    hand.delete('customers', 'W1')
    await until(async () => (await listed()) === 0)
    t.match(told.at(-1), { value: [{ changeType: 'deleted' }] })
  },
)
