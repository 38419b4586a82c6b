/** Finding many records of one side that a file names, by id or by number, in batches. */
import { type Side, sideName } from '../config/config.ts'
import type { Condition } from '../connector/connector.ts'
import type { Upsert } from '../core/record.ts'
import { canonical } from '../core/values.ts'
import type { Session } from './session.ts'
import { isConstant } from './side-reader.ts'

/** Why a name finds no record. */
export interface NotFound {
  readonly message: string
  readonly remedy: string
}
export const isFound = (found: Upsert | NotFound): found is Upsert => 'row' in found

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What each name stands for; every name that is asked for must be among `names`. */
export async function findNamed(
  session: Session,
  side: Side,
  names: readonly string[],
): Promise<(name: string) => Upsert | NotFound> {
  const distinct = [...new Set(names)]
  const ids = distinct.filter((name) => isId(session, side, name))
  const read = ids.length === 0 ? [] : await session.readers[side].read(ids)
  const byId = new Map(read.flatMap((change) => (change.kind === 'upsert' ? [[change.id, change] as const] : [])))
  const columns = nameColumns(session, side)
  const wanted = distinct.filter((name) => !byId.has(name) && !guid.test(name))
  const conditions = wanted.flatMap((name) => conditionsOf(session, side, { name, columns }))
  const found = conditions.length === 0 ? [] : await session.readers[side].find(conditions)
  const byName = new Map<string, Upsert[]>()
  for (const row of found)
    for (const name of namesOf(row, columns)) byName.set(name, [...(byName.get(name) ?? []), row])
  return (name) => {
    const known = byId.get(name)
    if (known !== undefined) return known
    const rows = byName.get(sameName(name)) ?? []
    const [only] = rows
    if (only !== undefined && rows.every(({ id }) => id === only.id)) return only
    return rows.length > 1 ? several(side, rows.length) : missing(session, side, name)
  }
}

const several = (side: Side, number: number): NotFound => ({
  message: `${number} records of ${sideName[side]} have the number it names`,
  remedy: 'Give the id of one.',
})

function missing(session: Session, side: Side, name: string): NotFound {
  if (guid.test(name) && !hasGuids(session, side))
    return {
      message: `records of ${sideName[side]} are not known by such an id from outside`,
      remedy: `Leave the row out: couplet match ${session.mapping.name} finds the pair by its match rules.`,
    }
  return {
    message: `its record is not there in ${sideName[side]}`,
    remedy: 'It was deleted, or stands in another company or environment: leave the row out.',
  }
}

const hasGuids = ({ compiled }: Session, side: Side): boolean => {
  const { key, columns } = compiled.sides[side].description
  return key.length === 1 && columns[key[0] ?? '']?.type === 'guid'
}

/** An id as the service writes it: a guid, a key in quotes, the value of an option; or that of a constant row. */
function isId(session: Session, side: Side, name: string): boolean {
  if (guid.test(name)) return hasGuids(session, side)
  return isConstant(name) || /^(?:\w+=)?'/.test(name) || session.mapping[side].entity?.kind === 'choice'
}

/** Natural keys; where a side has none, what its records are matched by alone. */
function nameColumns({ mapping }: Session, side: Side): readonly string[] {
  const { keys } = mapping[side]
  if (keys.length > 0) return keys
  const single = mapping.match.find((group) => group[side].length === 1 && Object.keys(group.lookup).length === 0)
  return single === undefined ? [] : single[side].filter((column) => !/[.$]/.test(column))
}

interface Naming {
  readonly name: string
  readonly columns: readonly string[]
}

/** `10000`, or `Item_No=1000&Code=PCS` where several columns name a record. */
function conditionsOf({ compiled }: Session, side: Side, { name, columns }: Naming): readonly Condition[] {
  const values = valuesIn(name, columns)
  if (values === undefined) return []
  const described = compiled.sides[side].description.columns
  const entries = columns.map((column, index): [string, string | number] => {
    const value = values[index] ?? ''
    const isNumber = ['integer', 'decimal', 'choice'].includes(described[column]?.type ?? '')
    return [column, isNumber ? Number(value) : value]
  })
  return entries.some(([, value]) => Number.isNaN(value)) ? [] : [Object.fromEntries(entries)]
}

function valuesIn(name: string, columns: readonly string[]): readonly string[] | undefined {
  if (columns.length === 0) return undefined
  const parts = new URLSearchParams(name)
  if (columns.every((column) => parts.has(column))) return columns.map((column) => parts.get(column) ?? '')
  return columns.length === 1 ? [name] : undefined
}

/** The forms in which a file may name the row. */
function namesOf({ row }: Upsert, columns: readonly string[]): readonly string[] {
  const values = columns.map((column) => canonical(row[column], { type: 'code' }) ?? '')
  const pairs = columns.map((column, index): [string, string] => [column, values[index] ?? ''])
  const [only] = values
  const whole = sameName(String(new URLSearchParams(pairs)))
  return values.length === 1 && only !== undefined ? [whole, sameName(only)] : [whole]
}

const sameName = (name: string): string => name.trim().toUpperCase()
