/** A request's body to table fields: what each property accepts, and what it is refused with. */

import type { Company } from './business-central-company.ts'
import { dialog, Refused } from './business-central-error.ts'
import { blankOf, zeros } from './business-central-schema.ts'
import type { Property, View } from './business-central-schema.ts'
import { textOf } from './business-central-value.ts'
import type { Row } from './table.ts'

/** Field values of a write. */
export type Fields = Record<string, unknown>

/**
 * Reads a body; `person` may also write what pages only show (a payment moves a remaining amount). Navigation properties (lines to insert along) are left out; control information is ignored.
 * Throws `Refused` for unknown, read-only or unfit properties and for pairs that do not agree.
 */
export function readBody(company: Company, view: View, body: Row, person = false): Fields {
  const fields: Fields = {}
  const writers = new Map<string, Property>()
  for (const [name, value] of Object.entries(body)) {
    if (name.includes('@') || view.children[name] !== undefined) continue
    const property = view.properties.get(name)
    if (property === undefined) throw unknownProperty(view, name)
    if (property.field === undefined || (property.readOnly === true && !person)) throw readOnly(name)
    const stored = accept(company, view, property, value)
    const other = writers.get(property.field)
    if (other !== undefined && fields[property.field] !== stored) throw disagree(other, property)
    writers.set(property.field, property)
    fields[property.field] = stored
  }
  return fields
}

function unknownProperty(view: View, name: string): Refused {
  const text = `The property '${name}' does not exist on type 'Microsoft.NAV.${view.name}'.`
  return new Refused('BadRequest', `${text} Make sure to only use property names that are defined by the type.`)
}

/** Writing a control that is not editable. */
function readOnly(name: string): Refused {
  return new Refused('BadRequest', `Control '${name}' is read-only.`)
}

/** Texts of the pages for pairs of id and code that name different rows. */
const disagreements: Readonly<Record<string, string>> = {
  Currency: 'The currency values do not match to a specific Currency.',
  'Item Category': 'The item categories values do not match to a specific item category.',
  'Unit of Measure': 'The unit of measure values do not match to a specific Unit of Measure.',
  'Tax Group': 'The tax group values do not match to a specific Tax Group.',
  Customer: 'The sell-to customer values do not match to a specific Customer.',
  Item: 'The item values do not match to a specific Item.',
}

function disagree(a: Property, b: Property): Refused {
  const table = a.relation ?? b.relation ?? ''
  return dialog(disagreements[table] ?? `The "${a.name}" and "${b.name}" values do not match to a specific ${table}.`)
}

/** What is stored for a value. */
function accept(company: Company, view: View, property: Property, value: unknown): unknown {
  if (property.as === 'id') return codeOfId(company, property, value)
  if (property.as === 'contactCustomerId') return companyContactOf(company, value)
  if (value === null) return blankOf(property)
  const stored = typed(property, value)
  if (property.as === 'localCurrency' && stored === company.localCurrency) return ''
  if (property.relation !== undefined) checkRelation(company, view, property, stored)
  return stored
}

/** The code of the row that an id names; all zeros are the blank code. */
function codeOfId(company: Company, property: Property, value: unknown): unknown {
  if (value === null || value === zeros || value === '') return ''
  const row = company.table(property.relation ?? '').get(guid(value))?.row
  if (row === undefined) throw dialog(unknownId(property))
  return row['Code'] ?? row['No.']
}

/** The company contact of the customer that an id names: a person gets its company by it. */
function companyContactOf(company: Company, value: unknown): unknown {
  const customer = company.table('Customer').get(guid(value))?.row
  if (customer === undefined) throw dialog(`Customer with provided id - ${textOf(value)} does not exist`)
  const [contact] = company.table('Contact').find((row) => row['Customer No.'] === customer['No.'])
  return contact?.row['No.'] ?? ''
}

const unknownIds: Readonly<Record<string, string>> = {
  customerId: 'The sell-to customer cannot be found.',
  billToCustomerId: 'The bill-to customer cannot be found.',
}

function unknownId({ name, relation = '' }: Property): string {
  return unknownIds[name] ?? `The "${name}" does not match to ${relation === 'Item' ? 'an' : 'a'} ${relation}.`
}

function checkRelation(company: Company, view: View, property: Property, code: unknown): void {
  const table = property.relation ?? ''
  if (code === '' || company.find(table, code) !== undefined) return
  if (property.as === 'localCurrency') throw dialog(`The "${property.name}" does not match to a Currency.`)
  if (property.name === 'customerNumber') throw dialog('The sell-to customer cannot be found.')
  if (table === 'Item Category') throw dialog(`The "${property.name}" does not match to a Item Category.`)
  const text = `The field ${property.field} of table ${view.table} contains a value (${textOf(code)})`
  throw new Refused('Internal_InvalidTableRelation', `${text} that cannot be found in the related table (${table}).`)
}

const numbers = new Set(['Decimal', 'Double', 'Int32', 'Int64'])

type Convert = (property: Property, value: unknown) => unknown

function typed(property: Property, value: unknown): unknown {
  const convert = numbers.has(property.type) ? number : converts[property.type]
  return convert === undefined ? text(property, value) : convert(property, value)
}

const number: Convert = (property, value) => (typeof value === 'number' ? value : unfit(property, value))

const converts: Readonly<Record<string, Convert>> = {
  Enum: option,
  Option: option,
  Boolean: (property, value) => (typeof value === 'boolean' ? value : unfit(property, value)),
  Guid: (_property, value) => guid(value),
  Date: (property, value) => (/^\d{4}-\d\d-\d\d$/u.test(textOf(value)) ? value : unfit(property, value)),
  DateTimeOffset: (property, value) => (Number.isNaN(Date.parse(textOf(value))) ? unfit(property, value) : value),
}

function unfit(property: Property, value: unknown): never {
  const kind = numbers.has(property.type) || property.type === 'Boolean' ? 'type' : 'value'
  const text = `Cannot convert the literal '${textOf(value)}' to the expected type 'Edm.${property.type}'.`
  throw new Refused('BadRequest', `The ${kind} of '${property.name}' is not valid. ${text}`)
}

function guid(value: unknown): string {
  const text = textOf(value)
  if (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu.test(text)) return text.toLowerCase()
  throw new Refused('Application_InvalidGUID', `Invalid format of GUID string '${text}'.`)
}

function option(property: Property, value: unknown): unknown {
  const values = property.values ?? []
  if (typeof value === 'string') {
    if (values.includes(value)) return value
    if (value.trim() === '' && values.includes('_x0020_')) return '_x0020_'
  }
  const existing = (property.captions ?? values).join(',')
  throw new Refused('Unknown', `'${textOf(value)}' is not an option. The existing options are: ${existing}`)
}

function text(property: Property, value: unknown): string {
  if (typeof value !== 'string') return unfit(property, value)
  const stored = property.code === true ? value.trim().toUpperCase() : value
  const { length } = property
  if (length === undefined || stored.length <= length) return stored
  const limit = `The length of the string is ${stored.length}, but it must be less than or equal to ${length} characters.`
  throw new Refused('Application_StringExceededLength', `${limit} Value: ${stored}`)
}
