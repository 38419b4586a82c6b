import t from 'tap'
import { recommend } from '../../src/core/recommend.ts'
import type { Recommendation } from '../../src/core/recommend.ts'
import { rewound } from '../../src/core/rewind.ts'
import { source } from '../engine/project.ts'

type Directions = 'both' | 'toSales' | 'toBusinessCentral'
type Runs = 'auto' | 'full' | 'couple'
const plain = source('sales', 'accounts')
const choice = source('sales', 'accounts', {
  entity: { kind: 'choice', entity: 'accounts', column: 'paymenttermscode', mirror: [] },
})

/** Records without a partner in Business Central / in Sales, one cell for each direction. */
type Table = Record<string, Record<Directions, Recommendation>>

const check = (t: Tap, table: Table, traits: { firstRun: Runs; sales: typeof plain }): void => {
  for (const [cell, row] of Object.entries(table))
    for (const [direction, expected] of Object.entries(row)) {
      const [businessCentral = 0, sales = 0] = cell.split('/').map(Number)
      const standing = { unpaired: { businessCentral, sales }, coupled: 0 }
      const { kind } = recommend({ ...traits, direction: direction as Directions }, standing)
      t.equal(kind, expected, `${cell} ${direction}`)
    }
}
type Tap = typeof t

t.test('U-02 the recommendation follows from the records without a partner on both sides', async (t) => {
  const nothing = { both: 'nothing', toSales: 'nothing', toBusinessCentral: 'nothing' } as const
  const couple = { both: 'couple', toSales: 'couple', toBusinessCentral: 'couple' } as const
  const full = { both: 'full', toSales: 'full', toBusinessCentral: 'full' } as const
  check(
    t as Tap,
    {
      '0/0': nothing,
      '3/0': { both: 'full', toSales: 'full', toBusinessCentral: 'nothing' },
      '0/4': { both: 'full', toSales: 'nothing', toBusinessCentral: 'full' },
      '3/4': couple,
    },
    { firstRun: 'auto', sales: plain },
  )
  check(t as Tap, { '0/0': full, '3/0': full, '0/4': full, '3/4': full }, { firstRun: 'full', sales: plain })
  check(
    t as Tap,
    {
      '0/0': nothing,
      '3/0': { both: 'couple', toSales: 'couple', toBusinessCentral: 'nothing' },
      '0/4': { both: 'couple', toSales: 'nothing', toBusinessCentral: 'couple' },
      '3/4': couple,
    },
    { firstRun: 'couple', sales: plain },
  )
})

const codes = (businessCentral: number, sales: number): Recommendation =>
  recommend(
    { direction: 'toSales', firstRun: 'auto', sales: choice },
    { unpaired: { businessCentral, sales }, coupled: 0 },
  ).kind

t.test('U-02 option sets: couple where Business Central has codes, else nothing', async (t) => {
  t.equal(codes(0, 5), 'nothing')
  t.equal(codes(4, 0), 'couple')
  t.equal(codes(4, 5), 'couple')
})

t.test('U-02 nothing is left where every record has its partner, and it says so', async (t) => {
  const done = recommend(
    { direction: 'both', firstRun: 'auto', sales: plain },
    { unpaired: { businessCentral: 0, sales: 0 }, coupled: 12 },
  )
  t.strictSame(done, { kind: 'nothing', because: 'every record has its partner' })
})

t.test('a watermark is set back and never forward', async (t) => {
  const march = '2026-03-01T00:00:00.000Z'
  t.strictSame(rewound({ kind: 'stamp', at: '2026-05-01T10:00:00Z' }, march), {
    kind: 'moved',
    watermark: { kind: 'stamp', at: march },
  })
  t.equal(rewound({ kind: 'stamp', at: '2026-02-01T10:00:00Z' }, march).kind, 'same')
  t.equal(rewound({ kind: 'scan' }, march).kind, 'same')
  t.equal(rewound(undefined, march).kind, 'same')
  t.strictSame(rewound({ kind: 'delta', link: 'x' }, march), { kind: 'moved', watermark: null }, 'a token is dropped')
})
