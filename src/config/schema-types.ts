/* oxlint-disable max-lines -- generated */
/** What people write, as types. Generated from schemas/ by scripts/generate-types.mjs; not edited by hand. */

/**
 * ${env:NAME} or ${file:PATH}; never the secret itself.
 */
export type Secret = string
/**
 * Host names, with port where it is not the usual one. No wildcards.
 *
 * Items: A host name, with port where it is not the usual one: login.contoso.example:8443.
 */
export type AllowHosts = string[]
/**
 * A length of time with its unit: 500 ms, 30 s, 15 min, 24h, 7 d.
 */
export type Duration = string
/**
 * Where a record without a partner may be created.
 */
export type Create = 'never' | 'toSales' | 'toBusinessCentral' | 'both'
/**
 * A number of records, a share of the coupled records, or both (the smaller counts): 10, "1 %", "10 or 1 %".
 */
export type Limit = number | string
/**
 * The name of a mapping: one of the standard set, or of this project.
 */
export type MappingName = string
/**
 * A name: lower-case letters, digits and hyphens.
 */
export type Name = string
/**
 * One text or several.
 */
export type Texts = string | string[]
/**
 * Where values travel.
 */
export type Direction = 'both' | 'toSales' | 'toBusinessCentral'
/**
 * The name of a file of mappings/include/: one of the standard set, or of this project.
 */
export type SetName = string
/**
 * A JSONata expression.
 */
export type Expression = string
/**
 * A column, or page.column for a `with` page.
 */
export type Column = string
/**
 * OData filter text.
 */
export type Filter = string
/**
 * A column, or $row: the value that this field row gives for the other side.
 */
export type MatchColumn = string
/**
 * A mapping's name (exchange by id), { mapping, by }, { find, where }, or { case, value: lookup … }.
 */
export type Lookup = MappingName | LookupByCoupling | LookupByQuery | LookupByCase
/**
 * Hold for a person, the side that wins, or the later edit.
 */
export type Conflicts = 'hold' | 'businessCentral' | 'sales' | 'newest'
/**
 * hold for a person; uncouple: forget the pair; end: remember it as over, so that nothing of it travels or is made again; restore: create the record again; delete: delete the partner.
 */
export type DeletePolicy = 'hold' | 'uncouple' | 'end' | 'restore' | 'delete'
/**
 * A constant. A code with leading zeros is quoted.
 */
export type ConstantValue = string | number | boolean | null
/**
 * How values compare, and what nothing looks like.
 */
export type ValueType =
  | 'text'
  | 'code'
  | 'guid'
  | 'lookup'
  | 'integer'
  | 'decimal'
  | 'money'
  | 'boolean'
  | 'date'
  | 'dateTime'
  | 'choice'
/**
 * A constant; a setting; an expression over the source record; or the one record of the new record's side that fits.
 */
export type TemplateValue =
  | (string | number | boolean)
  | {
      /**
       * Name of the setting whose value is written; nothing where the setting is missing.
       */
      setting: string
    }
  | {
      compute: Expression
    }
  | LookupByQuery
/**
 * A row's name: letters, digits and underscores.
 */
export type RowName = string
/**
 * A length of time with its unit: 30 s, 15 min, 24h, 7 d; or never.
 */
export type DurationOrNever = string
export type Value = (string | number | boolean | null) | Reference
/**
 * A record by its number, code or name, or by columns that tell it from the others: { name: Adatum, address1_city: Antwerp }.
 */
export type Named =
  | (string | number)
  | {
      [k: string]: Value
    }
/**
 * Columns that somebody changed; null deletes the record; a word is a button that is pressed (release, ship, shipAndInvoice).
 */
export type Edit = null | string | Row

export interface Files {
  project?: ProjectFile
  mapping?: MappingFile
  include?: IncludeFile
  jobs?: JobsFile
  standard?: StandardFile
  test?: TestFile
}
/**
 * couplet.yaml: connections, settings, state, safety limits, which mappings. A file of targets/ has the same keys and is merged over it.
 */
export interface ProjectFile {
  /**
   * Address of this schema, for editors. Not read.
   */
  $schema?: string
  /**
   * How the two sides are reached. Both are needed.
   */
  connections?: {
    businessCentral?: BusinessCentral
    sales?: Dataverse
  }
  /**
   * The standard set of mappings, with its version: standard@1. Default: none; only the files of mappings/.
   */
  use?: string
  create?: Create
  settings?: Settings
  /**
   * Where couplings and watermarks are kept.
   */
  state?: {
    /**
     * Kind of store. Default: json.
     */
    store?: 'json'
    /**
     * Folder, relative to the project. Default: .couplet; with a target .couplet/TARGET.
     */
    path?: string
    /**
     * Key of the fingerprints: ${env:NAME} or ${file:PATH}, never the key itself. Default: a key generated in the folder.
     */
    key?: string
  }
  /**
   * What couplet serve needs to know of the world around it. Default: {}.
   */
  serve?: {
    /**
     * Address under which Business Central reaches this service, e.g. https://sync.contoso.com/couplet: a reverse proxy or tunnel that leads to --port. With it Business Central tells of changes by webhook. Default: none; Business Central is asked instead.
     */
    publicUrl?: string
    /**
     * Address that is called (GET) after each good run, for a monitor that alarms when the calls end. https, or http on loopback; it must not need a login. Default: none.
     */
    heartbeat?: string
  }
  limits?: Limits
  /**
   * Switches mappings on and off: { customer-account: { enabled: false, reason: … } }, or a list of the only ones that run. Default: all.
   */
  mappings?:
    | MappingName[]
    | {
        [k: string]: MappingSwitch
      }
}
/**
 * A Business Central environment and company.
 */
export interface BusinessCentral {
  /**
   * Always business-central.
   */
  kind?: 'business-central'
  /**
   * false: no request is made to this side. Default: true.
   */
  enabled?: boolean
  /**
   * Why it is switched off. Default: none.
   */
  reason?: string
  /**
   * Microsoft Entra tenant: id or domain.
   */
  tenant?: string
  /**
   * Name of the environment. Default: Production.
   */
  environment?: string
  /**
   * Name of the company. Needed.
   */
  company?: string
  /**
   * Address up to, not including, /api and /ODataV4. Default: https://api.businesscentral.dynamics.com/v2.0/{tenant}/{environment}.
   */
  url?: string
  /**
   * Address of the web client, for links that open a record. Default: https://businesscentral.dynamics.com/{tenant}/{environment} online, none elsewhere.
   */
  webClient?: string
  auth?: Auth
  budget?: Budget
  allowHosts?: AllowHosts
  timeout?: Duration
  /**
   * Most requests at the same time. Default: 5, the service's limit for a user.
   */
  maxParallel?: number
  /**
   * Most rows asked for in a page: of keys alone so many, of whole rows never more than 5000. Default: 20000.
   */
  pageSize?: number
}
/**
 * How to log in. Which keys are needed depends on the method.
 */
export interface Auth {
  /**
   * client-secret, certificate, federated (GitHub OIDC, workload identity), managed-identity, or basic (Business Central on premises, web service key). Needed.
   */
  method?: 'client-secret' | 'certificate' | 'federated' | 'managed-identity' | 'basic'
  /**
   * Microsoft Entra tenant. Default: the connection's tenant.
   */
  tenant?: string
  /**
   * Application (client) id; for managed-identity that of a user-assigned identity.
   */
  clientId?: string
  clientSecret?: Secret
  certificate?: Secret
  password?: Secret
  assertion?: Secret
  /**
   * Method basic: user name.
   */
  user?: string
  /**
   * Login address to which /{tenant}/oauth2/v2.0/token is appended. Default: https://login.microsoftonline.com.
   */
  authority?: string
  /**
   * Scope asked for. Default: https://api.businesscentral.dynamics.com/.default, or the Dataverse url + /.default.
   */
  scope?: string
}
/**
 * Limits that a service sets to one identity, or what is left of them for Couplet. Each target of targets/ that logs in as the same identity takes an equal share, so that all of them may run at the same time. Belongs in couplet.yaml, not in a target.
 */
export interface Budget {
  /**
   * Most requests at the same time, of all these targets together. Default: no share of it is taken.
   */
  parallel?: number
  /**
   * Most requests in five minutes, of all these targets together. Default: they are not counted.
   */
  requests?: number
}
/**
 * A Dataverse environment with Dynamics 365 Sales.
 */
export interface Dataverse {
  /**
   * Always dataverse.
   */
  kind?: 'dataverse'
  /**
   * false: no request is made to this side. Default: true.
   */
  enabled?: boolean
  /**
   * Why it is switched off. Default: none.
   */
  reason?: string
  /**
   * Microsoft Entra tenant: id or domain. Default: auth.tenant.
   */
  tenant?: string
  /**
   * The environment's address up to, not including, /api/data/v9.2, e.g. https://contoso.crm4.dynamics.com. Needed unless the connection string has it.
   */
  url?: string
  auth?: Auth
  /**
   * Dataverse's form: AuthType=ClientSecret;Url=…;ClientId=…;ClientSecret=${env:NAME};TenantId=…. One of auth and connectionString.
   */
  connectionString?: string
  budget?: Budget
  allowHosts?: AllowHosts
  timeout?: Duration
  /**
   * Most requests at the same time; the service's own hint is never passed. Default: 16.
   */
  maxParallel?: number
  /**
   * Rows asked for in a page. Default: 5000.
   */
  pageSize?: number
}
/**
 * Settings that mappings see as $settings. Own settings may be added. Default: {}.
 */
export interface Settings {
  /**
   * Who owns records in Sales: the salesperson's user, or the company's team. Default: person.
   */
  ownership?: 'person' | 'team'
  /**
   * Whether each item has a unit group of its own. Default: true.
   */
  unitGroups?: boolean
  /**
   * Which prices travel: extended price lists, the older customer price groups, or none. Default: extended.
   */
  pricing?: 'extended' | 'legacy' | 'off'
  /**
   * Whether sales orders travel. Default: off.
   */
  salesOrders?: 'off' | 'legacy' | 'bidirectional'
  /**
   * Whether the prices of orders in Sales include VAT: always or never, and orders are made so in Business Central, or as the customer's card says. Default: as the customer's card says, and an order or quote that names an item whose price includes VAT is held until it is said.
   */
  pricesIncludeVat?: 'always' | 'never' | 'customer'
  /**
   * Several companies on one organisation of Sales. own: a company takes the rows that are its own or nobody's, and marks what it takes (bcbi_companyid); shared: master data of all companies, documents of this one; off: the column is neither read nor written. Default: own, without effect where the organisation lacks the column.
   */
  company?: 'own' | 'shared' | 'off'
  /**
   * Name of the team of Sales that owns new records without a salesperson. Default: the default owning team of this company's row in bcbi_companies.
   */
  defaultTeam?: string
  /**
   * How often a service may refuse a record before it is set aside until its source changes or a person retries it. The tries come after 1, 4, 16 … minutes, at most a day apart. Default: 8.
   */
  attempts?: number
  /**
   * IANA time zone in which a date-time becomes a date, e.g. Europe/Berlin. Default: UTC.
   */
  timeZone?: string
  /**
   * ISO code of Business Central's local currency, e.g. GBP. Default: none.
   */
  localCurrency?: string
  [k: string]: unknown
}
/**
 * The most one run may do to one side of one mapping without a person giving the number back.
 */
export interface Limits {
  deletes?: Limit
  updates?: Limit
  creates?: Limit
}
/**
 * Switches one mapping.
 */
export interface MappingSwitch {
  /**
   * false switches the mapping off. Default: the mapping's own.
   */
  enabled?: boolean
  /**
   * Why it is switched off. Default: none.
   */
  reason?: string
}
/**
 * One mapping: two entities, their fields, filters, direction, matching and policies. A file of mappings/.
 */
export interface MappingFile {
  /**
   * Address of this schema, for editors. Not read.
   */
  $schema?: string
  mapping?: Name
  /**
   * The standard mapping that this file changes, e.g. standard/customer-account. Keys are merged; a field row that names a column replaces the row of that name, one that names none (only a compute, a value, a policy) changes only what it says; null removes. Lists are replaced whole.
   */
  extends?: string
  /**
   * A short name for people. Default: none.
   */
  title?: string
  /**
   * What the mapping is for, in plain words. Default: none.
   */
  description?: string
  native?: Texts
  /**
   * false switches the mapping off; nothing is lost, it goes on from its watermark. Default: true.
   */
  enabled?: boolean
  /**
   * Why the mapping is switched off. Default: none.
   */
  reason?: string
  direction?: Direction
  /**
   * Mappings that run before this one. Default: none.
   */
  after?: MappingName[]
  /**
   * The mapping on whose couplings this one rides. It couples nothing itself: its records are the pairs of that mapping, and a pair ends when the followed one ends. The record read has the same id as the one coupled there. Where the entity written to is that of the followed mapping (or of one that it follows itself), the coupled record is written; otherwise each pair gets a record of its own. Such a mapping goes one way and runs after the one it follows. Default: none.
   */
  follows?: MappingName | null
  /**
   * Named sets of rows and filters from mappings/include/, in order. A row of this file wins over an included one. Default: none.
   */
  include?: SetName[]
  when?: Expression
  businessCentral?: Source
  sales?: Source
  one?: One
  /**
   * Groups of columns, tried in order; inside a group all must agree. Exactly one uncoupled match couples, several are held. Default: none (records are never matched).
   */
  match?: MatchGroup[]
  create?: Create
  firstMatch?: FirstMatch
  conflicts?: Conflicts
  actAs?: ActAs
  /**
   * What the review before a full run recommends: auto (from the counts of both sides), full, or couple first. Decides nothing else. Default: auto.
   */
  firstRun?: 'auto' | 'full' | 'couple'
  deletes?: Deletes
  limits?: Limits
  /**
   * The field rows by name. null removes a row of the mapping that is extended. Default: none.
   */
  fields?: {
    [k: string]: FieldRow | null
  }
  lines?: Lines
  /**
   * Values for new records, chosen by a filter over the source record: what natively a configuration template does. Used at creation only. Default: none.
   */
  defaults?: {
    toSales?: Templates
    toBusinessCentral?: Templates
  }
  replace?: Replace
  /**
   * Whether options of a choice column may be written to the organisation. Default: false.
   */
  allowMetadataChanges?: boolean
  /**
   * What the native integration does and nothing outside can do, with the reason. Documentation. Default: none.
   */
  notReachable?: NotReachable[]
}
/**
 * One side of a mapping. Exactly one of entity, service, choice, or constant alone.
 */
export interface Source {
  /**
   * Entity set: a page of API v2.0, a page of `api`, or a Dataverse entity set.
   */
  entity?: string
  /**
   * Route of a custom API page, publisher/group/version, or {settings.NAME} for a setting that names it. Default: the standard API v2.0.
   */
  api?: string
  /**
   * Service name of a page published as OData web service. Needs `keys`.
   */
  service?: string
  /**
   * The options of a Dataverse choice column, as rows { value, label }.
   */
  choice?: {
    /**
     * Entity set that has the column, e.g. accounts.
     */
    entity: string
    /**
     * Logical name of the choice column, e.g. paymenttermscode.
     */
    column: string
    /**
     * Further columns that get the same options, as entity.column. Default: none.
     *
     * Items: entity.column, e.g. salesorders.paymenttermscode.
     */
    mirror?: string[]
  }
  /**
   * Fixed rows beside the entity, or instead of it: a list of rows, or JSONata over $settings that gives them. Default: none.
   */
  constant?: Expression | RowOfValues[]
  /**
   * Natural keys that other mappings refer to; for a `service` its key columns in order. Default: none.
   */
  keys?: Column[]
  /**
   * OData filter text; a record outside it is neither matched, created nor updated. {settings.NAME} stands for a setting's value, quoted as needed. null removes the filter of the mapping that is extended. Default: none.
   */
  filter?: Filter | null
  /**
   * Further filters by name, each of which must hold beside `filter`. A mapping that extends this one replaces or removes one by its name. Default: none.
   */
  conditions?: {
    [k: string]: Condition | null
  }
  /**
   * The mapping rests where the service lacks the entity: an organisation without the solution that brings it. Default: false.
   */
  optional?: boolean
  /**
   * Further pages of the same record, readable and writable, by the name under which rows and expressions see them. Default: none.
   */
  with?: {
    [k: string]: WithPage | null
  }
  /**
   * Further rows attached before expressions run, read in batches, by name. Default: none.
   */
  join?: {
    [k: string]: Join | null
  }
  /**
   * For lookup columns that may point to several tables: the table (logical name) that is meant, e.g. { parentcustomerid: account }. Default: none.
   */
  type?: {
    [k: string]: string
  }
  reference?: Column
  /**
   * Further collections where the document may stand under the same `reference`, once it was posted; asked too before each create, so that nothing is made again. Default: none.
   */
  postedAs?: (
    | string
    | {
        /**
         * Entity set of the posted documents.
         */
        entity: string
        by: Column
      }
  )[]
  modified?: Column
  builtIn?: Filter
  /**
   * OData filter for rows that change without moving their stamp (an open invoice's remaining amount): those inside it are read in each run, and once more when they have left it. Default: none.
   */
  recheck?: Filter | null
  /**
   * Columns that are written by calling a bound action instead of setting a value: column to value to action, e.g. { status: { Open: Microsoft.NAV.reopen, Released: Microsoft.NAV.release } }. Default: none.
   */
  actions?: {
    [k: string]: {
      [k: string]: string
    }
  }
  /**
   * OData filter text; only a record inside it may get a partner that is created. {settings.NAME} stands for a setting's value. Default: every record of the filter.
   */
  creates?: Filter | null
  /**
   * A new record with the natural keys (`keys`) of a coupled one that has left the filter goes on in its place: the coupling moves to it, as from one revision of a quote to the next. Default: false.
   */
  continues?: boolean
}
/**
 * A fixed row: column to value.
 */
export interface RowOfValues {
  [k: string]: string | number | boolean | null
}
/**
 * A further filter of a side.
 */
export interface Condition {
  filter: Filter
  /**
   * Left out where the service lacks a column that it names. Default: false.
   */
  optional?: boolean
  when?: Expression
  /**
   * What the condition is for. Documentation. Default: none.
   */
  description?: string
}
/**
 * A further page of the same record.
 */
export interface WithPage {
  /**
   * Entity set of the page.
   */
  entity?: string
  /**
   * Route of a custom API page, publisher/group/version. Default: the standard API v2.0.
   */
  api?: string
  /**
   * Service name of a page published as OData web service.
   */
  service?: string
  /**
   * Key columns of a `service`. Default: the columns of `on`.
   */
  keys?: Column[]
  on?: On
  same?: Column
  /**
   * Skipped, with a warning, where the page is not published. Default: false.
   */
  optional?: boolean
  /**
   * What the administrator publishes, in words. Documentation. Default: none.
   */
  description?: string
}
/**
 * Which rows belong together: column there to column of the main row (for joins also join.column of an earlier join).
 */
export interface On {
  [k: string]: string
}
/**
 * Rows of another collection attached to each row of a page.
 */
export interface Join {
  /**
   * Entity set.
   */
  entity?: string
  /**
   * Route of a custom API page, publisher/group/version. Default: the standard API v2.0.
   */
  api?: string
  /**
   * Service name of a page published as OData web service.
   */
  service?: string
  /**
   * Key columns of a `service`. Default: the columns of `on`.
   */
  keys?: Column[]
  /**
   * Parent collection, where the rows can be read only below it, e.g. customers. One request a parent. Default: none.
   */
  under?: string
  /**
   * Column of the joined row that holds its parent's id. Only with `under`. Default: none.
   */
  parentKey?: string
  on?: On
  where?: Filter
  /**
   * Keep only the row with the largest value in this column. Default: none.
   */
  latest?: string
  /**
   * Attach every matching row, as a list. Default: false (the first).
   */
  many?: boolean
  /**
   * A change in a joined row counts as a change of the main row. A join that nothing else reads is never attached: it only triggers. Default: false.
   */
  triggers?: boolean
  /**
   * Columns to read. Default: those that expressions use.
   */
  select?: string[]
  /**
   * Skipped, with a warning, where the page is not published. Default: false.
   */
  optional?: boolean
  /**
   * What the administrator publishes, in words. Documentation. Default: none.
   */
  description?: string
}
/**
 * Which rows of Business Central belong together, and which of them speaks: of those that the filter admits and whose time it is, the latest. A group in which none speaks is paused and keeps its record.
 */
export interface One {
  /**
   * What the rows of one group have in common: columns, or JSONata over the row and its joins. At least one is a column. The group is the record: its key is derived from these values.
   *
   * @minItems 1
   */
  per: string[]
  latest?: Texts
  from?: Column
  until?: Column
}
/**
 * Columns that must all agree, the first with the first.
 */
export interface MatchGroup {
  /**
   * Columns of Business Central; $row stands for the value that this field row gives for the other side.
   *
   * @minItems 1
   */
  businessCentral: MatchColumn[]
  /**
   * Columns of Sales, as many; $row stands for the value that this field row gives for the other side.
   *
   * @minItems 1
   */
  sales: MatchColumn[]
  /**
   * Exchanges a value through couplings before it is compared, by Business Central column. Default: the lookup of the field row over the same two columns.
   */
  lookup?: {
    [k: string]: Lookup
  }
  /**
   * Texts compare case-sensitively. Default: false.
   */
  caseSensitive?: boolean
}
/**
 * Exchanges a reference through the couplings of another mapping.
 */
export interface LookupByCoupling {
  mapping: MappingName
  /**
   * What the source value is: `id`, a natural key (from the other mapping's `keys`), or several: natural key to column of this row, or to `$` for what the row itself says. Default: id.
   */
  by?:
    | string
    | {
        [k: string]: string
      }
  /**
   * The key that a blank source stands for, as a text or { setting: NAME }; coming back, that key is written as blank. Default: a blank stays blank.
   */
  blankIs?:
    | string
    | {
        /**
         * Name of a setting of the project.
         */
        setting: string
      }
}
/**
 * The one record of the target side that fits.
 */
export interface LookupByQuery {
  /**
   * Entity set of the target side.
   */
  find: string
  /**
   * Column to constant, to {settings.NAME}, or to $row: this record's translated value of that field row, or what this row itself says where it names itself. A text that begins with $ is written with $$.
   */
  where: {
    [k: string]: string | number | boolean | null
  }
  /**
   * Takes the record that a lookup column of the found one names, instead of the found one itself. Default: the found record.
   */
  take?: {
    /**
     * Lookup column of the found record, by logical name.
     */
    column: string
    /**
     * Entity set that the column leads to.
     */
    of: string
  }
}
/**
 * Which lookup depends on a column of the source row: { case: Asset_Type, Item: item-product, Resource: resource-product }. null takes the value as it is.
 */
export interface LookupByCase {
  /**
   * Column of the source row.
   */
  case: string
  [k: string]: MappingName | LookupByCoupling | LookupByQuery | null
}
/**
 * Two existing records agree for the first time.
 */
export interface FirstMatch {
  /**
   * One side is blank, the other filled: fill the blank one, or hold. Default: fill.
   */
  blank?: 'fill' | 'hold'
  /**
   * Both are filled, differently: hold, or the side that wins. Default: hold.
   */
  different?: 'hold' | 'businessCentral' | 'sales'
}
/**
 * As whom Sales is written. One of user and businessCentral. The integration needs the privilege prvActOnBehalfOfAnotherUser (role Delegate).
 */
export interface ActAs {
  /**
   * Id of the systemuser as whom every record is written.
   */
  user?: string
  businessCentral?: Column
  /**
   * The mapping whose couplings lead from that column to a user of Sales: its name (by id), or { mapping, by }.
   */
  lookup?: MappingName | LookupByCoupling
  /**
   * What happens to a record whose person has no user: self (the integration writes it as itself) or hold. Default: self.
   */
  whenUncoupled?: 'self' | 'hold'
}
/**
 * What follows when a coupled record is deleted.
 */
export interface Deletes {
  inBusinessCentral?: DeletePolicy
  inSales?: DeletePolicy
  sweep?: Duration
}
/**
 * One field row: what is read on one side and written on the other.
 */
export interface FieldRow {
  businessCentral?: Column
  sales?: Column
  direction?: Direction
  /**
   * JSONata over the source row, its joins and $settings, by direction. Default: plain copy.
   */
  compute?: {
    toSales?: Expression
    toBusinessCentral?: Expression
  }
  value?: ConstantValue
  /**
   * The number of a new record where the source says none: the first free one of this pattern, e.g. "SP NO. {00001}", which counts from 1 with five digits. Makes the row `on: create`. Default: none.
   */
  number?: string
  lookup?: Lookup
  /**
   * What becomes of the field where the reference has no partner: hold the record, clear, keep what stands there, skip the row, sync to take the other record along first by the lookup's own mapping, or { sync: mapping } by that one. Default: hold.
   */
  whenUncoupled?:
    | ('hold' | 'clear' | 'keep' | 'skip' | 'sync')
    | {
        sync: MappingName
      }
  /**
   * What a blank source does to the target: clear it, keep what stands there, or write a default. write: clear, and write the blank into a new record too, which the service would otherwise fill by itself. Default: clear.
   */
  blank?:
    | ('clear' | 'keep' | 'write')
    | {
        default: ConstantValue
      }
  /**
   * create: written only when the record is created; write: written whenever anything else of the record is written to that side, and never compared (reopening a locked order, submitting it again). posted: written once, as the last thing, when the partner is gone because it was posted (see postedAs), from the posted document; deleted: likewise, when the partner was deleted and the pair is uncoupled. Default: always.
   */
  on?: 'always' | 'create' | 'write' | 'posted' | 'deleted'
  /**
   * before or after: written in a step of its own around the other rows. Default: main.
   */
  step?: 'before' | 'main' | 'after'
  /**
   * Skipped where the organisation lacks the column. Default: false.
   */
  optional?: boolean
  /**
   * Travels also for a coupled record outside the filter. Default: false.
   */
  outside?: boolean
  /**
   * A column that somebody emptied is filled again from the other side, instead of its blank being an edit. Default: false.
   */
  refill?: boolean
  /**
   * Uncoupling the record that the row refers to uncouples this one too. Needs a lookup and a column of `sales`. Default: false.
   */
  cascade?: boolean
  /**
   * The row says whose the record is. A blank column of Sales is written, with the record's version, before anything is created from the record or coupled with it, so that two runners never take the same one; another value there is left alone. Uncoupling clears it. Needs a column of `sales` and a value that no row is read for. Default: false.
   */
  claim?: boolean
  type?: ValueType
  /**
   * A code that plans may show. Default: false.
   */
  reveal?: boolean
  conflicts?: Conflicts
  firstMatch?: FirstMatch
  when?: Expression
  /**
   * false leaves the row out. Default: true.
   */
  enabled?: boolean
  native?: Texts
  /**
   * What the row is for. Documentation. Default: none.
   */
  description?: string
}
/**
 * Header and lines as one document: its lines are decided, planned and written together with it.
 */
export interface Lines {
  direction?: Direction
  /**
   * create: lines are written only with a document that is created. Default: always.
   */
  on?: 'always' | 'create'
  businessCentral?: LineSource
  sales?: LineSource
  /**
   * JSONata over the document (its columns, its joins, and its rows as `lines`) that gives the lines for the other side: objects with a `key` each, which tells the same line again next time. A key that is a line's id brings that line's columns along. Default: the lines as they stand.
   */
  compute?: {
    toSales?: Expression
    toBusinessCentral?: Expression
  }
  /**
   * Columns by which a line finds its partner within the document, where the key tells nothing. Default: none.
   */
  match?: MatchGroup[]
  firstMatch?: FirstMatch
  conflicts?: Conflicts
  /**
   * The field rows of a line by name. Expressions see the line, and the document's columns under `document`. null removes a row of the mapping that is extended.
   */
  fields?: {
    [k: string]: FieldRow | null
  }
}
/**
 * One side's lines.
 */
export interface LineSource {
  /**
   * Entity set of the lines.
   */
  entity?: string
  /**
   * Route of a custom API page, publisher/group/version. Default: the standard API v2.0.
   */
  api?: string
  /**
   * Collection of Business Central's standard API below which the lines are read and made. Default: the mapping's entity.
   */
  under?: string
  parent?: Column
  order?: Column
  /**
   * Lines that Couplet makes are numbered in the column `order`, in steps of this size; a new line between two others gets a number between theirs. Default: not numbered.
   */
  number?: number
  filter?: Filter
  /**
   * Columns to read. Default: those that rows and expressions use.
   */
  select?: Column[]
}
/**
 * Templates by name. The first by priority whose filter fits is taken, one for each record.
 */
export interface Templates {
  [k: string]: Template | null
}
/**
 * Values for a new record.
 */
export interface Template {
  /**
   * When it is meant, in plain words. Default: none.
   */
  description?: string
  filter?: Filter
  /**
   * The smallest whose filter fits is taken; templates of the same priority in the order of the file. Default: 0.
   */
  priority?: number
  /**
   * true: its values replace those that field rows carry over, as natively. false: they stand only where these give nothing. Default: false.
   */
  wins?: boolean
  /**
   * Column of the new record's own entity to its value.
   */
  values: {
    [k: string]: TemplateValue
  }
}
/**
 * Which field rows Sales refuses to change, and what is written to the old record before a new one is made. Nothing happens by itself: couplet replace plan shows it, couplet replace apply does it.
 */
export interface Replace {
  /**
   * Field rows that Sales keeps for good: a record in which one of them would have to change is replaced.
   *
   * @minItems 1
   */
  rows: RowName[]
  /**
   * Column of Sales to JSONata over the old record: what is written to it, so that it is out of the way, e.g. another number, retired.
   */
  aside: {
    [k: string]: Expression
  }
  /**
   * Mappings whose records of Sales refer to the old record and stay with it: they are uncoupled too, and made anew for the new record. Default: none.
   */
  along?: MappingName[]
}
/**
 * Something that cannot be reached from outside.
 */
export interface NotReachable {
  /**
   * The field or rule, in the native integration's words.
   */
  field: string
  /**
   * Why nothing outside can do it, and the nearest right thing.
   */
  reason: string
  native?: Texts
}
/**
 * A file of mappings/include/: rows and filters that several mappings share. A mapping names it in `include`.
 */
export interface IncludeFile {
  /**
   * Address of this schema, for editors. Not read.
   */
  $schema?: string
  /**
   * What the set is for. Default: none.
   */
  description?: string
  when?: Expression
  /**
   * Mappings that run before the one that includes this set. Default: none.
   */
  after?: MappingName[]
  businessCentral?: Part
  sales?: Part
  /**
   * Field rows by name. Default: none.
   */
  fields?: {
    [k: string]: FieldRow
  }
}
/**
 * What is added to one side.
 */
export interface Part {
  filter?: Filter
  /**
   * Further filters by name; a mapping replaces or removes one by its name. Default: none.
   */
  conditions?: {
    [k: string]: Condition
  }
  /**
   * Further pages of the same record, by name. Default: none.
   */
  with?: {
    [k: string]: WithPage
  }
  /**
   * Further rows attached before expressions run, by name. Default: none.
   */
  join?: {
    [k: string]: Join
  }
  /**
   * The table that a lookup column means, by column. Default: none.
   */
  type?: {
    [k: string]: string
  }
}
/**
 * jobs.yaml: which mappings run together, how often, and when they sleep. Jobs with the name of a standard job change it, null removes it, others are added.
 */
export interface JobsFile {
  /**
   * Address of this schema, for editors. Not read.
   */
  $schema?: string
  /**
   * The jobs by name.
   */
  jobs: {
    [k: string]: Job | null
  }
}
/**
 * A scheduled set of mappings.
 */
export interface Job {
  /**
   * What the job is for. Default: none.
   */
  description?: string
  /**
   * Mappings that run, in the order of the project. Needed.
   *
   * @minItems 1
   */
  mappings?: MappingName[]
  /**
   * false switches the job off; it goes on from its watermarks. Default: true.
   */
  enabled?: boolean
  /**
   * Why it is switched off. Default: none.
   */
  reason?: string
  every?: Duration
  inactivity?: DurationOrNever
  wake?: DurationOrNever
  delay?: Duration
  /**
   * How often in a row the job may fail as a whole (no connection, no permission to read) before it stops with an error. The tries come after half a minute and, from the fourth on, 40 s, 2 min, 17 min, 2.8 h, 6 h. Records that fail do not fail the job. Default: 10.
   */
  attempts?: number
  /**
   * true: a new job first sleeps (for its inactivity, or where that is never for every) instead of running at once. Default: false.
   */
  startsAsleep?: boolean
  /**
   * Jobs of one category never run together. Default: none.
   */
  category?: string
}
/**
 * mappings/standard.yaml of the product: which mappings make up the standard set.
 */
export interface StandardFile {
  /**
   * Address of this schema, for editors. Not read.
   */
  $schema?: string
  /**
   * Version of the set; a project names it with use: standard@VERSION.
   */
  version: number
  /**
   * Names of the mappings in reading order; each is a file NAME.yaml beside this one.
   */
  mappings: Name[]
}
/**
 * A file of tests/: what mappings make of given records. `couplet test` plays it against both simulated services, without network and credentials.
 */
export interface TestFile {
  /**
   * Address of this schema, for editors. Not read.
   */
  $schema?: string
  /**
   * The mapping that is tested, or several. Those that it refers to and those that run before it run along; what they do is not looked at unless rows say so. Needed.
   */
  mapping: MappingName | MappingName[]
  /**
   * What these tests are about. Default: none.
   */
  description?: string
  settings?: Settings
  create?: Create
  given?: Given
  /**
   * The tests. Each name is a sentence that says what happens. Needed.
   */
  tests: {
    [k: string]: Test
  }
}
export interface Given {
  businessCentral?: RowsByEntity
  sales?: RowsByEntity
  /**
   * Options of choice columns of Sales, by table.column: account.paymenttermscode: { 1: Net 30 }. Default: those of a new organisation.
   */
  options?: {
    /**
     * Option value to label.
     */
    [k: string]: {
      [k: string]: string
    }
  }
}
export interface RowsByEntity {
  /**
   * @minItems 1
   */
  [k: string]: Row[]
}
/**
 * Column to value. A reference to another record says what it is called: ownerid: { systemusers: Ester Henderson }.
 */
export interface Row {
  [k: string]: Value
}
/**
 * The entity, and how the record is called there.
 */
export interface Reference {
  [k: string]: Named
}
/**
 * One test: what was there, what people did since, what a run makes of it.
 */
export interface Test {
  /**
   * Why it is so. Default: none.
   */
  description?: string
  /**
   * The day on which the run that is looked at happens, e.g. 2026-01-31. Default: 2026-01-05.
   */
  today?: string
  settings?: Settings
  create?: Create
  given?: Given
  /**
   * Pairs of given records that are coupled by hand before anything runs: those that no match rule would find. Default: none.
   *
   * @minItems 1
   */
  coupled?: Pair[]
  /**
   * What people did on each side after both agreed; what stands first happened first. A list: one after the other, a day apart, with a run after each; the last run is the one that is looked at. Default: nothing; the run is then the first meeting of the given records.
   */
  edited?: Edited | Edited[]
  expect: Expect
}
/**
 * Two records that are coupled.
 */
export interface Pair {
  mapping?: MappingName
  businessCentral: Named
  sales: Named
}
export interface Edited {
  businessCentral?: EditsByEntity
  sales?: EditsByEntity
}
export interface EditsByEntity {
  /**
   * New rows as a list, or edits by record: customers: { "10000": { phoneNumber: "2" } }.
   */
  [k: string]:
    | Row[]
    | {
        [k: string]: Edit
      }
}
export interface Expect {
  /**
   * What the run does for the tested mapping, all of it, in any order; [] = nothing. Default: not looked at.
   */
  operations?: Operation[]
  businessCentral?: ExpectedRows
  sales?: ExpectedRows
  /**
   * Records of the tested mapping that wait, all of them. Default: none may wait.
   */
  held?: Hold[]
  /**
   * Pairs of the tested mapping after the run, all of them; [] = none. Default: not looked at.
   */
  coupled?: Coupled[]
  /**
   * false: it is not looked at whether the tested mapping comes to rest. Else three further runs may finish what is begun, and the next must find nothing to do. Default: true.
   */
  settles?: boolean
}
/**
 * One thing that is done to one record.
 */
export interface Operation {
  /**
   * What is done. Needed.
   */
  kind: 'create' | 'update' | 'delete' | 'couple' | 'uncouple' | 'claim'
  /**
   * The side that is written to; of a couple or uncouple, the side whose record leads. Needed.
   */
  side: 'businessCentral' | 'sales'
  mapping?: MappingName
  /**
   * Number or code by which plans name the record. Default: not looked at.
   */
  record?: string | number
  /**
   * Field row to the value that is written; null = cleared. Rows that are not named may be written too. Default: not looked at.
   */
  fields?: {
    [k: string]: Value
  }
  /**
   * true: no field row is written but those in `fields`. Default: false.
   */
  only?: boolean
}
export interface ExpectedRows {
  /**
   * All rows of the entity, each by the columns that matter; null = blank; [] = there is none.
   */
  [k: string]: Row[]
}
/**
 * A record that waits.
 */
export interface Hold {
  /**
   * Why it waits. Needed.
   */
  kind:
    | 'no-partner'
    | 'ambiguous'
    | 'waiting'
    | 'conflict'
    | 'different'
    | 'failed'
    | 'quarantine'
    | 'deleted'
    | 'moving'
    | 'unfinished'
    | 'unknown'
  /**
   * Where the record is. Default: not looked at.
   */
  side?: 'businessCentral' | 'sales'
  mapping?: MappingName
  /**
   * Number, code or name by which it is listed. Default: not looked at.
   */
  record?: string | number
  /**
   * Field rows concerned, all of them. Default: not looked at.
   *
   * @minItems 1
   */
  fields?: string[]
  /**
   * A part of the message. Default: not looked at.
   */
  says?: string
}
/**
 * A pair.
 */
export interface Coupled {
  mapping?: MappingName
  businessCentral?: Named
  sales?: Named
  /**
   * Whether it is outside the filter. Default: not looked at.
   */
  paused?: boolean
}
