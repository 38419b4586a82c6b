/** The steps of Test Connection: address → token → company → permission and pages → fields → abilities. */
import type { EntityRef, Mapping, Side } from '../config/config.ts'
import { otherSide, sides, travelsTo } from '../config/config.ts'
import { catalogData, ownOf } from '../connector/catalog.ts'
import type { Description } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import type { ConnectorFault } from '../errors.ts'
import type { Project } from '../main.ts'
import type { CheckStep } from '../report/check-text.ts'
import { count, firstOf } from '../report/words.ts'
import { checkIdentity } from './identity-check.ts'
import { describeMapping, isDescription } from './describe-mapping.ts'
import type { Described } from './describe-mapping.ts'
import { entityFindings, fieldFindings } from './live-rules.ts'
import { nativeSteps } from './native-check.ts'
import { optionGaps } from './option-check.ts'
import { sharingSteps } from './sharing-check.ts'

/** Both sides; the entities only where the side answers. Throws nothing that a service causes. */
export async function checkConnections(
  project: Project,
  options: { readonly businessCentralUser?: string | undefined } = {},
): Promise<readonly CheckStep[]> {
  const reached = {
    businessCentral: await checkReach(project, 'businessCentral'),
    sales: await checkReach(project, 'sales'),
  }
  const answers = sides.every((side) => reached[side].every(({ outcome }) => outcome === 'ok'))
  const entities = answers ? [...(await checkEntities(project)), ...(await nativeSteps(project))] : []
  const identities = {
    businessCentral: answers ? await checkIdentity(project, 'businessCentral', options) : [],
    sales: answers ? await checkIdentity(project, 'sales', options) : [],
  }
  return sides.flatMap((side) => [
    ...reached[side],
    ...sharingSteps(project.config, side),
    ...identities[side],
    ...entities.filter((step) => step.side === nameOf(side)),
  ])
}

const nameOf = (side: Side): CheckStep['side'] => (side === 'sales' ? 'Sales' : 'Business Central')
const ok = (side: Side, step: string, message: string): CheckStep => ({
  side: nameOf(side),
  step,
  outcome: 'ok',
  message,
  remedy: '',
})

/** Which step a refusal to say who is there belongs to. */
const stepOf: Readonly<Record<ConnectorFault, 'address' | 'token' | 'company'>> = {
  unreachable: 'address',
  throttled: 'address',
  broken: 'address',
  unauthorized: 'token',
  forbidden: 'company',
  gone: 'company',
  expired: 'company',
  rejected: 'company',
}

/** Address, token, company or organisation: one request tells all three. */
async function checkReach({ config, ports }: Project, side: Side): Promise<readonly CheckStep[]> {
  const { url, company } = config.connections[side]
  const lastStep = side === 'sales' ? 'organisation' : 'company'
  const named = (step: string): string => (step === 'company' ? lastStep : step)
  const passed = {
    address: ok(side, 'address', url),
    token: ok(side, 'token', `given for ${config.connections[side].auth.method}`),
  }
  try {
    const { name } = await ports.connectors[side].identify()
    return [passed.address, passed.token, ok(side, lastStep, name === '' ? (company ?? '') : name)]
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error
    const failing = stepOf[error.fault]
    const before = failing === 'address' ? [] : failing === 'token' ? [passed.address] : [passed.address, passed.token]
    return [
      ...before,
      {
        side: nameOf(side),
        step: named(failing),
        outcome: 'failed',
        message: error.message,
        remedy: `${error.remedy}${hintFor(side, error.fault)}`,
      },
    ]
  }
}

/** in administration mode an environment lets nobody but administrators in, and says only that it refuses. */
const hintFor = (side: Side, fault: ConnectorFault): string =>
  side === 'sales' && fault === 'forbidden'
    ? ' If the environment is in administration mode (Power Platform admin center → the environment → Edit), nobody but administrators may log in: switch it off.'
    : ''

/** Permission and fields of every entity in use, then what the services cannot do. */
async function checkEntities(project: Project): Promise<readonly CheckStep[]> {
  const steps: CheckStep[] = []
  const abilities = new Map<
    string,
    { readonly side: Side; readonly entity: EntityRef; readonly description: Description }
  >()
  const readable = new Map<string, ConnectorError | undefined>()
  for (const mapping of project.config.mappings.filter(({ enabled }) => enabled)) {
    const { entities, compiled } = await describeMapping(project, mapping)
    for (const each of entities) {
      const key = `${each.side} ${each.entity.kind} ${each.entity.entity}`
      if (!readable.has(key)) {
        readable.set(key, await readOne(project, each))
        const refused = readable.get(key)
        if (refused !== undefined) steps.push(await refusedStep(mapping, each, refused))
      }
      if (isDescription(each.answer) && each.page === undefined)
        abilities.set(key, { ...each, description: each.answer })
    }
    const findings = [
      ...entities
        .filter(({ answer }) => isDescription(answer))
        .flatMap((each) => entityFindings(each).map((finding) => ({ side: each.side, finding }))),
      ...(compiled === undefined ? [] : fieldFindings(project.config, compiled)).map((finding) => ({
        side: sideOf(finding.path),
        finding,
      })),
    ].filter(({ finding }) => finding.severity !== 'warning')
    for (const { side, finding } of findings)
      steps.push({
        side: nameOf(side),
        step: 'fields',
        outcome: 'failed',
        message: `${mapping.name}: ${finding.message}`,
        remedy: 'See where: couplet validate --live',
      })
    if (compiled !== undefined) steps.push(...(await optionSteps(project, mapping)))
  }
  return [
    ...summaries(readable, steps),
    ...steps,
    ...abilitySteps(project, [...abilities.values()]),
    ...costSteps(project),
  ]
}

/** Options of a choice that documents lack. */
async function optionSteps(project: Project, mapping: Mapping): Promise<readonly CheckStep[]> {
  try {
    const gaps = await optionGaps(project, mapping)
    return gaps.map(({ message, remedy }) => ({
      side: nameOf('sales'),
      step: 'options',
      outcome: 'warning',
      message,
      remedy,
    }))
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error
    const { message, remedy } = error
    return [
      { side: nameOf('sales'), step: 'options', outcome: 'failed', message: `${mapping.name}: ${message}`, remedy },
    ]
  }
}

const sideOf = (path: readonly string[]): Side => (path.includes('businessCentral') ? 'businessCentral' : 'sales')

/** `permission ✓ 14 entities can be read`, for each side. */
function summaries(
  readable: ReadonlyMap<string, ConnectorError | undefined>,
  steps: readonly CheckStep[],
): readonly CheckStep[] {
  return sides.flatMap((side) => {
    const own = [...readable].filter(([key]) => key.startsWith(side))
    const good = own.filter(([, refused]) => refused === undefined).length
    const fields = steps.some((step) => step.side === nameOf(side) && step.step === 'fields')
    return [
      ...(good > 0
        ? [ok(side, 'permission', `${good} of ${count(own.length, 'entity', 'entities')} can be read`)]
        : []),
      ...(fields || good === 0 ? [] : [ok(side, 'fields', 'every column that the mappings use is there')]),
    ]
  })
}

const blankGuid = '00000000-0000-0000-0000-000000000000'

/** Asks for one row. A row that is not there is as good as one that is: the service let us look. */
async function readOne({ ports }: Project, described: Described): Promise<ConnectorError | undefined> {
  const { side, entity, answer } = described
  if (!isDescription(answer)) return answer
  if (entity.kind === 'choice' || entity.kind === 'child') return undefined
  const { key, columns } = answer
  const [first] = key
  const isGuid = key.length === 1 && first !== undefined && columns[first]?.type === 'guid'
  const composite = key.map((column) => `${column}='COUPLET'`).join(',')
  const id = isGuid ? blankGuid : key.length === 1 ? "'COUPLET'" : composite
  try {
    await ports.connectors[side].read({ entity, select: key }, [id])
    return undefined
  } catch (error) {
    if (error instanceof ConnectorError) return error
    throw error
  }
}

async function refusedStep(mapping: Mapping, described: Described, refused: ConnectorError): Promise<CheckStep> {
  const { side, entity, optional } = described
  const isPage = refused.fault === 'gone' && entity.kind === 'service'
  return {
    side: nameOf(side),
    step: isPage ? 'page' : refused.fault === 'gone' ? 'entity' : 'permission',
    outcome: optional ? 'warning' : 'failed',
    message: isPage ? `${entity.entity} is not published as a web service` : `${entity.entity}: ${refused.message}`,
    remedy: isPage ? await howToPublish(mapping, described) : refused.remedy,
  }
}

/** The steps in Business Central, and what rests until they are done. */
async function howToPublish(mapping: Mapping, { side, page, entity }: Described): Promise<string> {
  const number = ownOf((await catalogData('businessCentral')).services, entity.entity)?.page
  const object = number === undefined ? 'the page that the mapping names' : `object id ${number}`
  const rows = page === undefined ? [] : mapping.fields.filter((field) => field[side]?.startsWith(`${page}.`) === true)
  const names = rows.map(({ name }) => name)
  const cost = names.length === 0 ? '' : ` Until then these rows of ${mapping.name} rest: ${firstOf(names, 8)}.`
  return `In Business Central open Web Services, choose New: object type Page, ${object}, service name ${entity.entity}; tick Published.${cost}`
}

interface Able {
  readonly side: Side
  readonly entity: EntityRef
  readonly description: Description
}

/** What a service cannot do and what is done instead. */
function abilitySteps({ config }: Project, all: readonly Able[]): readonly CheckStep[] {
  const written = (side: Side): ReadonlySet<string> =>
    new Set(
      config.mappings
        .filter(({ enabled, direction }) => enabled && travelsTo(direction, side))
        .flatMap((mapping) => mapping[side].entity?.entity ?? []),
    )
  const read = (side: Side): ReadonlySet<string> =>
    new Set(
      config.mappings
        .filter(({ enabled, direction }) => enabled && travelsTo(direction, otherSide(side)))
        .flatMap((mapping) => mapping[side].entity?.entity ?? []),
    )
  return sides.flatMap((side) => {
    const own = all.filter((one) => one.side === side && one.entity.kind !== 'choice')
    const names = (test: (one: Able) => boolean): readonly string[] =>
      own.filter(test).map(({ entity }) => entity.entity)
    const blind = names(({ entity, description }) => written(side).has(entity.entity) && !description.preconditions)
    const untracked = names(
      ({ entity, description }) => read(side).has(entity.entity) && !description.tracked && side === 'sales',
    )
    const unstamped = names(
      ({ entity, description }) =>
        read(side).has(entity.entity) && !description.tracked && description.modified === undefined,
    )
    return [
      note(side, blind, 'no preconditions; each record is read immediately before it is written:'),
      note(side, untracked, 'change tracking is off; changes are found by time of change, deletes by comparing keys:'),
      note(side, unstamped, 'no time of change; read whole in each run:'),
    ].flat()
  })
}

/** Rows that can only be read below their parent: one request for each parent concerned, in each run that needs them. */
function costSteps({ config }: Project): readonly CheckStep[] {
  return sides.flatMap((side) => {
    const names = config.mappings
      .filter(({ enabled }) => enabled)
      .flatMap((mapping) =>
        mapping[side].joins.flatMap(({ entity }) =>
          entity.kind === 'child' ? [`${entity.entity} below ${entity.parent} (${mapping.name})`] : [],
        ),
      )
    return note(side, names, 'one request for each parent concerned:', 'cost')
  })
}

const note = (side: Side, names: readonly string[], what: string, step = 'abilities'): readonly CheckStep[] =>
  names.length === 0
    ? []
    : [
        {
          side: nameOf(side),
          step,
          outcome: step === 'cost' ? 'ok' : 'warning',
          message: `${what} ${firstOf(names, 12)}`,
          remedy: '',
        },
      ]
