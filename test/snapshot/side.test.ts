/** A side from rows at hand answers as the service does. */
import t from 'tap'
import type { BySide, Side } from '../../src/config/config.ts'
import type { Condition, Connector, Query } from '../../src/connector/connector.ts'
import { Recorder } from '../../src/snapshot/recorder.ts'
import { ShelvedSide } from '../../src/snapshot/side.ts'
import { stage, writesMade } from '../engine/stage.ts'

interface Question {
  readonly select: readonly string[]
  readonly filter?: string
  readonly order?: readonly string[]
  readonly anyOf?: readonly Condition[]
}

const set: BySide<string> = { businessCentral: 'customers', sales: 'accounts' }

const questions: BySide<readonly Question[]> = {
  businessCentral: [
    { select: ['number', 'city'] },
    { select: ['number'], filter: "city eq 'London'" },
    { select: ['number'], filter: "city eq '' and creditLimit gt 9" },
    { select: ['number'], filter: "startswith(displayName,'Cust') and not (number eq 'C2')" },
    { select: ['number', 'creditLimit'], order: ['creditLimit'] },
    { select: ['number'], anyOf: [{ number: 'c1' }, { number: 'C3', city: 'Oslo' }, { number: 'C3', city: 'London' }] },
    { select: ['city'], anyOf: [{ creditLimit: 1000 }, { city: '' }] },
    { select: ['city'], filter: "city eq 'London'", anyOf: [{ number: 'C1' }, { number: 'C2' }] },
  ],
  sales: [
    { select: ['name', 'address1_city'] },
    { select: ['name'], filter: 'customertypecode eq 3' },
    { select: ['name'], anyOf: [{ accountnumber: 'c1' }, { name: 'NOBODY' }] },
    { select: ['name'], anyOf: [{ address1_city: null, accountnumber: 'C2' }] },
    { select: ['accountnumber'], filter: 'customertypecode eq 3', anyOf: [{ address1_city: 'london' }] },
  ],
}

/** What a side answers to a question, in no order but that asked for. */
async function answers(connector: Connector, side: Side, { anyOf, ...asked }: Question, ids: readonly string[]) {
  const query: Query = { entity: { kind: 'standard', entity: set[side] }, ...asked }
  const pages = []
  for await (const { changes, whole } of connector.changes(query, undefined))
    pages.push(...changes.map((one) => ({ ...one, whole })))
  const keys: string[] = []
  for await (const some of connector.keys(query)) keys.push(...some)
  return {
    changes: asked.order === undefined ? byId(pages) : pages,
    keys: keys.toSorted(),
    read: await connector.read(query, ids),
    found: anyOf === undefined ? [] : byId(await connector.find(query, anyOf)),
  }
}

const byId = <T extends { readonly id: string }>(list: readonly T[]): readonly T[] =>
  list.toSorted((a, b) => (a.id < b.id ? -1 : 1))

t.test('every question gets the answer of the service, and each collection is read once', async (t) => {
  const on = await stage(t)
  const customers = [
    on.customer({ number: 'C1', city: 'London', creditLimit: 1000 }),
    on.customer({ number: 'C2', creditLimit: 20.5 }),
    on.customer({ number: 'C3', displayName: 'Somebody', city: 'Oslo', creditLimit: 3000 }),
  ]
  const accounts = [
    on.account({ name: 'Nobody', accountnumber: 'C1', address1_city: 'London' }),
    on.account({ name: 'Else', accountnumber: 'C2' }),
    on.account({ name: 'Other', accountnumber: 'C4', customertypecode: 1, address1_city: 'LONDON' }),
  ]
  const nobody = '00000000-0000-4000-8000-0000000000ff'
  const ids = {
    businessCentral: [...customers.map(({ id }) => String(id)), nobody],
    sales: [nobody, ...accounts.map(({ accountid }) => String(accountid).toUpperCase())],
  }
  for (const side of ['businessCentral', 'sales'] as const) {
    const connector = on.world[side]
    const recorder = new Recorder(connector)
    const shelved = new ShelvedSide(side, () => connector.identify(), recorder)
    await shelved.describe({ kind: 'standard', entity: set[side] })
    for (const question of questions[side]) {
      const service = await answers(connector, side, question, ids[side])
      t.same(await answers(shelved, side, question, ids[side]), service, `${side} ${JSON.stringify(question)}`)
    }
    const requests = connector.usage().requests
    for (const question of questions[side]) await answers(shelved, side, question, ids[side])
    t.equal(connector.usage().requests, requests, 'nothing is asked again')
    await t.rejects(shelved.write(), /not written to/)
  }
  t.equal(writesMade(on.simulator), 0)
})
