/** Couplings from files: K-14, P1, P6, P7, P9, and moving over from the native integration. */
import { array, assert, integer, property, tuple } from 'fast-check'
import t from 'tap'
import { type NamedPair, judgePairs } from '../../src/core/pair-rows.ts'
import { type CouplingRow, rowsOfJson, rowsOfTable } from '../../src/engine/coupling-rows.ts'
import { importCouplings } from '../../src/engine/import-couplings.ts'
import { uncoupled } from '../../src/engine/uncoupled.ts'
import { parseCsv } from '../../src/store/csv.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { configOf, customerAccount, mapping, row, source } from './project.ts'
import { type Stage, bothWays, counted, idOf, stage, theKey, writesMade } from './stage.ts'

const name = 'customer-account'
const mapped = customerAccount({ native: ['CUSTOMER'] })
const terms = mapping({
  name: 'payment-terms',
  native: ['PAYMENT TERMS'],
  direction: 'toSales',
  businessCentral: source('businessCentral', 'paymentTerms', { keys: ['code'] }),
  sales: source('sales', '', {
    entity: { kind: 'choice', entity: 'accounts', column: 'paymenttermscode', mirror: [] },
  }),
  fields: [row('code', { businessCentral: 'code', sales: 'label', type: 'code' })],
})
const reading = { file: 'pairs.csv', mappings: [mapped, terms], mapping: undefined }
const guid = (digit: number): string => `${String(digit).repeat(8)}-1111-4111-8111-111111111111`
const read = (csv: string, mappingName?: string) => rowsOfTable(parseCsv(csv), { ...reading, mapping: mappingName })

t.test('the native table of couplings is read as Business Central exports it to Excel', (t) => {
  const csv = [
    '\uFEFFTable ID;CRM ID;Integration ID;Skipped',
    `18;{${guid(1).toUpperCase()}};{${guid(2).toUpperCase()}};No`,
    `5.050;${guid(3)};${guid(4)};No`,
    `18;${guid(0).replaceAll('1', '0').replaceAll(/[48]/g, '0')};${guid(5)};Yes`,
    `4711;${guid(6)};${guid(7)};No`,
  ].join('\r\n')
  const { rows, refused } = read(csv)
  t.same(rows, [{ at: 'pairs.csv:2', mapping: name, businessCentral: guid(2), sales: guid(1) }])
  t.match(refused, [
    { at: 'pairs.csv:3', message: 'no mapping of this project is over Contact (table 5050)' },
    { at: 'pairs.csv:4', message: 'it does not name a record of each side' },
    { at: 'pairs.csv:5', message: 'the native integration keeps no couplings of table 4711' },
  ])
  t.end()
})

t.test('the native table of option mappings is read, whichever column names the table', (t) => {
  const { rows } = read('Record ID,Option Value,Option Value Caption\nPayment Terms: 14 DAYS,4,14 DAYS\n')
  t.same(rows, [{ at: 'pairs.csv:2', mapping: 'payment-terms', businessCentral: '14 DAYS', sales: '4' }])
  const german = read('Record;Option Value\nZlg.-Bedingungen: 14 TAGE;4\n', 'payment-terms')
  t.match(german.rows, [{ mapping: 'payment-terms', businessCentral: '14 TAGE' }])
  t.match(read('Record;Option Value\nZlg.-Bedingungen: 14 TAGE;4\n').refused, [
    { at: 'pairs.csv:2', message: 'it says neither its mapping nor its table', remedy: /--mapping NAME/ },
  ])
  t.end()
})

t.test('our own tables and documents; heads that say nothing are refused as a whole', (t) => {
  t.same(read('mapping,businessCentral,sales\ncustomer-account,10000,A1\n').rows, [
    { at: 'pairs.csv:2', mapping: name, businessCentral: '10000', sales: 'A1' },
  ])
  t.match(read('mapping,businessCentral,sales\nvendor-account,10000,A1\n').refused, [
    { message: 'no mapping is called "vendor-account"' },
  ])
  t.match(read('a,b\n1,2\n'), { rows: [], refused: [{ at: 'pairs.csv:1', message: /no row of heads/ }] })
  const document = [
    { mapping: name, businessCentral: { id: guid(1), keys: {} }, sales: { id: guid(2), keys: {} } },
    { mapping: name, businessCentral: guid(3) },
  ]
  t.match(rowsOfJson(document, { ...reading, file: 'pairs.json' }), {
    rows: [{ at: 'pairs.json[0]', businessCentral: guid(1), sales: guid(2) }],
    refused: [{ at: 'pairs.json[1]', message: 'it does not name a record of each side' }],
  })
  t.match(rowsOfJson({ couplet: 'state' }, reading).refused, [{ message: 'it is no list of pairs' }])
  const off = { ...mapped, enabled: false }
  t.match(
    rowsOfTable(parseCsv(`Table ID,CRM ID,Integration ID\n18,${guid(1)},${guid(2)}\n`), { ...reading, mappings: [off] })
      .refused,
    [{ remedy: 'Switch it on: customer-account.' }],
  )
  t.end()
})

const pairAt = (at: string, bc: string, sales: string, keys: readonly [string?, string?] = []): NamedPair => ({
  at,
  businessCentral: { id: bc, key: keys[0] },
  sales: { id: sales, key: keys[1] },
})
const nobody = (): undefined => undefined

t.test('P1: one record with several partners is refused, both ways, and tells the other rows', (t) => {
  const verdicts = judgePairs([pairAt('f:2', 'b1', 's1'), pairAt('f:3', 'b1', 's2'), pairAt('f:4', 'b3', 's2')], nobody)
  t.match(verdicts, [
    { kind: 'refused', message: 'one record of Business Central is named with 2 partners (also in f:3)' },
    { kind: 'refused', message: /named with 2 partners \(also in f:2\)/ },
    { kind: 'refused', message: 'one record of Sales is named with 2 partners (also in f:3)' },
  ])
  t.match(judgePairs([pairAt('f:2', 'b1', 's1'), pairAt('f:3', 'b1', 's1')], nobody), [
    { kind: 'new' },
    { kind: 'known' },
  ])
  t.end()
})

t.test('pairs that are crosswise by their match values are refused with the row that is meant', (t) => {
  const crossed = [pairAt('f:2', 'b1', 's2', ['1', '2']), pairAt('f:3', 'b2', 's1', ['2', '1'])]
  t.match(judgePairs(crossed, nobody), [
    { kind: 'refused', message: /crosswise: .* in f:3/ },
    { kind: 'refused', message: /crosswise: .* in f:2/ },
  ])
  const renamed = [pairAt('f:2', 'b1', 's1', ['1', '9']), pairAt('f:3', 'b2', 's2', ['2', '2'])]
  t.match(
    judgePairs(renamed, nobody),
    [{ kind: 'new' }, { kind: 'new' }],
    'a value that is nobody else’s is a difference',
  )
  t.end()
})

t.test('a pair that is coupled stays, and one that is coupled otherwise is refused', (t) => {
  const there = new Map([
    ['businessCentral/b1', 's1'],
    ['sales/s1', 'b1'],
    ['sales/s2', 'b9'],
  ])
  const partner = (side: string, id: string): string | undefined => there.get(`${side}/${id}`)
  t.match(judgePairs([pairAt('f:2', 'b1', 's1'), pairAt('f:3', 'b2', 's2')], partner), [
    { kind: 'known' },
    { kind: 'refused', message: 'its record of Sales is coupled with another one (b9)' },
  ])
  t.end()
})

t.test('P1: whatever is named, no record gets two partners', (t) => {
  const id = integer({ min: 0, max: 6 })
  assert(
    property(array(tuple(id, id)), array(tuple(id, id)), (named, coupled) => {
      const there = new Map<string, string>()
      for (const [b, s] of coupled) {
        if (there.has(`businessCentral/b${b}`) || there.has(`sales/s${s}`)) continue
        there.set(`businessCentral/b${b}`, `s${s}`).set(`sales/s${s}`, `b${b}`)
      }
      const pairs = named.map(([b, s], index) => pairAt(`f:${index}`, `b${b}`, `s${s}`))
      const verdicts = judgePairs(pairs, (side, key) => there.get(`${side}/${key}`))
      pairs.forEach((pair, index) => {
        if (verdicts[index]?.kind !== 'new') return
        for (const [key, value] of [
          [`businessCentral/${pair.businessCentral.id}`, pair.sales.id],
          [`sales/${pair.sales.id}`, pair.businessCentral.id],
        ] as const) {
          if (there.has(key)) throw new Error(`${key} has a partner already`)
          there.set(key, value)
        }
      })
    }),
  )
  t.end()
})

const rowFor = (businessCentral: string, sales: string, line = 2, mappingName = name): CouplingRow => ({
  at: `pairs.csv:${line}`,
  mapping: mappingName,
  businessCentral,
  sales,
})

async function importAll(s: Stage, rows: readonly CouplingRow[], write = true) {
  return importCouplings(configOf([terms, mapped]), s.ports, rows, write)
}

t.test('P6, P9: an import is dry until asked, writes to neither side, and holds what differs', async (t) => {
  const s = await stage(t)
  await s.run([customerAccount({ match: [] })])
  const customer = s.customer({ number: 'C1', phoneNumber: '1', email: 'a@b.c', creditLimit: 5 })
  const account = s.account({ accountnumber: 'C1', name: 'Customer C1', telephone1: '2', creditlimit: 9 })
  const rows = [rowFor('c1', idOf(account)), rowFor('C9', idOf(account), 3), rowFor('C1', guid(9), 4)]
  s.simulator.resetRequests()
  const dry = await importAll(s, rows, false)
  t.match(dry.mappings, [{ mapping: name, coupled: 1, known: 0, differing: 1, fields: { phone: 1, creditLimit: 1 } }])
  t.match(dry.refused, [
    { at: 'pairs.csv:3', message: 'its record is not there in Business Central' },
    { at: 'pairs.csv:4', message: 'its record is not there in Sales' },
  ])
  t.same(s.couplings(), [])
  t.match(await importAll(s, rows), { mappings: [{ coupled: 1 }] })
  t.match(s.couplings(), [{ businessCentral: { id: idOf(customer), keys: { number: 'C1' } }, base: '' }])
  t.match(await importAll(s, rows), { mappings: [{ coupled: 0, known: 1 }] }, 'a second import changes nothing')
  t.equal(writesMade(s.simulator), 0)
  t.match((await s.run([mapped])).problems, [{ kind: 'different', message: /phone, creditLimit/ }])
  t.match(s.accounts()[0], { telephone1: '2', creditlimit: 9, emailaddress1: 'a@b.c' })
})

t.test('option couplings are taken over by code and option value', async (t) => {
  const s = await stage(t)
  const [first] = s.simulator.businessCentral.rows('paymentTerms')
  const code = String(first?.['code'])
  const report = await importAll(s, [rowFor(code, '1', 2, 'payment-terms'), rowFor(code, '99', 3, 'payment-terms')])
  t.match(report.mappings, [{ mapping: 'payment-terms', coupled: 1 }])
  t.match(report.refused, [{ at: 'pairs.csv:3', message: 'its record is not there in Sales' }])
  t.match(s.couplings('payment-terms'), [{ businessCentral: { keys: { code } }, sales: { id: '1' } }])
})

t.test('K-14, P7: a lost state is rebuilt by derived keys and match rules, and nothing is written', async (t) => {
  const s = await stage(t)
  const made = customerAccount({ ...bothWays, match: [] })
  s.customer({ number: 'C1' })
  await s.run([made])
  const before = s.couplings()
  s.simulator.sales.edit('accounts', String(before[0]?.sales.id), { accountnumber: 'another', telephone1: '5' })
  s.customer({ number: 'C2' })
  s.account({ accountnumber: 'C2', name: 'x' })
  s.store = openMemoryStore(theKey)
  s.simulator.resetRequests()
  const report = await s.run([mapped], { full: true, noCreate: true, coupleOnly: true })
  t.match(counted(report, name), { coupled: 2 })
  t.equal(
    s.couplings().find(({ businessCentral }) => businessCentral.id === before[0]?.businessCentral.id)?.sales.id,
    before[0]?.sales.id,
  )
  t.equal(writesMade(s.simulator), 0)
})

t.test('records without a partner are listed as they stand, inside the filter only', async (t) => {
  const s = await stage(t)
  const loose = s.account({ accountnumber: 'A1', name: 'Loose' })
  s.account({ accountnumber: 'A2', name: 'Vendor', customertypecode: 11 })
  s.customer({ number: 'C3' })
  s.account({ accountnumber: 'C3' })
  await s.run([mapped])
  const list = await uncoupled(configOf([mapped]), s.ports, { mapping: name, side: 'sales' })
  t.match(
    list.filter(({ number }) => number === 'A1'),
    [{ id: idOf(loose), name: 'Loose', held: 'no-partner' }],
  )
  t.equal(
    list.some(({ number }) => number === 'A2' || number === 'C3'),
    false,
  )
  const create = {
    records: [{ column: 'accountid', value: idOf(loose) }],
    creates: { businessCentral: true, sales: false },
  }
  await s.run([mapped], create)
  t.match(
    s.customers().find((one) => one['displayName'] === 'Loose'),
    { displayName: 'Loose' },
    'created on request',
  )
  await t.rejects(s.run([mapped], { records: [...create.records, { column: 'accountid', value: guid(9) }] }), {
    message: /has accountid 99999999/,
  })
})
