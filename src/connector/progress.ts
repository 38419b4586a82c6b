/** Pure: how far one operation has come, and what its result is. */
import type { Row } from '../core/record.ts'
import type { PartAnswer } from './batch.ts'
import type { Refusal, WriteResult, WriteStep } from './connector.ts'
import type { Verdict } from './dialect.ts'
import { keyOf, sameId } from './query.ts'
import { refusalOf, serviceError } from './refusal.ts'
import { etagOf, partOf, stampOf } from './rows.ts'
import { createdKey, underParent } from './steps.ts'
import type { Ready, ReadyStep } from './steps.ts'

type Done = Extract<WriteResult, { readonly kind: 'done' }>

/** An operation under way. */
export interface Progress {
  readonly ready: Ready
  /** Steps that succeeded. */
  done: number
  /** The version marks that the done steps left, by collection and key. */
  readonly etags: Map<string, string>
  /** What the record's own columns hold that are still to be written, as far as is known. */
  readonly stands: Map<string, unknown>
  /** What the done steps told. */
  told: Done | undefined
  /** Keys of the lines that were created. */
  readonly made: string[]
  result: WriteResult | undefined
  /** The key seems taken; a read must confirm that it is ours that is there. */
  taken: { readonly id: string; readonly refusal: Refusal } | undefined
}

export const started = (ready: Ready): Progress => ({
  ready,
  done: 0,
  etags: new Map(),
  stands: new Map(ready.steps.flatMap(({ step, main }) => (main ? Object.entries(seenBy(step)) : []))),
  told: undefined,
  made: [],
  result: undefined,
  taken: undefined,
})

const seenBy = (step: WriteStep): Row =>
  step.kind !== 'update' || step.seen === undefined || isNames(step.seen) ? {} : step.seen

const isNames = (seen: Row | readonly string[]): seen is readonly string[] => Array.isArray(seen)

const rowName = (ready: ReadyStep, id: string): string => `${ready.address.path}(${sameId(id)})`

/** The precondition of a step as it stands now: what was read, or what the steps before it left. */
export function preconditionOf(progress: Progress, ready: ReadyStep): string | undefined {
  const { step } = ready
  if (step.kind === 'create') return undefined
  return step.etag === 'inherit' ? progress.etags.get(rowName(ready, step.key)) : step.etag
}

/** The step on the record that a step before it created under a key of the service's choosing (an empty key stands for it). */
export function placed(progress: Progress, ready: ReadyStep): ReadyStep {
  const { step } = ready
  if (progress.told === undefined) return ready
  if (step.kind === 'create') return step.parent?.id === '' ? underParent(ready, progress.told.id) : ready
  return step.key === '' ? { ...ready, step: { ...step, key: progress.told.id } } : ready
}

/**
 * The step that wants the state which the former step left, where lines written since have moved the document's version
 * mark: it must be read first.
 */
export function wantsFreshMark(progress: Progress, ready: ReadyStep): boolean {
  const { step } = ready
  if (step.kind !== 'update' || step.etag !== 'inherit' || !ready.main) return false
  return progress.done > 0 && !progress.etags.has(rowName(ready, step.key))
}

/** Columns of the record that this step and those behind it write, and of which it is known what they hold. */
export const comparedColumns = (progress: Progress): readonly string[] =>
  [...openColumns(progress)].filter((column) => progress.stands.has(column))

/** Whether one of them holds something else in the row that was read between two steps. */
export const isChanged = (progress: Progress, row: Row): boolean =>
  comparedColumns(progress).some((column) => row[column] !== progress.stands.get(column))

function openColumns({ ready, done }: Progress): ReadonlySet<string> {
  const open = ready.steps.slice(done).flatMap(({ step, main }) => {
    if (!main || step.kind !== 'update' || step.seen === undefined) return []
    return isNames(step.seen) ? step.seen : Object.keys(step.seen)
  })
  return new Set(open)
}

/** What the service answered to a step on the record stands there now, its own doing included. */
function noteStands(progress: Progress, ready: ReadyStep, answer: PartAnswer): void {
  for (const column of openColumns(progress)) {
    const told = partOf(answer.body, { ...ready.shape, select: [column] })
    if (told !== undefined) progress.stands.set(column, told[column])
  }
}

/** The version mark as it was read between two steps. */
export function noteMark(progress: Progress, ready: ReadyStep, etag: string | undefined): void {
  if (ready.step.kind === 'update' && etag !== undefined) progress.etags.set(rowName(ready, ready.step.key), etag)
}

/** A step succeeded. */
export function advance(progress: Progress, ready: ReadyStep, answer: PartAnswer): void {
  progress.done += 1
  const id = idOf(ready, answer) ?? ''
  const etag = ready.step.kind === 'delete' ? undefined : (etagOf(answer.body) ?? answer.etag)
  if (progress.done < progress.ready.steps.length) noteEtag(progress, ready, { id, etag })
  if (!ready.main) {
    if (ready.step.kind === 'create') progress.made.push(id)
    return
  }
  if (ready.step.kind === 'action' || ready.step.kind === 'delete') {
    progress.told ??= { kind: 'done', id: ready.step.key, etag: undefined, row: undefined }
    return
  }
  noteStands(progress, ready, answer)
  const row = ready.tells ? partOf(answer.body, ready.shape) : undefined
  const modified = stampOf(bodyOf(answer), ready.shape)
  progress.told = { kind: 'done', id, etag, row, ...(modified === undefined ? {} : { modified }) }
}

/** What a step left, for the steps behind it. A line moves the version mark of its document. */
function noteEtag(
  { etags }: Progress,
  ready: ReadyStep,
  { id, etag }: { readonly id: string; readonly etag: string | undefined },
): void {
  if (!ready.main) etags.clear()
  if (etag === undefined) etags.delete(rowName(ready, id))
  else etags.set(rowName(ready, id), etag)
}

const bodyOf = (answer: PartAnswer): Row =>
  typeof answer.body === 'object' && answer.body !== null ? (answer.body as Row) : {}

/** The key of the record a step wrote. */
function idOf(ready: ReadyStep, answer: PartAnswer): string | undefined {
  if (ready.step.kind !== 'create') return ready.step.key
  return keyOf(bodyOf(answer), ready.shape.description) ?? createdKey(ready) ?? locatedKey(answer)
}

function locatedKey({ location = '' }: PartAnswer): string | undefined {
  const located = /\(([^()]+)\)[^()]*$/.exec(location)?.[1]
  return located === undefined ? undefined : sameId(located)
}

/** What came of an operation whose steps were all done. */
export function doneOf(progress: Progress): Done | undefined {
  const { told, made, ready } = progress
  const { about } = ready.operation
  const done: Done | undefined =
    told ?? (about === undefined ? undefined : { kind: 'done', id: about.key, etag: undefined, row: undefined })
  return done === undefined || made.length === 0 ? done : { ...done, etag: undefined, made }
}

/** The service turned a step down. */
export function turnDown(progress: Progress, ready: ReadyStep, verdict: { kind: Verdict; refusal: Refusal }): void {
  const { kind, refusal } = verdict
  const id = createdKey(ready)
  if (kind === 'unknown') progress.result = { kind: 'unknown', reason: refusal.message }
  else if (progress.done > 0 || kind === 'rejected') progress.result = rejected(progress, refusal)
  else if (kind === 'later') progress.result = { kind: 'later', refusal }
  else if (kind !== 'exists') progress.result = { kind }
  else if (id === undefined) progress.result = rejected(progress, refusal)
  else progress.taken = { id, refusal }
}

/** Refused, saying what was done before. */
export const rejected = (progress: Progress, refusal: Refusal): WriteResult => ({
  kind: 'rejected',
  refusal,
  stepsDone: progress.done,
  id: progress.told?.id,
  ...(progress.made.length === 0 ? {} : { made: progress.made }),
  ...(progress.told?.etag === undefined ? {} : { etag: progress.told.etag }),
})

/** The refusal in an error answer to a step. */
export function refusalIn(ready: ReadyStep, answer: PartAnswer): Refusal {
  const names = new Set([...Object.keys(ready.shape.description.columns), ready.shape.what])
  const sent = Object.values(ready.body ?? {})
  return refusalOf(ready.shape.side, serviceError(answer.status, answer.body), { names, sent })
}
