/** Names for ids: what a person calls a record, so that golden files read well and are the same in each run. */
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'
import type { ScenarioSide } from './script.ts'

/** Columns that name a row, the first filled one wins. */
export const nameColumns: readonly string[] = [
  'number',
  'No',
  'code',
  'Code',
  'name',
  'fullname',
  'isocurrencycode',
  'displayName',
  'subject',
  'productdescription',
]

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

export interface Names {
  /** Looks for rows that have no name yet; rows that are deleted later keep theirs. */
  learn(): void
  /** The text with every id exchanged for a name. */
  in(text: string): string
  /** The text with `<accounts Adatum>` exchanged for an id. */
  idsIn(text: string): string
  /** The id of a named row of a set. Throws when there is none. */
  idOf(side: ScenarioSide, set: string, name: string): string
}

/** Names of everything in both services. */
export function namesOf(simulator: Simulator): Names {
  const byId = new Map<string, string>()
  const byName = new Map<string, string>()
  const learnSet = (side: ScenarioSide, set: string): void => {
    for (const row of simulator[side].rows(set)) {
      const id = idOf(row, side === 'sales' ? (simulator.sales.service.table(set)?.key ?? '') : 'id')
      if (id === undefined || byId.has(id)) continue
      const [text = 'without a name'] = nameColumns.flatMap((column) => textIn(row[column]))
      const name = `${set} ${text}`
      let free = name
      for (let count = 2; byName.has(`${side} ${free}`); count++) free = `${name} #${count}`
      byId.set(id, free)
      byName.set(`${side} ${free}`, id)
    }
  }
  const learn = (): void => {
    for (const side of ['businessCentral', 'sales'] as const)
      for (const set of simulator[side].service.sets()) learnSet(side, set)
  }
  const anyIdOf = (name: string): string => {
    const id = byName.get(`sales ${name}`) ?? byName.get(`businessCentral ${name}`)
    if (id === undefined) throw new Error(`nothing is called <${name}>`)
    return id
  }
  return {
    learn,
    in: (text) => text.replaceAll(uuid, (id) => `<${byId.get(id.toLowerCase()) ?? 'some id'}>`),
    idsIn: (text) => text.replaceAll(/<([^>]+)>/g, (_all, name: string) => anyIdOf(name)),
    idOf: (side, set, name) => {
      learn()
      const id = byName.get(`${side} ${set} ${name}`)
      if (id === undefined) throw new Error(`${side} has no ${set} called "${name}"`)
      return id
    },
  }
}

const textIn = (value: unknown): readonly string[] => (typeof value === 'string' && value !== '' ? [value] : [])

/** Rows of published pages show no id. */
function idOf(row: Row, column: string): string | undefined {
  const id = row[column]
  return typeof id === 'string' ? id.toLowerCase() : undefined
}
