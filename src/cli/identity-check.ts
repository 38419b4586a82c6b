/** Asks both services who the integration is and what it may do. */
import type { Side } from '../config/config.ts'
import type { Administration } from '../connector/administration.ts'
import { ConnectorError } from '../errors.ts'
import type { Project } from '../main.ts'
import type { CheckStep } from '../report/check-text.ts'
import { businessCentralSteps, currencySteps, privilegeSteps, userSteps } from './identity-rules.ts'
import type { HeldRole, SalesIdentity } from './identity-rules.ts'
import { neededPrivileges } from './needed-privileges.ts'
import type { PrivilegeNames, Verb } from './needed-privileges.ts'

type Row = Readonly<Record<string, unknown>>
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const given = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** The steps about the identity of one side. What may not be looked at is told, and fails nothing. */
export async function checkIdentity(
  project: Project,
  side: Side,
  options: { readonly businessCentralUser?: string | undefined },
): Promise<readonly CheckStep[]> {
  const admin = project.administration(side)
  try {
    return side === 'sales'
      ? await salesSteps(project, admin)
      : await businessCentralUserSteps(admin, options.businessCentralUser)
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error
    return [notSeen(side, error)]
  } finally {
    admin.close()
  }
}

const notSeen = (side: Side, error: ConnectorError): CheckStep => ({
  side: side === 'sales' ? 'Sales' : 'Business Central',
  step: 'user',
  outcome: 'skipped',
  message: `not looked at: ${error.message}`,
  remedy:
    side === 'sales'
      ? 'Let a role of the user read users, roles and teams, if this is to be checked.'
      : 'Give the app registration Automation.ReadWrite.All and the permission set D365 AUTOMATION, if this is to be checked.',
})

async function salesSteps(project: Project, admin: Administration): Promise<readonly CheckStep[]> {
  const identity = await salesIdentity(admin)
  const needed = neededPrivileges(project.config.mappings, await privilegeNames(project, admin))
  const organisation = (await admin.list('organizations?$select=_basecurrencyid_value', 'the organisation'))[0]
  const currencies = await admin.list('transactioncurrencies?$select=isocurrencycode', 'currencies')
  const base = currencies.find((row) => row['transactioncurrencyid'] === organisation?.['_basecurrencyid_value'])
  const codes = currencies.map((row) => text(row['isocurrencycode']))
  const { localCurrency } = project.config.settings
  return [
    ...userSteps(identity),
    ...privilegeSteps(identity, needed),
    ...(base === undefined ? [] : currencySteps(localCurrency, text(base['isocurrencycode']), codes)),
  ]
}

async function salesIdentity(admin: Administration): Promise<SalesIdentity> {
  const who = (await admin.get('WhoAmI', 'the user')) as Row
  const id = text(who['UserId'])
  const select = 'fullname,isdisabled,accessmode,applicationid'
  const user = (await admin.get(`systemusers(${id})?$select=${select}`, 'the user')) as Row
  const held = (await admin.get(
    `systemusers(${id})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`,
    'the privileges of the user',
  )) as { readonly RolePrivileges?: unknown }
  return {
    name: text(user['fullname']),
    disabled: user['isdisabled'] === true,
    application: given(user['applicationid']) !== undefined,
    roles: await rolesOf(admin, id),
    privileges: new Map(
      rowsIn(held.RolePrivileges).map((each) => [text(each['PrivilegeName']).toLowerCase(), text(each['Depth'])]),
    ),
  }
}

/** The rows in a list within an answer; what is none is no privilege. */
const rowsIn = (value: unknown): readonly Row[] =>
  Array.isArray(value) ? value.filter((row): row is Row => typeof row === 'object' && row !== null) : []

const roleColumns = '$select=name,_roletemplateid_value,_parentrootroleid_value'

/** Roles given to the user and to its teams. */
export async function rolesOf(admin: Administration, user: string): Promise<readonly HeldRole[]> {
  const own = await admin.list(`systemusers(${user})/systemuserroles_association?${roleColumns}`, 'roles')
  const teams = await admin.list(`systemusers(${user})/teammembership_association?$select=teamid`, 'teams')
  const ofTeams: Row[] = []
  for (const team of teams)
    ofTeams.push(...(await admin.list(`teams(${text(team['teamid'])})/teamroles_association?${roleColumns}`, 'roles')))
  return [...own, ...ofTeams].map((role) => ({
    name: text(role['name']),
    id: text(role['roleid']),
    rootId: given(role['_parentrootroleid_value']),
    templateId: given(role['_roletemplateid_value']),
  }))
}

/** Names of the privileges of every table in use, as the metadata gives them. */
async function privilegeNames({ config }: Project, admin: Administration): Promise<PrivilegeNames> {
  const sets = config.mappings
    .filter(({ enabled }) => enabled)
    .flatMap(({ sales: { entity, with: pages, joins } }) => [
      ...(entity === undefined ? [] : [entity.entity]),
      ...[...pages, ...joins].map((page) => page.entity.entity),
    ])
  const found = new Map<string, Partial<Record<Verb, string>>>()
  for (const set of new Set(sets)) {
    const filter = `$select=EntitySetName,Privileges&$filter=EntitySetName eq '${set}'`
    const [definition] = await admin.list(`EntityDefinitions?${filter}`, 'metadata')
    const privileges = rowsIn(definition?.['Privileges'])
    found.set(
      set,
      Object.fromEntries(privileges.map((each) => [text(each['PrivilegeType']), text(each['Name'])])) as Record<
        Verb,
        string
      >,
    )
  }
  return found
}

/** Business Central does not tell an application which user it is: a person names it. */
async function businessCentralUserSteps(
  admin: Administration,
  name: string | undefined,
): Promise<readonly CheckStep[]> {
  const users = await admin.list('users', 'users')
  const names = users.map((user) => text(user['userName'])).filter((each) => each !== '')
  if (name === undefined)
    return [
      {
        side: 'Business Central',
        step: 'user',
        outcome: 'skipped',
        message: 'not looked at: the service does not tell an application which user it is',
        remedy: `Name it as the page Users does: couplet doctor --bc-user NAME (there are: ${names.join(', ')})`,
      },
    ]
  const user = users.find((each) => text(each['userName']).toLowerCase() === name.toLowerCase())
  if (user === undefined)
    return [
      {
        side: 'Business Central',
        step: 'user',
        outcome: 'failed',
        message: `no user is called ${name}`,
        remedy: `There are: ${names.join(', ')}. Enter the app's client id on the page Microsoft Entra Applications.`,
      },
    ]
  const sets = await admin.list(`users(${text(user['userSecurityId'])})/userPermissions`, 'permission sets')
  return businessCentralSteps({
    name: text(user['userName']),
    enabled: user['state'] === 'Enabled',
    permissionSets: sets.map((set) => text(set['roleId'])),
  })
}
