/**
 * Two records side by side, field row by field row: what each says, what differs, and what a run would do about it.
 * Asked before two records are coupled (native: the coupling page) and before one is written over the other. Works on
 * an overlay of the state and writes nothing, anywhere (P6).
 */
import { type BySide, type Config, type Mapping, type Side, otherSide, sides } from '../config/config.ts'
import type { Decided } from '../core/decide.ts'
import { ExpressionError, orFailure } from '../core/expression.ts'
import type { CompiledField } from '../core/mapping.ts'
import { type Offers, isBlank, offersOf, shownValues, standsAt } from '../core/offer.ts'
import type { Loaded } from '../core/record.ts'
import type { Canonical } from '../core/values.ts'
import { ConfigError } from '../errors.ts'
import type { Entry } from '../store/store.ts'
import { chosen, contextOf } from './context.ts'
import { judgeWindow } from './judge-window.ts'
import { defaultRunOptions, type Ports, type RunOptions } from './ports.ts'
import { prepare, prepareOne, sessionOf } from './prepare.ts'
import { scopeOf } from './scope.ts'
import { type Session, baseOf, missingPages } from './session.ts'

/** Which two records are compared, and as what. */
export interface CompareRequest {
  readonly mapping: string
  readonly pair: BySide<string>
  /** What is to be taken for remembered first, e.g. that the two are coupled. */
  readonly entries: readonly Entry[]
}

/** One field row of both records. */
export interface ComparedField {
  readonly name: string
  readonly direction: CompiledField['field']['direction']
  /** Columns, where there are any. */
  readonly columns: BySide<string | undefined>
  readonly values: BySide<Canonical>
  /** Both hold the same, after the row's own conversion. */
  readonly equal: boolean
  /** The side has changed it since the two last agreed; false where nothing is known of an agreement. */
  readonly edited: BySide<boolean>
  /** The side that a run would write to. */
  readonly written: Side | undefined
  /** The mapping in which another record must be coupled first. */
  readonly waits: string | undefined
  /** Why a run would leave it to a person. */
  readonly held: 'conflict' | 'different' | 'failed' | undefined
  /** A code that may be shown where values are masked. */
  readonly reveal: boolean
}

export interface Comparison {
  readonly mapping: string
  readonly number: string | undefined
  readonly fields: readonly ComparedField[]
  /** What else a run would wait for. */
  readonly waits: readonly { readonly message: string; readonly remedy: string }[]
}

/** Compares two records. Throws ConfigError when one is not there, ConnectorError, StateError. */
export async function compare(config: Config, ports: Ports, request: CompareRequest): Promise<Comparison> {
  const options = { ...defaultRunOptions, mappings: [request.mapping], dry: true }
  const [session] = await lookingSessions(config, ports, options, request.entries)
  const found = session === undefined ? undefined : await compareIn(session, request.pair)
  if (found !== undefined) return found
  throw new ConfigError([{ path: request.mapping, message: 'one of the two records is not there any more' }])
}

/**
 * Compares every coupled pair of the records that a person names; of records without a partner nothing is told. Throws
 * ConfigError, ConnectorError, StateError.
 */
export async function comparePairs(
  config: Config,
  ports: Ports,
  asked: Pick<RunOptions, 'mappings' | 'records'>,
): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = []
  for (const session of await lookingSessions(config, ports, { ...defaultRunOptions, ...asked, dry: true }, [])) {
    const scope = await scopeOf(session)
    if (scope.kind !== 'ids') continue
    const couplings = sides.flatMap((side) => scope.ids[side].flatMap((id) => session.state.bySide(side, id) ?? []))
    for (const { businessCentral, sales } of new Set(couplings)) {
      const found = await compareIn(session, { businessCentral: businessCentral.id, sales: sales.id })
      if (found !== undefined) comparisons.push(found)
    }
  }
  return comparisons
}

/**
 * Sessions of the mappings asked for, on an overlay that takes `entries` for remembered. What they only need to tell
 * whose rows are whose is not looked at.
 */
async function lookingSessions(
  config: Config,
  ports: Ports,
  options: RunOptions,
  entries: readonly Entry[],
): Promise<readonly Session[]> {
  const mappings = chosen(config, options)
  const context = await contextOf(config, ports, options, mappings)
  const store = ports.overlay(ports.store)
  const sessions: Session[] = []
  const isAsked = ({ name }: Mapping): boolean => options.mappings.includes(name)
  for (const mapping of options.mappings.length === 0 ? mappings : mappings.filter(isAsked)) {
    const prepared = await (isAsked(mapping) ? prepareOne : prepare)(context, mapping, store)
    if (prepared === undefined) continue
    await store.commit(mapping.name, entries)
    const session = sessionOf(context, prepared, store, 'plan')
    // Nothing runs later here: a reference either has its partner or waits for it.
    session.lookups.allHaveRun()
    sessions.push(session)
  }
  return sessions
}

async function compareIn(session: Session, pair: BySide<string>): Promise<Comparison | undefined> {
  const { businessCentral, sales } = pair
  const coupled = session.state.bySide('businessCentral', businessCentral)?.sales.id === sales
  const [judgement] = await judgeWindow(session, [{ businessCentral, sales, coupled }], async () => {})
  const rows = judgement === undefined ? undefined : bothRows(judgement.rows)
  if (judgement === undefined || rows === undefined) return undefined
  const { number, decided, holds } = judgement
  const waits = holds
    .filter(({ kind }) => kind === 'waiting' || kind === 'failed')
    .map(({ message, remedy }) => ({ message, remedy }))
  return { mapping: session.mapping.name, number, fields: await fieldsOf(session, rows, decided), waits }
}

function bothRows({ businessCentral, sales }: BySide<Loaded | undefined>): BySide<Loaded> | undefined {
  return businessCentral === undefined || sales === undefined ? undefined : { businessCentral, sales }
}

async function fieldsOf(
  session: Session,
  rows: BySide<Loaded>,
  decided: Decided | undefined,
): Promise<readonly ComparedField[]> {
  const coupling = session.state.bySide('businessCentral', rows.businessCentral.id)
  const base = coupling?.sales.id === rows.sales.id ? baseOf(session, coupling) : new Map()
  const context = {
    deciding: session.deciding,
    rows,
    base,
    deferLater: false,
    translated: { businessCentral: new Map(), sales: new Map() },
    all: true,
  }
  const fields: ComparedField[] = []
  for (const field of session.compiled.fields) {
    if (field.field.on === 'create' || !isReadable(session, field, rows)) continue
    const offers = await orFailure(offersOf(field, context))
    fields.push(offers instanceof ExpressionError ? failedField(field, rows) : comparedField(offers, decided))
  }
  return fields
}

/** What stands on a page that is not published, or that this record has no row on, cannot be shown. */
function isReadable(session: Session, field: CompiledField, rows: BySide<Loaded>): boolean {
  const missing = missingPages(session)
  return sides.every((side) => {
    const page = field.place[side]?.page
    return (
      (page === undefined || rows[side].row[page] !== undefined) && !field.needs[side].some((name) => missing.has(name))
    )
  })
}

function comparedField(offers: Offers, decided: Decided | undefined): ComparedField {
  const { field, before, prints } = offers
  const { name, direction, reveal } = field.field
  const edited = (side: Side): boolean => before !== undefined && before[side] !== prints[side]
  return {
    name,
    direction,
    columns: columnsOf(field),
    values: shownValues(offers),
    equal: isNothing(offers) || sides.some((side) => agrees(offers, side)),
    edited: { businessCentral: edited('businessCentral'), sales: edited('sales') },
    written: decided?.writes.find((write) => write.field === field)?.to,
    waits: decided?.waits.find((wait) => wait.field === name)?.mapping,
    held: decided?.held.find((one) => one.field === name)?.because,
    reveal,
  }
}

/** Of a row whose expression failed only what stands there is known. */
function failedField(field: CompiledField, rows: BySide<Loaded>): ComparedField {
  const { name, direction, reveal } = field.field
  const stands = (side: Side): Canonical => standsAt(field, side, rows[side].row)
  return {
    name,
    direction,
    columns: columnsOf(field),
    values: { businessCentral: stands('businessCentral'), sales: stands('sales') },
    equal: false,
    edited: { businessCentral: false, sales: false },
    written: undefined,
    waits: undefined,
    held: 'failed',
    reveal,
  }
}

const isNothing = (offers: Offers): boolean => sides.every((side) => isBlank(offers, side))

/** What that side offers is what stands on the other. */
function agrees({ offers, stands }: Offers, from: Side): boolean {
  const offer = offers[from]
  return offer?.kind === 'value' && offer.canonical === stands[otherSide(from)]
}

const columnsOf = (field: CompiledField): BySide<string | undefined> => ({
  businessCentral: columnOf(field, 'businessCentral'),
  sales: columnOf(field, 'sales'),
})

function columnOf({ place }: CompiledField, side: Side): string | undefined {
  const at = place[side]
  return at === undefined ? undefined : at.page === undefined ? at.column : `${at.page}.${at.column}`
}

/** Fields in which writing one side's values over the other would lose what somebody entered there since they agreed. */
export const wouldBeLost = (comparison: Comparison, target: Side): readonly ComparedField[] =>
  comparison.fields.filter(({ edited, equal }) => edited[target] && !equal)
