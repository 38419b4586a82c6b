/** What Dataverse tells of its tables is asked for together, and alone where a batch does not bring it. */
import t from 'tap'
import type { Http } from '../../src/connector/http.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { collect, query, standard, world } from './world.ts'

const choice = {
  kind: 'choice',
  entity: 'accounts',
  column: 'paymenttermscode',
  mirror: ['salesorders.paymenttermscode', 'quotes.paymenttermscode'],
} as const

/** A service whose batches are answered otherwise. */
const batchesVia =
  (answer: (text: string) => { readonly status: number; readonly text: string }) =>
  (simulator: Simulator): Http => {
    const http = directHttp(simulator)
    return {
      ...http,
      send: async (request) => {
        const answered = await http.send(request)
        return request.url.endsWith('$batch') ? { ...answered, ...answer(answered.text) } : answered
      },
    }
  }

t.test('a choice and its mirrors are one request, the columns of several tables another', async (t) => {
  const w = await world({ http: directHttp })
  t.teardown(() => w.stop())
  await w.sales.describe(standard('accounts'))
  w.simulator.resetRequests()
  const [page] = await collect(w.sales.changes(query(choice, ['value', 'label', 'mirrored']), undefined))
  t.ok((page?.changes.length ?? 0) > 0)
  t.equal(w.simulator.requests().sales.requests, 1)
  const described = await Promise.all(['contacts', 'products'].map((set) => w.sales.describe(standard(set), ['none'])))
  t.equal(w.simulator.requests().sales.requests, 2)
  t.ok(described[0]?.columns['parentcustomerid'] !== undefined && described[1]?.columns['productnumber'] !== undefined)
})

t.test('what a batch does not bring is asked for alone: refused whole, cut, or a part refused', async (t) => {
  const ways = {
    refused: () => ({ status: 400, text: '' }),
    cut: (text: string) => ({ status: 200, text: text.slice(0, text.length / 2) }),
    part: (text: string) => ({ status: 200, text: text.replace('HTTP/1.1 200', 'HTTP/1.1 503') }),
  }
  for (const [way, answer] of Object.entries(ways)) {
    const w = await world({ http: batchesVia(answer) })
    t.teardown(() => w.stop())
    const [page] = await collect(w.sales.changes(query(choice, ['value', 'mirrored']), undefined))
    t.ok((page?.changes.length ?? 0) > 0, way)
  }
})

/** A service whose answers are changed on the way, as whole as they look. */
const changedVia =
  (paths: string | readonly string[], change: (text: string) => string) =>
  (simulator: Simulator): Http => {
    const http = directHttp(simulator)
    return {
      ...http,
      send: async (request) => {
        const answered = await http.send(request)
        const isMeant = [paths].flat().some((path) => request.url.includes(path))
        return isMeant ? { ...answered, text: change(answered.text) } : answered
      },
    }
  }

const cut = (text: string): string => text.slice(0, text.length / 2)
/** Each list holds nothing besides, and an empty object. */
const holed = (text: string): string => text.replaceAll('[{', '[null,{},{')

t.test('P1 metadata that was cut off is an error, and none of a table without columns', async (t) => {
  const custom = { kind: 'custom', route: 'v2.0', entity: 'customers' } as const
  for (const [path, side, entity] of [
    [['EntityDefinitions(', '$batch'], 'sales', standard('accounts')],
    ['EntityDefinitions?', 'sales', standard('accounts')],
    ['$metadata', 'businessCentral', custom],
  ] as const) {
    for (const change of path === '$metadata' ? [cut] : [cut, holed]) {
      const w = await world({ http: changedVia(path, change) })
      t.teardown(() => w.stop())
      await t.rejects(w[side].describe(entity, ['none']), { name: 'ConnectorError', fault: 'broken' }, String(path))
    }
  }
})

/** All money takes its decimals from elsewhere than the metadata says. */
const moneyFrom = (source: number) => (text: string) =>
  text.replaceAll('"PrecisionSource":2', `"PrecisionSource":${source}`)
/** An organisation that keeps more decimals of prices. */
const four = (text: string): string => text.replace('"pricingdecimalprecision":2', '"pricingdecimalprecision":4')

t.test(
  'money takes its decimals from where the metadata says: itself, prices, or the currency of the record',
  async (t) => {
    for (const [change, decimals] of [
      [(text: string) => text, undefined],
      [moneyFrom(0), 2],
      [(text: string) => moneyFrom(1)(text).replaceAll('"Precision":2', '"Precision":7'), 2],
      [(text: string) => four(moneyFrom(1)(text)), 4],
      [
        (text: string) => moneyFrom(1)(text).replace('"pricingdecimalprecision":2', '"pricingdecimalprecision":null'),
        2,
      ],
      [(text: string) => moneyFrom(1)(text).replace('"value":[{"@odata.etag"', '"value":["@odata.etag"'), 2],
    ] as const) {
      const w = await world({ http: changedVia(['$batch', 'EntityDefinitions(', 'organizations?'], change) })
      t.teardown(() => w.stop())
      const { columns } = await w.sales.describe(standard('invoices'), ['none'])
      t.equal(columns['totalamount']?.precision, decimals)
      t.equal(columns['exchangerate']?.precision, 12, 'a decimal has its own')
    }
  },
)

t.test('a list with holes in it is an error that says of what, never a bug', async (t) => {
  for (const [path, side, asked, what] of [
    ['companies?', 'businessCentral', query('customers', ['number']), /for companies/],
    ['PicklistAttributeMetadata', 'sales', query(choice, ['value']), /for the choice/],
  ] as const) {
    const w = await world({ http: changedVia(path, holed) })
    t.teardown(() => w.stop())
    await t.rejects(collect(w[side].changes(asked, undefined)), {
      name: 'ConnectorError',
      fault: 'broken',
      message: what,
    })
  }
})

t.test('a column that is no choice is told by its name, mirrors or not', async (t) => {
  const w = await world({ http: directHttp })
  t.teardown(() => w.stop())
  const wrong = { ...choice, column: 'nonsense' }
  await t.rejects(collect(w.sales.changes(query(wrong, ['value', 'mirrored']), undefined)), {
    name: 'ConnectorError',
    message: /accounts?\.nonsense|nonsense/,
  })
})
