/** Versions of a project: a folder as it stands, or a commit of the Git repository that the project folder lies in. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { UsageError } from './usage-error.ts'

const execute = promisify(execFile)

/** A project folder to read, and what it is called. */
export interface Revision {
  readonly folder: string
  readonly label: string
  /** It is a commit: its files stand in a temporary folder. */
  readonly isCommit: boolean
}

/**
 * Works with a version: `name` is a commit (branch, tag, hash) or a folder, a commit first. Its files stand in a
 * temporary folder of their own for as long as the work lasts. Throws UsageError when it is neither.
 */
export async function withRevision<T>(
  project: string,
  { name, cwd, env }: Asked,
  work: (revision: Revision) => Promise<T>,
): Promise<T> {
  const commit = await commitOf((args) => git(project, args, env), project, name)
  if (typeof commit === 'string') return withCommit(project, { name, commit, env }, work)
  const folder = resolve(cwd, name)
  if (await isFolder(folder)) return work({ folder, label: name, isCommit: false })
  throw new UsageError(`${name} is neither a commit nor a folder: ${commit.why}`, commit.remedy)
}

/** The version that is asked for, as it was named. */
interface Asked {
  readonly name: string
  /** Folder that a named folder is relative to. */
  readonly cwd: string
  /** The environment of `git`. */
  readonly env: Readonly<Record<string, string | undefined>>
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

type Git = (args: readonly string[]) => Promise<string>

type Missing = { readonly why: string; readonly remedy: string }

/** The hash of a commit, or why there is none. */
async function commitOf(git: Git, project: string, name: string): Promise<string | Missing> {
  const folder = {
    why: 'there is no such folder',
    remedy: 'Name a branch, a tag, a commit, or a folder that holds a project.',
  }
  if (!(await isFolder(project))) return { ...folder, why: `there is no folder ${project}` }
  try {
    const found = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
    return found.trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { why: 'git is not installed, and there is no such folder', remedy: 'Install git, or name a folder.' }
    const inside = await git(['rev-parse', '--git-dir']).then(
      () => true,
      () => false,
    )
    if (!inside) return { ...folder, why: `${project} lies in no Git repository, and there is no such folder` }
    return {
      ...folder,
      why: 'the repository has no such commit, and there is no such folder',
      remedy: `${folder.remedy} In GitHub Actions, check out with fetch-depth: 0, or fetch the commit first.`,
    }
  }
}

/** Git, in a folder. */
async function git(folder: string, args: readonly string[], env: Asked['env']): Promise<string> {
  const { stdout } = await execute('git', ['-C', folder, '-c', 'core.symlinks=false', ...args], {
    env: env,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** The project folder as of a commit. Symbolic links become plain files, so that none leads out of it. */
async function withCommit<T>(
  project: string,
  { name, commit, env }: Pick<Asked, 'name' | 'env'> & { readonly commit: string },
  work: (revision: Revision) => Promise<T>,
): Promise<T> {
  const room = await mkdtemp(join(tmpdir(), 'couplet-diff-'))
  try {
    const folder = join(room, 'project')
    await mkdir(folder)
    const prefix = (await git(project, ['rev-parse', '--show-prefix'], env)).trim()
    const index = { ...env, GIT_INDEX_FILE: join(room, 'index') }
    await git(project, ['read-tree', `${commit}:${prefix}`], index).catch(() => {
      throw new UsageError(`${name} has no folder ${prefix}: the project was not there yet.`, 'Name a later commit.')
    })
    const top = (await git(project, ['rev-parse', '--show-toplevel'], env)).trim()
    await git(top, ['checkout-index', '--all', '--force', `--prefix=${folder}/`], index)
    return await work({ folder, label: name, isCommit: true })
  } finally {
    await rm(room, { recursive: true, force: true })
  }
}
