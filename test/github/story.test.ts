import t from 'tap'
import type { JobTold, StepTold } from './actions-runner.ts'
import { contosoHub } from './hub.ts'
import { git } from './runners.ts'
import { proved } from '../proof.ts'

const stepOf = (jobs: readonly JobTold[], name: string): StepTold | undefined =>
  jobs.flatMap(({ steps }) => steps).find((step) => step.name === name)
const resultsOf = (jobs: readonly JobTold[]): Readonly<Record<string, string>> =>
  Object.fromEntries(jobs.map(({ job, result }) => [job, result]))

t.test('a repository made from examples/contoso', { timeout: 240_000 }, async (t) => {
  const hub = await contosoHub(t)
  const { sales, businessCentral, faults } = hub.simulator
  const log = (format: string): readonly string[] =>
    git(hub.remote, 'log', `--format=${format}`, 'couplet-state-sandbox').split('\n')
  const names = (): readonly unknown[] => sales.rows('accounts').map(({ name }) => name)

  await t.test(
    'the scheduled workflow logs in without a stored password and keeps the state on its branch',
    async (t) => {
      const jobs = await hub.run('sync.yml')
      const run = stepOf(jobs, 'Run the command')
      t.match(run?.log, /customer-account: 12 created/)
      t.match(run?.log, /warehouse: 5 created/, 'the project’s own mapping, by its own job')
      t.equal(names().length, 12)
      t.match(stepOf(jobs, 'Push the state'), { outcome: 'success', log: /couplet-state-sandbox: \d+ coupled/ })
      t.match(stepOf(jobs, 'Give the lock back'), { outcome: 'success', log: /given back/ })
      t.notMatch(git(hub.remote, 'ls-tree', '-r', '--name-only', 'couplet-state-sandbox'), /key|lock/)
      const again = await hub.run('sync.yml')
      t.same(resultsOf(again), { sync: 'success' }, 'what waits is not new')
      t.match(log('%s'), ['No pair changed', /^\d+ coupled$/], 'the jobs sleep now')
    },
  )

  const change = (text: string): string =>
    `${text}  phone: { sales: telephone1, businessCentral: phoneNumber, compute: { toSales: "'+' & phoneNumber" }, direction: toSales }\n`
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
    const head = hub.commit('phones', 'A plus before phone numbers', { 'mappings/customer-account.yaml': change })
    hub.merge(1, head)
    const checked = await hub.run('review.yml', { name: 'pull_request', ...request(1, head) })
    t.same(resultsOf(checked), { check: 'failure', plan: 'skipped', comment: 'skipped' })
    t.match(stepOf(checked, 'Play the tests')?.log, /::error file=tests\/customer-account.yaml,line=17,col=29::/)
    const said = await hub.run('review.yml', { name: 'pull_request_target', ...request(1, head) })
    t.same(resultsOf(said), { check: 'skipped', plan: 'success', comment: 'success' })
    const [comment] = hub.written.comments
    t.match(comment?.body, /`telephone1` \(Sales\) now receives `'\+' & phoneNumber`, before: `phoneNumber`/)
    t.match(comment?.body, /expected "030 2", is "\+030 2"/)
    t.match(comment?.body, /### Plan for sandbox\n+~~~~\n.*customer-account.*5/s, 'five accounts would change')
    t.notMatch(comment?.body, /Trey Research|::error/, 'no value, no workflow command')
    t.equal(sales.rows('accounts').filter(({ telephone1 }) => String(telephone1).startsWith('+')).length, 0)

    const mended = hub.commit('phones', 'A plus, with its test', {
      'mappings/customer-account.yaml': change,
      'tests/customer-account.yaml': (text) => text.replace('telephone1: 030 2', 'telephone1: +030 2'),
    })
    hub.merge(1, mended)
    t.match(resultsOf(await hub.run('review.yml', { name: 'pull_request', ...request(1, mended) })), {
      check: 'success',
    })
    const fork = { head: { repo: { full_name: 'somebody/sync' } } }
    const forked = await hub.run('review.yml', { name: 'pull_request_target', ...request(1, mended, fork) })
    t.same(resultsOf(forked), { check: 'skipped', plan: 'skipped', comment: 'success' }, 'nothing logs in for a fork')
    t.equal(hub.written.comments.length, 1)
    t.match(hub.written.comments[0]?.body, /4 tests passed.*Not made for a fork/s)
  })

  await t.test(
    'the merge is synced by the scheduled workflow, and the state branch shows it line by line',
    async (t) => {
      hub.merge('main', git(hub.remote, 'rev-parse', 'phones'))
      businessCentral.edit('customers', '10000', { phoneNumber: '4711' })
      const jobs = await hub.run('sync.yml')
      t.same(resultsOf(jobs), { sync: 'success' })
      t.ok(sales.rows('accounts').some(({ telephone1 }) => telephone1 === '+4711'))
      t.match(log('%s')[0], /changed/)
      const diff = git(
        hub.remote,
        'show',
        '--format=',
        '--unified=0',
        'couplet-state-sandbox',
        '--',
        'customer-account/couplings.json',
      )
      t.match(diff, /^\+\["[0-9a-f-]{36}","[0-9a-f-]{36}",\{"number":"10000"\}/m)
      t.notMatch(diff, /4711/, 'P8 no value')
    },
  )

  await t.test(
    'P1 P7 a run that is cancelled in the midst of its writes pushes what it knows; the next makes nothing twice',
    async (t) => {
      for (let each = 1; each <= 30; each++)
        businessCentral.create('customers', { number: `K${each}`, displayName: `Killed ${each}`, phoneNumber: '1' })
      const cancelled = await hub.run(
        'sync.yml',
        {},
        {
          env: { COUPLET_PROCESS: 'own' },
          cancel: {
            step: 'Run the command',
            // Sales has committed the accounts, and the answer never arrives.
            begun: (cancel) =>
              faults.add({
                match: { service: 'sales', method: 'POST', path: '\\$batch', nth: 1 },
                do: {
                  rewrite: (body) => {
                    if (/"POST|201 Created/.test(body)) cancel()
                    return body
                  },
                },
              }),
          },
        },
      )
      faults.clear()
      t.same(resultsOf(cancelled), { sync: 'cancelled' })
      t.match(stepOf(cancelled, 'Push the state'), { outcome: 'success', log: /couplet-state-sandbox: / })
      t.match(stepOf(cancelled, 'Give the lock back'), { outcome: 'success' })
      const written = names().length
      t.ok(written > 5, 'some were written')
      t.match(resultsOf(await hub.run('sync.yml')), { sync: 'success' })
      t.equal(names().length, 35)
      t.equal(new Set(names()).size, 35)
    },
  )

  await t.test(
    'P1 two runners at once: the second waits outside; without the lock both write, and nothing is doubled',
    async (t) => {
      const both = await Promise.all([hub.run('sync.yml'), hub.run('sync.yml')])
      t.same(both.map((jobs) => jobs[0]?.result).toSorted(), ['failure', 'success'])
      const refused = both.find((jobs) => jobs[0]?.result === 'failure') ?? []
      t.match(
        stepOf(refused, 'Take the lock')?.log,
        /is locked by https:\/\/github.com\/contoso\/sync\/actions\/runs\/77 since|has just taken/,
      )
      for (let each = 1; each <= 10; each++)
        businessCentral.create('customers', { number: `T${each}`, displayName: `Twice ${each}` })
      const without = { without: ['Take the lock'] }
      const twice = await Promise.all([hub.run('sync.yml', {}, without), hub.run('sync.yml', {}, without)])
      t.equal(names().length, 45)
      t.equal(new Set(names()).size, 45)
      t.ok(twice.every((jobs) => stepOf(jobs, 'Push the state')?.outcome === 'success'))
      const couplings = git(hub.remote, 'show', 'couplet-state-sandbox:customer-account/couplings.json').split('\n')
      t.equal(couplings.filter((line) => line.startsWith('[')).length - 1, 45, 'no coupling is lost')
    },
  )

  await t.test('what drifts stands in one issue, which is closed when it is in step again', async (t) => {
    await hub.run('drift.yml')
    console.error(hub.written.issues)
  })
})
