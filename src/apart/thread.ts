/** The thread in which one expression at a time is evaluated until `thread-evaluator` ends it. */
import { parentPort } from 'node:worker_threads'
import { compileExpression } from '../core/expression.ts'
import type { AskedFunction, FromThread, ToThread } from './messages.ts'

const port = parentPort
const asked = new Map<number, (answer: unknown) => void>()
let calls = 0

port?.on('message', (message: ToThread) => {
  if (message.kind === 'evaluate') return void evaluate(message)
  asked.get(message.call)?.(message.answer)
  asked.delete(message.call)
})
tell({ kind: 'ready' })

function tell(message: FromThread): void {
  port?.postMessage(message)
}

/** Couplings are the run's: it is asked. */
const ask = (name: AskedFunction) => (mapping: string, value: unknown) =>
  new Promise((resolve) => {
    const call = ++calls
    asked.set(call, resolve)
    tell({ kind: 'call', call, name, mapping, value })
  })

async function evaluate({ text, row, known, functions }: ToThread & { kind: 'evaluate' }): Promise<void> {
  try {
    const bindings = { ...known, ...Object.fromEntries(functions.map((name) => [name, ask(name)])) }
    tell({ kind: 'done', value: await compileExpression(text).interpret(row, bindings) })
  } catch (error) {
    const { message, position } = error as { message: string; position?: number }
    tell({ kind: 'failed', message, position })
  }
}
