/** A snapshot as something that can be planned with. */
import type { Ports } from '../engine/ports.ts'
import { openMemoryStore, overlay } from '../store/memory-store.ts'
import { shelfOf } from './shelf.ts'
import { ShelvedSide } from './side.ts'
import type { Snapshot } from './snapshot.ts'

/** The day of a snapshot, `2026-03-31`. */
export const dayOf = ({ taken }: Pick<Snapshot, 'taken'>): string => taken.slice(0, 10)

/** Both sides and the state as they stood; the clock stands still at that moment. */
export async function replayed(snapshot: Snapshot, { emit, apart }: Pick<Ports, 'emit' | 'apart'>): Promise<Ports> {
  const { identity, sides, key, state, taken } = snapshot
  const from = `the snapshot of ${dayOf(snapshot)}`
  const store = openMemoryStore(key)
  await store.lock('snapshot')
  for (const [name, content] of Object.entries(state)) await store.replace(name, content)
  await store.unlock()
  return {
    emit,
    ...(apart !== undefined && { apart }),
    connectors: {
      businessCentral: new ShelvedSide(
        'businessCentral',
        async () => identity.businessCentral,
        shelfOf('businessCentral', sides.businessCentral, from),
      ),
      sales: new ShelvedSide('sales', async () => identity.sales, shelfOf('sales', sides.sales, from)),
    },
    store,
    overlay,
    clock: { now: () => new Date(taken), sleep: async () => {} },
  }
}
