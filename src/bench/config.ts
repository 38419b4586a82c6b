/** What the bench syncs: customers to accounts, ten field rows, both directions, resolved as the loader would. */
import type { Config, Field, Mapping, Source } from '../config/config.ts'

const row = (name: string, businessCentral: string | undefined, sales: string, given: Partial<Field> = {}): Field => ({
  name,
  direction: 'both',
  businessCentral,
  sales,
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
  hash: 'bench',
  ...given,
})

const source = (
  side: 'businessCentral' | 'sales',
  entity: string,
  keys: readonly string[],
  filter: string,
): Source => ({
  side,
  entity: { kind: 'standard', entity },
  keys,
  filter,
  conditions: [],
  optional: false,
  with: [],
  joins: [],
  constant: undefined,
  lookupTypes: {},
  reference: undefined,
  modified: undefined,
  recheck: undefined,
  builtIn: undefined,
  actions: {},
})

const unlimited = { count: undefined, share: undefined }
const websites = { toSales: '$lowercase(website)', toBusinessCentral: '$lowercase(websiteurl)' }

const customerAccount: Mapping = {
  name: 'customer-account',
  native: [],
  enabled: true,
  reason: undefined,
  direction: 'both',
  after: [],
  follows: undefined,
  businessCentral: source('businessCentral', 'customers', ['number'], "blocked eq '_x0020_'"),
  sales: source('sales', 'accounts', [], 'customertypecode eq 3 and statecode eq 0'),
  match: [{ businessCentral: ['number'], sales: ['accountnumber'], lookup: {}, caseSensitive: false }],
  createOn: { businessCentral: false, sales: true },
  firstMatch: { blank: 'fill', different: 'hold' },
  conflicts: 'hold',
  deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 86_400_000 },
  firstRun: 'auto',
  actAs: undefined,
  limits: { deletes: unlimited, updates: unlimited, creates: unlimited },
  fields: [
    row('number', 'number', 'accountnumber', { direction: 'toSales' }),
    row('accountType', undefined, 'customertypecode', { value: 3, on: 'create', direction: 'toSales' }),
    row('name', 'displayName', 'name'),
    row('address', 'addressLine1', 'address1_line1'),
    row('postCode', 'postalCode', 'address1_postalcode'),
    row('city', 'city', 'address1_city'),
    row('email', 'email', 'emailaddress1'),
    row('phone', 'phoneNumber', 'telephone1'),
    row('creditLimit', 'creditLimit', 'creditlimit', { direction: 'toSales' }),
    row('website', 'website', 'websiteurl', { compute: websites }),
  ],
  defaults: { businessCentral: [], sales: [] },
  lines: undefined,
  allowMetadataChanges: false,
  notReachable: [],
  hash: 'bench',
}

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

/** The configuration that the bench runs; connectors are made apart. */
export const benchConfig: Config = {
  root: '/',
  target: undefined,
  connections: {
    businessCentral: { ...connection, side: 'businessCentral', kind: 'business-central' },
    sales: { ...connection, side: 'sales', kind: 'dataverse' },
  },
  settings: {
    ownership: 'person',
    unitGroups: true,
    pricing: 'extended',
    salesOrders: 'off',
    company: 'own',
    timeZone: 'UTC',
    attempts: 8,
    localCurrency: 'GBP',
  },
  state: { store: 'json', path: '/' },
  mappings: [customerAccount],
  jobs: [],
  serve: { publicUrl: undefined, heartbeat: undefined },
  hash: 'bench',
}
