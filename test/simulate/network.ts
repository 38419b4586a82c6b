/**
 * The time of a simulation: whoever waits (for a service, or before another try) is woken in the order of the moments
 * waited for, and only when nobody has anything left to do before.
 */
import type { Clock } from '../../src/clock.ts'
import { type Chance, chance } from './chance.ts'

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

export class VirtualTime {
  readonly #clock: Pick<Clock, 'now'> & { set(ms: number): void }
  #sleepers: Sleeper[] = []
  #pace: Chance | undefined

  constructor(clock: Pick<Clock, 'now'> & { set(ms: number): void }) {
    this.#clock = clock
  }

  /** From now on requests are under way for as long as the seed says; 0: no time. */
  begin(seed: number): void {
    this.#pace = seed === 0 ? undefined : chance(seed)
  }

  /** The time that a request is under way, there or back. */
  onTheWay(): Promise<void> {
    return this.sleep(this.#pace?.pick(delaysMs) ?? 0)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      const due = this.#clock.now().getTime() + ms
      const before = this.#sleepers.findIndex((other) => other.due > due)
      this.#sleepers.splice(before < 0 ? this.#sleepers.length : before, 0, { due, wake })
      if (this.#sleepers.length === 1) this.#turn()
    })
  }

  /** Until nobody waits for anything any more. */
  async rest(): Promise<void> {
    while (this.#sleepers.length > 0) await new Promise((next) => setImmediate(next))
  }

  /** One is woken at a time; what it does until it waits again comes before the next. */
  #turn(): void {
    setImmediate(() => {
      const next = this.#sleepers.shift()
      if (next === undefined) return
      if (next.due > this.#clock.now().getTime()) this.#clock.set(next.due)
      next.wake()
      if (this.#sleepers.length > 0) this.#turn()
    })
  }
}

/** Milliseconds; most requests are quick. */
const delaysMs = [1, 1, 2, 5, 20, 90, 400, 3000]
