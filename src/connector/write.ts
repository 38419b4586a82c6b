/**
 * Writing a side in batches. P1: creates are insert-only under the key we chose. P2: updates carry their precondition,
 * and an outcome that is not known is told as such. P5: a refusal of one record is that record's result.
 */
import type { EntityRef } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import { writeChoices } from './choice.ts'
import type { OnBatch, Refusal, WriteOperation, WriteResult } from './connector.ts'
import { exchange } from './exchange.ts'
import type { Exchanged } from './exchange.ts'
import {
  advance,
  comparedColumns,
  doneOf,
  isChanged,
  noteMark,
  placed,
  preconditionOf,
  refusalIn,
  rejected,
  started,
  turnDown,
  wantsFreshMark,
} from './progress.ts'
import type { Progress } from './progress.ts'
import { readRecords } from './read.ts'
import type { Reach } from './reach.ts'
import { changedBetween, serviceError } from './refusal.ts'
import { partOf, prepare } from './steps.ts'
import type { ReadyStep } from './steps.ts'

/** Results in the order of the operations. Throws ConnectorError when the side as a whole refuses. */
export async function writeRecords(
  reach: Reach,
  operations: readonly WriteOperation[],
  onBatch: OnBatch = async () => {},
): Promise<readonly WriteResult[]> {
  const results = new Map<WriteOperation, WriteResult>()
  const tell = inTurn(onBatch)
  const finish = async (batch: readonly WriteOperation[], ended: readonly WriteResult[]): Promise<void> => {
    const told = batch.map((operation, index) => ({ operation, result: ended[index] ?? nothingCameBack }))
    for (const { operation, result } of told) results.set(operation, result)
    await tell(told)
  }
  const rows = operations.filter((operation) => !isChoice(operation))
  const choices = operations.filter(isChoice)
  await inBatches(reach, rows, finish)
  if (choices.length > 0) await finish(choices, await writeChoices(reach, choices))
  return operations.map((operation) => results.get(operation) ?? nothingCameBack)
}

const nothingCameBack: WriteResult = { kind: 'unknown', reason: 'nothing came back for this operation' }

const isChoice = (operation: WriteOperation): boolean => operation.steps.some((step) => step.entity.kind === 'choice')

/** The caller commits one batch at a time, in the order in which they finish. */
function inTurn(onBatch: OnBatch): OnBatch {
  let before: Promise<void> = Promise.resolve()
  return (results) => {
    const turn = before.then(() => onBatch(results))
    before = turn.catch(() => {})
    return turn
  }
}

type Finish = (batch: readonly WriteOperation[], ended: readonly WriteResult[]) => Promise<void>

async function inBatches(reach: Reach, operations: readonly WriteOperation[], finish: Finish): Promise<void> {
  const { pace: rhythm } = reach
  let at = 0
  let failed = false
  const worker = async (): Promise<void> => {
    while (at < operations.length && !failed) {
      const batch = operations.slice(at, at + rhythm.size())
      at += batch.length
      const began = reach.clock.now().getTime()
      try {
        await finish(batch, await oneBatch(reach, batch))
      } catch (error) {
        failed = true
        throw error
      }
      rhythm.took(reach.clock.now().getTime() - began)
    }
  }
  const settled = await Promise.allSettled(Array.from({ length: workers(reach, operations) }, worker))
  const broken = settled.find((one) => one.status === 'rejected')
  if (broken !== undefined) throw broken.reason
}

/**
 * One batch more than may be sent at once, so that the next is ready when a place is free. Lines below one parent lock
 * each other when they are written side by side.
 */
function workers(reach: Reach, operations: readonly WriteOperation[]): number {
  const lines = operations.some((operation) => operation.steps.some((step) => step.entity.kind === 'child'))
  return lines ? 1 : reach.service.limit() + 1
}

async function oneBatch(reach: Reach, operations: readonly WriteOperation[]): Promise<readonly WriteResult[]> {
  const all = await Promise.all(operations.map((operation) => prepare(reach, operation)))
  const under = all.map((one) => (one.kind === 'ready' ? started(one.ready) : one.refusal))
  const active = under.filter((one): one is Progress => 'ready' in one)
  for (let turn = active; turn.length > 0; turn = turn.filter(isUnfinished)) await takeTurn(reach, turn)
  await confirmTaken(
    reach,
    active.filter((progress) => progress.taken !== undefined),
  )
  return under.map((one) =>
    'ready' in one ? ended(one) : { kind: 'rejected', refusal: one, stepsDone: 0, id: undefined },
  )
}

const isUnfinished = (progress: Progress): boolean =>
  progress.result === undefined && progress.taken === undefined && progress.done < progress.ready.steps.length

const ended = (progress: Progress): WriteResult => progress.result ?? doneOf(progress) ?? nothingCameBack

/** The next step of each operation, or all its steps where the service does them as one. */
async function takeTurn(reach: Reach, turn: readonly Progress[]): Promise<void> {
  if (!reach.dialect.atomic) await readMarks(reach, turn)
  const entries = turn.filter(isUnfinished).map((progress) => {
    const rest = progress.ready.steps.slice(progress.done)
    const steps = (reach.dialect.atomic ? rest : rest.slice(0, 1)).map((step) => placed(progress, step))
    return { progress, steps, parts: steps.map((step) => partOf(reach, step, preconditionOf(progress, step))) }
  })
  // A batch goes to one route, and is written as one user: whom a request acts for is said once, for all its parts.
  for (const kind of new Set(entries.map(batchOf))) {
    const some = entries.filter((entry) => batchOf(entry) === kind)
    const address = some[0]?.steps[0]?.address
    if (address === undefined) throw new Error('an operation without steps cannot be written')
    const caller = some[0]?.progress.ready.operation.caller
    const groups = some.map((entry) => entry.parts)
    const outcomes = await exchange(reach, { ...address, caller }, groups)
    some.forEach((entry, index) => take(reach, entry, outcomes[index]))
  }
}

/**
 * Reads the version marks of records that a step has moved without telling: an action, or the lines of a document. No step
 * goes without its precondition, and none goes over what somebody wrote between the two (P2). What lines move of their
 * document's own columns cannot be told from that: it is decided anew, too.
 */
async function readMarks(reach: Reach, turn: readonly Progress[]): Promise<void> {
  let failure: ConnectorError | undefined
  for (const progress of turn) {
    const next = progress.ready.steps[progress.done]
    const ready = next === undefined ? undefined : placed(progress, next)
    if (ready === undefined || ready.step.kind !== 'update' || !wantsFreshMark(progress, ready)) continue
    try {
      if (failure === undefined) await readMark(reach, progress, ready)
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      failure = error
    }
    // What was done so far is known, for this one and for all others of the batch (P5).
    if (failure !== undefined) progress.result = rejected(progress, refusalBy(failure))
  }
}

async function readMark(reach: Reach, progress: Progress, ready: ReadyStep): Promise<void> {
  if (ready.step.kind !== 'update') return
  const { entity, key } = ready.step
  const [now] = await readRecords(reach, { entity, select: comparedColumns(progress) }, [key])
  if (now?.kind === 'upsert' && isChanged(progress, now.row)) progress.result = rejected(progress, changedBetween)
  else noteMark(progress, ready, now?.kind === 'upsert' ? now.etag : undefined)
}

const refusalBy = ({ code, message, remedy }: ConnectorError): Refusal => ({ code: code ?? '', message, remedy })

const batchOf = ({ steps, progress }: { readonly steps: readonly ReadyStep[]; readonly progress: Progress }): string =>
  `${steps[0]?.address.root} ${progress.ready.operation.caller ?? ''}`

function take(
  reach: Reach,
  { progress, steps }: { readonly progress: Progress; readonly steps: readonly ReadyStep[] },
  outcome: Exchanged | undefined,
): void {
  if (outcome === undefined || outcome.kind === 'unknown') {
    progress.result = outcome ?? nothingCameBack
    return
  }
  if (outcome.kind === 'later') {
    progress.result = progress.done === 0 ? outcome : rejected(progress, outcome.refusal)
    return
  }
  const bad = outcome.answers.findIndex((answer) => answer.status >= 300)
  const answer = outcome.answers[bad]
  const step = steps[bad] ?? steps[0]
  if (answer === undefined) steps.forEach((one, index) => advance(progress, one, outcome.answers[index] ?? empty))
  else if (step !== undefined) refuse(reach, progress, { steps, step, answer })
}

const empty = { status: 204, location: undefined, etag: undefined, body: undefined, retryAfter: undefined }

interface Refused {
  readonly steps: readonly ReadyStep[]
  readonly step: ReadyStep
  readonly answer: Parameters<typeof refusalIn>[1]
}

function refuse(reach: Reach, progress: Progress, { steps, step, answer }: Refused): void {
  // One answer stands for a whole change set and does not say for which step: the first one carries the precondition.
  const judged = steps.length > 1 ? (steps[0] ?? step) : step
  const kind = reach.dialect.judge(judged.step, serviceError(answer.status, answer.body))
  turnDown(progress, judged, { kind, refusal: refusalIn(judged, answer) })
}

const entityOf = (progress: Progress): EntityRef | undefined => progress.ready.steps[0]?.step.entity

/** P1: "exists" is said only when a read by our own key finds the record; else another field was the duplicate. */
async function confirmTaken(reach: Reach, taken: readonly Progress[]): Promise<void> {
  const entities = new Map(taken.map((progress) => [JSON.stringify(entityOf(progress)), entityOf(progress)]))
  for (const [name, entity] of entities) {
    if (entity === undefined) continue
    const group = taken.filter((progress) => JSON.stringify(entityOf(progress)) === name)
    const ids = group.flatMap((progress) => progress.taken?.id ?? [])
    const found = await presentIds(reach, { entity, select: [] }, ids)
    for (const progress of group) {
      const { id, refusal } = progress.taken ?? { id: '', refusal: undefined }
      if (found === undefined)
        progress.result = { kind: 'unknown', reason: 'the key may be taken, and could not be read' }
      else if (found.has(id.toLowerCase())) progress.result = { kind: 'exists', id }
      else if (refusal !== undefined) progress.result = rejected(progress, refusal)
    }
  }
}

async function presentIds(
  reach: Reach,
  query: Parameters<typeof readRecords>[1],
  ids: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  try {
    const changes = await readRecords(reach, query, ids)
    return new Set(changes.flatMap((change) => (change.kind === 'upsert' ? [change.id.toLowerCase()] : [])))
  } catch (error) {
    if (error instanceof ConnectorError) return undefined
    throw error
  }
}
