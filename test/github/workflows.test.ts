/** The workflows as GitHub reads them: pinned, with the least rights, and without a word of a stranger in a script. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { checkProject } from '../../src/config/load.ts'
import type { Job, Step, Workflow } from './actions-runner.ts'
import { readme, readmeSteps, sumOf } from './readme-steps.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = join(root, 'examples', 'contoso')
const folder = join(example, '.github', 'workflows')
const actionFile = '.github/actions/couplet/action.yml'
const read = (path: string): string => readFileSync(path, 'utf8')
const workflows = readdirSync(folder).map((name) => ({ name, text: read(join(folder, name)) }))
const action = parse(read(join(root, actionFile))) as { runs: { steps: readonly Step[] } }
const jobs: readonly (readonly [string, Job])[] = workflows.flatMap(({ name, text }) =>
  Object.entries((parse(text) as Workflow).jobs).map(([job, one]) => [`${name} ${job}`, one] as const),
)
const steps: readonly (readonly [string, Step])[] = [
  ...jobs.flatMap(([name, job]) => job.steps.map((step) => [name, step] as const)),
  ...action.runs.steps.map((step) => ['action.yml', step] as const),
]

const jobOf = (name: string): Job => {
  const found = jobs.find(([each]) => each === name)
  if (found === undefined) throw new Error(`there is no job ${name}`)
  return found[1]
}

t.test('every action is pinned by its hash, with its version beside it', (t) => {
  for (const [name, { uses }] of steps)
    if (uses !== undefined) t.match(uses, /^(\.\/\.github\/actions\/couplet|actions\/[a-z-]+@[0-9a-f]{40})$/, name)
  const pins = [...workflows.map(({ text }) => text), read(join(root, actionFile))].flatMap((text) => [
    ...text.matchAll(/uses: actions\/(.*)$/gm),
  ])
  t.ok(pins.length > 10)
  const one = new Map<string, string>()
  for (const [, pin = ''] of pins) {
    t.match(pin, /^[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    const [action = ''] = pin.split('@')
    t.equal(one.get(action) ?? pin, pin, 'the same everywhere')
    one.set(action, pin)
  }
  t.end()
})

t.test('no script holds an expression: what strangers write goes through the environment', (t) => {
  for (const [name, { run, with: given = {}, uses = '' }] of steps) {
    t.notMatch(run ?? '', '${{', name)
    if (uses.includes('github-script')) t.notMatch(String(given['script']), '${{', name)
  }
  t.end()
})

t.test('every job has the rights that it needs, and no other', (t) => {
  for (const { name, text } of workflows) t.same((parse(text) as Workflow).permissions, {}, `${name}: none by default`)
  t.same(Object.fromEntries(jobs.map(([name, { permissions }]) => [name, permissions])), {
    'drift.yml audit': { contents: 'read', 'id-token': 'write', issues: 'write' },
    'review.yml check': { contents: 'read' },
    'review.yml comment': { contents: 'read', 'pull-requests': 'write' },
    'review.yml plan': { contents: 'read', 'id-token': 'write' },
    'sync.yml sync': { contents: 'write', 'id-token': 'write' },
  })
  t.end()
})

t.test('P8 what a pull request brings is never run where something may log in or write', (t) => {
  const plan = jobOf('review.yml plan')
  t.match(plan.if, /head\.repo\.full_name == github\.repository/, 'no fork logs in')
  t.equal(plan.environment, 'review')
  for (const name of ['review.yml plan', 'review.yml comment']) {
    const job = jobOf(name)
    t.match(job.if, /github\.event_name == 'pull_request_target'/, name)
    const [checkout] = job.steps
    t.equal(checkout?.with?.['ref'], '${{ github.event.pull_request.base.sha }}', `${name}: the base branch’s action`)
    const fetched = job.steps.filter(({ run = '' }) => run.includes('refs/pull/'))
    t.equal(fetched.length, 1)
    t.match(fetched[0]?.run, /-c core\.symlinks=false worktree add/, 'as data, without symbolic links')
    for (const { run = '' } of job.steps) t.notMatch(run, /npm |head\/(?!$)|(?:ba)?sh head/, 'nothing of it is run')
  }
  const check = jobOf('review.yml check')
  t.match(check.if, /github\.event_name == 'pull_request'$/)
  t.same(check.steps[0]?.with, { 'persist-credentials': false })
  t.notMatch(JSON.stringify(check), /secrets\.|vars\./)
  t.end()
})

t.test('never two syncs at once, one target after the other, and none without an end', (t) => {
  const sync = parse(read(join(folder, 'sync.yml'))) as Workflow
  t.same(sync.concurrency, { group: 'sync', 'cancel-in-progress': false })
  t.match(sync.jobs['sync']?.strategy, { 'max-parallel': 1, 'fail-fast': false })
  for (const [name, job] of jobs) t.ok((job as { 'timeout-minutes'?: number })['timeout-minutes'], name)
  t.notMatch(JSON.stringify(sync), /secrets\.(?!COUPLET_STATE_KEY)/, 'no password is stored')
  t.end()
})

t.test('the example has the action as it stands here, and is right for every target', async (t) => {
  t.equal(read(join(example, actionFile)), read(join(root, actionFile)))
  for (const target of [undefined, 'sandbox', 'production']) {
    const { problems } = await checkProject(example, {
      env: {},
      needSecrets: false,
      ...(target !== undefined && { target }),
    })
    t.same(problems, [], target ?? 'none')
  }
  const { version } = JSON.parse(read(join(root, 'package.json'))) as { version: string }
  t.match(JSON.parse(read(join(example, 'package.json'))), { dependencies: { couplet: version } })
})

t.test('the README tells how many lines it wants pasted, and how much it leaves to do by hand', (t) => {
  const walked = readmeSteps()
  t.equal(walked.length, 5)
  t.match(readme, `pastes ${sumOf(walked, 'lines')} lines and does ${sumOf(walked, 'byHand')} things`)
  t.end()
})
