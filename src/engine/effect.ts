/** The effect of a change: planned with both versions of the configuration over the same services and the same state. */
import type { Config } from '../config/config.ts'
import { askingOnce } from './asking-once.ts'
import { readOnly } from './read-only.ts'
import { excesses, limitsIn } from '../core/guard.ts'
import type { Excess } from '../core/guard.ts'
import { planEffect } from '../core/plan-effect.ts'
import type { PlanEffect } from '../core/plan-effect.ts'
import type { Plan } from '../core/plan.ts'
import { defaultRunOptions } from './ports.ts'
import type { Ports, RunProblem, RunReport } from './ports.ts'
import { leaningOn } from './references.ts'
import { run } from './run.ts'

export interface Effect extends PlanEffect {
  /** Safety limits that a run with the new version would stop at. */
  readonly excesses: readonly Excess[]
  /** Mappings that could not be planned with one of the versions, and are left out. */
  readonly refused: readonly Refused[]
}

/** Why nothing is told of a mapping. */
export type Refused = Pick<RunProblem, 'mapping' | 'message' | 'remedy'>

/**
 * Plans twice over what is read once, and subtracts. Writes nothing, to no service and to no state (P6). What is `untold` is left out: the rows
 * cannot say it. Throws as `run`.
 */
export async function effectOf(
  before: Config,
  after: Config,
  ports: Ports,
  untold: readonly Refused[] = [],
): Promise<Effect> {
  const { businessCentral, sales } = ports.connectors
  const connectors = {
    businessCentral: askingOnce(readOnly(businessCentral)),
    sales: askingOnce(readOnly(sales)),
  }
  const plan = (config: Config): Promise<RunReport> =>
    run(
      config,
      { ...ports, connectors, store: ports.overlay(ports.store) },
      { ...defaultRunOptions, dry: true, full: true, comparing: true },
    )
  const old = await plan(before)
  const renewed = await plan(after)
  const failed = [...failuresOf(renewed), ...failuresOf(old)]
  const refused = [...untold, ...failed, ...besideOne([before, after], failuresOf(old), failuresOf(renewed))]
  const left = new Set(refused.map(({ mapping }) => mapping))
  const compared = withoutMappings(renewed.plan, left)
  return {
    ...planEffect(withoutMappings(old.plan, left), compared),
    excesses: excesses(compared.counts, limitsIn(after.mappings), []),
    refused: refused.filter(({ mapping }, at) => refused.findIndex((one) => one.mapping === mapping) === at),
  }
}

const failuresOf = ({ problems }: RunReport): readonly RunProblem[] => problems.filter(({ kind }) => kind === 'service')

/**
 * What leans on a mapping that fails with both versions is compared: what the mapping would couple is missing from both
 * plans, and the difference is the change's. Where it fails with one version alone, what leans on it differs by that
 * failure, and nobody could tell what the change does.
 */
function besideOne(
  versions: readonly Config[],
  old: readonly RunProblem[],
  renewed: readonly RunProblem[],
): readonly Refused[] {
  const mappings = versions.flatMap((version) => version.mappings)
  const beside = (failures: readonly RunProblem[], others: readonly RunProblem[], when: string): readonly Refused[] =>
    failures
      .filter(({ mapping }) => others.every((other) => other.mapping !== mapping))
      .flatMap(({ mapping: name }) =>
        [...leaningOn(mappings, new Set([name]))].map((mapping) => ({
          mapping,
          message: `it leans on ${name}, which could not be planned with the version ${when} the change: what differs here would be that failure, not what the change does`,
          remedy: `See to ${name} first, then compare again.`,
        })),
      )
  return [...beside(renewed, old, 'after'), ...beside(old, renewed, 'before')]
}

const withoutMappings = ({ operations, holds, counts }: Plan, left: ReadonlySet<string>): Plan => {
  const isKept = ({ mapping }: { readonly mapping: string }): boolean => !left.has(mapping)
  return { operations: operations.filter(isKept), holds: holds.filter(isKept), counts: counts.filter(isKept) }
}
