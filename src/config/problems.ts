import type { ConfigProblem } from '../errors.ts'

/** By file, line and column; each problem once, also where several mappings share the file. */
export function sortProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const told = problems.map((one) => ({ ...one, path: readable(one.path), message: readable(one.message) }))
  const byPlace = new Map(told.map((problem) => [JSON.stringify(problem), problem]))
  return [...byPlace.values()].sort((one, other) => {
    const [a, b] = [one.at, other.at]
    if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined)
    return (
      a.file.localeCompare(b.file, 'en') ||
      a.line - b.line ||
      a.column - b.column ||
      one.message.localeCompare(other.message, 'en')
    )
  })
}

/** More characters of a message are a text that it repeats. */
const longest = 1000

/**
 * Control characters as they are written in YAML: a message may repeat a text that would command the terminal. Of one
 * that repeats a huge text, beginning and end.
 */
const readable = (text: string): string =>
  (text.length > longest ? `${text.slice(0, longest / 2)} … ${text.slice(-longest / 2)}` : text).replaceAll(
    control,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g

/** `file:line:column  path: what is wrong`, a line each. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(formatProblem).join('\n')
}

function formatProblem({ at, path, message, severity }: ConfigProblem): string {
  const place = at === undefined ? '' : `${at.file}:${at.line}:${at.column}  `
  return `${place}${severity === 'warning' ? 'warning: ' : ''}${path === '' ? '' : `${path}: `}${message}`
}

/** True for what stops a run. */
export const isError = ({ severity }: ConfigProblem): boolean => severity !== 'warning'
