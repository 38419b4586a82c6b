/** Importing a solution into Dataverse, and giving its roles: over the administration client. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Administration } from '../connector/administration.ts'
import { ConnectorError } from '../errors.ts'

type Row = Readonly<Record<string, unknown>>
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
/** A text in a filter. */
const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** A solution as it is installed. */
export interface Installed {
  readonly uniqueName: string
  readonly name: string
  readonly version: string
  readonly managed: boolean
}

export const solutionsIn = async (admin: Administration): Promise<readonly Installed[]> =>
  (
    await admin.list(
      'solutions?$select=uniquename,friendlyname,version,ismanaged&$filter=isvisible eq true',
      'solutions',
    )
  ).map((row) => ({
    uniqueName: text(row['uniquename']),
    name: text(row['friendlyname']),
    version: text(row['version']),
    managed: row['ismanaged'] === true,
  }))

/** Milliseconds between two looks at a running import, and the most that one may take. */
const everyMs = 2000
const longestMs = 3_600_000

/** `asyncoperations`: completed, and what came of it. */
const completed = 3
const succeeded = 30

/** Imports the file and waits for the end. Gives the solution's unique name. Throws ConnectorError with the reason. */
export async function importSolution(
  admin: Administration,
  file: Buffer,
  { clock, progress }: { readonly clock: Clock; readonly progress: (percent: number) => void },
): Promise<string> {
  const job = randomUUID()
  const started = (await admin.post(
    'ImportSolutionAsync',
    {
      OverwriteUnmanagedCustomizations: false,
      PublishWorkflows: true,
      CustomizationFile: file.toString('base64'),
      ImportJobId: job,
    },
    'the import of the solution',
  )) as Row
  const operation = text(started['AsyncOperationId'])
  for (const until = clock.now().getTime() + longestMs; clock.now().getTime() < until; await clock.sleep(everyMs)) {
    const state = (await admin.get(
      `asyncoperations(${operation})?$select=statecode,statuscode,friendlymessage`,
      'the import',
    )) as Row
    const imported = (await admin.get(`importjobs(${job})?$select=progress,solutionname`, 'the import')) as Row
    progress(Number(imported['progress'] ?? 0))
    if (state['statecode'] !== completed) continue
    if (state['statuscode'] === succeeded) return text(imported['solutionname'])
    throw new ConnectorError('sales', 'rejected', {
      message: `the import failed: ${text(state['friendlymessage']) || 'no reason was given'}`,
      remedy: 'See it in Power Apps → Solutions → History; nothing of the file was kept.',
    })
  }
  throw new ConnectorError('sales', 'unreachable', {
    message: 'the import has not ended within an hour',
    remedy: 'It may still go on: see couplet solution status later.',
  })
}

/** Who gets a solution's roles. */
export interface Holder {
  readonly kind: 'user' | 'team'
  readonly id: string
  readonly name: string
  readonly unit: string
}

/** The application user of the integration. Throws ConnectorError when there is none. */
export async function integrationUser(admin: Administration, clientId: string): Promise<Holder> {
  const filter = `$filter=applicationid eq ${/^[0-9a-f-]{36}$/i.test(clientId) ? clientId : quoted(clientId)}`
  const [user] = await admin.list(`systemusers?$select=fullname,_businessunitid_value&${filter}`, 'users')
  if (user === undefined)
    throw new ConnectorError('sales', 'gone', {
      message: 'the integration has no application user in this environment',
      remedy: 'Power Platform admin center → the environment → Settings → Application users → New app user.',
    })
  return holderOf('user', text(user['systemuserid']), text(user['fullname']), user)
}

/** The team of that name. Throws ConnectorError when there is none. */
export async function teamNamed(admin: Administration, name: string): Promise<Holder> {
  const filter = `$filter=name eq ${encodeURIComponent(quoted(name))}`
  const [team] = await admin.list(`teams?$select=name,_businessunitid_value&${filter}`, 'teams')
  if (team === undefined)
    throw new ConnectorError('sales', 'gone', { message: 'there is no team of that name', remedy: 'Check --team.' })
  return holderOf('team', text(team['teamid']), text(team['name']), team)
}

const holderOf = (kind: Holder['kind'], id: string, name: string, row: Row): Holder => ({
  kind,
  id,
  name,
  unit: text(row['_businessunitid_value']),
})

const roleComponent = 20

/** Gives the solution's roles to a user or team, as they stand in its business unit. Gives the names; those held stay. */
export async function giveRoles(admin: Administration, solution: string, holder: Holder): Promise<readonly string[]> {
  const [installed] = await admin.list(
    `solutions?$select=solutionid&$filter=uniquename eq ${quoted(solution)}`,
    'solutions',
  )
  const parts = await admin.list(
    `solutioncomponents?$select=objectid&$filter=_solutionid_value eq ${text(installed?.['solutionid'])} and componenttype eq ${roleComponent}`,
    'the parts of the solution',
  )
  const set = holder.kind === 'user' ? 'systemusers' : 'teams'
  const navigation = holder.kind === 'user' ? 'systemuserroles_association' : 'teamroles_association'
  const held = await admin.list(`${set}(${holder.id})/${navigation}?$select=name`, 'roles')
  const given: string[] = []
  for (const part of parts) {
    const root = text(part['objectid'])
    const filter = `$filter=_parentrootroleid_value eq ${root} and _businessunitid_value eq ${holder.unit}`
    const [role] = await admin.list(`roles?$select=name&${filter}`, 'roles')
    if (role === undefined) continue
    given.push(text(role['name']))
    if (held.some((each) => each['roleid'] === role['roleid'])) continue
    const { address } = admin
    await admin.post(
      `${set}(${holder.id})/${navigation}/$ref`,
      { '@odata.id': `${address}/roles(${text(role['roleid'])})` },
      `the role ${text(role['name'])}`,
    )
  }
  return given
}
