/** Runners that share a state branch: each a checkout of its own, of one bare repository on the disk. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Terminal } from '../../src/cli/terminal.ts'
import { systemClock } from '../../src/clock.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import type { JsonStore } from '../../src/store/json-store.ts'
import { couplet } from '../cli/world.ts'
import type { Said } from '../cli/world.ts'

const project = `connections:
  businessCentral:
    { kind: business-central, tenant: t, company: CRONUS, auth: { method: client-secret, clientId: c, clientSecret: "\${env:BC_SECRET}" } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: federated, tenant: t, clientId: c } }
state: { key: "\${env:COUPLET_STATE_KEY}" }
`
export const key = 'a long random text'

/** Git as a person would call it; nothing of the machine's own settings counts. */
export function git(folder: string, ...words: readonly (string | { readonly input: string })[]): string {
  const args = words.filter((word) => typeof word === 'string')
  const input = words.find((word) => typeof word !== 'string')?.input ?? ''
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@contoso.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@contoso.com',
  }
  return execFileSync('git', ['-C', folder, ...args], { env, encoding: 'utf8', input, stdio: 'pipe' }).trim()
}

export interface Runner {
  readonly folder: string
  /** `couplet state …` */
  state(args: string, more?: Partial<Terminal>): Promise<Said>
  /** Works on the state as a run does: under its lock. */
  work(work: (store: JsonStore) => Promise<void>): Promise<void>
}

export interface Origin {
  /** The bare repository. */
  readonly remote: string
  /** A fresh checkout, as a new runner has it. */
  readonly runner: (name: string) => Runner
  readonly log: (format: string, branch?: string) => string
}

/** A repository with a project in it. */
export function origin(t: Test): Origin {
  const room = t.testdir({ remote: {} })
  const remote = join(room, 'remote')
  git(remote, 'init', '--quiet', '--bare', '--initial-branch=main')
  const runner = (name: string): Runner => {
    const folder = join(room, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'couplet.yaml'), project)
    git(folder, 'init', '--quiet', '--initial-branch=main')
    git(folder, 'remote', 'add', 'origin', remote)
    return {
      folder,
      state: (args, more = {}) =>
        couplet(folder, `state ${args}`, { env: { PATH: process.env['PATH'], COUPLET_STATE_KEY: key }, ...more }),
      work: async (work) => {
        const store = await openJsonStore({ folder: join(folder, '.couplet'), clock: systemClock, key })
        await store.lock('work')
        try {
          await work(store)
        } finally {
          await store.close()
        }
      },
    }
  }
  return {
    remote,
    runner,
    log: (format, branch = 'couplet-state') => git(remote, 'log', `--format=${format}`, branch),
  }
}
