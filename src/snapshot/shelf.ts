/** What was recorded of a side, and plain words where something was not: a row that is not there is never a blank. */
import type { EntityRef, Side } from '../config/config.ts'
import type { Description } from '../core/record.ts'
import { ConnectorError } from '../errors.ts'
import { type Asked, type Collection, type Missing, type Shelf, nameOf } from './collection.ts'

export interface Recorded {
  readonly collections: readonly Collection[]
  readonly missing: readonly Missing[]
}

/** The shelf of a side; `from` is the snapshot in words. */
export function shelfOf(side: Side, { collections, missing }: Recorded, from: string): Shelf {
  const byName = new Map(collections.map((collection) => [nameOf(collection.entity), collection]))
  const absent = new Map(missing.map((one) => [nameOf(one.entity), one]))
  const notHeld = (what: string): ConnectorError =>
    new ConnectorError(side, 'rejected', {
      message: `${from} does not hold ${what}`,
      remedy: 'Take a new one with a version that reads it: couplet snapshot',
    })
  const taken = (entity: EntityRef): Collection => {
    const gone = absent.get(nameOf(entity))
    if (gone !== undefined) throw new ConnectorError(side, 'gone', gone)
    const collection = byName.get(nameOf(entity))
    if (collection === undefined) throw notHeld(entity.entity)
    return collection
  }
  return {
    describe: async (entity, wanted): Promise<Description> => {
      const { description, absent: lacking } = taken(entity)
      const unknown = wanted.find((name) => description.columns[name] === undefined && !lacking.includes(name))
      if (unknown !== undefined) throw notHeld(`${unknown} of ${entity.entity}`)
      return description
    },
    rows: async ({ entity, columns }: Asked): Promise<Collection> => {
      const collection = taken(entity)
      const { columns: held } = collection
      if (held === undefined) throw notHeld(`the rows of ${entity.entity}`)
      const unknown = columns.find((name) => !held.includes(name))
      if (unknown !== undefined) throw notHeld(`${unknown} of ${entity.entity}`)
      return collection
    },
  }
}
