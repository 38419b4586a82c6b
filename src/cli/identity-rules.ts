/**
 * What the native set-up guide checks about the identity that an integration works as (native ),
 * from what the services tell. Pure.
 */
import type { CheckStep } from '../report/check-text.ts'
import { firstOf } from '../report/words.ts'

/** The integration's own user in Sales. */
export interface SalesIdentity {
  readonly name: string
  readonly disabled: boolean
  /** An application user, not a person's account. */
  readonly application: boolean
  /** Roles of the user itself and of its teams. */
  readonly roles: readonly HeldRole[]
  /** Privilege in lower case → how far it reaches. */
  readonly privileges: ReadonlyMap<string, string>
}

export interface HeldRole {
  readonly name: string
  readonly id: string
  /** The role of the root business unit that this one is a copy of. */
  readonly rootId: string | undefined
  readonly templateId: string | undefined
}

/** A privilege that the mappings need. */
export interface NeededPrivilege {
  readonly name: string
  /** Needed over the whole organisation, as change tracking and reading everybody's records do. */
  readonly global: boolean
  /** Mappings that need it. */
  readonly mappings: readonly string[]
}

const ok = (step: string, message: string): CheckStep => ({ side: 'Sales', step, outcome: 'ok', message, remedy: '' })
const wrong = (outcome: 'failed' | 'warning', step: string, message: string, remedy: string): CheckStep => ({
  side: 'Sales',
  step,
  outcome,
  message,
  remedy,
})

/** The platform's template of the role System Administrator: the same everywhere, whatever the role is called. */
const administratorTemplate = '627090ff-40a3-4053-8790-584edc5be201'
/** The roles that Business Central's own Sales solution brings. */
const integrationRoles: ReadonlyMap<string, string> = new Map([
  ['8c8d4f51-a72b-e511-80d9-3863bb349780', 'Integration Administrator'],
  ['6f960e32-a72b-e511-80d9-3863bb349780', 'Integration User'],
])

/** the user is active, its own, no System Administrator, and holds roles. */
export function userSteps({ name, disabled, application, roles }: SalesIdentity): readonly CheckStep[] {
  const user = disabled
    ? wrong(
        'failed',
        'user',
        `${name} is disabled`,
        'Power Platform admin center → the environment → Settings → Users → Application users: activate it.',
      )
    : application
      ? ok('user', `${name}, an active application user`)
      : wrong(
          'warning',
          'user',
          `${name} is a person's account`,
          'Give the integration an application user of its own: it needs no licence, and its password does not expire.',
        )
  return [user, ...roleSteps(name, roles)]
}

function roleSteps(name: string, roles: readonly HeldRole[]): readonly CheckStep[] {
  if (roles.length === 0)
    return [
      wrong(
        'failed',
        'roles',
        `${name} holds no security role`,
        'Give it the roles of the integration: couplet solution deploy FILE, or Users → Application users → Edit security roles.',
      ),
    ]
  if (roles.some(({ templateId }) => templateId?.toLowerCase() === administratorTemplate))
    return [
      wrong(
        'failed',
        'roles',
        `${name} is a System Administrator`,
        'Take that role away and give the roles of the integration only: an integration that may do everything can break everything.',
      ),
    ]
  const held = new Set(roles.flatMap(({ id, rootId }) => [id, rootId ?? id]).map((id) => id.toLowerCase()))
  const missing = [...integrationRoles].filter(([id]) => !held.has(id)).map(([, role]) => role)
  const names = firstOf([...new Set(roles.map((role) => role.name))], 6)
  if (missing.length === 0) return [ok('roles', names)]
  return [
    ok('roles', names),
    wrong(
      'warning',
      'roles',
      `not held: ${missing.join(', ')} of Business Central's own solution`,
      'Needed only for the tables of that solution; the privileges below are what counts.',
    ),
  ]
}

/** Privileges that the enabled mappings need and the user lacks, each with the mappings that stand still without it. */
export function privilegeSteps(
  { name, privileges }: SalesIdentity,
  needed: readonly NeededPrivilege[],
): readonly CheckStep[] {
  const lacking = needed.filter((each) => privileges.get(each.name.toLowerCase()) === undefined)
  const narrow = needed.filter(
    (each) => each.global && !lacking.includes(each) && privileges.get(each.name.toLowerCase()) !== 'Global',
  )
  if (lacking.length + narrow.length === 0)
    return [ok('privileges', `all ${needed.length} that the mappings need are held`)]
  const steps = [
    { which: lacking, what: 'lacks' },
    { which: narrow, what: 'holds only for its own records or unit, not for the organisation,' },
  ]
  return steps.flatMap(({ which, what }) =>
    which.length === 0
      ? []
      : [
          wrong(
            'failed',
            'privileges',
            `${name} ${what} ${firstOf(
              which.map((each) => each.name),
              10,
            )}; needed by ${firstOf([...new Set(which.flatMap(({ mappings }) => mappings))], 8)}`,
            'Add them, for the organisation, to a role of the user: Power Platform admin center → the environment → Security roles.',
          ),
        ],
  )
}

/** the local currency of Business Central is a currency of Sales; as base currency or beside it. */
export function currencySteps(local: string | undefined, base: string, known: readonly string[]): readonly CheckStep[] {
  if (local === undefined) return [ok('currency', `base currency ${base}`)]
  if (local === base) return [ok('currency', `${base}, the base currency, is the local currency, too`)]
  if (known.includes(local))
    return [
      wrong(
        'warning',
        'currency',
        `the base currency is ${base}, the local currency ${local}: amounts travel in ${local}, an ordinary currency of Sales`,
        `Set settings.salesBaseCurrency: ${base} so that rates are worked out against it.`,
      ),
    ]
  return [
    wrong(
      'failed',
      'currency',
      `the local currency ${local} is no currency of Sales, whose base currency is ${base}`,
      `Let the mapping currency create it (create: toSales), or add ${local} under Advanced Settings → Business Management → Currencies.`,
    ),
  ]
}

/** A user of Business Central with its permission sets. */
export interface BusinessCentralIdentity {
  readonly name: string
  readonly enabled: boolean
  readonly permissionSets: readonly string[]
}

const step = (outcome: CheckStep['outcome'], at: string, message: string, remedy = ''): CheckStep => ({
  side: 'Business Central',
  step: at,
  outcome,
  message,
  remedy,
})

/** The application's card in Business Central: Enabled, with permission sets, not SUPER. */
export function businessCentralSteps({ name, enabled, permissionSets }: BusinessCentralIdentity): readonly CheckStep[] {
  const card = 'In Business Central open Microsoft Entra Applications and its card'
  const user = enabled
    ? step('ok', 'user', `${name} is enabled`)
    : step('failed', 'user', `${name} is disabled`, `${card}: set State to Enabled.`)
  if (permissionSets.length === 0)
    return [user, step('failed', 'permissions', `${name} has none`, `${card}: add those for the pages in use.`)]
  const names = firstOf(permissionSets, 8)
  if (permissionSets.some((set) => set.toUpperCase() === 'SUPER'))
    return [
      user,
      step(
        'failed',
        'permissions',
        `${name} has SUPER`,
        `${card}: replace it by sets for the tables that the mappings use; an application may not hold SUPER.`,
      ),
    ]
  return [user, step('ok', 'permissions', names)]
}
