/**
 * A saved plan: ids, versions and fingerprints of what a run would do, never a value (P6, P8). `apply` recomputes the
 * plan and does those operations that are still the same.
 */
import type { BySide, Config } from '../config/config.ts'
import { operationHash } from '../core/plan.ts'
import type { Operation, OperationKind } from '../core/plan.ts'
import type { Watermark } from '../core/watermark.ts'
import type { RunOptions } from '../engine/ports.ts'
import type { Project } from '../main.ts'
import { sideName } from '../report/words.ts'
import { checkSum, objectIn, summed } from './plan-sum.ts'
import { UsageError } from './usage-error.ts'

/** Options of the run that the plan is of; `apply` plans with the same. */
export type PlannedOptions = Pick<
  RunOptions,
  'mappings' | 'full' | 'records' | 'creates' | 'direction' | 'rewrite' | 'accept'
>

export interface PlanFile {
  readonly format: 1
  /** Over all else in the file. */
  readonly sum: string
  /** Hash over the configuration; another configuration means another plan. */
  readonly config: string
  /** The services that the plan was made against. */
  readonly identities: BySide<string>
  /** ISO 8601 */
  readonly createdAt: string
  readonly options: Partial<PlannedOptions>
  readonly operations: readonly SavedOperation[]
  /** Mapping → how far each side had been read. */
  readonly watermarks: Readonly<Record<string, Readonly<Partial<BySide<Watermark>>>>>
  /** Fingerprint key of a project that has no state yet; without it nothing could be compared. */
  readonly key?: string
}

export interface SavedOperation extends Pick<Operation, 'mapping' | 'kind' | 'side'> {
  readonly key: string | null
  readonly partner: string | null
  readonly number: string | null
  readonly version: string | null
  /** Field row → fingerprint of the new value. */
  readonly fields: Readonly<Record<string, string>>
  readonly hash: string
}

/** A plan as it is saved. */
export async function planFileOf(
  project: Project,
  operations: readonly Operation[],
  options: Partial<PlannedOptions>,
): Promise<PlanFile> {
  const { config, ports, firstKey } = project
  const names = [...new Set(operations.map(({ mapping }) => mapping))]
  return summed({
    format: 1,
    config: config.hash,
    identities: await identitiesOf(project),
    createdAt: ports.clock.now().toISOString(),
    options,
    operations: operations.map((operation) => ({
      mapping: operation.mapping,
      kind: operation.kind,
      side: operation.side,
      key: operation.key ?? null,
      partner: operation.partner ?? null,
      number: operation.number ?? null,
      version: operation.version ?? null,
      fields: Object.fromEntries(operation.fields.map(({ name, print }) => [name, print])),
      hash: operationHash(operation),
    })),
    watermarks: Object.fromEntries(names.map((name) => [name, watermarksOf(project, name)])),
    ...(firstKey !== undefined && { key: firstKey }),
  })
}

function watermarksOf({ ports }: Project, mapping: string): Readonly<Partial<BySide<Watermark>>> {
  const state = ports.store.mapping(mapping)
  const [businessCentral, sales] = [state.watermark('businessCentral'), state.watermark('sales')]
  return { ...(businessCentral && { businessCentral }), ...(sales && { sales }) }
}

/** Environment and company or organisation of both sides. */
export async function identitiesOf({ ports }: Project): Promise<BySide<string>> {
  const [businessCentral, sales] = await Promise.all([
    ports.connectors.businessCentral.identify(),
    ports.connectors.sales.identify(),
  ])
  const text = ({ environment, organisation }: typeof sales): string => `${environment} ${organisation}`
  return { businessCentral: text(businessCentral), sales: text(sales) }
}

/** Reads a saved plan. Throws UsageError when it is none. */
export function readPlanFile(text: string, file: string): PlanFile {
  const found = objectIn<PlanFile>(text)
  if (found === undefined || found.format === undefined || found.operations === undefined)
    throw new UsageError(`${file} is not a saved plan.`, 'Make one: couplet plan --out FILE')
  if (found.format !== 1)
    throw new UsageError(
      `${file} has format ${String(found.format)}; this version reads format 1.`,
      'Plan again: couplet plan --out FILE',
    )
  checkSum(found, file, 'couplet plan --out FILE')
  return found as PlanFile
}

/** Throws UsageError when the plan was made with other files or against other services. */
export function checkPlanFile(plan: PlanFile, config: Config, identities: BySide<string>): void {
  if (plan.config !== config.hash)
    throw new UsageError('The files have changed since the plan was made.', 'Plan again: couplet plan --out FILE')
  for (const side of ['businessCentral', 'sales'] as const) {
    if (plan.identities[side] === identities[side]) continue
    throw new UsageError(
      `The plan is for ${sideName[side]} ${plan.identities[side]}, not for ${identities[side]}.`,
      'Give the target that it was made with (--target), or plan again.',
    )
  }
}

/** How a saved operation is said: `update 10000 in Sales`. */
export function savedText({ kind, side, number, key, partner, mapping }: SavedOperation): string {
  const verbs: Readonly<Record<OperationKind, string>> = {
    create: `created in ${sideName[side]}`,
    update: `updated in ${sideName[side]}`,
    delete: `deleted in ${sideName[side]}`,
    couple: 'coupled',
    uncouple: 'uncoupled',
    claim: `marked as this company's in ${sideName[side]}`,
  }
  return `${mapping} ${number ?? key ?? partner ?? ''}: not ${verbs[kind]}`
}
