/** The pure parts: addresses, filters, batches, rows, verdicts, retries. */
import { readFileSync } from 'node:fs'
import { array, assert, constant, constantFrom, double, jsonValue, oneof, property, string } from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import type { Connection } from '../../src/config/config.ts'
import {
  below,
  businessCentralAddress,
  encoded,
  relativeUrl,
  salesAddress,
  urlOf,
} from '../../src/connector/address.ts'
import type { Part } from '../../src/connector/batch.ts'
import { decodeJsonBatch, encodeJsonBatch } from '../../src/connector/batch-json.ts'
import { decodeMultipart, encodeMultipart } from '../../src/connector/batch-multipart.ts'
import { catalog, ownOf } from '../../src/connector/catalog.ts'
import { entityTypes } from '../../src/connector/csdl.ts'
import { dialects } from '../../src/connector/dialect.ts'
import type { Verdict } from '../../src/connector/dialect.ts'
import { encode } from '../../src/connector/encode.ts'
import { failureOf } from '../../src/connector/failure.ts'
import { parseExact } from '../../src/connector/exact-json.ts'
import { pace } from '../../src/connector/pace.ts'
import { parallel } from '../../src/connector/parallel.ts'
import { proxyFor, proxySettings } from '../../src/connector/proxy.ts'
import { and, changedSince, fitsInList, inList, keyOf, literal, orChain, pieces } from '../../src/connector/query.ts'
import { refusalOf, serviceError } from '../../src/connector/refusal.ts'
import { retryAfterMs, waitBeforeRetry } from '../../src/connector/retry.ts'
import type { Attempt } from '../../src/connector/retry.ts'
import { changeOf, partOf, properties, upsertOf } from '../../src/connector/rows.ts'
import type { Shape } from '../../src/connector/rows.ts'
import { scrub } from '../../src/connector/scrub.ts'
import type { Description } from '../../src/core/record.ts'
import { canonical } from '../../src/core/values.ts'
import { answerBatch } from '../../src/simulator/dataverse-batch.ts'
import { parseFilter } from '../../src/simulator/query-syntax.ts'
import { texts } from '../awkward.ts'
import { forAll } from '../property.ts'
import { connectionTo, id, standard } from './world.ts'

const online = 'https://api.businesscentral.dynamics.com/v2.0/contoso/Production'
const connection = (url: string): Connection =>
  connectionTo({ sales: { url }, authority: 'https://login' }, 'sales', 'x')

t.test('addresses', async (t) => {
  const company = { id: id(1), name: "Bob's & Sons" }
  const at = (url: string, entity: Parameters<typeof businessCentralAddress>[1]): string =>
    urlOf(businessCentralAddress(connection(url), entity, company))
  t.equal(at(online, standard('customers')), `${online}/api/v2.0/companies(${id(1)})/customers`)
  t.equal(
    at(online, { kind: 'custom', route: 'contoso/sync/v1.0', entity: 'tiers' }),
    `${online}/api/contoso/sync/v1.0/companies(${id(1)})/tiers`,
  )
  const card = { kind: 'service', entity: 'ItemCard', key: ['No'] } as const
  t.equal(at(online, card), `${online}/ODataV4/Company('Bob''s%20%26%20Sons')/ItemCard`)
  t.equal(
    at('https://erp.local:7048/BC250?tenant=default', standard('items')),
    `https://erp.local:7048/BC250/api/v2.0/companies(${id(1)})/items?tenant=default`,
  )
  const accounts = salesAddress(connection('https://org.crm4.dynamics.com'), 'accounts')
  t.equal(
    urlOf(accounts, { $select: 'name,_ownerid_value', $filter: "name eq 'A&B #1'", $top: undefined }),
    "https://org.crm4.dynamics.com/api/data/v9.2/accounts?$select=name,_ownerid_value&$filter=name%20eq%20'A%26B%20%231'",
  )
  t.equal(relativeUrl(below(accounts, "Item_No='1/ 2',Code='Ä?'")), "accounts(Item_No='1%2F%202',Code='%C3%84%3F')")
  t.equal(relativeUrl(below(accounts, id(2), 'lines')), `accounts(${id(2)})/lines`)
})

t.test('literals and filters', async (t) => {
  t.equal(literal("O'Neil"), "'O''Neil'")
  t.equal(literal(null), 'null')
  t.equal(literal(id(1).toUpperCase(), { type: 'guid' }), id(1))
  t.equal(literal('1 or 1 eq 1', { type: 'integer' }), "'1 or 1 eq 1'", 'what is no number stays a text')
  t.equal(literal('2024-01-31', { type: 'date' }), '2024-01-31')
  t.equal(literal('_x0020_', { type: 'choice' }), "'_x0020_'")
  t.equal(literal('3', { type: 'choice' }), '3')
  t.equal(literal(12.5, { type: 'decimal' }), '12.5')
  t.equal(orChain('number', ["'1'", "'2'"]), "number eq '1' or number eq '2'")
  t.equal(inList('name', ['a', "b'"]), `Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=["a","b'"])`)
  t.equal(and('a eq 1', undefined, '', 'b eq 2 or b eq 3'), '(a eq 1) and (b eq 2 or b eq 3)')
  t.equal(and(undefined, 'a eq 1'), 'a eq 1')
  t.equal(changedSince('m', '2024-01-01T00:10:00.000Z'), 'm ge 2023-12-31T23:55:00.000Z')
  t.equal(changedSince('m', '2024-01-01T00:00:00.000Z', { type: 'date' }), 'm ge 2023-12-31')
  t.strictSame(pieces([1, 2, 3], 2), [[1, 2], [3]])
  const key = {
    key: ['Item_No', 'Line_No'],
    columns: { Item_No: { type: 'code' }, Line_No: { type: 'integer' } },
  } as const
  t.equal(keyOf({ Item_No: "1'0", Line_No: 10000 }, key), "Item_No='1''0',Line_No=10000")
  t.equal(keyOf({ Item_No: '1' }, key), undefined)
})

const parts: readonly Part[] = [
  { method: 'PATCH', url: 'customers(1)', headers: { 'If-Match': 'W/"x"' }, body: { name: 'Ä "quoted"\r\n--b' } },
  { method: 'DELETE', url: 'customers(2)', headers: {} },
  { method: 'POST', url: 'customers', headers: {}, body: {} },
]

const statusesIn = (responses: unknown, count = 3): readonly unknown[] =>
  decodeJsonBatch({ responses }, count).map((answers) => answers?.[0]?.status)

const response = (status: number, id?: unknown): unknown => ({ id, status, headers: {}, body: {} })

t.test('JSON batches', async (t) => {
  t.strictSame(JSON.parse(encodeJsonBatch(parts.slice(0, 2))), {
    requests: [
      {
        id: '1',
        method: 'PATCH',
        url: 'customers(1)',
        headers: { 'Content-Type': 'application/json', 'If-Match': 'W/"x"' },
        body: parts[0]?.body,
      },
      { id: '2', method: 'DELETE', url: 'customers(2)', headers: {} },
    ],
  })
  t.strictSame(statusesIn([response(201, '3'), response(200, '1'), response(204, '2')]), [200, 204, 201], 'reordered')
  t.strictSame(statusesIn([response(200, '1'), response(201, 3)]), [200, undefined, 201], 'missing')
  t.strictSame(
    statusesIn([response(200, null), response(204, null), response(201)]),
    [200, 204, 201],
    'without ids, complete',
  )
  t.strictSame(
    statusesIn([response(200, null), response(204, null)]),
    [undefined, undefined, undefined],
    'without ids, incomplete',
  )
  t.strictSame(statusesIn([response(200, '7'), { id: '1' }, null]), [undefined, undefined, undefined], 'nonsense')
  t.strictSame(decodeJsonBatch('no json', 1), [undefined])
  const sample = JSON.parse(readFileSync(new URL('batch-sample.json', import.meta.url), 'utf8')) as {
    responses: unknown[]
  }
  t.strictSame(statusesIn(sample.responses), [200, 204, 400], 'the documented answer')
})

const http = (status: number, body = '', contentId?: number): string =>
  [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    '',
    `HTTP/1.1 ${status} Some Reason`,
    'ETag: W/"9"',
    'Content-Type: application/json',
    '',
    body,
  ].join('\r\n')

const whole = (sections: readonly string[], boundary = 'r'): string =>
  sections.map((section) => `--${boundary}\r\n${section}\r\n`).join('') + `--${boundary}--\r\n`

t.test('multipart batches', async (t) => {
  const [patch, remove, post] = parts as [Part, Part, Part]
  const text = encodeMultipart([[patch], [remove, post]], 'b1')
  t.equal(
    text,
    [
      '--b1',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      '',
      'PATCH customers(1) HTTP/1.1',
      'Content-Type: application/json; type=entry',
      'If-Match: W/"x"',
      '',
      '{"name":"Ä \\"quoted\\"\\r\\n--b"}',
      '--b1',
      'Content-Type: multipart/mixed; boundary="set2_b1"',
      '',
      '--set2_b1',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      'Content-ID: 1',
      '',
      'DELETE customers(2) HTTP/1.1',
      '',
      '',
      '--set2_b1',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      'Content-ID: 2',
      '',
      'POST customers HTTP/1.1',
      'Content-Type: application/json; type=entry',
      '',
      '{}',
      '--set2_b1--',
      '--b1--',
      '',
    ].join('\r\n'),
  )
  const set = (...sections: readonly string[]): string =>
    `Content-Type: multipart/mixed; boundary=c\r\n\r\n${whole(sections, 'c')}`
  const decode = (text: string, groups = [[patch], [remove, post]]): readonly unknown[] =>
    decodeMultipart(text, 'multipart/mixed; boundary=r', groups).map((answers) => answers?.map((one) => one.status))
  t.strictSame(decode(whole([http(200, '{"a":1}'), set(http(204, '', 1), http(201, '{}', 2))])), [[200], [204, 201]])
  t.strictSame(decode(whole([http(200), set(http(201, '{}', 2), http(204, '', 1))])), [[200], [204, 201]], 'reordered')
  t.strictSame(decode(whole([http(412, '{}'), set(http(400, '{}'))])), [[412], [400]], 'a failed set has one answer')
  t.strictSame(decode(whole([http(412, '{}'), http(400, '{}')])), [[412], [400]], 'also outside its own section')
  t.strictSame(decode(whole([http(200)])), [undefined, undefined], 'incomplete')
  t.strictSame(decode(whole([http(200), set(http(204, '', 1))])), [[200], undefined], 'an incomplete set')
  t.strictSame(decode('not multipart'), [undefined, undefined])
  const [answers] = decodeMultipart(whole([http(200, '{"a":"x\\r\\ny"}')]), 'multipart/mixed; boundary="r"', [[patch]])
  t.match(answers?.[0], { etag: 'W/"9"', body: { a: 'x\r\ny' } })

  t.test('any body survives', async (t) => {
    assert(
      property(array(jsonValue(), { minLength: 1, maxLength: 5 }), (bodies) => {
        const text = whole(bodies.map((body) => http(200, JSON.stringify({ body }))))
        const answers = decodeMultipart(
          text,
          'multipart/mixed; boundary=r',
          bodies.map(() => [patch]),
        )
        return JSON.stringify(answers.map((one) => one?.[0]?.body)) === JSON.stringify(bodies.map((body) => ({ body })))
      }),
    )
    t.pass()
  })
})

/** Any text, also with halves of pairs of surrogates, and those that have broken programs before. */
const anyText = oneof(string({ unit: 'binary' }), string({ unit: 'grapheme' }), ...Object.values(texts).map(constant))
/** JSON knows no negative zero. */
const anyNumber = double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)

t.test('any text and number arrive through a batch as they were sent, in the service’s own reading', async (t) => {
  const sent = array(oneof(anyText, anyNumber), { minLength: 1, maxLength: 4 })
  const seen: unknown[] = []
  forAll(
    property(sent, (values) => {
      const groups = values.map((value): Part[] => [{ method: 'POST', url: 'accounts', headers: {}, body: { value } }])
      const grouped = [...groups, groups.flat()]
      const serving = {
        serve: ({ body }: { readonly body: string }) => (seen.push(JSON.parse(body)), { status: 200, body }),
        gate: { part: () => undefined },
        continueOnError: true,
        transaction: <T>(work: () => T): T => work(),
      }
      seen.length = 0
      const request = { method: 'POST', path: '', query: '', origin: '', caller: '' }
      const headers = { 'content-type': 'multipart/mixed; boundary=b1' }
      const answer = answerBatch({ ...request, headers, body: encodeMultipart(grouped, 'b1') }, serving)
      const type = answer.headers?.['Content-Type']
      const back = decodeMultipart(answer.body ?? '', type, grouped).flatMap((one) => one?.map(({ body }) => body))
      const bodies = [...values, ...values].map((value) => ({ value }))
      const json = JSON.parse(encodeJsonBatch(groups.flat())) as { readonly requests: readonly Part[] }
      return (
        isDeepStrictEqual(seen, bodies) &&
        isDeepStrictEqual(back, bodies) &&
        isDeepStrictEqual(
          json.requests.map(({ body }) => body),
          values.map((value) => ({ value })),
        )
      )
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test(
  'a decimal with more digits than a number holds is read as its text, and everything else as it is',
  async (t) => {
    t.strictSame(parseExact('{"a":[12345678901234567890,-0.12345678901234567],"b":"1,12345678901234567890","c":1.5}'), {
      a: ['12345678901234567890', '-0.12345678901234567'],
      b: '1,12345678901234567890',
      c: 1.5,
    })
    t.strictSame(
      parseExact('[1e12345678901234567890,1.0000000000000000000,10000000000000000000,0.30000000000000004]'),
      [Infinity, 1, 1e19, 0.30000000000000004],
    )
    forAll(
      property(jsonValue(), (value) => {
        const text = JSON.stringify({ value, digits: 0 })
        return isDeepStrictEqual(parseExact(text.replace('"digits":0', '"digits":9007199254740993')), {
          ...(JSON.parse(text) as object),
          digits: '9007199254740993',
        })
      }),
      { numRuns: 300 },
    )
    const digits = string({ unit: constantFrom('0', '1', '2', '5', '9'), minLength: 1, maxLength: 28 })
    forAll(
      property(digits, digits, (whole, fraction) => {
        const decimal = `${whole.replace(/^0+(?=\d)/, '')}.${fraction}`
        const { a } = parseExact(`{"a":${decimal}}`) as { readonly a: string | number }
        const norm = { type: 'decimal', precision: 40 } as const
        return canonical(a, norm) === decimal.replace(/\.?0+$/, '')
      }),
      { numRuns: 300 },
    )
  },
)

t.test('any text is one literal of a filter, and its address is read as it was written', async (t) => {
  const grammar = { inOperator: false, noLambda: '' }
  forAll(
    property(anyText, (text) => {
      const filter = `name eq ${literal(text)}`
      const read = new URL(urlOf({ root: 'http://x', path: 'accounts', options: '' }, { $filter: filter }))
      const { searchParams } = read
      const values = JSON.stringify(parseFilter(filter, grammar))
      return searchParams.get('$filter') === filter.toWellFormed() && values.includes(JSON.stringify(text))
    }),
    { numRuns: 1000 },
  )
  forAll(
    property(anyText, (text) => {
      const list = inList('name', [text])
      return !fitsInList(text) || isDeepStrictEqual(JSON.parse(/\[.*\]/s.exec(list)?.[0] ?? ''), [text])
    }),
    { numRuns: 1000 },
  )
  t.equal(encoded('a\uD83D'), 'a%EF%BF%BD', 'half a pair has no bytes of its own')
  const card = { kind: 'service', entity: 'ItemCard', key: ['No'] } as const
  forAll(
    property(anyText, (name) => {
      const { pathname, search, hash } = new URL(
        urlOf(businessCentralAddress(connection(online), card, { id: id(1), name })),
      )
      const [, said = ''] = /Company\('(.*)'\)\/ItemCard$/.exec(pathname) ?? []
      return `${search}${hash}` === '' && decodeURIComponent(said).replaceAll("''", "'") === name.toWellFormed()
    }),
    { numRuns: 1000 },
  )
})

const accounts: Description = {
  key: ['accountid'],
  clientKeys: true,
  modified: 'modifiedon',
  tracked: true,
  preconditions: true,
  columns: {
    accountid: { type: 'guid' },
    modifiedon: { type: 'dateTime' },
    name: { type: 'text' },
    parent: { type: 'lookup', targets: [{ table: 'account', set: 'accounts', navigation: 'parent' }] },
    customer: {
      type: 'lookup',
      targets: [
        { table: 'account', set: 'accounts', navigation: 'customer_account' },
        { table: 'contact', set: 'contacts', navigation: 'customer_contact' },
      ],
    },
    credit: { type: 'money' },
    since: { type: 'date' },
    active: { type: 'boolean' },
    kind: { type: 'choice' },
  },
}
const shape = (select: readonly string[], side: Shape['side'] = 'sales'): Shape => ({
  side,
  what: 'accounts',
  description: accounts,
  select,
  modified: 'modifiedon',
})

t.test('rows', async (t) => {
  t.strictSame(properties(shape(['name', 'parent', 'name'])), ['accountid', 'modifiedon', 'name', '_parent_value'])
  const raw = {
    '@odata.etag': 'W/"1"',
    accountid: id(1).toUpperCase(),
    modifiedon: '2024-01-01T00:00:00Z',
    name: null,
    _parent_value: id(2),
    '_parent_value@OData.Community.Display.V1.FormattedValue': 'x',
  }
  t.strictSame(upsertOf(raw, shape(['name', 'parent'])), {
    kind: 'upsert',
    id: id(1),
    etag: 'W/"1"',
    modified: '2024-01-01T00:00:00.000Z',
    row: { name: null, parent: id(2) },
  })
  t.throws(() => upsertOf(raw, shape(['credit'])), { message: /left credit out/ })
  t.throws(() => upsertOf({ ...raw, accountid: undefined }, shape([])), { message: /left accountid out/ })
  t.throws(() => upsertOf('<html>', shape([])))
  t.equal(partOf(raw, shape(['credit'])), undefined, 'the answer to a write may be silent')
  const removed = {
    '@odata.context': 'https://x/$metadata#accounts/$deletedEntity',
    id: id(3).toUpperCase(),
    reason: 'deleted',
  }
  t.strictSame(changeOf(removed, shape(['name'])), { kind: 'tombstone', id: id(3) })
})

const body = (side: Shape['side'], values: Parameters<typeof encode>[1]): unknown => {
  const encoded = encode(side, values, accounts)
  return encoded.kind === 'body' ? encoded.body : encoded.refusal.code
}

t.test('values are written in the service’s own words', async (t) => {
  const nothing = { name: null, parent: null, credit: null, since: null, active: null, kind: null }
  t.strictSame(body('businessCentral', nothing), {
    name: '',
    parent: '00000000-0000-0000-0000-000000000000',
    credit: 0,
    since: '0001-01-01',
    active: false,
    kind: '_x0020_',
  })
  t.strictSame(body('sales', { ...nothing, name: '', customer: null }), {
    name: null,
    'parent@odata.bind': null,
    credit: null,
    since: null,
    active: null,
    kind: null,
    'customer_account@odata.bind': null,
    'customer_contact@odata.bind': null,
  })
  t.strictSame(body('sales', { customer: { set: 'contacts', id: id(1) }, parent: id(2) }), {
    'customer_contact@odata.bind': `/contacts(${id(1)})`,
    'parent@odata.bind': `/accounts(${id(2)})`,
  })
  t.strictSame(body('businessCentral', { parent: { set: 'x', id: id(1) } }), { parent: id(1) })
  t.equal(body('sales', { customer: { set: 'leads', id: id(1) } }), 'UnknownTarget')
  t.equal(body('sales', { customer: id(1) }), 'UnknownTarget', 'which of the two is not said')
  t.equal(body('sales', { nope: 1 }), 'UnknownColumn')
  t.strictSame(body('sales', { credit: '92233720368547.75' }), { credit: '92233720368547.75' }, 'a number holds it')
  t.equal(body('sales', { credit: '922337203685477.58' }), 'InexactNumber')
})

t.test('names that every object has are no columns and no collections', async (t) => {
  let asked = 0
  const known = catalog({
    known: async () => accounts,
    asked: async () => {
      asked += 1
      return accounts
    },
    collections: async () => [],
  })
  const description = await known.describe(standard('accounts'), ['constructor'])
  t.equal(asked, 1, 'the service is asked for it')
  t.match(encode('sales', { constructor: 1 }, description), { refusal: { code: 'UnknownColumn' } })
  t.equal(ownOf({ accounts: 1 }, 'constructor'), undefined)
  t.equal(ownOf({ accounts: 1 }, 'accounts'), 1)
})

t.test('what an error answer to a step means', async (t) => {
  const create = { kind: 'create', entity: standard('x'), key: id(1), values: {} } as const
  const keyless = { ...create, key: undefined }
  const update = { kind: 'update', entity: standard('x'), key: id(1), etag: '*', values: {} } as const
  const table: readonly (readonly [
    Shape['side'],
    typeof create | typeof keyless | typeof update,
    number,
    string,
    Verdict,
    string?,
  ])[] = [
    ['businessCentral', create, 400, 'Internal_EntityWithSameKeyExists', 'exists'],
    ['businessCentral', create, 409, 'Internal_EntityWithSameKeyExists', 'exists'],
    ['businessCentral', update, 400, 'Internal_EntityWithSameKeyExists', 'rejected'],
    ['businessCentral', update, 409, 'Request_EntityChanged', 'stale'],
    ['businessCentral', update, 412, '', 'stale'],
    ['businessCentral', update, 409, 'Internal_InvalidTableRelation', 'rejected'],
    ['businessCentral', update, 404, 'BadRequest_NotFound', 'missing'],
    [
      'businessCentral',
      update,
      404,
      'BadRequest_ResourceNotFound',
      'rejected',
      "Resource not found for the segment 'x'.",
    ],
    ['businessCentral', update, 503, '', 'later'],
    ['businessCentral', update, 504, '', 'unknown'],
    ['businessCentral', update, 500, 'Internal_ServerError', 'rejected'],
    ['sales', create, 412, '0x80040237', 'exists'],
    ['sales', create, 412, '0x80060882', 'exists'],
    ['sales', create, 412, '0x80060892', 'rejected'],
    ['sales', create, 412, '0x80040333', 'rejected'],
    ['sales', keyless, 412, '0x80040237', 'rejected'],
    ['sales', update, 412, '0x80060882', 'stale'],
    ['sales', update, 412, '', 'stale'],
    ['sales', update, 412, '0x80040237', 'rejected'],
    ['sales', update, 404, '', 'missing', `account With Id = ${id(1)} Does Not Exist`],
    ['sales', update, 404, '0x80040217', 'rejected', `contact With Id = ${id(2)} Does Not Exist`],
    ['sales', create, 404, '0x80040217', 'rejected', `contact With Id = ${id(2)} Does Not Exist`],
    ['sales', update, 429, '0x80072322', 'later'],
  ]
  for (const [side, step, status, code, verdict, message = ''] of table)
    t.equal(dialects[side].judge(step, { status, code, message }), verdict, `${side} ${step.kind} ${status} ${code}`)
})

t.test('P8: refusals carry no values, but columns, ids, a code and a remedy', async (t) => {
  t.equal(
    scrub("The length of 'Adatum Corp' in 'name' is 12.", { names: new Set(['name']) }),
    "The length of '…' in 'name' is 12.",
  )
  t.equal(
    scrub(`Adatum Corp (Adatum) has 70000 in telephone1, not 12; ${id(1)}`, {
      names: new Set(['telephone1']),
      sent: ['Adatum', 'Adatum Corp', 70000, 12, 'telephone1', id(1), null, true],
    }),
    `… (…) has … in telephone1, not 12; ${id(1)}`,
    'what was sent is taken out without quotes too',
  )
  t.equal(scrub(`account '${id(1)}' "secret" “curly”`), `account '${id(1)}' '…' '…'`)
  t.equal(
    scrub('The field X contains a value (14 DAYS) that cannot be found  CorrelationId:  abc.'),
    'The field X contains a value (…) that cannot be found',
  )
  t.equal(scrub('Too long. Value: Adatum\nCorp'), 'Too long. Value: …')
  t.equal(scrub('write to anna@contoso.com'), 'write to …')
  t.equal(
    scrub(`GET https://x.example/api/customers?$filter=displayName%20eq%20%27Adatum%20Corp%27 is wrong: %27Adatum%27`),
    `GET https://x.example/api/customers?… is wrong: '…'`,
    'questions hold values, too',
  )
  const echo = { status: 403, text: JSON.stringify({ error: { message: 'You may not write {number:70000,x}' } }) }
  t.match(failureOf('sales', 'the batch', { ...echo, sent: [70000] }), { message: /write \{number:…,x\}/ })
  const column = "Could not find a property named 'Bearer abc' on type 'x'"
  t.match(
    failureOf('sales', 'accounts', { status: 400, text: JSON.stringify({ error: { message: column } }) }),
    { message: /refuses the request for accounts: Could not find a property named '…' on type/ },
    'what is no name of a column is not told as one',
  )
  t.ok(scrub('x'.repeat(5000)).length < 500)
  const error = serviceError(400, { error: { code: 'Internal_InvalidTableRelation', message: "No 'X1' there" } })
  t.match(refusalOf('businessCentral', error), {
    code: 'Internal_InvalidTableRelation',
    message: "No '…' there",
    remedy: /not set up/,
  })
  const choice = {
    error: { code: '0x8004431a', message: "The value 7 of 'paymenttermscode' is outside the valid range." },
  }
  t.match(refusalOf('sales', serviceError(400, choice)), { remedy: /lacks this option.*allowMetadataChanges/ })
  t.match(refusalOf('sales', serviceError(418, '<html>')), { code: 'HTTP 418', remedy: /by hand in Sales/ })
  t.match(
    refusalOf('businessCentral', serviceError(500, '<html>Anna Berg, 555-1234</html>')),
    { message: 'the service answered with status 500', remedy: /The service failed, not the record/ },
    'a page of a gateway is not shown',
  )
  t.match(serviceError(400, { error: { code: 'x y z', message: { value: 'old form' } } }), {
    code: '',
    message: 'old form',
  })
})

const status = (code: number, retryAfter?: string): Attempt['failure'] => ({
  kind: 'status',
  status: code,
  retryAfter,
})

t.test('what is tried again, and when', async (t) => {
  const now = new Date('2024-01-01T00:00:00Z')
  const wait = (attempt: Partial<Attempt>): number | undefined =>
    waitBeforeRetry({ made: 1, purpose: 'read', failure: { kind: 'silence', sent: true }, now, random: 1, ...attempt })
  t.strictSame(
    [1, 2, 3, 4, 5, 6].map((made) => wait({ made })),
    [500, 1000, 2000, 4000, 8000, undefined],
  )
  t.equal(wait({ random: 0 }), 250, 'jitter')
  t.equal(wait({ failure: status(429, '7'), random: 0 }), 7000)
  t.equal(wait({ failure: status(429, 'Mon, 01 Jan 2024 00:00:09 GMT'), random: 0 }), 9000)
  t.equal(wait({ failure: status(429, '3600') }), undefined, 'an hour is too long')
  t.strictSame(
    [0, 1000, 10_000, 200_000, 361_000].map((refusedForMs) => wait({ failure: status(429), refusedForMs })),
    [500, 500, 2500, 50_000, undefined],
    'without a word: a quarter of what was waited already, for longer than any window',
  )
  t.equal(wait({ made: 29, failure: status(429, '1'), random: 0 }), 1000)
  t.equal(wait({ made: 30, failure: status(429, '1') }), undefined, 'a service that never keeps its word')
  t.equal(wait({ failure: status(400) }), undefined)
  for (const [failure, again] of [
    [status(429), true],
    [status(503, '1'), true],
    [status(503), false],
    [status(504), false],
    [status(502), false],
    [{ kind: 'silence', sent: false }, true],
    [{ kind: 'silence', sent: true }, false],
  ] as const)
    t.equal(wait({ purpose: 'write', failure }) !== undefined, again, `write after ${JSON.stringify(failure)}`)
  t.equal(retryAfterMs('nonsense', now), undefined)
  t.equal(retryAfterMs('Sun, 31 Dec 2023 23:59:00 GMT', now), 0)
})

t.test('parallelism and batch size follow the service', async (t) => {
  const five = parallel(5)
  five.throttled()
  five.throttled()
  t.equal(five.limit(), 3, 'each refusal is a place too many')
  five.throttled()
  five.throttled()
  five.throttled()
  t.equal(five.limit(), 1)
  for (let good = 0; good < 6; good += 1) five.succeeded()
  t.equal(five.limit(), 4, 'quickly up to where it was not refused')
  for (let good = 0; good < 63; good += 1) five.succeeded()
  t.equal(five.limit(), 4, 'and warily further')
  for (let good = 0; good < 500; good += 1) five.succeeded()
  t.equal(five.limit(), 5, 'never above')
  five.recommended(3)
  t.equal(five.limit(), 3)
  for (let good = 0; good < 500; good += 1) five.succeeded()
  t.equal(five.limit(), 3)
  five.recommended(99)
  for (let good = 0; good < 500; good += 1) five.succeeded()
  t.equal(five.limit(), 5)
  const rhythm = pace({ first: 50, largest: 500 })
  for (let batch = 0; batch < 20; batch += 1) rhythm.took(100)
  t.equal(rhythm.size(), 500)
  rhythm.took(60_000)
  t.equal(rhythm.size(), 250)
})

t.test('proxies', async (t) => {
  const settings = proxySettings({ https_proxy: 'http://proxy:3128', NO_PROXY: 'localhost, .internal,erp.local:7048' })
  const through = (url: string): string | undefined => proxyFor(new URL(url), settings)
  t.equal(through('https://org.crm.dynamics.com/'), 'http://proxy:3128')
  t.equal(through('https://a.internal/'), undefined)
  t.equal(through('https://erp.local:7048/'), undefined)
  t.equal(through('http://127.0.0.1:80/'), undefined)
  t.equal(proxyFor(new URL('https://x/'), { https: 'http://p', no: '*' }), undefined)
  t.equal(proxyFor(new URL('https://x/'), proxySettings({ HTTP_PROXY: 'http://p' })), 'http://p')
})

t.test('metadata documents', async (t) => {
  const sets = entityTypes(
    `<Schema><EntityType Name="resource"><Key><PropertyRef Name="No"/><PropertyRef Name="Line" /></Key>
      <Property Name="No" Type="Edm.String" Nullable="false" MaxLength="20"/>
      <Property Name="Line" Type="Edm.Int32"></Property>
      <Property Name="Type" Type="NAV.resourceType" />
      <Property Name="Cost" Type="Edm.Decimal" Scale="2"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
    </EntityType><EntityType Name="empty"/>
    <EntityContainer><EntitySet Name="Resources" EntityType="NAV.resource"><NavigationPropertyBinding/></EntitySet></EntityContainer></Schema>`,
  )
  t.strictSame(
    [...sets],
    [
      [
        'Resources',
        {
          key: ['No', 'Line'],
          properties: {
            No: { type: 'text', maxLength: 20 },
            Line: { type: 'integer' },
            Type: { type: 'choice' },
            Cost: { type: 'decimal', precision: 2, readOnly: true },
          },
        },
      ],
    ],
  )
})
