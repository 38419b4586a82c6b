/** P1 and P5: candidates of which a match expression cannot say whose partner they are. */
import t from 'tap'
import type { Field, Mapping, MatchGroup } from '../../src/config/config.ts'
import { customerAccount } from './project.ts'
import { type Stage, bothWays, counted, idOf, stage, toSales } from './stage.ts'

const name = 'customer-account'

/** Customers find their account by what an expression makes of its website, which fails on some. */
function strict(given: Partial<Mapping>, group: Partial<MatchGroup> = {}): Mapping {
  const base = customerAccount(given)
  const toBusinessCentral = "websiteurl = 'bad' ? $error('no') : websiteurl"
  const failing = (field: Field): Field =>
    field.name === 'website' ? { ...field, compute: { toSales: 'website', toBusinessCentral } } : field
  const byWebsite: MatchGroup = {
    businessCentral: ['website'],
    sales: ['$website'],
    lookup: {},
    caseSensitive: false,
    ...group,
  }
  return { ...base, fields: base.fields.map(failing), match: [byWebsite] }
}

const alsoByCity = { businessCentral: ['website', 'city'], sales: ['$website', 'address1_city'] }

const heldIn = (s: Stage): readonly (string | undefined)[] =>
  s
    .held()
    .filter(({ side }) => side === 'businessCentral')
    .map(({ number }) => number)
    .toSorted((a = '', b = '') => (a < b ? -1 : 1))

t.test('P1 no account is made while the expression fails that tells whether one is there', async (t) => {
  for (const given of [toSales, { ...toSales, direction: 'toSales' as const }, bothWays]) {
    const s = await stage(t)
    const mapping = strict(given)
    const bad = s.account({ name: 'Customer C1', accountnumber: 'C1', websiteurl: 'bad' })
    s.account({ name: 'Customer C2', accountnumber: 'C2', websiteurl: 'b.com' })
    s.customer({ number: 'C1', website: 'a.com' })
    s.customer({ number: 'C2', website: 'b.com' })
    const planned = await s.run([mapping], { dry: true })
    t.same(
      planned.plan.operations.filter(({ kind }) => kind === 'create'),
      [],
    )
    const report = await s.run([mapping])
    t.match(counted(report, name), { coupled: 1, created: 0 })
    t.match(
      report.problems.filter(({ side }) => side === 'businessCentral'),
      [
        {
          kind: 'waiting',
          number: 'C1',
          message: `its partner may be ${idOf(bad)} in Sales, so none is made: the expression of field row "website", by which group 1 of the match rule compares the two, failed on ${idOf(bad)}: no`,
          remedy: /correct the expression in the mapping, or the value in .* in Sales; or couple/,
        },
      ],
    )
    t.match(counted(await s.run([mapping]), name), { created: 0 }, 'and the next run, which reads what changed')
    s.simulator.sales.edit('accounts', idOf(bad), { websiteurl: 'a.com' })
    t.match(counted(await s.run([mapping]), name), { coupled: 1, created: 0 }, 'mended, it is the partner')
    t.same(s.held(), [])
  }
})

t.test('P5 the others go on by themselves when the candidate is mended and is nobody of theirs', async (t) => {
  for (const direction of ['toSales', 'both'] as const) {
    const s = await stage(t)
    const mapping = { ...strict(toSales), direction }
    const bad = s.account({ name: 'Nobody', accountnumber: 'A1', websiteurl: 'bad' })
    for (const number of ['C1', 'C2']) s.customer({ number, website: `${number}.com` })
    s.customer({ number: 'C3' })
    t.match(counted(await s.run([mapping]), name), { created: 1 }, 'whoever has no website would find nobody by it')
    t.same(heldIn(s), ['C1', 'C2'])
    s.simulator.sales.edit('accounts', idOf(bad), { websiteurl: 'other.com' })
    t.match(counted(await s.run([mapping]), name), { created: 2 }, direction)
    t.same(heldIn(s), [])
  }
})

t.test('P5 only those wait that could be the partner: the candidate says otherwise, or has one', async (t) => {
  const s = await stage(t)
  const mapping = strict(toSales, alsoByCity)
  const inLondon = s.account({ name: 'In London', accountnumber: 'A1', websiteurl: 'bad', address1_city: 'London' })
  s.account({ name: 'Nowhere', accountnumber: 'A2', websiteurl: 'bad' })
  s.customer({ number: 'C1', website: 'a.com', city: 'london' })
  s.customer({ number: 'C2', website: 'b.com', city: 'Paris' })
  s.customer({ number: 'C3', website: 'c.com' })
  s.customer({ number: 'C4', city: 'London' })
  const report = await s.run([mapping])
  t.match(counted(report, name), { created: 3 })
  t.same(heldIn(s), ['C1'])
  t.match(
    report.problems.filter(({ number }) => number === 'C1'),
    [{ message: new RegExp(idOf(inLondon)) }],
  )
})

t.test('P5 a candidate that has its partner keeps nobody from getting one', async (t) => {
  const s = await stage(t)
  const byNumber = { businessCentral: ['number'], sales: ['accountnumber'], lookup: {}, caseSensitive: false }
  const base = strict(toSales)
  const mapping = { ...base, match: [byNumber, ...base.match] }
  s.account({ name: 'Customer C1', accountnumber: 'C1', websiteurl: 'bad' })
  s.customer({ number: 'C1', website: 'a.com' })
  s.customer({ number: 'C2', website: 'b.com' })
  t.match(counted(await s.run([mapping]), name), { coupled: 1, created: 1 }, 'found by the other group')
  s.customer({ number: 'C3', website: 'c.com' })
  t.match(counted(await s.run([mapping]), name), { created: 1 }, 'coupled since')
})
