/** Random histories of a mapping, and everything a mapping answers as one comparable value. */
import * as fc from 'fast-check'
import type { Entry, MappingState } from '../../src/store/store.ts'
import { couple, held, intent } from '../contract/store.ts'

const bcIds = ['B1', 'B2', 'B3', 'B4', 'Bäüß😀']
const salesIds = ['S1', 'S2', 'S3', 'S4', "Item_No='1000',Code='PCS'"]
const names = ['businessCentral', 'sales', 'sales/rate']
const layouts = ['L1', 'L2']

const bc = fc.constantFrom(...bcIds)
const sales = fc.constantFrom(...salesIds)
const record = fc.oneof(
  fc.record({ side: fc.constant('businessCentral' as const), id: bc }),
  fc.record({ side: fc.constant('sales' as const), id: sales }),
)

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .tuple(bc, sales, fc.constantFrom({}, { outside: true }, { moved: 1, layout: 'L2', base: 'x' }))
    .map(([b, s, more]) => couple(b, s, more)),
  fc.record({ kind: fc.constant('uncouple' as const), businessCentral: bc, sales, generation: fc.boolean() }),
  fc.record({ kind: fc.constant('layout' as const), id: fc.constantFrom(...layouts), rows: fc.array(fc.string()) }),
  fc.tuple(record, fc.nat(9), fc.string()).map(([{ side, id }, attempts, message]) => ({
    kind: 'hold' as const,
    held: held(id, { side, attempts, message }),
  })),
  record.map(({ side, id }) => ({ kind: 'release' as const, side, id })),
  fc.record({
    kind: fc.constant('watermark' as const),
    name: fc.constantFrom(...names),
    watermark: fc.oneof(
      fc.constant(null),
      fc.webUrl().map((link) => ({ kind: 'delta' as const, link })),
    ),
  }),
  fc.string().map((hash) => ({ kind: 'hash' as const, hash })),
  record.chain(({ side }) => fc.nat().map((count) => ({ kind: 'counted' as const, side, count }))),
  fc.record({
    kind: fc.constant('watch' as const),
    name: fc.constantFrom('businessCentral/recheck', 'sales/recheck'),
    add: fc.array(fc.constantFrom(...bcIds, ...salesIds), { maxLength: 3 }),
    drop: fc.array(fc.constantFrom(...bcIds, ...salesIds), { maxLength: 2 }),
  }),
  fc.constantFrom('i1', 'i2').map((id) => ({ kind: 'intent' as const, intent: intent(id) })),
  fc.constantFrom('i1', 'i2').map((id) => ({ kind: 'settled' as const, id })),
)

/** One commit. */
export const commit: fc.Arbitrary<readonly Entry[]> = fc.array(entry, { minLength: 1, maxLength: 5 })

const text = (values: Iterable<unknown>): readonly string[] => [...values].map((value) => JSON.stringify(value)).sort()

/** All that can be asked of a mapping about the records of `commit`. */
export function picture(mapping: MappingState): unknown {
  const ids = { businessCentral: bcIds, sales: salesIds }
  const records = (['businessCentral', 'sales'] as const).flatMap((side) =>
    ids[side].map((id) => [
      mapping.bySide(side, id),
      mapping.held(side, id),
      mapping.generation(side, id),
      mapping.byKeys(
        side,
        side === 'sales' ? { accountnumber: `N-${bcIds[salesIds.indexOf(id)]}` } : { number: `N-${id}` },
      ),
    ]),
  )
  return JSON.parse(
    JSON.stringify({
      size: mapping.size,
      hash: mapping.hash ?? null,
      couplings: text(mapping.couplings()),
      held: text(mapping.allHeld()),
      intents: text(mapping.intents()),
      counted: [mapping.counted('businessCentral'), mapping.counted('sales')],
      watched: ['businessCentral/recheck', 'sales/recheck'].map((name) => [...mapping.watched(name)].sort()),
      watermarks: names.map((name) => mapping.watermark(name) ?? null),
      layouts: layouts.map((id) => mapping.layout(id) ?? null),
      records,
    }),
  )
}
