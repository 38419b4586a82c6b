/** Carrying out a person's decision: under the lock, into the state, then a run over just those records. */
import type { Side } from '../config/config.ts'
import type { Decided, Known } from '../engine/decisions.ts'
import { namesIn, recordsNamed } from '../engine/decisions.ts'
import type { Project } from '../main.ts'
import type { MappingState } from '../store/store.ts'
import type { Context } from './context.ts'
import { didYouMean } from './did-you-mean.ts'
import { exits } from './exit.ts'
import { endRun } from './run-ending.ts'
import { UsageError } from './usage-error.ts'

export interface Decision {
  readonly mapping: string
  /** From the state as it is under the lock to what is to be committed. */
  readonly decide: (state: MappingState) => Decided
  /** What is told when it is written. */
  readonly told: string
  /** Only write it; the next run carries it out. */
  readonly later: boolean
}

/** Commits a decision and, unless `later`, runs over its records. Throws UsageError when it cannot be taken. */
export async function carryOut(context: Context, project: Project, decision: Decision): Promise<number> {
  const records = await commitDecision(project, decision.mapping, decision.decide)
  if (decision.later || records.length === 0) {
    const next = decision.later ? ' The next run carries it out.' : ''
    context.print(
      () => `${decision.told}${next}`,
      () => ({ ok: true, message: decision.told }),
    )
    return exits.done
  }
  if (!context.json) context.terminal.err(decision.told)
  const [side, ...others] = [...new Set(records.map((record) => record.side))]
  const ids = side === undefined || others.length > 0 ? undefined : { side, ids: records.map(({ id }) => id) }
  const report = await project.run({ mappings: [decision.mapping], ids })
  return endRun(context, report)
}

/** Remembers a decision under the lock; gives the records that it is about. Throws UsageError when it cannot be taken. */
export async function commitDecision(
  { ports: { store } }: Project,
  mapping: string,
  decide: Decision['decide'],
): Promise<readonly { readonly side: Side; readonly id: string }[]> {
  await store.lock('decision')
  try {
    const decided = decide(store.mapping(mapping))
    if (decided.kind === 'problem') throw new UsageError(decided.message, decided.remedy)
    await store.commit(mapping, decided.entries)
    return decided.records
  } finally {
    await store.unlock()
  }
}

/** The one record of that name. Throws UsageError when there is none or several, naming what is near. */
export function recordNamed(state: MappingState, name: string): Known {
  const [found, ...others] = recordsNamed(state, name)
  if (found === undefined) {
    throw new UsageError(
      `No coupled or held record of ${state.name} is called "${name}"${didYouMean(name, namesIn(state))}.`,
      `See which there are: couplet couplings ${state.name}; couplet held ${state.name}`,
    )
  }
  if (others.length === 0) return found
  const candidates = [found, ...others].slice(0, 5).map(idsOf)
  throw new UsageError(
    `Several records of ${state.name} are called "${name}".`,
    `Give the id of one: ${candidates.join('; ')}`,
  )
}

const idsOf = ({ coupling, held }: Known): string =>
  coupling === undefined ? held.map(({ id }) => id).join(', ') : coupling.businessCentral.id
