/**
 * P7: state and plans edited by hand, or by a merge that went wrong: each edit is refused with the file's name and what
 * to do, or changes nothing; never a stack, never another state without a word.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import { readPlanFile } from '../src/cli/plan-file.ts'
import { readReplacementFile } from '../src/cli/replace.ts'
import { UsageError } from '../src/cli/usage-error.ts'
import { systemClock } from '../src/clock.ts'
import { StateError } from '../src/errors.ts'
import { appendJob, readJobs } from '../src/store/job-log.ts'
import { openJsonStore } from '../src/store/json-store.ts'
import { appendRun, readRuns } from '../src/store/run-log.ts'
import type { Entry } from '../src/store/store.ts'
import { verifyState } from '../src/store/verify.ts'
import { cliWorld } from './cli/world.ts'
import { couple, held, run } from './contract/store.ts'
import { proved } from './proof.ts'

interface Edit {
  readonly what: string
  readonly text: string
}

const wrong: readonly unknown[] = [null, true, 5, -1, '', 'x', [], {}, [null], { __proto__: 1 }]

/** Every place inside a value. */
function* placesIn(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    yield [...path, key]
    yield* placesIn(inner, [...path, key])
  }
}

function changed(
  value: unknown,
  path: readonly string[],
  change: (holder: Record<string, unknown>, key: string) => void,
): string {
  const copy = structuredClone(value)
  let holder = copy as Record<string, unknown>
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string, unknown>
  change(holder, path.at(-1) ?? '')
  return JSON.stringify(copy)
}

/** Values of a JSON text taken out or replaced; none where it is none. */
function* editsOfJson(text: string): Generator<Edit> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return
  }
  for (const path of placesIn(value)) {
    yield { what: `${path.join('.')} removed`, text: changed(value, path, (holder, key) => void delete holder[key]) }
    for (const instead of wrong)
      yield {
        what: `${path.join('.')} is ${JSON.stringify(instead)}`,
        text: changed(value, path, (holder, key) => (holder[key] = instead)),
      }
  }
  for (const instead of wrong) yield { what: `is ${JSON.stringify(instead)}`, text: JSON.stringify(instead) }
}

/** What editors, merges and people do to a file. */
function* editsOf(text: string, name: string): Generator<Edit> {
  const lines = text.split('\n')
  const withLines = (from: number, count: number, ...put: readonly string[]): string =>
    [...lines.slice(0, from), ...put, ...lines.slice(from + count)].join('\n')
  yield { what: 'emptied', text: '' }
  yield { what: 'with a byte order mark', text: `\uFEFF${text}` }
  yield { what: 'with CRLF', text: text.replaceAll('\n', '\r\n') }
  yield { what: 'without its last line break', text: text.trimEnd() }
  yield { what: 'cut', text: text.slice(0, text.length / 2) }
  yield { what: 'twice', text: text + text }
  yield { what: 'with words behind', text: `${text}# checked by Ann\n` }
  yield { what: 'a merge that broke', text: `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> main\n` }
  for (const [at, line] of lines.entries()) {
    if (line === '') continue
    yield { what: `line ${at} removed`, text: withLines(at, 1) }
    yield { what: `line ${at} twice`, text: withLines(at, 1, line, line) }
    yield { what: `line ${at} behind the next`, text: withLines(at, 2, lines[at + 1] ?? '', line) }
    yield {
      what: `line ${at} in conflict`,
      text: withLines(at, 1, '<<<<<<< HEAD', line, '=======', line, '>>>>>>> main'),
    }
    if (name.endsWith('.jsonl'))
      for (const edit of editsOfJson(line))
        yield { what: `line ${at}: ${edit.what}`, text: withLines(at, 1, edit.text) }
  }
  if (name.endsWith('.json')) yield* editsOfJson(text)
}

/** All that a state says. */
async function pictureOf(folder: string): Promise<unknown> {
  const store = await openJsonStore({ folder, clock: systemClock })
  const content = store.mappings().map((name) => [name, store.content(name)])
  return JSON.parse(JSON.stringify({ identity: store.identity, key: store.key, content }))
}

const identity = { businessCentral: 'contoso CRONUS', sales: 'contoso org' }

/** A state with two pairs in its snapshot, one more in its journal, and a record that waits. */
async function smallState(t: Pick<Test, 'teardown'>, folder: string): Promise<void> {
  const store = await openJsonStore({ folder, clock: systemClock })
  await store.lock('run-1')
  await store.bind(identity)
  const watermark = { kind: 'delta', link: 'https://sales.example/delta/7' } as const
  const first: readonly Entry[] = [
    couple('B1', 'S1'),
    couple('B2', 'S2'),
    { kind: 'watermark', name: 'sales', watermark },
    { kind: 'hold', held: held('B9') },
  ]
  await store.commit('m', first)
  await store.replace('m', store.content('m'))
  await store.commit('m', [couple('B3', 'S3')])
  // Not closed before the end: closing folds the journal into the snapshot.
  t.teardown(() => store.close())
}

/** What is wrong with how an edited state is read; undefined where all is well. */
async function amiss(folder: string, file: string, before: unknown): Promise<string | undefined> {
  try {
    const found = await pictureOf(folder)
    if (isDeepStrictEqual(found, before)) return undefined
    if ((await verifyState(folder)).length > 0) return undefined
    // Other services than those of the next run: refused when it says who they are.
    const store = await openJsonStore({ folder, clock: systemClock })
    const isUnbound = store.identity === undefined || store.identity === null
    if (!isUnbound) await store.bind(identity)
    return isUnbound ? 'belongs to nobody' : 'another state'
  } catch (error) {
    if (!(error instanceof StateError)) return error instanceof Error ? error.stack : String(error)
    const isNamed = error.message.includes(basename(file)) || error.message.includes(folder)
    return isNamed && error.remedy !== '' ? undefined : `told so: ${error.message} ${error.remedy}`
  }
}

t.test('P7 a state edited by hand is refused with its file and a remedy, or is the same state', async (t) => {
  const folder = join(t.testdir(), 'state')
  await smallState(t, folder)
  const before = await pictureOf(folder)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((one) => one.isFile() && one.name !== '.gitignore')
    .map((one) => join(one.parentPath, one.name))
  const bad: string[] = []
  let tried = 0
  for (const file of files) {
    const text = await readFile(file, 'utf8')
    for (const edit of editsOf(text, file)) {
      if (edit.text === text || belongsToNobody.test(edit.what)) continue
      await writeFile(file, edit.text)
      tried += 1
      const found = await amiss(folder, file, before)
      if (found !== undefined) bad.push(`${file.slice(folder.length)}: ${edit.what}: ${found}`)
    }
    await writeFile(file, text)
  }
  t.same(
    files
      .map((file) => basename(file))
      .filter((name) => !name.startsWith('lock'))
      .toSorted(),
    ['couplings.json', 'fingerprint.key', 'held.json', 'journal.jsonl', 'marks.json', 'state.json'],
  )
  t.same(bad.slice(0, 10), [], `${bad.length} of ${tried}`)
  proved('hostile input', { 'edits of state and plans': tried }, bad.length)
})

/** A state that has met no services yet says so in these words: by hand it is told to forget them. */
const belongsToNobody = /^identity is null$/

t.test('P7 lists of runs and jobs edited by hand lose the lines that are none', async (t) => {
  const folder = t.testdir()
  const counts = { created: 1, updated: 0, deleted: 0, coupled: 0, uncoupled: 0, unchanged: 2, held: 1, failed: 0 }
  const problem = { mapping: 'm', side: 'sales', id: 'S1', kind: 'failed', message: 'refused', remedy: 'look' } as const
  const summary = { mapping: 'm', direction: 'toSales', ...counts, requests: 3, ms: 4 } as const
  for (const id of ['one', 'two'])
    await appendRun(folder, { ...run(id), full: { unfinished: ['m'] }, mappings: [summary], problems: [problem] })
  for (const job of ['a', 'b'])
    await appendJob(folder, {
      job,
      status: 'onHold',
      nextStart: '2026-01-02T03:04:05.000Z',
      attempts: 2,
      fault: 'other',
      reason: 'x',
    })
  const bad: string[] = []
  let tried = 0
  /** Does with all members what commands do; throws where one is missing or of another kind. */
  const looks: Readonly<Record<string, () => Promise<unknown>>> = {
    'runs.jsonl': async () =>
      (await readRuns(folder, 9)).map((one) => [
        new Date(one.endedAt).toISOString(),
        new Date(one.startedAt).toISOString(),
        one.run.trim(),
        one.full?.unfinished.map((name) => name.trim()),
        one.mappings.map(({ mapping, direction, created, held, ms }) => [
          mapping.trim(),
          direction.trim(),
          created.toFixed(),
          held.toFixed(),
          ms.toFixed(),
        ]),
        one.problems?.map(({ mapping, message, remedy, side, kind }) =>
          [mapping, message, remedy, side, kind].map((each) => each.trim()),
        ),
      ]),
    'jobs.jsonl': async () =>
      [...(await readJobs(folder)).values()].map((one) => [
        one.job.trim(),
        one.status.trim(),
        one.nextStart === '' ? '' : new Date(one.nextStart).toISOString(),
        one.attempts.toFixed(),
        one.reason?.trim(),
        one.fault?.trim(),
      ]),
  }
  for (const [name, look] of Object.entries(looks)) {
    const text = await readFile(join(folder, name), 'utf8')
    t.equal(((await look()) as readonly unknown[]).length, 2)
    for (const edit of editsOf(text, name)) {
      await writeFile(join(folder, name), edit.text)
      tried += 1
      await look().catch((error: unknown) => bad.push(`${name}: ${edit.what}: ${String(error)}`))
    }
    await writeFile(join(folder, name), text)
  }
  t.same(bad.slice(0, 5), [], `${bad.length} of ${tried}`)
  proved('hostile input', { 'edits of state and plans': tried }, bad.length)
})

/** A whole plan has a hundred thousand places. */
function* first(most: number, edits: Iterable<Edit>): Generator<Edit> {
  let count = 0
  for (const edit of edits) {
    if (count++ >= most) return
    yield edit
  }
}

/** Tries edits of a saved plan; says how many were tried and which were taken for right. */
function triedOn(text: string, read: (text: string) => unknown): { readonly tried: number; readonly bad: string[] } {
  const plan = read(text)
  const bad: string[] = []
  let tried = 0
  for (const edit of [...first(300, editsOf(text, 'plan.txt')), ...first(600, editsOfJson(text))]) {
    tried += 1
    try {
      if (!isDeepStrictEqual(read(edit.text), plan)) bad.push(`${edit.what}: taken for right`)
    } catch (error) {
      if (!(error instanceof UsageError) || !error.message.includes('plan.json'))
        bad.push(`${edit.what}: ${String(error)}`)
    }
  }
  return { tried, bad }
}

t.test('P6 a saved plan edited by hand is refused, or is the same plan', async (t) => {
  const w = await cliWorld(t, 'mappings: [currency]\n', { overlap: 0 })
  await w.run('plan currency --out plan.json')
  const text = await readFile(join(w.folder, 'plan.json'), 'utf8')
  t.ok(readPlanFile(text, 'plan.json').operations.length > 0)
  const { tried, bad } = triedOn(text, (edited) => readPlanFile(edited, 'plan.json'))
  t.same(bad.slice(0, 10), [], `${bad.length} of ${tried}`)
  const edited = text.replace('"operations"', '"operation"')
  await writeFile(join(w.folder, 'plan.json'), edited)
  const { code, err } = await w.run('apply plan.json')
  t.equal(code, 2)
  t.match(err, /plan\.json[^]*couplet plan --out/)
  proved('hostile input', { 'edits of state and plans': tried }, bad.length)
})

const replaceable = `mapping: customer
direction: toSales
create: toSales
businessCentral: { entity: customers, keys: [number] }
sales: { entity: accounts }
match:
  - { businessCentral: [number], sales: [accountnumber] }
fields:
  number: { businessCentral: number, sales: accountnumber }
  name: { businessCentral: displayName, sales: name }
  city: { businessCentral: city, sales: address1_city, on: create }
replace:
  rows: [city]
  aside: { accountnumber: accountnumber & ' old', statecode: '1' }
`

t.test('P6 a saved plan of replacements edited by hand is refused, and nothing is set aside', async (t) => {
  const files = { 'customer.yaml': replaceable }
  const w = await cliWorld(t, 'mappings: [customer]\n', { company: 'empty', files })
  const { businessCentral, sales } = w.simulator
  for (const number of ['K1', 'K2']) businessCentral.create('customers', { number, displayName: number, city: 'Bath' })
  t.equal((await w.run('sync')).code, 0)
  for (const number of ['K1', 'K2']) businessCentral.edit('customers', number, { city: 'Rome' })
  t.equal((await w.run('replace plan --out plan.json')).code, 0)
  const text = await readFile(join(w.folder, 'plan.json'), 'utf8')
  t.equal(readReplacementFile(text, 'plan.json').replacements.length, 2)
  const { tried, bad } = triedOn(text, (edited) => readReplacementFile(edited, 'plan.json'))
  t.same(bad.slice(0, 10), [], `${bad.length} of ${tried}`)
  const plan = JSON.parse(text) as { replacements: unknown[] }
  await writeFile(join(w.folder, 'plan.json'), JSON.stringify({ ...plan, replacements: plan.replacements.slice(1) }))
  const aside = (): number => sales.rows('accounts').filter(({ statecode }) => statecode === 1).length
  const { code, err } = await w.run('replace apply plan.json')
  t.equal(code, 2)
  t.match(err, /plan\.json is not as it was saved[^]*couplet replace plan --out/)
  t.equal(aside(), 0)
  await writeFile(join(w.folder, 'plan.json'), text)
  t.equal((await w.run('replace apply plan.json --accept customer.sales.deletes=2')).code, 0)
  t.equal(aside(), 2, 'as it was saved it is done')
  proved('hostile input', { 'edits of state and plans': tried }, bad.length)
})
