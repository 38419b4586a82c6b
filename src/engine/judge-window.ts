/** Deciding a window whole: what a decision has to know first is looked up or taken along, and it is made again. */
import type { Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Ref } from './ref.ts'
import { type Wanted, judge } from './judge.ts'
import type { Judgement } from './judgement.ts'
import { newKey } from './new-key.ts'
import { readNumbers } from './numbers.ts'
import { type Session, isImagined, madeWithIt } from './session.ts'
import { holdTwins } from './twins.ts'

/** Records decided and written together. */
const windowSize = 2000

/** What a mapping wants of the run: records of another mapping to be taken along first. */
export type TakeAlong = (wanted: Wanted['records']) => Promise<void>

/** The records in windows. */
export function* windows(refs: readonly Ref[]): Generator<readonly Ref[]> {
  for (let start = 0; start < refs.length; start += windowSize) yield refs.slice(start, start + windowSize)
}

/** The same, taking them out of the list: what is dealt with need not be held until the last is (P10). */
export function* windowsTaken(refs: Ref[]): Generator<readonly Ref[]> {
  while (refs.length > 0) yield refs.splice(0, windowSize)
}

/** Decides a window; what it had to know first is fetched, and the records concerned are decided again. */
export async function judgeWindow(
  session: Session,
  refs: readonly Ref[],
  takeAlong: TakeAlong,
): Promise<readonly Judgement[]> {
  let result = await judge(session, refs)
  for (let round = 0; round < 3; round++) {
    const { queries, numbers, records } = result.wanted
    if (queries.length + numbers.length === 0 && (records.size === 0 || round > 0)) break
    await answer(session, queries)
    await readNumbers(session, numbers)
    if (records.size > 0 && round === 0) await takeAlong(records)
    const open = new Set(result.judgements.filter(isOpen).map(({ ref }) => ref))
    const again = await judge(session, [...open])
    const renewed = new Map(again.judgements.map((judgement) => [judgement.ref, judgement]))
    result = {
      judgements: result.judgements.map((judgement) => renewed.get(judgement.ref) ?? judgement),
      wanted: again.wanted,
    }
  }
  return holdTwins(session, result.judgements)
}

const isOpen = ({ decided }: Judgement): boolean =>
  decided !== undefined && (decided.asks.length > 0 || decided.waits.some(({ policy }) => policy === 'sync'))

/** Looks up the records that fields refer to by query: one request for all of a kind. */
async function answer(session: Session, queries: Wanted['queries']): Promise<void> {
  const groups = new Map<string, Wanted['queries'][number][]>()
  for (const query of queries) {
    const key = `${query.side}/${query.entity}/${query.take ?? ''}/${Object.keys(query.where).sort().join(',')}`
    groups.set(key, [...(groups.get(key) ?? []), query])
  }
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    const found = await session.connectors[first.side].find(
      { entity: { kind: 'standard', entity: first.entity }, select: selectOf(first) },
      group.map(({ where }) => where),
    )
    for (const query of group) session.lookups.answer(query, idsFor(session, query, found))
  }
}

const selectOf = ({ where, take }: Wanted['queries'][number]): readonly string[] =>
  [...Object.keys(where), ...(take === undefined ? [] : [take])].sort()

/** A plan takes what hangs on a record that it would create for found: the service makes it with that record. */
function idsFor(session: Session, query: Wanted['queries'][number], found: readonly Upsert[]): readonly string[] {
  const imagined = Object.values(query.where).filter(
    (value) => typeof value === 'string' && isImagined(session, query.side, value),
  )
  const { take } = query
  if (imagined.length > 0) return take === undefined ? [madeWithIt] : []
  const fitting = found.filter((row) => fits(row, query.where))
  if (take === undefined) return fitting.map(({ id }) => id)
  return fitting.flatMap(({ row }) => (typeof row[take] === 'string' ? [row[take]] : []))
}

const plainText = (value: unknown): string => canonical(value, { type: 'text' })?.toLowerCase() ?? ''
const fits = (row: Upsert, where: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(where).every(([column, value]) => plainText(row.row[column]) === plainText(value))

/** Remembers the pairs whose references to later mappings are to be written in the second pass. */
export function noteDeferred(session: Session, judgements: readonly Judgement[]): void {
  for (const judgement of judgements) {
    if (!judgement.holds.some(({ secondPass }) => secondPass === true)) continue
    const id = judgement.ref.businessCentral ?? newKey(session, 'businessCentral', judgement.ref.sales ?? '')
    if (id !== undefined) session.deferred.add(id)
  }
}
