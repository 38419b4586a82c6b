/** Resolved configurations made by hand, for tests of the engine: the shape that the configuration room would give. */
import type { Config, Field, Limits, Mapping, Side, Source } from '../../src/config/config.ts'
import { hashOf } from '../../src/config/hash.ts'

const unlimited: Limits = {
  deletes: { count: undefined, share: undefined },
  updates: { count: undefined, share: undefined },
  creates: { count: undefined, share: undefined },
}

/** A field row from what differs from the defaults. */
export function row(name: string, given: Partial<Field>): Field {
  return {
    name,
    direction: 'both',
    businessCentral: undefined,
    sales: undefined,
    compute: {},
    value: undefined,
    lookup: undefined,
    whenUncoupled: { kind: 'hold' },
    blank: 'clear',
    blankDefault: undefined,
    on: 'always',
    step: 'main',
    optional: false,
    outside: false,
    refill: false,
    claim: false,
    cascade: false,
    type: undefined,
    reveal: false,
    conflicts: undefined,
    firstMatch: undefined,
    hash: 'h1',
    ...given,
  }
}

/** One side of a mapping over a standard entity. */
export function source(side: Side, entity: string, given: Partial<Source> = {}): Source {
  return {
    side,
    entity: { kind: 'standard', entity },
    keys: [],
    filter: undefined,
    conditions: [],
    optional: false,
    with: [],
    joins: [],
    constant: undefined,
    lookupTypes: {},
    reference: undefined,
    postedAs: [],
    modified: undefined,
    recheck: undefined,
    builtIn: undefined,
    creates: undefined,
    continues: false,
    actions: {},
    ...given,
  }
}

/** A mapping from what differs from the defaults. */
export function mapping(
  given: Partial<Mapping> & Pick<Mapping, 'name' | 'businessCentral' | 'sales' | 'fields'>,
): Mapping {
  return {
    native: [],
    enabled: true,
    firstRun: 'auto',
    actAs: undefined,
    reason: undefined,
    direction: 'both',
    after: [],
    follows: undefined,
    match: [],
    createOn: { businessCentral: false, sales: false },
    firstMatch: { blank: 'fill', different: 'hold' },
    conflicts: 'hold',
    deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 86_400_000 },
    limits: unlimited,
    defaults: { businessCentral: [], sales: [] },
    lines: undefined,
    allowMetadataChanges: false,
    notReachable: [],
    hash: 'm1',
    ...given,
  }
}

/** Customers and accounts with the fields that tests edit. */
export const customerAccount = (given: Partial<Mapping> = {}): Mapping =>
  mapping({
    name: 'customer-account',
    businessCentral: source('businessCentral', 'customers', { keys: ['number'], filter: "blocked eq '_x0020_'" }),
    sales: source('sales', 'accounts', { filter: 'customertypecode eq 3 and statecode eq 0' }),
    match: [
      { businessCentral: ['number'], sales: ['accountnumber'], lookup: {}, caseSensitive: false },
      {
        businessCentral: ['displayName', 'postalCode'],
        sales: ['name', 'address1_postalcode'],
        lookup: {},
        caseSensitive: false,
      },
    ],
    fields: [
      row('number', { businessCentral: 'number', sales: 'accountnumber', direction: 'toSales' }),
      row('accountType', { sales: 'customertypecode', value: 3, on: 'create', direction: 'toSales' }),
      row('name', { businessCentral: 'displayName', sales: 'name' }),
      row('address', { businessCentral: 'addressLine1', sales: 'address1_line1' }),
      row('postCode', { businessCentral: 'postalCode', sales: 'address1_postalcode' }),
      row('city', { businessCentral: 'city', sales: 'address1_city' }),
      row('email', { businessCentral: 'email', sales: 'emailaddress1' }),
      row('phone', { businessCentral: 'phoneNumber', sales: 'telephone1' }),
      row('creditLimit', { businessCentral: 'creditLimit', sales: 'creditlimit', direction: 'toSales' }),
      row('website', {
        businessCentral: 'website',
        sales: 'websiteurl',
        compute: { toSales: '$lowercase(website)', toBusinessCentral: '$lowercase(websiteurl)' },
      }),
    ],
    ...given,
  })

/** Orders of Sales into Business Central, which chooses their ids: the reference tells one from another. */
export const simpleOrder = mapping({
  name: 'order',
  direction: 'toBusinessCentral',
  businessCentral: source('businessCentral', 'salesOrders', { reference: 'externalDocumentNumber' }),
  sales: source('sales', 'salesorders'),
  createOn: { businessCentral: true, sales: false },
  fields: [
    row('reference', {
      businessCentral: 'externalDocumentNumber',
      sales: 'ordernumber',
      direction: 'toBusinessCentral',
      on: 'create',
    }),
    row('customer', { businessCentral: 'customerNumber', value: 'C1', direction: 'toBusinessCentral', on: 'create' }),
    row('note', { businessCentral: 'shipToName', sales: 'shipto_name', direction: 'toBusinessCentral' }),
  ],
})

/** A configuration of these mappings in this order. The connections are not used: the engine gets connectors. */
export function configOf(mappings: readonly Mapping[]): Config {
  const connection = {
    enabled: true,
    reason: undefined,
    url: '',
    company: undefined,
    environment: undefined,
    auth: { method: 'basic', user: '', password: '' },
    allowedHosts: [],
    timeoutMs: 1000,
    maxParallel: 5,
    pageSize: 20_000,
  } as const
  const settings = {
    ownership: 'person',
    unitGroups: true,
    pricing: 'extended',
    salesOrders: 'off',
    company: 'own',
    timeZone: 'UTC',
    attempts: 8,
    localCurrency: 'GBP',
  } as const
  return {
    root: '/',
    target: undefined,
    connections: {
      businessCentral: { ...connection, side: 'businessCentral', kind: 'business-central' },
      sales: { ...connection, side: 'sales', kind: 'dataverse' },
    },
    settings,
    state: { store: 'json', path: '/' },
    mappings,
    jobs: [],
    serve: { publicUrl: undefined, heartbeat: undefined },
    hash: hashOf({ mappings, settings }, 16),
  }
}
