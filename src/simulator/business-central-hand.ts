/** A person at work in the company, and the loader of demo data. */

import { act } from './business-central-actions.ts'
import type { Company } from './business-central-company.ts'
import { notFound } from './business-central-error.ts'
import { entities, pages } from './business-central-schema.ts'
import type { View } from './business-central-schema.ts'
import { plainRenderer, shows } from './business-central-view.ts'
import { enter, modify, remove } from './business-central-write.ts'
import type { Hand } from './service.ts'
import type { Entry, Row } from './table.ts'
import type { World } from './world.ts'

/**
 * The hands of a person. Rows are given and taken in the words of the set; a key is an id or a primary key, its parts
 * joined by `|`. Read-only properties may be set, which stands for what other work does to them (a payment lowers
 * `remainingAmount`) and moves no stamp. A `lastModifiedDateTime` among the values is the stamp the write bears: an
 * edit that was stamped earlier and is committed only now.
 */
export function handIn(world: World, company: Company, viewOf: (set: string) => View | undefined): Hand {
  const view = (set: string) => {
    const found = viewOf(set) ?? pages.get(set)
    if (found === undefined) throw new Error(`Business Central has no set ${set}`)
    return found
  }
  const entry = (set: string, key: string) => {
    const found = findRow(company, view(set), key)
    if (found === undefined) throw notFound(view(set).table)
    return found
  }
  const shown = (set: string, found: Entry) => plainRenderer(company, view(set))(found)
  return {
    rows: (set) => rowsOf(company, view(set)).map(plainRenderer(company, view(set))),
    row: (set, key) => {
      const found = findRow(company, view(set), key)
      return found && shown(set, found)
    },
    create: (set, values) => {
      const { lastModifiedDateTime: stamp, ...rest } = values
      return shown(
        set,
        written(world, company, stamp, () => enter(company, posting(view(set)), rest)),
      )
    },
    edit: (set, key, values) => {
      const { lastModifiedDateTime: stamp, ...rest } = values
      return shown(
        set,
        written(world, company, stamp, () =>
          modify(company, view(set), { entry: entry(set, key), body: rest, person: true }),
        ),
      )
    },
    delete: (set, key) => world.transaction(() => remove(company, view(set), entry(set, key))),
    act: (set, key, action) => world.transaction(() => act(company, entry(set, key), action)),
  }
}

/** A person's posting makes the entries that no page lets anybody write. */
const posting = (view: View): View => (view.table === 'Item Ledger Entry' ? { ...view, insert: true } : view)

function written(world: World, company: Company, stamp: unknown, work: () => Entry): Entry {
  const moment = typeof stamp === 'string' ? new Date(stamp).toISOString() : undefined
  return world.transaction(() => company.stampedAt(moment, work))
}

function rowsOf(company: Company, view: View): Entry[] {
  return company.table(view.table).find((row) => shows(view, row))
}

function findRow(company: Company, view: View, key: string): Entry | undefined {
  const byId = company.table(view.table).get(key)
  const where = Object.values(view.where).filter((value) => typeof value === 'string')
  const keys = company.keysOf(view.table)
  const parts = key.split('|')
  // A document's number is enough: its type is the set's.
  const whole = parts.length < keys.length ? [...where, ...parts] : parts
  const found = byId ?? company.find(view.table, ...whole)
  return found !== undefined && shows(view, found.row) ? found : undefined
}

/** Stores demo rows as they are. Words that are no property of the set are table fields. */
export function loadRows(company: Company, set: string, rows: Iterable<Row>): void {
  const view = entities.get(set) ?? pages.get(set)
  if (view === undefined) throw new Error(`Business Central has no set ${set}`)
  const fields = new Map(
    [...view.properties.values()].map((property) => [property.name, property.field ?? property.name]),
  )
  const table = company.table(view.table)
  const local = company.localCurrency
  const adjust = adjustments[set]
  company.stampedAt('kept', () => {
    for (const row of rows) {
      const stored: Record<string, unknown> = { ...view.where }
      for (const name in row) stored[fields.get(name) ?? name] = row[name]
      if (stored['Currency Code'] === local && view.table !== 'Currency Exchange Rate') stored['Currency Code'] = ''
      adjust?.(stored)
      table.insert(stored)
    }
  })
}

/** Where a loaded row has to say more than its set shows. */
const adjustments: Readonly<Record<string, (stored: Record<string, unknown>) => void>> = {
  salesOrders: (stored) => {
    stored['Status'] = stored['Status'] === 'Draft' ? 'Open' : 'Released'
  },
  salesInvoices: (stored) => {
    stored['Posted'] = stored['Status'] !== 'Draft'
  },
}
