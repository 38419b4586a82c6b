/** One process of the bench: the state of many couplings on the disk, alone. Made, or read, changed and saved. */
import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { systemClock } from '../clock.ts'
import type { Coupling } from '../core/coupling.ts'
import { openJsonStore } from '../store/json-store.ts'
import type { Entry } from '../store/store.ts'
import type { StateFigures } from './figures.ts'

// As the program itself does.
setFlagsFromString('--heap-growing-percent=50')
setFlagsFromString('--interrupt-budget=400000')

const [what, folder = '', count = '0'] = process.argv.slice(2)
const name = 'customer-account'
/** As many as a window of a run. */
const together = 500
/** A fingerprint or a version: 11 characters. */
const print = (): string => randomUUID().replaceAll('-', '').slice(0, 11)

/** Ten field rows, of which both sides say the same, and a number of the customer. */
function coupling(index: number, sales: string = randomUUID()): Coupling {
  const base = Array.from({ length: 10 }, print).join(',')
  return {
    businessCentral: { id: idAt(index), keys: { number: `C${index}` }, version: print() },
    sales: { id: sales, keys: {}, version: print() },
    layout: 'bench',
    base,
  }
}

/** The same index gives the same id. */
const idAt = (index: number): string => `${index.toString(16).padStart(8, '0')}-5e1f-4c3a-9d2b-000000000000`

async function make(couplings: number): Promise<void> {
  const store = await openJsonStore({ folder, clock: systemClock })
  await store.lock('bench')
  for (let from = 0; from < couplings; from += 20_000) {
    const size = Math.min(20_000, couplings - from)
    const entries = Array.from({ length: size }, (_one, at): Entry => ({
      kind: 'couple',
      coupling: coupling(from + at),
    }))
    await store.commit(name, entries)
  }
  await store.unlock()
  await store.close()
}

/** What a run with one per cent changed does to the state: read it, commit window by window, save it. */
async function use(): Promise<StateFigures> {
  const begun = { at: performance.now(), cpu: process.cpuUsage() }
  const store = await openJsonStore({ folder, clock: systemClock })
  await store.lock('bench')
  const state = store.mapping(name)
  const loaded = performance.now()
  const loadedMb = process.memoryUsage().rss / 2 ** 20
  for (let from = 0; from < state.size / 100; from += together) {
    const entries: Entry[] = []
    for (let index = from; index < from + together; index++) {
      const id = idAt(index * 100)
      const there = state.bySide('businessCentral', id)
      if (there !== undefined) entries.push({ kind: 'couple', coupling: coupling(index * 100, there.sales.id) })
    }
    await store.commit(name, entries)
  }
  const changed = performance.now()
  const couplings = state.size
  await store.unlock()
  await store.close()
  const { user, system } = process.cpuUsage(begun.cpu)
  return {
    couplings,
    loadMs: loaded - begun.at,
    changeMs: changed - loaded,
    saveMs: performance.now() - changed,
    cpuMs: (user + system) / 1000,
    loadedMb,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }
}

if (what === 'make') await make(Number(count))
else process.send?.(await use())
process.exit(0)
