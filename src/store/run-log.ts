/** `runs.jsonl`: what the last runs did, one line a run, newest last. */
import { join } from 'node:path'
import { counters } from '../core/counters.ts'
import { appendSynced, readIfThere, replaceFile } from './durable-file.ts'
import type { RunSummary } from './store.ts'

/** Runs that are kept. */
const kept = 1000

const fileOf = (folder: string): string => join(folder, 'runs.jsonl')

/** The last runs, newest first. A damaged line is passed over: nothing is decided by it. */
export async function readRuns(folder: string, most: number): Promise<readonly RunSummary[]> {
  const lines = ((await readIfThere(fileOf(folder))) ?? '').split('\n').filter((line) => line !== '')
  const runs: RunSummary[] = []
  for (const line of lines.slice(-kept).reverse()) {
    if (runs.length >= most) break
    const run = parse(line)
    if (run !== undefined) runs.push(run)
  }
  return runs
}

/** Adds a run; the oldest go when there are a tenth too many, so that the file is not written anew each time. */
export async function appendRun(folder: string, run: RunSummary): Promise<void> {
  const text = (await readIfThere(fileOf(folder))) ?? ''
  const lines = text.split('\n').filter((line) => line !== '')
  const whole = text === '' || text.endsWith('\n')
  if (whole && lines.length < kept * 1.1) return appendSynced(fileOf(folder), `${JSON.stringify(run)}\n`)
  const last = [...lines.filter((line) => parse(line) !== undefined), JSON.stringify(run)].slice(-kept)
  await replaceFile(fileOf(folder), `${last.join('\n')}\n`)
}

/**
 * Drops runs that ended before that moment (E-20), and damaged lines; returns how many runs went. What waits keeps its own
 * message, so no record's reason is lost with a run. The file is replaced whole or not at all (P7).
 */
export async function dropRuns(folder: string, before: string): Promise<number> {
  const runs = [...(await readRuns(folder, kept))].reverse()
  const left = runs.filter(({ endedAt }) => endedAt >= before)
  if (left.length < runs.length)
    await replaceFile(fileOf(folder), left.map((run) => `${JSON.stringify(run)}\n`).join(''))
  return runs.length - left.length
}

/** Puts these runs, newest last, in the place of all: the newest that are kept. Whole or not at all (P7). */
export async function replaceRuns(folder: string, runs: readonly RunSummary[]): Promise<void> {
  await replaceFile(
    fileOf(folder),
    runs
      .slice(-kept)
      .map((run) => `${JSON.stringify(run)}\n`)
      .join(''),
  )
}

function parse(line: string): RunSummary | undefined {
  try {
    const run: unknown = JSON.parse(line)
    return isRun(run) ? run : undefined
  } catch {
    return undefined
  }
}

/** Whether a line is one that this or an earlier version wrote: a hand or a merge may have been there. */
function isRun(run: unknown): run is RunSummary {
  if (!isObject(run) || !hasTexts(run, ['run', 'startedAt', 'endedAt'])) return false
  const { startedAt, endedAt, mappings, problems = [], full = { unfinished: [] } } = run
  return (
    [startedAt, endedAt].every((moment) => Number.isFinite(Date.parse(String(moment)))) &&
    isListOf(
      mappings,
      (each) => hasTexts(each, ['mapping', 'direction']) && counts.every((key) => isNumber(each[key])),
    ) &&
    isListOf(problems, (each) => hasTexts(each, ['mapping', 'side', 'kind', 'message', 'remedy'])) &&
    isObject(full) &&
    Array.isArray(full['unfinished']) &&
    full['unfinished'].every((name) => typeof name === 'string')
  )
}

const counts = [...counters, 'requests', 'ms']

type Fields = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const isNumber = (value: unknown): boolean => typeof value === 'number'
const hasTexts = (value: Fields, keys: readonly string[]): boolean =>
  keys.every((key) => typeof value[key] === 'string')
const isListOf = (value: unknown, fits: (each: Fields) => boolean): boolean =>
  Array.isArray(value) && value.every((each) => isObject(each) && fits(each))
