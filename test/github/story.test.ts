import t from 'tap'
import type { JobTold, StepTold } from './actions-runner.ts'
import { contosoHub } from './hub.ts'
import { git } from './runners.ts'
import { proved } from '../proof.ts'

const stepOf = (jobs: readonly JobTold[], name: string): StepTold | undefined =>
  jobs.flatMap(({ steps }) => steps).find((step) => step.name === name)
const resultsOf = (jobs: readonly JobTold[]): Readonly<Record<string, string>> =>
  Object.fromEntries(jobs.map(({ job, result }) => [job, result]))

t.test('a repository made from examples/contoso', async (t) => {
  const hub = await contosoHub(t, 12)
  const { sales, businessCentral, faults } = hub.simulator
  const log = (format: string): readonly string[] =>
    git(hub.remote, 'log', `--format=${format}`, 'couplet-state-sandbox').split('\n')
  const settled = async (): Promise<StepTold | undefined> => {
    // A day later everything is due again; here the jobs are told so.
    const jobs = await hub.run('sync.yml', { name: 'workflow_dispatch', payload: { inputs: { command: 'sync' } } })
    return stepOf(jobs, 'Run the command')
  }
  /** Nothing is made twice, and every customer has its account. */
  const inStep = (t: Tap.Test): void => {}
  const names = (): readonly unknown[] => sales.rows('accounts').map(({ name }) => name)

  await t.test('the scheduled workflow logs in without a stored password and keeps the state on its branch', async (t) => {
    const jobs = await hub.run('sync.yml')
    for (const job of jobs) for (const step of job.steps) console.error(step.name, step.outcome, step.ms)
    console.error(stepOf(jobs, 'Run the command')?.log)
  })
})
