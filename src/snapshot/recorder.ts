/**
 * Recording a side: each collection that is asked for is read whole, once, with every column that the service lets be
 * read, and answers from then on. So a plan over it says which collections the mappings need.
 */
import type { EntityRef } from '../config/config.ts'
import type { Connector } from '../connector/connector.ts'
import type { Catalog } from '../connector/catalog.ts'
import type { Description, Upsert } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import { type Asked, type Collection, type Missing, type Shelf, nameOf } from './collection.ts'

/** A side that tells which columns its collections have. */
export type Readable = Connector & { readonly offers: Pick<Catalog, 'whole'> }

const outOfReach: ReadonlySet<ConnectorError['fault']> = new Set(['unauthorized', 'unreachable', 'throttled'])

/** Fills itself from a service. */
export class Recorder implements Shelf {
  readonly #connector: Readable
  readonly #collections = new Map<string, Collection>()
  readonly #missing = new Map<string, Missing>()
  readonly #modified = new Map<string, string>()
  /** The side was out of reach: what it holds is not known to the end. */
  #outage: ConnectorError | undefined

  constructor(connector: Readable) {
    this.#connector = connector
  }

  /** What was asked for so far. */
  get collections(): readonly Collection[] {
    return [...this.#collections.values()]
  }

  /** What was asked for and is not there. */
  get missing(): readonly Missing[] {
    return [...this.#missing.values()]
  }

  async describe(entity: EntityRef, wanted: readonly string[]): Promise<Description> {
    const known = this.#collections.get(nameOf(entity))
    if (known !== undefined && wanted.every((column) => known.description.columns[column] !== undefined))
      return known.description
    const description = await this.#asked(entity, () => this.#connector.describe(entity, wanted))
    const lacking = wanted.filter((column) => description.columns[column] === undefined)
    this.#collections.set(nameOf(entity), {
      entity,
      description,
      absent: [...new Set([...(known?.absent ?? []), ...lacking])],
      columns: known?.columns,
      rows: known?.rows ?? [],
    })
    return description
  }

  async rows({ entity, columns, modified }: Asked): Promise<Collection> {
    const name = nameOf(entity)
    if (!this.#collections.has(name)) await this.describe(entity, [])
    const known = this.#collections.get(name) as Collection
    const isStamped = modified === undefined || this.#modified.get(name) === modified
    if (isStamped && known.columns !== undefined && columns.every((column) => known.columns?.includes(column)))
      return known
    if (modified !== undefined) this.#modified.set(name, modified)
    const select = [
      ...new Set([...(known.columns ?? (await this.#asked(entity, () => this.#readable(entity, known)))), ...columns]),
    ]
    const rows = await this.#asked(entity, () => this.#read(entity, select))
    const collection = { ...known, columns: select, rows }
    this.#collections.set(name, collection)
    return collection
  }

  /**
   * Reads what was only described, and these collections too. What the service refuses to tell stays out: a mapping that
   * needs it says so. Throws ConnectorError where the side was out of reach meanwhile.
   */
  async complete(entities: readonly EntityRef[]): Promise<void> {
    const described = [...this.#collections.values()].map(({ entity }) => entity)
    for (const entity of [...described, ...entities])
      try {
        await this.rows({ entity, columns: [] })
      } catch (error) {
        if (!(error instanceof ConnectorError)) throw error
      }
    if (this.#outage !== undefined) throw this.#outage
  }

  async #readable(entity: EntityRef, { description }: Collection): Promise<readonly string[]> {
    const { columns } = entity.kind === 'choice' ? description : await this.#connector.offers.whole(entity)
    return Object.keys(columns)
  }

  async #read(entity: EntityRef, select: readonly string[]): Promise<readonly Upsert[]> {
    if (entity.kind === 'child' && entity.parentKey === undefined) throw this.#notByItself(entity)
    const rows: Upsert[] = []
    const modified = this.#modified.get(nameOf(entity))
    const pages = this.#connector.changes({ entity, select, ...(modified !== undefined && { modified }) }, undefined)
    for await (const { changes } of pages) for (const change of changes) if (change.kind === 'upsert') rows.push(change)
    return rows
  }

  /** A page that is not published is remembered as such, and so is an outage. */
  async #asked<T>(entity: EntityRef, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      if (outOfReach.has(error.fault)) this.#outage = error
      if (error.fault === 'gone')
        this.#missing.set(nameOf(entity), { entity, message: error.message, remedy: error.remedy })
      throw error
    }
  }

  #notByItself(entity: EntityRef): ConnectorError {
    return new ConnectorError(this.#connector.side, 'rejected', {
      message: `the rows of ${entity.entity} do not name their record, so a snapshot cannot hold them`,
      remedy: 'Tell the effect of a change of this mapping with: couplet diff --live',
    })
  }
}
