import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { changesMessage, stateChanges } from '../../src/store/state-changes.ts'
import { couple, held, run } from '../contract/store.ts'
import { proved } from '../proof.ts'
import { git, key, origin } from './runners.ts'
import type { Runner } from './runners.ts'

const identity = { businessCentral: 'bc', sales: 'org' }
const couples = (runner: Runner, ...ids: readonly string[]): Promise<void> =>
  runner.work(async (store) => {
    await store.bind(identity)
    await store.commit('customer', [
      { kind: 'layout', id: 'L1', rows: ['a', 'b'] },
      ...ids.map((id) => couple(`B${id}`, `S${id}`)),
    ])
  })
const stampAt = (runner: Runner, at: string): Promise<void> =>
  runner.work(async (store) => {
    await store.commit('customer', [{ kind: 'watermark', name: 'businessCentral', watermark: { kind: 'stamp', at } }])
    await store.recordRun(run(at))
  })
const pairsOf = async (runner: Runner): Promise<readonly string[]> => {
  const store = await openJsonStore({ folder: join(runner.folder, '.couplet'), clock: systemClock, key })
  return [...store.mapping('customer').couplings()].map(({ businessCentral }) => businessCentral.id).toSorted()
}
const later = (hours: number) => ({
  clock: { ...systemClock, now: () => new Date(Date.now() + hours * 3_600_000) },
})

t.test('the state goes to its branch and comes back on another runner; the checkout is not touched', async (t) => {
  const { runner, log, remote } = origin(t)
  const first = runner('first')
  t.match((await first.state('pull')).out, /no branch couplet-state yet/)
  t.match((await first.state('push')).out, /no state here yet/)
  await couples(first, '1', '2')
  await first.work((store) => store.commit('customer', [{ kind: 'hold', held: held('S9') }]))
  t.match(await first.state('push'), { code: 0, out: 'couplet-state: 2 coupled, 1 held.' })
  t.equal(git(first.folder, 'status', '--porcelain'), '?? .couplet/\n?? couplet.yaml')
  t.notOk(existsSync(join(first.folder, '.git', 'index')), 'not even an index was made')
  const files = git(remote, 'ls-tree', '-r', '--name-only', 'couplet-state').split('\n')
  t.same(files, ['.gitignore', 'customer/couplings.json', 'customer/held.json', 'customer/marks.json', 'state.json'])
  t.equal(log('%s%n%b'), '2 coupled, 1 held\ncustomer: 2 coupled, 1 held\n\nHistory: 1')
  const second = runner('second')
  t.match(await second.state('pull'), { code: 0, out: 'The state is that of couplet-state.' })
  t.same(await pairsOf(second), ['B1', 'B2'])
  t.match((await second.state('pull')).out, /nothing new/)
  t.match((await second.state('push')).out, /all of it already/)
  await couples(second, '3')
  await second.state('push')
  const diff = git(remote, 'show', '--format=', '--unified=0', 'couplet-state', '--', 'customer/couplings.json')
  const moved = diff.split('\n').filter((line) => /^[+-]\[/.test(line))
  t.same(
    moved.map((line) => line.slice(0, 8)),
    ['-["B2","', '+["B2","', '+["B3","'],
    'a coupling is one line (and the comma of the one before)',
  )
})

t.test('P1 P7 three runners at once: the second joins what the first pushed, and no coupling is lost', async (t) => {
  const { runner, log } = origin(t)
  const all = ['one', 'two', 'three'].map((name) => runner(name))
  const [one] = all
  await couples(one as Runner, '1')
  await one?.state('push')
  for (const each of all.slice(1)) await each.state('pull')
  await Promise.all(all.map((each, index) => couples(each, `${index}a`, `${index}b`)))
  const said = await Promise.all(all.map((each) => each.state('push --json')))
  t.same(
    said.map(({ code }) => code),
    [0, 0, 0],
  )
  const answers = said.map(({ out }) => JSON.parse(out) as { raced: number; kind: string })
  t.same(new Set(answers.map(({ kind }) => kind)), new Set(['pushed']))
  const last = runner('last')
  await last.state('pull')
  t.same(await pairsOf(last), ['B0a', 'B0b', 'B1', 'B1a', 'B1b', 'B2a', 'B2b'])
  t.equal(log('%H').split('\n').length, 4)
  proved('git', { 'pushes at once': all.length }, said.filter(({ code }) => code !== 0).length)
})

t.test('P1 a rejected push: another runner came between reading and pushing', async (t) => {
  const { runner, remote } = origin(t)
  const [one, other] = [runner('one'), runner('other')]
  await couples(one, '1')
  await one.state('push')
  await other.state('pull')
  await couples(one, '2')
  await couples(other, '3')
  // The remote takes one's push only after other's has come.
  const hook = join(remote, 'hooks', 'pre-receive')
  await other.state('push')
  const theirs = git(remote, 'rev-parse', 'couplet-state')
  git(remote, 'update-ref', 'refs/heads/couplet-state', `${theirs}~1`)
  writeFileSync(
    hook,
    `#!/bin/sh\nrm -f "$0"\nunset GIT_QUARANTINE_PATH\ngit update-ref refs/heads/couplet-state ${theirs}\n`,
    { mode: 0o755 },
  )
  const said = await one.state('push')
  t.match(said, { code: 0, out: /Another runner was first 1 time; both are joined/ })
  t.same(await pairsOf(one), ['B1', 'B2', 'B3'])
  t.equal(git(remote, 'rev-parse', 'couplet-state~1'), theirs)
})

t.test('pairs that contradict each other are held, and the exit code says so', async (t) => {
  const { runner } = origin(t)
  const [one, other] = [runner('one'), runner('other')]
  await couples(one, '1')
  await one.state('push')
  await other.state('pull')
  await one.work((store) => store.commit('customer', [couple('B7', 'S7')]))
  await other.work((store) => store.commit('customer', [couple('B7', 'S8')]))
  await one.state('push')
  t.match(await other.state('push'), { code: 1, out: /2 pairs contradict each other and are held/ })
  t.same(await pairsOf(other), ['B1'])
  t.match(await one.state('pull'), { code: 0, out: /joined/ })
  t.same(await pairsOf(one), ['B1'])
})

t.test('a run in which nothing moved is kept once in a while; one that moved something at once', async (t) => {
  const { runner, log } = origin(t)
  const one = runner('one')
  await couples(one, '1')
  await stampAt(one, '2026-01-02T00:00:00Z')
  await one.state('push')
  await stampAt(one, '2026-01-03T00:00:00Z')
  t.match((await one.state('push')).out, /Nothing moved, and couplet-state is younger than 6 h/)
  t.match((await one.state('push', later(5.9))).out, /left for a later run/)
  t.match((await one.state('push', later(6.1))).out, 'couplet-state: Nothing moved.')
  await couples(one, '2')
  t.match((await one.state('push', later(6.2))).out, '1 coupled')
  t.same(log('%s').split('\n'), ['1 coupled', 'Nothing moved', '1 coupled'])
})

const marks = (more: object) => JSON.stringify({ upTo: 1, fence: 1, files: {}, hash: 'h', watermarks: {}, ...more })
const file = (path: string, before: string, after: string) => ({ path, before, after })
const stamp = (at: string, name = 'sales') => ({ watermarks: { [name]: { kind: 'stamp', at } } })
const quiet = (...files: readonly Parameters<typeof stateChanges>[0][number][]) => stateChanges(files).quiet
const job = (more: object) => `${JSON.stringify({ job: 'j', status: 'ready', nextStart: '1', attempts: 0, ...more })}\n`
const pair = (id: string, rest = '') => `["${id}","s"${rest}]`

t.test('what is quiet', (t) => {
  t.ok(quiet(file('a/marks.json', marks(stamp('1')), marks({ ...stamp('2'), upTo: 9, fence: 3, sum: 'x' }))))
  t.notOk(quiet(file('a/marks.json', marks({}), marks(stamp('2')))), 'the first watermark')
  t.notOk(
    quiet(file('a/marks.json', marks(stamp('1', 'businessCentral/sweep')), marks(stamp('2', 'businessCentral/sweep')))),
    'a sweep would be done again and again',
  )
  t.notOk(quiet(file('a/marks.json', marks({}), marks({ hash: 'other' }))))
  t.notOk(quiet(file('a/marks.json', marks({}), marks({ intents: [{ id: 'x' }] }))), 'an unfinished write')
  t.ok(quiet(file('jobs.jsonl', job({}), job({}) + job({ nextStart: '2', lastEnd: '1' }))))
  t.notOk(quiet(file('jobs.jsonl', job({}), job({ status: 'asleep' }))))
  t.notOk(quiet(file('jobs.jsonl', job({}), job({ attempts: 1 }))))
  t.notOk(quiet({ path: 'a/marks.json', before: undefined, after: marks({}) }))
  t.ok(quiet(file('runs.jsonl', '', 'x')))
  t.notOk(quiet(file('a/held.json', '[]\n', '[\n{"side":"sales","id":"1"}\n]\n')))
  const changes = stateChanges([
    file('a/couplings.json', `[\n${pair('1')},\n${pair('2')}\n]\n`, '[]\n'),
    { path: 'a/couplings-0.json', before: undefined, after: `[\n${pair('2')},\n${pair('3')}\n]\n` },
    { path: 'a/couplings-1.json', before: undefined, after: `[\n${pair('1', ',"x"')}\n]\n` },
  ])
  t.same(changes.mappings['a'], { coupled: 1, changed: 1, uncoupled: 0, held: 0, released: 0 }, 'over all files')
  t.equal(changesMessage(changes), '1 coupled, 1 changed\n\na: 1 coupled, 1 changed')
  t.end()
})

t.test(
  'the history is cut to its newer half when it is full; a runner of before goes on from what it has',
  async (t) => {
    const { runner, log } = origin(t)
    const [one, old] = [runner('one'), runner('old')]
    await couples(one, '0')
    await one.state('push --history 3')
    await old.state('pull')
    for (let id = 1; id < 4; id++) {
      await couples(one, String(id))
      await one.state('push --history 3')
    }
    t.same(log('%s').split('\n'), ['1 coupled', '1 coupled'])
    t.match(
      log('%b')
        .split('\n')
        .filter((line) => line.startsWith('History'))
        .at(0),
      'History: 2',
    )
    await couples(old, 'x')
    t.equal((await old.state('push --history 3')).code, 0)
    t.same(await pairsOf(old), ['B0', 'B1', 'B2', 'B3', 'Bx'])
  },
)

t.test('P7 the lock of a branch: one has it, a stale one is taken over, only one’s own is given back', async (t) => {
  const { runner, remote } = origin(t)
  const all = ['one', 'two', 'three'].map((name) => runner(name))
  const said = await Promise.all(all.map((each) => each.state('lock')))
  const codes = said.map(({ code }) => code)
  t.same(
    codes.toSorted((a, b) => a - b),
    [0, 5, 5],
    'exactly one has it',
  )
  const owner = all[codes.indexOf(0)] as Runner
  const other = all[codes.indexOf(5)] as Runner
  const env = {
    PATH: process.env['PATH'],
    COUPLET_STATE_KEY: key,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'contoso/sync',
    GITHUB_RUN_ID: '77',
  }
  t.match(await other.state('lock'), { code: 5, err: /is locked by .* since .*--stale/ })
  t.match((await other.state('unlock')).out, /has no lock/)
  t.equal((await other.state('lock', later(0.9))).code, 5)
  t.match(await other.state('lock', { ...later(1.1), env }), { code: 0, out: /not given it back/ })
  t.match(await owner.state('lock', later(1.2)), { code: 5, err: 'https://github.com/contoso/sync/actions/runs/77' })
  t.match(await owner.state('unlock'), { code: 0, out: /took the lock of couplet-state over/ })
  t.match((await other.state('unlock')).out, /given back/)
  t.equal(git(remote, 'for-each-ref', 'refs/couplet'), '')
  t.match(await owner.state('lock'), { code: 0 })
})

t.test('each target has a branch of its own', async (t) => {
  const { runner, remote } = origin(t)
  const one = runner('one')
  mkdirSync(join(one.folder, 'targets'))
  writeFileSync(join(one.folder, 'targets', 'sandbox.yaml'), 'create: never\n')
  const store = await openJsonStore({ folder: join(one.folder, '.couplet', 'sandbox'), clock: systemClock, key })
  await store.lock('work')
  await store.commit('customer', [couple('B1', 'S1')])
  await store.close()
  t.match((await one.state('push --target sandbox')).out, 'couplet-state-sandbox: 1 coupled')
  t.equal(git(remote, 'for-each-ref', '--format=%(refname)'), 'refs/heads/couplet-state-sandbox')
})

t.test('P8 the key never travels, and without one nothing does', async (t) => {
  const { runner, remote } = origin(t)
  const one = runner('one')
  t.match(await one.state('push', { env: { PATH: process.env['PATH'] } }), {
    code: 2,
    err: /state\.key names is not set/,
  })
  await couples(one, '1')
  writeFileSync(join(one.folder, '.couplet', 'fingerprint.key'), 'secret')
  writeFileSync(join(one.folder, '.couplet', 'notes.txt'), 'mine')
  await one.state('push')
  t.notMatch(git(remote, 'ls-tree', '-r', '--name-only', 'couplet-state'), /fingerprint\.key|notes|lock-/)
  const other = runner('other')
  await other.state('pull')
  const wrong = { env: { PATH: process.env['PATH'], COUPLET_STATE_KEY: 'another' } }
  t.match(await other.state('push', wrong), { code: 2, err: /another fingerprint key/ })
})

t.test('a branch that holds anything else is refused, and nothing is written outside of the folder', async (t) => {
  const { runner, remote } = origin(t)
  const one = runner('one')
  const blob = git(remote, 'hash-object', '-w', join(one.folder, 'couplet.yaml'))
  for (const entry of [
    `120000 blob ${blob}\tstate.json`,
    `100755 blob ${blob}\tstate.json`,
    `100644 blob ${blob}\tmarks.sh`,
  ]) {
    const tree = git(remote, { input: `${entry}\n` }, 'mktree')
    git(remote, 'update-ref', 'refs/heads/couplet-state', git(remote, 'commit-tree', '-m', 'x', tree))
    t.match(await one.state('pull'), { code: 2, err: /no file of a state/ }, entry)
  }
  t.notOk(existsSync(join(one.folder, '.couplet')))
})

t.test('a remote that is not there, a folder without a repository', async (t) => {
  const { runner } = origin(t)
  const one = runner('one')
  await couples(one, '1')
  git(one.folder, 'remote', 'set-url', 'origin', 'https://someone:secret-token@127.0.0.1:9/none.git')
  const said = await one.state('push')
  t.match(said, { code: 3, err: /remote origin refused or was not reached.*contents: write/s })
  t.notMatch(said.err, 'secret-token')
  t.match(await one.state('pull --branch a..b'), { code: 2, err: /"a\.\.b" cannot be the name of a branch/ })
  t.match(await one.state('pull --remote nowhere'), { code: 3 })
  const ceiling = { PATH: process.env['PATH'], COUPLET_STATE_KEY: key, GIT_DIR: '/nonexistent' }
  t.match(await one.state('pull', { env: ceiling }), { code: 2, err: /lies in no Git repository/ })
})

t.test('P7 a state that a run still writes is waited for, not torn', async (t) => {
  const one = origin(t).runner('one')
  await couples(one, '1')
  let slept = 0
  await one.work(async (store) => {
    await store.commit('customer', [couple('B2', 'S2')])
    const sleep = (): Promise<void> => (++slept === 3 ? store.unlock() : Promise.resolve())
    t.match(await one.state('push', { clock: { ...systemClock, sleep } }), {
      code: 0,
      out: 'couplet-state: 2 coupled.',
    })
  })
  t.equal(slept, 3)
  await one.work(async () => {
    t.match(await one.state('push', { clock: { ...systemClock, sleep: async () => {} } }), {
      code: 5,
      err: /locked by run/,
    })
  })
})
