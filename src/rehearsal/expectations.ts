/** What a test expects against what came of it: every difference, at its place in the file. */
import type { Config, Mapping, Side } from '../config/config.ts'
import { sides } from '../config/config.ts'
import { isRecord } from '../config/path.ts'
import type { Path } from '../config/path.ts'
import type {
  Coupled,
  Expect,
  Hold,
  Operation as ExpectedOperation,
  Row as WrittenRow,
  Value,
} from '../config/schema-types.ts'
import type { Operation, PlannedField } from '../core/plan.ts'
import type { Row } from '../simulator/table.ts'
import { pairUp } from './closest.ts'
import type { Ground } from './ground.ts'
import { idIn } from './play.ts'
import type { Outcome, Stumble } from './play.ts'
import { held as heldValue, isSame, nameOf, Refused, rowsIn, storedValue, withNames } from './records.ts'

/** One thing that is not as expected. */
export interface Difference {
  readonly path: Path
  /** What was expected and what is, in words. */
  readonly message: string
}

interface Compared {
  readonly ground: Ground
  readonly config: Config
  readonly outcome: Outcome
  readonly path: Path
}

/** All differences; a name that leads nowhere is a stumble. */
export async function differences(expect: Expect, compared: Compared): Promise<readonly Difference[]> {
  const { outcome, path } = compared
  const refused = outcome.refused.map(({ mapping, message, remedy }) => ({
    path,
    message: `${mapping} could not run: ${message}. ${remedy}`,
  }))
  if (refused.length > 0) return refused
  const found = [
    ...(expect.operations === undefined ? [] : operationsApart(expect.operations, compared)),
    ...sides.flatMap((side) =>
      Object.entries(expect[side] ?? {}).flatMap(([set, rows]) => rowsApart(rows, { side, set }, compared)),
    ),
    ...holdsApart(expect.held, compared),
    ...(expect.coupled === undefined ? [] : pairsApart(expect.coupled, compared)),
  ]
  // Runs on, so it is asked last.
  const all = expect.settles === false ? found : [...found, ...unsettled(await outcome.restless(), compared)]
  return all.map((each) => ({ ...each, message: withNames(compared.ground, each.message) }))
}

/** A run after the run finds something to do: the mapping argues with itself, or with a service. */
function unsettled(again: readonly Operation[], { path }: Compared): readonly Difference[] {
  return again.slice(0, 3).map((operation) => ({
    path,
    message: `it does not settle: after three more runs the next would ${shownOperation(operation)}`,
  }))
}

// ── operations ──────────────────────────────────────────────────────────────

function operationsApart(expected: readonly ExpectedOperation[], compared: Compared): readonly Difference[] {
  const path = [...compared.path, 'operations']
  const { pairs, missing, surplus } = pairUp(expected, compared.outcome.operations, (wanted, real) =>
    operationApart(wanted, real, { compared, path: [] }).map(({ message }) => message),
  )
  return [
    ...pairs.flatMap(([index, real]) =>
      operationApart(expected[index] as ExpectedOperation, real, { compared, path: [...path, index] }),
    ),
    ...missing.map((index) => ({
      path: [...path, index],
      message: `this does not happen; the run does ${listed(compared.outcome.operations.map(shownOperation))}`,
    })),
    ...surplus.map((real) => ({ path, message: `not expected: ${shownOperation(real)}` })),
  ]
}

function operationApart(
  wanted: ExpectedOperation,
  real: Operation,
  { compared, path }: { readonly compared: Compared; readonly path: Path },
): readonly Difference[] {
  const plain = (['kind', 'side', 'mapping'] as const).flatMap((key) =>
    wanted[key] === undefined || wanted[key] === real[key] ? [] : [apart([...path, key], wanted[key], real[key])],
  )
  const record =
    wanted.record === undefined || String(wanted.record) === (real.number ?? '')
      ? []
      : [apart([...path, 'record'], wanted.record, real.number)]
  const fields = Object.entries(wanted.fields ?? {}).flatMap(([name, value]) => {
    const written = real.fields.find((field) => field.name === name)
    const at = [...path, 'fields', name]
    if (written === undefined)
      return [{ path: at, message: `is not written; written are ${listed(real.fields.map((field) => field.name))}` }]
    const expected = storedValue(compared.ground, real.side, value)
    return isWritten(written, expected) ? [] : [apart(at, value, written.after)]
  })
  const others = wanted.only === true ? real.fields.filter(({ name }) => !Object.hasOwn(wanted.fields ?? {}, name)) : []
  return [
    ...plain,
    ...record,
    ...fields,
    ...(others.length === 0
      ? []
      : [{ path: [...path, 'only'], message: `also written: ${listed(others.map(shownField))}` }]),
  ]
}

const isWritten = ({ after }: PlannedField, expected: unknown): boolean =>
  typeof expected === 'boolean' ? after === String(expected) : isSame(after, expected)

const shownField = ({ name, after }: PlannedField): string => `${name}: ${shown(after)}`

/** `update 10000 in Sales (phone: "2")` */
function shownOperation({ kind, side, number, fields }: Operation): string {
  const where = side === 'sales' ? 'Sales' : 'Business Central'
  const values = fields.length === 0 ? '' : ` (${listed(fields.map(shownField))})`
  return `${kind} ${number === undefined ? 'a record' : number} in ${where}${values}`
}

// ── rows ────────────────────────────────────────────────────────────────────

function rowsApart(
  expected: readonly WrittenRow[],
  place: { readonly side: Side; readonly set: string },
  compared: Compared,
): readonly Difference[] {
  const { ground } = compared
  const path = [...compared.path, place.side, place.set]
  const real = rowsIn(ground, place).filter((row) => !ground.isFurniture(place.side, place.set, row))
  const apartIn = (wanted: WrittenRow, row: Row, at: Path): readonly Difference[] =>
    Object.entries(wanted).flatMap(([column, value]) =>
      valueApart(value, row, { compared, place, path: [...at, column] }),
    )
  const { pairs, missing, surplus } = pairUp(expected, real, (wanted, row) => apartIn(wanted, row, []))
  return [
    ...pairs.flatMap(([index, row]) => apartIn(expected[index] as WrittenRow, row, [...path, index])),
    ...missing.map((index) => ({
      path: [...path, index],
      message: `there is no such record; ${place.set} has ${count(real.length)}${real.length === 0 ? '' : `: ${listed(real.map(shownRow))}`}`,
    })),
    ...surplus.map((row) => ({ path, message: `not expected: ${shownRow(row)}` })),
  ]
}

function valueApart(
  value: Value,
  row: Row,
  { compared, place, path }: { compared: Compared; place: { side: Side; set: string }; path: Path },
): readonly Difference[] {
  const column = String(path.at(-1))
  const real = heldValue(row, column)
  try {
    return isSame(real, storedValue(compared.ground, place.side, value)) ? [] : [apart(path, value, real)]
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return [{ path, message: `${error.message}; is ${shown(real)}` }]
  }
}

const shownRow = (row: Row): string => nameOf(row) ?? 'a record without a name'
const count = (number: number): string => (number === 0 ? 'none' : String(number))

// ── what waits ──────────────────────────────────────────────────────────────

type RealHold = Outcome['held'][number]

function holdsApart(expected: readonly Hold[] | undefined, { outcome, path: above }: Compared): readonly Difference[] {
  const path = [...above, 'held']
  // A record without a partner waits for nothing and nobody where nothing may be created.
  const asked = new Set(expected?.map(({ kind }) => kind))
  const real = outcome.held.filter(({ kind }) => kind !== 'no-partner' || asked.has(kind))
  const { pairs, missing, surplus } = pairUp(expected ?? [], real, (wanted, hold) => holdApart(wanted, hold, []))
  return [
    ...pairs.flatMap(([index, hold]) => holdApart((expected ?? [])[index] as Hold, hold, [...path, index])),
    ...missing.map((index) => ({
      path: [...path, index],
      message: `nothing waits like this; what waits: ${listed(real.map(shownHold))}`,
    })),
    ...surplus.map((hold) => ({
      path: expected === undefined ? above : path,
      message: `waits, which was not expected: ${shownHold(hold)}`,
    })),
  ]
}

function holdApart(wanted: Hold, real: RealHold, path: Path): readonly Difference[] {
  const plain = (['kind', 'side', 'mapping'] as const).flatMap((key) =>
    wanted[key] === undefined || wanted[key] === real[key] ? [] : [apart([...path, key], wanted[key], real[key])],
  )
  const record =
    wanted.record === undefined || String(wanted.record) === (real.number ?? '')
      ? []
      : [apart([...path, 'record'], wanted.record, real.number)]
  const [given, fields] = [[...(wanted.fields ?? [])].sort().join(', '), [...real.fields].sort().join(', ')]
  const rows = wanted.fields === undefined || given === fields ? [] : [apart([...path, 'fields'], given, fields)]
  const says =
    wanted.says === undefined || real.message.includes(wanted.says)
      ? []
      : [apart([...path, 'says'], wanted.says, real.message)]
  return [...plain, ...record, ...rows, ...says]
}

const shownHold = ({ kind, number, side, fields, message }: RealHold): string =>
  `${number ?? 'a record'} of ${side === 'sales' ? 'Sales' : 'Business Central'}, ${kind}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}: ${message}`

// ── pairs ───────────────────────────────────────────────────────────────────

function pairsApart(expected: readonly Coupled[], compared: Compared): readonly Difference[] {
  const path = [...compared.path, 'coupled']
  const apartIn = (wanted: Coupled, real: Outcome['coupled'][number], at: Path): readonly Difference[] => {
    const mapping = compared.config.mappings.find(({ name }) => name === real.mapping) as Mapping
    const ids = sides.flatMap((side) => {
      if (wanted[side] === undefined) return []
      try {
        const id = idIn(compared.ground, mapping, side, wanted)
        return id === real[side].id ? [] : [apart([...at, side], wanted[side], keysOrId(real[side]))]
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        return [{ path: [...at, side], message: error.message }]
      }
    })
    const name =
      wanted.mapping === undefined || wanted.mapping === real.mapping
        ? []
        : [apart([...at, 'mapping'], wanted.mapping, real.mapping)]
    const isPaused = real.outside === true
    const paused =
      wanted.paused === undefined || wanted.paused === isPaused
        ? []
        : [apart([...at, 'paused'], wanted.paused, isPaused)]
    return [...name, ...ids, ...paused]
  }
  const { pairs, missing, surplus } = pairUp(expected, compared.outcome.coupled, (wanted, real) =>
    apartIn(wanted, real, []),
  )
  return [
    ...pairs.flatMap(([index, real]) => apartIn(expected[index] as Coupled, real, [...path, index])),
    ...missing.map((index) => ({
      path: [...path, index],
      message: `there is no such pair; coupled are ${listed(compared.outcome.coupled.map(shownPair))}`,
    })),
    ...surplus.map((pair) => ({ path, message: `not expected: ${shownPair(pair)}` })),
  ]
}

const shownPair = (pair: Outcome['coupled'][number]): string => sides.map((side) => keysOrId(pair[side])).join(' = ')

const keysOrId = ({ id, keys }: { readonly id: string; readonly keys: Readonly<Record<string, string>> }): string =>
  Object.values(keys).join(' ') || id

// ── words ───────────────────────────────────────────────────────────────────

const apart = (path: Path, expected: unknown, real: unknown): Difference => ({
  path,
  message: `expected ${shown(expected)}, is ${shown(real)}`,
})

/** A value as it would stand in the file. */
function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'blank'
  if (isRecord(value))
    return `{ ${Object.entries(value)
      .map(([set, name]) => `${set}: ${String(name)}`)
      .join(', ')} }`
  return JSON.stringify(value)
}

/** At most five, so that a long list does not hide what is wrong. */
function listed(texts: readonly string[]): string {
  if (texts.length === 0) return 'nothing'
  const more = texts.length - 5
  return `${texts.slice(0, 5).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** A difference whose cause is in the file. */
export const isStumbles = (played: Outcome | readonly Stumble[]): played is readonly Stumble[] => Array.isArray(played)
