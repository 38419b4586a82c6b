/** Finds the record that a person means by an id or a number, in the state first and then in the service. */
import type { Mapping, Side } from '../config/config.ts'
import type { Query } from '../connector/connector.ts'
import type { Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Project } from '../main.ts'
import { sideName } from '../report/words.ts'
import { didYouMean } from './did-you-mean.ts'
import { UsageError } from './usage-error.ts'

export interface FoundRecord {
  readonly id: string
  /** Natural keys that other mappings refer to. */
  readonly keys: Readonly<Record<string, string>>
}

/** A key as addresses write it, which a name like `'s-Hertogenbosch` only begins like. */
const writtenKey = /^(?:\w+=)?'(?:[^']|'')*'(?:,\w+=.*)?$/s
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The one record. Throws UsageError when there is none or several. */
export async function findRecord(project: Project, mapping: Mapping, side: Side, name: string): Promise<FoundRecord> {
  const { entity, keys } = mapping[side]
  if (entity === undefined)
    throw new UsageError(`${mapping.name} has no entity in ${sideName[side]}; its rows are constant.`)
  const connector = project.ports.connectors[side]
  const named = nameColumns(mapping, side)
  const texts = await textColumns(project, mapping, side)
  const query: Query = { entity, select: [...new Set([...keys, ...named, ...texts])] }
  const equal = (columns: readonly string[]): Promise<readonly Upsert[]> =>
    columns.length === 0
      ? Promise.resolve([])
      : connector.find(
          query,
          columns.map((column) => ({ [column]: name })),
        )
  const isId = guid.test(name) || writtenKey.test(name)
  // From what names one record for good to what people call it; the beginning of a name last (K-01).
  const ways = [
    async () =>
      isId || entity.kind === 'choice'
        ? (await connector.read(query, [name])).filter((change) => change.kind === 'upsert')
        : [],
    () => (isId ? Promise.resolve([]) : equal(named)),
    () => (isId ? Promise.resolve([]) : equal(texts)),
    () => (isId ? Promise.resolve([]) : beginningWith(project, side, { query, columns: texts, name })),
  ]
  for (const way of ways) {
    const [record, ...others] = await way()
    if (record === undefined) continue
    if (others.length > 0) throw several(side, name, [record, ...others])
    return { id: record.id, keys: keysOf(record, keys) }
  }
  throw notThere(project, mapping, side, { name, columns: [...new Set([...named, ...texts])] })
}

function several(side: Side, name: string, found: readonly Upsert[]): UsageError {
  const ids = found.slice(0, 5).map(({ id }) => id)
  return new UsageError(
    `Several records of ${sideName[side]} are called "${name}".`,
    `Give the id of one: ${ids.join(', ')}`,
  )
}

/** Records of which one of the columns begins with the text; a page of them is enough to tell one from several. */
async function beginningWith(
  { ports }: Project,
  side: Side,
  what: { readonly query: Query; readonly columns: readonly string[]; readonly name: string },
): Promise<readonly Upsert[]> {
  const { query, columns, name } = what
  const connector = ports.connectors[side]
  const text = `'${name.replaceAll("'", "''")}'`
  const ids = new Set<string>()
  for (const column of columns)
    for await (const page of connector.keys({ ...query, filter: `startswith(${column},${text})` })) {
      for (const id of page.slice(0, 6)) ids.add(id)
      break
    }
  if (ids.size === 0) return []
  return (await connector.read(query, [...ids])).filter((change) => change.kind === 'upsert')
}

/** Columns in which a person's name for a record may stand: natural keys, and match rules over a single column. */
function nameColumns(mapping: Mapping, side: Side): readonly string[] {
  const single = mapping.match.flatMap((group) =>
    group[side].length === 1 && Object.keys(group.lookup).length === 0 ? group[side] : [],
  )
  return [...new Set([...mapping[side].keys, ...single])].filter(isOwnColumn)
}

/** Texts that people know a record by: those that it is matched by, and the field row called `name`. */
async function textColumns({ ports }: Project, mapping: Mapping, side: Side): Promise<readonly string[]> {
  const { entity } = mapping[side]
  if (entity === undefined || entity.kind === 'choice') return []
  const name = mapping.fields.find((field) => field.name === 'name')?.[side]
  const columns = [...mapping.match.flatMap((group) => group[side]), ...(name === undefined ? [] : [name])]
  const described = (await ports.connectors[side].describe(entity)).columns
  return [...new Set(columns)].filter((column) => isOwnColumn(column) && described[column]?.type === 'text')
}

const isOwnColumn = (column: string): boolean => !column.includes('.') && !column.startsWith('$')

function keysOf({ row }: Upsert, columns: readonly string[]): Readonly<Record<string, string>> {
  const keys: Record<string, string> = {}
  for (const column of columns) {
    const value = canonical(row[column], { type: 'code' })
    if (value !== null) keys[column] = value
  }
  return keys
}

function notThere(
  { ports }: Project,
  mapping: Mapping,
  side: Side,
  { name, columns }: { readonly name: string; readonly columns: readonly string[] },
): UsageError {
  const numbers = [...ports.store.mapping(mapping.name).allHeld()].flatMap((held) =>
    held.side === side && held.number !== undefined ? [held.number] : [],
  )
  const where = columns.length === 0 ? 'no column names records here' : columns.join(', ')
  return new UsageError(
    `No record of ${sideName[side]} is called "${name}"${didYouMean(name, numbers)}.`,
    `Give its id, or its value in: ${where}`,
  )
}
