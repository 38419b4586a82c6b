/**
 * Writing one mapping, window by window, deletes last; what changed meanwhile is read and decided again, a bounded
 * number of times (P2). Watermarks are committed when everything is remembered (P5).
 */
import { type Side, sides } from '../config/config.ts'
import { operationHash } from '../core/plan.ts'
import type { Entry } from '../store/store.ts'
import type { Action } from './actions.ts'
import { type Again, type Applied, type Permit, applyWindow, write } from './apply.ts'
import type { Ref } from './intake.ts'
import { type TakeAlong, judgeWindow, windows } from './judge-window.ts'
import type { Judgement } from './judgement.ts'
import { operationsOf } from './operations.ts'
import type { PlannedMapping } from './plan-mapping.ts'
import { type Session, commit, isRead, isSource, layoutEntries } from './session.ts'

/** How often a record that changed meanwhile is read and decided again in one run. */
const roundsMost = 4

/** Windows being written at the same time: while one waits for the service, the next is made ready. */
const windowsAtOnce = 2

/** What the writing of a mapping shares. */
interface Work {
  readonly session: Session
  readonly takeAlong: TakeAlong
  readonly permit: Permit | undefined
  /** Operations that a saved plan does not hold, or whose record has moved since. */
  refused: number
}

/** Writes a mapping that was planned. With a saved plan that was not done whole, the same changes are read again. */
export async function applyMapping(
  session: Session,
  { intake, standing }: Pick<PlannedMapping, 'intake' | 'standing'>,
  takeAlong: TakeAlong,
  permit: Permit | undefined,
): Promise<void> {
  const work: Work = { session, takeAlong, permit, refused: 0 }
  await commit(session, layoutEntries(session))
  const deletes: Action[] = []
  const writing: Promise<readonly Action[]>[] = []
  try {
    for (const refs of windows(intake.refs)) {
      const open = refs.filter((ref) => !standing.has(ref))
      const known = refs.flatMap((ref) => standing.get(ref) ?? [])
      const judgements = open.length === 0 ? known : [...known, ...(await judgeWindow(session, open, takeAlong))]
      if (writing.length === windowsAtOnce) deletes.push(...((await writing.shift()) ?? []))
      const window = writeWindow(work, judgements)
      // Its failure is told where it is awaited.
      window.catch(() => {})
      writing.push(window)
    }
  } finally {
    await Promise.allSettled(writing)
  }
  for (const window of writing) deletes.push(...(await window))
  await writeDeletes(work, deletes)
  if (work.refused === 0) await commit(session, [...intake.marks, ...hashEntries(session)])
}

/** Writes one window; returns the deletes it leads to. */
async function writeWindow(work: Work, judgements: readonly Judgement[]): Promise<readonly Action[]> {
  const applied = await applyWindow(work.session, judgements, work.permit)
  work.refused += applied.unplanned
  return goOn(work, applied)
}

/** Reads and decides again what could not be finished, until nothing is left or it never comes to rest. */
async function goOn(work: Work, first: Pick<Applied, 'again' | 'deletes'>): Promise<readonly Action[]> {
  const { session, takeAlong } = work
  const deletes = [...first.deletes]
  let refs = continued(work, first.again)
  for (let round = 1; refs.length > 0 && round < roundsMost; round++) {
    const applied = await applyWindow(session, await judgeWindow(session, refs, takeAlong), undefined)
    deletes.push(...applied.deletes)
    refs = continued(work, applied.again)
  }
  await commit(
    session,
    refs.flatMap((ref) => restless(session, ref)),
  )
  return deletes
}

/** A saved plan is finished where it was begun; a record that has moved since is left for another plan (P6). */
function continued(work: Work, again: readonly Again[]): readonly Ref[] {
  const { session, permit } = work
  if (permit === undefined) return again.map(({ ref }) => ref)
  for (const { why, judgement } of again) {
    if (why !== 'changed') continue
    work.refused += 1
    for (const operation of operationsOf(session, judgement, true)) permit.used.delete(operationHash(operation))
  }
  return again.flatMap(({ why, ref }) => (why === 'unfinished' ? [ref] : []))
}

async function writeDeletes(work: Work, deletes: readonly Action[]): Promise<void> {
  let open = deletes
  for (let round = 0; open.length > 0 && round < roundsMost; round++) {
    const again: Again[] = []
    for (const side of ['sales', 'businessCentral'] as const) {
      const here = open.filter((action) => action.side === side)
      again.push(...(await write(work.session, side, here)))
    }
    open = await goOn(work, { again, deletes: [] })
  }
  await commit(
    work.session,
    open.flatMap(({ judgement }) => restless(work.session, judgement.ref)),
  )
}

/** A record that changed under every attempt: it waits for the next run. */
function restless(session: Session, ref: Ref): readonly Entry[] {
  const side: Side = ref.businessCentral === undefined ? 'sales' : 'businessCentral'
  const now = session.clock.now().toISOString()
  return [
    {
      kind: 'hold',
      held: {
        side,
        id: ref[side] ?? '',
        kind: 'failed',
        number: undefined,
        fields: [],
        message: 'it was changed by somebody else again and again while it was being written',
        remedy: 'nothing to do: the next run takes it up again',
        since: now,
        attempts: 0,
      },
    },
  ]
}

/** The hash that the watermarks belong to, once the mapping was read as far as it reads. */
function hashEntries(session: Session): readonly Entry[] {
  const { state, mapping, options } = session
  const isWhole =
    options.ids === undefined &&
    options.record === undefined &&
    sides.every((side) => !isSource(mapping, side) || isRead(session, side))
  return isWhole && state.hash !== mapping.hash ? [{ kind: 'hash', hash: mapping.hash }] : []
}
