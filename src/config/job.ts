/** Jobs, resolved: which mappings run how often, and what the service that runs them knows of the world around it. */

/** Mappings that run together on a schedule. */
export interface Job {
  readonly name: string
  readonly mappings: readonly string[]
  readonly enabled: boolean
  readonly reason: string | undefined
  /** Milliseconds from the end of one run to the start of the next. */
  readonly everyMs: number
  /** After a run that found nothing: milliseconds to sleep; undefined = never sleeps. */
  readonly inactivityMs: number | undefined
  /** Jobs of one category never run together. */
  readonly category: string | undefined
  /** Milliseconds between two looks for changes while the job waits; undefined = only its times count. */
  readonly wakeMs: number | undefined
  /** Milliseconds from the first change that wakes the job to its start. */
  readonly delayMs: number
  /** Runs in a row that may fail as a whole before the job stops with an error. */
  readonly attempts: number
  /** A new job sleeps first. */
  readonly startsAsleep: boolean
}

/** What the service that runs jobs needs to know of the world around it. */
export interface Serve {
  /** Address under which Business Central reaches the service, without trailing slash. */
  readonly publicUrl: string | undefined
  /** Called after each good run. */
  readonly heartbeat: string | undefined
}
