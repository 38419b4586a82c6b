/** Runs worth killing: one for each thing that a run can do, on the two tables that every company has. */
import type { Test } from 'tap'
import type { Config, Mapping } from '../../src/config/config.ts'
import type { Coupling } from '../../src/core/coupling.ts'
import type { Row } from '../../src/simulator/table.ts'
import { recordsNamed, take } from '../../src/engine/decisions.ts'
import { customerAccount } from '../engine/project.ts'
import { type Stage, bothWays, idOf, stage } from '../engine/stage.ts'
import type { Ready, Runner, Scenario } from './kill.ts'

const deletes = (policy: Mapping['deletes']['sales']): Mapping['deletes'] => ({
  businessCentral: policy,
  sales: policy,
  sweepMs: 1,
})
const mapped = customerAccount({ ...bothWays, deletes: deletes('hold') })

/** All that a run leaves behind in both services and in the state, whatever the mappings. */
export const picture = (on: Stage, names: readonly string[], sets: Sets, bases: 'compared' | 'left out'): unknown => ({
  businessCentral: rowsOf(sets.businessCentral, (set) => on.simulator.businessCentral.rows(set)),
  sales: rowsOf(sets.sales, (set) => on.simulator.sales.rows(set)),
  state: names.map((name) => stateOf(on, name, bases === 'compared')),
})

/**
 * Pairs with their base, and what waits. Of a pair that waits more or less may be known; so of a document, which a runner
 * that finishes another's work has compared once more.
 */
function stateOf(on: Stage, name: string, withBases: boolean): unknown {
  const held = on.held(name)
  const waiting = new Set(held.map(({ id }) => id))
  return [
    name,
    on
      .couplings(name)
      .map(({ base, businessCentral, sales, unfinished, lines }) => {
        const isWaiting = waiting.has(businessCentral.id) || waiting.has(sales.id)
        return [
          businessCentral.id,
          sales.id,
          ...(isWaiting ? [] : [unfinished]),
          ...(withBases && lines === undefined && !isWaiting ? [known(base)] : lineIds(lines)),
        ]
      })
      .sort(byText),
    held.map(({ side, id, kind, fields }) => [side, id, kind, fields]).sort(byText),
  ]
}

const lineIds = (lines: Coupling['lines']): readonly unknown[] => (lines?.pairs ?? []).map((pair) => pair.slice(0, 2))

const byText = (one: unknown, other: unknown): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)

/** A row that was blank on both sides and one that was never compared come to the same: whatever is filled next travels. */
const known = (base: string): string =>
  base
    .split(',')
    .map((prints) => (prints === '' ? '-' : prints))
    .join(',')

export interface Sets {
  readonly businessCentral: readonly string[]
  readonly sales: readonly string[]
}

const rowsOf = (sets: readonly string[], rows: (set: string) => readonly Row[]): unknown =>
  sets.map((set) => [set, rows(set).map(withoutStamps)])

/** Stamps and versions tell when a row was written, which a killed run does later or twice. */
const stamp = /modified|version|etag|createdon|created_?at|processedon|dateTime|timestamp/i
const withoutStamps = (row: Row): unknown =>
  Object.entries(row)
    .filter(([column]) => !stamp.test(column))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))

const basic: Sets = { businessCentral: ['customers'], sales: ['accounts'] }

/** A scenario that sets its own stage up to the moment before the run. */
export interface Prepared extends Scenario {
  readonly prepare: (t: Test, runner: Runner) => Promise<Ready>
}

interface Sketch {
  readonly name: string
  readonly config?: readonly Mapping[] | Config
  /** Before the first run, which couples what is to be coupled. */
  readonly before: (on: Stage) => void
  /** After it, before the run that is killed. Absent: the first run is the one. */
  readonly after?: (on: Stage) => void | Promise<void>
  /** The mappings of the run that is killed. @default those of before */
  readonly next?: readonly Mapping[]
  readonly neverForgets?: string
}

const scenario = ({ name, config = [mapped], before, after, next, neverForgets }: Sketch): Prepared => ({
  name,
  ...(neverForgets !== undefined && { neverForgets }),
  prepare: async (t, runner): Promise<Ready> => {
    const on = await stage(t, runner.options)
    before(on)
    if (after !== undefined) {
      await on.run(config)
      await on.run(config)
      on.clock.advance(1000)
      await after(on)
    }
    const names = ('mappings' in config ? config.mappings : config).map((one) => one.name)
    return {
      on,
      run: (options) => on.run(next ?? config, options),
      picture: () => picture(on, names, basic, 'compared'),
    }
  },
})

const key = (kind: number, n: number): string => `00000000-0000-4000-800${kind}-${String(n).padStart(12, '0')}`
const customers = (on: Stage, count: number, more: Row = {}): void => {
  for (let n = 0; n < count; n++)
    on.customer({ id: key(1, n), number: `C${n}`, phoneNumber: '1', city: 'London', ...more })
}
const accounts = (on: Stage, count: number, more: Row = {}): void => {
  for (let n = 0; n < count; n++) on.account({ accountid: key(2, n), name: `A${n}`, telephone1: '1', ...more })
}
const customer = (on: Stage, number: string): string =>
  idOf(on.customers().find((row) => row['number'] === number) ?? {})
const account = (on: Stage, number: string): string =>
  idOf(on.accounts().find((row) => row['accountnumber'] === number) ?? {})
const editCustomer = (on: Stage, number: string, values: Row): void =>
  void on.simulator.businessCentral.edit('customers', customer(on, number), values)
const editAccount = (on: Stage, number: string, values: Row): void =>
  void on.simulator.sales.edit('accounts', account(on, number), values)

export const scenarios: readonly Prepared[] = [
  scenario({ name: 'create in Sales', before: (on) => customers(on, 3) }),
  scenario({ name: 'create in Business Central', before: (on) => accounts(on, 3) }),
  scenario({
    name: 'match',
    before: (on) => {
      customers(on, 3, { phoneNumber: '' })
      for (let n = 0; n < 3; n++)
        on.account({ accountid: key(2, n), name: `Customer C${n}`, accountnumber: `C${n}`, telephone1: '7' })
    },
  }),
  scenario({
    name: 'update in both directions',
    before: (on) => customers(on, 4),
    after: (on) => {
      editCustomer(on, 'C0', { phoneNumber: '2' })
      editCustomer(on, 'C1', { city: 'Rome' })
      editAccount(on, 'C2', { telephone1: '3' })
      editAccount(on, 'C3', { address1_city: 'Oslo' })
    },
  }),
  scenario({
    name: 'merge',
    before: (on) => customers(on, 2),
    after: (on) => {
      for (const number of ['C0', 'C1']) {
        editCustomer(on, number, { phoneNumber: '2' })
        editAccount(on, number, { address1_city: 'Rome' })
      }
    },
  }),
  scenario({
    name: 'conflict',
    before: (on) => customers(on, 2),
    after: (on) => {
      editCustomer(on, 'C0', { phoneNumber: '2', city: 'Rome' })
      editAccount(on, 'C0', { telephone1: '3' })
      editCustomer(on, 'C1', { phoneNumber: '4' })
    },
  }),
  scenario({
    name: 'conflict that a policy decides',
    config: [customerAccount({ ...bothWays, conflicts: 'sales' })],
    before: (on) => customers(on, 2),
    after: (on) => {
      editCustomer(on, 'C0', { phoneNumber: '2', city: 'Rome' })
      editAccount(on, 'C0', { telephone1: '3' })
    },
  }),
  scenario({
    name: 'held record released, by a person who says which side is right and by one who edits it',
    neverForgets: 'what a person decided since the last push is lost with it, and asked again',
    before: (on) => customers(on, 3),
    after: async (on) => {
      for (const number of ['C0', 'C1']) {
        editCustomer(on, number, { phoneNumber: '2', city: 'Rome' })
        editAccount(on, number, { telephone1: '3' })
      }
      await on.run([mapped])
      on.clock.advance(1000)
      const state = on.store.mapping('customer-account')
      const decided = take(state, recordsNamed(state, 'C0'), { side: 'sales', fields: [] })
      if (decided.kind === 'problem') throw new Error(decided.message)
      await on.store.lock('a person')
      await on.store.commit('customer-account', decided.entries)
      await on.store.unlock()
      editCustomer(on, 'C1', { phoneNumber: '3' })
    },
  }),
  ...(['delete', 'restore', 'uncouple', 'hold'] as const).map((policy) =>
    scenario({
      name: `deleted on either side, where the policy says ${policy}`,
      ...(policy === 'restore' && {
        neverForgets: 'Business Central gives the customer another number, which then waits',
      }),
      config: [customerAccount({ ...bothWays, deletes: deletes(policy) })],
      before: (on) => customers(on, 4),
      after: (on) => {
        on.simulator.sales.delete('accounts', account(on, 'C0'))
        on.simulator.businessCentral.delete('customers', customer(on, 'C1'))
        editCustomer(on, 'C2', { phoneNumber: '2' })
      },
    }),
  ),
  scenario({
    name: 'a configuration that changed between the runs',
    before: (on) => customers(on, 3, { website: 'HTTP://A.EXAMPLE' }),
    after: (on) => editCustomer(on, 'C1', { phoneNumber: '2' }),
    next: [
      {
        ...mapped,
        hash: 'm2',
        fields: mapped.fields.map((field) =>
          field.name === 'email' ? { ...field, businessCentral: 'website', compute: {}, hash: 'h2' } : field,
        ),
      },
    ],
  }),
  scenario({
    name: 'a record that leaves the filter and one that comes back',
    before: (on) => customers(on, 3),
    after: async (on) => {
      editAccount(on, 'C0', { statecode: 1 })
      await on.run([mapped])
      on.clock.advance(1000)
      editCustomer(on, 'C0', { phoneNumber: '5' })
      editAccount(on, 'C0', { statecode: 0 })
      editAccount(on, 'C1', { statecode: 1 })
      editCustomer(on, 'C1', { phoneNumber: '6' })
    },
  }),
  scenario({
    name: 'everything at once, in both directions',
    config: [customerAccount({ ...bothWays, deletes: deletes('delete') })],
    before: (on) => {
      customers(on, 6)
      accounts(on, 3)
    },
    after: (on) => {
      editCustomer(on, 'C0', { phoneNumber: '2' })
      editAccount(on, 'C1', { address1_city: 'Rome' })
      editCustomer(on, 'C2', { phoneNumber: '2' })
      editAccount(on, 'C2', { address1_city: 'Rome' })
      on.simulator.sales.delete('accounts', account(on, 'C3'))
      on.simulator.businessCentral.delete('customers', customer(on, 'C4'))
      on.customer({ id: key(1, 7), number: 'C7', phoneNumber: '1' })
      on.customer({ id: key(1, 8), number: 'C8', phoneNumber: '8' })
      on.account({ accountid: key(2, 8), name: 'Customer C8', accountnumber: 'C8', address1_city: 'Oslo' })
      on.account({ accountid: key(2, 9), name: 'A9' })
    },
  }),
]
