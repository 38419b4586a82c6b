/**
 * Whether Business Central's own integration is still at work beside Couplet: jobs that are ready to run, and records
 * that it holds coupled. Two integrations over one table write against each other. Nothing is changed here.
 */
import type { EntityRef, Mapping } from '../config/config.ts'
import type { Row } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import type { Project } from '../main.ts'
import type { CheckStep } from '../report/check-text.ts'
import { count, firstOf } from '../report/words.ts'

const step = 'native integration'
const side = 'Business Central'
const guide = 'see docs/moving-over.md'

/** Codeunits of the native jobs: the runner of all table mappings, and account statistics. */
const codeunits: readonly number[] = [5339, 5350]
/** The jobs beside the table mappings, by what the job queue shows. */
const captions =
  /^(?:Integration Synch\. Job Runner|Int\. (?:Unc|C)oupl(?:e|ing) Job Runner|CRM (?:Statistics|Item Availability|Order Status Update|Notes Synch|Archived Sales Orders) Job|Auto Create Sales Orders|Auto Process Sales Quotes)$/
const categories: readonly string[] = ['BCI INTEG', 'BCI CUST', 'BCI OPTION']
/** States from which a job runs again by itself. */
const awake: readonly string[] = ['Ready', 'In Process', 'Waiting', 'On Hold with Inactivity Timeout']

/** A job of the native integration that will run. */
export interface NativeJob {
  readonly description: string
  /** The native mapping that it runs, e.g. CUSTOMER; undefined for the other jobs. */
  readonly mapping: string | undefined
}

/** Those of the job queue's entries that are native, and will run. */
export function nativeJobs(rows: readonly Row[]): readonly NativeJob[] {
  return rows
    .filter((row) => isNative(row) && awake.includes(textOf(row['status'])))
    .map((row) => ({
      description: textOf(row['description']) || textOf(row['objectCaptionToRun']),
      mapping: /^Integration Table Mapping: (.+)$/.exec(textOf(row['recordIdToProcess']))?.[1],
    }))
}

function isNative(row: Row): boolean {
  return (
    codeunits.includes(Number(row['objectIdToRun'])) ||
    captions.test(textOf(row['objectCaptionToRun'])) ||
    categories.includes(textOf(row['jobQueueCategoryCode']))
  )
}

/** Business Central writes spaces in the names of options as `_x0020_`. */
const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
        .replaceAll(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
        .trim()
    : ''

/** Both looks, as steps of the doctor; never a failure: whoever is moving over has both for a while. */
export async function nativeSteps(project: Project): Promise<readonly CheckStep[]> {
  const steps = [await jobStep(project), await couplingStep(project)]
  return steps.filter((one) => one !== undefined)
}

const told = (outcome: CheckStep['outcome'], message: string, remedy = ''): CheckStep => ({
  side,
  step,
  outcome,
  message,
  remedy,
})

async function jobStep({ config, ports }: Project): Promise<CheckStep> {
  const entity: EntityRef = { kind: 'standard', entity: 'jobQueueEntries' }
  const select = [
    'description',
    'status',
    'objectIdToRun',
    'objectCaptionToRun',
    'jobQueueCategoryCode',
    'recordIdToProcess',
  ]
  try {
    const rows: Row[] = []
    for await (const { changes } of ports.connectors.businessCentral.changes({ entity, select }, undefined))
      for (const change of changes) if (change.kind === 'upsert') rows.push(change.row)
    const jobs = nativeJobs(rows)
    if (jobs.length === 0) return told('ok', 'none of its jobs is ready')
    const both = config.mappings.filter((mapping) => mapping.enabled && jobs.some((job) => isOver(mapping, job)))
    const owned =
      both.length === 0
        ? ''
        : `; both would write: ${firstOf(
            both.map(({ name }) => name),
            8,
          )}`
    return told(
      'warning',
      `${count(jobs.length, 'job')} of it will run: ${firstOf(
        jobs.map(({ description }) => description),
        4,
      )}${owned}`,
      `Set these jobs On Hold in Business Central (Job Queue Entries), or switch the connection off there; ${guide}`,
    )
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error
    return told(
      'skipped',
      'the job queue cannot be read',
      `Whether native jobs are ready only a person can see; ${guide}`,
    )
  }
}

const isOver = ({ native }: Mapping, { mapping }: NativeJob): boolean =>
  mapping !== undefined && native.includes(mapping)

/** Published pages tell which records the native integration holds coupled. */
async function couplingStep({ config, ports }: Project): Promise<CheckStep | undefined> {
  const connector = ports.connectors.businessCentral
  const found: string[] = []
  for (const mapping of config.mappings.filter(({ enabled }) => enabled)) {
    for (const entity of pagesOf(mapping)) {
      try {
        const { columns } = await connector.describe(entity, [coupledColumn])
        if (columns[coupledColumn] === undefined) continue
        for await (const ids of connector.keys({ entity, select: [], filter: `${coupledColumn} eq true` })) {
          if (ids.length > 0) found.push(`${mapping.name} (${ids.length} or more)`)
          break
        }
      } catch (error) {
        // A page that is not published, or does not tell: the entity's own step says so.
        if (!(error instanceof ConnectorError)) throw error
      }
    }
  }
  if (found.length === 0) return undefined
  return told(
    'warning',
    `it holds records coupled that this project maps too: ${firstOf([...new Set(found)], 6)}`,
    `Export its couplings and import them here before the first run: couplet couplings import; ${guide}`,
  )
}

const coupledColumn = 'Coupled_to_Dataverse'

const pagesOf = ({ businessCentral }: Mapping): readonly EntityRef[] =>
  [businessCentral.entity, ...businessCentral.with.map(({ entity }) => entity)].filter(
    (entity): entity is EntityRef => entity?.kind === 'service',
  )
