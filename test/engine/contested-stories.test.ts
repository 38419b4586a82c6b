/**
 * P1, P10: whatever people do to records that could be each other's partners, a run that looks only at what has moved
 * couples nothing that a look at everything would hold, and leaves nothing undecided for longer than the interval of
 * `deletes.sweep` that such a look would decide.
 */
import t from 'tap'
import type { Mapping } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import { customerAccount } from './project.ts'
import { type Stage, idOf, stage } from './stage.ts'

const stories = 80
const names = ['A', 'B', 'C']
const numbers = ['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'N7', 'N8']
const untold = { sales: { changeTracking: { account: false } } } as const

/** Matching alone, by number and then by name; pairs end with their records. */
function mapped(direction: Mapping['direction']): Mapping {
  const { fields } = customerAccount()
  return customerAccount({
    direction,
    fields: fields.filter(({ name }) => name === 'phone').map((field) => ({ ...field, direction })),
    deletes: { businessCentral: 'uncouple', sales: 'uncouple', sweepMs: 86_400_000 },
  })
}

/** Numbers below `most`, the same for a seed. */
function chance(seed: number): (most: number) => number {
  let state = seed * 7919 + 1
  return (most) => {
    state = (state * 48_271) % 2_147_483_647
    return state % most
  }
}

/** A person makes, renames, numbers or deletes a record. */
function act(s: Stage, next: (most: number) => number): void {
  const pick = <T>(list: readonly T[]): T | undefined => list[next(list.length)]
  const { businessCentral, sales } = s.simulator
  const called = pick(names) ?? ''
  const number = pick(numbers) ?? ''
  const customer: Row | undefined = pick(s.customers().filter((row) => row['number'] !== 'Z'))
  const account: Row | undefined = pick(s.accounts().filter((row) => row['name'] !== 'Z'))
  const isFree = !s.customers().some((row) => row['number'] === number)
  const acts: readonly (() => unknown)[] = [
    () => isFree && s.customer({ number, displayName: called, postalCode: '1' }),
    () => isFree && s.customer({ number, displayName: called, postalCode: '1' }),
    () => s.account({ name: called, address1_postalcode: '1' }),
    () => s.account({ name: called, address1_postalcode: '1', accountnumber: number }),
    () => customer && businessCentral.delete('customers', idOf(customer)),
    () => account && sales.delete('accounts', idOf(account)),
    () => customer && businessCentral.edit('customers', idOf(customer), { displayName: called }),
    () => account && sales.edit('accounts', idOf(account), { name: called }),
    () => account && sales.edit('accounts', idOf(account), { accountnumber: next(2) === 0 ? null : number }),
  ]
  acts[next(acts.length)]?.()
}

const pairs = (s: Stage): readonly string[] =>
  s.couplings().map((pair) => `${pair.businessCentral.id} ${pair.sales.id}`)
const undecided = (s: Stage): readonly string[] =>
  s.held().flatMap(({ kind, side, id }) => (kind === 'ambiguous' ? [`${side} ${id}`] : []))

t.test('a run over what has moved decides as a look at everything would', async (t) => {
  let coupled = 0
  let waited = 0
  for (let seed = 1; seed <= stories; seed++) {
    const next = chance(seed)
    const mapping = mapped((['both', 'both', 'toSales', 'toBusinessCentral'] as const)[next(4)] ?? 'both')
    const s = await stage(t, next(3) === 0 ? untold : {})
    s.customer({ number: 'Z', displayName: 'Z', postalCode: '1' })
    s.account({ name: 'Z', address1_postalcode: '1' })
    for (let run = 0; run < 14; run++) {
      for (let acts = run === 0 ? 6 : 1 + next(2); acts > 0; acts--) act(s, next)
      const before = pairs(s)
      const { operations } = (await s.run([mapping], { dry: true, full: true })).plan
      const may = operations.flatMap(({ key, partner }) => [`${key} ${partner}`, `${partner} ${key}`])
      await s.run([mapping])
      const made = pairs(s).filter((pair) => !before.includes(pair))
      coupled += made.length
      const wrong = made.filter((pair) => !may.includes(pair))
      if (wrong.length > 0) t.fail(`story ${seed}, run ${run}: ${wrong.join(', ')}`)
    }
    s.clock.advance(86_400_001)
    for (let run = 0; run < 3; run++) await s.run([mapping])
    const left = undecided(s)
    waited += left.length
    await s.run([mapping], { full: true })
    const still = new Set(undecided(s))
    t.same(
      left.filter((one) => !still.has(one)),
      [],
      `story ${seed}`,
    )
  }
  t.ok(coupled > 80 && waited > 40, `${coupled} coupled, ${waited} undecided`)
})
