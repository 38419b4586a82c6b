import type { ConfigProblem } from '../errors.ts'

/** By file, line and column; each problem once, also where several mappings share the file. */
export function sortProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const byPlace = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
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
