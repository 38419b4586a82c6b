/** A request's body as columns of a row and rows nested in it. */

import { resolveReference } from './dataverse-address.ts'
import { absent, badPayload } from './dataverse-error.ts'
import { reference } from './dataverse-reference.ts'
import type { Organization } from './dataverse-organization.ts'
import { isLookup, targetProperty } from './dataverse-schema.ts'
import type { Column, TableSchema } from './dataverse-schema.ts'
import { toStored } from './dataverse-values.ts'

/** A body as parsed. */
export type Body = Readonly<Record<string, unknown>>

/** Who writes, in which change set. */
export interface Writer {
  readonly organization: Organization
  /** Id of the systemuser. */
  readonly user: string
  /** Id of the systemuser who really asks, where it acts on behalf of `user`. */
  readonly behind?: string
  /** Content-IDs of the change set so far: `1` to the address of the row. */
  readonly contentIds: ReadonlyMap<string, string>
  /** The request asks for duplicate detection. */
  readonly detectDuplicates: boolean
  /** A person's edits in tests may name lookups by their read property, `_ownerid_value`. */
  readonly directLookups?: boolean
}

/** Creates a nested row and gives its id back. */
export type CreateNested = (schema: TableSchema, body: Body) => string

const BIND = '@odata.bind'

/** Reads one body. What may not be written at this moment is dropped without a word, as the real service does. */
export class BodyReader {
  /** Columns as stored, lookups by their read property. */
  readonly values: Record<string, unknown> = {}
  /** Rows nested in collections. */
  readonly children = new Map<string, readonly Body[]>()
  readonly #writer: Writer
  readonly #schema: TableSchema
  readonly #when: 'c' | 'u'
  readonly #createNested: CreateNested

  /** `when` is `c` for create, `u` for update. */
  constructor(writer: Writer, schema: TableSchema, when: 'c' | 'u', createNested: CreateNested) {
    this.#writer = writer
    this.#schema = schema
    this.#when = when
    this.#createNested = createNested
  }

  /** Sorts all properties. Throws 400 for unknown ones and values that do not fit. */
  read(body: Body): this {
    for (const [name, value] of Object.entries(body)) {
      if (name.endsWith(BIND)) this.#bind(name.slice(0, -BIND.length), value)
      else if (!name.includes('@')) this.#property(name, value)
    }
    return this
  }

  #property(name: string, value: unknown): void {
    const column = this.#schema.columns[name]
    if (column !== undefined && !isLookup(column)) {
      const stored = toStored(this.#schema, name, value)
      if (this.#writable(column)) this.values[name] = stored
    } else if (this.#schema.navigations.has(name)) {
      if (value === null) this.#bind(name, null)
      else this.#nest(name, value as Body)
    } else if (this.#schema.collections?.[name] !== undefined && Array.isArray(value)) {
      this.#nestMany(name, value as Body[])
    } else this.#lookupByReadProperty(name, value)
  }

  #writable(column: Column): boolean {
    return (column.access ?? 'cu').includes(this.#when)
  }

  /** One branch of a polymorphic lookup takes the place of the others. */
  #bind(name: string, value: unknown): void {
    const navigation = this.#schema.navigations.get(name)
    if (navigation === undefined) {
      const message = `Microsoft.OData.ODataException: An undeclared property '${name}' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values.`
      throw badPayload(this.#schema.set, message)
    }
    const { column, targets } = navigation
    const blank = value === null || value === ''
    const { organization, contentIds } = this.#writer
    const found = blank ? undefined : resolveReference(organization, value as string, contentIds)
    if (found !== undefined && !targets.includes(found.table)) {
      throw badPayload(this.#schema.set, `'${name}' does not lead to ${found.table}, but to ${targets.join(', ')}.`)
    }
    this.#setLookup(column, found?.table, found?.entry.key)
  }

  #setLookup(column: string, table: string | undefined, id: string | undefined): void {
    const described = this.#schema.columns[column]
    if (described === undefined || !this.#writable(described)) {
      // A lookup that was set at create stays; whoever tries to change it is told by the table's rules.
      if (described?.access !== 'c') return
    }
    if (table === undefined || id === undefined) {
      Object.assign(this.values, { [`_${column}_value`]: null, [targetProperty(column)]: null })
    } else Object.assign(this.values, reference(column, table, id))
  }

  #nest(name: string, body: Body): void {
    const navigation = this.#schema.navigations.get(name)
    const target = navigation?.targets[0]
    if (navigation === undefined || target === undefined) return
    const id = this.#createNested(this.#writer.organization.describe(target), body)
    this.#setLookup(navigation.column, target, id)
  }

  #nestMany(name: string, bodies: readonly Body[]): void {
    if (this.#when === 'u') throw badPayload(this.#schema.set, `Deep update of '${name}' is not supported.`)
    this.children.set(name, bodies)
  }

  #lookupByReadProperty(name: string, value: unknown): void {
    const column = this.#schema.properties.get(name)
    if (column === undefined) {
      const message = `Microsoft.Crm.CrmException: Invalid property '${name}' was found in entity 'Microsoft.Dynamics.CRM.${this.#schema.logical}'.`
      throw badPayload(this.#schema.set, message)
    }
    if (this.#writer.directLookups !== true) toStored(this.#schema, column, value ?? '-')
    const id = value as string | null
    const targets = Object.values(this.#schema.columns[column]?.to ?? {}).flat()
    const table = targets.find((target) => this.#writer.organization.table(target).get(id ?? '') !== undefined)
    if (id !== null && table === undefined) throw absent(targets.join(' or '), id)
    this.#setLookup(column, table, id ?? undefined)
  }
}
