/** What came of a run: counts a mapping and direction, problems with their remedies, the plan. */
import { type Side, otherSide } from '../config/config.ts'
import type { Held } from '../core/coupling.ts'
import { type MappingCounts, type Operation, type PlannedHold, inOrder } from '../core/plan.ts'
import type { ConnectorError } from '../errors.ts'
import type { MappingSummary, Store } from '../store/store.ts'
import type { Scope } from './intake.ts'
import { wasRefusedSince } from './outcome.ts'
import type { RunProblem, RunReport } from './ports.ts'
import type { RunContext } from './prepare.ts'
import { Tally } from './tally.ts'

/** A mapping that could not run. */
export interface Failure {
  readonly mapping: string
  readonly error: ConnectorError
}

export interface Measured {
  readonly requests: number
  readonly ms: number
}

/** All that a report is made of. */
export interface Ended {
  readonly id: string
  readonly startedAt: Date
  readonly context: RunContext
  readonly operations: readonly Operation[]
  readonly holds: readonly PlannedHold[]
  readonly counts: readonly MappingCounts[]
  readonly failures: readonly Failure[]
  readonly cost: ReadonlyMap<string, Measured>
  readonly tallies: ReadonlyMap<string, Tally>
  /** What each mapping read. */
  readonly scopes: ReadonlyMap<string, Scope>
  /** The state after the run. */
  readonly store: Store
  readonly refusedOperations: readonly string[]
}

/** The report of a run. */
export function reportOf(ended: Ended): RunReport {
  const { context, failures } = ended
  const held = context.order.map((name) => [name, heldIn(ended, name)] as const)
  const problems = [
    ...failures.map(serviceProblem),
    ...held.flatMap(([name, records]) => records.map((record) => heldProblem(name, record, ended))),
  ]
  const usage = (['businessCentral', 'sales'] as const).map((side) => context.ports.connectors[side].usage())
  return {
    run: ended.id,
    ok: problems.length === 0,
    mappings: held.flatMap(([name, records]) => summaries(ended, name, records)),
    problems,
    plan: { operations: inOrder(ended.operations, context.order), holds: ended.holds, counts: ended.counts },
    refused: failures.length > 0,
    refusedOperations: ended.refusedOperations,
    requests: usage.reduce((sum, { requests }) => sum + requests, 0),
    bytes: usage.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: context.ports.clock.now().getTime() - ended.startedAt.getTime(),
  }
}

/** Records of a mapping that wait after the run; in a run over certain records only those. */
function heldIn({ context, store, scopes }: Ended, name: string): readonly Held[] {
  const state = store.mapping(name)
  const all = [...state.allHeld()]
  if (context.options.ids === undefined && context.options.records.length === 0) return all
  const scope = scopes.get(name)
  if (scope?.kind !== 'ids') return []
  const wanted = { businessCentral: new Set(scope.ids.businessCentral), sales: new Set(scope.ids.sales) }
  return all.filter(({ side, id }) => {
    const partner = state.bySide(side, id)?.[otherSide(side)].id
    return wanted[side].has(id) || (partner !== undefined && wanted[otherSide(side)].has(partner))
  })
}

function summaries(ended: Ended, name: string, held: readonly Held[]): readonly MappingSummary[] {
  const mapping = ended.context.byName.get(name)
  if (mapping === undefined) return []
  const tally = ended.context.options.dry ? plannedTally(ended, name) : (ended.tallies.get(name) ?? new Tally())
  for (const { side, kind } of held)
    tally.to(shownTo(side, mapping.direction), kind === 'failed' || kind === 'quarantine' ? 'failed' : 'held')
  return tally.summaries(name, mapping.direction, ended.cost.get(name) ?? { requests: 0, ms: 0 })
}

/** A held record is counted in the direction that it would travel. */
function shownTo(side: Side, direction: 'both' | 'toSales' | 'toBusinessCentral'): Side {
  if (direction !== 'both') return direction === 'toSales' ? 'sales' : 'businessCentral'
  return side === 'sales' ? 'businessCentral' : 'sales'
}

/** The counts that a plan would lead to. */
function plannedTally({ operations, tallies }: Ended, name: string): Tally {
  const tally = tallies.get(name) ?? new Tally()
  const counters = {
    create: 'created',
    update: 'updated',
    delete: 'deleted',
    couple: 'coupled',
    uncouple: 'uncoupled',
  } as const
  for (const { mapping, kind, side } of operations) {
    // A claim is part of what it is made for.
    if (mapping !== name || kind === 'claim') continue
    if (kind === 'couple' || kind === 'uncouple') tally.from(side, counters[kind])
    else tally.to(side, counters[kind])
  }
  return tally
}

const serviceProblem = ({ mapping, error }: Failure): RunProblem => ({
  mapping,
  side: error.side,
  id: undefined,
  number: undefined,
  kind: 'service',
  code: error.fault,
  message: error.message,
  remedy: error.remedy,
  isNew: true,
  isRefusedNow: true,
})

const heldProblem = (mapping: string, held: Held, { startedAt }: Ended): RunProblem => ({
  mapping,
  side: held.side,
  id: held.id,
  number: held.number,
  kind: held.kind,
  code: held.code,
  message: held.message,
  remedy: held.remedy,
  isNew: held.since >= startedAt.toISOString(),
  isRefusedNow: wasRefusedSince(held, startedAt),
})

/** Mappings that a full run has to be restarted for: not run to the end, or with records that were refused. */
export function unfinishedOf({ problems }: RunReport): readonly string[] {
  const unfinished = problems.filter(({ kind }) => kind === 'service' || kind === 'failed' || kind === 'quarantine')
  return [...new Set(unfinished.map(({ mapping }) => mapping))]
}
