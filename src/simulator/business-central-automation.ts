/** The automation API, as far as it tells of users: who they are, and which permission sets they hold. Read only. */

import type { Segment } from './business-central-address.ts'
import type { Company } from './business-central-company.ts'
import { noResource, notAllowed, Refused } from './business-central-error.ts'
import { json } from './business-central-request.ts'
import { stableId } from './chance.ts'
import type { Answer, Incoming } from './service.ts'

/** Route of the automation API. */
export const automationRoute = 'microsoft/automation/v2.0'

/** A user as the page Users shows it. */
export interface BusinessCentralUser {
  readonly userName: string
  /** @default Enabled */
  readonly state?: 'Enabled' | 'Disabled'
  /** Permission sets. */
  readonly permissionSets: readonly string[]
}

/** The users of a company that Couplet was set up in. */
export const usualUsers: readonly BusinessCentralUser[] = [
  { userName: 'ADMIN', permissionSets: ['SUPER'] },
  { userName: 'COUPLET', permissionSets: ['D365 BUS FULL ACCESS', 'D365 AUTOMATION'] },
]

/** Answers `companies(…)/users[(…)/userPermissions]`. `users` undefined: the caller lacks the permission. */
export function answerAutomation(
  users: readonly BusinessCentralUser[] | undefined,
  company: Company,
  { request, segments }: { readonly request: Incoming; readonly segments: readonly Segment[] },
): Answer {
  if (users === undefined)
    throw new Refused('Authorization_Unauthorized', 'The caller needs the permission Automation.ReadWrite.All.', 403)
  if (request.method !== 'GET') throw notAllowed('users')
  const [first, part] = segments
  if (first?.name !== 'users') throw noResource(first?.name ?? '')
  if (first.key === undefined) return json(200, { value: users.map(userRow) })
  const id = [...first.key.values()][0]?.toLowerCase()
  const user = users.find((each) => userRow(each).userSecurityId === id)
  if (user === undefined) throw new Refused('Internal_RecordNotFound', 'The user does not exist.', 404)
  if (part === undefined) return json(200, userRow(user))
  if (part.name !== 'userPermissions') throw noResource(part.name)
  return json(200, {
    value: user.permissionSets.map((roleId) => ({
      id: stableId('permission', `${user.userName} ${roleId}`),
      userSecurityId: id,
      roleId,
      displayName: roleId,
      company: company.name,
      scope: 'System',
    })),
  })
}

const userRow = ({ userName, state = 'Enabled' }: BusinessCentralUser) => ({
  userSecurityId: stableId('user', userName),
  userName,
  displayName: userName,
  state,
  expiryDate: '0001-01-01T00:00:00Z',
})
