/** A finished run as text: what was done, what waits, and how to go on. */
import type { Paint } from './paint.ts'
import { nextSteps, reasonOf } from './reasons.ts'
import { table } from './table.ts'
import type { Cell } from './table.ts'
import type { CountsTold, ProblemTold, RunTold } from './told.ts'
import { count, directionName, duration, firstOf, thousands, wrap } from './words.ts'

const counters = ['created', 'updated', 'deleted', 'coupled', 'uncoupled', 'unchanged', 'held', 'failed'] as const
type Counter = (typeof counters)[number]

/** Different messages shown for each reason; the rest is counted. */
const shownMessages = 4
/** Records named for each message. */
const shownNames = 6

/** Counts, then problems grouped by mapping and reason, then one closing line. */
export function runText(run: RunTold, paint: Paint): string {
  const refused = new Set(run.problems.filter(({ kind }) => kind === 'service').map(({ mapping }) => mapping))
  const parts = [countsText(run.mappings, paint, refused), problemGroups(run.problems, paint), closing(run, paint)]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A table of the directions in which something happened; the others, if they were run, are only counted. */
export function countsText(counts: readonly CountsTold[], paint: Paint, refused = new Set<string>()): string {
  const busy = counts.filter((one) => counters.some((counter) => counter !== 'unchanged' && one[counter] > 0))
  const busyMappings = new Set(busy.map(({ mapping }) => mapping))
  const quiet = new Set(
    counts.map(({ mapping }) => mapping).filter((mapping) => !busyMappings.has(mapping) && !refused.has(mapping)),
  )
  const rest = quiet.size === 0 ? '' : paint.dim(`${count(quiet.size, 'mapping')} in step, with nothing to do`)
  if (busy.length === 0) return rest
  const columns = [
    { title: 'mapping' },
    { title: 'direction' },
    ...used(busy).map((title) => right(title)),
    right('time'),
  ]
  const rows = busy.map((one): readonly Cell[] => [
    one.mapping,
    directionName(one.direction),
    ...used(busy).map((counter) => cell(counter, one[counter], paint)),
    one.ms === 0 ? '' : duration(one.ms),
  ])
  return [table(columns, rows, paint.bold), rest].filter((part) => part !== '').join('\n')
}

const right = (title: string) => ({ title, align: 'right' as const })

const used = (counts: readonly CountsTold[]): readonly Counter[] =>
  counters.filter((counter) => counter !== 'uncoupled' || counts.some((one) => one.uncoupled > 0))

function cell(counter: Counter, number: number, paint: Paint): Cell {
  if (number === 0) return { text: '·', paint: paint.dim }
  if (counter === 'failed') return { text: thousands(number), paint: paint.red }
  if (counter === 'held') return { text: thousands(number), paint: paint.yellow }
  return thousands(number)
}

/** Problems by mapping and reason: what happened, the first records, and the command that goes on, once. */
export function problemGroups(problems: readonly ProblemTold[], paint: Paint): string {
  const groups = new Map<string, ProblemTold[]>()
  for (const problem of problems) {
    const key = `${problem.mapping}\n${problem.kind}`
    groups.set(key, [...(groups.get(key) ?? []), problem])
  }
  return [...groups.values()].map((group) => groupText(group, paint)).join('\n\n')
}

function groupText(group: readonly ProblemTold[], paint: Paint): string {
  const [first] = group
  if (first === undefined) return ''
  const reason = reasonOf(first.kind)
  if (first.kind === 'service') return group.map((problem) => serviceText(problem, paint)).join('\n')
  const fresh = group.filter(({ isNew }) => isNew).length
  const news = fresh === 0 ? 'not new' : fresh === group.length ? '' : `${fresh} of them new`
  const head = `${paint.bold(first.mapping)}: ${paint.yellow(count(group.length, 'record'))} ${reason.title}`
  const messages = [...new Set(group.map(({ message }) => message))]
  const shown = messages.slice(0, shownMessages).map((message) => messageText(message, group))
  const rest = messages.length - shownMessages
  const more = rest > 0 ? [`  … and ${thousands(rest)} more messages: couplet held ${first.mapping}`] : []
  const remedies = group.map(({ remedy }) => remedy)
  const next = nextSteps(first.kind, first.mapping, remedies).map((step) => wrap(`→ ${step}`, 114, '  '))
  return [news === '' ? head : `${head} (${news})`, ...shown, ...more, ...next].join('\n')
}

/** The records that a message is about, then the message. */
function messageText(message: string, group: readonly ProblemTold[]): string {
  const names = group.filter((problem) => problem.message === message).map(({ number, id }) => number ?? id ?? '')
  return `${wrap(`${firstOf(names, shownNames)}:`, 112, '  ')}\n${wrap(message, 112, '      ')}`
}

function serviceText({ mapping, message, remedy }: ProblemTold, paint: Paint): string {
  const head = `${paint.bold(mapping)}: ${paint.red('could not be run.')} ${message}`
  return remedy === '' ? head : `${head}\n  → ${remedy}`
}

function closing(run: RunTold, paint: Paint): string {
  const cost = `${duration(run.ms)}, ${count(run.requests, 'request')}`
  if (run.problems.length === 0) return `${paint.green('Done.')} Both sides are in step. ${paint.dim(cost)}`
  const waiting = run.problems.filter(({ id }) => id !== undefined).length
  const services = run.problems.length - waiting
  const told = [
    ...(waiting > 0 ? [`${count(waiting, 'record waits', 'records wait')}: couplet held`] : []),
    ...(services > 0 ? [`${count(services, 'mapping')} could not be run: couplet doctor`] : []),
  ]
  return `${paint.yellow('Done, but')} ${told.join('; ')}. ${paint.dim(cost)}`
}
