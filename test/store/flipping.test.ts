/** P7: a damaged byte of the state is refused or told and dropped with what followed it, never read as something else. */
import { isDeepStrictEqual } from 'node:util'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { StateError } from '../../src/errors.ts'
import { type JsonStore, openJsonStore } from '../../src/store/json-store.ts'
import type { Entry } from '../../src/store/store.ts'
import { verifyState } from '../../src/store/verify.ts'
import { couple, held } from '../contract/store.ts'
import { proved } from '../proof.ts'
import { picture } from './picture.ts'

const open = (folder: string): Promise<JsonStore> => openJsonStore({ folder, clock: systemClock })

t.test('P7 any flipped byte of snapshot and journal is refused or told, and never read as another state', async (t) => {
  const folder = join(t.testdir(), 'state')
  const store = await open(folder)
  await store.lock('run-1')
  const first: readonly Entry[] = [
    couple('B1', 'S1'),
    { kind: 'watermark', name: 'sales', watermark: { kind: 'delta', link: 'https://sales.example/delta/7' } },
    { kind: 'counted', side: 'sales', count: 12 },
    { kind: 'hold', held: held('B9') },
  ]
  await store.commit('m', first)
  await store.replace('m', store.content('m'))
  /** The state after each commit that is still in the journal: what may be left when its end is dropped. */
  const states = [picture(store.mapping('m'))]
  for (const n of [2, 3]) {
    await store.commit('m', [couple(`B${n}`, `S${n}`)])
    states.push(picture(store.mapping('m')))
  }
  // Not closed: closing folds the journal into the snapshot.
  const place = join(folder, 'm')
  const tried: Record<string, number> = {}
  const wrong: string[] = []
  for (const name of readdirSync(place).filter((file) => file.endsWith('.json') || file.endsWith('.jsonl'))) {
    const whole = readFileSync(join(place, name))
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(join(place, name), bytes)
      tried[name] = (tried[name] ?? 0) + 1
      const why = await reading(folder, states, name === 'journal.jsonl')
      if (why !== undefined) wrong.push(`${name} byte ${at}: ${why}`)
    }
    writeFileSync(join(place, name), whole)
  }
  t.same(Object.keys(tried).toSorted(), ['couplings.json', 'held.json', 'journal.jsonl', 'marks.json'])
  t.same(wrong.slice(0, 5), [], `${wrong.length} wrong`)
  await store.close()
  proved('kill points', { 'flipped bytes': Object.values(tried).reduce((sum, n) => sum + n, 0) }, wrong.length)
})

t.test('P7 any flipped byte of state.json and of the fingerprint key is refused, or changes nothing', async (t) => {
  const folder = join(t.testdir(), 'state')
  const store = await open(folder)
  await store.lock('run-1')
  await store.bind({ businessCentral: 'https://a.example', sales: 'https://b.example' })
  await store.commit('m', [couple('B1', 'S1')])
  await store.close()
  /** What the folder says that it is; whatever is read must be this. */
  const looked = async (): Promise<unknown> => {
    const { key, identity } = await open(folder)
    return { key, identity, findings: await verifyState(folder) }
  }
  const whole = await looked()
  let tried = 0
  const wrong: string[] = []
  for (const name of ['state.json', 'fingerprint.key']) {
    const bytes = readFileSync(join(folder, name))
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      writeFileSync(join(folder, name), damaged)
      tried += 1
      const found = await looked().catch((error: unknown) => error)
      const isRefused = found instanceof StateError && found.remedy !== ''
      if (!isRefused && !isDeepStrictEqual(found, whole)) wrong.push(`${name} byte ${at}: ${JSON.stringify(found)}`)
    }
    writeFileSync(join(folder, name), bytes)
  }
  t.same(wrong.slice(0, 5), [], `${wrong.length} wrong of ${tried}`)
  proved('kill points', { 'flipped bytes': tried }, wrong.length)
})

/** What is wrong with how the folder is read, if anything. */
async function reading(folder: string, states: readonly unknown[], mayDrop: boolean): Promise<string | undefined> {
  try {
    const store = await open(folder)
    const found = picture(store.mapping('m'))
    if (isDeepStrictEqual(found, states.at(-1))) return undefined
    if (!mayDrop || !states.some((state) => isDeepStrictEqual(found, state))) return 'another state was read'
    const told = await verifyState(folder)
    return told.length > 0 ? undefined : 'commits were dropped without a word'
  } catch (error) {
    if (!(error instanceof StateError)) return String(error)
    return error.remedy === '' ? 'no remedy' : undefined
  }
}
