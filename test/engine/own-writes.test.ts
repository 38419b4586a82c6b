/** P2 where two mappings of one run write the same record: nothing old is sent, and what a person does in between is seen. */
import t from 'tap'
import type { Mapping } from '../../src/config/config.ts'
import { portOf } from '../../src/connector/connector.ts'
import { customerAccount, mapping, row, source } from './project.ts'
import { type Stage, bothWays, idOf, stage, writesMade } from './stage.ts'

const hour = 3_600_000
const customers = customerAccount(bothWays)

/** Couples the same records as `customers` and carries another column. */
const papers: Mapping = mapping({
  name: 'papers',
  businessCentral: source('businessCentral', 'customers', { keys: ['number'] }),
  sales: source('sales', 'accounts', { filter: 'customertypecode eq 3' }),
  match: [{ businessCentral: ['number'], sales: ['accountnumber'], lookup: {}, caseSensitive: false }],
  fields: [row('tax', { businessCentral: 'taxRegistrationNumber', sales: 'fax' })],
})
const both = [customers, papers]

/** When somebody comes between a mapping and Sales. */
interface Between {
  readonly before?: () => void
  readonly after?: () => void
}

/** Notes the answer to each write in Sales; the first batch of a mapping is come between. */
function watching(s: Stage, between: Readonly<Record<string, Between>> = {}): readonly string[] {
  const answers: string[] = []
  const met = new Set<string>()
  const { sales } = s.connectors
  const write: typeof sales.write = async (operations, onBatch) => {
    const name = operations[0]?.id.split('/', 1)[0] ?? ''
    const come = met.has(name) ? undefined : between[name]
    met.add(name)
    come?.before?.()
    const results = await sales.write(operations, onBatch)
    come?.after?.()
    answers.push(...results.map(({ kind }) => `${name} ${kind}`))
    return results
  }
  s.connectors = { ...s.connectors, sales: { ...portOf(sales), write } }
  return answers
}

/** Pairs that both mappings know, each edited in Business Central in a column of either. */
async function edited(t: Parameters<typeof stage>[0], count: number) {
  const s = await stage(t)
  for (let number = 1; number <= count; number++) s.customer({ number: `C${number}`, taxRegistrationNumber: 'old' })
  await s.run([customers])
  await s.run(both)
  s.clock.advance(hour)
  for (const { id } of s.customers())
    s.simulator.businessCentral.edit('customers', String(id), { phoneNumber: '112', taxRegistrationNumber: 'new' })
  const [first] = s.accounts()
  const byPerson = (): void => void s.simulator.sales.edit('accounts', idOf(first ?? {}), { fax: 'by a person' })
  return { s, byPerson }
}
const accountsSay = (s: Stage): readonly unknown[] => s.accounts().map(({ telephone1, fax }) => [telephone1, fax])

t.test(
  'what the first mapping wrote the second reads again, all in one request, and sends no version that is no more',
  async (t) => {
    const { s } = await edited(t, 5)
    const answers = watching(s)
    s.simulator.resetRequests()
    const report = await s.run(both)
    t.same(report.problems, [])
    t.same(answers, [...Array<string>(5).fill('customer-account done'), ...Array<string>(5).fill('papers done')])
    t.same(
      accountsSay(s),
      Array.from({ length: 5 }, () => ['112', 'new']),
    )
    t.equal(
      s.simulator.requests().sales.byPath['GET /api/data/v9.2/accounts'],
      5,
      'changes and partners of either; what moved',
    )
    s.clock.advance(hour)
    s.simulator.resetRequests()
    await s.run(both)
    t.equal(writesMade(s.simulator), 0, 'P3')
  },
)

t.test(
  'P2: what a person edits before the first write, between both, or after the second mapping has read is kept',
  async (t) => {
    const moments: Readonly<Record<string, (edit: () => void) => Readonly<Record<string, Between>>>> = {
      'before the first write': (before) => ({ 'customer-account': { before } }),
      'between both': (after) => ({ 'customer-account': { after } }),
      'after the second has read': (before) => ({ papers: { before } }),
    }
    for (const [moment, between] of Object.entries(moments)) {
      const { s, byPerson } = await edited(t, 2)
      const answers = watching(s, between(byPerson))
      const report = await s.run(both)
      t.match(report.problems, [{ mapping: 'papers', kind: 'conflict' }], moment)
      t.same(
        accountsSay(s),
        [
          ['112', 'by a person'],
          ['112', 'new'],
        ],
        moment,
      )
      const refused = answers.filter((answer) => answer.endsWith('stale'))
      t.same(
        refused,
        { 'before the first write': ['customer-account stale'], 'after the second has read': ['papers stale'] }[
          moment
        ] ?? [],
      )
    }
  },
)

t.test('P2 what the first mapping wrote does not make an older edit the newest for the second', async (t) => {
  for (const older of ['sales', 'businessCentral'] as const) {
    const s = await stage(t, { counted: Date.UTC(2026, 10, 26) })
    const customer = s.customer({ number: 'C1', taxRegistrationNumber: 'old' })
    await s.run([customers])
    await s.run(both)
    s.clock.advance(hour)
    const account = idOf(s.accounts()[0] ?? {})
    const inSales = (fax: string): void => void s.simulator.sales.edit('accounts', account, { fax })
    const inBusinessCentral = (taxRegistrationNumber: string): void =>
      void s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '112', taxRegistrationNumber })
    if (older === 'sales') inSales('older')
    else inBusinessCentral('older')
    s.clock.advance(60_000)
    if (older === 'sales') inBusinessCentral('newer')
    else inSales('newer')
    s.clock.advance(60_000)
    t.same((await s.run([customers, { ...papers, conflicts: 'newest' }])).problems, [], older)
    t.same(accountsSay(s), [['112', 'newer']], older)
    t.equal(s.customers()[0]?.['taxRegistrationNumber'], 'newer', older)
  }
})

t.test('P2 nor where the answer to it was lost: a person is asked then', async (t) => {
  const s = await stage(t, { counted: Date.UTC(2026, 10, 26) })
  const customer = s.customer({ number: 'C1', taxRegistrationNumber: 'old' })
  await s.run([customers])
  await s.run(both)
  s.clock.advance(hour)
  s.simulator.sales.edit('accounts', idOf(s.accounts()[0] ?? {}), { fax: 'older' })
  s.clock.advance(60_000)
  const edit = { phoneNumber: '112', taxRegistrationNumber: 'newer' }
  s.simulator.businessCentral.edit('customers', idOf(customer), edit)
  s.clock.advance(60_000)
  s.simulator.faults.add({ match: { service: 'sales', path: 'batch', nth: 1 }, do: { drop: 'after' } })
  const report = await s.run([customers, { ...papers, conflicts: 'newest' }])
  t.match(report.problems, [{ mapping: 'papers', kind: 'conflict' }])
  t.same(accountsSay(s), [['112', 'older']])
  t.equal(s.customers()[0]?.['taxRegistrationNumber'], 'newer')
})
