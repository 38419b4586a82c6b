/**
 * What can go wrong, in words for an administrator: what happened, to which record, on which side, what to do next.
 * The classes decide the exit code; everything else that is thrown is our own bug.
 */
import type { Side } from './config/config.ts'

/** A place in a YAML file; line and column count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One thing that is wrong in the files an administrator wrote. */
export interface ConfigProblem {
  readonly at?: Position
  /** Where in the document, e.g. `fields.phone.compute.toSales`. */
  readonly path: string
  /** What is wrong, with "did you mean" where a near name exists. */
  readonly message: string
  /** 'warning' never stops anything. @default 'error' */
  readonly severity?: 'error' | 'warning'
}

/** The files or the arguments are wrong. Exit code 2; nothing was requested, nothing was written. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Why a side refused or did not answer.
 * unauthorized: login or token; forbidden: permission; gone: an address, entity, field or page is not there;
 * expired: a change token is too old; rejected: this request is wrong; throttled: over a limit, later again;
 * unreachable: no answer; broken: an answer that makes no sense.
 */
export type ConnectorFault =
  | 'unauthorized'
  | 'forbidden'
  | 'gone'
  | 'expired'
  | 'rejected'
  | 'throttled'
  | 'unreachable'
  | 'broken'

/** A side refused or was not reached, as a whole. Exit code 3. A single record's refusal is an outcome, not this. */
export class ConnectorError extends Error {
  readonly side: Side
  readonly fault: ConnectorFault
  /** The service's own code, scrubbed of values. */
  readonly code: string | undefined
  /** What to do next. */
  readonly remedy: string
  constructor(
    side: Side,
    fault: ConnectorFault,
    text: { message: string; remedy: string; code?: string | undefined; cause?: unknown },
  ) {
    super(text.message, text.cause === undefined ? undefined : { cause: text.cause })
    this.name = 'ConnectorError'
    this.side = side
    this.fault = fault
    this.code = text.code
    this.remedy = text.remedy
  }
}

/** A plan is larger than the limits allow, or a side that had records looks empty. Exit code 4; nothing was written. */
export class UnsafePlanError extends Error {
  /** The arguments that let exactly this plan pass, e.g. `customer-account.sales.deletes=41`. */
  readonly accept: readonly string[]
  constructor(message: string, accept: readonly string[]) {
    super(message)
    this.name = 'UnsafePlanError'
    this.accept = accept
  }
}

/** Another runner holds the lock, or took it over from us. Exit code 5. */
export class LockedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LockedError'
  }
}

/** The state on disk cannot be used as it is: other environment, newer format, damaged. Exit code 2. */
export class StateError extends Error {
  readonly remedy: string
  constructor(message: string, remedy: string) {
    super(message)
    this.name = 'StateError'
    this.remedy = remedy
  }
}

/** The Git remote that keeps the state refused or was not reached. Exit code 3; what is on this disk is untouched. */
export class RemoteError extends Error {
  readonly remedy: string
  constructor(message: string, remedy: string) {
    super(message)
    this.name = 'RemoteError'
    this.remedy = remedy
  }
}

/** Somebody asked to stop: what was in hand is finished and committed, the rest is for the next run. */
export class StoppedError extends Error {
  constructor() {
    super('Stopped as asked; what was begun is committed, and the next run goes on from there.')
    this.name = 'StoppedError'
  }
}
