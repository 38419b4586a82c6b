/** The assisted setup's files tried before they are written for good: in a folder of their own that goes away again. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ConnectorError } from '../errors.ts'
import type { Project } from '../main.ts'
import type { CheckStep } from '../report/check-text.ts'
import type { ReviewTold } from '../report/review-text.ts'
import type { Terminal } from './terminal.ts'

/** What a trial found. */
export interface Trial {
  readonly steps: readonly CheckStep[]
  /** Undefined where a step failed. */
  readonly review: readonly ReviewTold[] | undefined
}

/** Opens the files as a project, does the work, and takes everything away again. `env` may hold secrets typed in. */
export async function withTrial<T>(
  { clock }: Pick<Terminal, 'clock'>,
  env: Terminal['env'],
  files: Readonly<Record<string, string>>,
  work: (project: Project) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'couplet-init-'))
  try {
    await writeFiles(folder, files)
    const { openProject } = await import('../main.ts')
    const project = await openProject(folder, { env, clock })
    try {
      return await work(project)
    } finally {
      await project.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Every step of Test Connection, and the review where all of them passed. */
export async function tried(project: Project): Promise<Trial> {
  const { checkConnections } = await import('./connection-check.ts')
  const steps = await checkConnections(project)
  if (steps.some(({ outcome }) => outcome === 'failed')) return { steps, review: undefined }
  return { steps, review: await project.review() }
}

/** Names of the companies of the environment; undefined where they are not told. */
export async function companiesIn(project: Project): Promise<readonly string[] | undefined> {
  const admin = project.administration('businessCentral')
  try {
    const rows = await admin.list('/api/v2.0/companies?$select=name', 'companies')
    return rows.map(({ name }) => (typeof name === 'string' ? name : '')).filter((name) => name !== '')
  } catch (error) {
    if (error instanceof ConnectorError) return undefined
    throw error
  } finally {
    admin.close()
  }
}

/** Writes files below a folder, folders made as needed. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
}
