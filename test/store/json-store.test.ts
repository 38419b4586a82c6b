import { deepEqual } from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { utimesSync, writeFileSync } from 'node:fs'
import { EventEmitter, once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as fc from 'fast-check'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { LockedError, StateError } from '../../src/errors.ts'
import { encodeLine, linesAfter } from '../../src/store/journal.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import type { JsonStore, JsonStoreOptions } from '../../src/store/json-store.ts'
import { openMemoryStore, overlay } from '../../src/store/memory-store.ts'
import type { Entry } from '../../src/store/store.ts'
import { couple, coupling, held, run, storeContract } from '../contract/store.ts'
import { commit, picture } from './picture.ts'
import { forAllAsync } from '../property.ts'

/** A process number of this machine that nobody has any more: its locks are free at once. */
const deadOwner = { host: hostname(), pid: spawnSync(process.execPath, ['-e', '']).pid }

/** All that were opened: dead runners are left as they are until the end. */
const opened: JsonStore[] = []

async function open(folder: string, more: Partial<JsonStoreOptions> = {}): Promise<JsonStore> {
  const store = await openJsonStore({ folder, clock: systemClock, owner: deadOwner, ...more })
  opened.push(store)
  return store
}

async function locked(folder: string, more: Partial<JsonStoreOptions> = {}): Promise<JsonStore> {
  const store = await open(folder, more)
  await store.lock('run-1')
  return store
}

/** What a store would answer that had only these commits. */
async function model(commits: readonly (readonly Entry[])[]): Promise<unknown> {
  const store = openMemoryStore()
  await store.lock('model')
  for (const entries of commits) await store.commit('m', entries)
  return picture(store.mapping('m'))
}

/** Files below a folder that this process has open; none where the system does not tell. */
function openBelow(folder: string): readonly string[] {
  if (process.platform !== 'linux') return []
  const held = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return held.filter((path) => path.startsWith(folder))
}

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8')
const root = t.testdir()
let folders = 0
/** A folder that does not exist yet. */
const fresh = (): string => join(root, `s${folders++}`)

t.test('the json store', async (t) => {
  storeContract(t, async () => open(fresh(), { owner: { host: hostname(), pid: process.pid } }))
})

t.test('an overlay over a json store', async (t) => {
  storeContract(t, async () => overlay(await open(fresh())), { guarded: false })
})

t.test('P7: after any commits, closings and kills the folder gives back exactly what was committed', async (t) => {
  const step = fc.record({ entries: commit, after: fc.constantFrom('go on', 'close', 'kill') })
  await forAllAsync(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const folder = fresh()
      let store = await locked(folder)
      for (const { entries, after } of steps) {
        await store.commit('m', entries)
        if (after === 'go on') continue
        // A killed runner's store is left as it is; its process number is dead, so the next one takes over.
        if (after === 'close') await store.close()
        store = await locked(folder)
      }
      const expected = await model(steps.map(({ entries }) => entries))
      deepEqual(picture(store.mapping('m')), expected)
      await store.close()
      deepEqual(picture((await open(folder)).mapping('m')), expected)
    }),
    { numRuns: 60 },
  )
  t.pass()
})

t.test('P7: a last line cut at any byte drops that commit alone, says so, and leaves room for the next', async (t) => {
  await forAllAsync(
    fc.asyncProperty(
      fc.array(commit, { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (commits, share) => {
        const folder = fresh()
        const writer = await locked(folder)
        for (const entries of commits) await writer.commit('m', entries)
        const path = join(folder, 'm', 'journal.jsonl')
        const text = readFileSync(path)
        const last = text.lastIndexOf(10, text.length - 2) + 1
        const size = last + Math.floor(share * (text.length - 1 - last))
        truncateSync(path, size)
        const expected = await model(commits.slice(0, -1))
        deepEqual(picture((await open(folder)).mapping('m')), expected)
        const next = await locked(folder)
        deepEqual(next.notices.length, size > last ? 1 : 0)
        const more: Entry[] = [{ kind: 'hash', hash: 'after' }]
        await next.commit('m', more)
        deepEqual(picture((await open(folder)).mapping('m')), await model([...commits.slice(0, -1), more]))
        await next.close()
      },
    ),
    { numRuns: 60 },
  )
  t.pass()
})

t.test(
  'P7: a process stopped at any moment of writing leaves every acknowledged commit, and no half of another',
  async (t) => {
    const commits: Entry[][] = [
      [couple('B1', 'S1'), { kind: 'layout', id: 'L1', rows: ['a', 'b'] }],
      [couple('B2', 'S2'), { kind: 'hold', held: held('S3') }],
      [{ kind: 'uncouple', businessCentral: 'B1', sales: 'S1', generation: true }],
      [couple('B3', 'S3'), { kind: 'release', side: 'sales', id: 'S3' }],
      [{ kind: 'counted', side: 'sales', count: 3 }],
    ]
    const moments = new Set<string>()
    for (let stopAt = 1, frozen = true; frozen; stopAt++) {
      const folder = fresh()
      let count = 0
      let acknowledged = 0
      frozen = false
      const stopped = new EventEmitter()
      const ended = once(stopped, 'end')
      const fault = async (moment: string): Promise<void> => {
        if (++count < stopAt) return
        moments.add(moment)
        frozen = true
        stopped.emit('stop')
        await ended
        throw new Error('long dead')
      }
      const work = async (): Promise<void> => {
        for (const part of [commits.slice(0, 3), commits.slice(3)]) {
          const store = await locked(folder, { fault })
          for (const entries of part) {
            await store.commit('m', entries)
            acknowledged++
          }
          await store.close()
        }
      }
      const working = work()
      await Promise.race([working, once(stopped, 'stop')])
      const reader = picture((await open(folder)).mapping('m'))
      const next = await locked(folder)
      const found = picture(next.mapping('m'))
      deepEqual(reader, found, 'a reader sees what the next runner sees')
      const possible = await Promise.all([0, 1].map((more) => model(commits.slice(0, acknowledged + more))))
      t.ok(
        possible.some((each) => JSON.stringify(each) === JSON.stringify(found)),
        `stopped at moment ${stopAt}`,
      )
      for (const entries of commits) await next.commit('m', entries)
      await next.close()
      const names = readdirSync(join(folder, 'm'))
      t.same(names.sort(), ['couplings.json', 'held.json', 'marks.json'], 'nothing lies about')
      await (await open(folder)).close()
      stopped.emit('end')
      await working.catch(() => {})
    }
    t.same([...moments].sort(), [
      'journal.append',
      'journal.restart',
      'journal.sync',
      'snapshot.decided',
      'snapshot.placed',
      'snapshot.renamed',
      'snapshot.staged',
    ])
  },
)

t.test('P7: kill -9 in the midst of committing loses no acknowledged commit', { timeout: 120_000 }, async (t) => {
  const child = new URL('committing-child.ts', import.meta.url).pathname
  const trial = async (delayMs: number): Promise<void> => {
    const folder = fresh()
    const process = spawn(globalThis.process.execPath, ['--import=tsx', child, folder, '3000'])
    let said = ''
    process.stdout.on('data', (chunk) => (said += String(chunk)))
    await once(process.stdout, 'data')
    await pause(delayMs)
    process.kill('SIGKILL')
    await once(process, 'close')
    const acknowledged = said.split('\n').length - 1
    const store = await locked(folder)
    const { size } = store.mapping('m')
    await store.close()
    t.ok(size === acknowledged || size === acknowledged + 1, `${acknowledged} acknowledged, ${size} found`)
    t.ok(Array.from({ length: size }, (_, n) => store.mapping('m').bySide('sales', `S${n}`)).every(Boolean))
  }
  const delays = Array.from({ length: 20 }, (_, index) => index * 7)
  const worker = async (): Promise<void> => {
    for (let delay = delays.pop(); delay !== undefined; delay = delays.pop()) await trial(delay)
  }
  await Promise.all([worker(), worker(), worker()])
})

t.test('a damaged line that is not the last is a StateError naming file and line', async (t) => {
  const folder = t.testdir()
  const writer = await locked(folder)
  for (const n of [1, 2, 3]) await writer.commit('m', [couple(`B${n}`, `S${n}`)])
  const path = join(folder, 'm', 'journal.jsonl')
  writeFileSync(path, read(path).replace('N-B2', 'N-B9'))
  await t.rejects(open(folder), { name: 'StateError', message: /m\/journal\.jsonl:2 is damaged/, remedy: /Restore/ })
})

t.test('a commit missing between two others is a StateError', async (t) => {
  const folder = t.testdir()
  const writer = await locked(folder)
  for (const n of [1, 2, 3]) await writer.commit('m', [couple(`B${n}`, `S${n}`)])
  const path = join(folder, 'm', 'journal.jsonl')
  const [first, , third] = read(path).split('\n')
  writeFileSync(path, `${first}\n${third}\n`)
  await t.rejects(open(folder), { name: 'StateError', message: /commit 1 to 3/ })
})

t.test('a file of another snapshot among the others is a StateError', async (t) => {
  const folder = t.testdir()
  let store = await locked(folder)
  await store.commit('m', [couple('B1', 'S1')])
  await store.close()
  const former = read(folder, 'm', 'couplings.json')
  store = await locked(folder)
  await store.commit('m', [couple('B2', 'S2')])
  await store.close()
  writeFileSync(join(folder, 'm', 'couplings.json'), former)
  await t.rejects(open(folder), { name: 'StateError', message: /couplings\.json is missing, or is not the file/ })
})

const line = (commit: number, fence: number) => ({ commit, fence, entries: [] })

/** A line as a runner writes it that does not know yet that its lock is gone. */
const late = (commit: number): string =>
  encodeLine({ commit, fence: 1, entries: [{ kind: 'hash', hash: `late ${commit}` }, couple('B2', 'S1')] })

t.test('P7: lines of a runner that lost its lock do not count', async (t) => {
  const folder = t.testdir()
  const a = await locked(folder)
  await a.commit('m', [couple('B1', 'S1')])
  const b = await locked(folder)
  const path = join(folder, 'm', 'journal.jsonl')
  appendFileSync(path, late(2))
  await b.commit('m', [couple('B3', 'S3')])
  appendFileSync(path, late(3))
  const seen = (await open(folder)).mapping('m')
  t.same(
    [...seen.couplings()].map(({ businessCentral, sales }) => [businessCentral.id, sales.id]),
    [
      ['B1', 'S1'],
      ['B3', 'S3'],
    ],
  )
  t.equal(seen.hash, undefined)
})

t.test('P7: of two lines for one commit the one under the later lock counts', async (t) => {
  const kept = linesAfter('journal', 3, 1, [line(2, 1), line(4, 1), line(5, 1), line(4, 2), line(6, 1), line(5, 2)])
  t.same(kept, [line(4, 2), line(5, 2)])
  t.same(linesAfter('journal', 3, 2, [line(4, 1)]), [], 'the snapshot has a lock number too')
})

t.test(
  'two stores on one folder: the second is told who holds the lock, and later sees what the first wrote',
  async (t) => {
    const folder = t.testdir()
    const owner = { host: hostname(), pid: process.pid }
    const first = await open(folder, { owner })
    const second = await open(folder, { owner })
    const mapping = second.mapping('m')
    await first.lock('nightly-7')
    await first.commit('m', [couple('B1', 'S1')])
    const told = new RegExp(`locked by run nightly-7 \\(process ${process.pid} on .+\\) since 20.+Wait`)
    await t.rejects(second.lock('manual'), { name: 'LockedError', message: told })
    await t.rejects(second.commit('m', [couple('B2', 'S2')]), LockedError)
    t.equal(mapping.size, 0)
    t.equal((await open(folder)).mapping('m').size, 1, 'a reader needs no lock')
    await first.close()
    await second.lock('manual')
    t.equal(mapping.size, 1)
    t.equal(second.key, first.key)
    await second.commit('m', [couple('B2', 'S2')])
    await second.unlock()
    await first.lock('nightly-8')
    t.equal(first.mapping('m').size, 2)
    await first.close()
  },
)

t.test('locks of runners that died or fell silent', async (t) => {
  let now = Date.parse('2026-03-01T10:00:00Z')
  const clock = { ...systemClock, now: () => new Date(now) }
  const other = { host: 'another-machine', pid: deadOwner.pid }
  const here = { host: hostname(), pid: process.pid }

  t.test('a dead process of this machine is not waited for', async (t) => {
    const folder = fresh()
    await locked(folder, { clock })
    const next = await open(folder, { clock, owner: here })
    await t.resolves(next.lock('b'))
    await next.close()
  })

  t.test('a former process with our own number is not waited for', async (t) => {
    const folder = fresh()
    mkdirSync(folder, { recursive: true })
    const stamp = new Date(now).toISOString()
    const holder = { run: 'x', ...here, token: 'former', since: stamp, renewed: stamp, fence: 41, released: false }
    writeFileSync(join(folder, 'lock-3.json'), JSON.stringify(holder))
    const store = await locked(folder, { clock, owner: here })
    await store.commit('m', [couple('B1', 'S1')])
    t.match(read(folder, 'm', 'journal.jsonl'), /"fence":42/, 'numbers of locks only grow')
    await store.close()
  })

  t.test('a process of another machine is waited for until its lock expires, then fenced off', async (t) => {
    const folder = fresh()
    const paused = await locked(folder, { clock, owner: other })
    await paused.commit('m', [couple('B1', 'S1')])
    now += 59_000
    await t.rejects(
      open(folder, { clock, owner: here }).then((store) => store.lock('b')),
      LockedError,
    )
    now += 2_000
    const next = await open(folder, { clock, owner: here })
    await next.lock('b')
    await next.commit('m', [couple('B2', 'S2')])
    await t.rejects(paused.commit('m', [couple('B3', 'S3')]), { name: 'LockedError', message: /took it over/ })
    await t.rejects(paused.recordRun(run('r')), LockedError)
    t.equal(paused.mapping('m').bySide('sales', 'S3'), undefined)
    t.notMatch(read(folder, 'm', 'journal.jsonl'), /S3/)
    await paused.close()
    await next.commit('m', [couple('B4', 'S4')])
    await next.close()
    const reader = (await open(folder)).mapping('m')
    t.same([...reader.couplings()].map(({ sales }) => sales.id).sort(), ['S1', 'S2', 'S4'])
  })

  t.test('a lock is renewed while it is held', async (t) => {
    const folder = fresh()
    const store = await locked(folder, { owner: other, expiryMs: 150 })
    await pause(500)
    await t.rejects(
      open(folder, { expiryMs: 150 }).then((second) => second.lock('b')),
      LockedError,
    )
    await store.close()
  })

  t.test('a lock file that its writer never filled expires by its age', async (t) => {
    const folder = fresh()
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'lock-1.json')
    writeFileSync(path, '')
    await t.rejects(locked(folder), { name: 'LockedError', message: /another runner/ })
    const longAgo = new Date(Date.now() - 61_000)
    utimesSync(path, longAgo, longAgo)
    await (await locked(folder)).close()
  })

  t.test('a commit under a lock whose file was removed is refused', async (t) => {
    const folder = fresh()
    const store = await locked(folder)
    rmSync(join(folder, 'lock-1.json'))
    await t.rejects(store.commit('m', [couple('B1', 'S1')]), LockedError)
    t.equal(store.mapping('m').size, 0)
  })

  t.test('lock numbers go on where the state left off when the lock files did not travel with it', async (t) => {
    const folder = fresh()
    for (const n of [1, 2, 3]) {
      const store = await locked(folder)
      await store.commit('m', [couple(`B${n}`, `S${n}`)])
      await store.close()
    }
    for (const name of readdirSync(folder)) if (name.startsWith('lock-')) rmSync(join(folder, name))
    const store = await locked(folder)
    await store.commit('m', [couple('B4', 'S4')])
    t.match(read(folder, 'm', 'journal.jsonl'), /"fence":4/)
    await store.close()
  })

  t.test('of four processes that race for a dead lock exactly one wins', { timeout: 60_000 }, async (t) => {
    const folder = fresh()
    await locked(folder)
    const child = new URL('committing-child.ts', import.meta.url).pathname
    const racers = Array.from({ length: 4 }, () => spawn(process.execPath, ['--import=tsx', child, folder, 'race']))
    await Promise.all(racers.map(({ stdout }) => once(stdout, 'data')))
    for (const { stdin } of racers) stdin.write('go')
    const answers = await Promise.all(
      racers.map(async (racer) => {
        const [answer] = await once(racer.stdout, 'data')
        return String(answer).trim()
      }),
    )
    for (const { stdin } of racers) stdin.end()
    t.same(answers.sort(), ['LockedError', 'LockedError', 'LockedError', 'won'])
  })
})

t.test('what the operating system refuses is a StateError with a remedy', async (t) => {
  t.testdir({ file: 'not a folder' })
  await t.rejects(locked(join(t.testdirName, 'file', 'state')), { name: 'StateError', remedy: /must name a folder/ })

  const folder = join(t.testdirName, 'state')
  let full: string | undefined
  const fault = async (moment: string): Promise<void> => {
    if (moment !== full) return
    const path = join(folder, 'm', 'journal.jsonl')
    if (moment === 'journal.sync') truncateSync(path, statSync(path).size - 10)
    throw Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write', path })
  }
  const store = await locked(folder, { fault })
  await store.commit('m', [couple('B1', 'S1')])
  full = 'journal.sync'
  await t.rejects(store.commit('m', [couple('B2', 'S2')]), { name: 'StateError', remedy: /Free some space/ })
  t.equal(store.mapping('m').size, 1, 'what was refused does not show')
  full = undefined
  await store.commit('m', [couple('B3', 'S3')])
  full = 'snapshot.staged'
  await store.close()
  t.match(store.notices, [/the snapshot was not written.*ENOSPC.*the journal holds everything/])
  const later = (await open(folder)).mapping('m')
  t.same(
    [...later.couplings()].map(({ sales }) => sales.id),
    ['S1', 'S3'],
  )
})

t.test('a long journal is folded into the snapshot while commits go on', async (t) => {
  const folder = t.testdir()
  const store = await locked(folder, { journalLimit: 20_000 })
  for (let n = 0; n < 400; n++) await store.commit('m', [couple(`B${n}`, `S${n}`)])
  t.ok(existsSync(join(folder, 'm', 'marks.json')), 'before the lock is given back')
  t.ok(statSync(join(folder, 'm', 'journal.jsonl')).size < 60_000)
  const next = await locked(folder)
  t.equal(next.mapping('m').size, 400)
})

t.test('a short file follows a longer one, with letters of several bytes, and what came meanwhile stays', async (t) => {
  const folder = t.testdir()
  const store = await locked(folder, { journalLimit: 2_000 })
  const commits: Entry[][] = [
    Array.from({ length: 50 }, (_, n) => ({
      kind: 'hold' as const,
      held: { ...held(`S${n}`), number: `Ærø ${n} 🚲` },
    })),
    [{ kind: 'couple', coupling: coupling('B1', 'S1', { base: 'ß' }) }],
    ...Array.from({ length: 100 }, (_, n) => [couple(`B-ü${n}`, `S-€${n}`)]),
  ]
  for (const entries of commits) await store.commit('m', entries)
  t.ok(existsSync(join(folder, 'm', 'marks.json')), 'folded while commits went on')
  t.same(picture((await open(folder)).mapping('m')), await model(commits), 'snapshot and the rest of the journal')
  await store.close()
  t.notOk(existsSync(join(folder, 'm', 'journal.jsonl')))
  t.same(picture((await open(folder)).mapping('m')), await model(commits))
  t.ok(JSON.parse(read(folder, 'm', 'held.json')), 'plain JSON')
  t.equal(JSON.parse(read(folder, 'm', 'couplings.json')).length, 101)
})

t.test('the folder is made for Git and for its owner alone', async (t) => {
  const folder = join(t.testdir(), 'state')
  const store = await locked(folder)
  await store.commit('m', [couple('B2', 'S1'), couple('B1', 'S2'), { kind: 'hold', held: held('S9') }])
  await store.recordRun(run('r1'))
  await store.close()
  t.equal(
    read(folder, 'm', 'couplings.json'),
    [
      '[',
      '["B1","S2",{"number":"N-B1"},{"accountnumber":"N-B1"},"v1",null,"L1","aaa,bbb"],',
      '["B2","S1",{"number":"N-B2"},{"accountnumber":"N-B2"},"v1",null,"L1","aaa,bbb"]',
      ']',
      '',
    ].join('\n'),
  )
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  for (const file of files) {
    const { mode } = statSync(join(file.parentPath, file.name))
    t.equal(mode & 0o777, file.isDirectory() ? 0o700 : 0o600, file.name)
  }
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.match(read(folder, '.gitignore'), /lock-\*\.json/)
  const before = statSync(join(folder, 'm', 'couplings.json'))
  const next = await locked(folder)
  await next.commit('m', [{ kind: 'counted', side: 'sales', count: 2 }])
  await next.close()
  t.equal(
    statSync(join(folder, 'm', 'couplings.json')).ino,
    before.ino,
    'couplings that did not change stay as they are',
  )
})

t.test('opening and binding without the lock write nothing', async (t) => {
  const folder = join(t.testdir(), 'state')
  const store = await open(folder)
  await store.bind({ businessCentral: 'a', sales: 'b' })
  store.mapping('m')
  await store.close()
  t.notOk(existsSync(folder))
  await store.lock('later')
  await store.close()
  t.match(JSON.parse(read(folder, 'state.json')), { identity: { businessCentral: 'a', sales: 'b' }, format: 1 })
  await t.rejects((await open(folder)).bind({ businessCentral: 'a', sales: 'other' }), /belongs to Sales b, not other/)
})

t.test('above 20,000 couplings there are several files, and a new coupling changes one of them', async (t) => {
  const folder = t.testdir()
  let store = await locked(folder)
  const entries = Array.from({ length: 20_001 }, (_, n) => couple(`B${n}`, `S${n}`))
  await store.commit('m', entries.slice(1))
  await store.close()
  t.ok(existsSync(join(folder, 'm', 'couplings.json')))
  store = await locked(folder)
  await store.commit('m', entries.slice(0, 1))
  await store.close()
  const files = (): string[] => readdirSync(join(folder, 'm')).filter((name) => name.startsWith('couplings'))
  t.same(files().sort(), ['couplings-0.json', 'couplings-1.json'])
  const texts = files().map((name) => read(folder, 'm', name))
  store = await locked(folder)
  t.equal(store.mapping('m').size, 20_001)
  t.same(store.mapping('m').bySide('sales', 'S0'), coupling('B0', 'S0'))
  await store.commit('m', [couple('new', 'S-new')])
  await store.close()
  t.equal(files().filter((name, index) => read(folder, 'm', name) !== texts[index]).length, 1)
})

t.test('formats', async (t) => {
  t.test('format 0, plain arrays of whole couplings, is read and brought to the current format', async (t) => {
    const old = [coupling('B2', 'S2', { outside: true }), coupling('B1', 'S1')]
    const folder = t.testdir({
      'state.json': JSON.stringify({ format: 0, created: '2025-01-01T00:00:00Z' }),
      'fingerprint.key': 'abc\n',
      m: {
        'couplings.json': JSON.stringify(old, null, 2),
        'held.json': JSON.stringify([held('S7')]),
        'marks.json': JSON.stringify({ hash: 'h', layouts: { L1: ['a', 'b'] }, counted: { sales: 4 } }),
      },
    })
    const check = (store: JsonStore): void => {
      const mapping = store.mapping('m')
      t.equal(mapping.size, 2)
      t.match(mapping.bySide('sales', 'S2'), { outside: true, businessCentral: { id: 'B2', version: 'v1' } })
      t.match(mapping.held('sales', 'S7'), { kind: 'failed' })
      t.same([mapping.hash, mapping.layout('L1'), mapping.counted('sales'), store.key], ['h', ['a', 'b'], 4, 'abc'])
    }
    const reader = await open(folder)
    check(reader)
    t.match(read(folder, 'm', 'couplings.json'), /^\[\n {2}\{/, 'reading alone changes nothing')
    const writer = await locked(folder)
    check(writer)
    await writer.close()
    t.match(read(folder, 'm', 'couplings.json'), /^\[\n\["B1","S1",/)
    t.equal(JSON.parse(read(folder, 'state.json')).format, 1)
    t.equal(JSON.parse(read(folder, 'm', 'marks.json')).format, 1)
    check(await open(folder))
  })

  t.test('a newer format is refused', async (t) => {
    const folder = t.testdir({ 'state.json': JSON.stringify({ format: 2 }) })
    await t.rejects(open(folder), { name: 'StateError', message: /format 2/, remedy: /newer version/ })
    const other = t.testdir({ m: { 'marks.json': JSON.stringify({ format: 9 }) } })
    await t.rejects(open(other), { name: 'StateError', message: /format 9/ })
  })
})

t.test('the fingerprint key is made once, or given, and never taken for another', async (t) => {
  const folder = join(t.testdir(), 'made')
  const store = await locked(folder)
  await store.close()
  t.equal(read(folder, 'fingerprint.key').trim(), store.key)
  t.equal((await open(folder)).key, store.key)
  await t.rejects(open(folder, { key: 'another' }), { name: 'StateError', message: /another fingerprint key/ })
  rmSync(join(folder, 'fingerprint.key'))
  await t.rejects(open(folder), { name: 'StateError', message: /missing/, remedy: /rekey/ })

  const given = join(t.testdirName, 'given')
  await (await locked(given, { key: 'secret' })).close()
  t.notOk(existsSync(join(given, 'fingerprint.key')))
  t.notMatch(read(given, 'state.json'), /secret/)
  t.equal((await open(given, { key: 'secret' })).key, 'secret')
  await t.rejects(open(given), StateError)
})

t.test('of the runs the last thousand are kept', async (t) => {
  const folder = t.testdir({
    'runs.jsonl': Array.from({ length: 1_100 }, (_, n) => `${JSON.stringify(run(`r${n}`))}\n`).join(''),
  })
  const store = await locked(folder)
  await store.recordRun(run('last'))
  t.equal(read(folder, 'runs.jsonl').split('\n').length - 1, 1_000)
  appendFileSync(join(folder, 'runs.jsonl'), '{"run":"torn')
  t.same(
    (await store.runs(2)).map(({ run }) => run),
    ['last', 'r1099'],
  )
  await store.recordRun(run('after'))
  t.same(
    (await store.runs(2)).map(({ run }) => run),
    ['after', 'last'],
  )
  await store.close()
})

t.test('a store that is closed has let go of every file, whatever became of its folder and its lock', async (t) => {
  for (const store of opened) await store.close()
  t.same(openBelow(root), [])
})
