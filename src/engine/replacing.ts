/**
 * Replacing records of Sales that cannot be changed any more, such as products whose unit group would have to be another
 * one. A plan says which; applying it takes each pair apart first and then sets the old record aside, so that whatever
 * is cut off in between is a record that waits for the same plan to be applied again, never a half-changed pair (P7).
 * The new records are made by the next sync, under keys of their own (P1).
 */
import type { Config, Mapping } from '../config/config.ts'
import { asideValues } from '../core/aside.ts'
import { noBase } from '../core/base.ts'
import { lookupMappings } from '../core/carry.ts'
import type { Coupling, Held } from '../core/coupling.ts'
import { versionOf } from '../core/fingerprint.ts'
import { ExpressionError, orFailure } from '../core/expression.ts'
import { type Acceptance, excesses } from '../core/guard.ts'
import { offersOf } from '../core/offer.ts'
import type { Loaded, Upsert, Values } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import { UnsafePlanError } from '../errors.ts'
import type { Entry } from '../store/store.ts'
import { chosen, contextOf } from './context.ts'
import { type Ports, defaultRunOptions } from './ports.ts'
import { prepareOne, sessionOf } from './prepare.ts'
import { type Session, commit, isHere, numberOf, refusedAs } from './session.ts'

/** One record that is to be replaced: ids, versions and fingerprints, never a value (P8). */
export interface Replacement {
  readonly mapping: string
  readonly number: string | null
  readonly businessCentral: string
  readonly sales: string
  /** Fingerprint of the version that was planned on. */
  readonly version: string
  /** Field rows that would have to change. */
  readonly rows: readonly string[]
  /** Fingerprint of what sets the record aside. */
  readonly aside: string
}

export interface ReplacementPlan {
  readonly replacements: readonly Replacement[]
  /**
   * Records of which nobody can tell yet, because what they refer to in the mapping `on` is not coupled; with their own
   * mapping there, because an expression of it fails.
   */
  readonly waiting: readonly { readonly mapping: string; readonly number: string | null; readonly on: string }[]
  /** Pairs that were looked at, by mapping. */
  readonly looked: Readonly<Record<string, number>>
}

/** What became of one. */
export type Replaced = Replacement & {
  readonly outcome: 'done' | 'before' | 'moved' | 'refused'
  readonly message?: string
  readonly remedy?: string
}

/** Pairs looked at together. */
const windowSize = 500

/** The mappings that can replace; those asked for, or all that are switched on. */
const replacing = (config: Config, mappings: readonly string[]): readonly Mapping[] =>
  chosen(config, { ...defaultRunOptions, mappings }).filter(({ replace }) => replace !== undefined)

async function sessions(
  config: Config,
  ports: Ports,
  asked: { readonly mappings: readonly string[]; readonly dry: boolean },
): Promise<readonly Session[]> {
  const mappings = replacing(config, asked.mappings)
  const context = await contextOf(config, ports, { ...defaultRunOptions, dry: asked.dry }, mappings)
  const store = asked.dry ? ports.overlay(ports.store) : ports.store
  const made: Session[] = []
  for (const mapping of mappings) {
    const session = sessionOf(context, await prepareOne(context, mapping, store), store, asked.dry ? 'plan' : 'apply')
    session.lookups.allHaveRun()
    session.deferLater = false
    made.push(session)
  }
  return made
}

/** Which records would be replaced. Writes nothing (P6). Throws ConfigError, ConnectorError, StateError. */
export async function planReplacements(
  config: Config,
  ports: Ports,
  mappings: readonly string[],
): Promise<ReplacementPlan> {
  const replacements: Replacement[] = []
  const waiting: { mapping: string; number: string | null; on: string }[] = []
  const looked: Record<string, number> = {}
  for (const session of await sessions(config, ports, { mappings, dry: true })) {
    const { name } = session.mapping
    looked[name] = session.state.size
    for (const couplings of windows([...session.state.couplings()])) {
      for (const pair of await readPairs(session, couplings)) {
        const number = numberOf(session, 'businessCentral', pair.businessCentral.row) ?? null
        const found = await orFailure(replacementOf(session, pair))
        const { waits, replacement } = found instanceof ExpressionError ? { waits: [name] } : found
        for (const on of waits) waiting.push({ mapping: name, number, on })
        if (replacement !== undefined) replacements.push({ ...replacement, number })
      }
    }
  }
  return { replacements, waiting, looked }
}

function* windows<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += windowSize) yield all.slice(at, at + windowSize)
}

interface Pair {
  readonly businessCentral: Loaded
  readonly sales: Loaded
}

async function readPairs(session: Session, couplings: readonly Coupling[]): Promise<readonly Pair[]> {
  const read = async (side: 'businessCentral' | 'sales'): Promise<ReadonlyMap<string, Loaded>> => {
    const found = await session.readers[side].read(couplings.map((coupling) => coupling[side].id))
    const rows = await session.readers[side].attach(found.filter(isHere))
    return new Map(rows.map((row) => [row.id, row]))
  }
  const [ours, theirs] = [await read('businessCentral'), await read('sales')]
  return couplings.flatMap((coupling) => {
    const [businessCentral, sales] = [ours.get(coupling.businessCentral.id), theirs.get(coupling.sales.id)]
    return businessCentral === undefined || sales === undefined ? [] : [{ businessCentral, sales }]
  })
}

/** What is to be replaced, and what could not be told. Throws ExpressionError when an expression fails. */
async function replacementOf(
  session: Session,
  pair: Pair,
): Promise<{ readonly waits: readonly string[]; readonly replacement?: Omit<Replacement, 'number'> }> {
  const { rows, waits } = await rowsToChange(session, pair)
  return rows.length === 0 ? { waits } : { waits, replacement: { ...(await described(session, pair)), rows } }
}

/** The rows in which Sales would have to hold something else, and what could not be told. */
async function rowsToChange(
  session: Session,
  pair: Pair,
): Promise<{ readonly rows: readonly string[]; readonly waits: readonly string[] }> {
  const rows: string[] = []
  const waits: string[] = []
  const kept = session.mapping.replace?.rows ?? []
  for (const field of session.compiled.fields.filter(({ field: { name } }) => kept.includes(name))) {
    const offers = await offersOf(field, {
      deciding: session.deciding,
      rows: pair,
      base: noBase,
      deferLater: false,
      translated: { businessCentral: new Map(), sales: new Map() },
      all: true,
    })
    const offer = offers.offers.businessCentral
    if (offer?.kind === 'wait') waits.push(offer.wait.mapping)
    if (offer?.kind === 'value' && offer.canonical !== null && offer.canonical !== offers.stands.sales)
      rows.push(field.field.name)
  }
  return { rows, waits }
}

async function described(session: Session, pair: Pair): Promise<Omit<Replacement, 'number' | 'rows'>> {
  const values = await asideValues(session.mapping, pair.sales.row, session.deciding.bindings)
  return {
    mapping: session.mapping.name,
    businessCentral: pair.businessCentral.id,
    sales: pair.sales.id,
    version: versionOf(pair.sales) ?? '',
    aside: printOfAside(session, values),
  }
}

const printOfAside = ({ deciding }: Session, values: Values | Loaded['row']): string =>
  deciding.fingerprint(
    Object.keys(deciding.compiled.mapping.replace?.aside ?? {})
      .map((column) => canonical(values[column], { type: 'text' }) ?? '')
      .join('\n'),
  )

/**
 * Does what a plan says, and nothing else: a record that has changed since is left alone. Throws UnsafePlanError when
 * more are replaced than the limit for deletes allows (nothing was written), LockedError, ConnectorError, StateError.
 */
export async function applyReplacements(
  config: Config,
  ports: Ports,
  asked: { readonly replacements: readonly Replacement[]; readonly accept: readonly Acceptance[] },
): Promise<readonly Replaced[]> {
  await ports.store.lock('replace')
  try {
    const names = [...new Set(asked.replacements.map(({ mapping }) => mapping))]
    const open = await sessions(config, ports, { mappings: names, dry: false })
    guard(open, asked)
    const ended: Replaced[] = []
    for (const session of open)
      for (const part of windows(asked.replacements.filter(({ mapping }) => mapping === session.mapping.name)))
        ended.push(...(await replaceWindow(session, part)))
    return ended
  } finally {
    await ports.store.unlock()
  }
}

/** A replaced record is gone for whoever used it: the limit for deletes holds. */
function guard(
  open: readonly Session[],
  { replacements, accept }: { readonly replacements: readonly Replacement[]; readonly accept: readonly Acceptance[] },
): void {
  const counts = open.map(({ mapping, state }) => {
    const deletes = replacements.filter((one) => one.mapping === mapping.name).length
    const none = { creates: 0, updates: 0, couples: 0, uncouples: 0 }
    return { mapping: mapping.name, side: 'sales' as const, ...none, deletes, coupled: state.size }
  })
  const over = excesses(counts, (name) => limitsOf(open, name), accept)
  if (over.length === 0) return
  const lines = over.map(
    ({ mapping, count, allowed, coupled }) =>
      `${mapping} → Sales: ${count} replaced, allowed ${allowed} (of ${coupled} coupled; the limit for deletes)`,
  )
  const words = over.map((each) => each.accept)
  throw new UnsafePlanError(
    `${lines.join('\n')}\nNothing was written. To go on with exactly this: ${words.map((word) => `--accept ${word}`).join(' ')}`,
    words,
  )
}

const limitsOf = (open: readonly Session[], name: string): Mapping['limits'] => {
  const found = open.find(({ mapping }) => mapping.name === name)
  if (found === undefined) throw new Error(`no mapping is called ${name}`)
  return found.mapping.limits
}

async function replaceWindow(session: Session, part: readonly Replacement[]): Promise<readonly Replaced[]> {
  const found = await session.readers.sales.read(part.map(({ sales }) => sales))
  const rows = new Map(found.filter(isHere).map((row) => [row.id, row]))
  const ended: Replaced[] = []
  const open: { readonly replacement: Replacement; readonly row: Loaded }[] = []
  for (const replacement of part) {
    const row = rows.get(replacement.sales)
    const stands = row === undefined ? 'moved' : standingOf(session, replacement, row)
    if (stands === 'open' && row !== undefined) open.push({ replacement, row })
    else ended.push({ ...replacement, outcome: stands === 'before' ? 'before' : 'moved' })
  }
  const replacements = open.map(({ replacement }) => replacement)
  const couplings = replacements.flatMap(({ sales }) => session.state.bySide('sales', sales) ?? [])
  await takeAlong(session, replacements)
  await takeApart(session, couplings)
  const written = await setAside(session, open)
  await conclude(session, [...ended, ...written], couplings)
  return [...ended, ...written]
}

/** What was set aside lets the next run make a new record; what was not is a pair again. */
async function conclude(session: Session, written: readonly Replaced[], couplings: readonly Coupling[]): Promise<void> {
  const byId = new Map(couplings.map((coupling) => [coupling.sales.id, coupling]))
  const at = session.clock.now().toISOString()
  const entries = written.flatMap(({ sales, businessCentral, number, outcome }): readonly Entry[] => {
    const isFree = session.state.bySide('businessCentral', businessCentral) === undefined
    if (outcome === 'done' || (outcome === 'before' && isFree))
      return [{ kind: 'hold', held: toBeMade(businessCentral, number ?? undefined, at) }]
    const coupling = byId.get(sales)
    return coupling === undefined
      ? []
      : [
          { kind: 'release', side: 'businessCentral', id: businessCentral },
          { kind: 'couple', coupling },
        ]
  })
  await commit(session, entries)
}

/** Untouched since the plan, set aside before (by an earlier try), or changed by somebody. */
function standingOf(session: Session, replacement: Replacement, row: Upsert): 'open' | 'before' | 'moved' {
  const coupling = session.state.bySide('sales', replacement.sales)
  const isOurs = coupling === undefined || coupling.businessCentral.id === replacement.businessCentral
  if (isOurs && printOfAside(session, row.row) === replacement.aside) return coupling === undefined ? 'before' : 'moved'
  return isOurs && versionOf(row) === replacement.version ? 'open' : 'moved'
}

/** Takes the pairs of other mappings apart that stay with the old records: one commit a mapping. */
async function takeAlong(session: Session, replacements: readonly Replacement[]): Promise<void> {
  const at = session.clock.now().toISOString()
  for (const name of session.mapping.replace?.along ?? []) {
    const apart = await alongWith(session, name, replacements)
    // What Sales has refused so far, it may have refused because of the old record.
    const again = [...session.store.mapping(name).allHeld()].filter(({ kind }) => kind === 'failed')
    const retried = again.map((held): Entry => ({ kind: 'hold', held: { ...held, decision: { kind: 'retry' } } }))
    const entries = apart.flatMap((coupling) => [
      ...uncoupling(coupling),
      { kind: 'hold', held: toBeMade(coupling.businessCentral.id, numberIn(coupling), at) } as const,
    ])
    if (retried.length + entries.length > 0) await session.store.commit(name, [...retried, ...entries])
  }
}

/**
 * Takes the pairs apart and leaves them so until the old records are set aside: a run that comes in between makes
 * nothing of them (P1).
 */
async function takeApart(session: Session, couplings: readonly Coupling[]): Promise<void> {
  const found = await session.readers.businessCentral.read(couplings.map(({ businessCentral }) => businessCentral.id))
  const rows = new Map(found.filter(isHere).map((row) => [row.id, row]))
  const since = session.clock.now().toISOString()
  const entries = couplings.flatMap((coupling): readonly Entry[] => {
    const { id } = coupling.businessCentral
    const held: Held = {
      ...waitingRecord(id, numberIn(coupling), since),
      kind: 'quarantine',
      message: 'setting its old record in Sales aside was cut off',
      remedy: 'give the same plan again: couplet replace apply FILE',
      source: refusedAs({ businessCentral: rows.get(id), sales: undefined }),
    }
    return [...uncoupling(coupling), { kind: 'hold', held }]
  })
  await commit(session, entries)
}

const uncoupling = ({ businessCentral, sales }: Coupling): readonly Entry[] => [
  { kind: 'release', side: 'sales', id: sales.id },
  { kind: 'uncouple', businessCentral: businessCentral.id, sales: sales.id, generation: true },
]

const numberIn = ({ businessCentral }: Coupling): string | undefined =>
  Object.values(businessCentral.keys).join(' ') || undefined

const waitingRecord = (id: string, number: string | undefined, since: string): Held => ({
  side: 'businessCentral',
  id,
  kind: 'waiting',
  number,
  fields: [],
  message: 'its record in Sales was set aside, and a new one is still to be made',
  remedy: 'nothing to do: the next run of the mapping makes it',
  since,
  attempts: 0,
})

/** The next run looks at the record whatever its stamp says. */
const toBeMade = (id: string, number: string | undefined, at: string): Held => ({
  ...waitingRecord(id, number, at),
  decision: { kind: 'retry' },
})

/** The pairs of another mapping whose records of Sales refer to one of the old records. */
async function alongWith(
  session: Session,
  name: string,
  replacements: readonly Replacement[],
): Promise<readonly Coupling[]> {
  const other = session.lookups.mappingNamed(name)
  const entity = other?.sales.entity
  const state = session.store.mapping(name)
  if (other === undefined || entity === undefined || state.size === 0) return []
  const refer = other.fields.filter((field) => lookupMappings(field).includes(session.mapping.name))
  const [column] = refer.flatMap(({ sales }) => sales ?? [])
  if (column === undefined) return []
  const conditions = replacements.map(({ sales }) => ({ [column]: sales }))
  const rows = await session.connectors.sales.find({ entity, select: [column] }, conditions)
  return rows.flatMap(({ id }) => state.bySide('sales', id) ?? [])
}

async function setAside(
  session: Session,
  open: readonly { readonly replacement: Replacement; readonly row: Loaded }[],
): Promise<readonly Replaced[]> {
  const { entity } = session.mapping.sales
  if (entity === undefined) throw new Error(`${session.mapping.name} has no records in Sales to set aside`)
  const operations = await Promise.all(
    open.map(async ({ replacement: { sales }, row }) => ({
      id: sales,
      select: session.compiled.sides.sales.select,
      steps: [
        {
          kind: 'update' as const,
          entity,
          key: sales,
          etag: row.etag,
          values: await asideValues(session.mapping, row.row, session.deciding.bindings),
        },
      ],
    })),
  )
  const results = await session.connectors.sales.write(operations)
  return open.map(({ replacement }, index): Replaced => {
    const result = results[index]
    if (result?.kind === 'done') return { ...replacement, outcome: 'done' }
    if (result?.kind === 'rejected' || result?.kind === 'later') {
      const { message, remedy } = result.refusal
      return { ...replacement, outcome: 'refused', message, remedy }
    }
    return result?.kind === 'unknown'
      ? { ...replacement, outcome: 'refused', message: result.reason, remedy: 'Apply the same plan again.' }
      : { ...replacement, outcome: 'moved' }
  })
}
