/**
 * P1, P7: a disk that is full, locked or read-only, at each thing that a run asks of it: the run says so or does without,
 * and when there is room again, the next ends where the undisturbed one would have.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { endingOf, exits } from '../../src/cli/exit.ts'
import { LockedError, StateError } from '../../src/errors.ts'
import { plain } from '../../src/report/paint.ts'
import { type JsonStore, openJsonStore } from '../../src/store/json-store.ts'
import type { PortableStore } from '../../src/store/mapping-content.ts'
import { writesMade } from '../engine/stage.ts'
import { proved } from '../proof.ts'
import { RefusingFiles, type Refusal } from '../store/refusing-files.ts'
import { Runner, comparable } from './kill.ts'
import { scenarios } from './scenarios.ts'

/** A disk that stays full, one that has room again at once, a file that is locked for a moment, a disk mounted read-only. */
const refusals = [
  { code: 'ENOSPC', forGood: true },
  { code: 'ENOSPC', forGood: false },
  { code: 'EACCES', forGood: false },
  { code: 'EROFS', forGood: true },
] as const

interface Lived {
  /** What the run ended with, if not well. */
  readonly told: unknown
  /** Requests of that run that write. */
  readonly written: number
  readonly end: string
}

t.test('P1 P7 whatever the disk refuses is told, and made up for when it works again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'couplet-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [pushed, disk, spare] = ['pushed', 'disk', 'spare'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(spare, '')
  const runner = new Runner()
  const scenario = scenarios.find(({ name }) => name === 'merge')
  if (scenario === undefined) throw new Error('there is no such scenario')
  const { on, run, picture } = await scenario.prepare(t, runner)
  const open = (path: string): Promise<JsonStore> => openJsonStore({ folder: path, clock: on.clock, key: on.store.key })
  // What is coupled already, as files.
  const store = await open(pushed)
  await store.lock('before')
  const memory = on.store as PortableStore
  if (memory.identity !== undefined) await store.bind(memory.identity)
  await store.replace('customer-account', memory.content('customer-account'))
  await store.close()
  const restore = on.simulator.savepoint()
  const begun = on.clock.now().getTime()
  const files = await RefusingFiles.start(disk, spare)
  t.teardown(() => files.stop())

  const opened = async (work: () => Promise<unknown>): Promise<unknown> => {
    const store = await open(disk)
    try {
      on.store = store
      return await work()
    } finally {
      await store.close()
    }
  }
  /** What was refused, if the run told it; and how all stands after two calm runs. */
  const lived = async (refusal: Refusal | undefined): Promise<Lived> => {
    restore()
    on.clock.set(begun)
    await rm(disk, { recursive: true, force: true })
    await cp(pushed, disk, { recursive: true })
    files.refuse(refusal)
    on.simulator.resetRequests()
    const told = await opened(run).then(
      () => undefined,
      (error: unknown) => error,
    )
    asked = Math.max(asked, files.asked)
    const written = writesMade(on.simulator)
    files.refuse(undefined)
    // Too short a time for a lock to expire.
    on.clock.advance(1000)
    await opened(run)
    const end = await opened(async () => {
      on.simulator.resetRequests()
      await run()
      return comparable({ picture: picture(), writes: writesMade(on.simulator) })
    })
    return { told, written, end: String(end) }
  }
  let asked = 0
  const calm = await lived(undefined)
  t.equal(calm.told, undefined)
  t.match(calm.end, /"writes":0/)
  t.ok(asked > 15, `${asked} things are asked of the disk`)
  const wrong: string[] = []
  let tried = 0
  let told = 0
  for (let nth = 1; nth <= asked; nth++) {
    for (const kind of refusals) {
      const refusal = { nth, ...kind }
      tried += 1
      const { told: error, end } = await lived(refusal)
      if (end !== calm.end) wrong.push(`${JSON.stringify(refusal)}: another end`)
      if (error === undefined) continue
      told += 1
      const isClear = error instanceof StateError && error.message.includes(refusal.code) && error.remedy !== ''
      if (!isClear && !(error instanceof LockedError))
        wrong.push(`${JSON.stringify(refusal)}: ${endingOf(error, plain).text}`)
    }
  }
  t.same(wrong, [])
  const readOnly = await lived({ nth: 1, code: 'EROFS', forGood: true })
  t.equal(readOnly.written, 0, 'without a state that can be kept nothing is written to a service')
  t.equal(endingOf(readOnly.told, plain).code, exits.wrong)
  t.ok(told > asked / 2, `${told} of ${tried} runs told it`)
  proved('kill points', { 'refusals of the disk': tried }, wrong.length)
})
