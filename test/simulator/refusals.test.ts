/** What the simulated services refuse, each in its own words, so that a client that asks wrongly is told here too. */
import t, { type Test } from 'tap'
import { businessCentral } from '../../src/simulator/business-central.ts'
import { dataverse } from '../../src/simulator/dataverse.ts'
import { seed } from '../../src/simulator/seed.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'

type Json = Record<string, unknown>
interface Reply {
  readonly status: number
  readonly text: string
  readonly body: Json
}
type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>
/** What is asked, and what comes back: status and words. */
type Row = readonly [
  method: string,
  path: string,
  body: unknown,
  status: number,
  said: RegExp,
  headers?: Record<string, string>,
]

const unknown = '11111111-1111-1111-1111-111111111111'
const simulator = await startSimulator({
  sales: dataverse({}),
  businessCentral: businessCentral({ rows: seed({ now: new Date('2026-11-20T12:00:00.000Z') }).businessCentral }),
})
t.teardown(() => simulator.stop())

const asking =
  (root: string, token: string): Ask =>
  async (method, path, body, headers = {}) => {
    const response = await fetch(path.startsWith('http') ? path : `${root}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, text, body: text.startsWith('{') ? (JSON.parse(text) as Json) : {} }
  }

async function answered(t: Test, ask: Ask, rows: readonly Row[]): Promise<void> {
  for (const [method, path, body, status, said, headers] of rows) {
    const reply = await ask(method, path, body, headers)
    const title = `${method} ${path} ${JSON.stringify(body ?? '')}`
    t.equal(reply.status, status, `${title}: ${reply.text.slice(0, 200)}`)
    t.match(reply.text, said, title)
  }
}

const multiple = (name: string): string => `accounts/Microsoft.Dynamics.CRM.${name}`
const part = (inner: string): string => `--b\r\nContent-Type: application/http\r\n\r\n${inner}\r\n--b--\r\n`
const changes = (inner: string): string =>
  `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n${inner}\r\n--c--\r\n--b--\r\n`
const listOf = ({ body }: Reply): readonly Json[] => body['value'] as readonly Json[]
const textOf = (row: Json | undefined, name: string): string => String(row?.[name])

t.test('Business Central: values, records and documents that do not fit', async (t) => {
  const token = simulator.login.grant('couplet', 'https://api.businesscentral.dynamics.com/.default')
  const root = `${simulator.businessCentral.url}/api/v2.0`
  const [company] = listOf(await asking(root, token)('GET', 'companies'))
  const ask = asking(`${root}/companies(${textOf(company, 'id')})`, token)
  const [customer, other] = listOf(await ask('GET', 'customers?$top=2'))
  const [item, second] = listOf(await ask('GET', 'items?$top=2'))
  const [group] = listOf(await ask('GET', "contacts?$top=1&$filter=type eq 'Company'"))
  const order = (await ask('POST', 'salesOrders', { customerNumber: customer?.['number'] })).body
  const lines = `salesOrders(${textOf(order, 'id')})/salesOrderLines`
  const line = (await ask('POST', lines, { itemId: item?.['id'], quantity: 2 })).body
  const one = `customers(${textOf(customer, 'id')})`
  const any = { 'if-match': '*' }
  await answered(t, ask, [
    ['POST', 'salesOrders', { customerNumber: 'NOBODY' }, 400, /sell-to customer cannot be found/],
    ['POST', 'salesOrders', { customerNumber: customer?.['number'], orderDate: 'tomorrow' }, 400, /'Edm\.Date'/],
    ['POST', 'salesOrders', { customerNumber: customer?.['number'], customerId: other?.['id'] }, 400, /do not match/],
    ['POST', 'salesOrderLines', { quantity: 1 }, 400, /must specify an Id or a Document Id/],
    ['POST', lines, { lineType: 'Item', lineObjectNumber: 'NOPE' }, 400, /Item does not exist/],
    ['POST', lines, { description: 'a remark' }, 201, /"lineType":"Comment"/],
    ['PATCH', `${lines}(${textOf(line, 'id')})`, { discountAmount: 1 }, 200, /"discountAmount":1/, any],
    [
      'PATCH',
      `${lines}(${textOf(line, 'id')})`,
      { lineObjectNumber: second?.['number'] },
      200,
      /lineObjectNumber/,
      any,
    ],
    ['POST', 'items', { number: 'X1', inventory: 5 }, 400, /Inventory cannot be changed/],
    ['POST', 'items', { number: 'X2', blocked: 'yes' }, 400, /'Edm\.Boolean'/],
    ['POST', 'items', { number: 'X3', itemCategoryId: unknown }, 400, /does not match to a Item Category/],
    ['POST', 'items', { number: 'X4', type: ' ' }, 400, /not an option.*Inventory,Service/],
    ['POST', 'customers', { number: 'C1', blocked: ' ' }, 400, /"displayName\\" must be provided/],
    ['POST', 'customers', { number: 'C2', blocked: 'Sometimes' }, 400, /not an option.*Ship,Invoice,All/],
    ['POST', 'customers', { number: 'C3', paymentTermsId: 'no-guid' }, 400, /Invalid format of GUID/],
    ['POST', 'customers', { number: 'C4', paymentTermsId: unknown }, 400, /does not match to a Payment Terms/],
    ['PATCH', one, '{', 400, /not a JSON object/, any],
    ['PATCH', `customers(${unknown})`, {}, 404, /does not exist/, any],
    ['POST', 'items', { number: 'X5', displayName: 'X' }, 204, /^$/, { prefer: 'return-no-content' }],
    ['PATCH', `contacts(${textOf(group, 'id')})`, { displayName: 'Renamed' }, 200, /"displayName":"Renamed"/, any],
    ['POST', 'contacts', { type: 'Person', displayName: 'Ann' }, 201, /"type":"Person"/],
  ])
})

t.test('Business Central: addresses that lead nowhere', async (t) => {
  const token = simulator.login.grant('couplet', 'https://api.businesscentral.dynamics.com/.default')
  const ask = asking(`${simulator.businessCentral.url}/api/v2.0`, token)
  const [company] = listOf(await ask('GET', 'companies'))
  const below = `companies(${textOf(company, 'id')})`
  const [customer] = listOf(await ask('GET', `${below}/customers?$top=1`))
  const one = `${below}/customers(${textOf(customer, 'id')})`
  await answered(t, ask, [
    ['GET', `${below}/nothing`, undefined, 404, /segment 'nothing'/],
    ['GET', `${one}/nothing`, undefined, 404, /segment 'nothing'/],
    ['GET', `${one}/picture`, undefined, 404, /segment 'picture'/],
    ['DELETE', `${below}/customers`, undefined, 405, /does not allow/],
    ['POST', `${one}/Microsoft.NAV.nothing`, undefined, 501, /'nothing' is not offered/],
    ['PUT', 'subscriptions', {}, 405, /does not allow/],
    ['GET', "subscriptions('x')", undefined, 404, /does not exist/],
    ['POST', 'subscriptions', '{', 400, /./],
    ['POST', 'subscriptions', { resource: 'nothing', notificationUrl: 'http://127.0.0.1:1/' }, 400, /./],
  ])
})

t.test('Sales: values and records that do not fit', async (t) => {
  const token = simulator.login.grant('couplet', `${simulator.sales.url}/.default`)
  const ask = asking(`${simulator.sales.url}/api/data/v9.2`, token)
  const made = async (set: string, values: Json): Promise<string> => {
    const { body, status, text } = await ask('POST', set, values, { prefer: 'return=representation' })
    t.equal(status, 201, text)
    return String(body[`${{ salesorders: 'salesorder' }[set] ?? set.slice(0, -1)}id`])
  }
  const group = await made('uomschedules', { name: 'G', baseuomname: 'PCS' })
  const weights = await made('uomschedules', { name: 'W', baseuomname: 'KG' })
  const unitOf = async (id: string): Promise<string> =>
    textOf(listOf(await ask('GET', `uoms?$filter=_uomscheduleid_value eq ${id}`))[0], 'uomid')
  const [unit, weight] = [await unitOf(group), await unitOf(weights)]
  const list = await made('pricelevels', { name: 'P' })
  const bound = { 'defaultuomscheduleid@odata.bind': `/uomschedules(${group})`, quantitydecimal: 2 }
  const product = await made('products', {
    name: 'B',
    productnumber: '1',
    ...bound,
    'defaultuomid@odata.bind': `/uoms(${unit})`,
  })
  const of = { 'uomscheduleid@odata.bind': `/uomschedules(${group})` }
  const label = { LocalizedLabels: [{ Label: 'x', LanguageCode: 1033 }] }
  const terms = { EntityLogicalName: 'account', AttributeLogicalName: 'paymenttermscode' }
  await answered(t, ask, [
    ['POST', 'uomschedules', { name: 'X' }, 400, /baseuomname is missing/],
    [
      'POST',
      'uoms',
      { name: 'DOZ', quantity: 0, ...of, 'baseuom@odata.bind': `/uoms(${unit})` },
      400,
      /greater than zero/,
    ],
    [
      'POST',
      'uoms',
      { name: 'DOZ', quantity: 12, ...of, 'baseuom@odata.bind': `/uoms(${weight})` },
      400,
      /another unit group/,
    ],
    ['PATCH', `uoms(${unit})`, { quantity: 0 }, 400, /greater than zero/],
    [
      'POST',
      'products',
      { name: 'C', productnumber: '2', ...bound, 'defaultuomid@odata.bind': `/uoms(${weight})` },
      400,
      /default unit does not belong/,
    ],
    [
      'POST',
      'productpricelevels',
      {
        'pricelevelid@odata.bind': `/pricelevels(${list})`,
        'productid@odata.bind': `/products(${product})`,
        'uomid@odata.bind': `/uoms(${weight})`,
        amount: 1,
      },
      400,
      /unit does not belong/,
    ],
    ['POST', 'accounts', { nothing: 1 }, 400, /Invalid property 'nothing'/],
    ['POST', 'accounts', { donotphone: 'yes' }, 400, /Edm\.Boolean/],
    ['POST', 'accounts', { numberofemployees: 1.5 }, 400, /Edm\.Int32/],
    ['POST', 'accounts', { accountid: 'x' }, 400, /Edm\.Guid/],
    ['POST', 'accounts', { creditlimit: 1e18 }, 400, /outside the valid range/],
    ['POST', 'salesorders', { requestdeliveryby: 'soon' }, 400, /requestdeliveryby|Edm\.Date/],
    ['POST', 'salesorders', { requestdeliveryby: '1700-01-01' }, 400, /less than minumum value/],
    ['POST', multiple('CreateMultiple'), {}, 400, /Targets is missing/],
    ['POST', multiple('UpdateMultiple'), { Targets: [{ name: 'x' }] }, 400, /'@odata\.type' of a target is missing/],
    [
      'POST',
      multiple('UpdateMultiple'),
      { Targets: [{ '@odata.type': 'Microsoft.Dynamics.CRM.account', name: 'x' }] },
      400,
      /accountid of a target is missing/,
    ],
    ['POST', multiple('DeleteMultiple'), {}, 400, /not yet been implemented/],
    ['POST', 'InsertOptionValue', { ...terms, AttributeLogicalName: 'nothing', Label: label }, 400, /no such choice/],
    ['POST', 'InsertOptionValue', { ...terms, Value: 1, Label: label }, 400, /value 1 already exists/],
    ['POST', 'InsertOptionValue', terms, 400, /Label is missing/],
    ['POST', 'UpdateOptionValue', { ...terms, Value: 999, Label: label }, 400, /no option with the value 999/],
  ])
})

t.test('Sales: questions and addresses that do not fit', async (t) => {
  const token = simulator.login.grant('couplet', `${simulator.sales.url}/.default`)
  const ask = asking(`${simulator.sales.url}/api/data/v9.2`, token)
  const { body } = await ask('POST', 'accounts', { name: 'Adatum' }, { prefer: 'return=representation' })
  const one = `accounts(${textOf(body, 'accountid')})`
  await answered(t, ask, [
    ['GET', 'accounts?$orderby=name up', undefined, 400, /Syntax error in \$orderby/],
    ['GET', 'accounts?$orderby=nothing', undefined, 400, /property named 'nothing'/],
    ['GET', 'accounts?$expand=nothing', undefined, 400, /property named 'nothing'/],
    ['GET', 'accounts?$expand=primarycontactid(', undefined, 400, /Syntax error in \$expand/],
    ['GET', "accounts?$filter=substringof('a',name)", undefined, 400, /function with name 'substringof'/],
    ['GET', 'accounts?$filter=primarycontactid/nothing eq 1', undefined, 400, /property named 'nothing'/],
    ['GET', "accounts?$skiptoken=<cookie pagenumber='2' pagingcookie='x' />", undefined, 400, /Malformed XML/],
    ['GET', 'accounts?%zz', undefined, 400, /not well encoded/],
    ['GET', 'accounts(x)', undefined, 400, /not a defined key/],
    ['GET', `${one}/nothing`, undefined, 404, /segment 'nothing'/],
    ['DELETE', 'accounts', undefined, 405, /does not support http method 'DELETE'/],
    ['PUT', one, {}, 405, /does not support http method 'PUT'/],
    ['PUT', `${one}/name`, { value: 'New' }, 204, /^$/],
    ['GET', `${one}/name`, undefined, 200, /"value":"New"/],
    ['GET', `${one}/primarycontactid`, undefined, 204, /^$/],
    ['POST', `${one}/contact_customer_accounts/$ref`, {}, 400, /address of the other row is missing/],
    ['PUT', `${one}/primarycontactid/$ref`, { '@odata.id': `contacts(${unknown})` }, 404, /Does Not Exist/],
    ['PATCH', one, '[', 400, /Error identified in Payload/],
  ])
})

t.test('Sales: batches that are none', async (t) => {
  const token = simulator.login.grant('couplet', `${simulator.sales.url}/.default`)
  const ask = asking(`${simulator.sales.url}/api/data/v9.2`, token)
  const mixed = { 'content-type': 'multipart/mixed; boundary=b' }
  await answered(t, ask, [
    ['POST', '$batch', 'x', 400, /not a multipart\/mixed batch/],
    ['POST', '$batch', '--b\r\n', 400, /does not end with its boundary/, mixed],
    ['POST', '$batch', part('GET'), 400, /request line 'GET' cannot be read/, mixed],
    ['POST', '$batch', part('POST $batch HTTP/1.1\r\n\r\nx'), 400, /batch inside a batch/, mixed],
    ['POST', '$batch', changes('GET /api/data/v9.2/accounts HTTP/1.1\r\n\r\n'), 400, /cannot contain GET/, mixed],
    [
      'POST',
      '$batch',
      changes('PATCH $9 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}'),
      400,
      /'\$9' does not exist in the batch context/,
      mixed,
    ],
  ])
})

t.test('the routes of control tell what they do not know, and do by hand what a person does', async (t) => {
  const ask = asking(new URL('/control', simulator.sales.url).href, '')
  const account = async (): Promise<string> =>
    textOf(
      (await ask('POST', 'create', { service: 'sales', set: 'accounts', values: { name: 'A' } })).body,
      'accountid',
    )
  const key = await account()
  await answered(t, ask, [
    ['GET', 'nothing', undefined, 404, /no control route GET \/control\/nothing/],
    ['POST', 'nothing', { service: 'sales', set: 'accounts' }, 404, /no control route/],
    ['GET', 'sets/nobody', undefined, 400, /no service nobody; there are/],
    ['GET', 'sets/sales', undefined, 200, /accounts/],
    ['GET', 'rows/sales/accounts', undefined, 200, /"name":"A"/],
    ['GET', `rows/sales/accounts/${key}`, undefined, 200, /"name":"A"/],
    ['POST', 'act', { service: 'sales', set: 'accounts', key, action: 'press' }, 400, /has no buttons/],
    ['POST', 'delete', { service: 'sales', set: 'accounts', key }, 204, /^$/],
    ['GET', `rows/sales/accounts/${key}`, undefined, 404, /no row/],
    ['DELETE', 'requests', undefined, 204, /^$/],
    ['DELETE', 'faults', undefined, 204, /^$/],
    ['POST', 'revoke', undefined, 204, /^$/],
  ])
})
