/** The git binary, in one repository. Objects and refs only: neither the checkout nor its index is ever touched. */
import { spawn } from 'node:child_process'
import { RemoteError, StateError } from '../errors.ts'

export interface GitOptions {
  /** A folder inside the repository. */
  readonly folder: string
  /** The environment of `git`. */
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Asked {
  /** What the command reads. @default nothing */
  readonly input?: string | Buffer
  /** Variables beside those of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Exit codes that are answers. @default only 0 */
  readonly codes?: readonly number[]
}

export interface GitAnswer {
  readonly code: number
  readonly bytes: Buffer
  /** Standard output without the line end. */
  readonly text: string
  /** Standard error. */
  readonly told: string
}

/** Runs a git command. Throws StateError when git is missing or the folder lies in no repository, else GitError. */
export type Git = (args: readonly string[], asked?: Asked) => Promise<GitAnswer>

/** A git command that failed. `told` is what git said, without credentials. */
export class GitError extends Error {
  readonly told: string
  constructor(command: string, told: string) {
    super(`git ${command} failed: ${told}`)
    this.name = 'GitError'
    this.told = told
  }
}

export function gitIn({ folder, env }: GitOptions): Git {
  // Nobody sits at a runner to type a password; where somebody does, a credential helper answers.
  const settings = { GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...env }
  return async (args, { input = '', env: more = {}, codes = [0] } = {}) => {
    const answer = await started(['-C', folder, ...args], input, { ...settings, ...more })
    if (codes.includes(answer.code)) return answer
    const told = withoutCredentials(answer.told.trim())
    if (/not a git repository/i.test(told))
      throw new StateError(
        `${folder} lies in no Git repository.`,
        'Run git init there, or name a project that has one.',
      )
    throw new GitError(args[0] ?? '', told)
  }
}

function started(args: readonly string[], input: string | Buffer, env: GitOptions['env']): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { env, stdio: 'pipe' })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = new StateError('git is not installed.', 'Install git: the state is kept on a branch with it.')
      reject(error.code === 'ENOENT' ? missing : error)
    })
    child.on('close', (code) => {
      const bytes = Buffer.concat(out)
      const text = bytes.toString('utf8').trimEnd()
      resolve({ code: code ?? 128, bytes, text, told: Buffer.concat(err).toString('utf8') })
    })
    // A command that ends before it has read everything says so by its code.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** An address may carry a token. */
const withoutCredentials = (text: string): string => text.replaceAll(/:\/\/[^/@\s]+@/g, '://')

/** One branch of one remote, which only Couplet writes. */
export interface Remote {
  readonly git: Git
  /** Its name or address. */
  readonly remote: string
}

/** The commit that a ref of the remote stands at, fetched; undefined where there is none. Throws RemoteError. */
export async function remoteTip({ git, remote }: Remote, ref: string): Promise<string | undefined> {
  const { text } = await asking(remote, () => git(['ls-remote', '--', remote, ref]))
  const [tip] = text.split(/\s/)
  if (tip === undefined || tip === '') return undefined
  const isHere = await git(['cat-file', '-e', `${tip}^{tree}`], { codes: [0, 1, 128] })
  if (isHere.code !== 0) await fetchRef({ git, remote }, ref)
  return tip
}

/** Fetches a ref: its newest commit alone where the checkout is shallow, as on a runner; else all of it. */
async function fetchRef({ git, remote }: Remote, ref: string): Promise<void> {
  const shallow = (await git(['rev-parse', '--is-shallow-repository'])).text === 'true'
  await fetchDeep({ git, remote }, ref, shallow ? 1 : undefined)
}

/** Fetches the last `depth` commits of a ref, or all. Throws RemoteError. */
export async function fetchDeep({ git, remote }: Remote, ref: string, depth: number | undefined): Promise<void> {
  const limit = depth === undefined ? [] : [`--depth=${depth}`]
  await asking(remote, () =>
    git(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-gc', ...limit, '--', remote, ref]),
  )
}

/** What a push changes, and what it believes to be there. */
export interface Push {
  readonly ref: string
  /** undefined takes the ref away. */
  readonly to: string | undefined
  /** What the ref must stand at; undefined: it must not be there. */
  readonly from: string | undefined
}

/**
 * Compare-and-swap of a ref of the remote. `raced`: it stands elsewhere than `from`, and nothing was changed. Throws
 * RemoteError when the remote refuses or is not reached.
 */
export async function push({ git, remote }: Remote, { ref, to, from }: Push): Promise<'done' | 'raced'> {
  const lease = `--force-with-lease=${ref}:${from ?? ''}`
  const args = ['push', '--porcelain', '--no-verify', '--no-signed', lease, '--', remote, `${to ?? ''}:${ref}`]
  const { code, text, told } = await git(args, { codes: [0, 1, 128] })
  if (code === 0) return 'done'
  const refused = text.split('\n').find((line) => line.startsWith('!'))
  if (refused !== undefined && raced.test(`${refused}\n${told}`)) return 'raced'
  throw unreached(remote, refused?.split('\t').at(-1) ?? told)
}

/** How git and the services say that somebody else was first. */
const raced = /stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already exists/

async function asking<T>(remote: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof GitError) throw unreached(remote, error.told)
    throw error
  }
}

const unreached = (remote: string, told: string): RemoteError =>
  new RemoteError(
    `The Git remote ${withoutCredentials(remote)} refused or was not reached: ${withoutCredentials(lastLines(told))}`,
    'Check its address (git remote -v) and that this login may write there; in GitHub Actions: `permissions: contents: write`.',
  )

const lastLines = (text: string): string =>
  text
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 2)
    .join(' ')
