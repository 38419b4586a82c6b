import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import type { JobTold, StepTold } from './actions-runner.ts'
import { contosoHub } from './hub.ts'
import { git } from './runners.ts'
import { proved } from '../proof.ts'

const stepOf = (jobs: readonly JobTold[], name: string): StepTold | undefined =>
  jobs.flatMap(({ steps }) => steps).find((step) => step.name === name)
const resultsOf = (jobs: readonly JobTold[]): Readonly<Record<string, string>> =>
  Object.fromEntries(jobs.map(({ job, result }) => [job, result]))

const change = (text: string): string =>
  `${text}  phone: { sales: telephone1, businessCentral: phoneNumber, compute: { toSales: "'+' & phoneNumber" }, direction: toSales }\n`

t.test('a repository made from examples/contoso', { timeout: 240_000 }, async (t) => {
  const hub = await contosoHub(t)
  const { sales, businessCentral, faults } = hub.simulator
  const log = (format: string): readonly string[] =>
    git(hub.remote, 'log', `--format=${format}`, 'couplet-state-sandbox').split('\n')
  /** Names of the customers that are accounts; what Sales has by itself does not count. */
  const own = new Set(sales.rows('accounts').map(({ accountid }) => accountid))
  const names = (): readonly unknown[] =>
    sales.rows('accounts').flatMap(({ accountid, name }) => (own.has(accountid) ? [] : [name]))

  await t.test(
    'the scheduled workflow logs in without a stored password and keeps the state on its branch',
    async (t) => {
      const jobs = await hub.run('sync.yml')
      const run = stepOf(jobs, 'Run the command')
      t.match(run?.log, /customer-account: 5 created/)
      t.match(run?.log, /warehouse: 5 created/, 'the project’s own mapping, by its own job')
      t.equal(new Set(names()).size, 5)
      t.match(stepOf(jobs, 'Push the state'), { outcome: 'success', log: /couplet-state-sandbox: \d+ coupled/ })
      t.match(stepOf(jobs, 'Give the lock back'), { outcome: 'success', log: /given back/ })
      t.notMatch(git(hub.remote, 'ls-tree', '-r', '--name-only', 'couplet-state-sandbox'), /key|lock/)
    },
  )

  await t.test('a snapshot is taken and committed', async (t) => {
    const folder = join(t.testdir(), 'sandbox')
    const inputs = { command: `snapshot --out ${folder}` }
    const jobs = await hub.run('sync.yml', { name: 'workflow_dispatch', payload: { inputs } })
    t.same(resultsOf(jobs), { sync: 'success' })
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    const texts = files
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [join('snapshot', 'sandbox', relative(folder, path)), () => readFileSync(path, 'utf8')])
    hub.commit('main', 'Record the sandbox', Object.fromEntries(texts))
    t.match(git(hub.remote, 'ls-tree', '-r', '--name-only', 'main'), 'snapshot/sandbox/sales/accounts.jsonl')
  })

  const request = (number: number, head: string, more: object = {}) => ({
    ref: head,
    payload: {
      pull_request: {
        number,
        base: { ref: 'main', sha: git(hub.remote, 'rev-parse', 'main') },
        head: { repo: { full_name: 'contoso/sync' } },
        ...more,
      },
    },
  })

  await t.test('a pull request that changes a mapping gets its comment, which follows it', async (t) => {
    const head = hub.commit('phones', 'A plus before phone numbers', {
      'mappings/customer-account.yaml': change,
      // Where credentials would be carried away to, if anything listened to a version that nobody has reviewed.
      'couplet.yaml': (text) => text.replaceAll(/(authority|url): http:\S+/g, '$1: http://127.0.0.1:9/away'),
    })
    hub.merge(1, head)
    const checked = await hub.run('review.yml', { name: 'pull_request', ...request(1, head) })
    t.same(resultsOf(checked), { check: 'failure', plan: 'skipped', comment: 'skipped' })
    t.match(stepOf(checked, 'Play the tests')?.log, /::error file=tests\/customer-account.yaml,line=18,col=29::/)
    const said = await hub.run('review.yml', { name: 'pull_request_target', ...request(1, head) })
    t.same(resultsOf(said), { check: 'skipped', plan: 'success', comment: 'success' })
    const [comment] = hub.written.comments
    t.match(comment?.body, /`telephone1` \(Sales\) now receives `'\+' & phoneNumber`, before: `phoneNumber`/)
    t.match(comment?.body, /expected "030 2", is "\+030 2"/)
    t.match(comment?.body, /`customer-account` \| Sales \| · \| 5 \| /, 'five accounts would change')
    t.match(comment?.body, '--accept customer-account.sales.updates=5')
    t.notMatch(comment?.body, /Trey Research|::error/, 'no value, no workflow command')
    t.equal(sales.rows('accounts').filter(({ telephone1 }) => String(telephone1).startsWith('+')).length, 0)

    const mended = hub.commit('phones', 'A plus, with its test', {
      'mappings/customer-account.yaml': change,
      'tests/customer-account.yaml': (text) => text.replace('telephone1: 030 2', 'telephone1: +030 2'),
    })
    hub.merge(1, mended)
    const fork = { head: { repo: { full_name: 'somebody/sync' } } }
    const forked = await hub.run('review.yml', { name: 'pull_request_target', ...request(1, mended, fork) })
    t.same(resultsOf(forked), { check: 'skipped', plan: 'skipped', comment: 'success' }, 'nothing logs in for a fork')
    t.equal(hub.written.comments.length, 1)
    t.match(hub.written.comments[0]?.body, /4 tests passed.*Not made for a fork/s)
    t.match(
      hub.written.comments[0]?.body,
      /#### Effect on the snapshot of .*\n\n- `customer-account` → Sales: 5 coupled `accounts` would change/,
      'the snapshot tells the effect all the same',
    )
  })

  await t.test('the merge is synced, after a person has given the number back, and the branch shows it', async (t) => {
    hub.merge('main', git(hub.remote, 'rev-parse', 'phones'))
    businessCentral.edit('customers', '10000', { phoneNumber: '0815-4711' })
    const stopped = await hub.run('sync.yml')
    t.same(resultsOf(stopped), { sync: 'failure' })
    t.match(stepOf(stopped, 'Run the command')?.log, /5 updates, allowed 3.*--accept customer-account.sales.updates=5/s)
    const inputs = { command: 'sync customer-account --accept customer-account.sales.updates=5' }
    t.same(resultsOf(await hub.run('sync.yml', { name: 'workflow_dispatch', payload: { inputs } })), {
      sync: 'success',
    })
    t.ok(sales.rows('accounts').some(({ telephone1 }) => telephone1 === '+0815-4711'))
    t.equal(log('%s')[0], '5 changed')
    const couplings = ['couplet-state-sandbox', '--', 'customer-account/couplings.json']
    const diff = git(hub.remote, 'show', '--format=', '--unified=0', ...couplings)
    t.equal(
      diff.split('\n').filter((line) => /^\+\["[0-9a-f-]{36}","[0-9a-f-]{36}",\{"number":"\d0000"\}/.test(line)).length,
      5,
    )
    t.notMatch(diff, /0815/, 'P8 no value')
  })

  /** Customers alone, by hand: their job waits after the safety limit has stopped it. */
  const byHand = {
    name: 'workflow_dispatch',
    payload: { inputs: { command: 'sync customer-account --fail-on new' } },
  }
  const create = (letter: string, count: number): void => {
    for (let each = 1; each <= count; each++)
      businessCentral.create('customers', { number: `${letter}${each}`, displayName: `${letter} ${each}` })
  }
  const coupled = (): number =>
    git(hub.remote, 'show', 'couplet-state-sandbox:customer-account/couplings.json')
      .split('\n')
      .filter((line) => line.startsWith('["')).length

  await t.test(
    'P1 P7 a run cancelled in the midst of its writes pushes what it knows; nothing is made twice',
    async (t) => {
      create('K', 10)
      const begun = (cancel: () => void): void =>
        faults.add({
          // Sales has committed the accounts, and the answer never arrives.
          match: { service: 'sales', method: 'POST', path: '\\$batch', nth: 1, times: 9 },
          do: { rewrite: (body) => (names().length > 5 && cancel(), body) },
        })
      const cancelled = await hub.run('sync.yml', byHand, {
        env: { COUPLET_PROCESS: 'own' },
        cancel: { step: 'Run the command', begun },
      })
      faults.clear()
      t.same(resultsOf(cancelled), { sync: 'cancelled' })
      t.equal(names().length, 15, 'all were written')
      t.equal(coupled(), 5, 'none was known')
      t.match(stepOf(cancelled, 'Push the state'), { outcome: 'success', log: /couplet-state-sandbox: / })
      const marks = git(hub.remote, 'show', 'couplet-state-sandbox:customer-account/marks.json')
      t.equal((JSON.parse(marks) as { intents: unknown[] }).intents.length, 10, 'but that it had begun to')
      t.match(stepOf(cancelled, 'Give the lock back'), { outcome: 'success', log: /given back/ })
      t.same(resultsOf(await hub.run('sync.yml', byHand)), { sync: 'success' })
      t.equal(names().length, 15)
      t.equal(new Set(names()).size, 15)
      t.equal(coupled(), 15)
    },
  )

  await t.test(
    'P1 two runners at once that both write, as if neither had a lock: nothing is doubled or lost',
    async (t) => {
      create('T', 10)
      const without = { without: ['Take the lock'] }
      const both = await Promise.all([hub.run('sync.yml', byHand, without), hub.run('sync.yml', byHand, without)])
      t.same(
        both.map((jobs) => stepOf(jobs, 'Push the state')?.outcome),
        ['success', 'success'],
      )
      t.equal(names().length, 25)
      t.equal(new Set(names()).size, 25)
      t.equal(coupled(), 25)
    },
  )

  await t.test('what drifts stands in one issue, which is closed when all is in step again', async (t) => {
    create('D', 1)
    t.match(resultsOf(await hub.run('drift.yml')), { audit: 'success' })
    t.match(hub.written.issues, [{ title: 'Drift: sandbox', state: 'open', body: /D1: it is new since the last run/ }])
    await hub.run('drift.yml', {}, { tokenUrl: 'http://127.0.0.1:9/none' })
    t.match(hub.written.issues, [{ state: 'open', body: /could not be made/ }], 'the same issue')
    await hub.run('drift.yml', {}, { without: ['Run the command'] })
    t.match(hub.written.issues, [{ state: 'closed' }])
  })
  proved('git', { 'workflow runs': hub.jobs() }, t.passing() ? 0 : 1)
})
