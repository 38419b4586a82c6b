/** Why records wait, in an administrator's words, and the command that goes on. */
import type { HeldKind } from '../core/coupling.ts'

export interface Reason {
  /** Completes "1 record …" and "3 records …". */
  readonly title: string
  /** One word for a table. */
  readonly short: string
  /** What to do about all records of this kind in a mapping. */
  next(mapping: string): string
  /** Each record has its own cause, so its own remedy is told before `next`. @default false */
  readonly each?: boolean
}

const resolve = (mapping: string): string =>
  `couplet resolve ${mapping} --record NUMBER --take businessCentral (or --take sales)`
const couple = (mapping: string): string => `couplet couple ${mapping} --bc NUMBER --sales NUMBER`

const reasons: Readonly<Record<HeldKind | 'service', Reason>> = {
  'no-partner': {
    title: 'without a partner, and none may be created',
    short: 'no partner',
    each: true,
    next: (mapping) => `By hand: ${couple(mapping)}`,
  },
  ambiguous: {
    title: 'with several possible partners',
    short: 'ambiguous',
    next: (mapping) => `Say which one: ${couple(mapping)}`,
  },
  waiting: {
    title: 'waiting for another record',
    short: 'waiting',
    next: () => 'They go on by themselves when what they wait for is there.',
  },
  conflict: {
    title: 'changed on both sides, in the same field',
    short: 'conflict',
    next: (mapping) => `Say which side is right: ${resolve(mapping)}`,
  },
  different: {
    title: 'unequal on the two sides since before the coupling',
    short: 'different',
    next: (mapping) =>
      `Say which side is right: ${resolve(mapping)}; for all: --all, or firstMatch: { different: businessCentral } in the mapping`,
  },
  failed: {
    title: 'refused, and tried again later',
    short: 'failed',
    each: true,
    next: (mapping) => `Put right what the message says; at once: couplet retry ${mapping} --record NUMBER`,
  },
  quarantine: {
    title: 'refused too often, and set aside',
    short: 'set aside',
    each: true,
    next: (mapping) => `Put right what the message says, then: couplet retry ${mapping} --record NUMBER`,
  },
  deleted: {
    title: 'whose partner was deleted',
    short: 'deleted',
    next: (mapping) =>
      `Say what becomes of them: couplet resolve ${mapping} --record NUMBER --action restore|delete|uncouple`,
  },
  moving: {
    title: 'changed by the service each time after being written',
    short: 'moving',
    each: true,
    next: (mapping) => `See what changes the field there, then: ${resolve(mapping)}`,
  },
  unfinished: {
    title: 'with a write that is half done',
    short: 'unfinished',
    next: () => 'The next run finishes them.',
  },
  unknown: {
    title: 'with a write whose outcome could not be told',
    short: 'unclear',
    each: true,
    next: (mapping) => `Look at both records, then: ${resolve(mapping)}`,
  },
  service: {
    title: 'not run because a service refused',
    short: 'service',
    next: () => 'See which step fails: couplet doctor',
  },
}

/** What to do about a group of records: their own remedies where causes differ, then the command that goes on. */
export function nextSteps(kind: HeldKind | 'service', mapping: string, remedies: readonly string[]): readonly string[] {
  const reason = reasons[kind]
  const own = reason.each === true ? [...new Set(remedies)].filter((remedy) => remedy !== '').slice(0, 3) : []
  return [...own.map(sentence), reason.next(mapping)]
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** How that kind of waiting is said. */
export const reasonOf = (kind: HeldKind | 'service'): Reason => reasons[kind]
