/** Problems of YAML files as lines: `file:line:column  path: what is wrong`. */
import type { ConfigProblem } from '../errors.ts'
import type { Paint } from './paint.ts'
import { count } from './words.ts'

/** Where a problem is: `mappings/customer-account.yaml:14:9`, or nothing. */
export const placeOf = ({ at }: ConfigProblem): string => (at === undefined ? '' : `${at.file}:${at.line}:${at.column}`)

/** One problem as a line. */
export function problemLine(problem: ConfigProblem, paint: Paint): string {
  const place = placeOf(problem)
  const severity = problem.severity === 'warning' ? `${paint.yellow('warning')} ` : ''
  const path = problem.path === '' ? '' : `${problem.path}: `
  return `${place === '' ? '' : `${paint.bold(place)}  `}${severity}${path}${problem.message}`
}

/** Every problem, then how many: the end of any command whose files are wrong. */
export function problemsText(problems: readonly ConfigProblem[], paint: Paint): string {
  const errors = problems.filter(({ severity }) => severity !== 'warning').length
  const lines = problems.map((problem) => problemLine(problem, paint))
  return [...lines, `${count(errors, 'problem')}; nothing was run`].join('\n')
}
