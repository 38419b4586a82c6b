import { readFileSync } from 'node:fs'

import { DynamicsWebApi } from 'dynamics-web-api'
import t from 'tap'

import { dataverse } from '../../src/simulator/dataverse.ts'
import type { DataverseOptions } from '../../src/simulator/dataverse.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'

interface Test {
  teardown(done: () => unknown): void
}

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Row
  readonly text: string
}

interface Site {
  readonly simulator: Simulator
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>
  /** Id of a row just created. */
  readonly create: (set: string, values: Row) => Promise<string>
}

const NONE = '00000000-0000-0000-0000-00000000dead'

/** A simulator with Sales alone, a token, and a caller. Stopped when the test ends. */
async function site(
  t: Test,
  options: DataverseOptions = {},
  more: Omit<SimulatorOptions, 'sales'> = {},
): Promise<Site> {
  const simulator = await startSimulator({ sales: dataverse(options), ...more })
  t.teardown(() => simulator.stop())
  const token = simulator.login.grant('couplet', `${simulator.sales.url}/.default`)
  const call: Site['call'] = async (method, path, body, headers = {}) => {
    const address = path.startsWith('http') ? path : `${simulator.sales.url}/api/data/v9.2/${path}`
    const response = await fetch(address, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json') === true
    return { status: response.status, headers: response.headers, text, body: json ? (JSON.parse(text) as Row) : {} }
  }
  const create: Site['create'] = async (set, values) => {
    const reply = await call('POST', set, values)
    if (reply.status !== 204) throw new Error(`${set}: ${reply.status} ${reply.text}`)
    return /\(([^)]+)\)$/u.exec(reply.headers.get('odata-entityid') ?? '')?.[1] ?? ''
  }
  return { simulator, call, create }
}

const rows = (reply: Reply) => reply.body['value'] as Row[]
const code = (reply: Reply) => (reply.body['error'] as Row | undefined)?.['code']

/** A product ready for sale, with what it needs. */
async function shop({ call, create }: Site) {
  const group = await create('uomschedules', { name: 'ITEM 1000 UOM GR', baseuomname: 'PCS' })
  const units = rows(await call('GET', `uoms?$filter=_uomscheduleid_value eq ${group}`))
  const unit = units[0]?.['uomid'] as string
  const list = await create('pricelevels', { name: 'Default' })
  const product = await create('products', {
    name: 'Bicycle',
    productnumber: '1000',
    'defaultuomscheduleid@odata.bind': `/uomschedules(${group})`,
    'defaultuomid@odata.bind': `/uoms(${unit})`,
    quantitydecimal: 2,
  })
  const account = await create('accounts', { name: 'Adatum' })
  return { group, unit, units, list, product, account }
}

t.test('every documented exchange works', async (t) => {
  const here = await site(t, {
    duplicateDetection: true,
    keys: { example_record: [['example_key1', 'example_key2']] },
    tables: {
      sample_example: {
        set: 'sample_examples',
        id: 'sample_exampleid',
        name: 'sample_name',
        columns: { sample_exampleid: { type: 'Uniqueidentifier' }, sample_name: { type: 'String' } },
      },
      example_record: {
        set: 'example_records',
        id: 'example_recordid',
        name: 'example_name',
        columns: {
          example_recordid: { type: 'Uniqueidentifier' },
          example_name: { type: 'String' },
          example_key1: { type: 'Integer' },
          example_key2: { type: 'Integer' },
        },
      },
    },
  })
  const { simulator } = here
  const one = '00000000-0000-0000-0000-000000000001'
  const contact = simulator.sales.create('contacts', { lastname: 'Stubberod' })['contactid']
  const account = {
    accountid: one,
    name: 'Litware',
    description: 'd',
    revenue: 20_000,
    customertypecode: 1,
    _primarycontactid_value: contact,
  }
  const prepare: Record<string, () => void> = {
    'dv-upsert-ifmatch-404': () => simulator.sales.delete('accounts', one),
    'dv-duplicate-detected': () => simulator.sales.create('accounts', { name: 'Sample Account' }),
    'dv-updatemultiple': () => {
      for (const first of ['8', '9', '9']) {
        const at = simulator.sales.rows('sample_examples').length
        const id = ['8f4c3f92', '904c3f92', '914c3f92'][at] ?? first
        simulator.sales.create('sample_examples', { sample_exampleid: `${id}-312b-ee11-bdf4-000d3a993550` })
      }
    },
    'dv-upsert-rep-200': () => simulator.sales.create('example_records', { example_key1: 3, example_key2: 3 }),
    'dv-page-1': () =>
      ['Yvonne', 'Susanna', 'Nancy'].forEach((firstname) => simulator.sales.create('contacts', { firstname })),
    'dv-win-opportunity': () =>
      simulator.sales.create('opportunities', { opportunityid: 'b3828ac8-917a-e511-80d2-00155d2a68d2', name: 'o' }),
    'dv-cancel-order': () => simulator.sales.create('salesorders', { salesorderid: one, name: 'o' }),
  }
  const samples = JSON.parse(readFileSync(new URL('dataverse-exchanges.json', import.meta.url), 'utf8')) as Sample[]
  const spent = await site(t, {}, { limits: { sales: { requests: 0 } } })
  for (const { id, request, response } of samples) {
    if (simulator.sales.row('accounts', one) === undefined) simulator.sales.create('accounts', account)
    prepare[id]?.()
    const real = (text: string) =>
      text
        .replaceAll('{org}', id === 'dv-throttle-requests' ? spent.simulator.sales.url : simulator.sales.url)
        .replaceAll('{id}', one)
    const body =
      request.body === null
        ? undefined
        : real(typeof request.body === 'string' ? request.body : JSON.stringify(request.body))
    const { call } = id === 'dv-throttle-requests' ? spent : here
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const reply = await call(request.method, real(request.url), body, headers)
    t.equal(reply.status, response.status, `${id}: status, got ${reply.text.slice(0, 300)}`)
    for (const name of Object.keys(response.headers)) t.ok(reply.headers.get(name), `${id}: header ${name}`)
    if (typeof response.body === 'string') t.equal(reply.text, response.body, `${id}: text`)
    else t.strictSame(shape(reply.body), shape(response.body ?? {}), `${id}: shape`)
  }
})

interface Sample {
  readonly id: string
  readonly request: { method: string; url: string; headers: Record<string, string>; body: unknown }
  readonly response: { status: number; headers: Record<string, string>; body: unknown }
}

/** Names of all properties, and the kind of each value; of a refusal the texts themselves. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])]
  if (typeof value !== 'object' || value === null) return value === null ? null : 'value'
  const { '@odata.context': _context, error, ...rest } = value as Row
  if (error !== undefined)
    return (error as Row)['message'] === undefined ? null : String((error as Row)['message']).trim()
  // What a sample leaves blank says nothing about its kind.
  return Object.fromEntries(
    Object.entries(rest)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, typeof part === 'object' && part !== null ? shape(part) : 'value']),
  )
}

t.test('a row is created, read, changed under its etag and deleted', async (t) => {
  const { call, create } = await site(t)
  const id = await create('accounts', { name: 'Adatum', creditlimit: 1000.456, telephone1: '' })
  const read = await call(
    'GET',
    `accounts(${id})?$select=name,creditlimit,telephone1,statecode,_ownerid_value,modifiedon`,
  )
  t.equal(read.body['telephone1'], null, 'an empty text is stored as nothing')
  t.equal(read.body['creditlimit'], 1000.46)
  t.equal(read.body['statecode'], 0)
  t.ok(read.body['_ownerid_value'], 'the caller owns it')
  t.match(read.body['modifiedon'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u)
  const etag = read.body['@odata.etag'] as string
  t.equal((await call('GET', `accounts(${id})`, undefined, { 'if-none-match': etag })).status, 304)
  t.equal((await call('PATCH', `accounts(${id})`, { name: 'B' }, { 'if-match': etag })).status, 204)
  const stale = await call('PATCH', `accounts(${id})`, { name: 'C' }, { 'if-match': etag })
  t.equal(stale.status, 412)
  t.equal(code(stale), '0x80060882')
  t.equal((await call('DELETE', `accounts(${id})`, undefined, { 'if-match': etag })).status, 412)
  t.equal((await call('DELETE', `accounts(${id})`)).status, 204)
  const gone = await call('GET', `accounts(${id})`)
  t.equal(gone.status, 404)
  t.equal(code(gone), '0x80040217')
})

t.test('a client key makes creation insert-only and repeatable', async (t) => {
  const { call } = await site(t)
  const id = '3e0f8a4a-1111-4222-8333-000000000001'
  t.equal((await call('PATCH', `accounts(${id})`, { name: 'A' }, { 'if-none-match': '*' })).status, 204)
  t.equal((await call('PATCH', `accounts(${id})`, { name: 'B' }, { 'if-none-match': '*' })).status, 412)
  const again = await call('POST', 'accounts', { accountid: id, name: 'C' })
  t.equal(again.status, 412)
  t.equal(code(again), '0x80040237')
  t.equal((await call('GET', `accounts(${id})/name`)).body['value'], 'A')
  const upsert = await call('PATCH', `accounts(${id})?$select=name`, { name: 'D' }, { prefer: 'return=representation' })
  t.equal(upsert.status, 200)
  t.strictSame(Object.keys(upsert.body).sort(), ['@odata.context', '@odata.etag', 'accountid', 'name'])
  t.equal((await call('PATCH', `accounts(${NONE})`, { name: 'x' }, { 'if-match': '*' })).status, 404)
})

t.test('values are checked as the service checks them', async (t) => {
  const { call } = await site(t)
  const refusal = async (values: Row) => {
    const reply = await call('POST', 'accounts', values)
    return `${reply.status} ${String(code(reply))}`
  }
  t.equal(await refusal({ name: 'x'.repeat(161) }), '400 0x80044331')
  t.equal(await refusal({ name: 'x', nosuch: 1 }), '400 0x80048d19')
  t.equal(await refusal({ name: 7 }), '400 0x80048d19')
  t.equal(await refusal({ name: 'x', customertypecode: 99 }), '400 0x8004431a')
  t.equal(await refusal({ name: 'x', paymenttermscode: 99 }), '400 0x8004431a')
  t.equal(await refusal({ name: 'x', _primarycontactid_value: NONE }), '400 0x80048d19')
  t.equal(
    await refusal({ name: 'x', 'PrimaryContactId@odata.bind': `/contacts(${NONE})` }),
    '400 0x80048d19',
    'navigation names mind case',
  )
  t.equal(await refusal({ name: 'x', 'primarycontactid@odata.bind': `/contacts(${NONE})` }), '404 0x80040217')
  t.equal(await refusal({ name: 'x', statuscode: 2 }), '400 0x80048408', 'status of another state')
  t.equal(
    (await call('POST', 'accounts', { name: 'x', createdon: '2001-01-01T00:00:00Z' })).status,
    204,
    'a read-only column is dropped',
  )
  t.equal((await call('POST', 'nosuch', {})).status, 404)
  t.equal((await call('GET', 'accounts?$select=nosuch')).status, 400)
  t.equal((await call('GET', 'accounts?$filter=accountnumber eq 5')).status, 400)
  t.equal((await call('GET', 'accounts?$skip=5')).status, 400)
})

t.test('lookups are written by navigation and read by value, several tables or one', async (t) => {
  const { call, create, simulator } = await site(t)
  const account = await create('accounts', { name: 'Adatum' })
  const contact = await create('contacts', {
    firstname: 'Ann',
    lastname: 'Lee',
    'parentcustomerid_account@odata.bind': `accounts(${account})`,
  })
  const annotations = { prefer: 'odata.include-annotations="*"' }
  const read = await call(
    'GET',
    `contacts(${contact})?$select=fullname,_parentcustomerid_value`,
    undefined,
    annotations,
  )
  t.match(read.body, {
    fullname: 'Ann Lee',
    _parentcustomerid_value: account,
    '_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'account',
    '_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty': 'parentcustomerid_account',
    '_parentcustomerid_value@OData.Community.Display.V1.FormattedValue': 'Adatum',
  })
  const other = await create('contacts', { lastname: 'Boss' })
  await call('PATCH', `contacts(${contact})`, { 'parentcustomerid_contact@odata.bind': `/contacts(${other})` })
  const moved = await call(
    'GET',
    `contacts(${contact})?$expand=parentcustomerid_contact($select=lastname),parentcustomerid_account`,
  )
  t.match(moved.body, { parentcustomerid_contact: { lastname: 'Boss' }, parentcustomerid_account: null })
  t.equal(
    (await call('PATCH', `contacts(${contact})`, { 'parentcustomerid_account@odata.bind': `/contacts(${other})` }))
      .status,
    400,
  )
  await call('PATCH', `contacts(${contact})`, { parentcustomerid_contact: null })
  t.equal(simulator.sales.row('contacts', contact)?.['_parentcustomerid_value'], null)
  await call('POST', `accounts(${account})/contact_customer_accounts/$ref`, {
    '@odata.id': `${simulator.sales.url}/api/data/v9.2/contacts(${contact})`,
  })
  t.match(await call('GET', `accounts(${account})/contact_customer_accounts/$count`), { text: /1$/u })
  const expanded = await call(
    'GET',
    `accounts(${account})?$select=name&$expand=contact_customer_accounts($select=lastname;$filter=lastname eq 'lee')`,
  )
  t.match(expanded.body, { contact_customer_accounts: [{ lastname: 'Lee' }] })
  await call('DELETE', `accounts(${account})/contact_customer_accounts(${contact})/$ref`)
  t.match(await call('GET', `accounts(${account})/contact_customer_accounts/$count`), { text: /0$/u })
  const team = simulator.sales.create('teams', { name: 'Owners' })['teamid'] as string
  await call('PATCH', `accounts(${account})`, { 'ownerid@odata.bind': `/teams(${team})` })
  const owned = await call('GET', `accounts?$filter=_ownerid_value eq ${team}&$select=name`, undefined, annotations)
  t.match(rows(owned), [{ '_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': undefined, name: 'Adatum' }])
})

t.test('collections are filtered, ordered and paged', async (t) => {
  const { call, simulator } = await site(t)
  const made = Array.from({ length: 12 }, (_, at) => ({
    name: `Account ${String(at).padStart(2, '0')}`,
    accountnumber: `C${at}`,
  }))
  for (const values of made) simulator.sales.create('accounts', values)
  const seen: unknown[] = []
  let next: string | undefined = 'accounts?$select=name'
  let pages = 0
  while (next !== undefined) {
    const page: Reply = await call('GET', next, undefined, { prefer: 'odata.maxpagesize=5' })
    t.equal(page.headers.get('preference-applied'), 'odata.maxpagesize=5')
    seen.push(...rows(page).map((row) => row['name']))
    next = page.body['@odata.nextLink'] as string | undefined
    pages++
  }
  t.equal(pages, 3)
  t.strictSame(
    seen.map(String).toSorted((a, b) => a.localeCompare(b)),
    made.map((row) => row.name),
  )
  const ordered: unknown[] = []
  next = "accounts?$select=name&$orderby=name desc&$filter=contains(name,'account')&$count=true"
  while (next !== undefined) {
    const page: Reply = await call('GET', next, undefined, { prefer: 'odata.maxpagesize=7' })
    t.equal(page.body['@odata.count'], 12)
    ordered.push(...rows(page).map((row) => row['name']))
    next = page.body['@odata.nextLink'] as string | undefined
  }
  t.strictSame(ordered, made.map((row) => row.name).reverse())
  t.equal(rows(await call('GET', 'accounts?$top=4')).length, 4)
  const few = await call('GET', "accounts?$select=accountnumber&$filter=accountnumber eq 'c3' or accountnumber eq 'C5'")
  t.equal(rows(few).length, 2, 'texts compare without regard to case')
  const listed = await call(
    'GET',
    `accounts?$filter=Microsoft.Dynamics.CRM.In(PropertyName='accountnumber',PropertyValues=["C1","C2","x"])`,
  )
  t.equal(rows(listed).length, 2)
  t.match(rows(await call('GET', 'accounts?$apply=aggregate(modifiedon with max as m,$count as n)')), [{ n: 12 }])
  t.match((await call('GET', 'accounts/$count')).text, /^\uFEFF?12$/u)
})

t.test('change tracking tells what changed and what is gone', async (t) => {
  let now = new Date('2026-01-01T08:00:00Z')
  const { call, create, simulator } = await site(t, { changeTracking: { team: false } }, { world: { now: () => now } })
  const ids = [
    await create('accounts', { name: 'A' }),
    await create('accounts', { name: 'B' }),
    await create('accounts', { name: 'C' }),
  ]
  const track = { prefer: 'odata.track-changes,odata.maxpagesize=2' }
  const first = await call('GET', 'accounts?$select=name', undefined, track)
  t.equal(rows(first).length, 2)
  simulator.sales.edit('accounts', 'A', { name: 'A2' })
  const second = await call('GET', first.body['@odata.nextLink'] as string, undefined, track)
  const link = second.body['@odata.deltaLink'] as string
  t.match(link, /\$deltatoken=\d+!\d\d%2F\d\d%2F\d{4}%20/iu)
  simulator.sales.delete('accounts', 'B')
  simulator.sales.create('accounts', { name: 'D' })
  simulator.sales.delete('accounts', 'D')
  const delta = await call('GET', link)
  t.match(delta.body['@odata.context'], /#accounts\(name\)\/\$delta$/u)
  const [changed, ...deleted] = rows(delta)
  t.equal(changed?.['name'], 'A2', 'a change made while the first pages were read is not lost')
  t.strictSame(
    deleted.map((row) => [row['reason'], typeof row['id']]),
    [
      ['deleted', 'string'],
      ['deleted', 'string'],
    ],
  )
  t.equal(deleted[0]?.['id'], ids[1])
  t.match((await call('GET', link.replace('accounts?', 'accounts/$count?'))).text, /3$/u)
  const quiet = await call('GET', delta.body['@odata.deltaLink'] as string)
  t.strictSame(rows(quiet), [])
  t.equal((await call('GET', "accounts?$filter=name eq 'A'", undefined, track)).status, 400)
  t.equal((await call('GET', 'teams', undefined, track)).status, 400, 'a table without change tracking')
  now = new Date('2026-01-09T08:00:01Z')
  t.equal(code(await call('GET', quiet.body['@odata.deltaLink'] as string)), '0x80044352')
})

t.test('a delta of many pages neither repeats nor loses', async (t) => {
  const { call, simulator } = await site(t)
  const start = await call('GET', 'accounts?$select=name', undefined, { prefer: 'odata.track-changes' })
  for (let at = 0; at < 7; at++) simulator.sales.create('accounts', { name: `N${at}` })
  for (const name of ['N1', 'N2', 'N3']) simulator.sales.delete('accounts', name)
  const seen: Row[] = []
  let next = start.body['@odata.deltaLink'] as string | undefined
  let last = ''
  while (next !== undefined) {
    const page: Reply = await call('GET', next, undefined, { prefer: 'odata.maxpagesize=2' })
    if (seen.length === 0) simulator.sales.edit('accounts', 'N6', { name: 'N6b' })
    seen.push(...rows(page))
    next = page.body['@odata.nextLink'] as string | undefined
    last = (page.body['@odata.deltaLink'] as string | undefined) ?? last
  }
  t.strictSame(
    seen.map((row) => row['name'] ?? row['reason']),
    ['N0', 'N4', 'N5', 'deleted', 'deleted', 'deleted'],
  )
  t.match(rows(await call('GET', last)), [{ name: 'N6b' }], 'what moved while reading comes next time')
})

const CRLF = '\r\n'
function part(request: string, body?: unknown, headers: readonly string[] = [], contentId?: string): string {
  const id = contentId === undefined ? [] : [`Content-ID: ${contentId}`]
  const type = body === undefined ? [] : ['Content-Type: application/json; type=entry']
  const head = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary', ...id, '']
  return [
    ...head,
    `${request} HTTP/1.1`,
    ...headers,
    ...type,
    '',
    body === undefined ? '' : JSON.stringify(body),
    '',
  ].join(CRLF)
}
function batch(parts: readonly string[]): string {
  return `${parts.map((text) => `--b${CRLF}${text}`).join('')}--b--${CRLF}`
}
function changeSet(parts: readonly string[]): string {
  return `Content-Type: multipart/mixed;boundary=c${CRLF}${CRLF}${parts.map((text) => `--c${CRLF}${text}`).join('')}--c--${CRLF}`
}
const MULTIPART = { 'content-type': 'multipart/mixed;boundary=b' }
const statuses = (reply: Reply) => [...reply.text.matchAll(/HTTP\/1\.1 (\d+)/gu)].map(([, status]) => Number(status))

t.test('a batch answers each part, and a change set is all or nothing', async (t) => {
  const { call, simulator } = await site(t)
  const set = changeSet([
    part('POST /api/data/v9.2/accounts', { name: 'Parent' }, [], '1'),
    part('POST contacts', { lastname: 'Child', 'parentcustomerid_account@odata.bind': '$1' }, [], '2'),
    part('PATCH $1', { telephone1: '5' }, [], '3'),
  ])
  const good = await call('POST', '$batch', batch([set, part('GET /api/data/v9.2/accounts?$select=name')]), MULTIPART)
  t.equal(good.status, 200)
  t.strictSame(statuses(good), [204, 204, 204, 200])
  t.match(good.text, /Content-ID: 2/u)
  t.equal(simulator.sales.row('accounts', 'Parent')?.['telephone1'], '5')
  const broken = changeSet([
    part('POST accounts', { name: 'Lost' }, [], '1'),
    part(`PATCH accounts(${NONE})`, { name: 'x' }, ['If-Match: *'], '2'),
  ])
  const bad = await call('POST', '$batch', batch([broken, part('POST accounts', { name: 'Never' })]), MULTIPART)
  t.equal(bad.status, 400)
  t.strictSame(statuses(bad), [404], 'one answer for the whole set, nothing after it')
  t.equal(simulator.sales.row('accounts', 'Lost'), undefined)
  t.equal(simulator.sales.row('accounts', 'Never'), undefined)
  const goOn = { ...MULTIPART, prefer: 'odata.continue-on-error' }
  const both = await call('POST', '$batch', batch([broken, part('POST accounts', { name: 'After' })]), goOn)
  t.equal(both.status, 200)
  t.strictSame(statuses(both), [404, 204])
  const undeclared = changeSet([
    part('POST contacts', { lastname: 'x', 'parentcustomerid_account@odata.bind': '$1' }, [], '2'),
  ])
  const text = await call('POST', '$batch', batch([undeclared]), MULTIPART)
  t.equal(text.status, 400)
  t.equal(text.text, "Content-ID Reference: '$1' does not exist in the batch context.")
  const counts = simulator.requests().sales
  t.equal(counts.batches, 4)
  t.equal(counts.parts, 10)
})

t.test('several rows at once are one transaction', async (t) => {
  const { call, simulator } = await site(t)
  const type = { '@odata.type': 'Microsoft.Dynamics.CRM.account' }
  const action = (name: string, targets: Row[]) =>
    call('POST', `accounts/Microsoft.Dynamics.CRM.${name}`, { Targets: targets })
  const made = await action('CreateMultiple', [
    { ...type, name: 'A' },
    { ...type, name: 'B' },
  ])
  t.equal(made.status, 200)
  const [a = '', b = ''] = made.body['Ids'] as string[]
  t.equal(
    (
      await action('CreateMultiple', [
        { ...type, name: 'C' },
        { ...type, name: 'x'.repeat(200) },
      ])
    ).status,
    400,
  )
  t.equal(simulator.sales.rows('accounts').length, 2)
  t.equal(
    (
      await action('UpdateMultiple', [
        { ...type, accountid: a, name: 'A2' },
        { ...type, accountid: b, name: 'B2' },
      ])
    ).status,
    204,
  )
  t.equal((await action('UpsertMultiple', [{ ...type, accountid: NONE, name: 'New' }])).status, 204)
  t.equal(simulator.sales.row('accounts', NONE)?.['name'], 'New')
  t.equal((await action('CreateMultiple', [{ name: 'no type' }])).status, 400)
  t.equal((await call('POST', 'uoms/Microsoft.Dynamics.CRM.CreateMultiple', { Targets: [] })).status, 404)
})

t.test('metadata tells tables, columns, choices and relationships', async (t) => {
  const { call } = await site(t, { changeTracking: { uom: false }, keys: { account: [['accountnumber']] } })
  const table = await call(
    'GET',
    "EntityDefinitions(LogicalName='account')?$select=EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled&$expand=Keys($select=KeyAttributes)",
  )
  t.match(table.body, {
    EntitySetName: 'accounts',
    PrimaryIdAttribute: 'accountid',
    ChangeTrackingEnabled: true,
    Keys: [{ KeyAttributes: ['accountnumber'] }],
  })
  const untracked = await call('GET', 'EntityDefinitions?$select=LogicalName&$filter=ChangeTrackingEnabled eq false')
  t.match(rows(untracked), [{ LogicalName: 'uom' }])
  const columns = await call(
    'GET',
    "EntityDefinitions(LogicalName='account')/Attributes?$select=LogicalName,AttributeType,RequiredLevel,IsValidForUpdate&$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist' and IsValidForUpdate eq true",
  )
  t.ok(rows(columns).some((column) => column['LogicalName'] === 'paymenttermscode'))
  t.ok(rows(columns).every((column) => column['AttributeType'] === 'Picklist'))
  const cast =
    'Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet'
  const choices = rows(await call('GET', `EntityDefinitions(LogicalName='account')/${cast}`))
  const terms = choices.find((column) => column['LogicalName'] === 'paymenttermscode')?.['OptionSet'] as Row
  t.match((terms['Options'] as Row[])[0], { Value: 1, Label: { LocalizedLabels: [{ Label: 'Net 30' }] } })
  const single = await call(
    'GET',
    "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=MaxLength",
  )
  t.equal(single.body['MaxLength'], 160)
  const relations = rows(
    await call(
      'GET',
      "EntityDefinitions(LogicalName='contact')/ManyToOneRelationships?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName",
    ),
  )
  t.ok(
    relations.some(
      (one) =>
        one['ReferencingEntityNavigationPropertyName'] === 'parentcustomerid_account' &&
        one['ReferencedEntity'] === 'account',
    ),
  )
  t.equal((await call('GET', "EntityDefinitions(LogicalName='nosuch')")).status, 404)
  t.match(
    (await call('GET', '$metadata')).text,
    /<EntitySet Name="accounts" EntityType="Microsoft.Dynamics.CRM.account">/u,
  )
  t.ok(rows(await call('GET', '')).some((set) => set['name'] === 'contacts'))
  t.match((await call('GET', 'WhoAmI()')).body, { UserId: String })
  t.match(
    rows(
      await call(
        'GET',
        'organizations?$select=expirechangetrackingindays&$expand=basecurrencyid($select=isocurrencycode)',
      ),
    ),
    [{ expirechangetrackingindays: 7, basecurrencyid: { isocurrencycode: 'USD' } }],
  )
})

t.test('a new option counts once it is published, and expires change tokens', async (t) => {
  const { call, create } = await site(t)
  const id = await create('accounts', { name: 'A' })
  const tracked = await call('GET', 'accounts?$select=name', undefined, { prefer: 'odata.track-changes' })
  const option = { EntityLogicalName: 'account', AttributeLogicalName: 'paymenttermscode', Value: 779_800_001 }
  const label = { Label: { LocalizedLabels: [{ Label: '14 DAYS', LanguageCode: 1033 }] } }
  t.equal((await call('POST', 'InsertOptionValue', { ...option, ...label })).body['NewOptionValue'], 779_800_001)
  t.equal((await call('PATCH', `accounts(${id})`, { paymenttermscode: 779_800_001 })).status, 400)
  t.equal((await call('GET', tracked.body['@odata.deltaLink'] as string)).status, 200)
  const publish = { ParameterXml: '<importexportxml><entities><entity>account</entity></entities></importexportxml>' }
  t.equal((await call('POST', 'PublishXml', publish)).status, 204)
  t.equal((await call('PATCH', `accounts(${id})`, { paymenttermscode: 779_800_001 })).status, 204)
  t.equal(code(await call('GET', tracked.body['@odata.deltaLink'] as string)), '0x80044352')
  await call('POST', 'UpdateOptionValue', {
    ...option,
    Label: { LocalizedLabels: [{ Label: '15 DAYS', LanguageCode: 1033 }] },
  })
  await call('POST', 'PublishAllXml', {})
  const read = await call('GET', `accounts(${id})?$select=paymenttermscode`, undefined, {
    prefer: 'odata.include-annotations="*"',
  })
  t.equal(read.body['paymenttermscode@OData.Community.Display.V1.FormattedValue'], '15 DAYS')
})

t.test('products, units, prices and currencies follow the rules of Sales', async (t) => {
  const here = await site(t)
  const { call, create } = here
  const { group, unit, units, list, product } = await shop(here)
  t.match(units, [{ name: 'PCS', quantity: 1, isschedulebaseuom: true }], 'the unit group made its base unit')
  t.match((await call('GET', `products(${product})`)).body, { statecode: 2, statuscode: 0 }, 'a draft')
  t.equal((await call('PATCH', `products(${product})`, { statecode: 0 })).status, 204)
  t.match((await call('GET', `products(${product})`)).body, { statecode: 0, statuscode: 1 })
  t.equal((await call('PATCH', `products(${product})`, { statecode: 2 })).status, 400)
  const other = await create('uomschedules', { name: 'Other', baseuomname: 'KG' })
  t.equal(
    (await call('PATCH', `products(${product})`, { 'defaultuomscheduleid@odata.bind': `/uomschedules(${other})` }))
      .status,
    400,
  )
  t.equal(
    (await call('POST', 'uoms', { name: 'BOX', quantity: 4, 'uomscheduleid@odata.bind': `/uomschedules(${group})` }))
      .status,
    400,
    'baseuom is needed',
  )
  const box = await create('uoms', {
    name: 'BOX',
    quantity: 4,
    'uomscheduleid@odata.bind': `/uomschedules(${group})`,
    'baseuom@odata.bind': `/uoms(${unit})`,
  })
  const line = {
    'pricelevelid@odata.bind': `/pricelevels(${list})`,
    'productid@odata.bind': `/products(${product})`,
    'uomid@odata.bind': `/uoms(${unit})`,
    amount: 12.5,
  }
  const { 'pricelevelid@odata.bind': _list, ...withoutList } = line
  const { 'productid@odata.bind': _product, ...withoutProduct } = line
  t.equal((await call('POST', 'productpricelevels', withoutList)).status, 400)
  t.equal((await call('POST', 'productpricelevels', withoutProduct)).status, 400)
  await create('productpricelevels', line)
  t.equal((await call('POST', 'productpricelevels', line)).status, 412, 'product and unit once in a list')
  await create('productpricelevels', { ...line, 'uomid@odata.bind': `/uoms(${box})` })
  t.equal((await call('DELETE', `products(${product})`)).status, 405)
  t.equal((await call('DELETE', `uomschedules(${group})`)).status, 405)
  t.equal(
    (
      await call('POST', 'products', {
        name: 'x',
        productnumber: '1000',
        'defaultuomscheduleid@odata.bind': `/uomschedules(${group})`,
        'defaultuomid@odata.bind': `/uoms(${unit})`,
      })
    ).status,
    412,
  )
  const euro = { isocurrencycode: 'EUR', currencyname: 'Euro', currencysymbol: '€', currencyprecision: 2 }
  t.equal((await call('POST', 'transactioncurrencies', { ...euro, exchangerate: 0 })).status, 400)
  const currency = await create('transactioncurrencies', { ...euro, exchangerate: 0.8 })
  t.equal((await call('POST', 'transactioncurrencies', { ...euro, exchangerate: 0.8 })).status, 412)
  await call('PATCH', `transactioncurrencies(${currency})`, { isocurrencycode: 'EUX' })
  t.equal(
    (await call('GET', `transactioncurrencies(${currency})/isocurrencycode`)).body['value'],
    'EUR',
    'written once',
  )
  const foreign = await create('accounts', {
    name: 'F',
    creditlimit: 80,
    'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currency})`,
  })
  t.match((await call('GET', `accounts(${foreign})`)).body, { creditlimit_base: 100, exchangerate: 0.8 })
})

t.test('orders and invoices follow the rules of Sales', async (t) => {
  const here = await site(t)
  const { call, create } = here
  const { unit, list, product, account } = await shop(here)
  await create('productpricelevels', {
    'pricelevelid@odata.bind': `/pricelevels(${list})`,
    'productid@odata.bind': `/products(${product})`,
    'uomid@odata.bind': `/uoms(${unit})`,
    amount: 10,
  })
  const header = {
    name: 'O',
    'customerid_account@odata.bind': `/accounts(${account})`,
    'pricelevelid@odata.bind': `/pricelevels(${list})`,
  }
  const order = await create('salesorders', header)
  const wares = { 'productid@odata.bind': `/products(${product})`, 'uomid@odata.bind': `/uoms(${unit})`, quantity: 3 }
  const line = await create('salesorderdetails', {
    ...wares,
    'salesorderid@odata.bind': `/salesorders(${order})`,
    tax: 6,
  })
  t.match((await call('GET', `salesorders(${order})`)).body, {
    totallineitemamount: 30,
    totaltax: 6,
    totalamount: 36,
    ordernumber: /^ORD-/u,
  })
  await call('PATCH', `salesorderdetails(${line})`, { quantity: 4 })
  t.equal((await call('GET', `salesorders(${order})/totalamount`)).body['value'], 46, 'totals follow the line')
  t.equal(
    (await call('POST', 'salesorderdetails', { quantity: 1, 'salesorderid@odata.bind': `/salesorders(${order})` }))
      .status,
    400,
    'a write-in has a description',
  )
  t.equal((await call('PATCH', `salesorders(${order})`, { statecode: 1, statuscode: 3 })).status, 204)
  t.equal((await call('PATCH', `salesorders(${order})`, { description: 'x' })).status, 400, 'submitted')
  t.equal((await call('PATCH', `salesorderdetails(${line})`, { quantity: 5 })).status, 400)
  const unlocked = changeSet([
    part(`PATCH salesorders(${order})`, { statecode: 0, statuscode: 1 }, ['If-Match: *'], '1'),
    part(`PATCH salesorders(${order})`, { description: 'x' }, ['If-Match: *'], '2'),
    part(`PATCH salesorders(${order})`, { statecode: 1, statuscode: 3 }, ['If-Match: *'], '3'),
  ])
  t.equal((await call('POST', '$batch', batch([unlocked]), MULTIPART)).status, 200)
  t.match((await call('GET', `salesorders(${order})`)).body, { description: 'x', statecode: 1, statuscode: 3 })
  t.equal((await call('DELETE', `accounts(${account})`)).status, 405, 'its orders hold the account')

  const invoice = await create('invoices', header)
  const detail = await create('invoicedetails', {
    ...wares,
    'invoiceid@odata.bind': `/invoices(${invoice})`,
    ispriceoverridden: true,
    priceperunit: 7,
    extendedamount: 999,
    baseamount: 999,
  })
  t.match(
    (await call('GET', `invoicedetails(${detail})`)).body,
    { baseamount: 21, extendedamount: 21 },
    'amounts given at insert are dropped',
  )
  await call('PATCH', `invoicedetails(${detail})`, { manualdiscountamount: 1, baseamount: 22, extendedamount: 25 })
  t.match(
    (await call('GET', `invoicedetails(${detail})`)).body,
    { baseamount: 22, extendedamount: 25 },
    'a second update keeps them',
  )
  t.equal((await call('PATCH', `invoices(${invoice})`, { statecode: 2, statuscode: 100_001 })).status, 204)
  t.equal((await call('PATCH', `invoices(${invoice})`, { name: 'x' })).status, 400, 'paid')
  t.equal((await call('DELETE', `invoicedetails(${detail})`)).status, 400)
})

t.test('a client that others wrote works against it', async (t) => {
  const { simulator, create } = await site(t, { keys: { account: [['accountnumber']] } })
  const token = simulator.login.grant('dynamics-web-api', `${simulator.sales.url}/.default`)
  const api = new DynamicsWebApi({
    serverUrl: simulator.sales.url,
    dataApi: { version: '9.2' },
    onTokenRefresh: () => Promise.resolve(token),
  })
  for (let at = 0; at < 5; at++) await create('accounts', { name: `O'Neil`, accountnumber: `C${at}` })
  const key = simulator.sales.rows('accounts')[0]?.['accountid'] as string
  t.match(await api.retrieve({ collection: 'accounts', key, select: ['name'] }), { name: "O'Neil" })
  const found = await api.retrieveMultiple({
    collection: 'accounts',
    select: ['name'],
    filter: "name eq 'O''Neil'",
    maxPageSize: 3,
  })
  t.equal(found.value.length, 3)
  t.ok(found['@odata.nextLink'])
  t.equal((await api.retrieveAll({ collection: 'accounts', select: ['name'] })).value.length, 5)
  const tracked = await api.retrieveMultiple({ collection: 'accounts', select: ['name'], trackChanges: true })
  t.ok(tracked['@odata.deltaLink'])
  const made = (await api.create({
    collection: 'accounts',
    data: { name: 'n', accountnumber: 'C9' },
  })) as unknown as string
  t.match(made, /^[\da-f-]{36}$/u)
  await api.upsert({ collection: 'accounts', key: "accountnumber='C9'", data: { name: 'upserted' } })
  t.equal(simulator.sales.row('accounts', made)?.['name'], 'upserted')
  await api.upsert({ collection: 'accounts', key: "accountnumber='C10'", data: { name: 'new' } })
  t.equal(simulator.sales.row('accounts', 'C10')?.['name'], 'new')
  const stale = await api.update({ collection: 'accounts', key, data: { name: 'x' }, ifmatch: 'W/"1"' })
  t.equal(stale, false, 'this client gives false for 412')
  await api.deleteRecord({ collection: 'accounts', key: made })
  t.equal(simulator.sales.row('accounts', made), undefined)
  api.startBatch()
  void api.create({ collection: 'accounts', data: { name: 'a' }, contentId: '1' })
  void api.create({
    collection: 'contacts',
    data: { lastname: 'b', 'parentcustomerid_account@odata.bind': '$1' },
    contentId: '2',
  })
  const results = await api.executeBatch()
  t.equal(results.length, 2)
  t.ok(simulator.sales.row('accounts', 'a'))
})

t.test('tokens are given to who may have them, and checked', async (t) => {
  const { simulator } = await site(t, {}, { login: { clients: { app: 'right' }, expiresInSeconds: 1 } })
  const scope = `${simulator.sales.url}/.default`
  const ask = async (form: Record<string, string>) => {
    const response = await fetch(`${simulator.authority}/contoso/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'app', scope, ...form }),
    })
    return { status: response.status, body: (await response.json()) as Row }
  }
  const wrong = await ask({ client_secret: 'wrong' })
  t.equal(wrong.status, 401)
  t.match(wrong.body, { error: 'invalid_client', error_description: /^AADSTS7000215/u })
  const asserted = await ask({
    client_assertion: 'x',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  t.equal(asserted.status, 200)
  const read = async (token: unknown) =>
    (
      await fetch(`${simulator.sales.url}/api/data/v9.2/WhoAmI`, {
        headers: { authorization: `Bearer ${String(token)}` },
      })
    ).status
  const good = await ask({ client_secret: 'right' })
  t.match(good.body, { token_type: 'Bearer', expires_in: 1 })
  t.equal(await read(good.body['access_token']), 200)
  t.equal(await read('nonsense'), 401)
  const foreign = await ask({ client_secret: 'right', scope: 'https://api.businesscentral.dynamics.com/.default' })
  t.equal(await read(foreign.body['access_token']), 401, 'a token for the other service')
  const identity = await fetch(
    `${simulator.authority}/msi/token?api-version=2019-08-01&resource=${encodeURIComponent(simulator.sales.url)}`,
    {
      headers: { 'x-identity-header': 'identity' },
    },
  )
  t.equal(await read(((await identity.json()) as Row)['access_token']), 200)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  t.equal(await read(good.body['access_token']), 401, 'an expired token')
})

t.test('a copy that lags answers reads with what stood there before, and a change token of then', async (t) => {
  let now = Date.UTC(2024, 0, 15)
  const { call, create, simulator } = await site(t, {}, { world: { now: () => new Date(now) } })
  simulator.savepoint()
  const kept = await create('accounts', { name: 'kept' })
  const gone = await create('accounts', { name: 'gone' })
  const track = { prefer: 'odata.track-changes' }
  const first = (await call('GET', 'accounts?$select=name', undefined, track)).body['@odata.deltaLink'] as string
  now += 60_000
  simulator.sales.edit('accounts', kept, { name: 'edited' })
  simulator.sales.delete('accounts', gone)
  await create('accounts', { name: 'new' })
  simulator.faults.add({ do: { lagMs: 30_000 } })
  t.equal((await call('GET', `accounts(${kept})?$select=name`)).body['name'], 'kept')
  t.equal((await call('GET', `accounts(${gone})?$select=name`)).status, 200)
  const told = (await call('GET', first)).body
  t.same(told['value'], [], 'nothing has changed yet')
  simulator.faults.clear()
  const later = (await call('GET', told['@odata.deltaLink'] as string)).body['value'] as readonly Row[]
  t.same(new Set(later.map((row) => row['name'] ?? row['reason'])), new Set(['deleted', 'edited', 'new']))
  t.equal((await call('GET', `accounts(${kept})?$select=name`)).body['name'], 'edited')
  t.equal((await call('GET', `accounts(${gone})?$select=name`)).status, 404)
})

t.test('limits, faults and counts work, in process and by control routes', async (t) => {
  const limits = { sales: { requests: 8, windowSeconds: 300, concurrent: 2, retryAfterSeconds: 3 } }
  const { call, simulator } = await site(t, {}, { limits, latencyMs: 30 })
  const crowd = await Promise.all([1, 2, 3].map(() => call('GET', 'accounts')))
  t.strictSame(
    crowd.map((reply) => reply.status).toSorted((a, b) => a - b),
    [200, 200, 429],
  )
  const refusedOne = crowd.find((reply) => reply.status === 429)
  t.equal(refusedOne && code(refusedOne), '0x80072326')
  t.equal(refusedOne?.headers.get('retry-after'), '3')
  t.equal(crowd.find((reply) => reply.status === 200)?.headers.get('x-ms-dop-hint'), '4')
  t.equal(simulator.requests().sales.maxConcurrent, 3)
  const control = (method: string, path: string, body?: unknown) =>
    fetch(`${simulator.sales.url}/control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  await control('POST', 'faults', { match: { method: 'POST', path: 'accounts' }, do: { drop: 'after' } })
  await t.rejects(call('POST', 'accounts', { name: 'committed' }))
  t.ok(simulator.sales.row('accounts', 'committed'), 'lost after the commit')
  await control('DELETE', 'faults')
  simulator.faults.add({ match: { path: 'accounts' }, do: { drop: 'before' } })
  await t.rejects(call('POST', 'accounts', { name: 'never' }))
  t.equal(simulator.sales.row('accounts', 'never'), undefined, 'lost before the commit')
  simulator.faults.clear()
  simulator.faults.add({ match: { part: true, nth: 2 }, do: { status: 503, retryAfter: 1 } })
  const parts = ['p1', 'p2', 'p3'].map((name) => part('POST accounts', { name }))
  const reply = await call('POST', '$batch', batch(parts), { ...MULTIPART, prefer: 'odata.continue-on-error' })
  t.strictSame(statuses(reply), [204, 503, 204])
  const edited = await control('POST', 'edit', {
    service: 'sales',
    set: 'accounts',
    key: 'p1',
    values: { name: 'by hand' },
  })
  t.match(await edited.json(), { name: 'by hand' })
  t.equal(((await (await control('GET', 'rows/sales/accounts/by%20hand')).json()) as Row)['name'], 'by hand')
  const counted = (await (await control('GET', 'requests')).json()) as Record<string, Row>
  t.match(counted['sales'], { batches: 1, parts: 3, reads: 3 })
  for (let at = 0; at < 5; at++) await call('GET', 'accounts')
  const spent = await call('GET', 'accounts')
  t.equal(code(spent), '0x80072322')
})
