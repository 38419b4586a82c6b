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

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The one record. Throws UsageError when there is none or several. */
export async function findRecord(project: Project, mapping: Mapping, side: Side, name: string): Promise<FoundRecord> {
  const { entity, keys } = mapping[side]
  if (entity === undefined)
    throw new UsageError(`${mapping.name} has no entity in ${sideName[side]}; its rows are constant.`)
  const named = nameColumns(mapping, side)
  const query: Query = { entity, select: [...new Set([...keys, ...named])] }
  const connector = project.ports.connectors[side]
  const byId = guid.test(name) || /^(?:\w+=)?'/.test(name)
  const found = byId
    ? (await connector.read(query, [name])).filter((change) => change.kind === 'upsert')
    : await connector.find(
        query,
        named.map((column) => ({ [column]: name })),
      )
  const [record, ...others] = found
  if (record === undefined) throw notThere(project, mapping, side, name)
  if (others.length > 0) {
    const ids = found.slice(0, 5).map(({ id }) => id)
    throw new UsageError(
      `Several records of ${sideName[side]} are called "${name}".`,
      `Give the id of one: ${ids.join(', ')}`,
    )
  }
  return { id: record.id, keys: keysOf(record, keys) }
}

/** Columns in which a person's name for a record may stand: natural keys, and match rules over a single column. */
function nameColumns(mapping: Mapping, side: Side): readonly string[] {
  const single = mapping.match.flatMap((group) =>
    group[side].length === 1 && Object.keys(group.lookup).length === 0 ? group[side] : [],
  )
  return [...new Set([...mapping[side].keys, ...single])].filter((column) => !column.includes('.'))
}

function keysOf({ row }: Upsert, columns: readonly string[]): Readonly<Record<string, string>> {
  const keys: Record<string, string> = {}
  for (const column of columns) {
    const value = canonical(row[column], { type: 'code' })
    if (value !== null) keys[column] = value
  }
  return keys
}

function notThere({ ports }: Project, mapping: Mapping, side: Side, name: string): UsageError {
  const numbers = [...ports.store.mapping(mapping.name).allHeld()].flatMap((held) =>
    held.side === side && held.number !== undefined ? [held.number] : [],
  )
  const columns = nameColumns(mapping, side).join(', ')
  return new UsageError(
    `No record of ${sideName[side]} is called "${name}"${didYouMean(name, numbers)}.`,
    `Give its id, or its value in: ${columns === '' ? 'no column names records here' : columns}`,
  )
}
