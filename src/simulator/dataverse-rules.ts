/** Business rules of Dynamics 365 Sales, one small table of hooks for each entity. */

import { absent, DataverseError, refused } from './dataverse-error.ts'
import { documentRules, lineRules } from './dataverse-documents.ts'
import type { After, Before, Rules } from './dataverse-hooks.ts'
import { reference } from './dataverse-reference.ts'
import { targetProperty } from './dataverse-schema.ts'
import { indexValue } from './table.ts'
import type { Row } from './table.ts'

/** The hooks of a table; none for most. */
export function rulesOf(table: string): Rules {
  return RULES[table] ?? {}
}

const RULES: Readonly<Record<string, Rules>> = {
  account: {
    beforeDelete: (removal) => restrict(removal, ['opportunity', 'quote', 'salesorder', 'invoice'], 'customerid'),
  },
  contact: {
    beforeCreate: fullName,
    beforeUpdate: fullName,
    beforeDelete: (removal) => restrict(removal, ['opportunity', 'quote', 'salesorder', 'invoice'], 'customerid'),
  },
  // A note tells the table of what it is about.
  annotation: {
    beforeCreate: ({ values }) => {
      values['objecttypecode'] ??= values[targetProperty('objectid')] ?? null
      values['isdocument'] ??= false
    },
  },
  systemuser: { beforeCreate: fullName, beforeUpdate: fullName },
  transactioncurrency: {
    beforeCreate: (write) => {
      checkRate(write)
      unique(write, ['isocurrencycode'], 'The currency already exists.')
    },
    beforeUpdate: checkRate,
    beforeDelete: (removal) => {
      if (removal.organization.baseCurrency().key === removal.id) throw refused('The base currency cannot be deleted.')
      restrict(
        removal,
        ['pricelevel', 'product', 'salesorder', 'invoice', 'quote', 'opportunity'],
        'transactioncurrencyid',
      )
    },
  },
  uomschedule: {
    beforeCreate: (write) => {
      const { values } = write
      if ((values['baseuomname'] ?? null) === null)
        throw refused('baseuomname is missing: a unit group needs a base unit.')
      unique(write, ['name'], 'A unit group with this name already exists.')
    },
    afterWrite: makeBaseUnit,
    beforeDelete: (removal) => {
      restrict(removal, ['product'], 'defaultuomscheduleid')
      cascade(removal, 'uom', 'uomscheduleid')
    },
  },
  uom: {
    beforeCreate: (write) => {
      const { values } = write
      if ((values['_baseuom_value'] ?? null) === null)
        throw refused('baseuom is missing: only the unit group makes a base unit.')
      if (!(Number(values['quantity'] ?? 0) > 0)) throw refused('The quantity of a unit must be greater than zero.')
      if (baseOf(write, values) !== values['_uomscheduleid_value'])
        throw refused('The base unit belongs to another unit group.')
      values['isschedulebaseuom'] = false
      unique(write, ['name', '_uomscheduleid_value'], 'A unit with this name already exists in the unit group.')
    },
    beforeUpdate: (write) => {
      writeOnce(write, '_uomscheduleid_value', 'The unit group of a unit cannot be changed.')
      if (write.values['quantity'] === 0) throw refused('The quantity of a unit must be greater than zero.')
    },
    beforeDelete: (removal) => {
      if (removal.row['isschedulebaseuom'] === true) throw refused('The base unit of a unit group cannot be deleted.')
      restrict(removal, ['product'], 'defaultuomid')
      restrict(removal, ['productpricelevel'], 'uomid')
    },
  },
  product: {
    beforeCreate: (write) => {
      unique(write, ['productnumber'], 'A product with this product number already exists.')
      checkDefaultUnit(write)
      // The organisation may have its products ready for sale at once.
      if (write.organization.setting('createproductswithoutparentinactivestate') === true) {
        Object.assign(write.values, { statecode: 0, statuscode: 1 })
      }
      write.values['productstructure'] ??= 1
    },
    beforeUpdate: (write) => {
      for (const column of ['defaultuomscheduleid', 'defaultuomid']) {
        writeOnce(write, `_${column}_value`, `The ${column} of a product cannot be changed.`)
      }
      if (write.values['statecode'] === 2 && write.before['statecode'] !== 2) {
        throw refused('You can only change the state of a product to Active, Under Revision or Retired.')
      }
    },
    beforeDelete: (removal) => {
      restrict(
        removal,
        ['productpricelevel', 'salesorderdetail', 'quotedetail', 'invoicedetail', 'opportunityproduct'],
        'productid',
      )
    },
  },
  pricelevel: {
    beforeCreate: (write) => unique(write, ['name'], 'A price list with this name already exists.'),
    beforeUpdate: (write) =>
      writeOnce(write, '_transactioncurrencyid_value', 'The currency of a price list cannot be changed.'),
    beforeDelete: (removal) => {
      restrict(removal, ['salesorder', 'quote', 'invoice', 'opportunity', 'product'], 'pricelevelid')
      cascade(removal, 'productpricelevel', 'pricelevelid')
    },
  },
  productpricelevel: { beforeCreate: checkPriceLine, beforeUpdate: checkPriceLine },
  opportunity: { beforeDelete: (removal) => restrict(removal, ['quote', 'salesorder'], 'opportunityid') },
  ...documentRules,
  ...lineRules,
}

function fullName({ values, before }: Before): void {
  const part = (name: string) => (values[name] === undefined ? before[name] : values[name]) as string | null | undefined
  if (values['firstname'] === undefined && values['lastname'] === undefined) return
  values['fullname'] = [part('firstname'), part('lastname')].filter((text) => (text ?? '') !== '').join(' ') || null
}

function checkRate({ values }: Before): void {
  if (values['exchangerate'] === undefined || Number(values['exchangerate']) > 0) return
  throw refused('The exchange rate of a currency must be greater than zero.', '0x80044331')
}

/** Throws when another row has the same values in these properties. */
function unique(
  { organization, schema, values, before }: Before,
  properties: readonly string[],
  message: string,
): void {
  const own = before[schema.id]
  const taken = organization
    .table(schema.logical)
    .find(
      (row) => row[schema.id] !== own && properties.every((name) => indexValue(row[name]) === indexValue(values[name])),
    )
  if (taken.length > 0)
    throw new DataverseError(412, '0x80040237', `${message} A record with matching key values already exists.`)
}

function writeOnce({ values, before }: Before, property: string, message: string): void {
  if (values[property] === undefined || (before[property] ?? null) === null) return
  if (indexValue(values[property]) !== indexValue(before[property])) throw refused(message)
}

/** A unit group is created with the name of its base unit; the platform makes that unit. */
function makeBaseUnit({ organization, id, row, before }: After): void {
  if (before['uomscheduleid'] !== undefined) return
  organization.table('uom').insert({
    name: row['baseuomname'],
    quantity: 1,
    isschedulebaseuom: true,
    ...reference('uomscheduleid', 'uomschedule', id),
    _createdby_value: row['_createdby_value'],
    _modifiedby_value: row['_modifiedby_value'],
    organizationid: organization.id,
  })
}

function baseOf({ organization }: Before, values: Row): unknown {
  return organization.row('uom', values['_baseuom_value'] as string).row['_uomscheduleid_value']
}

function checkDefaultUnit({ organization, values }: Before): void {
  const unit = values['_defaultuomid_value'] as string | null | undefined
  const group = values['_defaultuomscheduleid_value'] as string | null | undefined
  if ((unit ?? null) === null || (group ?? null) === null) {
    if (values['productstructure'] === 2) return
    throw refused('The default unit and the unit group of a product are missing.')
  }
  if (organization.row('uom', unit as string).row['_uomscheduleid_value'] === group) return
  throw refused('The default unit does not belong to the unit group of the product.')
}

/** What a price list item needs: its three references, a unit of the product, and nobody else with the same. */
function checkPriceLine(write: Before): void {
  const { organization, values, before } = write
  const line: Row = { ...before, ...values }
  for (const what of ['price list', 'product', 'unit'] as const)
    if ((line[partOf[what]] ?? null) === null) throw refused(`A price list item needs a ${what}.`)
  const [list, product, unit] = [partOf['price list'], partOf.product, partOf.unit].map((name) => line[name] as string)
  const group = organization.row('product', product as string).row['_defaultuomscheduleid_value']
  const unitRow = organization.table('uom').get(unit as string)
  if (unitRow === undefined) throw absent('uom', unit as string)
  if (unitRow.row['_uomscheduleid_value'] !== group)
    throw refused('The unit does not belong to the unit group of the product.')
  refuseTwin(write, line)
  Object.assign(values, reference('uomscheduleid', 'uomschedule', group as string))
  takeCurrency(write, organization.row('pricelevel', list as string).row['_transactioncurrencyid_value'])
}

const partOf = { 'price list': '_pricelevelid_value', product: '_productid_value', unit: '_uomid_value' } as const

/** Product and unit are unique within a price list. */
function refuseTwin({ organization, before }: Before, line: Row): void {
  const twins = organization.table('productpricelevel').lookup(partOf.product, [line[partOf.product]])
  const isTwin = (row: Row): boolean =>
    row['productpricelevelid'] !== before['productpricelevelid'] &&
    [partOf['price list'], partOf.unit].every((name) => row[name] === line[name])
  if (twins.some(({ row }) => isTwin(row)))
    throw new DataverseError(412, '0x80043b0f', 'This product and unit combination has a price for this price list.')
}

/** A price list item is in the currency of its list, and in no other. */
function takeCurrency({ values }: Before, currency: unknown): void {
  if ((currency ?? null) === null) return
  const own = values['_transactioncurrencyid_value'] ?? currency
  if (indexValue(own) !== indexValue(currency))
    throw refused('The currency of the record does not match the currency of the price list.', '0x80043b21')
  Object.assign(values, reference('transactioncurrencyid', 'transactioncurrency', currency as string))
}

/** Throws when a row of these tables points at the row that is to go. */
function restrict({ organization, id, schema }: After, tables: readonly string[], column: string): void {
  for (const name of tables) {
    const table = organization.table(name)
    const property = `_${column}_value`
    const used = table.indexed(property) ? table.lookup(property, [id]) : table.find((row) => row[property] === id)
    if (used.length === 0) continue
    const message = `The ${schema.logical} cannot be deleted because it is associated with another record (${name}).`
    throw new DataverseError(405, '0x80048d21', message)
  }
}

function cascade({ organization, id }: After, name: string, column: string): void {
  const table = organization.table(name)
  for (const { key } of table.lookup(`_${column}_value`, [id])) table.delete(key)
}
