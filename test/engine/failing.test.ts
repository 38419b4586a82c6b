/** P5 and what stops a run: one record's failure is its own; limits, empty sides, locks and refusals stop before harm. */
import { EventEmitter, once } from 'node:events'
import t, { type Test } from 'tap'
import type { Field, Mapping, Side } from '../../src/config/config.ts'
import type { Connector, Page } from '../../src/connector/connector.ts'
import { ConnectorError, LockedError, UnsafePlanError } from '../../src/errors.ts'
import { audit } from '../../src/engine/audit.ts'
import { compare } from '../../src/engine/compare.ts'
import type { Row } from '../../src/simulator/table.ts'
import { Ceiling } from '../../src/engine/ceiling.ts'
import { PlanBook } from '../../src/engine/plan-book.ts'
import { configOf, customerAccount, mapping, row, source } from './project.ts'
import { type Stage, bothWays, counted, idOf, refusing, stage, toSales, writesMade } from './stage.ts'
import { portOf } from '../../src/connector/connector.ts'

const name = 'customer-account'
const minute = 60_000

const tries = (s: Stage): number => s.held()[0]?.attempts ?? 0

t.test(
  'P5 E-19 one refused record among many: the others are written, it is held with cause and remedy, and tried again later and later',
  async (t) => {
    const s = await stage(t)
    for (let n = 0; n < 30; n++) s.customer({ number: `C${n}`, phoneNumber: n === 7 ? 'bad' : '1' })
    const { connectors } = s
    s.connectors = { ...connectors, sales: refusing(connectors.sales, (values) => values['telephone1'] === 'bad') }
    const report = await s.run([customerAccount(bothWays)])
    t.equal(s.accounts().length, 29)
    t.match(report.problems, [
      { kind: 'failed', number: 'C7', message: 'the phone number is too long', remedy: 'shorten it' },
    ])
    t.match(counted(report, name), { created: 29, failed: 1 })
    await s.run([customerAccount(bothWays)])
    t.equal(tries(s), 1, 'not at once, though its stamp is in the overlap')
    await s.run([customerAccount(bothWays)], { full: true })
    t.equal(tries(s), 1, 'nor by a whole read')
    s.clock.advance(2 * minute)
    await s.run([customerAccount(bothWays)])
    t.equal(tries(s), 2)
    s.clock.advance(2 * minute)
    await s.run([customerAccount(bothWays)])
    t.equal(tries(s), 2, 'the delay grows')
    for (let attempt = 3; attempt <= 8; attempt++) {
      s.clock.advance(25 * 60 * minute)
      await s.run([customerAccount(bothWays)])
      t.equal(tries(s), attempt)
    }
    t.match(s.held(), [{ kind: 'quarantine' }])
    s.clock.advance(100 * 60 * minute)
    await s.run([customerAccount(bothWays)])
    t.equal(tries(s), 8, 'set aside')
    const bad = s.customers().find(({ number }) => number === 'C7')
    s.simulator.businessCentral.edit('customers', idOf(bad ?? {}), { phoneNumber: 'good' })
    t.equal((await s.run([customerAccount(bothWays)])).ok, true, 'its source changed')
    t.equal(s.accounts().length, 30)
    t.equal(s.held().length, 0)
  },
)

t.test(
  'P5 a refused update of a pair is tried again at its moment, and taken up when either side changes',
  async (t) => {
    const s = await stage(t)
    const customer = s.customer({ number: 'C1', phoneNumber: '1' })
    await s.run([customerAccount(bothWays)])
    const { connectors } = s
    s.connectors = { ...connectors, sales: refusing(connectors.sales, (values) => values['telephone1'] === 'bad') }
    s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: 'bad' })
    for (let run = 0; run < 3; run++) await s.run([customerAccount(bothWays)])
    t.equal(tries(s), 1)
    s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: 'good' })
    t.equal((await s.run([customerAccount(bothWays)])).ok, true)
    t.equal(s.accounts()[0]?.['telephone1'], 'good')
  },
)

/** Websites that a mapping cannot read in the one direction. */
const strict = (given: Partial<Mapping> = {}): Mapping => {
  const base = customerAccount(given)
  const toSales = "website = 'bad' ? $error('no') : website"
  const mended = (field: Field): Field =>
    field.name === 'website' ? { ...field, compute: { toSales, toBusinessCentral: 'websiteurl' } } : field
  return { ...base, fields: base.fields.map(mended) }
}

t.test('P5 an expression that fails on one record holds that record alone, and a new one as a whole', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1', website: 'HTTP://A' })
  s.customer({ number: 'C2', website: 'bad' })
  const report = await s.run([strict(toSales)])
  t.equal(s.accounts().length, 1)
  t.match(report.problems, [{ kind: 'failed', number: 'C2', message: /expression .*"website"/ }])
})

t.test(
  'P5 a record whose match expression fails, and that may not be created, is told as that and not as lonely',
  async (t) => {
    const s = await stage(t)
    const base = strict({ createOn: { businessCentral: false, sales: false } })
    const byNumber = base.match.slice(0, 1)
    const byWebsite = { businessCentral: ['$website'], sales: ['websiteurl'], lookup: {}, caseSensitive: false }
    const mapping = { ...base, direction: 'toSales' as const, match: [...byNumber, byWebsite] }
    s.account({ name: 'Customer C1', websiteurl: 'a.com' })
    s.customer({ number: 'C1', website: 'a.com' })
    const bad = s.customer({ number: 'C2', website: 'bad' })
    s.customer({ number: 'C3', website: 'c.com' })
    const held = {
      kind: 'failed',
      number: 'C2',
      message: /"website", by which group 2 of the match rule .* failed .*: no/,
    }
    const remedy = /correct the expression in the mapping, or the value in the record/
    const planned = await s.run([mapping], { dry: true })
    t.match(sorted(planned.plan.holds), [
      { ...held, remedy },
      { kind: 'no-partner', number: 'C3' },
    ])
    const report = await s.run([mapping])
    t.match(counted(report, name), { coupled: 1, created: 0 })
    t.match(sorted(report.problems), [
      { ...held, remedy },
      { kind: 'no-partner', number: 'C3' },
    ])
    t.match(sorted(s.held()), [{ kind: 'failed', fields: ['website'], attempts: 1 }, { kind: 'no-partner' }])
    s.account({ name: 'Customer C2', websiteurl: 'b.com' })
    s.simulator.businessCentral.edit('customers', idOf(bad), { website: 'b.com' })
    t.match(counted(await s.run([mapping]), name), { coupled: 1 }, 'taken up when the value is mended')
    t.match(s.held(), [{ kind: 'no-partner', number: 'C3' }])
  },
)

t.test(
  'P1 a record whose partner could not be looked for is not made, though the failing row does not travel',
  async (t) => {
    const s = await stage(t)
    const base = strict(bothWays)
    const fields = base.fields.map((field) =>
      field.name === 'website' ? { ...field, direction: 'toBusinessCentral' as const } : field,
    )
    const byWebsite = { businessCentral: ['$website'], sales: ['websiteurl'], lookup: {}, caseSensitive: false }
    const mapping = { ...base, fields, match: [byWebsite] }
    s.account({ name: 'Perhaps the partner', websiteurl: 'a.com' })
    s.customer({ number: 'C2', website: 'bad' })
    const report = await s.run([{ ...mapping, createOn: { businessCentral: false, sales: true } }])
    t.match(
      report.problems.filter(({ side }) => side === 'businessCentral'),
      [{ kind: 'failed', number: 'C2', message: /"website", by which group 1 of the match rule/ }],
    )
    t.equal(s.accounts().length, 1)
  },
)

const sorted = <T extends { readonly number?: string | undefined }>(held: readonly T[]): readonly T[] =>
  [...held].sort((a, b) => String(a.number).localeCompare(String(b.number)))

/** A pair whose customer got a phone number, and a website on which the expression fails. */
async function halfFailing(
  t: Test,
): Promise<{ readonly s: Stage; readonly customer: Row; readonly account: () => Row }> {
  const s = await stage(t)
  const customer = s.customer({ number: 'C1', website: 'a.com', phoneNumber: '1' })
  await s.run([strict(bothWays)])
  s.simulator.businessCentral.edit('customers', idOf(customer), { website: 'bad', phoneNumber: '2' })
  return { s, customer, account: () => s.accounts()[0] ?? {} }
}

t.test('P5 P2 in a pair only the row waits whose expression fails, with the base that it had', async (t) => {
  const { s, customer, account } = await halfFailing(t)
  const planned = await s.run([strict(bothWays)], { dry: true })
  t.match(planned.plan.operations, [{ kind: 'update', fields: [{ name: 'phone' }] }])
  t.match(planned.plan.holds, [{ kind: 'failed', number: 'C1' }])
  const report = await s.run([strict(bothWays)])
  t.match(counted(report, name), { updated: 1, failed: 1 })
  t.match(report.problems, [{ kind: 'failed', number: 'C1', message: /"website"/, remedy: /other field rows travel/ }])
  t.match(account(), { telephone1: '2', websiteurl: 'a.com' })
  s.simulator.resetRequests()
  for (let run = 0; run < 3; run++) await s.run([strict(bothWays)], { full: run === 2 })
  t.equal(writesMade(s.simulator), 0)
  t.match(s.held(), [{ kind: 'failed', fields: ['website'], attempts: 1 }])
  s.simulator.sales.edit('accounts', idOf(account()), { telephone1: '3' })
  await s.run([strict(bothWays)])
  t.equal(s.customers()[0]?.['phoneNumber'], '3', 'the other rows travel on, both ways')
  s.simulator.sales.edit('accounts', idOf(account()), { websiteurl: 'b.com' })
  s.simulator.businessCentral.edit('customers', idOf(customer), { website: 'a.com' })
  t.equal((await s.run([strict(bothWays)])).ok, true)
  t.match(
    [s.customers()[0]?.['website'], account()['websiteurl'], s.held().length],
    ['b.com', 'b.com', 0],
    'Sales alone has edited it since both agreed',
  )
})

t.test('P5 the row travels when its expression is mended', async (t) => {
  const { s, account } = await halfFailing(t)
  await s.run([strict(bothWays)])
  const { fields } = customerAccount()
  const one = fields.map((each) => (each.name === 'website' ? { ...each, direction: 'toSales', hash: 'h2' } : each))
  const mended = customerAccount({ ...bothWays, fields: one as readonly Field[], hash: 'm2' })
  t.equal((await s.run([mended])).ok, true)
  t.equal(account()['websiteurl'], 'bad')
  t.equal(s.held().length, 0)
  s.simulator.resetRequests()
  await s.run([mended])
  t.equal(writesMade(s.simulator), 0)
})

t.test('P5 two records that meet are a pair in all rows but the failing one', async (t) => {
  const s = await stage(t)
  const customer = s.customer({ number: 'C1', website: 'bad', phoneNumber: '1' })
  s.account({ accountnumber: 'C1', name: 'Customer C1', websiteurl: 'a.com' })
  t.match(counted(await s.run([strict(bothWays)]), name), { coupled: 1, failed: 1 })
  t.match(s.accounts(), [{ telephone1: '1', websiteurl: 'a.com' }])
  s.simulator.businessCentral.edit('customers', idOf(customer), { website: 'c.com' })
  t.match((await s.run([strict(bothWays)])).problems, [{ kind: 'different', message: /website/ }], 'it meets now')
})

t.test('P5 what Sales makes of a write does not end the run where no expression can read it', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1', website: 'a.com', phoneNumber: '1' })
  const base = customerAccount(bothWays)
  const back = { toSales: 'website', toBusinessCentral: "telephone1 = '2' ? $error('no') : websiteurl" }
  const picky = {
    ...base,
    fields: base.fields.map((each) => (each.name === 'website' ? { ...each, compute: back } : each)),
  }
  await s.run([picky])
  s.simulator.businessCentral.edit('customers', 'C1', { phoneNumber: '2' })
  await s.run([picky])
  t.match(s.accounts(), [{ telephone1: '2', websiteurl: 'a.com' }])
  t.match((await s.run([picky])).problems, [{ kind: 'failed', message: /"website"/ }])
  s.simulator.resetRequests()
  await s.run([picky])
  t.equal(writesMade(s.simulator), 0)
})

t.test('P5 a record whose match value cannot be told waits, and the others find their partners', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1', website: 'bad' })
  s.customer({ number: 'C2', website: 'a.com' })
  s.account({ name: 'Customer C2', websiteurl: 'a.com' })
  const match = [{ businessCentral: ['$website'], sales: ['websiteurl'], lookup: {}, caseSensitive: false }]
  const report = await s.run([strict({ ...bothWays, match })])
  t.match(counted(report, name), { coupled: 1, created: 0, failed: 1 })
  t.match(report.problems, [{ kind: 'failed', number: 'C1', message: /"website"/ }])
})

t.test('P5 whoever only looks is told of the failing expression, and not stopped by it', async (t) => {
  const { s } = await halfFailing(t)
  await s.run([strict(bothWays)])
  const [coupling] = s.couplings()
  const pair = { businessCentral: coupling?.businessCentral.id ?? '', sales: coupling?.sales.id ?? '' }
  const config = configOf([strict(bothWays)])
  const { findings } = await audit(config, s.ports, { mappings: [] })
  t.match(findings, [{ kind: 'differs', number: 'C1', fields: ['website'], message: /cannot be told/ }])
  const { fields, waits } = await compare(config, s.ports, { mapping: name, pair, entries: [] })
  t.match(
    fields.filter(({ held }) => held !== undefined),
    [{ name: 'website', held: 'failed', values: { businessCentral: 'bad', sales: 'a.com' } }],
  )
  t.match(waits, [{ message: /"website" failed/ }])
})

const missing = mapping({
  name: 'missing',
  direction: 'toSales',
  businessCentral: source('businessCentral', 'noSuchThings'),
  sales: source('sales', 'accounts'),
  fields: [row('name', { businessCentral: 'displayName', sales: 'name', direction: 'toSales' })],
})

t.test('P5 a mapping whose entity is not there does not stop the others', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  const report = await s.run([missing, customerAccount(toSales)])
  t.equal(report.refused, true)
  t.match(report.problems, [{ mapping: 'missing', kind: 'service', side: 'businessCentral' }])
  t.equal(s.accounts().length, 1)
})

t.test('P5 a service that is over its limit ends the mapping without forgetting anything', async (t) => {
  const s = await stage(t)
  for (let n = 0; n < 5; n++) s.customer({ number: `C${n}` })
  const { connectors } = s
  const port = portOf(connectors.sales)
  s.connectors = {
    ...connectors,
    sales: {
      ...port,
      write: async (operations, onBatch) => {
        const later = { kind: 'later' as const, refusal: { code: '429', message: 'over its limit', remedy: 'later' } }
        await onBatch?.(operations.map((operation) => ({ operation, result: later })))
        return []
      },
    },
  }
  const report = await s.run([customerAccount(toSales)])
  t.equal(report.refused, true)
  s.connectors = connectors
  t.equal((await s.run([customerAccount(toSales)])).ok, true)
  t.equal(s.accounts().length, 5)
})

t.test('a service that turns the login down in the middle is told as refused', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  await s.run([customerAccount(toSales)])
  s.simulator.faults.add({ match: { service: 'businessCentral', path: 'customers' }, do: { status: 401 } })
  const report = await s.run([customerAccount(toSales), { ...customerAccount(toSales), name: 'second' }])
  t.equal(report.refused, true)
  t.match(report.problems, [{ kind: 'service', side: 'businessCentral' }])
  s.simulator.faults.clear()
})

t.test('when not even the identity of a side can be read the run throws, and the lock is given back', async (t) => {
  const s = await stage(t)
  s.simulator.faults.add({ match: { service: 'businessCentral' }, do: { status: 401 } })
  await t.rejects(s.run([customerAccount(toSales)]), {
    name: 'ConnectorError',
    fault: 'unauthorized',
  })
  s.simulator.faults.clear()
  t.equal((await s.run([customerAccount(toSales)])).ok, true)
})

t.test('runs within one second have different names', async (t) => {
  const s = await stage(t)
  const first = await s.run([])
  t.match(first.run, /^run-\d{8}T\d{9}Z$/)
  s.clock.advance(5)
  t.not((await s.run([])).run, first.run)
})

t.test('what waits says its way on with its own mapping and number', async (t) => {
  const s = await stage(t)
  const mapped = customerAccount(bothWays)
  const customer = s.customer({ number: 'C1', phoneNumber: '1' })
  await s.run([mapped])
  s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '2' })
  s.simulator.sales.edit('accounts', idOf(s.accounts()[0] ?? {}), { telephone1: '3' })
  s.customer({ number: 'C2' })
  s.account({ name: 'One', accountnumber: 'C2' })
  s.account({ name: 'Two', accountnumber: 'C2' })
  const { problems } = await s.run([mapped])
  const remedyOf = (kind: string, side: string) =>
    problems.find((problem) => problem.kind === kind && problem.side === side)?.remedy
  t.match(remedyOf('conflict', 'businessCentral'), 'couplet resolve customer-account --record C1 --take')
  t.match(remedyOf('ambiguous', 'businessCentral'), 'couplet couple customer-account --bc C2 --sales PARTNER')
  t.notMatch(JSON.stringify(problems), /MAPPING|NUMBER/)
})

t.test('a second run finds the lock', async (t) => {
  const s = await stage(t)
  await s.store.lock('other')
  await t.rejects(s.run([customerAccount(toSales)]), LockedError)
  await s.store.unlock()
})

/** A service that answers nothing to writes of these records, and does none of them. */
function silent(connector: Connector, isMet: (values: Readonly<Record<string, unknown>>) => boolean): Connector {
  const port = portOf(connector)
  return {
    ...port,
    write: async (operations, onBatch) => {
      const isLost = operations.some(({ steps }) => steps.some((step) => step.kind !== 'delete' && isMet(step.values)))
      if (!isLost) return port.write(operations, onBatch)
      const result = { kind: 'unknown' as const, reason: 'the batch ended with status 503' }
      await onBatch?.(operations.map((operation) => ({ operation, result })))
      return []
    },
  }
}

t.test(
  'P5 a record that breaks every batch it stands in waits alone, by its number and with what happened',
  async (t) => {
    const s = await stage(t)
    for (let n = 0; n < 8; n++) s.customer({ number: `C${n}`, phoneNumber: n === 5 ? 'bad' : '1' })
    const { connectors } = s
    s.connectors = { ...connectors, sales: silent(connectors.sales, (values) => values['telephone1'] === 'bad') }
    const report = await s.run([customerAccount(bothWays)])
    t.equal(s.accounts().length, 7)
    t.match(report.problems, [
      { kind: 'failed', number: 'C5', message: /Sales gave no answer .* nothing was/, remedy: /next run .* by itself/ },
    ])
    t.equal(report.refused, false)
    const [since] = s.held().map((held) => held.since)
    s.clock.advance(1)
    t.match(await s.run([customerAccount(bothWays)]), { refused: false, problems: [{ isNew: false }] })
    t.equal(s.held()[0]?.since, since)
    s.connectors = connectors
    t.equal((await s.run([customerAccount(bothWays)])).ok, true)
    t.equal(s.accounts().length, 8)
  },
)

t.test('a side that answers no write at all ends the run as an outage, and nothing is held or forgotten', async (t) => {
  const s = await stage(t)
  for (let n = 0; n < 6; n++) s.customer({ number: `C${n}` })
  s.simulator.faults.add({ match: { service: 'sales', method: 'POST', path: 'batch' }, do: { status: 503 } })
  const mapped = customerAccount({ ...bothWays, deletes: { businessCentral: 'hold', sales: 'delete', sweepMs: 1 } })
  const report = await s.run([mapped, { ...mapped, name: 'second' }])
  t.match(report.problems, [
    { mapping: name, kind: 'service', side: 'sales', message: /Sales gave no answer to any/ },
    { mapping: 'second', kind: 'service', side: 'sales', message: /not run to its end/ },
  ])
  t.equal(report.problems.length, 2)
  t.equal(report.refused, true)
  t.equal(s.held().length, 0)
  t.equal(s.store.mapping(name).watermark('businessCentral'), undefined)
  s.simulator.faults.clear()
  t.equal((await s.run([mapped])).ok, true)
  t.equal(s.accounts().length, 6)
  s.simulator.faults.add({ match: { service: 'businessCentral', method: 'POST', path: 'batch' }, do: { status: 503 } })
  for (const account of s.accounts().slice(0, 2)) s.simulator.sales.delete('accounts', idOf(account))
  t.match((await s.run([mapped])).problems, [{ kind: 'service', side: 'businessCentral' }], 'deletes as well')
  t.equal(s.held().length, 0)
})

const limited = (count: number, share?: number) => ({ count, share })
const none = limited(Infinity)

t.test(
  'more than the limits allow stops before anything is written, and the number given back lets exactly it pass',
  async (t) => {
    const s = await stage(t)
    for (let n = 0; n < 5; n++) s.customer({ number: `C${n}` })
    const guarded = customerAccount({ ...bothWays, limits: { creates: limited(3), updates: none, deletes: none } })
    s.simulator.resetRequests()
    const error: unknown = await s.run([guarded]).catch((reason: unknown) => reason)
    t.ok(error instanceof UnsafePlanError)
    t.match(error, { accept: ['customer-account.sales.creates=5'], message: /5 creates, allowed 3/ })
    t.equal(writesMade(s.simulator), 0)
    t.equal(s.couplings().length, 0)
    await t.rejects(s.run([guarded], { accept: [{ kind: 'creates', count: 4 }] }), UnsafePlanError)
    t.equal((await s.run([guarded], { accept: [{ kind: 'creates', count: 5 }] })).ok, true)
    t.equal(s.accounts().length, 5)
  },
)

t.test('a share of the coupled records limits updates and deletes', async (t) => {
  const s = await stage(t)
  for (let n = 0; n < 10; n++) s.customer({ number: `C${n}` })
  const guarded = customerAccount({
    ...bothWays,
    deletes: { businessCentral: 'hold', sales: 'delete', sweepMs: 1 },
    limits: { creates: none, updates: limited(Infinity, 0.5), deletes: limited(10, 0.1) },
  })
  await s.run([guarded])
  for (const account of s.accounts().slice(0, 2)) s.simulator.sales.delete('accounts', idOf(account))
  await t.rejects(s.run([guarded]), { message: /--accept customer-account.businessCentral.deletes=2/ })
  t.equal(s.customers().length, 10)
  for (const customer of s.customers())
    s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '2' })
  await t.rejects(s.run([guarded]), UnsafePlanError)
})

t.test('a side that had records and now lists none stops the run', async (t) => {
  const s = await stage(t)
  for (let n = 0; n < 3; n++) s.customer({ number: `C${n}` })
  const deletes = { businessCentral: 'delete', sales: 'delete', sweepMs: 1 } as const
  await s.run([customerAccount({ ...bothWays, deletes })])
  for (const customer of s.customers()) s.simulator.businessCentral.delete('customers', idOf(customer))
  s.clock.advance(1000)
  await t.rejects(s.run([customerAccount({ ...bothWays, deletes })]), {
    message: /Business Central had 3 records[^]*couplet uncouple customer-account --all$/,
  })
  await t.rejects(s.run([customerAccount({ ...bothWays, deletes })], { full: true }), UnsafePlanError)
  t.equal(s.accounts().length, 3)
})

t.test(
  'an unknown mapping, one that is switched off, and a connection that is switched off are told at once',
  async (t) => {
    const s = await stage(t)
    await t.rejects(s.run([customerAccount()], { mappings: ['customers'] }), {
      message: /no mapping is called "customers"/,
    })
    const off = customerAccount({ enabled: false, reason: 'migration' })
    await t.rejects(s.run([off], { mappings: [name] }), { message: /switched off: migration/ })
  },
)

t.test('P5 the project says how often a refused record is tried before it is set aside', async (t) => {
  const s = await stage(t)
  s.customer({ id: '00000000-0000-4000-8001-000000000001', number: 'C1', phoneNumber: 'bad' })
  const { connectors } = s
  s.connectors = { ...connectors, sales: refusing(connectors.sales, (values) => values['telephone1'] === 'bad') }
  const config = configOf([customerAccount(bothWays)])
  const patient = { ...config, settings: { ...config.settings, attempts: 2 } }
  await s.run(patient)
  t.match(s.held(), [{ kind: 'failed', attempts: 1 }])
  s.clock.advance(2 * minute)
  await s.run(patient)
  t.match(s.held(), [{ kind: 'quarantine', attempts: 2 }])
})

t.test('the guard while writing stops before one record too many, and counts each record once', (t) => {
  const ceiling = new Ceiling(name, (side, kind) => (side === 'sales' && kind === 'creates' ? 2 : 1))
  ceiling.admit('sales', 'creates', ['a', 'b'])
  ceiling.admit('sales', 'creates', ['b'])
  ceiling.admit('sales', 'updates', ['a', 'b', 'c'])
  ceiling.admit('businessCentral', 'deletes', ['a'])
  t.throws(() => ceiling.admit('sales', 'creates', ['c']), /--accept customer-account\.sales\.creates=3/)
  t.throws(() => ceiling.admit('sales', 'updates', ['d']), UnsafePlanError)
  t.end()
})

const planned = (column: string) => ({
  name: column,
  column,
  before: null,
  after: '1',
  why: 'edit' as const,
  reveal: false,
  print: 'p',
})

t.test('a record that is planned twice counts once, with the fields of both', (t) => {
  const update = {
    mapping: name,
    kind: 'update' as const,
    side: 'sales' as const,
    key: 'k',
    partner: 'p',
    number: '1',
    version: 'v',
  }
  const book = new PlanBook(true)
  book.add({ operations: [{ ...update, fields: [planned('a')] }], holds: [] })
  book.add({ operations: [{ ...update, fields: [planned('a'), planned('b')] }], holds: [] })
  t.same(
    book.operations.map(({ fields }) => fields.map((each) => each.name)),
    [['a', 'b']],
  )
  t.equal(book.counts(name, 'sales', 7).updates, 1)
  t.throws(
    () => book.add({ operations: [{ ...update, fields: [] }], holds: [] }),
    /takes nothing more/,
    'P10: who counts closes: only numbers are left',
  )
  t.equal(book.counts(name, 'sales', 7).updates, 1)
  t.end()
})

async function* later(first: Promise<unknown>, pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  await first
  yield* pages
}

async function* failing(side: Side): AsyncGenerator<Page> {
  yield* []
  throw new ConnectorError(side, 'broken', { message: `${side} sends nonsense`, remedy: '' })
}

t.test('both services are asked for what has changed at once, and only the first failure is told', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  const { businessCentral, sales } = s.connectors
  const told = new EventEmitter()
  const salesIsAsked = once(told, 'asked')
  s.connectors = {
    businessCentral: {
      ...portOf(businessCentral),
      changes: (query, since) => later(salesIsAsked, businessCentral.changes(query, since)),
    },
    sales: { ...portOf(sales), changes: (query, since) => (told.emit('asked'), sales.changes(query, since)) },
  }
  t.match(
    counted(await s.run([customerAccount(bothWays)]), name),
    { created: 1 },
    'Business Central answers when Sales was asked',
  )
  s.connectors = {
    businessCentral: { ...portOf(businessCentral), changes: () => failing('businessCentral') },
    sales: { ...portOf(sales), changes: () => failing('sales') },
  }
  const { problems } = await s.run([customerAccount(bothWays)])
  t.match(problems, [{ kind: 'service', message: /businessCentral sends nonsense/ }])
  t.equal(problems.length, 1)
})
