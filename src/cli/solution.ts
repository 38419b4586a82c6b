/** `couplet solution …`: what is installed in Dataverse, and importing a solution with an administrator's own login. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Administration } from '../connector/administration.ts'
import type { Authorization } from '../connector/auth.ts'
import type { Project } from '../main.ts'
import { table } from '../report/table.ts'
import { examples } from './context.ts'
import type { Act, AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { rolesOf } from './identity-check.ts'
import { giveRoles, importSolution, integrationUser, solutionsIn, teamNamed } from './solution-work.ts'
import { UsageError } from './usage-error.ts'

interface DeployArguments {
  readonly tokenEnv?: string
  readonly clientId?: string
  readonly team?: string
  /** false: with `--no-roles`. */
  readonly roles: boolean
}

export const addSolution: AddCommand = (command, act) => {
  command.addHelpText(
    'after',
    examples('couplet solution status', 'couplet solution deploy BusinessCentral_managed.zip'),
  )
  addDeploy(command, act)
  command
    .command('status')
    .description('show installed solutions of Business Central, and the roles that the integration holds')
    .option('--all', 'every visible solution')
    .addHelpText('after', examples('couplet solution status', 'couplet solution status --all'))
    .action((given: { all?: boolean }) => act((context) => status(context, given.all === true)))
}

function addDeploy(solution: Command, act: Act): void {
  solution
    .command('deploy')
    .description("import a solution with an administrator's own login, and give its roles to the integration")
    .argument('<file>', 'the solution, a .zip file')
    .option('--token-env <name>', "variable with an administrator's token; otherwise a code is to be typed in")
    .option('--client-id <id>', 'public client to log in with, where the organisation has one of its own')
    .option('--team <name>', 'give the roles to this team, too')
    .option('--no-roles', 'give the roles to nobody')
    .addHelpText(
      'after',
      examples(
        'couplet solution deploy BusinessCentral_managed.zip',
        'couplet solution deploy x.zip --team "BCI - CRONUS"',
      ),
    )
    .action((file: string, given: DeployArguments) => act((context) => deploy(context, file, given)))
}

/** Exit 3 when the service refuses. */
export async function deploy(context: Context, file: string, given: DeployArguments): Promise<number> {
  const content = await solutionFile(context, file)
  return context.withProject(async (project) => {
    const admin = project.administration('sales', await loginOf(context, project, given))
    try {
      const clientId = await refuseIntegration(project, admin)
      const { terminal } = context
      const name = await importSolution(admin, content, {
        clock: terminal.clock,
        progress: (percent) => terminal.progress(`Importing ${file}: ${Math.round(percent)} % …`),
      }).finally(() => terminal.progress(''))
      const given_ = given.roles ? await rolesGiven(admin, name, { clientId, team: given.team }) : []
      tell(context, name, given_)
      return exits.done
    } finally {
      admin.close()
    }
  })
}

async function solutionFile({ terminal }: Context, file: string): Promise<Buffer> {
  const content = await readFile(resolve(terminal.cwd, file)).catch(() => {
    throw new UsageError(`${file} cannot be read.`)
  })
  if (content.subarray(0, 2).toString('latin1') === 'PK') return content
  throw new UsageError(`${file} is no solution.`, 'Give the .zip file as it was exported or downloaded.')
}

async function loginOf(context: Context, project: Project, given: DeployArguments): Promise<Authorization> {
  const { givenToken } = await import('../connector/administrator-login.ts')
  if (given.tokenEnv === undefined)
    return project.personsLogin('sales', { show: (text) => context.terminal.err(text), clientId: given.clientId })
  const token = (context.terminal.env[given.tokenEnv] ?? '').trim()
  if (token === '') throw new UsageError(`The environment variable ${given.tokenEnv} is not set.`)
  return givenToken(token)
}

/** An integration that may import solutions may do everything. Gives its client id. Throws UsageError. */
async function refuseIntegration({ config }: Project, admin: Administration): Promise<string> {
  const { auth } = config.connections.sales
  const clientId = 'clientId' in auth ? (auth.clientId ?? '') : ''
  const { UserId: id } = (await admin.get('WhoAmI', 'the user')) as { readonly UserId?: string }
  const user = (await admin.get(`systemusers(${id})?$select=applicationid`, 'the user')) as { applicationid?: string }
  if (clientId !== '' && user.applicationid?.toLowerCase() === clientId.toLowerCase())
    throw new UsageError(
      'This is the login of the integration itself.',
      "Use an administrator's own: leave --token-env out and type the code in.",
    )
  return clientId
}

interface Given {
  readonly holder: string
  readonly roles: readonly string[]
}

async function rolesGiven(
  admin: Administration,
  solution: string,
  { clientId, team }: { readonly clientId: string; readonly team: string | undefined },
): Promise<readonly Given[]> {
  const holders = [
    ...(clientId === '' ? [] : [await integrationUser(admin, clientId)]),
    ...(team === undefined ? [] : [await teamNamed(admin, team)]),
  ]
  const given: Given[] = []
  for (const holder of holders) given.push({ holder: holder.name, roles: await giveRoles(admin, solution, holder) })
  return given
}

function tell(context: Context, solution: string, given: readonly Given[]): void {
  const { paint } = context
  context.print(
    () =>
      [
        `${paint.green('Imported')} ${solution}.`,
        ...given.map(({ holder, roles }) => `${holder} holds: ${roles.join(', ') || 'the solution has no roles'}`),
        'See: couplet solution status; couplet doctor',
      ].join('\n'),
    () => ({ ok: true, solution, roles: given }),
  )
}

/** Solutions that Business Central's own integration brings. */
const isNative = (name: string): boolean => /^(?:bcbi_|MicrosoftDynamicsNav)/i.test(name)

function status(context: Context, all: boolean): Promise<number> {
  return context.withProject(async (project) => {
    const admin = project.administration('sales')
    try {
      const solutions = (await solutionsIn(admin)).filter(({ uniqueName }) => all || isNative(uniqueName))
      const { UserId: id = '' } = (await admin.get('WhoAmI', 'the user')) as { readonly UserId?: string }
      const roles = [...new Set((await rolesOf(admin, id)).map(({ name }) => name))]
      const columns = ['solution', 'version', '', 'name'].map((title) => ({ title }))
      const rows = solutions.map((each) => [each.uniqueName, each.version, each.managed ? 'managed' : '', each.name])
      context.print(
        () =>
          [
            solutions.length === 0
              ? 'No solution of Business Central is installed.'
              : table(columns, rows, context.paint.bold),
            `The integration holds: ${roles.join(', ') || 'no role'}`,
          ].join('\n'),
        () => ({ solutions, roles }),
      )
      return exits.done
    } finally {
      admin.close()
    }
  })
}
