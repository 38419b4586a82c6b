/**
 * The audit: both sides of every mapping are read whole and compared with the couplings, whatever the watermarks say.
 * Works on an overlay of the state and writes nothing, anywhere (P6). What the next run carries by itself is a finding
 * like any other, and says so.
 */
import { type Config, type Mapping, type Side, otherSide, sideName, sides } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import type { Upsert } from '../core/record.ts'
import { type Crossings, crossings } from './audit-crossings.ts'
import { type Doubles, doubles } from './audit-doubles.ts'
import { type Compared, comparePair } from './audit-pair.ts'
import { chosen, contextOf } from './context.ts'
import { judgeWindow, windows } from './judge-window.ts'
import type { Judgement } from './judgement.ts'
import { defaultRunOptions, type Ports } from './ports.ts'
import { type RunContext, prepare, sessionOf } from './prepare.ts'
import { type Session, isAdmitted, isSource, numberOf } from './session.ts'
import { settleIntents } from './settling.ts'
import { isConstant } from './side-reader.ts'

export type FindingKind = 'never-sent' | 'orphaned' | 'differs' | 'coupled-twice' | 'drifted'

/** One thing that is not as it should be. No business values. */
export interface Finding {
  readonly mapping: string
  readonly kind: FindingKind
  /** The side of the record that is told. */
  readonly side: Side
  readonly id: string
  readonly number: string | undefined
  /** Id of the record on the other side, where there is or was one. */
  readonly partner: string | undefined
  /** Field rows concerned. */
  readonly fields: readonly string[]
  readonly message: string
  readonly remedy: string
}

export interface AuditReport {
  /** By mapping as they run. */
  readonly findings: readonly Finding[]
  /** Mappings that were audited, in order. */
  readonly mappings: readonly string[]
}

/**
 * Audits the mappings named, or all. Throws ConfigError, StateError, and ConnectorError when a side refuses or does not
 * answer: half an audit would look like a clean one.
 */
export async function audit(
  config: Config,
  ports: Ports,
  asked: { readonly mappings: readonly string[] },
): Promise<AuditReport> {
  const options = { ...defaultRunOptions, dry: true, full: true, mappings: asked.mappings }
  const context = await contextOf(config, ports, options, chosen(config, options))
  const findings: Finding[] = []
  for (const name of context.order) findings.push(...(await auditMapping(context, name)))
  findings.push(...coupledTwice(context))
  return { findings, mappings: context.order }
}

/** Records that two mappings over the same two collections couple with different partners. */
function coupledTwice({ order, byName, ports }: RunContext): readonly Finding[] {
  const partners = new Map<string, string>()
  const findings: Finding[] = []
  for (const name of order) {
    const mapping = byName.get(name)
    const collections = JSON.stringify(sides.map((side) => mapping?.[side].entity))
    if (order.filter((other) => isOver(byName.get(other), collections)).length < 2) continue
    for (const coupling of ports.store.mapping(name).couplings()) {
      const side = sides.find((one) => {
        const known = partners.get(`${collections}/${one}/${coupling[one].id}`)
        return known !== undefined && known !== coupling[otherSide(one)].id
      })
      for (const one of sides) partners.set(`${collections}/${one}/${coupling[one].id}`, coupling[otherSide(one)].id)
      if (side !== undefined) findings.push(twiceFinding(name, side, coupling))
    }
  }
  return findings
}

const isOver = (mapping: Mapping | undefined, collections: string): boolean =>
  JSON.stringify(sides.map((side) => mapping?.[side].entity)) === collections

const twiceFinding = (mapping: string, side: Side, coupling: Coupling): Finding => ({
  mapping,
  kind: 'coupled-twice',
  side,
  id: coupling[side].id,
  number: Object.values(coupling[side].keys)[0],
  partner: coupling[otherSide(side)].id,
  fields: [],
  message: 'another mapping over the same collections couples it with another record',
  remedy: `take one of the two pairs apart: couplet uncouple ${mapping} --record ${coupling[side].id}`,
})

async function auditMapping(context: RunContext, name: string): Promise<readonly Finding[]> {
  const mapping = context.byName.get(name)
  if (mapping === undefined) throw new Error(`no mapping is called ${name}`)
  const prepared = await prepare(context, mapping, context.ports.store)
  if (prepared === undefined) return []
  const session = sessionOf(context, prepared, context.ports.overlay(context.ports.store), 'plan')
  session.lookups.allHaveRun()
  session.deferLater = false
  await settleIntents(session)
  const crossed = crossings(session)
  const alone = [
    ...(await readWhole(session, 'businessCentral', crossed)),
    ...(await readWhole(session, 'sales', crossed)),
  ]
  const pairs = await comparePairs(session)
  session.cache.clear()
  return [...alone, ...pairs, ...crossed.findings().map((pair) => crossedFinding(session, pair))]
}

/** Every record of a side: coupled ones are kept for the comparison, admitted ones without a partner are findings. */
async function readWhole(session: Session, side: Side, crossed: Crossings): Promise<readonly Finding[]> {
  const alone: Upsert[] = []
  const made = doubles(session, side)
  for await (const page of session.readers[side].changes(undefined)) {
    const rows = page.changes.filter((change) => change.kind === 'upsert')
    const isCoupled = ({ id }: Upsert): boolean => session.state.bySide(side, id) !== undefined
    for (const row of rows) made.take(row)
    for (const row of rows.filter(isCoupled)) {
      session.cache.keep(side, row)
      await crossed.take(side, row)
    }
    if (!isSource(session.mapping, side)) continue
    const isAlone = (one: Upsert): boolean => !isCoupled(one) && session.following?.target(one.id).kind !== 'none'
    for (const row of await session.readers[side].attach(rows.filter(isAlone)))
      if (isAdmitted(session, side, row) && !isConstant(row.id)) alone.push(row)
  }
  const isNext = await nextReader(session, side, alone)
  return [
    ...made.findings().map((pair) => doubleFinding(session, side, pair)),
    ...alone.map((row) => neverSent(session, { side, row, isNext: isNext(row.id) })),
  ]
}

/** Tells which of the records without a partner, of which nothing is known yet, the next run reads by itself. */
async function nextReader(session: Session, side: Side, alone: readonly Upsert[]): Promise<(id: string) => boolean> {
  const { state, mapping, readers } = session
  const since = state.watermark(side)
  if (since === undefined || state.hash !== mapping.hash) return () => true
  const next = new Set<string>()
  if (alone.some(({ id }) => state.held(side, id) === undefined))
    for await (const { changes } of readers[side].changes(since)) for (const { id } of changes) next.add(id)
  return (id) => next.has(id)
}

async function comparePairs(session: Session): Promise<readonly Finding[]> {
  const refs = [...session.state.couplings()].map(({ businessCentral, sales }) => ({
    businessCentral: businessCentral.id,
    sales: sales.id,
    coupled: true,
  }))
  const findings: Finding[] = []
  for (const window of windows(refs)) {
    for (const judgement of await judgeWindow(session, window, async () => {})) {
      const orphan = orphaned(session, judgement)
      if (orphan !== undefined) findings.push(orphan)
      else findings.push(...comparedFindings(session, judgement, await comparePair(session, judgement)))
    }
  }
  return findings
}

function neverSent(
  session: Session,
  { side, row, isNext }: { readonly side: Side; readonly row: Upsert; readonly isNext: boolean },
): Finding {
  const held = session.state.held(side, row.id)
  const { name } = session.mapping
  const { message, remedy } = held ?? {
    message: isNext ? 'it is new since the last run; the next sync takes it up' : nothingKnown,
    remedy: isNext ? `couplet sync ${name}` : `read everything again: couplet sync ${name} --full`,
  }
  return {
    mapping: name,
    kind: 'never-sent',
    side,
    id: row.id,
    number: numberOf(session, side, row.row),
    partner: undefined,
    fields: [],
    message,
    remedy,
  }
}

const nothingKnown = 'it has no partner, and nothing is known of why'

function orphaned(session: Session, { rows, ref, number, coupling, posted }: Judgement): Finding | undefined {
  if (coupling?.ended !== undefined || posted !== undefined) return undefined
  const gone = sides.find((side) => rows[side] === undefined)
  if (gone === undefined) return undefined
  const side = otherSide(gone)
  const isAllGone = rows[side] === undefined
  const { name } = session.mapping
  return {
    mapping: name,
    kind: 'orphaned',
    side,
    id: ref[side] ?? '',
    number,
    partner: ref[gone],
    fields: [],
    message: isAllGone ? 'both records of the pair were deleted' : 'its partner was deleted',
    remedy: `couplet sync ${name} --full does what the mapping says about deletes, or asks you`,
  }
}

function comparedFindings(session: Session, { ref, number }: Judgement, compared: Compared): readonly Finding[] {
  const { name, direction } = session.mapping
  const told = (why: Why, side: Side, fields: readonly string[]): readonly Finding[] =>
    fields.length === 0
      ? []
      : [
          {
            mapping: name,
            kind: why === 'drifted' ? 'drifted' : 'differs',
            side,
            id: ref[side] ?? '',
            number,
            partner: ref[otherSide(side)],
            fields,
            ...texts[why](name, number, side),
          },
        ]
  const lead: Side = direction === 'toBusinessCentral' ? 'sales' : 'businessCentral'
  return [
    ...told('differs', lead, compared.differs),
    ...told('untold', lead, compared.untold),
    ...sides.flatMap((side) => [
      ...told('drifted', side, compared.drifted[side]),
      ...told('edited', side, compared.edited[side]),
      ...told('awaited', side, compared.awaited[side]),
    ]),
  ]
}

type Texts = (mapping: string, number: string | undefined, side: Side) => Pick<Finding, 'message' | 'remedy'>
type Why = keyof Compared
const texts: Readonly<Record<Why, Texts>> = {
  differs: (mapping, number) => ({
    message: 'the two sides differ, and no run will change that by itself',
    remedy: `take one side: couplet resolve ${mapping} --record ${number ?? 'ID'} --take businessCentral (or sales)`,
  }),
  untold: (mapping, number) => ({
    message: 'an expression of the mapping fails on this record: whether the two sides agree cannot be told',
    remedy: `see why: couplet held ${mapping}; then correct the expression, or the value in record ${number ?? 'ID'}`,
  }),
  drifted: (mapping, _, side) => ({
    message: 'it was edited on the side that only receives',
    remedy: `it stays until its source changes; to write the source over it now: couplet sync ${mapping} --rewrite ${side}`,
  }),
  edited: (mapping, _, side) => ({
    message: `edited in ${sideName[side]} since the last run; the next sync brings it over`,
    remedy: `couplet sync ${mapping}`,
  }),
  awaited: (mapping, _, side) => ({
    message: `the next sync writes what ${sideName[side]} says to ${sideName[otherSide(side)]}`,
    remedy: `couplet sync ${mapping}`,
  }),
}

function doubleFinding(session: Session, side: Side, pair: ReturnType<Doubles['findings']>[number]): Finding {
  const coupling = session.state.bySide(side, pair.known)
  const known = Object.values(coupling?.[side].keys ?? {})[0] ?? pair.known
  return {
    mapping: session.mapping.name,
    kind: 'coupled-twice',
    side,
    id: pair.double.id,
    number: numberOf(session, side, pair.double.row),
    partner: coupling?.[otherSide(side)].id,
    fields: [],
    message: `it bears the reference of ${known}, which is coupled with that record: it was made twice`,
    remedy: `look at both in ${sideName[side]}, and delete the one that is not wanted; ${known} is the one that is kept in step`,
  }
}

function crossedFinding(session: Session, pair: { readonly id: string; readonly partner: string }): Finding {
  const { name } = session.mapping
  return {
    mapping: name,
    kind: 'coupled-twice',
    side: 'businessCentral',
    id: pair.id,
    number: Object.values(session.state.bySide('businessCentral', pair.id)?.businessCentral.keys ?? {})[0],
    partner: pair.partner,
    fields: [],
    message: 'its match values are those of another coupled record, not of its partner: the pairs may be crosswise',
    remedy: `look at both; to take the pair apart: couplet uncouple ${name} --record ${pair.id}`,
  }
}
