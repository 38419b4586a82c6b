/** Virtual time for the job service: a clock, a scheduler, and a hand that moves both. Not a test file itself. */
import type { Clock } from '../../src/clock.ts'
import type { Alarm, Scheduler } from '../../src/serve/scheduler.ts'

interface Set {
  readonly at: number
  readonly work: () => void
}

export class VirtualTime {
  #now: number
  readonly #alarms = new Map<symbol, Set>()
  readonly clock: Clock = { now: () => new Date(this.#now), sleep: async () => {} }
  readonly scheduler: Scheduler = {
    at: (moment, work): Alarm => {
      const id = Symbol('alarm')
      this.#alarms.set(id, { at: moment.getTime(), work })
      return { cancel: () => void this.#alarms.delete(id) }
    },
  }

  constructor(start: string) {
    this.#now = Date.parse(start)
  }

  get now(): number {
    return this.#now
  }

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size
  }

  /** Lets so much time pass, ringing every alarm at its moment; `idle` waits for what each one starts. */
  async pass(ms: number, idle: () => Promise<void>): Promise<void> {
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [id, { at, work }] = next
      this.#alarms.delete(id)
      this.#now = Math.max(this.#now, at)
      work()
      await idle()
    }
    this.#now = end
  }

  /** Sets the wall clock; alarms keep their moments. */
  setBack(ms: number): void {
    this.#now -= ms
  }

  #next(end: number): readonly [symbol, Set] | undefined {
    const [first] = [...this.#alarms].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)
    return first
  }
}
