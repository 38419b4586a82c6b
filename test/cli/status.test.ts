/** What status says of mappings that were switched off. */
import t from 'tap'
import { statusOf } from '../../src/cli/status.ts'
import type { Coupling } from '../../src/core/coupling.ts'
import { statusText } from '../../src/report/status-text.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { only, standardSet } from '../engine/standard-set.ts'
import { plain } from '../../src/report/paint.ts'

const pair = (id: string, more: Partial<Coupling> = {}): Coupling => ({
  businessCentral: { id, keys: {}, version: undefined },
  sales: { id: `s${id}`, keys: {}, version: undefined },
  layout: '',
  base: '',
  ...more,
})

t.test('L-15 199 documents under way whose mapping was switched off are a warning', async (t) => {
  const store = openMemoryStore('key')
  await store.lock('test')
  const coupled = [pair('1'), pair('2'), pair('3', { ended: 'businessCentral' })]
  for (const name of ['sales-order', 'customer-account'])
    await store.commit(
      name,
      coupled.map((coupling) => ({ kind: 'couple', coupling })),
    )
  const told = async (salesOrders: string) => {
    const config = only(await standardSet(t, `, salesOrders: ${salesOrders}`), 'sales-order', 'customer-account')
    return statusOf({ config, store, runs: [], states: new Map(), now: new Date(), maxAgeMs: undefined })
  }
  t.same((await told('legacy')).warnings, [])
  const off = await told("'off'")
  t.equal(off.warnings.length, 1)
  t.match(
    off.warnings[0],
    /^sales-order is switched off while 2 documents it took over are under way: .*uncouple sales-order --all$/,
  )
  t.match(statusText(off, plain, new Date()), /2 in step no longer travel/)
})
