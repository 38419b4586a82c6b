/** What GitHub Actions is shown beside the log: the step's summary, and where in the repository a file lies. */
import { appendFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { ConfigProblem } from '../errors.ts'
import { visible } from '../report/visible.ts'
import type { Terminal } from './terminal.ts'

/** True in a GitHub Actions job. */
export const isGitHub = ({ env }: Terminal): boolean => env['GITHUB_ACTIONS'] === 'true'

/** Adds Markdown to the summary of the step; nothing outside GitHub Actions. */
export async function addSummary(terminal: Terminal, markdown: () => string): Promise<void> {
  const path = terminal.env['GITHUB_STEP_SUMMARY']
  if (isGitHub(terminal) && path !== undefined && path !== '') await appendFile(path, visible(markdown()))
}

/** Problems of a project's files with their paths from the root of the repository, as annotations need them. */
export function fromRepository(
  { env, cwd }: Terminal,
  folder: string,
  problems: readonly ConfigProblem[],
): readonly ConfigProblem[] {
  const root = env['GITHUB_WORKSPACE'] ?? cwd
  return problems.map((problem) => {
    if (problem.at === undefined || problem.at.file.startsWith('standard/')) return problem
    const file = relative(root, join(folder, problem.at.file)).replaceAll('\\', '/')
    return file.startsWith('../') ? problem : { ...problem, at: { ...problem.at, file } }
  })
}
