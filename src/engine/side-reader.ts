/**
 * Reading one side of one mapping: changes, records by id, records by value; with constant rows beside the entity, and
 * with further pages and joined rows attached. Everything in batches.
 */
import type { Side } from '../config/config.ts'
import type { Condition, Connector, Glance, Page, Query } from '../connector/connector.ts'
import { compileExpression, ExpressionError, orFailure } from '../core/expression.ts'
import type { Bindings } from '../core/expression.ts'
import { type ParsedFilter, parseFilter } from '../core/filter.ts'
import { evaluateFilter } from '../core/filter-evaluation.ts'
import type { CompiledSide } from '../core/mapping.ts'
import type { Change, Loaded, Row, Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Watermark } from '../core/watermark.ts'
import { ConnectorError } from '../errors.ts'
import { Attachments } from './attachments.ts'
import { GroupReader, type RawRows } from './group-reader.ts'
import type { SharedScans } from './shared-scans.ts'

/** Constant rows carry this before their key, so that they are never taken for a record of the service. */
const constantMark = 'constant:'
export const isConstant = (id: string): boolean => id.startsWith(constantMark)

export interface ReaderOptions {
  readonly bindings: Bindings
  readonly warn: (message: string) => void
  /** The day of the run in the project's time zone, `2026-03-31`. */
  readonly today: string
  readonly scans: SharedScans
}

/** Reads one side of one mapping. */
export class SideReader {
  readonly side: Side
  readonly #compiled: CompiledSide
  readonly #ownFilter: ParsedFilter | undefined
  readonly #connector: Connector
  readonly #scans: SharedScans
  readonly #constants: readonly Upsert[]
  readonly #attachments: Attachments
  readonly #attached = new WeakSet<Upsert>()
  /** Where several rows are one record. */
  readonly #groups: GroupReader | undefined

  private constructor(
    compiled: CompiledSide,
    connector: Connector,
    constants: readonly Upsert[],
    options: ReaderOptions,
  ) {
    this.side = compiled.side
    this.#compiled = compiled
    this.#ownFilter = compiled.sendFilter === undefined ? undefined : parseFilter(compiled.sendFilter)
    this.#connector = connector
    this.#scans = options.scans
    this.#constants = constants
    this.#attachments = new Attachments(compiled, connector, options.warn)
    this.#groups =
      compiled.one === undefined
        ? undefined
        : new GroupReader(compiled.one, this.#rawRows(), { ...options, admits: (row) => admits(compiled, row) })
  }

  static async open(compiled: CompiledSide, connector: Connector, options: ReaderOptions): Promise<SideReader> {
    return new SideReader(compiled, connector, await constantRows(compiled, options.bindings), options)
  }

  /** Pages that the service does not publish, as far as they were needed. */
  get missingPages(): ReadonlySet<string> {
    return this.#attachments.missing
  }

  /** True where rows carry more than the entity's own version tells. */
  get isComposed(): boolean {
    const { joins, with: pages } = this.#compiled.source
    return joins.some(({ name }) => !this.triggersOnly(name)) || pages.length > 0
  }

  /** Ids of the constant rows beside the entity, or instead of it. */
  get constantIds(): readonly string[] {
    return this.#constants.map(({ id }) => id)
  }

  /** True where rows of other collections can change what a row says. */
  get hasJoins(): boolean {
    return this.#compiled.source.joins.length > 0
  }

  /** True for a join that no row reads: its changes tell which rows to look at, from now on. */
  triggersOnly(join: string): boolean {
    return this.#compiled.triggersOnly.has(join)
  }

  get isTracked(): boolean {
    return this.#compiled.description.tracked
  }

  get hasEntity(): boolean {
    return this.#compiled.source.entity !== undefined
  }

  /** True where several rows are one record: which of them speaks, no stamp tells after a delete. */
  get isGrouped(): boolean {
    return this.#groups !== undefined
  }

  /**
   * Changes since the watermark, without pages and joins. A whole read ends with the constant rows, without those that
   * the entity holds itself.
   */
  async *changes(since: Watermark | undefined): AsyncIterable<Page> {
    const query = this.#query()
    if (query === undefined) {
      yield { changes: this.#constants, whole: true, next: { kind: 'scan' } }
      return
    }
    const held = new Set<string>()
    let whole = false
    for await (const page of this.#groups?.changes(since) ?? this.#since(query, since)) {
      whole = page.whole
      if (this.#constants.length > 0)
        for (const change of page.changes) if (change.kind === 'upsert') held.add(this.#keyText(change.row))
      yield page
    }
    const missing = this.#constants.filter(({ row }) => !held.has(this.#keyText(row)))
    if (whole && missing.length > 0) yield { changes: missing, whole }
  }

  /** A first look at what changed since; undefined where only a whole read could tell. */
  async glance(since: Watermark): Promise<Glance | undefined> {
    const query = this.#query()
    return query === undefined ? undefined : this.#connector.glance(query, since)
  }

  /** Whether joined rows that concern the main ones have changed since their watermarks. */
  joinedChanged(watermarkOf: (join: string) => Watermark | undefined): Promise<boolean> {
    return this.#attachments.changed(watermarkOf)
  }

  #keyText(row: Row): string {
    return JSON.stringify(this.#compiled.source.keys.map((key) => canonical(row[key], { type: 'code' })))
  }

  /** True where rows change without moving their stamp. Where changes come by token nothing changes unseen. */
  get isRechecked(): boolean {
    return this.#compiled.source.recheck !== undefined && this.hasEntity && !this.isTracked
  }

  /** Rows that change without moving their stamp, as the mapping's filter for them says; none where it says nothing. */
  async *rechecked(): AsyncIterable<readonly Change[]> {
    const query = this.#query()
    const { recheck } = this.#compiled.source
    if (query === undefined || recheck === undefined || !this.isRechecked) return
    for await (const { changes } of this.#filtered(query, recheck)) yield changes
  }

  /** Records that another row speaks for since a day, or none any more. */
  turned(since: string): AsyncIterable<readonly Change[]> {
    return this.#groups?.turned(since) ?? nothing()
  }

  #filtered(query: Query, further: string): AsyncIterable<Page> {
    const filter = query.filter === undefined ? further : `(${query.filter}) and (${further})`
    return this.#connector.changes({ ...query, filter }, undefined)
  }

  /** These records, whatever the filter says. */
  async read(ids: readonly string[]): Promise<readonly Change[]> {
    const query = this.#query()
    const fixed = ids
      .filter(isConstant)
      .map((id): Change => this.#constants.find((row) => row.id === id) ?? { kind: 'tombstone', id })
    const rest = ids.filter((id) => !isConstant(id))
    if (query === undefined || rest.length === 0) return fixed
    return [...fixed, ...(await (this.#groups?.read(rest) ?? this.#connector.read(query, rest)))]
  }

  /** True where each record is read by an address of its own. */
  get isReadSingly(): boolean {
    return this.#compiled.source.entity?.kind === 'child' || this.#compiled.description.key.length > 1
  }

  /** The versions of these records, whatever the filter says; those that are not there come as tombstones. */
  async versions(ids: readonly string[]): Promise<readonly Change[]> {
    const query = this.#query()
    if (query === undefined || this.#groups !== undefined) return this.read(ids)
    return this.#connector.read({ ...query, select: [] }, ids)
  }

  /** Records that equal any of the conditions. */
  async find(anyOf: readonly Condition[]): Promise<readonly Upsert[]> {
    const fixed = this.#constants.filter(({ row }) => anyOf.some((condition) => fits(row, condition)))
    const query = this.#query()
    if (query === undefined || anyOf.length === 0) return fixed
    return [...fixed, ...(await (this.#groups?.find(anyOf) ?? this.#connector.find(query, anyOf)))]
  }

  /** The same, whatever the filter says. */
  async findAnywhere(anyOf: readonly Condition[]): Promise<readonly Upsert[]> {
    const query = this.#query()
    if (query === undefined || anyOf.length === 0) return []
    return this.#connector.find({ ...query, filter: undefined }, anyOf)
  }

  /** The keys of all records of the entity, page by page. */
  keys(): AsyncIterable<readonly string[]> {
    const query = this.#query()
    if (query === undefined) throw new Error('a side of constant rows has no keys to compare')
    return this.#connector.keys({ ...query, filter: undefined })
  }

  /** Whether the filter may admit the row, as far as its own columns tell: what it refuses needs no pages. */
  mayAdmit({ row }: Upsert): boolean {
    return this.#ownFilter === undefined || evaluateFilter(this.#ownFilter, row, this.side)
  }

  /** Attaches pages and joined rows; rows that have them already stay as they are. */
  async attach(rows: readonly Upsert[]): Promise<readonly Loaded[]> {
    // What groups rows attaches them before it chooses.
    if (!this.isComposed || this.isGrouped) return rows
    const fresh = await this.#attachments.attach(rows.filter((row) => !this.#attached.has(row)))
    for (const row of fresh) this.#attached.add(row)
    if (fresh.length === rows.length) return fresh
    const byId = new Map(fresh.map((row) => [row.id, row]))
    return rows.map((row) => (this.#attached.has(row) ? row : (byId.get(row.id) ?? row)))
  }

  /** Main rows whose joined rows changed since the watermarks and are news, with the joins' new watermarks. */
  async triggered(asked: Parameters<Attachments['triggers']>[0]): Promise<{
    readonly rows: readonly Upsert[]
    readonly watermarks: ReadonlyMap<string, Watermark>
  }> {
    const { conditions, watermarks } = await this.#attachments.triggers(asked)
    return { rows: conditions.length === 0 ? [] : await this.find(conditions), watermarks }
  }

  /** The rows behind grouped records. */
  #rawRows(): RawRows {
    const query = this.#query()
    const order = this.#compiled.one?.columns
    if (query === undefined)
      return { changes: nothing, filtered: nothing, find: async () => [], attach: async (rows) => rows }
    return {
      changes: (since) => this.#since({ ...query, order }, since),
      filtered: (filter) => this.#filtered(query, filter),
      find: (anyOf) => this.#connector.find({ ...query, filter: undefined }, anyOf),
      attach: (rows) => this.#attachments.attach(rows),
    }
  }

  /** What is read whole in each run is shared with other mappings. */
  #since(query: Query, since: Watermark | undefined): AsyncIterable<Page> {
    return since?.kind === 'scan' ? this.#scans.read(this.#connector, query) : this.#connector.changes(query, since)
  }

  #query(): Query | undefined {
    const { source, select, sendFilter } = this.#compiled
    if (source.entity === undefined) return undefined
    return { entity: source.entity, select, filter: sendFilter, modified: source.modified }
  }
}

async function constantRows(compiled: CompiledSide, bindings: Bindings): Promise<readonly Upsert[]> {
  const { side, source } = compiled
  const { constant } = source
  if (constant === undefined) return []
  const made: unknown = typeof constant === 'string' ? await orFailure(evaluated(constant, bindings)) : constant
  if (made instanceof ExpressionError) throw failed(side, made)
  const rows = (Array.isArray(made) ? made : made === null || made === undefined ? [] : [made]) as readonly Row[]
  return rows.map((row, index) => ({
    kind: 'upsert',
    id:
      constantMark +
      (source.keys.length === 0 ? String(index) : source.keys.map((key) => plainText(row[key])).join('|')),
    etag: undefined,
    modified: undefined,
    row,
  }))
}

const evaluated = async (text: string, bindings: Bindings): Promise<unknown> =>
  compileExpression(text).evaluate({}, bindings)

/** Nothing of the mapping can be run; the others can (P5). */
const failed = (side: Side, { message }: ExpressionError): ConnectorError =>
  new ConnectorError(side, 'rejected', {
    message: `the expression of ${side}.constant fails: ${message}`,
    remedy: 'Correct it in the mapping, or the settings that it reads, and run again.',
  })

// eslint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<never> {}

const admits = ({ filter, side }: CompiledSide, row: Row): boolean =>
  filter === undefined || evaluateFilter(filter, row, side)

const plainText = (value: unknown): string => canonical(value, { type: 'text' }) ?? ''
const fits = (row: Row, condition: Condition): boolean =>
  Object.entries(condition).every(
    ([column, value]) => plainText(row[column]).toLowerCase() === plainText(value).toLowerCase(),
  )
