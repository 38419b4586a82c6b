/** What a command said, as far as a golden file should hold it: what happened, not how long it took. */
import type { CountsTold, ProblemTold } from '../../src/report/told.ts'

export interface Output {
  readonly out: string
  readonly err: string
}

/** Commands that end with a run: their document is told in a few lines. */
const running = new Set(['sync', 'match', 'retry', 'resolve', 'couple', 'uncouple'])

/** The arguments to run, and how to tell what came of it. */
export function said(args: readonly string[]): {
  readonly args: readonly string[]
  readonly told: (output: Output) => string
} {
  const [name = ''] = args
  const json = running.has(name) && !args.includes('--json') && !args.includes('--show')
  if (!json) return { args, told: ({ out, err }) => withoutCost([out, err].filter((text) => text !== '').join('\n')) }
  return { args: [...args, '--json'], told: ({ out, err }) => fromDocument(out, err) }
}

/** Durations and numbers of requests are measured elsewhere; warnings about files are tested with the files. What is off is not told. */
const withoutCost = (text: string): string =>
  text
    .replaceAll(/ +[\d.]+ m?s, [\d,]+ requests?/g, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1')
    .split('\n')
    .filter((line) => !/^\S+\.yaml:\d+:\d+ +warning |off: not among the mappings/.test(line))
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^mapping .*(?:\n.+)*/m, narrowed)

/** A table whose first column is as wide as its own names need: the names of what is off must not move the rest. */
function narrowed(rows: string): string {
  const gaps = rows.split('\n').map((row) => /^\S+( *)/.exec(row)?.[1]?.length ?? 0)
  const spare = Math.max(0, Math.min(...gaps) - 2)
  return rows.replaceAll(/^(\S+ ) */gm, (gap, name: string) => name.padEnd(gap.length - spare))
}

interface Document {
  readonly mappings?: readonly CountsTold[]
  readonly problems?: readonly (Omit<ProblemTold, 'isNew'> & { readonly new: boolean })[]
  readonly message?: string
}

function fromDocument(out: string, err: string): string {
  if (!out.startsWith('{')) return withoutCost([out, err].filter((text) => text !== '').join('\n'))
  const { mappings = [], problems = [], message } = JSON.parse(out) as Document
  const counts = mappings.flatMap(countsLine)
  const waiting = problems.map((problem) => {
    const { mapping, kind, number, id, message: text } = problem
    return `${mapping} ${number ?? id ?? ''}: ${kind}${problem.new ? '' : ' (not new)'}. ${text}`
  })
  const lines = [...(message === undefined ? [] : [message]), ...counts, ...waiting]
  if (lines.length > 0) return withoutCost(lines.join('\n'))
  const rest = withoutCost(err)
  return rest === '' ? 'nothing to do' : rest
}

const counters = ['created', 'updated', 'deleted', 'coupled', 'uncoupled'] as const

function countsLine(counts: CountsTold): readonly string[] {
  const told = counters.filter((counter) => counts[counter] > 0).map((counter) => `${counts[counter]} ${counter}`)
  return told.length === 0 ? [] : [`${counts.mapping} ${counts.direction}: ${told.join(', ')}`]
}
