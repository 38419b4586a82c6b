/** Targets that log in as one identity share its limits: each takes its part, and the sum is never more than the budget. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t from 'tap'
import type { Test } from 'tap'
import type { Clock } from '../src/clock.ts'
import { startPlayground, writePlaygroundProject } from '../src/cli/playground.ts'
import { sharingSteps } from '../src/cli/sharing-check.ts'
import { checkProject, loadProject } from '../src/config/load.ts'
import { formatProblems } from '../src/config/problems.ts'
import { allowance } from '../src/connector/allowance.ts'
import type { HttpAnswer } from '../src/connector/http.ts'
import { openProject } from '../src/main.ts'
import type { Limits } from '../src/simulator/service.ts'
import { VirtualClock } from './connector/throttled-service.ts'

/** A project whose clients are named in the order of its targets; a name in capitals is a variable. */
const projectOf = (budget: string, targets: Readonly<Record<string, string>>) => ({
  'couplet.yaml': `connections:
  businessCentral:
    kind: business-central
    tenant: contoso.onmicrosoft.com
    company: CRONUS
    auth: { method: federated, clientId: mine }
    ${budget}
  sales:
    kind: dataverse
    url: https://contoso.crm4.dynamics.com
    tenant: contoso.onmicrosoft.com
    auth: { method: federated, clientId: mine }
`,
  targets: targets as Record<string, string>,
})

const logsInAs = (clientId: string): string =>
  `connections: { businessCentral: { auth: { clientId: '${/^[A-Z]+$/.test(clientId) ? `\${env:${clientId}}` : clientId}' } } }\n`

const sharingOf = (t: Test, given: ReturnType<typeof projectOf>, target?: string) =>
  loadProject(t.testdir(given), { env: {}, ...(target !== undefined && { target }) })

const budget = 'budget: { parallel: 5, requests: 6000 }'

t.test('each target takes an equal share; who logs in as somebody else, or is switched off, takes none', async (t) => {
  const given = projectOf(budget, {
    'a.yaml': 'create: never\n',
    'b.yaml': 'connections: { businessCentral: { environment: Sandbox } }\n',
    'other.yaml': logsInAs('other'),
    'off.yaml': 'connections: { businessCentral: { enabled: false } }\n',
    'elsewhere.yaml': 'connections: { businessCentral: { tenant: fabrikam.onmicrosoft.com } }\n',
  })
  const { connections } = await sharingOf(t, given, 'a')
  t.match(connections.businessCentral, {
    maxParallel: 2,
    sharing: { targets: ['a', 'b'], share: { parallel: 2, requests: 3000 } },
  })
  t.match(connections.sales, {
    maxParallel: 16,
    sharing: { targets: ['a', 'b', 'elsewhere', 'off', 'other'], share: {} },
  })
  t.match((await sharingOf(t, given, 'other')).connections.businessCentral, {
    maxParallel: 5,
    sharing: { targets: ['other'] },
  })
  t.match(
    (await sharingOf(t, given)).connections.businessCentral,
    { maxParallel: 2 },
    'without a target: as one of them',
  )
  t.equal((await sharingOf(t, projectOf('', {}))).connections.businessCentral.sharing, undefined)
})

t.test(
  'another organisation of Sales counts for itself, another environment of Business Central does not',
  async (t) => {
    const given = projectOf('', {
      'a.yaml': '{}\n',
      'b.yaml':
        'connections: { sales: { url: https://other.crm4.dynamics.com }, businessCentral: { environment: B } }\n',
    })
    const { connections } = await sharingOf(t, given, 'a')
    t.match(connections.businessCentral.sharing, { targets: ['a', 'b'], budget: undefined })
    t.equal(connections.sales.sharing, undefined)
  },
)

t.test('a user and an identity of Azure count as well; what another runner alone knows may be the same', async (t) => {
  const folder = t.testdir({
    'couplet.yaml': `connections:
  businessCentral: { kind: business-central, url: http://127.0.0.1:7001, company: C, auth: { method: basic, user: u, password: '\${env:WORD}' } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: managed-identity, clientId: mine } }
`,
    targets: {
      'a.yaml': '{}\n',
      'b.yaml': 'connections: { businessCentral: { auth: { user: v } }, sales: { auth: { clientId: other } } }\n',
      'c.yaml':
        "connections: { businessCentral: { url: 'http://127.0.0.1:7002' }, sales: { url: '${env:ADDRESS}' } }\n",
      'torn.yaml': 'connections: [\n',
    },
  })
  const { connections } = await loadProject(folder, { env: { WORD: 'w' }, target: 'a' })
  t.match(connections.businessCentral.sharing, { targets: ['a', 'torn'] }, 'another server counts for itself')
  t.match(connections.sales.sharing, { targets: ['a', 'c', 'torn'] })
  const bare = await loadProject(
    t.testdir({
      'couplet.yaml': `connections:
  businessCentral: { kind: business-central, tenant: t, company: C, auth: { method: managed-identity } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: managed-identity } }
`,
      targets: { 'a.yaml': '{}\n', 'b.yaml': 'connections: { sales: { auth: { clientId: other } } }\n' },
    }),
    { env: {}, target: 'a' },
  )
  t.match(bare.connections.sales.sharing, { targets: ['a', 'b'] }, 'an identity without a name may be any')
})

t.test('a budget that does not go round, or stands in a target, is told at its line', async (t) => {
  const three = { 'a.yaml': '{}\n', 'b.yaml': '{}\n', 'c.yaml': '{}\n' }
  const small = await checkProject(t.testdir(projectOf('budget: { parallel: 2 }', three)), { env: {}, target: 'a' })
  t.match(
    formatProblems(small.problems),
    /couplet\.yaml:7:25 {2}connections\.businessCentral\.budget\.parallel: is less than one for each of the 3 targets .*\(a, b, c\)/,
  )
  const own = { ...three, 'a.yaml': 'connections: { businessCentral: { budget: { parallel: 5 } } }\n' }
  const misplaced = await checkProject(t.testdir(projectOf('', own)), { env: {}, target: 'a' })
  t.match(formatProblems(misplaced.problems), /targets\/a\.yaml:1:35 .*write it into couplet\.yaml/)
})

t.test(
  'whatever the targets are called and whichever variables a runner has, the shares never exceed the budget',
  async (t) => {
    const clients = fc.array(fc.constantFrom('one', 'two', 'ONE', 'TWO', 'THREE'), { minLength: 1, maxLength: 5 })
    const values = fc.record({
      ONE: fc.constantFrom('one', 'two'),
      TWO: fc.constantFrom('one', 'two'),
      THREE: fc.constant('one'),
    })
    await fc.assert(
      fc.asyncProperty(clients, values, async (names, env) => {
        const folder = t.testdir(
          projectOf(
            'budget: { parallel: 7, requests: 100 }',
            Object.fromEntries(names.map((name, at) => [`t${at}.yaml`, logsInAs(name)])),
          ),
        )
        const sums = new Map<string, { parallel: number; requests: number }>()
        for (const [at, name] of names.entries()) {
          // A runner has the variables of its own target alone.
          const own = name in env ? { [name]: env[name as keyof typeof env] } : {}
          const { connections } = await loadProject(folder, { env: own, target: `t${at}` })
          const { parallel = 0, requests = 0 } = connections.businessCentral.sharing?.share ?? {}
          const who = own[name] ?? name
          const sum = sums.get(who) ?? { parallel: 0, requests: 0 }
          sums.set(who, { parallel: sum.parallel + parallel, requests: sum.requests + requests })
        }
        for (const { parallel, requests } of sums.values()) {
          t.ok(parallel > 0 && parallel <= 7)
          t.ok(requests > 0 && requests <= 100)
        }
      }),
      { numRuns: 40 },
    )
  },
)

t.test('however long requests travel, no window of five minutes has more of them than allowed', async (t) => {
  const arbitrary = fc.record({
    most: fc.integer({ min: 1, max: 6 }),
    requests: fc.array(fc.record({ out: fc.nat(400_000), back: fc.nat(400_000) }), { minLength: 1, maxLength: 25 }),
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ most, requests }) => {
      const clock = new VirtualClock()
      const arrivals: number[] = []
      const http = allowance(
        {
          send: async ({ url }) => {
            const { out, back } = requests[Number(url)] ?? { out: 0, back: 0 }
            await clock.sleep(out)
            arrivals.push(clock.now().getTime())
            await clock.sleep(back)
            return { status: 200 } as HttpAnswer
          },
          usage: () => ({ requests: 0, bytes: 0 }),
          close: () => {},
        },
        most,
        clock,
      )
      await clock.until(
        Promise.all(requests.map((_, at) => http.send({ method: 'GET', url: String(at), headers: {} }))),
      )
      t.equal(arrivals.length, requests.length)
      for (const [at, arrival] of arrivals.entries())
        t.ok((arrivals[at + most] ?? Infinity) - arrival >= 300_000, `${most} at most`)
    }),
    { numRuns: 60 },
  )
})

/** A clock on which nobody waits: who sleeps moves it on for everybody. */
function hurriedClock(): Clock {
  let ahead = 0
  return {
    now: () => new Date(Date.now() + ahead),
    sleep: async (ms) => {
      ahead += ms
    },
  }
}

/** Two targets plan at the same time; what the service saw of the one identity they log in as. */
async function together(t: Test, given: string) {
  const clock = hurriedClock()
  const limits: Limits = { requests: 30, windowSeconds: 300, concurrent: 4 }
  const playground = await startPlayground({
    company: 'cronus',
    customers: 300,
    overlap: 0,
    seed: 1,
    limits: { businessCentral: limits },
    now: () => clock.now().getTime(),
  })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir({ targets: { 'a.yaml': 'create: toSales\n', 'b.yaml': 'create: never\n' } })
  await writePlaygroundProject(folder, playground, 'mappings: [salesperson-user, currency, customer-account]\n')
  const path = join(folder, 'couplet.yaml')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('    company: ', `    pageSize: 20\n${given}    company: `))
  const reports = await Promise.all(
    ['a', 'b'].map(async (target) => {
      const project = await openProject(folder, { target, env: {}, clock })
      try {
        return { report: await project.run({ dry: true }), told: sharingSteps(project.config, 'businessCentral') }
      } finally {
        await project.close()
      }
    }),
  )
  const { businessCentral } = playground.simulator.requests()
  return { reports, businessCentral }
}

t.test(
  'two targets at once never ask for more than their budget: nothing is refused, nobody is too many',
  async (t) => {
    const { reports, businessCentral } = await together(t, '    budget: { parallel: 4, requests: 30 }\n')
    t.same(
      reports.map(({ report }) => report.refused),
      [false, false],
    )
    t.ok(businessCentral.requests > 60, `${businessCentral.requests} requests: several windows full`)
    t.equal(businessCentral.byStatus['429'] ?? 0, 0, 'none is refused')
    t.ok(businessCentral.maxConcurrent <= 4, `${businessCentral.maxConcurrent} at once`)
    t.match(reports[0]?.told, [
      { outcome: 'ok', message: '2 of 4 requests at once, 15 of 30 requests in five minutes: shared with b' },
    ])
  },
)

t.test('without a budget two targets at once are refused by the service, and doctor says so beforehand', async (t) => {
  const { reports, businessCentral } = await together(t, '')
  t.ok((businessCentral.byStatus['429'] ?? 0) > 0)
  t.match(reports[0]?.told, [{ message: /^one identity, shared with b: run these targets one after the other/ }])
})
