/** The bench's processes: each measured thing runs in one of its own, so that nothing is warm and memory is its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

const children = new Set<ChildProcess>()
process.on('exit', () => children.forEach((one) => one.kill()))

/** Starts a file of this folder. */
export function child(file: string, args: readonly string[]): ChildProcess {
  const made = fork(join(import.meta.dirname, file), args, {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(made)
  made.once('exit', () => children.delete(made))
  return made
}

/** The next message of a process. Throws when it ends before. */
export function next<T>(process: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of the bench ended early'))
    process.once('exit', ended)
    process.once('message', (message) => {
      process.off('exit', ended)
      resolve(message as T)
    })
  })
}

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]]
  return ((low ?? NaN) + (high ?? NaN)) / 2
}
