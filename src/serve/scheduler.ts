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

/** Shortest time ahead, milliseconds: node-schedule drops what has passed without a word. */
const aheadMs = 25

/** Real time. Each alarm is one date in UTC, so that no change of clocks moves it and nothing overlaps. */
export const nodeScheduler: Scheduler = {
  at: (moment, work) => {
    const date = new Date(Math.max(moment.getTime(), Date.now() + aheadMs))
    const job = scheduleJob(date, work)
    // It gives null for what it does not understand or finds too late.
    if (job === null) throw new Error(`no alarm could be set for ${date.toISOString()}`)
    return { cancel: () => void job.cancel() }
  },
}
