/** The simulated organisation: its tables with their rows, its settings, and the people that work in it. */

import { absent, DataverseError } from './dataverse-error.ts'
import { isLookup, loadSchema, propertyOf, targetProperty } from './dataverse-schema.ts'
import type { Schema, SchemaOptions, TableSchema } from './dataverse-schema.ts'
import { reference } from './dataverse-reference.ts'
import { Security } from './dataverse-security.ts'
import type { SecurityOptions } from './dataverse-security.ts'
import { installUsual } from './dataverse-solutions.ts'
import { Table } from './table.ts'
import type { Entry, Row, Stamp } from './table.ts'
import type { World } from './world.ts'

/** A choice column and the options it is to have. */
export interface ChoiceOptions {
  readonly table: string
  readonly column: string
  readonly options: readonly { readonly value: number; readonly label: string }[]
}

/** What can be set about the organisation. */
export interface OrganizationOptions extends SchemaOptions, SecurityOptions {
  /** The native integration's solutions are installed. @default true */
  readonly solutions?: boolean
  /** ISO code of the base currency. @default the first currency with rate 1, else USD is made */
  readonly baseCurrency?: string
  /** Options of choice columns, instead of those that the columns were made with. */
  readonly choices?: readonly ChoiceOptions[]
  /** Days a change token lives. @default 7 */
  readonly changeTrackingDays?: number
  /** Values of the row in `organizations`, by column. */
  readonly settings?: Row
  /** Refuse a create whose name or number is there already, where the request asks for duplicate detection. */
  readonly duplicateDetection?: boolean
}

/** Whole seconds, as Dataverse shows a moment. */
export function seconds(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`
}

/** The same at every start, so that state made with a simulator fits it when it is started again. */
const organizationId = '0d2c5f1e-8a47-4b9e-9c36-5e7a1f20b6d4'

/** Everything that one environment holds. */
export class Organization {
  readonly schema: Schema
  readonly world: World
  readonly options: OrganizationOptions
  readonly security: Security
  readonly id: string
  /** Version counter when each table's metadata last changed: older change tokens are worthless. */
  readonly metadataChanged = new Map<string, number>()
  readonly #tables = new Map<string, Table>()
  readonly #callers = new Map<string, string>()
  #loading = false

  constructor(world: World, options: OrganizationOptions = {}) {
    this.world = world
    this.options = options
    this.id = organizationId
    this.schema = loadSchema(options)
    this.security = new Security(this, options)
    for (const schema of this.schema.tables.values()) this.#tables.set(schema.logical, this.#makeTable(schema))
    for (const choice of options.choices ?? []) {
      const column = this.schema.tables.get(choice.table)?.columns[choice.column]
      if (column === undefined) throw new Error(`no choice column ${choice.table}.${choice.column}`)
      column.options = Object.fromEntries(choice.options.map(({ value, label }) => [String(value), label]))
    }
  }

  /** The description of a table. Throws for an unknown one. */
  describe(logical: string): TableSchema {
    const schema = this.schema.tables.get(logical)
    if (schema === undefined)
      throw new DataverseError(404, '0x80060888', `The entity ${logical} is not in the metadata.`)
    return schema
  }

  /** The description of an entity set; 404 for an unknown one. */
  describeSet(set: string): TableSchema {
    const schema = this.schema.bySet.get(set)
    if (schema !== undefined) return schema
    throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${set}'.`)
  }

  /** The rows of a table. */
  table(logical: string): Table {
    return this.#tables.get(this.describe(logical).logical) as Table
  }

  /** A row by id. Throws 404. */
  row(logical: string, id: string): Entry {
    const entry = this.table(logical).get(id)
    if (entry === undefined) throw absent(logical, id)
    return entry
  }

  /** The row that a lookup column points at, if there is one. */
  target(schema: TableSchema, column: string, row: Row): { readonly table: string; readonly entry: Entry } | undefined {
    const id = row[`_${column}_value`] as string | null | undefined
    if (id === undefined || id === null) return undefined
    const table = this.targetTable(schema, column, row)
    const entry = table === undefined ? undefined : this.#tables.get(table)?.get(id)
    return table === undefined || entry === undefined ? undefined : { table, entry }
  }

  /** The table behind a lookup of a row. */
  targetTable(schema: TableSchema, column: string, row: Row): string | undefined {
    const stored = row[targetProperty(column)] as string | undefined
    return stored ?? Object.values(schema.columns[column]?.to ?? {})[0]?.[0]
  }

  /** Stores rows as they are, stamps included. */
  load(set: string, rows: Iterable<Row>): void {
    const { logical } = this.describeSet(set)
    const table = this.table(logical)
    this.#loading = true
    try {
      for (const row of rows) table.insert(row)
    } finally {
      this.#loading = false
    }
  }

  /** The user that a caller is: the application user of its client id, made when it first comes. */
  userOf(caller: string): string {
    const known = this.#callers.get(caller)
    if (known !== undefined && this.table('systemuser').get(known) !== undefined) return known
    const unit = reference('businessunitid', 'businessunit', this.rootUnit())
    const isPerson = caller.startsWith('person:')
    const name = caller.replace(/^person:/u, '')
    const [firstname, fullname] = isPerson ? ['', name] : ['#', `# ${name}`]
    const names = { firstname, lastname: name, fullname, internalemailaddress: null }
    const access = { accessmode: isPerson ? 0 : 4, isdisabled: false, islicensed: false, isintegrationuser: false }
    const application = isPerson ? {} : { applicationid: name }
    const { key } = this.table('systemuser').insert({ ...names, ...access, ...application, ...unit })
    this.#callers.set(caller, key)
    this.security.settle()
    this.security.meet(key, caller)
    return key
  }

  /** The business unit on top. */
  rootUnit(): string {
    const units = this.table('businessunit')
    const [first] = units.find((row) => (row['_parentbusinessunitid_value'] ?? null) === null)
    return (first ?? units.insert({ name: 'root', isdisabled: false })).key
  }

  /** The base currency. */
  baseCurrency(): Entry {
    const currencies = this.table('transactioncurrency')
    const code = this.options.baseCurrency
    const [first] = currencies.find((row) =>
      code === undefined ? row['exchangerate'] === 1 : row['isocurrencycode'] === code,
    )
    if (first !== undefined) return first
    const names = { isocurrencycode: code ?? 'USD', currencyname: code ?? 'US Dollar', currencysymbol: code ?? '$' }
    return currencies.insert({ ...names, currencyprecision: 2, exchangerate: 1, statecode: 0, statuscode: 1 })
  }

  /** Fills the one row of `organizations`, and what must exist before anybody can work. */
  settle(): void {
    const organizations = this.table('organization')
    if (organizations.get(this.id) !== undefined) return
    this.rootUnit()
    this.security.settle()
    if (this.options.solutions !== false) installUsual(this)
    const base = this.baseCurrency()
    organizations.insert({
      organizationid: this.id,
      name: 'Couplet simulator',
      ...reference('basecurrencyid', 'transactioncurrency', base.key),
      basecurrencyprecision: base.row['currencyprecision'],
      currencydecimalprecision: 2,
      pricingdecimalprecision: 2,
      expirechangetrackingindays: this.options.changeTrackingDays ?? 7,
      maxrecordsforexporttoexcel: 100_000,
      maxrecordsforlookupfilters: 100,
      maxuploadfilesize: 5_242_880,
      languagecode: 1033,
      localeid: 1033,
      createproductswithoutparentinactivestate: false,
      oobpricecalculationenabled: true,
      ...this.options.settings,
    })
  }

  /** A setting of the organisation. */
  setting(column: string): unknown {
    return this.table('organization').get(this.id)?.row[column]
  }

  #makeTable(schema: TableSchema): Table {
    return new Table({
      name: schema.logical,
      key: schema.id,
      world: this.world,
      indexes: this.#indexesOf(schema),
      stamp: (stamp, row) => this.#stamp(stamp, row),
    })
  }

  /** Alternate keys, and the lookups that collections are read through. */
  #indexesOf(schema: TableSchema): string[] {
    const wanted = new Set(schema.keys.map(([first = '']) => first))
    for (const other of this.schema.tables.values()) {
      for (const [table, column] of Object.values(other.collections ?? {}))
        if (table === schema.logical) wanted.add(column)
    }
    const indexes: string[] = []
    for (const name of wanted) {
      const column = schema.columns[name]
      if (column !== undefined) indexes.push(isLookup(column) ? propertyOf(name, column) : name)
    }
    return indexes
  }

  #stamp({ now, version, created }: Stamp, row: Row): Row {
    const moment = seconds(now)
    const kept = this.#loading ? row : {}
    return {
      ...row,
      createdon: (created ? (kept['createdon'] ?? row['overriddencreatedon']) : row['createdon']) ?? moment,
      modifiedon: kept['modifiedon'] ?? moment,
      versionnumber: version,
    }
  }
}
