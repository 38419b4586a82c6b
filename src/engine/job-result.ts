/** How a run counts for its job: done, or failed as a whole and why. */
import type { JobFault, JobResult } from '../core/schedule.ts'
import { ConnectorError, UnsafePlanError } from '../errors.ts'
import type { ConnectorFault } from '../errors.ts'
import type { RunProblem, RunReport } from './ports.ts'

/** How a run counts for its job. Records that fail do not fail it, a mapping that could not be run does (T-06, E-18). */
export function resultOf({ problems, mappings }: Pick<RunReport, 'problems' | 'mappings'>): JobResult {
  const refused = problems.find(({ kind }) => kind === 'service') ?? problems.find(lacksPrivilege)
  if (refused !== undefined) {
    const { message, remedy, code } = refused
    const fault = refused.kind === 'service' ? faults[code as ConnectorFault] : 'permission'
    return { kind: 'failed', fault, reason: `${message}. ${remedy}`.trim() }
  }
  const moved = mappings.reduce((sum, { created, updated, deleted }) => sum + created + updated + deleted, 0)
  return { kind: 'done', moved, failed: problems.filter(({ kind }) => kind === 'failed').length }
}

/**
 * E-18: the integration may not create (or in Business Central touch) records of a table at all. That is said of every
 * record alike, so trying on with each of them would only fill the logs.
 */
const lacksPrivilege = ({ kind, code, message, isRefusedNow }: RunProblem): boolean =>
  isRefusedNow && kind === 'failed' && (code === 'Authorization_RequestDenied' || /\bprvCreate/.test(message))

const faults: Readonly<Record<ConnectorFault, JobFault>> = {
  unauthorized: 'outage',
  unreachable: 'outage',
  throttled: 'outage',
  broken: 'outage',
  expired: 'outage',
  forbidden: 'permission',
  gone: 'other',
  rejected: 'other',
}

/** How it counts that a run ended with an error. */
export function failureOf(error: unknown): JobResult {
  if (error instanceof ConnectorError)
    return { kind: 'failed', fault: faults[error.fault], reason: `${error.message}. ${error.remedy}`.trim() }
  if (error instanceof UnsafePlanError)
    return { kind: 'failed', fault: 'limit', reason: error.message.replaceAll(/\s*\n\s*/g, ' ') }
  const told = error instanceof Error && 'remedy' in error ? `${error.message} ${String(error.remedy)}` : undefined
  return { kind: 'failed', fault: 'other', reason: told ?? 'This is a bug in Couplet; see the log of this run.' }
}
