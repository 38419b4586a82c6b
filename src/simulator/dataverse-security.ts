/** Who may do what: security roles, what they allow, acting on behalf of others. */

import { DataverseError } from './dataverse-error.ts'
import { depths, privilegeName, verbs } from './dataverse-privileges.ts'
import type { Depth } from './dataverse-privileges.ts'
import { reference } from './dataverse-reference.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Incoming } from './service.ts'

/** What a role allows. */
export interface RoleDefinition {
  readonly id?: string
  /** Every verb on every table. */
  readonly tables?: Depth
  /** Single privileges, e.g. `prvReadAccount`; they count beside `tables`. */
  readonly privileges?: Readonly<Record<string, Depth>>
  /** Verbs and tables that `tables` leaves out, as privileges. */
  readonly without?: readonly string[]
}

/** Acting as another user. */
const ACT = 'prvActOnBehalfOfAnotherUser'
/** Importing a solution. */
const IMPORT = 'prvImportCustomization'
/** Giving roles to users. */
const ASSIGN_ROLE = 'prvAssignRole'
const ADMINISTRATOR_TEMPLATE = '627090ff-40a3-4053-8790-584edc5be201'

/** The roles of a new environment with both Business Central solutions. */
const ROLES: Readonly<Record<string, RoleDefinition>> = {
  'System Administrator': {
    id: '5f6d7d3e-4a2b-4c55-9a34-08d1f2f4a001',
    tables: 'Global',
    privileges: { [ACT]: 'Global', [IMPORT]: 'Global', [ASSIGN_ROLE]: 'Global' },
  },
  'Business Central Integration Administrator': { id: '8c8d4f51-a72b-e511-80d9-3863bb349780', tables: 'Global' },
  'Business Central Integration User': { id: '6f960e32-a72b-e511-80d9-3863bb349780', tables: 'Global' },
  Salesperson: { id: '5f6d7d3e-4a2b-4c55-9a34-08d1f2f4a002', tables: 'Global' },
  Delegate: { id: '5f6d7d3e-4a2b-4c55-9a34-08d1f2f4a003', privileges: { [ACT]: 'Global' } },
}

/** What can be set about security. */
export interface SecurityOptions {
  /** Further roles, or other contents of the usual ones, by name. */
  readonly roles?: Readonly<Record<string, RoleDefinition>>
  /**
   * Roles of users, by client id (application users) or full name. @default the integration roles for application
   * users, System Administrator for administrators who log in themselves, Salesperson for everybody else
   */
  readonly userRoles?: Readonly<Record<string, readonly string[]>>
}

/** Who holds which role, and what follows. */
export class Security {
  readonly #organization: Organization
  readonly #options: SecurityOptions
  readonly #definitions = new Map<string, RoleDefinition>()
  readonly #settled = new Set<string>()

  constructor(organization: Organization, options: SecurityOptions) {
    this.#organization = organization
    this.#options = options
  }

  /** Makes the roles, once. */
  settle(): void {
    if (this.#definitions.size > 0) return
    for (const [name, definition] of Object.entries({ ...ROLES, ...this.#options.roles }))
      this.addRole(name, definition)
  }

  /** Adds a role to the root business unit, and gives its id. */
  addRole(name: string, definition: RoleDefinition): string {
    const unit = this.#organization.rootUnit()
    const template =
      name === 'System Administrator' ? reference('roletemplateid', 'roletemplate', ADMINISTRATOR_TEMPLATE) : {}
    const { key } = this.#organization.table('role').insert({
      ...(definition.id !== undefined && { roleid: definition.id }),
      name,
      ismanaged: true,
      ...reference('businessunitid', 'businessunit', unit),
      ...template,
    })
    this.#organization.table('role').update(key, reference('parentrootroleid', 'role', key))
    this.#definitions.set(key, definition)
    return key
  }

  /** Gives a user the roles that its kind begins with, when it is met for the first time. */
  meet(user: string, caller: string | undefined): void {
    if (this.#settled.has(user)) return
    this.#settled.add(user)
    const row = this.#organization.table('systemuser').get(user)?.row ?? {}
    const named = this.#options.userRoles?.[caller ?? ''] ?? this.#options.userRoles?.[String(row['fullname'])]
    for (const name of named ?? usualRoles(row, caller)) {
      const [role] = this.#organization.table('role').find((each) => each['name'] === name)
      if (role === undefined) throw new Error(`the simulator has no role called ${name}`)
      this.#organization.table('systemuserroles').insert({ systemuserid: user, roleid: role.key })
    }
  }

  /** Ids of the roles of a user, those of its teams among them. */
  rolesOf(user: string): readonly string[] {
    this.meet(user, undefined)
    const of = (between: string, column: string, value: unknown, wanted: string): string[] =>
      this.#organization
        .table(between)
        .find((row) => row[column] === value)
        .map(({ row }) => String(row[wanted]))
    const teams = of('teammembership', 'systemuserid', user, 'teamid')
    return [
      ...of('systemuserroles', 'systemuserid', user, 'roleid'),
      ...teams.flatMap((team) => of('teamroles', 'teamid', team, 'roleid')),
    ]
  }

  /** How far a privilege of a user reaches; undefined = not at all. */
  depthOf(user: string, privilege: string): Depth | undefined {
    const found = this.rolesOf(user).map((role) => depthIn(this.#definitions.get(role) ?? {}, privilege))
    return depths.findLast((depth) => found.includes(depth))
  }

  /** Every privilege of a user with its depth, as `RetrieveUserPrivileges` lists them. */
  privilegesOf(user: string): readonly { readonly PrivilegeName: string; readonly Depth: Depth }[] {
    const ofTables = [...this.#organization.schema.tables.values()].flatMap((table) =>
      verbs.map((verb) => privilegeName(verb, table)),
    )
    return [...ofTables, ACT, IMPORT, ASSIGN_ROLE].flatMap((PrivilegeName) => {
      const Depth = this.depthOf(user, PrivilegeName)
      return Depth === undefined ? [] : [{ PrivilegeName, Depth }]
    })
  }

  /** Throws 403 where one of the users lacks a privilege, or holds it not far enough. */
  demand(users: readonly string[], privilege: string, depth: Depth = 'Basic'): void {
    for (const user of users) {
      const held = this.depthOf(user, privilege)
      if (held !== undefined && depths.indexOf(held) >= depths.indexOf(depth)) continue
      const count = this.rolesOf(user).length
      const message = `Principal user (Id=${user}, type=8, roleCount=${count}) is missing ${privilege} privilege (depth ${depth}).`
      throw new DataverseError(403, '0x80040220', message)
    }
  }

  /** The user that a request is made as: the caller, or whom it acts for. Throws 403 where it may not. */
  actsAs(request: Incoming, caller: string): string {
    const byUser = request.headers['mscrmcallerid']
    const byObject = request.headers['callerobjectid']
    if (byUser === undefined && byObject === undefined) return caller
    const users = this.#organization.table('systemuser')
    const entry =
      byUser === undefined
        ? users.find((row) => row['azureactivedirectoryobjectid'] === byObject?.toLowerCase())[0]
        : users.get(byUser.toLowerCase())
    if (entry === undefined)
      throw new DataverseError(404, '0x80040217', `systemuser With Id = ${byUser ?? byObject} Does Not Exist`)
    this.demand([caller], ACT)
    if (entry.row['isdisabled'] === true)
      throw new DataverseError(
        403,
        '0x80040225',
        `The specified user(Id = ${entry.key}) is disabled. Consider enabling this user.`,
      )
    return entry.key
  }
}

function depthIn({ tables, privileges = {}, without = [] }: RoleDefinition, privilege: string): Depth | undefined {
  const wanted = privilege.toLowerCase()
  const named = Object.entries(privileges).find(([name]) => name.toLowerCase() === wanted)?.[1]
  if (named !== undefined) return named
  const isOfTable = ![ACT, IMPORT, ASSIGN_ROLE].some((name) => name.toLowerCase() === wanted)
  return isOfTable && !without.some((name) => name.toLowerCase() === wanted) ? tables : undefined
}

function usualRoles(row: Readonly<Record<string, unknown>>, caller: string | undefined): readonly string[] {
  if (caller?.startsWith('person:') === true) return ['System Administrator']
  if (row['accessmode'] !== 4) return ['Salesperson']
  return ['Business Central Integration Administrator', 'Business Central Integration User']
}
