import t from 'tap'
import { businessCentralSteps, currencySteps, privilegeSteps, userSteps } from '../../src/cli/identity-rules.ts'
import type { HeldRole, SalesIdentity } from '../../src/cli/identity-rules.ts'
import { neededPrivileges } from '../../src/cli/needed-privileges.ts'
import type { CheckStep } from '../../src/report/check-text.ts'
import { customerAccount } from '../engine/project.ts'
import { cliWorld } from './world.ts'
import type { CliWorld } from './world.ts'

const role = (name: string, more: Partial<HeldRole> = {}): HeldRole => ({
  name,
  id: `id of ${name}`,
  rootId: undefined,
  templateId: undefined,
  ...more,
})
const administrator = role('Systemadministrator', { templateId: '627090FF-40A3-4053-8790-584EDC5BE201' })
const nativeRoles = [
  role('Integration Administrator', { rootId: '8c8d4f51-a72b-e511-80d9-3863bb349780' }),
  role('Integration User', { id: '6f960e32-a72b-e511-80d9-3863bb349780' }),
]
const identity = (more: Partial<SalesIdentity> = {}): SalesIdentity => ({
  name: '# couplet',
  disabled: false,
  application: true,
  roles: nativeRoles,
  privileges: new Map(),
  ...more,
})
const held = (privileges: Record<string, string>) => identity({ privileges: new Map(Object.entries(privileges)) })
const outcomes = (steps: readonly CheckStep[]): readonly string[] =>
  steps.map(({ step, outcome }) => `${step} ${outcome}`)

t.test(
  'X-04 X-11 the identity in Sales: active, an application of its own, not System Administrator, with roles',
  async (t) => {
    const table: readonly (readonly [string, Partial<SalesIdentity>, readonly string[]])[] = [
      ['as it should be', {}, ['user ok', 'roles ok']],
      ['switched off', { disabled: true }, ['user failed', 'roles ok']],
      ['a person', { application: false }, ['user warning', 'roles ok']],
      ['no role', { roles: [] }, ['user ok', 'roles failed']],
      [
        'may do everything, whatever the role is called',
        { roles: [...nativeRoles, administrator] },
        ['user ok', 'roles failed'],
      ],
      ['roles of its own only', { roles: [role('Couplet')] }, ['user ok', 'roles ok', 'roles warning']],
    ]
    for (const [name, given, expected] of table) t.strictSame(outcomes(userSteps(identity(given))), expected, name)
  },
)

t.test('privileges that the mappings need: missing ones and ones that do not reach far enough are named', async (t) => {
  const names = new Map([
    [
      'accounts',
      { Read: 'prvReadAccount', Write: 'prvWriteAccount', Create: 'prvCreateAccount', Delete: 'prvDeleteAccount' },
    ],
  ])
  const needed = neededPrivileges([customerAccount({ createOn: { businessCentral: false, sales: true } })], names)
  t.strictSame(
    needed.map(({ name, global }) => `${name}${global ? ' global' : ''}`),
    ['prvReadAccount global', 'prvWriteAccount', 'prvCreateAccount'],
  )
  const reading = neededPrivileges([customerAccount({ direction: 'toBusinessCentral' })], names)
  t.strictSame(
    reading.map(({ name }) => name),
    ['prvReadAccount'],
  )
  const acting = neededPrivileges([customerAccount({ actAs: { kind: 'user', user: 'u' } })], names)
  t.ok(acting.some(({ name }) => name === 'prvActOnBehalfOfAnotherUser'))
  t.strictSame(neededPrivileges([customerAccount({ enabled: false })], names), [])

  const all = { prvreadaccount: 'Global', prvwriteaccount: 'Basic', prvcreateaccount: 'Basic' }
  t.strictSame(outcomes(privilegeSteps(held(all), needed)), ['privileges ok'])
  const narrow = privilegeSteps(held({ ...all, prvreadaccount: 'Local' }), needed)
  t.match(narrow, [
    { outcome: 'failed', message: /only for its own records or unit.*prvReadAccount.*customer-account/ },
  ])
  const { prvwriteaccount: _, ...without } = all
  t.match(privilegeSteps(held(without), needed), [{ outcome: 'failed', message: /lacks prvWriteAccount/ }])
})

t.test('X-09 the local currency is the base currency of Sales, or a currency beside it', async (t) => {
  t.strictSame(outcomes(currencySteps('GBP', 'GBP', ['GBP'])), ['currency ok'])
  t.strictSame(outcomes(currencySteps('GBP', 'USD', ['USD', 'GBP'])), ['currency warning'])
  t.strictSame(outcomes(currencySteps('GBP', 'USD', ['USD'])), ['currency failed'])
  t.strictSame(outcomes(currencySteps(undefined, 'USD', ['USD'])), ['currency ok'])
})

const application = (permissionSets: readonly string[], enabled = true) =>
  outcomes(businessCentralSteps({ name: 'COUPLET', enabled, permissionSets }))

t.test('the application in Business Central: enabled, with permission sets, not SUPER', async (t) => {
  t.strictSame(application(['D365 BUS FULL ACCESS']), ['user ok', 'permissions ok'])
  t.strictSame(application(['Super']), ['user ok', 'permissions failed'])
  t.strictSame(application([]), ['user ok', 'permissions failed'])
  t.strictSame(application(['D365 READ'], false), ['user failed', 'permissions ok'])
})

interface Checked {
  readonly ok: boolean
  readonly steps: readonly CheckStep[]
}
const doctor = async (world: CliWorld, args = 'doctor --json'): Promise<Checked & { readonly code: number }> => {
  const { out, code } = await world.run(args)
  return { ...(JSON.parse(out) as Checked), code }
}
const only = 'mappings: [customer-account, salesperson-user, currency]\n'

t.test('X-03 doctor passes with the roles of the integration, and names what it cannot see', async (t) => {
  const world = await cliWorld(t, only)
  const { code, steps } = await doctor(world)
  t.equal(code, 0)
  t.match(
    steps.find(({ step }) => step === 'roles'),
    { outcome: 'ok', message: /Business Central Integration User/ },
  )
  t.match(
    steps.find(({ step }) => step === 'privileges'),
    { outcome: 'ok' },
  )
  t.match(
    steps.find(({ side, step }) => side === 'Business Central' && step === 'user'),
    { outcome: 'skipped', remedy: /--bc-user NAME .*COUPLET/ },
  )
  const named = await doctor(world, 'doctor --bc-user couplet --json')
  t.match(
    named.steps.find(({ step }) => step === 'permissions'),
    { outcome: 'ok', message: /D365/ },
  )
  t.equal((await doctor(world, 'doctor --bc-user admin --json')).code, 3, 'SUPER')
  t.match(
    (await doctor(world, 'doctor --bc-user nobody --json')).steps.find(({ step }) => step === 'user'),
    { outcome: 'failed' },
  )
})

t.test('X-04 doctor fails for a System Administrator', async (t) => {
  const world = await cliWorld(t, only, { sales: { userRoles: { couplet: ['System Administrator'] } } })
  const { code, steps } = await doctor(world)
  t.equal(code, 3)
  t.match(
    steps.find(({ step }) => step === 'roles'),
    { outcome: 'failed', message: /is a System Administrator/ },
  )
})

t.test('doctor names privileges that are missing or reach too short, with the mappings that stand still', async (t) => {
  const roles = {
    Narrow: {
      tables: 'Global' as const,
      privileges: { prvReadAccount: 'Basic' as const },
      without: ['prvCreateAccount', 'prvReadContact'],
    },
  }
  const world = await cliWorld(t, only, { sales: { roles, userRoles: { couplet: ['Narrow'] } } })
  const { code, steps } = await doctor(world)
  t.equal(code, 3)
  const told = steps.filter(({ step }) => step === 'privileges')
  t.match(told[0], { outcome: 'failed', message: /lacks prvCreateAccount.*customer-account/ })
  t.match(told[1], { message: /prvReadAccount/ })
})

t.test('what the integration may not look at is told and fails nothing', async (t) => {
  const roles = { Blind: { tables: 'Global' as const, without: ['prvReadSystemuser', 'prvReadTeam'] } }
  const world = await cliWorld(t, 'mappings: [customer-account]\n', {
    sales: { roles, userRoles: { couplet: ['Blind'] } },
  })
  const { steps } = await doctor(world)
  t.match(
    steps.find(({ side, step }) => side === 'Sales' && step === 'user'),
    { outcome: 'skipped', remedy: /Let a role/ },
  )
})

t.test('X-08 a refused environment is told with administration mode as a cause', async (t) => {
  const world = await cliWorld(t, only)
  world.simulator.faults.add({
    match: { service: 'sales', path: 'WhoAmI' },
    do: { status: 403, body: '{"error":{"code":"0x80040220","message":"no"}}' },
  })
  const { code, steps } = await doctor(world)
  t.equal(code, 3)
  t.match(
    steps.find(({ outcome }) => outcome === 'failed'),
    { remedy: /administration mode/ },
  )
})

/** Lists hold nothing besides. */
const holed = (body: string): string => body.replaceAll('[{', '[null,{')

t.test('P5 answers with holes in them are told by the step that met them, never as a bug', async (t) => {
  const world = await cliWorld(t, only)
  for (const [path, rewrite] of [
    ['RetrieveUserPrivileges', holed],
    ['systemuserroles_association', holed],
    ['EntityDefinitions', holed],
    ['WhoAmI', () => 'null'],
    ['users', holed],
  ] as const) {
    world.simulator.faults.clear()
    world.simulator.faults.add({ match: { path }, do: { rewrite } })
    const { code, out, err } = await world.run('doctor')
    t.ok([0, 3].includes(code), `${path}: ends with ${code}`)
    t.notMatch(out + err, /bug in Couplet/, path)
    t.ok(world.simulator.faults.list()[0]?.seen, `${path}: it was asked`)
  }
})
