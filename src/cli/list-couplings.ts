/** Couplings as they are listed and exported. */
import { recordsNamed } from '../engine/decisions.ts'
import type { ListedCoupling } from '../report/coupling-text.ts'
import type { MappingState, Store } from '../store/store.ts'

/** All pairs of a mapping, or of all; only those of one record where it is named. */
export function listedCouplings(store: Store, mapping: string | undefined, record?: string): readonly ListedCoupling[] {
  const names = mapping === undefined ? store.mappings() : [mapping]
  return names.flatMap((name) => [...listed(store.mapping(name), record)])
}

function* listed(state: MappingState, record: string | undefined): Generator<ListedCoupling> {
  const all =
    record === undefined ? state.couplings() : recordsNamed(state, record).flatMap(({ coupling }) => coupling ?? [])
  for (const { businessCentral, sales, outside, ended } of all) {
    const held = state.held('businessCentral', businessCentral.id) ?? state.held('sales', sales.id)
    yield {
      mapping: state.name,
      businessCentral: { id: businessCentral.id, keys: businessCentral.keys },
      sales: { id: sales.id, keys: sales.keys },
      paused: outside === true,
      over: ended !== undefined,
      held: held !== undefined,
    }
  }
}
