/** Which records a mapping reads in a run: its changes, everything, or certain ones. */
import { type Side, sides } from '../config/config.ts'
import type { Wait } from '../core/offer.ts'
import { canonical } from '../core/values.ts'
import { ConfigError } from '../errors.ts'
import type { Scope } from './intake.ts'
import type { NamedRecord } from './ports.ts'
import { type Session, isSource } from './session.ts'

/** What a mapping reads: its changes, everything, or certain records. */
export async function scopeOf(session: Session): Promise<Scope> {
  const { options, mapping, state } = session
  if (options.ids !== undefined)
    return {
      kind: 'ids',
      ids: { businessCentral: [], sales: [], [options.ids.side]: options.ids.ids },
    }
  if (options.records.length > 0) return namedScope(session, options.records)
  return { kind: 'changes', whole: options.full || options.rewrite !== undefined || state.hash !== mapping.hash }
}

async function namedScope(session: Session, records: readonly NamedRecord[]): Promise<Scope> {
  const ids = { businessCentral: [] as string[], sales: [] as string[] }
  const missing: NamedRecord[] = []
  for (const record of records) {
    const found = await recordIds(session, record)
    if (sides.every((side) => found[side].length === 0)) missing.push(record)
    for (const side of sides) ids[side].push(...found[side])
  }
  return { kind: 'ids', ids, missing }
}

/**
 * The records that hold a value in a column: of the first side where there are any; a pair also when its record has left
 * the filter or is gone.
 */
async function recordIds(session: Session, record: NamedRecord): Promise<Readonly<Record<Side, readonly string[]>>> {
  for (const side of sidesWith(session, record)) {
    const known = knownAs(session, side, record)
    const found = await session.readers[side].find([{ [record.column]: record.value }])
    const ids = new Set([...(known === undefined ? [] : [known]), ...found.map(({ id }) => id)])
    if (ids.size > 0) return { businessCentral: [], sales: [], [side]: [...ids] }
  }
  return { businessCentral: [], sales: [] }
}

/** The sides where the mapping reads such a column. */
const sidesWith = ({ compiled }: Session, { column }: NamedRecord): readonly Side[] =>
  sides.filter(
    (side) => compiled.sides[side].select.includes(column) || compiled.sides[side].description.key.includes(column),
  )

function knownAs({ mapping, state }: Session, side: Side, { column, value }: NamedRecord): string | undefined {
  const { keys } = mapping[side]
  const code = canonical(value, { type: 'code' })
  if (keys.length !== 1 || keys[0] !== column || code === null) return undefined
  return state.byKeys(side, { [column]: code })?.[side].id
}

/** Throws ConfigError when none of the mappings knows a record that a person asked for. */
export function refuseNobody(
  records: readonly NamedRecord[],
  asked: readonly { readonly session: Session; readonly scope: Scope }[],
): void {
  const isKnown = (record: NamedRecord): boolean =>
    asked.some(({ scope }) => scope.kind === 'ids' && scope.missing?.includes(record) !== true)
  const problems = records
    .filter((record) => !isKnown(record))
    .map((record) => ({ path: '--record', message: nobodyText(record, asked) }))
  if (problems.length > 0) throw new ConfigError(problems)
}

function nobodyText(record: NamedRecord, asked: readonly { readonly session: Session }[]): string {
  const { column, value } = record
  const reading = asked.filter(({ session }) => sidesWith(session, record).length > 0)
  const names = (reading.length > 0 ? reading : asked).map(({ session }) => session.mapping.name).join(', ')
  return reading.length > 0
    ? `no record of ${names} has ${column} ${value}, on either side, as far as its filters admit`
    : `${names} reads no column called "${column}" on either side`
}

/** Ids, by side, of the records that others wait for: named by id or by natural keys; only on sides the mapping reads. */
export async function idsOf(
  session: Session,
  waits: readonly Wait[],
): Promise<Readonly<Record<Side, readonly string[]>>> {
  const reads = (side: Side): readonly Wait[] =>
    isSource(session.mapping, side) ? waits.filter(({ from }) => from === side) : []
  const ours = reads('businessCentral')
  const named = ours.flatMap(({ keys }) => (keys === undefined ? [] : [keys]))
  const found = named.length === 0 ? [] : await session.readers.businessCentral.find(named)
  return {
    businessCentral: [
      ...ours.flatMap(({ key, keys }) => (keys === undefined ? [key] : [])),
      ...found.map(({ id }) => id),
    ],
    sales: reads('sales').map(({ key }) => key),
  }
}
