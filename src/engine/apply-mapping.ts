/**
 * Writing one mapping, window by window; what changed meanwhile is read and decided again, a bounded number of times (P2).
 * Deletes are left for the end of the run. Watermarks are committed when everything is remembered (P5).
 */
import { type Side, sideName, sides } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import type { Entry } from '../store/store.ts'
import type { Action } from './actions.ts'
import { alikeEntries } from './alike.ts'
import { type Again, type Applied, applyWindow, write } from './apply.ts'
import type { Ref } from './ref.ts'
import { type TakeAlong, judgeWindow, windowsTaken } from './judge-window.ts'
import type { Judgement } from './judgement.ts'
import type { ToWrite } from './plan-mapping.ts'
import { heedStop } from './ports.ts'
import { type Session, commit, isRead, isSource, layoutEntries } from './session.ts'

/** How often a record that changed meanwhile is read and decided again in one run. */
const roundsMost = 4

/** Each further page of a record is written in a round of its own. */
const roundsFor = ({ mapping }: Session): number =>
  roundsMost + sides.reduce((sum, side) => sum + mapping[side].with.length, 0)

/** Records made ready, journalled and written together: few enough that the service is not kept waiting for them. */
const portionSize = 1000
/** Portions being written at the same time: while some wait for the service, the next is made ready. */
const portionsAtOnce = 3

/** What the writing of a mapping shares. */
interface Work {
  readonly session: Session
  readonly takeAlong: TakeAlong
}

/**
 * Writes a mapping that was planned; its records are taken out of the intake as they are dealt with. With a saved plan
 * that was not done whole, the same changes are read again. Returns what is left to do when the other mappings are written,
 * where there is something to delete.
 */
export async function applyMapping(
  session: Session,
  { intake, standing }: ToWrite,
  takeAlong: TakeAlong,
): Promise<(() => Promise<void>) | undefined> {
  const work: Work = { session, takeAlong }
  await commit(session, layoutEntries(session))
  const deletes: Action[] = []
  const writing: Promise<readonly Action[]>[] = []
  try {
    for (const refs of windowsTaken(intake.refs)) {
      heedStop(session.stop)
      const open = refs.filter((ref) => standing.get(ref) === undefined)
      const known = refs.flatMap((ref) => standing.get(ref) ?? [])
      const judgements = open.length === 0 ? known : [...known, ...(await judgeWindow(session, open, takeAlong))]
      for (let from = 0; from < judgements.length; from += portionSize) {
        if (writing.length === portionsAtOnce) deletes.push(...((await writing.shift()) ?? []))
        const portion = writePortion(work, judgements.slice(from, from + portionSize))
        // Its failure is told where it is awaited.
        portion.catch(() => {})
        writing.push(portion)
      }
    }
  } finally {
    await Promise.allSettled(writing)
  }
  for (const portion of writing) deletes.push(...(await portion))
  const left = deletes.filter(
    ({ judgement: { coupling } }) => coupling === undefined || session.lookups.leave(session.mapping.name, coupling),
  )
  const finish = async (): Promise<void> => {
    await writeDeletes(work, left)
    if (session.permit?.hasRefused(session.mapping.name) !== true)
      await commit(session, [...intake.marks, ...alikeEntries(session, intake.alike), ...hashEntries(session)])
  }
  if (left.length > 0) return finish
  await finish()
  return undefined
}

/** Writes decisions; returns the deletes they lead to. */
async function writePortion(work: Work, judgements: readonly Judgement[]): Promise<readonly Action[]> {
  return goOn(work, await applyWindow(work.session, judgements, work.session.permit))
}

/** Reads and decides again what could not be finished, until nothing is left or it never comes to rest. */
async function goOn(work: Work, first: Applied): Promise<readonly Action[]> {
  const { session } = work
  const deletes = [...first.deletes]
  let last: Pick<Applied, 'again' | 'tried'> = first
  let open = continued(work, first.again)
  for (let round = 1; open.length > 0 && round < roundsFor(session); round++) {
    const applied: Applied[] = []
    for (const part of parts(open)) applied.push(await judgeAndApply(work, part))
    deletes.push(...applied.flatMap((one) => one.deletes))
    last = {
      again: applied.flatMap((one) => one.again),
      tried: applied.reduce((sum, { tried }) => sum + tried, 0),
    }
    open = continued(work, last.again)
  }
  refuseOutage(last)
  await commit(
    session,
    open.map((one) => restless(session, one)),
  )
  return deletes
}

const judgeAndApply = async ({ session, takeAlong }: Work, refs: readonly Ref[]): Promise<Applied> =>
  applyWindow(session, await judgeWindow(session, refs, takeAlong), undefined)

/** Where answers were missing, halves tell a record that breaks its batch from a service that is down (P5). */
function parts(open: readonly Again[]): readonly (readonly Ref[])[] {
  const refs = open.map(({ ref }) => ref)
  if (refs.length < 2 || open.every(({ why }) => why !== 'unanswered')) return [refs]
  const half = Math.ceil(refs.length / 2)
  return [refs.slice(0, half), refs.slice(half)]
}

/**
 * Several writes, tried again in parts, and not one answer: the side is down. Throws ConnectorError then, so that the
 * run ends and the watermarks stay, instead of holding every record. A single record may itself be what a service
 * cannot take.
 */
function refuseOutage({ again, tried }: Pick<Applied, 'again' | 'tried'>): void {
  const [first] = again
  if (first === undefined || again.length < 2 || again.length < tried) return
  if (again.some(({ why }) => why !== 'unanswered')) return
  throw new ConnectorError(first.side, 'unreachable', {
    message: `${sideName[first.side]} gave no answer to any of the last ${tried} writes, and reading shows that nothing was written`,
    remedy: 'See which step fails: couplet doctor. The next run goes on where this one ended.',
  })
}

/** A saved plan is finished where it was begun; what has moved since, or was not written, is left for another plan (P6). */
function continued({ session }: Work, again: readonly Again[]): readonly Again[] {
  const { permit } = session
  if (permit === undefined) return again
  for (const { why, judgement } of again) {
    if (why !== 'changed' && why !== 'unanswered') continue
    permit.refuse(session, judgement)
  }
  return again.filter(({ why }) => why === 'unfinished')
}

async function writeDeletes(work: Work, deletes: readonly Action[]): Promise<void> {
  let open = deletes
  let last: Pick<Applied, 'again' | 'tried'> = { again: [], tried: 0 }
  for (let round = 0; open.length > 0 && round < roundsMost; round++) {
    const again: Again[] = []
    for (const side of ['sales', 'businessCentral'] as const) {
      const here = open.filter((action) => action.side === side)
      again.push(...(await write(work.session, side, here)).again)
    }
    last = { again, tried: open.length }
    open = await goOn(work, { ...last, deletes: [] })
  }
  if (open.length > 0) refuseOutage(last)
  const whyOf = new Map(last.again.map(({ judgement, why }) => [judgement.ref, why]))
  await commit(
    work.session,
    open.map(({ judgement, side }) => {
      const why = whyOf.get(judgement.ref) ?? 'changed'
      return restless(work.session, { why, judgement, side, ref: judgement.ref })
    }),
  )
}

/** A record that did not come to rest under any attempt: it waits for the next run. */
function restless(session: Session, { ref, why, judgement, side: target }: Again): Entry {
  const side: Side = ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  const kind = why === 'changed' || why === 'unanswered' ? 'failed' : 'unfinished'
  const before = judgement.held?.kind === kind ? judgement.held : undefined
  return {
    kind: 'hold',
    held: {
      side,
      id: ref[side] ?? '',
      kind,
      number: judgement.number,
      fields: [],
      message: restlessBecause[why](target),
      remedy: 'nothing to do: the next run takes it up again by itself',
      since: before?.since ?? session.clock.now().toISOString(),
      attempts: before?.attempts ?? 0,
    },
  }
}

const nothingMore = (): string => 'its write has more steps than one run could finish'
const restlessBecause: Readonly<Record<Again['why'], (target: Side) => string>> = {
  changed: () => 'it was changed by somebody else again and again while it was being written',
  unanswered: (target) =>
    `${target === 'sales' ? 'Sales' : 'Business Central'} gave no answer when it was written, and reading shows that nothing was`,
  unfinished: nothingMore,
  written: nothingMore,
}

/** The hash that the watermarks belong to, once the mapping was read as far as it reads. */
function hashEntries(session: Session): readonly Entry[] {
  const { state, mapping, options } = session
  // What was only coupled must be seen by the next run, whatever the watermarks say.
  if (options.coupleOnly) return [{ kind: 'hash', hash: '' }]
  const isWhole =
    options.ids === undefined &&
    options.records.length === 0 &&
    sides.every((side) => !isSource(mapping, side) || isRead(session, side))
  return isWhole && state.hash !== mapping.hash ? [{ kind: 'hash', hash: mapping.hash }] : []
}
