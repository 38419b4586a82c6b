/**
 * Walks the README of `examples/contoso` from the empty repository to the first reviewed sync, as it is written there:
 * its commands in a shell, in empty folders, with a fresh checkout of the last commit and the real package. The
 * simulated services stand in for the tenant, a bare repository and the runner of the tests for GitHub, and a `gh` that
 * only notes what it is asked. Tells how long the machine took and how much is left for a person to do.
 *
 *   npx tsx scripts/first-sync.ts
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPlayground } from '../src/cli/playground.ts'
import type { Hub, JobTold } from '../test/github/actions-runner.ts'
import { runWorkflow } from '../test/github/actions-runner.ts'
import { apiOf, connected } from '../test/github/hub.ts'
import type { Written } from '../test/github/hub.ts'
import { readmeSteps, sumOf } from '../test/github/readme-steps.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const steps = readmeSteps()

const room = mkdtempSync(join(tmpdir(), 'couplet-first-sync-'))
const [remote, sync, bin, asked] = ['hub.git', 'my-sync', 'bin', 'gh.log'].map((name) => join(room, name)) as [
  string,
  string,
  string,
  string,
]
const env = {
  ...process.env,
  PATH: `${bin}:${process.env['PATH']}`,
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'Ada'],
      [`GIT_${who}_EMAIL`, 'ada@contoso.com'],
    ]),
  ),
}
const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', env }).trim()

/** Commands that `gh` was asked since the last look. */
function ghAsked(): readonly (readonly string[])[] {
  const lines = readFileSync(asked, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  writeFileSync(asked, '')
  return lines.map((line) => line.split('\t'))
}

/** Runs a block as a person pastes it. */
function paste(block: string, cwd: string): void {
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', block], {
    cwd,
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`these commands of the README failed:\n${block}\n${stdout}\n${stderr}`)
}

function prepared(): void {
  for (const folder of [remote, bin]) mkdirSync(folder)
  git(remote, 'init', '--quiet', '--bare', '--initial-branch=main')
  git(room, 'clone', '--quiet', project, 'couplet')
  git(room, 'clone', '--quiet', remote, sync)
  writeFileSync(asked, '')
  writeFileSync(join(bin, 'gh'), `#!/bin/bash\n(IFS=$'\\t'; echo "$*") >> ${asked}\n`, { mode: 0o755 })
}

const playground = await startPlayground({ company: 'cronus', customers: 200, overlap: 0, seed: 1 })
const written: Written = { comments: [], issues: [] }
const vars: Record<string, Record<string, string>> = {}
const secrets: Record<string, Record<string, string>> = {}
const hub: Hub = {
  remote,
  room,
  vars,
  secrets,
  tokenUrl: `${playground.simulator.authority}/github/token?api-version=2.0`,
  bin,
  api: apiOf(written),
}

/** A first sync leaves records for a person to decide about, and is marked as failed for that. */
const onlyWaits = /^Done, but \d+ records wait/m

/** Milliseconds on runners so far. */
let onRunners = 0
let jobs = 0
async function workflow(file: string, event: Parameters<typeof runWorkflow>[2]): Promise<readonly JobTold[]> {
  const began = Date.now()
  const told = await runWorkflow(hub, file, event)
  onRunners += Date.now() - began
  jobs += told.filter(({ result }) => result !== 'skipped').length
  for (const { job, result, steps: done } of told)
    if (result === 'failure' && !done.some(({ log }) => onlyWaits.test(log)))
      throw new Error(
        `${file}: ${job} failed\n${done.map(({ name, outcome, log }) => `── ${name}: ${outcome}\n${log}`).join('\n')}`,
      )
  return told
}

/** What GitHub does when it is asked. */
async function github(words: readonly string[]): Promise<void> {
  const [what, verb, name = ''] = words
  const option = (key: string): string => (words.includes(key) ? (words[words.indexOf(key) + 1] ?? '') : '')
  if (verb === 'set') {
    const all = what === 'secret' ? secrets : vars
    all[option('--env')] = { ...all[option('--env')], [name]: option('--body') }
  } else if (what === 'pr' && verb === 'create') await review(git(remote, 'rev-parse', 'first'))
  else if (what === 'pr' && verb === 'merge') git(remote, 'update-ref', 'refs/heads/main', 'refs/pull/1/merge')
  else if (what === 'workflow') await workflow(name, { name: 'workflow_dispatch', ref: 'main' })
  else throw new Error(`what is gh ${words.join(' ')}?`)
}

async function review(head: string): Promise<void> {
  const base = git(remote, 'rev-parse', 'main')
  const merge = git(remote, 'commit-tree', `${head}^{tree}`, '-p', base, '-p', head, '-m', 'Merge')
  git(remote, 'update-ref', 'refs/pull/1/merge', merge)
  const request = { number: 1, base: { ref: 'main', sha: base }, head: { repo: { full_name: 'contoso/sync' } } }
  for (const name of ['pull_request', 'pull_request_target'])
    await workflow('review.yml', { name, ref: head, payload: { pull_request: request } })
}

/** The names that a person types: here those of the simulated services. */
function typeNames(): void {
  const path = join(sync, 'couplet.yaml')
  writeFileSync(path, connected(readFileSync(path, 'utf8'), playground))
}

const say = (line: string): unknown => process.stdout.write(`${line}\n`)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`
let onDesk = 0
try {
  prepared()
  const before = playground.simulator.sales.rows('accounts').length
  for (const { title, blocks, lines, byHand } of steps) {
    if (title.startsWith('2')) typeNames()
    let ms = 0
    for (const block of blocks) {
      const began = Date.now()
      paste(block, title.startsWith('1') ? room : sync)
      ms += Date.now() - began
      for (const words of ghAsked()) await github(words)
    }
    onDesk += ms
    say(`${title.padEnd(28)} ${seconds(ms).padStart(6)}   ${lines} lines to paste, ${byHand} things to do by hand`)
  }
  const [comment] = written.comments
  const accounts = playground.simulator.sales.rows('accounts').length - before
  if (comment === undefined || !comment.body.includes('customer-account'))
    throw new Error('no comment with a plan came')
  if (accounts < 200) throw new Error(`only ${accounts} accounts were created`)
  say(
    `\nFirst reviewed sync: ${accounts} accounts. At the desk ${seconds(onDesk)}, on runners ${seconds(onRunners)} (${jobs} jobs); ${sumOf(steps, 'lines')} lines to paste, ${sumOf(steps, 'byHand')} things to do by hand.`,
  )
} finally {
  await playground.simulator.stop()
  rmSync(room, { recursive: true, force: true })
}
