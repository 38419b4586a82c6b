/**
 * A person's decisions about records: pure functions from the state and a request to the entries to commit, or to a
 * problem in words. Nothing is read from a service and nothing is written here.
 */
import { type BySide, type Direction, type Side, otherSide, sides, travelsTo } from '../config/config.ts'
import { couplingId } from '../core/coupling.ts'
import type { Coupling, Decision, Held, HeldKind } from '../core/coupling.ts'
import type { Entry, MappingState } from '../store/store.ts'

/** A record that a name stands for: a pair, something that waits, or both. */
export interface Known {
  readonly coupling: Coupling | undefined
  readonly held: readonly Held[]
}

/** What a decision comes to. */
export type Decided =
  | {
      readonly kind: 'decided'
      readonly entries: readonly Entry[]
      /** Records that the next run should look at. */
      readonly records: readonly { readonly side: Side; readonly id: string }[]
    }
  | { readonly kind: 'problem'; readonly message: string; readonly remedy: string }

const problem = (message: string, remedy: string): Decided => ({ kind: 'problem', message, remedy })
const decided = (
  entries: readonly Entry[],
  records: readonly { readonly side: Side; readonly id: string }[],
): Decided => ({
  kind: 'decided',
  entries,
  records: records.map(({ side, id }) => ({ side, id })),
})

/**
 * Everything in the state that a person may mean by `name`: an id, a natural key, or the number of something held;
 * `column=value` looks at that natural key alone. Letter case does not matter. A pair that is held counts once.
 */
export function recordsNamed(state: MappingState, name: string): readonly Known[] {
  const wanted = wantedBy(name)
  return everyRecord(state).filter(
    ({ coupling, held }) =>
      (coupling !== undefined && sides.some((side) => isNamed(coupling[side], wanted))) ||
      held.some((one) => isHeldNamed(one, wanted)),
  )
}

interface Wanted {
  readonly column: string | undefined
  readonly value: string
}

function wantedBy(name: string): Wanted {
  const parts = /^([A-Za-z_]\w*)=(?!')(.*)$/s.exec(name)
  return { column: parts?.[1], value: (parts?.[2] ?? name).toLowerCase() }
}

function isNamed(seen: Coupling[Side], { column, value }: Wanted): boolean {
  if (column !== undefined) return seen.keys[column]?.toLowerCase() === value
  return seen.id.toLowerCase() === value || Object.values(seen.keys).some((key) => key.toLowerCase() === value)
}

/** Of a record without a coupling only its number is known, whatever column that was read from. */
const isHeldNamed = ({ id, number }: Held, { column, value }: Wanted): boolean =>
  number?.toLowerCase() === value || (column === undefined && id.toLowerCase() === value)

/** Every pair and everything that waits. */
export function everyRecord(state: MappingState): readonly Known[] {
  const records = new Map<string, { readonly coupling: Coupling; readonly held: Held[] }>()
  for (const coupling of state.couplings()) records.set(couplingId(coupling), { coupling, held: [] })
  const lone: Known[] = []
  for (const held of state.allHeld()) {
    const coupling = state.bySide(held.side, held.id)
    const own = coupling === undefined ? undefined : records.get(couplingId(coupling))
    if (own === undefined) lone.push({ coupling: undefined, held: [held] })
    else own.held.push(held)
  }
  return [...records.values(), ...lone]
}

/** Every name by which a record of the mapping can be called, for "did you mean". */
export function* namesIn(state: MappingState): Generator<string> {
  for (const coupling of state.couplings()) for (const side of sides) yield* Object.values(coupling[side].keys)
  for (const { number } of state.allHeld()) if (number !== undefined) yield number
}

/** What is to be done with two records that a person couples. */
export interface CoupleRequest {
  /** What a first meeting does where both are filled differently: hold it, or take that side's value. */
  readonly prefer: 'hold' | Side
  /** Ids of coupled records that are known to be deleted: their couplings are stale and block nobody (C-07). */
  readonly gone: ReadonlySet<string>
  /** When it was decided, ISO 8601. */
  readonly at: string
}

/**
 * Couples two records by hand. The pair has no base, so its first run is a first match: a blank is filled, and what
 * differs is held, unless the person says which side is right.
 */
export function couple(
  state: MappingState,
  pair: BySide<{ readonly id: string; readonly keys: Readonly<Record<string, string>> }>,
  request: CoupleRequest,
): Decided {
  const stale: Entry[] = []
  for (const side of sides) {
    const there = state.bySide(side, pair[side].id)
    if (there === undefined) continue
    const other = there[otherSide(side)]
    if (other.id === pair[otherSide(side)].id) {
      return problem('These two records are coupled with each other already.', 'Nothing is to be done.')
    }
    if (!request.gone.has(other.id)) return coupledElsewhere(state, pair[side], other)
    stale.push({ kind: 'uncouple', businessCentral: there.businessCentral.id, sales: there.sales.id })
    stale.push(...releaseOf(state, otherSide(side), other.id))
  }
  const seen = (side: Side): Coupling[Side] => ({ ...pair[side], version: undefined })
  const coupling: Coupling = { businessCentral: seen('businessCentral'), sales: seen('sales'), layout: '', base: '' }
  return decided(
    [
      ...stale,
      ...releaseOf(state, 'sales', pair.sales.id),
      { kind: 'couple', coupling },
      { kind: 'hold', held: notCompared(pair.businessCentral, request) },
    ],
    [{ side: 'businessCentral', id: pair.businessCentral.id }],
  )
}

const coupledElsewhere = (state: MappingState, record: Named, other: Named): Decided =>
  problem(
    `${nameOf(record)} is coupled with another record (${nameOf(other)}).`,
    `Uncouple it first: couplet uncouple ${state.name} --record ${nameOf(record)}`,
  )

/** So that the next run looks at the new pair whatever its stamps say, and knows what the person wanted. */
const notCompared = ({ id, keys }: Named, { prefer, at }: CoupleRequest): Held => ({
  side: 'businessCentral',
  id,
  kind: 'waiting',
  number: Object.values(keys)[0],
  fields: [],
  message: 'it was coupled by hand, and the two records were not compared yet',
  remedy: 'nothing to do: the next run compares them',
  since: at,
  attempts: 0,
  decision: prefer === 'hold' ? { kind: 'retry' } : { kind: 'prefer', side: prefer },
})

interface Named {
  readonly id: string
  readonly keys: Readonly<Record<string, string>>
}

const nameOf = ({ id, keys }: Named): string => Object.values(keys)[0] ?? id

const releaseOf = (state: MappingState, side: Side, id: string): readonly Entry[] =>
  state.held(side, id) === undefined ? [] : [{ kind: 'release', side, id }]

/** Takes pairs apart. Both records stay; if one is created anew it gets another key, so that the old one stays free (P1). */
export function uncouple(state: MappingState, records: readonly Known[]): Decided {
  const couplings = records.flatMap(({ coupling }) => coupling ?? [])
  if (couplings.length === 0) {
    return problem('There is no coupling to take apart.', `See which pairs exist: couplet couplings ${state.name}`)
  }
  const entries = couplings.flatMap((coupling): readonly Entry[] => [
    ...sides.flatMap((side) => releaseOf(state, side, coupling[side].id)),
    { kind: 'uncouple', businessCentral: coupling.businessCentral.id, sales: coupling.sales.id, generation: true },
  ])
  return decided(entries, [])
}

/** Lets records that wait be tried again by the next run, whatever their number of attempts. */
export function retry(state: MappingState, records: readonly Known[]): Decided {
  const held = records.flatMap((record) => record.held)
  if (held.length === 0) return notHeld(state)
  const entries = held.map((one) => decide(one, { kind: 'retry' }))
  return decided(entries, held)
}

/** Holds in which one side's value can be taken. */
const takeable: readonly HeldKind[] = ['conflict', 'different', 'moving', 'unknown']

/** Says which side is right, for all held fields or for some. Fields decided before stay decided. */
export function take(
  state: MappingState,
  records: readonly Known[],
  request: { readonly side: Side; readonly fields: readonly string[] },
): Decided {
  const held = records.flatMap((record) => record.held)
  if (held.length === 0) return notHeld(state)
  const open = held.filter(({ kind }) => takeable.includes(kind))
  const [first] = held
  if (open.length === 0 && first !== undefined) return otherDecision(state, first)
  const strange = request.fields.filter((field) => !open.some(({ fields }) => fields.includes(field)))
  if (strange.length > 0) {
    const fields = [...new Set(open.flatMap((one) => one.fields))].join(', ')
    return problem(
      `${strange.join(', ')} is not held in this record.`,
      `Held are: ${fields}. Without --field all are taken.`,
    )
  }
  const entries = open.map((one) => {
    const before = one.decision?.kind === 'take' ? one.decision.fields : {}
    // Only what is held: a field that was merged without doubt keeps its own winner.
    const all = one.fields.length === 0 ? ['*'] : one.fields
    const chosen = request.fields.length === 0 ? all : request.fields.filter((field) => one.fields.includes(field))
    const now = Object.fromEntries(chosen.map((field) => [field, request.side]))
    return decide(one, { kind: 'take', fields: { ...before, ...now } })
  })
  return decided(entries, open)
}

/**
 * Says what becomes of a record whose partner was deleted. A mapping in one direction neither deletes the survivor on the
 * side it reads, nor creates anything there.
 */
export function afterDelete(
  state: MappingState,
  records: readonly Known[],
  { action, direction }: { readonly action: 'restore' | 'delete' | 'uncouple'; readonly direction: Direction },
): Decided {
  const held = records.flatMap((record) => record.held)
  if (held.length === 0) return notHeld(state)
  const open = held.filter(({ kind }) => kind === 'deleted')
  const [first] = held
  if (open.length === 0 && first !== undefined) return otherDecision(state, first)
  const fitting = open.filter((one) => action === 'uncouple' || mayBeWritten(one, { action, direction }))
  if (fitting.length === 0)
    return problem(
      `${state.name} travels ${direction} only, and would have to ${action === 'delete' ? 'delete' : 'create'} a record on the side that it reads.`,
      `Do it there by hand, or: couplet resolve ${state.name} --action uncouple`,
    )
  return decided(
    fitting.map((one) => decide(one, { kind: 'deleted', action })),
    fitting,
  )
}

/** Holds of earlier versions do not say which record is gone: the run then tells. */
function mayBeWritten(
  { gone }: Held,
  { action, direction }: { readonly action: 'restore' | 'delete'; readonly direction: Direction },
): boolean {
  return gone === undefined || travelsTo(direction, action === 'restore' ? gone : otherSide(gone))
}

function decide(held: Held, decision: Decision): Entry {
  const { nextTry: _, ...rest } = held
  return { kind: 'hold', held: { ...rest, decision } }
}

const notHeld = (state: MappingState): Decided =>
  problem('Nothing of this record waits.', `See what waits: couplet held ${state.name}`)

/** The record waits for something else than was decided. */
function otherDecision(state: MappingState, { kind, number, id }: Held): Decided {
  const record = `couplet resolve ${state.name} --record ${number ?? id}`
  const ways: Readonly<Record<HeldKind, string>> = {
    'no-partner': `It has no partner: couplet couple ${state.name} --bc … --sales …, or allow creating one in the mapping.`,
    ambiguous: `Say which record is its partner: couplet couple ${state.name} --bc … --sales …`,
    waiting: 'It waits for another record and goes on by itself when that one is coupled.',
    failed: `Put right what was refused, then: couplet retry ${state.name} --record ${number ?? id}`,
    quarantine: `Put right what was refused, then: couplet retry ${state.name} --record ${number ?? id}`,
    unfinished: 'The next run finishes it.',
    deleted: `Its partner was deleted: ${record} --action restore|delete|uncouple`,
    conflict: `It was changed on both sides: ${record} --take businessCentral|sales`,
    different: `It differs on both sides: ${record} --take businessCentral|sales`,
    moving: `Say which side is right: ${record} --take businessCentral|sales`,
    unknown: `Say which side is right: ${record} --take businessCentral|sales`,
  }
  return problem('This record does not wait for that decision.', ways[kind])
}
