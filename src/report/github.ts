/**
 * What GitHub Actions shows: annotations (workflow commands such as `::error file=…,line=…::text`, in which `%`, CR, LF
 * and, in properties, `:` and `,` are percent-encoded) and a Markdown summary.
 */
import type { ConfigProblem } from '../errors.ts'
import { nextSteps, reasonOf } from './reasons.ts'
import type { CountsTold, ProblemTold, RunTold } from './told.ts'
import { count, directionName, duration } from './words.ts'

/** Annotations of one kind that GitHub shows for a step. */
const shownAnnotations = 10

const escapeText = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const escapeProperty = (text: string): string => escapeText(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** One annotation for each problem of the files, at its place. */
export function problemAnnotations(problems: readonly ConfigProblem[]): readonly string[] {
  return problems.map(({ at, path, message, severity }) => {
    const place = at === undefined ? '' : ` file=${escapeProperty(at.file)},line=${at.line},col=${at.column}`
    return `::${severity ?? 'error'}${place}::${escapeText(path === '' ? message : `${path}: ${message}`)}`
  })
}

/** One annotation for each refused mapping and each new held record, as many as GitHub shows; the rest is counted. */
export function runAnnotations(problems: readonly ProblemTold[]): readonly string[] {
  const told = problems.filter(({ kind, isNew }) => kind === 'service' || isNew)
  const lines = told.slice(0, shownAnnotations).map((problem) => {
    const title = `${problem.mapping}${problem.number === undefined ? '' : ` ${problem.number}`}`
    const level = problem.kind === 'service' ? 'error' : 'warning'
    return `::${level} title=${escapeProperty(title)}::${escapeText([problem.message, problem.remedy].filter((part) => part !== '').join(' → '))}`
  })
  const rest = told.length - lines.length
  return rest > 0
    ? [...lines, `::warning::${count(rest, 'more record waits', 'more records wait')}: couplet held`]
    : lines
}

/** An annotation for something that stopped the whole run. */
export const errorAnnotation = (message: string): string => `::error::${escapeText(message)}`

/** What stopped a command as Markdown: what happened, and what to do next. */
export const stoppedMarkdown = (message: string, remedy: string): string =>
  [`### Couplet stopped`, ...message.split('\n').map(escapeCell), ...(remedy === '' ? [] : [escapeCell(remedy)])]
    .join('\n\n')
    .concat('\n')

/** A run as Markdown: a table of counts, then problems by reason. `failures`: jobs that failed as a whole, and why. */
export function runMarkdown(run: RunTold, failures: readonly string[] = []): string {
  const waiting = count(run.problems.length, 'record waits', 'records wait')
  const head = run.ok
    ? '### Couplet: both sides are in step'
    : `### Couplet: ${failures.length === 0 ? waiting : `${count(failures.length, 'job')} failed`}`
  const busy = run.mappings.filter(
    ({ created, updated, deleted, coupled, uncoupled, held, failed }) =>
      created + updated + deleted + coupled + uncoupled + held + failed > 0,
  )
  const counts = busy.length === 0 ? 'Nothing to do.' : [tableHead, ...busy.map(countsRow)].join('\n')
  const cost = `${duration(run.ms)}, ${count(run.requests, 'request')}, run \`${run.run}\``
  const failed = failures.length === 0 ? [] : [failures.map((text) => `- ${escapeCell(text)}`).join('\n')]
  return `${[head, ...failed, counts, ...problemList(run.problems), cost].join('\n\n')}\n`
}

const tableHead =
  '| mapping | direction | created | updated | deleted | coupled | held | failed |\n|---|---|--:|--:|--:|--:|--:|--:|'

const countsRow = (one: CountsTold): string =>
  `| ${one.mapping} | ${directionName(one.direction)} | ${[one.created, one.updated, one.deleted, one.coupled, one.held, one.failed].join(' | ')} |`

function problemList(problems: readonly ProblemTold[]): readonly string[] {
  const groups = new Map<string, ProblemTold[]>()
  for (const problem of problems) {
    const key = `${problem.mapping}\n${problem.kind}`
    groups.set(key, [...(groups.get(key) ?? []), problem])
  }
  const lines = [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { mapping, kind } = first
    const what =
      kind === 'service'
        ? `could not be run. ${escapeCell(first.message)} ${escapeCell(first.remedy)}`
        : `${count(group.length, 'record')} ${reasonOf(kind).title}. ${escapeCell(nextSteps(kind, mapping, remediesOf(group)).join(' '))}`
    return [`- **${mapping}**: ${what}`]
  })
  return lines.length === 0 ? [] : [lines.join('\n')]
}

const remediesOf = (group: readonly ProblemTold[]): readonly string[] => group.map(({ remedy }) => remedy)

/** Markdown that comes from a service must not become markup. */
const escapeCell = (text: string): string =>
  text.replaceAll(/[<>|`*_[\]\\]/g, (sign) => `\\${sign}`).replaceAll('\n', ' ')
