/**
 * Reading a side whose rows are grouped into records (`one`): a whole read comes sorted, so that one group is in memory
 * at a time (P10); an incremental one asks for the groups of the rows that changed, and of those whose day has come.
 */
import type { Condition, Page } from '../connector/connector.ts'
import type { Bindings } from '../core/expression.ts'
import { type Choosing, type CompiledOne, blockOf, conditionOfGroup, groupOf, speakerOf } from '../core/one.ts'
import type { Change, Loaded, Upsert } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'

/** What the grouped rows come from. */
export interface RawRows {
  /** Rows as the service lists them; all of them sorted by the group's columns where the mark is undefined. */
  changes(since: Watermark | undefined): AsyncIterable<Page>
  /** Rows that equal any of the conditions, whatever the filter says. */
  find(anyOf: readonly Condition[]): Promise<readonly Upsert[]>
  /** Rows that a filter admits beside the mapping's own. */
  filtered(filter: string): AsyncIterable<Page>
  attach(rows: readonly Upsert[]): Promise<readonly Loaded[]>
}

export interface GroupOptions extends Choosing {
  readonly bindings: Bindings
}

export class GroupReader {
  readonly #one: CompiledOne
  readonly #raw: RawRows
  readonly #bindings: Bindings
  readonly #choosing: Choosing

  constructor(one: CompiledOne, raw: RawRows, options: GroupOptions) {
    this.#one = one
    this.#raw = raw
    this.#bindings = options.bindings
    this.#choosing = { today: options.today, admits: options.admits }
  }

  /** Changed groups as records, page by page. */
  async *changes(since: Watermark | undefined): AsyncIterable<Page> {
    let block: readonly Loaded[] = []
    for await (const page of this.#raw.changes(since)) {
      const rows = page.changes.filter((change) => change.kind === 'upsert')
      if (!page.whole) {
        yield { ...page, changes: await this.#ofRows(rows) }
        continue
      }
      const { done, open } = this.#blocks([...block, ...(await this.#raw.attach(rows))])
      block = page.next === undefined ? open : []
      const changes = await this.#grouped(page.next === undefined ? done : [...done, ...open])
      yield { ...page, changes }
    }
    // A service may end without saying where to read on.
    if (block.length > 0) yield { changes: await this.#grouped(block), whole: true }
  }

  /**
   * These groups; one without rows comes as a tombstone. Where it is not known of a row whether it belongs there, the row
   * stands for the group: a failing expression deletes nothing.
   */
  async read(ids: readonly string[]): Promise<readonly Change[]> {
    const conditionOf = (id: string): string => JSON.stringify(conditionOfGroup(this.#one, id))
    const rows = await this.#raw.find(ids.map((id) => conditionOfGroup(this.#one, id)))
    const groups = await this.#grouped(await this.#raw.attach(rows))
    const found = new Map(groups.map((row) => [row.id, row]))
    const unclear = new Map(
      groups.flatMap((row) => (row.ungrouped === undefined ? [] : [[conditionOf(row.id), row] as const])),
    )
    return ids.map((id) => {
      const unknown = unclear.get(conditionOf(id))
      return found.get(id) ?? (unknown === undefined ? { kind: 'tombstone', id } : { ...unknown, id })
    })
  }

  /** The groups of rows that equal any of the conditions. */
  async find(anyOf: readonly Condition[]): Promise<readonly Upsert[]> {
    return this.#ofRows(await this.#raw.find(anyOf))
  }

  /** The groups of rows that began or ceased to speak since a day, that day excluded. */
  async *turned(since: string): AsyncIterable<readonly Upsert[]> {
    const { today } = this.#choosing
    const { from, until } = this.#one
    if (since >= today) return
    const filters = [
      ...(from === undefined ? [] : [`${from} gt ${since} and ${from} le ${today}`]),
      ...(until === undefined ? [] : [`${until} ge ${since} and ${until} lt ${today}`]),
    ]
    for (const filter of filters)
      for await (const { changes } of this.#raw.filtered(filter))
        yield await this.#ofRows(changes.filter((change) => change.kind === 'upsert'))
  }

  /** The whole groups of these rows. */
  async #ofRows(rows: readonly Upsert[]): Promise<readonly Loaded[]> {
    if (rows.length === 0) return []
    const ids = new Set<string>()
    for (const row of await this.#raw.attach(rows)) ids.add((await groupOf(this.#one, row, this.#bindings)).id)
    return (await this.read([...ids])).filter((change) => change.kind === 'upsert')
  }

  /** Sorted rows, without the last that belong together: those may go on. */
  #blocks(rows: readonly Loaded[]): { readonly done: readonly Loaded[]; readonly open: readonly Loaded[] } {
    const last = rows.at(-1)
    if (last === undefined) return { done: [], open: [] }
    const key = blockOf(this.#one, last.row)
    const start = rows.findLastIndex(({ row }) => blockOf(this.#one, row) !== key) + 1
    return { done: rows.slice(0, start), open: rows.slice(start) }
  }

  /** The record of each group of these rows, which are all rows of their groups. */
  async #grouped(rows: readonly Loaded[]): Promise<readonly Loaded[]> {
    const groups = new Map<string, Loaded[]>()
    for (const row of rows) {
      const { id, failed } = await groupOf(this.#one, row, this.#bindings)
      const known = groups.get(id)
      const told = failed === undefined ? row : { ...row, ungrouped: failed }
      if (known === undefined) groups.set(id, [told])
      else known.push(told)
    }
    return [...groups].flatMap(([id, members]) => speakerOf(this.#one, id, members, this.#choosing) ?? [])
  }
}
