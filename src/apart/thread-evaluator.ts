/**
 * Evaluates what may never end in a thread of its own, one expression after the other, and ends the thread when the
 * time is up. The thread starts with the first such expression and does not keep the process alive.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ExpressionError, type Bindings, type Evaluator } from '../core/expression.ts'
import type { Row } from '../core/record.ts'
import type { AskedFunction, FromThread, ToThread } from './messages.ts'
import { threadProgram } from './program.ts'

/** Milliseconds that one evaluation may take, and what is left to each after so many stops without one that ended. */
export interface Patience {
  readonly usual: number
  readonly short: number
  readonly stops: number
}

const usualPatience: Patience = { usual: 1500, short: 100, stops: 10 }

/** Megabytes. */
const mostMemory = 256

/** An evaluator with a thread of its own. */
export function threadEvaluator(patience: Patience = usualPatience): Evaluator {
  let thread: Promise<Worker> | undefined
  let turns: Promise<unknown> = Promise.resolve()
  let stops = 0
  const evaluated = async (text: string, row: Row, bindings: Bindings): Promise<unknown> => {
    thread ??= started()
    const worker = await thread
    const allowed = stops < patience.stops ? patience.usual : patience.short
    worker.ref()
    const answer = await answerOf(worker, requestOf(text, row, bindings), { bindings, allowed })
    worker.unref()
    if (answer.kind === 'ended') {
      thread = undefined
      if (answer.isLate) stops += 1
      await worker.terminate()
      throw new ExpressionError(answer.message, undefined)
    }
    stops = 0
    if (answer.kind === 'failed') throw new ExpressionError(answer.message, answer.position)
    return answer.value
  }
  return {
    evaluate: (text, row, bindings) => {
      const turn = turns.then(() => evaluated(text, row, bindings))
      turns = turn.catch(() => {})
      return turn
    },
  }
}

/** A thread that has read its program: the time of an expression begins after that. */
async function started(): Promise<Worker> {
  const worker = new Worker(threadProgram(), { resourceLimits: { maxOldGenerationSizeMb: mostMemory } })
  await once(worker, 'message')
  // Who waits for an answer hears of it too; without anybody waiting it is of no interest.
  worker.on('error', () => {})
  worker.unref()
  return worker
}

const asked: readonly AskedFunction[] = ['coupled', 'key', 'option']

const requestOf = (text: string, row: Row, { settings = {}, company, ...bindings }: Bindings): ToThread => ({
  kind: 'evaluate',
  text,
  row,
  known: { settings, ...(company && { company }) },
  functions: asked.filter((name) => bindings[name] !== undefined),
})

type Answer =
  | Extract<FromThread, { kind: 'done' | 'failed' }>
  | { readonly kind: 'ended'; readonly message: string; readonly isLate: boolean }

/** What becomes of one expression; its questions about couplings are answered meanwhile. */
function answerOf(
  worker: Worker,
  request: ToThread,
  { bindings, allowed }: { readonly bindings: Bindings; readonly allowed: number },
): Promise<Answer> {
  return new Promise((resolve) => {
    const heard = (message: FromThread): void => {
      if (message.kind === 'done' || message.kind === 'failed') finish(message)
      if (message.kind === 'call') worker.postMessage(answerTo(message, bindings))
    }
    const failed = (): void =>
      finish({ kind: 'ended', message: 'it took too much memory and was stopped', isLate: false })
    const timer = setTimeout(() => finish({ kind: 'ended', message: late(allowed), isLate: true }), allowed)
    const finish = (answer: Answer): void => {
      clearTimeout(timer)
      worker.off('message', heard)
      worker.off('error', failed)
      resolve(answer)
    }
    worker.on('message', heard)
    worker.on('error', failed)
    worker.postMessage(request)
  })
}

const late = (allowed: number): string =>
  `it did not end within ${allowed} ms and was stopped: make its regular expression or its list simpler`

function answerTo({ call, name, mapping, value }: FromThread & { kind: 'call' }, bindings: Bindings): ToThread {
  const answer = bindings[name]?.(mapping, value)
  return { kind: 'answer', call, answer }
}
