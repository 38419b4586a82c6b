/** Numbers that new records get by a pattern: those that are taken are read once a run, those given away remembered. */
import type { Side } from '../config/config.ts'
import type { Query } from '../connector/connector.ts'
import { type FreeNumber, type NumberQuery, comparableNumber, firstFree } from '../core/number-pattern.ts'
import type { Session } from './session.ts'

/** Which number each record gets; what is taken is told it before. Deterministic: in the order of the questions. */
export class Numbers {
  readonly #taken = new Map<string, Set<string>>()
  readonly #given = new Map<string, FreeNumber | 'none'>()
  /** Where to go on looking: everything before is taken. */
  readonly #next = new Map<string, number>()

  /** The number for a record; 'ask' where it is not known which are taken; 'none' where all are. */
  of(query: NumberQuery): FreeNumber | 'none' | 'ask' {
    const key = keyOf(query)
    const taken = this.#taken.get(key)
    if (taken === undefined) return 'ask'
    const recipient = `${key}\n${query.source}`
    const given = this.#given.get(recipient)
    if (given !== undefined) return given
    const free = firstFree(query, (number) => taken.has(number), this.#next.get(key))
    if (free !== 'none') {
      taken.add(comparableNumber(free.text))
      this.#next.set(key, free.count + 1)
    }
    this.#given.set(recipient, free)
    return free
  }

  knows(query: NumberQuery): boolean {
    return this.#taken.has(keyOf(query))
  }

  take(query: NumberQuery, numbers: Iterable<string>): void {
    this.#taken.set(keyOf(query), new Set([...numbers].map(comparableNumber)))
  }
}

const keyOf = ({ side, column, pattern }: NumberQuery): string => JSON.stringify([side, column, pattern])

/** Reads which numbers of the asked patterns are taken, whatever the mapping's own filter says. */
export async function readNumbers(session: Session, queries: readonly NumberQuery[]): Promise<void> {
  for (const query of queries) {
    if (session.lookups.numbers.knows(query)) continue
    session.lookups.numbers.take(query, await takenNumbers(session, query))
  }
}

async function takenNumbers(session: Session, { side, column, pattern, isCode }: NumberQuery): Promise<Set<string>> {
  const taken = new Set<string>()
  const prefix = isCode ? pattern.prefix.toUpperCase() : pattern.prefix
  for await (const page of session.connectors[side].changes(queryOf(session, side, column, prefix), undefined))
    for (const change of page.changes) {
      const number = change.kind === 'upsert' ? change.row[column] : undefined
      if (typeof number === 'string') taken.add(number)
    }
  return taken
}

function queryOf(session: Session, side: Side, column: string, prefix: string): Query {
  const { entity } = session.mapping[side]
  if (entity === undefined) throw new Error(`${session.mapping.name} numbers constant rows`)
  const filter = prefix === '' ? undefined : `startswith(${column},'${prefix.replaceAll("'", "''")}')`
  return { entity, select: [column], filter }
}
