/** What both services say about the entities of a mapping, and the mapping compiled with it. */
import type { EntityRef, Mapping, Side } from '../config/config.ts'
import { sides } from '../config/config.ts'
import type { ODataConnector } from '../connector/odata.ts'
import { compileMapping } from '../core/mapping.ts'
import type { CompiledMapping } from '../core/mapping.ts'
import type { Description } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import type { Project } from '../main.ts'

/** One entity of a mapping: the main one, a further page, or a join. */
export interface Described {
  readonly side: Side
  /** Name of the page or join; undefined for the main entity. */
  readonly page: string | undefined
  readonly entity: EntityRef
  readonly optional: boolean
  /** Columns that the mapping reads or writes. */
  readonly wanted: readonly string[]
  /** What the service says, or why it says nothing. */
  readonly answer: Description | ConnectorError
}

export const isDescription = (answer: Description | ConnectorError): answer is Description =>
  !(answer instanceof ConnectorError)

/** Asks for everything the mapping uses. `compiled` is missing when an entity that it needs is not there. */
export async function describeMapping(
  { config, ports }: Project,
  mapping: Mapping,
): Promise<{ readonly entities: readonly Described[]; readonly compiled: CompiledMapping | undefined }> {
  const first = new Map<string, Description | ConnectorError>()
  for (const { side, entity, key } of entitiesOf(mapping)) first.set(key, await ask(ports.connectors[side], entity))
  const compiled = compile(mapping, first, config.settings.timeZone)
  const entities: Described[] = []
  for (const { side, page, entity, optional, key } of entitiesOf(mapping)) {
    const wanted = (page === undefined ? compiled?.sides[side].select : compiled?.sides[side].selectOf[page]) ?? []
    const known = first.get(key) ?? (await ask(ports.connectors[side], entity))
    const answer = isDescription(known) ? await ask(ports.connectors[side], entity, wanted) : known
    entities.push({ side, page, entity, optional, wanted, answer })
  }
  return { entities, compiled }
}

/** An entity that a mapping names. */
interface Listed {
  readonly side: Side
  readonly page: string | undefined
  readonly entity: EntityRef
  readonly optional: boolean
  readonly key: string
}

/** Every entity that a mapping names: the main ones, further pages, joins. */
export function entitiesOf(mapping: Mapping): readonly Listed[] {
  return sides.flatMap((side) => {
    const { entity, optional: may, with: pages, joins } = mapping[side]
    const main = entity === undefined ? [] : [{ side, page: undefined, entity, optional: may, key: side }]
    const further = [...pages, ...joins].map(({ name, entity, optional }) => ({
      side,
      page: name,
      entity,
      optional,
      key: `${side}/${name}`,
    }))
    return [...main, ...further]
  })
}

async function ask(
  connector: ODataConnector,
  entity: EntityRef,
  wanted?: readonly string[],
): Promise<Description | ConnectorError> {
  try {
    return await connector.describe(entity, wanted)
  } catch (error) {
    if (error instanceof ConnectorError && error.fault !== 'unreachable' && error.fault !== 'unauthorized') return error
    throw error
  }
}

const nothing: Description = {
  key: [],
  clientKeys: false,
  modified: undefined,
  tracked: false,
  preconditions: false,
  columns: {},
}

function compile(
  mapping: Mapping,
  answers: ReadonlyMap<string, Description | ConnectorError>,
  timeZone: string,
): CompiledMapping | undefined {
  const of = (key: string): Description | undefined => {
    const answer = answers.get(key)
    return answer !== undefined && isDescription(answer) ? answer : undefined
  }
  const side = (name: Side) => {
    const main = mapping[name].entity === undefined ? nothing : of(name)
    if (main === undefined) return undefined
    const pages = mapping[name].with.flatMap(({ name: page }) => {
      const description = of(`${name}/${page}`)
      return description === undefined ? [] : [[page, description] as const]
    })
    const lines = mapping.lines === undefined ? undefined : of(`${name}/lines`)
    return { main, pages: Object.fromEntries(pages), ...(lines === undefined ? {} : { lines }) }
  }
  const [businessCentral, sales] = [side('businessCentral'), side('sales')]
  if (businessCentral === undefined || sales === undefined) return undefined
  return compileMapping(mapping, { businessCentral, sales }, timeZone)
}
