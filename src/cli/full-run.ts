/** What `couplet sync --full` can do beside reading everything: review, follow the recommendations, restart. */
import type { RunOptions } from '../engine/ports.ts'
import type { Project } from '../main.ts'
import { reviewText } from '../report/review-text.ts'
import type { Context } from './context.ts'
import { exits } from './exit.ts'
import { mappingsNamed } from './mapping-names.ts'
import { UsageError } from './usage-error.ts'

export interface FullArguments {
  readonly full?: boolean
  readonly review?: boolean
  readonly recommended?: boolean
  readonly restart?: boolean
}

/** Throws UsageError for words that make no sense together. */
export function checkFull(names: readonly string[], given: FullArguments): void {
  const asked = (['review', 'recommended', 'restart'] as const).filter((key) => given[key] === true)
  if (asked.length === 0) return
  if (asked.length > 1) throw new UsageError(`--${asked.join(' and --')} exclude each other.`)
  if (given.full !== true) throw new UsageError(`--${asked[0]} belongs to a full run.`, 'Add --full.')
  if (given.restart === true && names.length > 0)
    throw new UsageError(
      '--restart runs what the last full run left; it takes no mappings.',
      `To run these anew: couplet sync --full ${names.join(' ')}`,
    )
}

/** Shows what each mapping's first run had best do; writes nothing. Exit 3 when something could not be counted. */
export async function showReview(context: Context, project: Project, names: readonly string[]): Promise<number> {
  const lines = await project.review(names)
  context.print(
    () => reviewText(lines, context.paint),
    () => ({ ok: lines.every(({ recommendation }) => recommendation !== 'unknown'), mappings: lines }),
  )
  return lines.some(({ recommendation }) => recommendation === 'unknown') ? exits.refused : exits.done
}

/** Which mappings a full run takes, and in which of them it only looks for pairs. */
export async function fullRun(
  project: Project,
  names: readonly string[],
  given: FullArguments,
): Promise<Partial<RunOptions> | undefined> {
  if (given.restart === true) return restarted(project)
  if (given.recommended !== true) return {}
  const lines = await project.review(names)
  const taken = lines.filter(({ recommendation }) => recommendation !== 'nothing')
  if (taken.length === 0) return undefined
  const coupled = taken.filter(({ recommendation }) => recommendation === 'couple')
  return { mappings: taken.map(({ mapping }) => mapping), noCreate: new Set(coupled.map(({ mapping }) => mapping)) }
}

/** Runs looked through for the last full one. */
const lookedBack = 500

async function restarted({ config, ports }: Project): Promise<Partial<RunOptions> | undefined> {
  const last = (await ports.store.runs(lookedBack)).find(({ full }) => full !== undefined)
  if (last?.full === undefined)
    throw new UsageError('There is no full run to restart.', 'Begin one: couplet sync --full')
  const known = last.full.unfinished.filter((name) => config.mappings.some((mapping) => mapping.name === name))
  if (known.length === 0) return undefined
  return { mappings: mappingsNamed(config, known).flatMap(({ name, enabled }) => (enabled ? [name] : [])) }
}

/** U-07: after a run that may create nowhere, how the jobs are let to from now on; empty otherwise. */
export function createHint({ config }: Project): string {
  const enabled = config.mappings.filter((mapping) => mapping.enabled)
  if (enabled.some(({ createOn }) => createOn.sales || createOn.businessCentral)) return ''
  return 'Nothing may be created yet. To let runs create records from now on, write into couplet.yaml: create: both (or toSales, toBusinessCentral; a mapping may differ).'
}
