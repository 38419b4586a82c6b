/** Templates for new records against the services. */
import t from 'tap'
import type { Template } from '../../src/config/config.ts'
import { planText } from '../../src/report/plan-text.ts'
import { plain } from '../../src/report/paint.ts'
import { customerAccount, row } from './project.ts'
import { bothWays, stage, writesMade } from './stage.ts'

const value = { direction: 'toBusinessCentral', on: 'create', blank: 'keep' } as const
const template = (wins: boolean, terms: string): Template => ({
  name: 'foreign',
  filter: "address1_city ne 'London'",
  wins,
  fields: [
    row('foreign.phoneNumber', { ...value, businessCentral: 'phoneNumber', value: '0800' }),
    row('foreign.paymentTermsId', {
      ...value,
      businessCentral: 'paymentTermsId',
      lookup: { kind: 'query', find: 'paymentTerms', where: { code: { constant: terms } } },
    }),
  ],
})
const withTemplate = (wins: boolean, terms = '14 DAYS') =>
  customerAccount({ ...bothWays, defaults: { businessCentral: [template(wins, terms)], sales: [] } })

t.test('CUSTOMER a template gives a new customer its values, once, and plans tell them', async (t) => {
  const s = await stage(t)
  s.account({ name: 'Abroad', address1_city: 'Oslo' })
  s.account({ name: 'At home', address1_city: 'London' })
  const planned = await s.run([withTemplate(false)], { dry: true })
  t.match(planText(planned.plan, { paint: plain, showValues: true, excesses: [] }), /phoneNumber: 0800 \(default\)/)
  await s.run([withTemplate(false)])
  const terms = s.simulator.businessCentral.rows('paymentTerms').find(({ code }) => code === '14 DAYS')
  const byName = new Map(s.customers().map((customer) => [customer['displayName'], customer]))
  t.match(byName.get('Abroad'), { phoneNumber: '0800', paymentTermsId: terms?.['id'] })
  t.equal(byName.get('At home')?.['phoneNumber'], '')
  await s.run([withTemplate(false)])
  t.equal(s.accounts().find(({ name }) => name === 'Abroad')?.['telephone1'], '0800', 'P3: it travels like any value')
  s.simulator.resetRequests()
  await s.run([withTemplate(false)])
  t.equal(writesMade(s.simulator), 0)
})

t.test('CUSTOMER a template that wins replaces what was carried, as natively, and the value comes back', async (t) => {
  const s = await stage(t)
  s.account({ name: 'Abroad', address1_city: 'Oslo', telephone1: '1' })
  await s.run([withTemplate(true)])
  await s.run([withTemplate(true)])
  t.equal(s.customers()[0]?.['phoneNumber'], '0800')
  t.equal(s.accounts()[0]?.['telephone1'], '0800')
  s.simulator.resetRequests()
  const report = await s.run([withTemplate(true)])
  t.strictSame([writesMade(s.simulator), report.problems], [0, []])
})

t.test('P5 a template whose reference is not there holds the record, and tells which', async (t) => {
  const s = await stage(t)
  s.account({ name: 'Abroad', address1_city: 'Oslo' })
  await s.run([withTemplate(false, 'NEVER')])
  t.equal(s.customers().length, 0)
  t.match(s.held(), [{ kind: 'waiting', message: /paymentTerms/ }])
})
