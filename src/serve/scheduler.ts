/** The port to time: something that is to be done at one moment. Repetition, overlap and missed moments are decided elsewhere. */
import { scheduleJob } from 'node-schedule'

export interface Scheduler {
  /** Calls `work` once, at the moment or as soon as possible where it has passed. */
  at(moment: Date, work: () => void): Alarm
}

export interface Alarm {
  /** Harmless when it has rung. */
  cancel(): void
}

/** Shortest and longest time ahead for what is to be done at once, milliseconds. */
const aheadMs = 25
const longestAheadMs = 30_000

/** Sets an alarm as node-schedule does: null for a moment that has passed when it comes to look. */
export type SetAlarm = (moment: Date, work: () => void) => { cancel(): boolean } | null

/**
 * Real time. Each alarm is one date in UTC, so that no change of clocks moves it and nothing overlaps. On a machine that
 * is busy the moment can pass while the alarm is being set: then it is set again, further ahead.
 */
export const schedulerOver = (set: SetAlarm): Scheduler => ({
  at: (moment, work) => {
    for (let ahead = aheadMs; ahead <= longestAheadMs; ahead *= 2) {
      const job = set(new Date(Math.max(moment.getTime(), Date.now() + ahead)), work)
      if (job !== null) return { cancel: () => void job.cancel() }
    }
    throw new Error(`no alarm could be set for ${moment.toISOString()}`)
  },
})

export const nodeScheduler: Scheduler = schedulerOver((moment, work) => scheduleJob(moment, work))
