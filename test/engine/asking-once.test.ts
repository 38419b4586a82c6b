import t from 'tap'
import type { Connector, Query } from '../../src/connector/connector.ts'
import { askingOnce } from '../../src/engine/asking-once.ts'
import { stage } from './stage.ts'

const query: Query = { entity: { kind: 'standard', entity: 'customers' }, select: ['number', 'city'] }

/** Every answer of a side about a few customers. */
async function asked(connector: Connector, ids: readonly string[]): Promise<readonly unknown[]> {
  const answers: unknown[] = []
  for await (const { changes, whole } of connector.changes(query, undefined)) answers.push([changes, whole])
  for await (const keys of connector.keys(query)) answers.push(keys)
  answers.push(await connector.read(query, ids), await connector.find(query, [{ city: 'London' }, { city: 'Oslo' }]))
  return answers
}

t.test('the same question is asked once, and gets the same answer whatever happens meanwhile', async (t) => {
  const on = await stage(t)
  const ids = ['London', 'Oslo', 'Rome'].map((city, index) => String(on.customer({ number: `C${index}`, city })['id']))
  const { businessCentral } = on.connectors
  const first = await asked(businessCentral, ids)
  const once = askingOnce(businessCentral)
  t.same(await asked(once, ids), first)
  const requests = businessCentral.usage().requests
  on.simulator.businessCentral.edit('customers', ids[0] ?? '', { city: 'Paris' })
  t.same(await asked(once, ids), first)
  t.equal(businessCentral.usage().requests, requests, 'nothing was asked again')
  t.match(await once.read(query, ids.slice(0, 1)), [{ row: { city: 'Paris' } }], 'another question is')
})

t.test('P10 what finds no room is asked again', async (t) => {
  const on = await stage(t)
  const ids = ['London', 'Oslo', 'Rome'].map((city, index) => String(on.customer({ number: `C${index}`, city })['id']))
  const { businessCentral } = on.connectors
  const first = await asked(businessCentral, ids)
  const most = 4
  const once = askingOnce(businessCentral, most)
  t.same(await asked(once, ids), first)
  const before = businessCentral.usage().requests
  t.same(await asked(once, ids), first)
  t.equal(businessCentral.usage().requests, before + 3, 'of eleven rows and keys the first three are kept')
})
