import { readFile, readdir, writeFile } from 'node:fs/promises'
import t from 'tap'
import type { Test } from 'tap'
import { StoppedAsking } from '../../src/cli/asker.ts'
import type { Asker } from '../../src/cli/asker.ts'
import { addressOf, answersOf } from '../../src/cli/init-answers.ts'
import { projectFiles, variablesOf } from '../../src/cli/init-files.ts'
import { writeFiles } from '../../src/cli/init-trial.ts'
import { checkProject } from '../../src/config/load.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { startPlayground } from '../../src/cli/playground.ts'
import type { Playground } from '../../src/cli/playground.ts'
import { couplet } from './world.ts'
import type { Said } from './world.ts'

const env = {
  BC_CLIENT_ID: 'couplet',
  SALES_CLIENT_ID: 'couplet',
  BC_CLIENT_SECRET: 'secret',
  SALES_CLIENT_SECRET: 'secret',
}

interface Place extends Playground {
  readonly folder: string
  /** Arguments that lead to the simulators. */
  readonly places: readonly string[]
  init(args: readonly string[], more?: Partial<Terminal>): Promise<Said>
}

async function place(t: Test): Promise<Place> {
  const playground = await startPlayground({ company: 'contoso', customers: 0, overlap: 0.5, seed: 1 })
  t.teardown(() => playground.simulator.stop())
  const folder = t.testdir({})
  const { businessCentral, sales, authority } = playground.simulator
  const places = [
    '--tenant',
    'contoso.onmicrosoft.com',
    '--bc-url',
    businessCentral.url,
    '--sales-url',
    ` ${sales.url}/ `,
    '--authority',
    authority,
  ]
  return { ...playground, folder, places, init: (args, more) => couplet(folder, ['init', ...args], { env, ...more }) }
}

const clean = (text: string): unknown => addressOf(text, 'dataverse')

t.test('X-02 an address is trimmed, gets https, loses its slash and its page; wrong ones are told', async (t) => {
  t.match(clean('contoso.crm4.dynamics.com'), { text: 'https://contoso.crm4.dynamics.com' })
  t.match(clean(' https://contoso.crm4.dynamics.com/ '), { text: 'https://contoso.crm4.dynamics.com' })
  t.match(clean('https://contoso.crm4.dynamics.com/main.aspx?appid=1'), {
    text: 'https://contoso.crm4.dynamics.com',
    note: /→/,
  })
  t.match(clean('http://contoso.crm4.dynamics.com'), { wrong: /https/ })
  t.match(clean('not an address'), { wrong: /no address/ })
})

t.test('every combination of answers gives files that are right, commented, and hold no secret (P8)', async (t) => {
  const base = {
    tenant: "o'neil: co #1",
    company: 'CRONUS: "Best" #1',
    salesUrl: 'contoso.crm4.dynamics.com',
    test: true,
  }
  for (const method of ['client-secret', 'federated', 'managed-identity'] as const)
    for (const ownership of ['person', 'team'] as const)
      for (const units of ['groups', 'single'] as const)
        for (const create of ['never', 'both'] as const) {
          const answers = answersOf({ ...base, method, ownership, units, create, localCurrency: 'GBP' })
          const files = projectFiles(answers)
          const folder = t.testdir({ 'couplet.yaml': files['couplet.yaml'] ?? '' })
          const { config, problems } = await checkProject(folder, { env, needSecrets: false })
          t.strictSame(problems, [], `${method} ${ownership} ${units} ${create}`)
          t.match(config?.settings, {
            ownership,
            unitGroups: units === 'groups',
            salesOrders: 'off',
            localCurrency: 'GBP',
          })
          t.equal(config?.connections.businessCentral.company, base.company)
        }
  const all = { ownership: 'team', units: 'single', pricing: 'legacy', create: 'both', localCurrency: 'GBP' } as const
  const played = t.testdir({})
  await writeFiles(played, projectFiles(answersOf({ ...base, ...all })))
  t.match(
    await couplet(played, 'test'),
    { code: 0, out: /3 tests passed/ },
    'the first tests pass whatever is answered',
  )
  const files = projectFiles(answersOf(base))
  t.match(files['couplet.yaml'], /^# yaml-language-server: \$schema=/)
  t.match(files['couplet.yaml'], 'clientSecret: "${env:BC_CLIENT_SECRET}"')
  t.match(files['.env.example'], /^SALES_CLIENT_SECRET=$/m)
  t.strictSame(variablesOf(answersOf({ ...base, method: 'managed-identity' })), [])
})

t.test('X-03 init tests each step by name, recommends per mapping (U-02), and writes the project', async (t) => {
  const at = await place(t)
  const { code, out, err } = await at.init(['--yes', ...at.places, '--company', at.company])
  t.equal(code, 0, err)
  for (const step of ['address', 'token', 'company', 'user', 'roles', 'privileges', 'permission', 'fields'])
    t.match(out, new RegExp(`[✓·] ${step}`), step)
  t.match(out, /customer-account .*couple first/)
  t.match(out, /couplet sync --full --recommended/)
  t.match(err, /Address of Sales: .*→/, 'what was done to the address is told')
  const written = await readdir(at.folder)
  t.strictSame(written.toSorted(), ['.env.example', '.gitignore', 'couplet.yaml', 'mappings', 'tests'])
  t.notMatch(await readFile(`${at.folder}/couplet.yaml`, 'utf8'), /: "?secret"?$/m)
  t.equal((await couplet(at.folder, 'doctor', { env })).code, 0, 'the written project works')
  t.equal((await couplet(at.folder, 'plan', { env })).code, 0)

  const tests = `${at.folder}/tests/customer-account.yaml`
  t.match(await couplet(at.folder, 'test'), { code: 0, out: /3 tests passed/ }, 'its first tests pass')
  await writeFile(tests, 'mapping: mine')

  t.equal((await at.init(['--yes', ...at.places, '--company', at.company])).code, 2, 'it overwrites nothing unasked')
  const again = await at.init(['--yes', '--force', '--json', ...at.places, '--company', at.company])
  t.match(JSON.parse(again.out), { ok: true, files: /couplet.yaml/, review: [{ mapping: 'payment-terms' }] })
  t.equal(await readFile(tests, 'utf8'), 'mapping: mine', 'tests are never overwritten')
})

t.test('what is missing or wrong is told at once, and nothing is written', async (t) => {
  const at = await place(t)
  const refused = async (
    args: readonly string[],
    code: number,
    text: RegExp,
    more?: Partial<Terminal>,
  ): Promise<void> => {
    const said = await at.init(args, more)
    t.equal(said.code, code, args.join(' '))
    t.match(said.out + said.err, text)
    t.strictSame(await readdir(at.folder), [])
  }
  await refused(['--yes'], 2, /Missing: --tenant, --company, --sales-url/)
  await refused(['--yes', ...at.places, '--company', 'x', '--sales-url', 'ftp://x'], 2, /--sales-url .*https/)
  await refused(['--yes', ...at.places, '--company', 'x', '--local-currency', 'pounds'], 2, /ISO code/)
  await refused(['--yes', ...at.places, '--company', 'x', '--bc-secret-env', 'Pa$$w0rd!'], 2, /never the secret itself/)
  await refused(
    ['--yes', ...at.places, '--company', 'Nobody Ltd.'],
    3,
    /✗ company .*no company called Nobody Ltd.[^]*Nothing was written/,
  )
  await refused(['--yes', ...at.places, '--company', at.company], 3, /✗ token/, {
    env: { ...env, SALES_CLIENT_SECRET: 'wrong' },
  })
  const literal = await at.init(['--yes', ...at.places, '--company', 'x', '--bc-secret-env', 'Pa$$w0rd!'])
  t.notMatch(literal.out + literal.err, 'Pa$$w0rd', 'a secret given by mistake is not repeated')
  const untested = await at.init(['--yes', '--no-test', ...at.places, '--company', 'Nobody Ltd.'])
  t.equal(untested.code, 0)
})

/** A person with these answers; what is not answered stays as it is offered. */
function person(answers: Readonly<Record<string, string>>, asked: string[] = []): () => Asker {
  const answer = (question: string): string | undefined => {
    asked.push(question)
    const key = Object.keys(answers).find((part) => question.includes(part))
    return key === undefined ? undefined : answers[key]
  }
  return () => ({
    text: async (question, options) => answer(question) ?? options?.usual ?? '',
    choose: async (question, choices, usual) => {
      const wanted = answer(question)
      return choices.find(({ value }) => value === wanted)?.value ?? usual ?? choices[0]?.value ?? ('' as never)
    },
    confirm: async (question, usual) => (answer(question) ?? String(usual)) === 'true',
    secret: async (question) => answer(question) ?? '',
  })
}

t.test(
  'at a terminal it asks what the arguments did not say, lists the companies, and keeps typed secrets nowhere',
  async (t) => {
    const at = await place(t)
    const asked: string[] = []
    const asker = person({ 'is not set here': 'secret', 'Who owns': 'team', 'Where are records': 'toSales' }, asked)
    const { BC_CLIENT_SECRET: _bc, SALES_CLIENT_SECRET: _sales, ...without } = env
    const said = await at.init(at.places, { env: without, asker })
    t.equal(said.code, 0, said.err)
    t.ok(asked.some((question) => question.startsWith('Company')))
    t.notOk(
      asked.some((question) => question.includes('tenant')),
      'what was given is not asked',
    )
    t.equal(asked.filter((question) => question.includes('is not set here')).length, 2, 'each secret once')
    const yaml = await readFile(`${at.folder}/couplet.yaml`, 'utf8')
    t.match(yaml, `company: ${at.company}`, 'chosen from the list')
    t.match(yaml, 'ownership: team')
    t.match(yaml, 'create: toSales')
    t.match(said.out, /Set BC_CLIENT_SECRET, SALES_CLIENT_SECRET/)
  },
)

t.test('breaking off writes nothing; a failed step is written only when the person says so', async (t) => {
  const at = await place(t)
  const stopping = (): Asker => ({
    ...person({})(),
    choose: () => Promise.reject(new StoppedAsking()),
  })
  const stopped = await at.init(at.places, { asker: stopping })
  t.equal(stopped.code, 2)
  t.match(stopped.err, /Nothing was written/)
  t.strictSame(await readdir(at.folder), [])
  const company = ['--company', 'Nobody Ltd.']
  t.equal((await at.init([...at.places, ...company], { asker: person({}) })).code, 3)
  t.strictSame(await readdir(at.folder), [])
  t.equal((await at.init([...at.places, ...company], { asker: person({ 'all the same': 'true' }) })).code, 3)
  t.ok((await readdir(at.folder)).includes('couplet.yaml'))
})
