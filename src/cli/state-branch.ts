/** `couplet state pull|push|lock|unlock`: the state on a branch of its own, for runners whose disk does not last. */
import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { Command } from 'commander'
import { StateError } from '../errors.ts'
import { count, duration } from '../report/words.ts'
import type { Pulled, Pushed, StateBranch } from '../store/state-branch.ts'
import { examples } from './context.ts'
import type { Act, Context } from './context.ts'
import { exits } from './exit.ts'
import { span, wholeNumber } from './numbers.ts'
import { withKey } from './state-key.ts'
import { UsageError } from './usage-error.ts'

interface BranchArguments {
  readonly branch?: string
  readonly remote: string
}

interface PushArguments extends BranchArguments {
  readonly quietEvery: number
  readonly history?: number
}

const hour = 3_600_000

/** Adds the commands below `couplet state`. */
export function addBranch(state: Command, act: Act): void {
  branchCommand(state, 'pull', 'bring the state from its branch; what this folder knows beyond it stays')
    .addHelpText('after', examples('couplet state pull', 'couplet state pull --target production'))
    .action((given: BranchArguments) => act((context) => pull(context, given)))
  branchCommand(state, 'push', 'take the state to its branch, joining what another runner put there meanwhile')
    .option('--quiet-every <span>', 'keep runs in which nothing moved at most once in this time', span, 6 * hour)
    .option('--history <commits>', 'cut the older half off when the branch has so many commits', wholeNumber)
    .addHelpText('after', examples('couplet state push', 'couplet state push --history 1000'))
    .action((given: PushArguments) => act((context) => push(context, given)))
  branchCommand(state, 'lock', 'take the lock of the branch, or end with 5 and tell who has it')
    .option('--stale <span>', 'take over a lock that is older', span, hour)
    .addHelpText('after', examples('couplet state lock', 'couplet state lock --stale 0min'))
    .action((given: BranchArguments & { stale: number }) => act((context) => lock(context, given)))
  branchCommand(state, 'unlock', 'give the lock back that this checkout took')
    .addHelpText('after', examples('couplet state unlock'))
    .action((given: BranchArguments) => act((context) => unlock(context, given)))
}

const branchCommand = (state: Command, name: string, description: string): Command =>
  state
    .command(name)
    .description(description)
    .option('--branch <name>', 'default: couplet-state, with a target couplet-state-TARGET')
    .option('--remote <remote>', 'name or address of the Git remote', 'origin')

/** Exit 1 when pairs contradict each other. */
async function pull(context: Context, given: BranchArguments): Promise<number> {
  const { pullState } = await import('../store/state-branch.ts')
  const at = await branchOf(context, given)
  const pulled = await pullState(at)
  tell(context, [pulledText(pulled, at.branch), ...heldText(pulled)], { ...pulled, branch: at.branch })
  return pulled.contradictions === 0 ? exits.done : exits.waiting
}

function pulledText({ kind }: Pulled, branch: string): string {
  switch (kind) {
    case 'empty':
      return `There is no branch ${branch} yet: the first push makes it.`
    case 'taken':
      return `The state is that of ${branch}.`
    case 'same':
      return `${branch} has nothing new.`
    case 'merged':
      return `What ${branch} knows is joined to the state here.`
  }
}

async function push(context: Context, given: PushArguments): Promise<number> {
  const { pushState } = await import('../store/state-branch.ts')
  const at = await branchOf(context, given)
  const pushed = await pushState(at, {
    quietEveryMs: given.quietEvery,
    history: given.history,
    trailers: runOf(context).map((address) => `Run: ${address}`),
    random: Math.random,
  })
  const lines = [pushedText(pushed, at.branch, given.quietEvery), ...heldText(pushed)]
  if (pushed.raced > 0) lines.push(`Another runner was first ${count(pushed.raced, 'time')}; both are joined.`)
  tell(context, lines, { ...pushed, branch: at.branch })
  return pushed.contradictions === 0 ? exits.done : exits.waiting
}

function pushedText({ kind, subject }: Pushed, branch: string, quietEveryMs: number): string {
  switch (kind) {
    case 'nothing':
      return 'There is no state here yet; nothing was pushed.'
    case 'same':
      return `${branch} has all of it already.`
    case 'quiet':
      return `Nothing moved, and ${branch} is younger than ${duration(quietEveryMs)}: left for a later run.`
    case 'pushed':
      return `${branch}: ${subject}.`
  }
}

const heldText = ({ contradictions }: { readonly contradictions: number }): readonly string[] =>
  contradictions === 0 ? [] : [`${count(contradictions, 'pair')} contradict each other and are held: couplet held`]

async function lock(context: Context, given: BranchArguments & { stale: number }): Promise<number> {
  const { lockBranch } = await import('../store/branch-lock.ts')
  const at = await branchOf(context, given)
  const [owner = `${userInfo().username} on ${hostname()}`] = runOf(context)
  const taken = await lockBranch(at, { owner, staleMs: given.stale, token: randomUUID() })
  const from = taken === 'taken' ? '' : ' from a runner that has not given it back'
  tell(context, [`The lock of ${at.branch} is taken${from}.`], { lock: taken, branch: at.branch })
  return exits.done
}

async function unlock(context: Context, given: BranchArguments): Promise<number> {
  const { unlockBranch } = await import('../store/branch-lock.ts')
  const at = await branchOf(context, given)
  const lock = await unlockBranch(at)
  const texts = {
    'given back': `The lock of ${at.branch} is given back.`,
    none: `This checkout has no lock of ${at.branch}; nothing was done.`,
    lost: `Another runner took the lock of ${at.branch} over meanwhile; it stays with it.`,
  }
  tell(context, [texts[lock]], { lock, branch: at.branch })
  return exits.done
}

function tell(context: Context, lines: readonly string[], document: object): void {
  context.print(
    () => lines.join('\n'),
    () => ({ ok: true, ...document }),
  )
}

/** The branch of the project's state. No secret but the fingerprint key is needed. */
async function branchOf(context: Context, { branch, remote }: BranchArguments): Promise<StateBranch> {
  const state = withKey((await context.readSettings()).state)
  if (state.key === undefined)
    throw new StateError(
      'A state on a branch needs a fingerprint key that does not lie beside it.',
      'Write `state: { key: "${env:COUPLET_STATE_KEY}" }` into couplet.yaml and set COUPLET_STATE_KEY to a long random ' +
        'text, the same everywhere (openssl rand -hex 32). A state that has a key of its own: couplet state rekey.',
    )
  const { gitIn } = await import('../store/git.ts')
  const { terminal, folder, target } = context
  const git = gitIn({ folder, env: terminal.env })
  await git(['rev-parse', '--git-dir'])
  const name = branch ?? (target === undefined ? 'couplet-state' : `couplet-state-${target}`)
  if ((await git(['check-ref-format', `refs/heads/${name}`], { codes: [0, 1] })).code !== 0)
    throw new UsageError(`"${name}" cannot be the name of a branch.`, 'Name another one: --branch couplet-state')
  return {
    git,
    remote,
    branch: name,
    folder: state.path,
    key: state.key,
    clock: terminal.clock,
  }
}

/** The address of this run's log, in GitHub Actions. */
function runOf({ terminal: { env } }: Context): readonly string[] {
  const [server, repository, run] = [env['GITHUB_SERVER_URL'], env['GITHUB_REPOSITORY'], env['GITHUB_RUN_ID']]
  if (!server || !repository || !run) return []
  return [`${server}/${repository}/actions/runs/${run}`]
}
