/**
 * Further pages of the same record (`with`) and further rows (`join`), attached to a page of rows before expressions
 * run: looked up by value in batches, or read whole once when many are wanted. Never one by one.
 */
import type { Join, Side, WithPage } from '../config/config.ts'
import type { Condition, Connector, Query } from '../connector/connector.ts'
import { valueAt } from '../core/carry.ts'
import { evaluateFilter } from '../core/filter-evaluation.ts'
import { type CompiledSide, splitPath } from '../core/mapping.ts'
import { filterColumns, parseFilter } from '../core/filter.ts'
import type { Loaded, Row, Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Watermark } from '../core/watermark.ts'
import { ConnectorError } from '../errors.ts'

/** Above so many different values a collection is read whole instead of by value. */
const byValueAtMost = 400

type Extra = WithPage | Join
const isJoin = (extra: Extra): extra is Join => 'many' in extra

/** What is known of triggering joins, by name. */
export interface Triggering {
  readonly watermarkOf: (join: string) => Watermark | undefined
  /** Whether a row has not been seen as it stands. */
  readonly isNews: (join: string, row: Upsert) => boolean
}

export class Attachments {
  /** Optional pages and joins that the service does not publish. */
  readonly missing = new Set<string>()
  readonly #compiled: CompiledSide
  readonly #connector: Connector
  readonly #warn: (message: string) => void
  /** Joined collections read whole, by name: key → rows. */
  readonly #whole = new Map<string, Map<string, Upsert[]>>()

  constructor(compiled: CompiledSide, connector: Connector, warn: (message: string) => void) {
    this.#compiled = compiled
    this.#connector = connector
    this.#warn = warn
  }

  /** The rows with their pages and joins. A join that nothing fits is absent from the row. */
  async attach(rows: readonly Upsert[]): Promise<readonly Loaded[]> {
    const { source } = this.#compiled
    let loaded: readonly Loaded[] = rows
    for (const extra of [...source.with, ...source.joins]) {
      if (this.#compiled.triggersOnly.has(extra.name)) continue
      if (rows.length === 0 || this.missing.has(extra.name)) continue
      if (this.#hangsOnMissing(extra)) this.missing.add(extra.name)
      else loaded = await this.#attachOne(extra, loaded)
    }
    return loaded
  }

  /** A join over a column of a page that is not published rests with it. */
  #hangsOnMissing(extra: Extra): boolean {
    return Object.values(extra.on).some((path) => this.missing.has(splitPath(path).page ?? ''))
  }

  /** Which main rows the changed rows of triggering joins concern that are news, as conditions on the main entity. */
  async triggers({ watermarkOf, isNews }: Triggering): Promise<{
    readonly conditions: readonly Condition[]
    readonly watermarks: ReadonlyMap<string, Watermark>
  }> {
    const conditions = new Map<string, Condition>()
    const watermarks = new Map<string, Watermark>()
    for (const join of this.#compiled.source.joins.filter(({ triggers }) => triggers)) {
      await this.#orMissing(join, async () => {
        for await (const page of this.#connector.changes(this.#query(join), watermarkOf(join.name))) {
          if (page.next !== undefined) watermarks.set(join.name, page.next)
          if (page.whole) continue
          for (const change of page.changes) {
            if (change.kind !== 'upsert' || !isNews(join.name, change)) continue
            const condition = conditionOf(join, change.row)
            conditions.set(JSON.stringify(condition), condition)
          }
        }
      })
    }
    // What was read before they changed says nothing of them.
    if (conditions.size > 0) this.#whole.clear()
    return { conditions: [...conditions.values()], watermarks }
  }

  /** Whether a glance shows changed rows of a triggering join. */
  async changed(watermarkOf: (join: string) => Watermark | undefined): Promise<boolean> {
    for (const join of this.#compiled.source.joins.filter(({ triggers }) => triggers)) {
      const since = watermarkOf(join.name)
      const seen = since === undefined ? undefined : await this.#connector.glance(this.#query(join), since)
      if (seen !== undefined && (seen.more || seen.changes.length > 0)) return true
    }
    return false
  }

  async #attachOne(extra: Extra, rows: readonly Loaded[]): Promise<readonly Loaded[]> {
    const found = await this.#orMissing(extra, () => this.#rowsFor(extra, rows))
    return found === undefined ? rows : rows.map((row) => attached(extra, row, found.get(keyOfMain(extra, row)) ?? []))
  }

  /** What an optional page or join gives; undefined, with a warning, where the service has none. */
  async #orMissing<T>(extra: Extra, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.fault !== 'gone' || !extra.optional) throw error
      this.missing.add(extra.name)
      this.#warn(
        `${extra.entity.entity} is not published in Business Central: field rows that need "${extra.name}" are left out. ${error.remedy}`,
      )
      return undefined
    }
  }

  /** The rows of a page or join that the main rows want, by key. */
  async #rowsFor(extra: Extra, rows: readonly Loaded[]): Promise<ReadonlyMap<string, Upsert[]>> {
    const known = this.#whole.get(extra.name)
    if (known !== undefined) return known
    const wanted = distinct(rows.map((row) => conditionFor(extra, row)).filter((condition) => condition !== undefined))
    const whole = isReadWhole(extra, wanted.length)
    const found = new Map<string, Upsert[]>()
    const admits = whereOf(extra, this.#compiled.side)
    const add = (row: Upsert): void => {
      if (!admits(row.row)) return
      const key = keyOfExtra(extra, row.row)
      const same = found.get(key)
      if (same === undefined) found.set(key, [row])
      else same.push(row)
    }
    if (whole) {
      for await (const page of this.#connector.changes(this.#query(extra), undefined)) {
        for (const change of page.changes) if (change.kind === 'upsert') add(change)
      }
      this.#whole.set(extra.name, found)
    } else if (wanted.length > 0) {
      for (const row of await this.#connector.find(this.#query(extra), wanted)) add(row)
    }
    return found
  }

  #query(extra: Extra): Query {
    const select = new Set([...(this.#compiled.selectOf[extra.name] ?? []), ...Object.keys(extra.on)])
    if (isJoin(extra)) {
      if (extra.latest !== undefined) select.add(extra.latest)
      const read = extra.where === undefined ? [] : filterColumns(parseFilter(extra.where)).map(({ name }) => name)
      for (const column of [...extra.select, ...read]) select.add(column)
    }
    return { entity: extra.entity, select: [...select].sort(), filter: isJoin(extra) ? extra.where : undefined }
  }
}

/** Whether the collection is read whole: where all rows get the same, many are wanted, or all are needed anyway. */
function isReadWhole(extra: Extra, wanted: number): boolean {
  if (extra.entity.kind === 'child' || areLines(extra)) return false
  return Object.keys(extra.on).length === 0 || wanted > byValueAtMost || (isJoin(extra) && extra.triggers)
}

const areLines = (extra: Extra): boolean => isJoin(extra) && extra.areLines === true

function attached(extra: Extra, row: Loaded, found: readonly Upsert[]): Loaded {
  if (areLines(extra)) return { ...row, row: { ...row.row, [extra.name]: found.map((line) => line.row) }, lines: found }
  if (isJoin(extra)) {
    const joined = extra.many ? found.map((match) => match.row) : chosen(extra, found)?.row
    return { ...row, row: { ...row.row, [extra.name]: joined } }
  }
  const [page] = found
  if (page === undefined) return row
  return { ...row, row: { ...row.row, [extra.name]: page.row }, pages: { ...row.pages, [extra.name]: page } }
}

const latestText = (value: unknown): string => canonical(value, { type: 'text' }) ?? ''

/** The one joined row: the latest where the join says so, else the first by key. */
function chosen(join: Join, found: readonly Upsert[]): Upsert | undefined {
  const { latest } = join
  if (latest === undefined) return found[0]
  return found.reduce<Upsert | undefined>(
    (best, row) => (best === undefined || latestText(row.row[latest]) > latestText(best.row[latest]) ? row : best),
    undefined,
  )
}

function whereOf(extra: Extra, side: Side): (row: Row) => boolean {
  if (!isJoin(extra) || extra.where === undefined) return () => true
  const filter = parseFilter(extra.where)
  return (row) => Object.keys(row).length === 0 || evaluateFilter(filter, row, side)
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value.toLowerCase() : value === null || value === undefined ? '' : JSON.stringify(value)
const keyOfExtra = (extra: Extra, row: Row): string =>
  Object.keys(extra.on)
    .map((column) => text(row[column]))
    .join('\n')
const keyOfMain = (extra: Extra, row: Loaded): string =>
  Object.values(extra.on)
    .map((path) => text(linked(row, path)))
    .join('\n')

/** What a page, join or line hangs on: a column, or the record's own key. */
const linked = (row: Loaded, path: string): unknown => (path === '$id' ? row.id : valueAt(row.row, splitPath(path)))

/** The condition on the extra collection that fits a main row; undefined when one of its values is blank. */
function conditionFor(extra: Extra, row: Loaded): Condition | undefined {
  const condition: Record<string, string | number | boolean | null> = {}
  for (const [column, path] of Object.entries(extra.on)) {
    const value = linked(row, path)
    if (value === null || value === undefined || value === '') return undefined
    condition[column] = value as string | number | boolean
  }
  return condition
}

/** The condition on the main entity that a changed joined row concerns. */
function conditionOf(join: Join, row: Row): Condition {
  return Object.fromEntries(
    Object.entries(join.on).map(([column, path]) => [
      splitPath(path).column,
      row[column] as string | number | boolean | null,
    ]),
  )
}

function distinct(conditions: readonly Condition[]): readonly Condition[] {
  return [...new Map(conditions.map((condition) => [JSON.stringify(condition), condition])).values()]
}
