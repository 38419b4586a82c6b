/** Run by json-store.test.ts in a process of its own: commits until it is killed, or races for a lock. */
import { once } from 'node:events'
import { systemClock } from '../../src/clock.ts'
import { openJsonStore } from '../../src/store/json-store.ts'
import { couple } from '../contract/store.ts'

const [folder = '', task = ''] = process.argv.slice(2)

async function race(): Promise<void> {
  const store = await openJsonStore({ folder, clock: systemClock })
  console.log('ready')
  await once(process.stdin, 'data')
  try {
    await store.lock('race')
    console.log('won')
    await once(process.stdin, 'end')
    await store.close()
  } catch (error) {
    console.log(error instanceof Error ? error.name : 'strange')
    process.stdin.destroy()
  }
}

async function commitForEver(journalLimit: number): Promise<void> {
  const store = await openJsonStore({ folder, clock: systemClock, journalLimit })
  await store.lock('loop')
  for (let n = 0; ; n++) {
    await store.commit('m', [couple(`B${n}`, `S${n}`)])
    console.log(n)
  }
}

await (task === 'race' ? race() : commitForEver(Number(task)))
