/** Insert, modify, rename and delete through a view, with the rules of the table behind it. */

import type { Company } from './business-central-company.ts'
import { dialog, notAllowed, Refused } from './business-central-error.ts'
import { readBody } from './business-central-input.ts'
import type { Fields } from './business-central-input.ts'
import { postAdjustment } from './business-central-ledger.ts'
import { rulesOf } from './business-central-rules.ts'
import { textOf } from './business-central-value.ts'
import type { View } from './business-central-schema.ts'
import { DuplicateKey } from './table.ts'
import type { Entry, Row } from './table.ts'

/** Fields that are calculated from entries: they change without moving the record's stamp or etag. */
const calculated = new Set([
  'Inventory',
  'Balance Due',
  'Balance (LCY)',
  'Remaining Amount',
  'Sales (LCY)',
  'Overdue Amount',
])

/** Inserts a row. `fixed` fields come from the address. Throws `Refused`. */
export function insert(company: Company, view: View, body: Row, fixed: Fields = {}): Entry {
  if (!view.insert) throw notAllowed(view.set)
  const { SystemId: id, ...asked } = readBody(company, view, body)
  const own = view.document || id === undefined ? {} : { SystemId: id }
  return place(company, view, { ...view.where, ...asked, ...own, ...fixed })
}

/** A row that a person enters in the program, where pages offer more than they do from outside. Throws `Refused`. */
export const enter = (company: Company, view: View, body: Row): Entry =>
  place(company, view, { ...view.where, ...readBody(company, view, body, true) })

function place(company: Company, view: View, asked: Fields): Entry {
  const rules = rulesOf(view.table)
  const fields = rules.inserting?.(company, asked) ?? asked
  refuseBlankKey(company, view.table, fields)
  refuseTaken(company, view.table, fields)
  const entry = store(company, view.table, fields)
  rules.inserted?.(company, entry)
  return company.table(view.table).get(entry.key) ?? entry
}

function store(company: Company, table: string, fields: Fields): Entry {
  try {
    return company.table(table).insert({ SystemId: company.newId(), ...fields })
  } catch (error) {
    if (error instanceof DuplicateKey) throw exists(table, `SystemId='${error.key}'`)
    throw error
  }
}

/** What is to be changed, and how. */
export interface Modification {
  readonly entry: Entry
  readonly body: Row
  /** A person in the program, who may also post what pages only show. @default false */
  readonly person?: boolean
}

/** Changes a row and gives it back. Throws `Refused`. */
export function modify(company: Company, view: View, { entry, body, person = false }: Modification): Entry {
  if (!view.modify && !person) throw notAllowed(view.set)
  const asked = readBody(company, view, body, person)
  if (asked['SystemId'] !== undefined && asked['SystemId'] !== entry.key) throw dialog('The "id" cannot be changed.')
  const table = company.table(view.table)
  const [own, shown] = split(view, asked, person)
  if (view.table === 'Item' && shown['Inventory'] !== undefined) postAdjustment(company, entry.row, shown['Inventory'])
  if (Object.keys(shown).length > 0) company.stampedAt('kept', () => table.update(entry.key, shown))
  if (Object.keys(own).length > 0 || Object.keys(shown).length === 0) change(company, view.table, entry, own)
  return table.get(entry.key) ?? entry
}

/** What goes through the rules, and what is only calculated or posted by others. */
function split(view: View, asked: Fields, person: boolean): [own: Fields, shown: Fields] {
  const closed = new Set(
    [...view.properties.values()].filter((each) => each.readOnly === true).map((each) => each.field),
  )
  const own: Fields = {}
  const shown: Fields = {}
  for (const [field, value] of Object.entries(asked)) {
    const entered = !calculated.has(field) && !(person && closed.has(field))
    ;(entered ? own : shown)[field] = value
  }
  return [own, shown]
}

function change(company: Company, table: string, entry: Entry, own: Fields): void {
  const rules = rulesOf(table)
  const changes = rules.modifying?.(company, entry.row, own) ?? own
  const keys = company.keysOf(table)
  const renamed = keys.filter((field) => changes[field] !== undefined && changes[field] !== entry.row[field])
  if (renamed.length > 0) {
    refuseBlankKey(company, table, { ...entry.row, ...changes })
    refuseTaken(company, table, { ...entry.row, ...changes })
  }
  const after = company.table(table).update(entry.key, changes)
  if (renamed.length > 0 && keys.length === 1) {
    const [field = ''] = keys
    company.carryRename(table, entry.row[field], after.row[field])
  }
  rules.modified?.(company, after, entry.row)
}

/** Deletes a row. Throws `Refused`. */
export function remove(company: Company, view: View, entry: Entry): void {
  if (!view.delete) throw notAllowed(view.set)
  rulesOf(view.table).deleting?.(company, entry)
  company.table(view.table).delete(entry.key)
}

function refuseBlankKey(company: Company, table: string, fields: Fields): void {
  // Longer keys end in parts that may be blank: a variant, a unit, a minimum quantity.
  for (const field of company.keysOf(table).slice(0, 2)) {
    if (fields[field] !== undefined && fields[field] !== '') continue
    throw new Refused(
      'Application_FieldValidationException',
      `${field} must have a value in ${table}: ${field}=. It cannot be zero or empty.`,
    )
  }
}

function refuseTaken(company: Company, table: string, fields: Fields): void {
  const keys = company.keysOf(table)
  if (keys.length === 0) return
  const taken = company.find(table, ...keys.map((field) => fields[field]))
  if (taken === undefined) return
  throw exists(table, keys.map((field) => `${field}='${textOf(fields[field])}'`).join(','))
}

function exists(table: string, key: string): Refused {
  const text = `The record in table ${table} already exists. Identification fields and values: ${key}`
  return new Refused('Internal_EntityWithSameKeyExists', text)
}
