/**
 * Taking over couplings that were kept elsewhere: each record is read, each pair is judged, and what a first meeting
 * of each new pair would do is told before anything is remembered. Only couplings are written, into the state; the next
 * run compares the pairs and holds what differs (P6, P7, P9).
 */
import { type BySide, type Config, type Mapping, type Side, sides } from '../config/config.ts'
import type { Coupling } from '../core/coupling.ts'
import { judgePairs } from '../core/pair-rows.ts'
import type { Upsert } from '../core/record.ts'
import type { Entry } from '../store/store.ts'
import { chosen, contextOf } from './context.ts'
import type { CouplingRow, RefusedRow } from './coupling-rows.ts'
import { judgeWindow, windows } from './judge-window.ts'
import { valuesOf } from './match-values.ts'
import { findNamed, isFound } from './named-records.ts'
import { defaultRunOptions, type Ports } from './ports.ts'
import { type RunContext, prepareOne, sessionOf } from './prepare.ts'
import { type Session, keysOf, layoutEntries } from './session.ts'

/** What the rows of one mapping come to. */
export interface ImportedMapping {
  readonly mapping: string
  /** New pairs. */
  readonly coupled: number
  /** Pairs that are coupled already. */
  readonly known: number
  /** New pairs of which a field is filled differently: held by the next run. */
  readonly differing: number
  /** Field row → new pairs in which it is filled differently. */
  readonly fields: Readonly<Record<string, number>>
}

export interface ImportReport {
  readonly mappings: readonly ImportedMapping[]
  readonly refused: readonly RefusedRow[]
}

/**
 * Judges the rows and, with `write`, remembers the new pairs. Throws ConfigError, ConnectorError, StateError, and
 * LockedError when another run is going on.
 */
export async function importCouplings(
  config: Config,
  ports: Ports,
  rows: readonly CouplingRow[],
  write: boolean,
): Promise<ImportReport> {
  if (write) await ports.store.lock('import')
  try {
    const names = [...new Set(rows.map(({ mapping }) => mapping))]
    const options = { ...defaultRunOptions, mappings: names, dry: !write }
    if (names.length === 0) return { mappings: [], refused: [] }
    const mappings = chosen(config, options).filter(({ name }) => names.includes(name))
    const context = await contextOf(config, ports, options, mappings)
    const done: { readonly told: ImportedMapping; readonly refused: readonly RefusedRow[] }[] = []
    for (const mapping of mappings) {
      const own = rows.filter((row) => row.mapping === mapping.name)
      done.push(await importInto(context, mapping, own))
    }
    return { mappings: done.map(({ told }) => told), refused: done.flatMap(({ refused }) => refused) }
  } finally {
    if (write) await ports.store.unlock()
  }
}

async function importInto(
  context: RunContext,
  mapping: Mapping,
  rows: readonly CouplingRow[],
): Promise<{ readonly told: ImportedMapping; readonly refused: readonly RefusedRow[] }> {
  const { ports, options } = context
  const overlay = ports.overlay(ports.store)
  const session = sessionOf(context, await prepareOne(context, mapping, ports.store), overlay, 'plan')
  session.lookups.allHaveRun()
  const { pairs, refused } = await pairsOf(session, rows)
  const named = await Promise.all(
    pairs.map(async ({ row, found }) => ({ at: row.at, ...(await keyed(session, found)) })),
  )
  const verdicts = judgePairs(named, (side, id) => partnerOf(session, side, id))
  const fresh = pairs.filter((_, index) => verdicts[index]?.kind === 'new').map(({ found }) => found)
  const entries = fresh.flatMap((found) => entriesFor(session, found))
  // Read whole by the next run: the new pairs have not changed, and must be compared all the same.
  const all: readonly Entry[] = entries.length === 0 ? [] : [...entries, { kind: 'hash', hash: '' }]
  if (!options.dry && all.length > 0) await ports.store.commit(mapping.name, all)
  await overlay.commit(mapping.name, [...layoutEntries(session), ...(options.dry ? all : [])])
  const fields = await differences(session, fresh)
  return {
    told: {
      mapping: mapping.name,
      coupled: fresh.length,
      known: verdicts.filter(({ kind }) => kind === 'known').length,
      ...fields,
    },
    refused: [
      ...refused,
      ...verdicts.flatMap((verdict, index) =>
        verdict.kind === 'refused'
          ? [{ at: named[index]?.at ?? '', mapping: mapping.name, message: verdict.message, remedy: verdict.remedy }]
          : [],
      ),
    ],
  }
}

interface FoundPair {
  readonly row: CouplingRow
  readonly found: BySide<Upsert>
}

/** The records that the rows name; a row of which one is not there is refused. */
async function pairsOf(
  session: Session,
  rows: readonly CouplingRow[],
): Promise<{ readonly pairs: readonly FoundPair[]; readonly refused: readonly RefusedRow[] }> {
  const found = {
    businessCentral: await findNamed(
      session,
      'businessCentral',
      rows.map((row) => row.businessCentral),
    ),
    sales: await findNamed(
      session,
      'sales',
      rows.map((row) => row.sales),
    ),
  }
  const pairs: FoundPair[] = []
  const refused: RefusedRow[] = []
  for (const row of rows) {
    const pair = { businessCentral: found.businessCentral(row.businessCentral), sales: found.sales(row.sales) }
    const { businessCentral, sales } = pair
    if (isFound(businessCentral) && isFound(sales)) pairs.push({ row, found: { businessCentral, sales } })
    else {
      const why = sides.map((side) => pair[side]).find((one) => !isFound(one))
      if (why !== undefined && !isFound(why)) refused.push({ at: row.at, mapping: row.mapping, ...why })
    }
  }
  return { pairs, refused }
}

/** Both ids with what the records are matched by in the first group whose values both have. */
async function keyed(
  session: Session,
  found: BySide<Upsert>,
): Promise<BySide<{ readonly id: string; readonly key: string | undefined }>> {
  const group = session.mapping.match.find(
    (one) => ![...one.businessCentral, ...one.sales].some((column) => column.includes('.') || column.startsWith('$')),
  )
  const key = async (side: Side): Promise<{ id: string; key: string | undefined }> => {
    const values = group === undefined ? undefined : await valuesOf(session, group, side, found[side].row)
    return { id: found[side].id, key: values?.join('\n') }
  }
  return { businessCentral: await key('businessCentral'), sales: await key('sales') }
}

const partnerOf = ({ state }: Session, side: Side, id: string): string | undefined => {
  const coupling = state.bySide(side, id)
  return side === 'sales' ? coupling?.businessCentral.id : coupling?.sales.id
}

/** The coupling, without a base; what either record waited for is over. */
function entriesFor(session: Session, found: BySide<Upsert>): readonly Entry[] {
  const seen = (side: Side): Coupling[Side] => ({
    id: found[side].id,
    keys: keysOf(session, side, found[side].row),
    version: undefined,
  })
  const coupling: Coupling = { businessCentral: seen('businessCentral'), sales: seen('sales'), layout: '', base: '' }
  const released = sides.flatMap((side): readonly Entry[] =>
    session.state.held(side, found[side].id) === undefined ? [] : [{ kind: 'release', side, id: found[side].id }],
  )
  return [...released, { kind: 'couple', coupling }]
}

/** What the first meeting of the new pairs would hold. */
async function differences(
  session: Session,
  fresh: readonly BySide<Upsert>[],
): Promise<Pick<ImportedMapping, 'differing' | 'fields'>> {
  const refs = fresh.map(({ businessCentral, sales }) => ({
    businessCentral: businessCentral.id,
    sales: sales.id,
    coupled: true,
  }))
  const fields: Record<string, number> = {}
  let differing = 0
  for (const window of windows(refs)) {
    for (const { decided } of await judgeWindow(session, window, async () => {})) {
      if (decided === undefined || decided.held.length === 0) continue
      differing += 1
      for (const { field } of decided.held) fields[field] = (fields[field] ?? 0) + 1
    }
    session.cache.clear()
  }
  return { differing, fields }
}
