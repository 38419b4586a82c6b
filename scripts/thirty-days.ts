/**
 * What a state branch costs in thirty days: the growth of the repository, and the minutes of GitHub Actions. Measured on
 * this machine with the real push, a bare repository packed as GitHub packs it, and the timetables of `examples/contoso`.
 *
 *   npx tsx scripts/thirty-days.ts --pairs 10000 --edited 40
 *
 * A working day here has `edited` runs that move something (five pairs each) and quiet ones that are kept every six
 * hours. One day is pushed after a first push of everything; its growth, times 22, and that of the quiet pushes, times
 * 30, are the month's.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { parse } from 'yaml'
import { startPlayground, writePlaygroundProject } from '../src/cli/playground.ts'
import { systemClock } from '../src/clock.ts'
import type { Coupling } from '../src/core/coupling.ts'
import { gitIn } from '../src/store/git.ts'
import { openJsonStore } from '../src/store/json-store.ts'
import { replaceRuns } from '../src/store/run-log.ts'
import { pushState } from '../src/store/state-branch.ts'
import type { RunSummary } from '../src/store/store.ts'

const { values } = parseArgs({ options: { pairs: { type: 'string' }, edited: { type: 'string' } } })
const pairs = Number(values.pairs ?? 10_000)
const edited = Number(values.edited ?? 40)
const workingDays = 22
const quietADay = 4

const room = mkdtempSync(join(tmpdir(), 'couplet-thirty-days-'))
const [remote, checkout] = [join(room, 'remote'), join(room, 'checkout')]
const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()

/** As different from each other as real fingerprints are. */
const random = (length: number): string =>
  Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz0123456789'[Math.floor(Math.random() * 36)]).join('')
const pair = (id: string): Coupling => ({
  businessCentral: { id, keys: { number: id.slice(0, 6) }, version: random(11) },
  sales: { id: random(36), keys: {}, version: random(11) },
  layout: 'CsL_vT',
  base: Array.from({ length: 21 }, () => random(11)).join(','),
})
const run = (): RunSummary => {
  const mapping = { mapping: 'customer-account', created: 0, updated: 5, deleted: 0, coupled: 0, uncoupled: 0 }
  const rest = { unchanged: 9, held: 0, failed: 0, requests: 6, ms: 900 + Math.floor(Math.random() * 900) }
  const at = new Date().toISOString()
  return {
    run: `run-${random(16)}`,
    startedAt: at,
    endedAt: at,
    ok: true,
    bytes: Math.floor(Math.random() * 90_000),
    mappings: (['toSales', 'toBusinessCentral'] as const).map((direction) => ({ ...mapping, direction, ...rest })),
  }
}

/** Bytes of the repository after Git has packed it. */
function packed(): number {
  // One thread: each would begin with a whole copy of its own.
  git('-C', remote, '-c', 'pack.threads=1', 'repack', '-a', '-d', '-f', '-q')
  const size = /size-pack: (\d+)/.exec(git('-C', remote, 'count-objects', '-v'))?.[1]
  return Number(size) * 1024
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Runs that a timetable starts in thirty days, of `minute hour * * *`. */
function runsOf(cron: string): number {
  const [minutes = '', hours = ''] = cron.split(' ')
  return minutes.split(',').length * (hours === '*' ? 24 : hours.split(',').length) * 30
}

const cronsOf = (file: string): readonly string[] => {
  const path = new URL(`../examples/contoso/.github/workflows/${file}`, import.meta.url)
  const { on } = parse(readFileSync(path, 'utf8')) as { on: { schedule: readonly { cron: string }[] } }
  return on.schedule.map(({ cron }) => cron)
}

/** Seconds of a job's five commands when there is nothing to do: processes of their own, as on a runner. */
async function quietJobSeconds(): Promise<number> {
  const playground = await startPlayground({ company: 'contoso', customers: 0, overlap: 0, seed: 1 })
  const folder = join(room, 'project')
  await writePlaygroundProject(
    folder,
    playground,
    'state: { key: "${env:KEY}" }\nlimits: { creates: "10000", updates: "100 %" }\n',
  )
  git('init', '--quiet', folder)
  git('-C', folder, 'remote', 'add', 'origin', remote)
  const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
  let began = 0
  for (let job = 0; job < 3; job++) {
    began = Date.now()
    for (const command of ['state lock', 'state pull', 'sync --due', 'state push', 'state unlock']) {
      const branch = command.startsWith('state') ? ['--branch', 'quiet'] : []
      const args = [program, '--project', folder, ...command.split(' '), ...branch]
      // Some records wait in the demo company: exit code 1.
      await promisify(execFile)(process.execPath, args, { env: { ...process.env, KEY: 'key' } }).catch(
        (error: { code?: number }) => {
          if (error.code !== 1) throw error
        },
      )
    }
  }
  await playground.simulator.stop()
  return (Date.now() - began) / 1000
}

try {
  git('init', '--quiet', '--bare', remote)
  git('init', '--quiet', checkout)
  git('-C', checkout, 'remote', 'add', 'origin', remote)
  const folder = join(checkout, '.couplet')
  const key = random(32)
  const at = {
    git: gitIn({ folder: checkout, env: process.env }),
    remote: 'origin',
    branch: 'couplet-state',
    folder,
    key,
    clock: systemClock,
  }
  const work = async (couplings: readonly Coupling[]): Promise<void> => {
    const store = await openJsonStore({ folder, clock: systemClock, key })
    await store.lock('work')
    const stamp = { kind: 'stamp', at: new Date().toISOString() } as const
    await store.commit('customer-account', [
      ...couplings.map((coupling) => ({ kind: 'couple', coupling }) as const),
      { kind: 'watermark', name: 'businessCentral', watermark: stamp },
    ])
    await store.recordRun(run())
    await store.close()
  }
  const options = { quietEveryMs: 0, trailers: [], random: Math.random }
  const all = Array.from({ length: pairs }, () => pair(random(36)))
  await work(all)
  await replaceRuns(folder, Array.from({ length: 1000 }, run))
  await pushState(at, options)
  const first = packed()
  const began = Date.now()
  for (let each = 0; each < edited; each++) {
    const some = Array.from({ length: 5 }, () => all[Math.floor(Math.random() * pairs)] as Coupling)
    await work(some.map((known) => ({ ...pair(known.businessCentral.id), sales: known.sales })))
    await pushState(at, options)
  }
  const pushMs = (Date.now() - began) / edited
  const day = packed()
  for (let each = 0; each < quietADay; each++) {
    await work([])
    await pushState(at, options)
  }
  const quiet = packed()
  const month = (day - first) * workingDays + (quiet - day) * 30
  const [syncs, drifts] = ['sync.yml', 'drift.yml'].map((file) =>
    cronsOf(file).reduce((sum, one) => sum + runsOf(one), 0),
  )
  process.stdout.write(
    [
      `| ${pairs.toLocaleString('en')} pairs, ${edited} runs a working day that move something | |`,
      '| --- | --: |',
      `| the branch after its first push | ${megabytes(first)} |`,
      `| each push that moves five pairs | ${((day - first) / edited / 1000).toFixed(1)} kB, ${(pushMs / 1000).toFixed(1)} s with its work |`,
      `| each quiet push | ${((quiet - day) / quietADay / 1000).toFixed(1)} kB |`,
      `| commits in thirty days | ${(edited * workingDays + quietADay * 30).toLocaleString('en')} |`,
      `| growth in thirty days | ${megabytes(month)} |`,
      `| jobs in thirty days, one target: sync + drift | ${syncs?.toLocaleString('en')} + ${drifts} |`,
      `| Couplet's part of a job with nothing to do | ${(await quietJobSeconds()).toFixed(0)} s |`,
      '',
    ].join('\n'),
  )
} finally {
  rmSync(room, { recursive: true, force: true })
}
