import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { otherSide, type Config, type Mapping } from '../../src/config/config.ts'
import { isLoopback, normaliseAddress } from '../../src/config/hosts.ts'
import { checkProject, loadProject, standardFolder, type LoadOptions } from '../../src/config/load.ts'
import { formatProblems } from '../../src/config/problems.ts'
import { durationMs, parseLimit } from '../../src/config/quantities.ts'
import { readSource } from '../../src/config/source.ts'
import type { ProjectFile } from '../../src/config/schema-types.ts'
import { forAll } from '../property.ts'

const standard = fileURLToPath(new URL('standard', import.meta.url))
const env = { SECRET: 's3cret', TENANT: 'contoso.onmicrosoft.com' }

const connections: NonNullable<ProjectFile['connections']> = {
  businessCentral: {
    kind: 'business-central',
    tenant: '${env:TENANT}',
    company: 'CRONUS International Ltd.',
    auth: { method: 'client-secret', clientId: 'bc', clientSecret: '${env:SECRET}' },
  },
  sales: {
    kind: 'dataverse',
    url: 'contoso.crm4.dynamics.com/',
    auth: { method: 'federated', tenant: '${env:TENANT}', clientId: 'sales' },
  },
}

type Files = Readonly<Record<string, unknown>>

/** A project in a folder of its own; objects are written as YAML. */
function project(t: Test, project: ProjectFile = {}, files: Files = {}): string {
  const folder: Record<string, string | Record<string, string>> = {
    'couplet.yaml': stringify({ connections, ...project }),
  }
  for (const [path, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : stringify(content)
    const [name = '', below] = path.split('/')
    folder[name] = below === undefined ? text : { ...(folder[name] as Record<string, string>), [below]: text }
  }
  return t.testdir(folder)
}

const load = (folder: string, more: Partial<LoadOptions> = {}): Promise<Config> =>
  loadProject(folder, { env, useStandard: standard, ...more })

async function said(folder: string, more: Partial<LoadOptions> = {}): Promise<string> {
  return formatProblems((await checkProject(folder, { env, useStandard: standard, ...more })).problems)
}

const named = (config: Config, name: string): Mapping =>
  config.mappings.find((mapping) => mapping.name === name) as Mapping
const row = (config: Config, mapping: string, name: string) =>
  named(config, mapping).fields.find((field) => field.name === name)

const own = {
  mapping: 'mine',
  businessCentral: { entity: 'customers', keys: ['number'] },
  sales: { entity: 'accounts' },
  fields: { name: { businessCentral: 'displayName', sales: 'name' } },
}

t.test('every default is filled in', async (t) => {
  const config = await load(project(t, {}, { 'mappings/mine.yaml': own }))
  const { businessCentral, sales } = config.connections
  t.equal(businessCentral.url, 'https://api.businesscentral.dynamics.com/v2.0/contoso.onmicrosoft.com/Production')
  t.same(businessCentral.auth, {
    method: 'client-secret',
    tenant: 'contoso.onmicrosoft.com',
    clientId: 'bc',
    clientSecret: 's3cret',
    authority: 'https://login.microsoftonline.com',
    scope: 'https://api.businesscentral.dynamics.com/.default',
  })
  t.same(businessCentral.allowedHosts, ['api.businesscentral.dynamics.com', 'login.microsoftonline.com'])
  t.same([businessCentral.timeoutMs, businessCentral.maxParallel, businessCentral.pageSize], [120_000, 5, 20_000])
  t.equal(sales.url, 'https://contoso.crm4.dynamics.com', 'https is added and the slash cut')
  t.match(sales.auth, { scope: 'https://contoso.crm4.dynamics.com/.default', tenant: 'contoso.onmicrosoft.com' })
  t.same([sales.maxParallel, sales.pageSize, sales.environment], [16, 5000, undefined])
  t.match(config.settings, {
    ownership: 'person',
    unitGroups: true,
    pricing: 'extended',
    salesOrders: 'off',
    timeZone: 'UTC',
    attempts: 8,
  })
  t.equal(config.state.path, `${config.root}/.couplet`)
  t.same(config.jobs, [])
  const mine = named(config, 'mine')
  t.match(mine, {
    enabled: true,
    direction: 'both',
    createOn: { businessCentral: false, sales: false },
    firstMatch: { blank: 'fill', different: 'hold' },
    conflicts: 'hold',
    deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 86_400_000 },
    limits: {
      deletes: { count: 10, share: 0.01 },
      updates: { count: undefined, share: 0.5 },
      creates: { count: 200, share: 0.2 },
    },
    defaults: { businessCentral: [], sales: [] },
    allowMetadataChanges: false,
  })
  t.match(row(config, 'mine', 'name'), {
    direction: 'both',
    whenUncoupled: { kind: 'hold' },
    blank: 'clear',
    on: 'always',
    step: 'main',
  })
  t.throws(() => Object.assign(mine, { name: 'other' }), TypeError, 'the configuration is frozen')
  t.throws(() => Object.assign(mine.fields[0] ?? {}, { name: 'other' }), TypeError)
})

t.test('the standard set comes in the order of a run, with its shared sets and jobs', async (t) => {
  const config = await load(project(t, { use: 'standard@1', create: 'both' }))
  t.same(
    config.mappings.map(({ name }) => name),
    ['standard-choice', 'standard-one'],
    'choices first',
  )
  const one = named(config, 'standard-one')
  t.same(
    one.fields.map(({ name }) => name),
    ['owner', 'name', 'phone', 'terms'],
    'a row whose condition fails is left out',
  )
  t.equal(one.sales.filter, '(statecode eq 0) and (_ownerid_value ne null)')
  t.same(one.createOn, { businessCentral: true, sales: true })
  t.same(
    named(config, 'standard-choice').createOn,
    { businessCentral: false, sales: true },
    'nothing is created against the direction',
  )
  t.same(one.businessCentral.with, [
    {
      name: 'card',
      entity: { kind: 'service', entity: 'CustomerCard', key: ['No'] },
      on: { No: 'number' },
      optional: true,
    },
  ])
  t.same(named(config, 'standard-choice').sales.entity, {
    kind: 'choice',
    entity: 'accounts',
    column: 'paymenttermscode',
    mirror: ['salesorders.paymenttermscode'],
  })
  t.same(row(config, 'standard-one', 'terms')?.lookup, { kind: 'coupling', mapping: 'standard-choice', by: 'id' })
  t.match(config.jobs[0], {
    name: 'ones',
    everyMs: 1_800_000,
    inactivityMs: 43_200_000,
    category: 'companies',
    enabled: true,
  })
})

t.test('a patch may say what a standard row computes, or its constant, and leaves its columns', async (t) => {
  const base = {
    mapping: 'base',
    businessCentral: { entity: 'customers', keys: ['number'] },
    sales: { entity: 'accounts' },
    fields: {},
  }
  const patched = async (old: object, patch: object) => {
    const folder = project(
      t,
      { use: 'standard@1' },
      {
        'mappings/mine.yaml': { extends: 'standard/base', fields: { web: patch } },
        'set/standard.yaml': { version: 1, mappings: ['base'] },
        'set/base.yaml': { ...base, fields: { web: old } },
      },
    )
    const { problems, config } = await checkProject(folder, { env, useStandard: `${folder}/set` })
    return config === undefined ? formatProblems(problems) : row(config, 'base', 'web')
  }
  const columns = { businessCentral: 'website', sales: 'websiteurl' }
  const lower = { toSales: '$lowercase(website)' }
  const back = { toBusinessCentral: '$lowercase(websiteurl)' }
  t.match(await patched(columns, { compute: lower }), { ...columns, direction: 'both', compute: lower })
  t.match(await patched({ ...columns, compute: back }, { compute: lower }), {
    ...columns,
    compute: { ...back, ...lower },
  })
  t.match(await patched({ sales: 'websiteurl', value: 'a', on: 'create' }, { value: 'b' }), {
    value: 'b',
    on: 'create',
  })
  t.match(await patched({ sales: 'websiteurl', value: 'a' }, { compute: lower }), { value: undefined, compute: lower })
  t.match(await patched({ sales: 'websiteurl', compute: lower }, { value: 'b' }), { value: 'b', compute: {} })
  t.match(await patched(columns, { sales: 'other' }), /carries nothing/, 'a row that names a column replaces')
})

t.test('a mapping that extends a standard one adds, replaces, changes and removes rows', async (t) => {
  const patch = {
    extends: 'standard/standard-one',
    direction: 'toSales',
    conflicts: 'sales',
    sales: { filter: 'statecode eq 1' },
    businessCentral: { with: { card: null } },
    fields: {
      name: null,
      terms: { whenUncoupled: 'keep' },
      phone: { businessCentral: 'mobile', sales: 'telephone2' },
      fax: { businessCentral: 'fax', sales: 'fax' },
    },
  }
  const config = await load(project(t, { use: 'standard@1' }, { 'mappings/patch.yaml': patch }))
  t.same(
    config.mappings.map(({ name }) => name),
    ['standard-choice', 'standard-one'],
    'it takes the place of the standard one',
  )
  const one = named(config, 'standard-one')
  t.same(
    one.fields.map(({ name }) => name),
    ['owner', 'phone', 'terms', 'fax'],
  )
  t.match(
    row(config, 'standard-one', 'phone'),
    { businessCentral: 'mobile', sales: 'telephone2', blank: 'clear' },
    'a row with columns replaces',
  )
  t.match(
    row(config, 'standard-one', 'terms'),
    { sales: 'paymenttermscode', whenUncoupled: { kind: 'keep' } },
    'a row without columns changes',
  )
  t.equal(one.sales.filter, '(statecode eq 1) and (_ownerid_value ne null)')
  t.equal(one.sales.entity?.entity, 'accounts', 'what is not named stays')
  t.same([one.direction, one.conflicts, one.after], ['toSales', 'sales', ['standard-choice']])
  t.same(one.businessCentral.with, [])
  const renamed = await load(
    project(
      t,
      { use: 'standard@1' },
      {
        'mappings/x.yaml': {
          extends: 'standard/standard-one',
          mapping: 'second',
          businessCentral: { service: 'Card', keys: ['No'] },
        },
      },
    ),
  )
  t.same(
    renamed.mappings.map(({ name }) => name),
    ['standard-choice', 'standard-one', 'second'],
  )
  t.same(
    named(renamed, 'second').businessCentral.entity,
    { kind: 'service', entity: 'Card', key: ['No'] },
    'a side that names another page forgets the old one',
  )
})

t.test('a row that waits for a mapping that is switched off is told', async (t) => {
  const off = { 'standard-choice': { enabled: false, reason: 'later' } }
  const terms = { businessCentral: 'paymentTermsId', sales: 'paymenttermscode', lookup: 'standard-choice' }
  const waiting = { 'mappings/one.yaml': { extends: 'standard/standard-one', fields: { terms } } }
  t.match(
    await said(project(t, { use: 'standard@1', mappings: off }, waiting)),
    /^mappings\/one\.yaml:\d+:\d+ {2}warning: fields\.terms\.lookup: standard-choice is switched off \(later\)/,
  )
  t.equal(await said(project(t, { use: 'standard@1', mappings: off })), '', 'a row that clears does not wait')
  t.equal(await said(project(t, { use: 'standard@1' }, waiting)), '')
})

t.test('an own mapping of the same name replaces the standard one whole, and this is told', async (t) => {
  const folder = project(t, { use: 'standard@1' }, { 'mappings/one.yaml': { ...own, mapping: 'standard-one' } })
  t.match(await said(folder), /warning: mapping: replaces the standard mapping "standard-one" whole/)
  t.same(
    named(await load(folder), 'standard-one').fields.map(({ name }) => name),
    ['name'],
  )
})

t.test('mappings and rows are switched off with a reason', async (t) => {
  const files = {
    'mappings/mine.yaml': {
      ...own,
      when: "$settings.salesOrders = 'legacy'",
      fields: { ...own.fields, off: { businessCentral: 'x', sales: 'y', enabled: false } },
    },
  }
  const off = await load(project(t, {}, files))
  t.match(named(off, 'mine'), { enabled: false, reason: /settings/ })
  t.same(
    named(off, 'mine').fields.map(({ name }) => name),
    ['name'],
  )
  const on = await load(project(t, { settings: { salesOrders: 'legacy' } }, files))
  t.match(named(on, 'mine'), { enabled: true, reason: undefined })
  const switched = await load(
    project(t, { use: 'standard@1', mappings: { 'standard-one': { enabled: false, reason: 'later' } } }),
  )
  t.match(named(switched, 'standard-one'), { enabled: false, reason: 'later' })
  t.equal(named(switched, 'standard-choice').enabled, true)
  const listed = await load(project(t, { use: 'standard@1', mappings: ['standard-one'] }))
  t.same(
    listed.mappings.map(({ enabled }) => enabled),
    [false, true],
  )
})

t.test('a target is merged over the project and keeps a state of its own', async (t) => {
  const folder = project(
    t,
    { create: 'never', settings: { pricing: 'off', mine: 1 } },
    {
      'targets/de.yaml': {
        connections: { businessCentral: { company: 'Deutschland' } },
        settings: { mine: 2 },
        create: 'both',
      },
      'mappings/mine.yaml': own,
    },
  )
  const de = await load(folder, { target: 'de' })
  t.equal(de.connections.businessCentral.company, 'Deutschland')
  t.match(de.connections.businessCentral.auth, { clientId: 'bc' })
  t.match(de.settings, { pricing: 'off', mine: 2 })
  t.equal(de.state.path, `${folder}/.couplet/de`)
  t.same(named(de, 'mine').createOn, { businessCentral: true, sales: true })
  t.equal((await load(folder)).connections.businessCentral.company, 'CRONUS International Ltd.')
  t.match(await said(folder, { target: 'fr' }), /targets\/fr\.yaml:1:1 {2}no target is called "fr"; known: de/)
  const wrong = project(t, {}, { 'targets/x.yaml': 'settings:\n  timeZone: Mars\n' })
  t.match(
    await said(wrong, { target: 'x' }),
    /^targets\/x\.yaml:2:13 {2}settings\.timeZone/,
    'a mistake is told in the file that has it',
  )
})

t.test('a row goes where it can go', async (t) => {
  const directions = async (direction: string, fields: Record<string, unknown>): Promise<unknown> => {
    const config = await load(project(t, {}, { 'mappings/mine.yaml': { ...own, direction, fields } }))
    return named(config, 'mine').fields.map((field) => field.direction)
  }
  const rows = {
    plain: { businessCentral: 'a', sales: 'b' },
    constant: { sales: 'c', value: null },
    computed: { sales: 'd', compute: { toSales: 'a' } },
    found: { sales: 'e', lookup: { find: 'uoms', where: { group: '$plain', name: '$$x', base: true } } },
    home: { businessCentral: 'f', compute: { toBusinessCentral: 'f' } },
    fixed: { businessCentral: 'g', sales: 'g', direction: 'toBusinessCentral' },
  }
  t.same(await directions('both', rows), [
    'both',
    'toSales',
    'toSales',
    'toSales',
    'toBusinessCentral',
    'toBusinessCentral',
  ])
  const { home: _home, fixed: _fixed, ...toSales } = rows
  t.same(await directions('toSales', toSales), ['toSales', 'toSales', 'toSales', 'toSales'])
  const config = await load(project(t, {}, { 'mappings/mine.yaml': { ...own, fields: rows } }))
  t.same(row(config, 'mine', 'found')?.lookup, {
    kind: 'query',
    find: 'uoms',
    where: { group: { field: 'plain' }, name: { constant: '$x' }, base: { constant: true } },
  })
})

t.test('lookups, joins and filters are spelt out', async (t) => {
  const mapping = {
    mapping: 'lines',
    direction: 'toSales',
    businessCentral: {
      service: 'Lines',
      keys: ['Code', 'No'],
      filter: 'Currency eq {settings.localCurrency} and Company eq {settings.absent}',
      join: {
        list: { service: 'Lists', on: { Code: 'List_Code' } },
        rate: {
          entity: 'rates',
          on: { code: 'list.Currency' },
          latest: 'startingDate',
          where: 'code eq {settings.localCurrency}',
        },
        under: { entity: 'contactsInformation', under: 'customers', on: { contactNumber: 'No' }, many: true },
      },
    },
    sales: { entity: 'lines', type: { productid: 'product' } },
    match: [{ businessCentral: ['List_Code', 'No'], sales: ['pricelevelid', 'name'] }],
    fields: {
      list: {
        businessCentral: 'List_Code',
        sales: 'pricelevelid',
        lookup: { mapping: 'mine', by: 'number', blankIs: { setting: 'localCurrency' } },
      },
      unit: {
        sales: 'uomid',
        compute: { toSales: 'No' },
        lookup: { mapping: 'mine', by: { number: 'Unit' } },
        whenUncoupled: { sync: 'mine' },
      },
      product: {
        businessCentral: 'No',
        sales: 'productid',
        lookup: { case: 'Type', Item: 'mine', Resource: { mapping: 'mine', by: 'number' } },
      },
      amount: { sales: 'amount', compute: { toSales: '$round(rate.exchange.rate * Price, 2)' }, blank: { default: 0 } },
      names: { sales: 'names', compute: { toSales: '$count(under)' } },
    },
  }
  const config = await load(
    project(t, { settings: { localCurrency: 'GBP' } }, { 'mappings/lines.yaml': mapping, 'mappings/mine.yaml': own }),
  )
  t.same(
    config.mappings.map(({ name }) => name),
    ['mine', 'lines'],
    'a mapping that is taken along runs first',
  )
  const lines = named(config, 'lines')
  t.equal(lines.businessCentral.filter, "Currency eq 'GBP' and Company eq null")
  const [list, rate, under] = lines.businessCentral.joins
  t.same(list?.select, ['Code', 'Currency'])
  t.same([rate?.select, rate?.where], [['code', 'exchange', 'startingDate'], "code eq 'GBP'"])
  t.same(under?.entity, { kind: 'child', entity: 'contactsInformation', parent: 'customers', parentKey: undefined })
  t.same(under?.select, [], 'a join that is read whole is read with all its columns')
  t.same(
    lines.match[0]?.lookup,
    { List_Code: { kind: 'coupling', mapping: 'mine', by: 'number', blankIs: 'GBP' } },
    'the row over the same columns lends its lookup',
  )
  t.match(row(config, 'lines', 'product')?.lookup, {
    kind: 'case',
    column: 'Type',
    cases: { Item: { by: 'id' }, Resource: { by: 'number' } },
  })
  t.match(row(config, 'lines', 'unit'), { whenUncoupled: { kind: 'sync', mapping: 'mine' } })
  t.match(row(config, 'lines', 'amount'), { blank: 'default', blankDefault: 0 })
})

t.test('what settings say reaches queries, routes and matching', async (t) => {
  const mapping = {
    ...own,
    businessCentral: {
      api: '{settings.page}',
      entity: 'customers',
      keys: ['number', 'code'],
      postedAs: ['salesInvoices', { entity: 'salesCreditMemos', by: 'orderNumber' }],
    },
    actAs: { businessCentral: 'person', lookup: 'other' },
    match: [{ businessCentral: ['number', 'code'], sales: ['accountnumber', 'parent'], lookup: { code: 'other' } }],
    fields: {
      ...own.fields,
      whole: { sales: 'description', compute: { toSales: "$lookup($settings, 'page')" } },
      found: {
        sales: 'uomid',
        lookup: {
          find: 'uoms',
          where: {
            active: '{settings.yes}',
            level: '{settings.level}',
            list: '{settings.list}',
            name: '{settings.page}',
          },
        },
      },
    },
  }
  const settings = { page: 'my/page/v1.0', yes: true, level: 3, list: [1] as never }
  const files = { 'mappings/mine.yaml': mapping, 'mappings/other.yaml': { ...own, mapping: 'other' } }
  const { businessCentral, match, hash, actAs } = named(await load(project(t, { settings }, files)), 'mine')
  t.same(businessCentral.entity, { kind: 'custom', route: 'my/page/v1.0', entity: 'customers' })
  t.same(businessCentral.postedAs, [
    { entity: 'salesInvoices', by: undefined },
    { entity: 'salesCreditMemos', by: 'orderNumber' },
  ])
  t.same(match[0]?.lookup, { code: { kind: 'coupling', mapping: 'other', by: 'id' } })
  t.match(actAs, { kind: 'coupled', column: 'person', lookup: { mapping: 'other', by: 'id' }, whenUncoupled: 'self' })
  const config = await load(project(t, { settings: { ...settings, more: 1 } }, files))
  const asUser = { 'mappings/mine.yaml': { ...own, actAs: { user: 'A1B2C3D4-0000-0000-0000-000000000001' } } }
  t.same(named(await load(project(t, {}, asUser)), 'mine').actAs, {
    kind: 'user',
    user: 'a1b2c3d4-0000-0000-0000-000000000001',
  })
  t.same(row(config, 'mine', 'found')?.lookup, {
    kind: 'query',
    find: 'uoms',
    where: {
      active: { constant: true },
      level: { constant: 3 },
      list: { constant: null },
      name: { constant: 'my/page/v1.0' },
    },
  })
  t.not(named(config, 'mine').hash, hash, 'who reads the settings whole reads each of them')
})

const lineRowsOf = ({ lines }: Mapping): readonly string[] => (lines?.mapping.fields ?? []).map(({ name }) => name)

t.test('lines are those of the document that a file extends, and may stand on a page of their own', async (t) => {
  const standardOnes = {
    use: 'standard@1' as const,
    settings: { salesOrders: 'bidirectional', orderPage: 'my/orders/v1.0' } as const,
  }
  const order = async (patch: object): Promise<Mapping> => {
    const files = { 'mappings/order.yaml': { extends: 'standard/sales-order-bidirectional', ...patch } }
    return named(
      await load(project(t, standardOnes, files), { useStandard: standardFolder }),
      'sales-order-bidirectional',
    )
  }
  const whole = await order({ conflicts: 'sales' })
  const [first = '', ...others] = lineRowsOf(whole)
  t.same(lineRowsOf(await order({ lines: { fields: { [first]: null } } })), others)
  t.equal(whole.lines?.mapping.conflicts, 'sales', 'what lines do not say they have from their document')
  const files = {
    'mappings/order.yaml': { extends: 'standard/sales-order-bidirectional', lines: { fields: { nothing: null } } },
  }
  t.match(
    await said(project(t, standardOnes, files), { useStandard: standardFolder }),
    /lines\.fields\.nothing: there is no "nothing" to remove/,
  )
  const { lines } = named(
    await load(
      project(
        t,
        {},
        {
          'mappings/mine.yaml': {
            ...own,
            lines: {
              businessCentral: { api: 'my/lines/v1.0', entity: 'lines', parent: 'number' },
              sales: { entity: 'salesorderdetails', parent: 'salesorderid' },
              fields: { quantity: { businessCentral: 'quantity', sales: 'quantity' } },
            },
          },
        },
      ),
    ),
    'mine',
  )
  t.same(lines?.mapping.businessCentral.entity, { kind: 'custom', route: 'my/lines/v1.0', entity: 'lines' })
})

t.test('null removes a job, and is a value where a query asks for nothing', async (t) => {
  const parent = { find: 'accounts', where: { parentaccountid: null } }
  const mine = { ...own, defaults: { toSales: { usual: { values: { parent, city: 'Oslo' } } } } }
  const jobs = { ones: null, mine: { mappings: ['mine'] } }
  const files = { 'mappings/mine.yaml': mine, 'jobs.yaml': { jobs } }
  const config = await load(project(t, { use: 'standard@1' }, files))
  t.same(
    config.jobs.map(({ name }) => name),
    ['choices', 'mine'],
  )
  const [usual] = named(config, 'mine').defaults.sales
  t.match(usual?.fields[0]?.lookup, { kind: 'query', where: { parentaccountid: { constant: null } } })
})

t.test('a hash changes with what decides a run, and with nothing else', async (t) => {
  const of = async (change: object, settings: object = {}, company = 'One') => {
    const { businessCentral, ...others } = connections
    const known = { ...others, businessCentral: { ...businessCentral, company } }
    const folder = project(
      t,
      { settings: settings as never, connections: known },
      { 'mappings/mine.yaml': { ...own, ...change } },
    )
    const config = await load(folder)
    return { project: config.hash, mapping: config.mappings[0]?.hash, row: row(config, 'mine', 'name')?.hash }
  }
  const name = { businessCentral: 'displayName', sales: 'name' }
  const computed = { fields: { name: { ...name, compute: { toSales: '$settings.x & displayName' } } } }
  const base = await of({})
  t.match(base, { row: /^[0-9a-f]{8}$/, mapping: /^[0-9a-f]{16}$/ })
  t.same(await of({ description: 'words', title: 'more' }, {}, 'Two'), base, 'neither words nor addresses count')
  t.equal((await of({}, { unread: 1 })).mapping, base.mapping, 'a setting that the mapping does not read')
  const filtered = await of({ sales: { entity: 'accounts', filter: 'statecode eq 0' } })
  t.not(filtered.mapping, base.mapping)
  t.equal(filtered.row, base.row, 'a filter leaves the rows as they are')
  const one = await of(computed, { x: 1 })
  const two = await of(computed, { x: 2 })
  t.not(one.row, base.row, 'an expression')
  const respelt = { fields: { name: { ...name, compute: { toSales: '/* both */ $settings.x\n  & displayName' } } } }
  const { mapping, row: rowHash } = await of(respelt, { x: 1 })
  t.same({ mapping, row: rowHash }, { mapping: one.mapping, row: one.row }, 'an expression spelt anew')
  t.not(two.mapping, one.mapping, 'a setting that a row reads')
  t.equal(
    (await of({ fields: { name: { ...name, conflicts: 'sales' } } })).row,
    base.row,
    'a policy is no change of the value',
  )
})

t.test('secrets come from the environment or a file, and are not needed where no request is made', async (t) => {
  const auth = { method: 'certificate' as const, tenant: 't', clientId: 'c', certificate: '${file:keys/cert.pem}' }
  const folder = project(
    t,
    { connections: { ...connections, sales: { ...connections.sales, auth } }, state: { key: '${env:SECRET}' } },
    { 'keys/cert.pem': 'PEM TEXT\n' },
  )
  const config = await load(folder)
  t.match(config.connections.sales.auth, { certificate: 'PEM TEXT' })
  t.equal(config.state.key, 's3cret')
  t.match(await said(folder, { env: {} }), /SECRET is not set/)
  const { config: without } = await checkProject(folder, { env: {}, useStandard: standard, needSecrets: false })
  t.ok(without)
  const disabled = {
    ...connections,
    businessCentral: { ...connections.businessCentral, enabled: false, reason: 'not yet' },
  }
  t.match(
    (await load(project(t, { connections: disabled, state: {} }), { env: { TENANT: 't' } })).connections
      .businessCentral,
    { enabled: false, reason: 'not yet' },
  )
})

t.test(
  'P8 a version that nobody has reviewed is reached as another says: it can carry no credential away',
  async (t) => {
    const state = { path: 'kept', key: '${env:SECRET}' }
    const target = { connections: { businessCentral: { company: 'Sandbox' } } }
    const evil = 'https://127.0.0.1:1/elsewhere'
    const auth = { method: 'client-secret' as const, clientId: 'c', clientSecret: '${env:OTHER}', authority: evil }
    const away = {
      businessCentral: { ...connections.businessCentral, url: evil, allowHosts: ['evil.example'], auth },
      sales: { kind: 'dataverse' as const, url: evil, tenant: 't', auth },
    }
    const other = { connections: away, state: { path: '../elsewhere', key: '${env:OTHER}' } }
    const folder = t.testdir({
      head: {
        'couplet.yaml': stringify({ ...other, create: 'toSales' }),
        targets: {
          'sandbox.yaml': stringify({ ...other, settings: { ownership: 'team' } }),
          'new.yaml': 'create: never',
          'own.yaml': 'create: never',
        },
      },
      base: {
        'couplet.yaml': stringify({ connections, state, create: 'never' }),
        targets: { 'sandbox.yaml': stringify(target), 'own.yaml': 'state: { path: elsewhere }' },
      },
    })
    const reviewed = `${folder}/base`
    const head = `${folder}/head`
    for (const name of [undefined, 'sandbox']) {
      const asked = name === undefined ? {} : { target: name }
      const [config, base] = await Promise.all([load(head, { ...asked, reachedAs: reviewed }), load(reviewed, asked)])
      t.same(config.connections, base.connections)
      t.same(config.state, base.state)
      t.equal(config.settings['ownership'], name === undefined ? 'person' : 'team', 'the rest is its own')
    }
    t.match(await said(head, { target: 'new', reachedAs: reviewed }), /no target is called "new"/)
    const { state: kept } = await load(head, { target: 'own', reachedAs: reviewed })
    t.equal(kept.path, `${reviewed}/elsewhere`, 'a folder that a target names is not divided once more')
  },
)

t.test('credentials go to Microsoft, to the loopback, and to what an administrator names', async (t) => {
  const withSales = (sales: object, more: Partial<LoadOptions> = {}): Promise<string> =>
    said(project(t, { connections: { ...connections, sales: { ...connections.sales, ...sales } } }), more)
  for (const url of [
    'https://a.crm.dynamics.com',
    'https://a.crm.microsoftdynamics.us',
    'https://a.crm.dynamics.cn',
    'http://127.0.0.1:7002/sales',
    'http://localhost:1',
    'http://[::1]:80',
  ])
    t.equal(await withSales({ url }), '', url)
  for (const url of [
    'https://dynamics.com.evil.example',
    'https://evildynamics.com',
    'http://a.crm.dynamics.com',
    'http://127.0.0.1.evil.example',
    'http://0x7f.1.evil',
    'https://user:pw@a.crm.dynamics.com',
    'ftp://a.crm.dynamics.com',
  ])
    t.match(await withSales({ url }), /connections\.sales\.url/, url)
  t.equal(await withSales({ url: 'https://crm.contoso.example', allowHosts: ['crm.contoso.example'] }), '')
  t.match(
    await withSales({ url: 'https://crm.contoso.example', allowHosts: ['contoso.example'] }),
    /tokens do not go to crm\.contoso\.example/,
  )
  t.match(
    await withSales({ url: 'https://a.crm.dynamics.com/main.aspx?appid=1' }),
    /warning: .*cut to https:\/\/a\.crm\.dynamics\.com/,
  )
  const premises = (businessCentral: object, more: Partial<LoadOptions> = {}): Promise<string> =>
    said(
      project(t, {
        connections: {
          ...connections,
          businessCentral: {
            kind: 'business-central',
            company: 'C',
            auth: { method: 'basic', user: 'u', password: '${env:SECRET}' },
            ...businessCentral,
          },
        },
      }),
      more,
    )
  t.equal(await premises({ url: '${env:BC_URL}' }, { env: { ...env, BC_URL: 'https://bc.contoso.local:7048/BC' } }), '')
  t.match(await premises({ url: 'https://bc.contoso.local:7048/BC' }), /^couplet.yaml:\d+:\d+ {2}warning: /)
  t.equal(await premises({ url: 'https://bc.contoso.local:7048/BC', allowHosts: ['bc.contoso.local:7048'] }), '')
  const config = await load(
    project(t, {
      connections: {
        ...connections,
        sales: {
          kind: 'dataverse',
          tenant: 't',
          url: 'http://127.0.0.1:7002/sales/',
          auth: {
            method: 'client-secret',
            clientId: 'c',
            clientSecret: '${env:SECRET}',
            authority: 'http://127.0.0.1:7003/login/',
          },
        },
      },
    }),
  )
  t.equal(config.connections.sales.url, 'http://127.0.0.1:7002/sales')
  t.match(config.connections.sales.auth, {
    authority: 'http://127.0.0.1:7003/login',
    scope: 'http://127.0.0.1:7002/sales/.default',
  })
  t.same(config.connections.sales.allowedHosts, ['127.0.0.1:7002', '127.0.0.1:7003'])
  for (const [text, expected] of [
    [' https://x.example/BC/ODataV4/ ', 'https://x.example/BC'],
    ['https://x.example/BC/api/v2.0', 'https://x.example/BC'],
  ] as const)
    t.match(normaliseAddress(text, 'business-central'), { url: { href: expected } })
  t.notOk(isLoopback('127.0.0.1.evil.example'))
  t.equal(otherSide('sales'), 'businessCentral')
})

t.test('a connection string of Dataverse says the same as an auth block', async (t) => {
  const auth = async (
    connectionString: string,
    more: object = {},
    environment: Record<string, string> = env,
  ): Promise<unknown> => {
    const folder = project(t, {
      connections: { ...connections, sales: { kind: 'dataverse', connectionString, ...more } },
    })
    const { config, problems } = await checkProject(folder, { env: environment, useStandard: standard })
    return config?.connections.sales ?? formatProblems(problems)
  }
  const expected = {
    url: 'https://contoso.crm4.dynamics.com',
    auth: { method: 'client-secret', clientId: 'a', clientSecret: 's3cret', tenant: 't' },
  }
  t.match(
    await auth(
      'AuthType=ClientSecret;Url=https://contoso.crm4.dynamics.com;AppId=a;Secret=${env:SECRET};TenantId=t;RequireNewInstance=true',
    ),
    expected,
  )
  t.match(
    await auth(
      `Authentication Type = ClientSecret; Service Uri="https://contoso.crm4.dynamics.com/"; Client Id='a'; Client Secret=\${env:SECRET}`,
      { tenant: 't' },
    ),
    expected,
  )
  t.match(
    await auth(
      '${env:CONNECTION}',
      {},
      {
        ...env,
        CONNECTION: 'AuthType=ClientSecret;Url=https://contoso.crm4.dynamics.com;AppId=a;Secret=s3cret;TenantId=t',
      },
    ),
    expected,
  )
  t.match(await auth('Url=https://contoso.crm4.dynamics.com'), /AuthType is missing/)
  t.match(
    await auth('AuthType=Certificate;Url=https://contoso.crm4.dynamics.com;ClientId=a;Thumbprint=ABC;TenantId=t'),
    /thumbprint/,
  )
  t.match(
    await auth('AuthType=Office365;Url=https://contoso.crm4.dynamics.com;Username=a;Password=${env:SECRET}'),
    /no longer allows/,
  )
  t.notMatch(
    await auth('AuthType=ClientSecret;Url=https://contoso.crm4.dynamics.com;ClientId=a;Secret=topsecret'),
    /topsecret/,
  )
  t.match(
    await auth(
      'AuthType=ClientSecret; ;Url=https://contoso.crm4.dynamics.com;AppId=a;Secret=${env:SECRET};TenantId=t; ',
    ),
    expected,
    'a part may be blank',
  )
  const whole = project(t, {
    connections: {
      ...connections,
      sales: { kind: 'dataverse', url: 'contoso.crm4.dynamics.com', connectionString: '${env:UNKNOWN}' },
    },
  })
  t.equal(await said(whole, { needSecrets: false }), '', 'what nobody can see yet is not judged')
  t.match(await said(whole), /UNKNOWN is not set/)
})

t.test('limits and lengths of time are read as people write them', async (t) => {
  t.same(parseLimit(7), { count: 7, share: undefined })
  t.same(parseLimit('10 or 1 %'), { count: 10, share: 0.01 })
  t.same(parseLimit('1% or 10'), { count: 10, share: 0.01 })
  t.same(parseLimit('50 %'), { count: undefined, share: 0.5 })
  for (const text of ['', '10 of 1 %', '1 or 2', '1 % or 2 %', '150 %', '-1', 'ten'])
    t.equal(parseLimit(text), undefined, text)
  t.same(
    ['500 ms', '30 s', '15m', '15 min', '24h', '1.5 d'].map(durationMs),
    [500, 30_000, 900_000, 900_000, 86_400_000, 129_600_000],
  )
  t.equal(durationMs('often'), undefined)
})

t.test('a place inside a text is the place of that character in the file', async () => {
  const character = fc.constantFrom('a', 'b', ' ', '\n', "'", '"', '\\', 'é', '😀', ':', '#', '\t', '  ', 'x y', '\n\n')
  const texts = fc.array(character, { minLength: 1, maxLength: 12 }).map((parts) => `s${parts.join('')}e`)
  const styles = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED')
  forAll(
    fc.property(texts, styles, fc.integer({ min: 2, max: 6 }), (text, style, indent) => {
      const written = stringify({ a: { b: text } }, { defaultStringType: style as 'PLAIN', lineWidth: 20, indent })
      const source = readSource('x.yaml', new TextEncoder().encode(written))
      const read = (source.value as { a: { b: string } }).a.b
      const lines = written.split('\n')
      for (const { index, 0: char } of read.matchAll(/[a-z:#]/g)) {
        const { line, column } = source.locateWithin(['a', 'b'], index)
        const found = lines[line - 1]?.slice(column - 1, column)
        if (found !== char)
          throw new Error(`${JSON.stringify(written)} at ${index}: ${line}:${column} is ${found}, not ${char}`)
      }
    }),
    { numRuns: 400 },
  )
})

t.test('a place inside a text that is folded, continued, quoted or empty', async (t) => {
  const cases: readonly (readonly [yaml: string, offset: number, place: string])[] = [
    ['a: one\n  two\n', 4, '2:3'],
    ['a: one\n\n\n  two\n', 5, '4:3'],
    ['a: "one\n  two"\n', 4, '2:3'],
    ['a: "one\\\n  two"\n', 3, '2:3'],
    ["a: 'it''s'\n", 3, '1:9'],
    ['a: |\n', 0, '2:1'],
    ['a: |', 0, '1:5'],
    ['a: >-\n  one\n  two\n', 4, '3:3'],
    ['a: &b one\nc: *b\n', 0, '1:7'],
    ['a: 5\n', 3, '1:4'],
    ['? a\n', 0, '1:3'],
    ['# nothing\n', 0, '1:1'],
  ]
  for (const [yaml, offset, place] of cases) {
    const source = readSource('x.yaml', new TextEncoder().encode(yaml))
    const { line, column } = source.locateWithin(['a'], offset)
    t.equal(`${line}:${column}`, place, JSON.stringify(yaml))
  }
  const lone = readSource('x.yaml', new TextEncoder().encode('? a\n'))
  t.match(
    [lone.locate(['a']).position, lone.locateKey(['a'])],
    [
      { line: 1, column: 3 },
      { line: 1, column: 3 },
    ],
  )
  const list = readSource('x.yaml', new TextEncoder().encode('- a\n- b\n'))
  t.match(
    [list.locateKey([1]), list.locateKey(['none'])],
    [
      { line: 2, column: 3 },
      { line: 1, column: 1 },
    ],
  )
})

t.test('a file that is too large is not read', async (t) => {
  const folder = project(t, {}, { 'mappings/large.yaml': `# ${'x'.repeat(1_000_000)}` })
  t.match(await said(folder), /mappings\/large\.yaml:1:1 {2}the file is larger than 1 MB/)
})

t.test("the product's own standard set resolves without a problem", async (t) => {
  const folder = project(t, { use: 'standard@1', settings: { localCurrency: 'GBP' } })
  t.equal(await said(folder, { useStandard: standardFolder }), '')
})

t.test('the types of what people write are those of the schemas', async (t) => {
  const script = fileURLToPath(new URL('../../scripts/generate-types.mjs', import.meta.url))
  await t.resolves(promisify(execFile)(process.execPath, [script, '--check']))
})

t.test(
  'behaviour 49: templates come in the order of their priority, then of the file, with settings filled in',
  async (t) => {
    const mine = {
      ...own,
      defaults: {
        toBusinessCentral: {
          last: { priority: 2, values: { city: 'Oslo' } },
          first: { filter: 'name eq {settings.special}', values: { currencyCode: { setting: 'special' } } },
          second: { priority: 1, filter: "name eq 'x'", wins: true, values: { website: { compute: 'websiteurl' } } },
          third: {
            priority: 1,
            filter: "name eq 'y'",
            values: { paymentTermsId: { find: 'paymentTerms', where: { code: 'CM' } } },
          },
        },
      },
    }
    const config = await load(project(t, { settings: { special: "O'Neill" } }, { 'mappings/mine.yaml': mine }))
    const { businessCentral, sales } = named(config, 'mine').defaults
    t.same([businessCentral.map(({ name }) => name), sales], [['first', 'second', 'third', 'last'], []])
    t.match(businessCentral, [
      {
        filter: "name eq 'O''Neill'",
        wins: false,
        fields: [{ businessCentral: 'currencyCode', value: "O'Neill", on: 'create' }],
      },
      { wins: true, fields: [{ compute: { toBusinessCentral: 'websiteurl' } }] },
      { fields: [{ lookup: { kind: 'query', find: 'paymentTerms', where: { code: { constant: 'CM' } } } }] },
      { filter: undefined },
    ])
    const removed = await load(
      project(t, {}, { 'mappings/mine.yaml': { ...mine, defaults: { toSales: { gone: null } } } }),
    )
    t.same(named(removed, 'mine').defaults, { businessCentral: [], sales: [] })
  },
)

/** A mapping that follows another. */
const following = (mapping: string, follows: string, sales: object, more: object = {}) => ({
  mapping,
  follows,
  direction: 'toSales',
  businessCentral: { entity: 'customerFinancialDetails', keys: ['number'] },
  sales,
  fields: { balance: { businessCentral: 'balance', sales: 'new_balance' } },
  ...more,
})

t.test(
  'a mapping that follows another writes to the nearest record over the same entity, or to one of its own',
  async (t) => {
    const files = {
      'mappings/a.yaml': following('links', 'sheets', { entity: 'accounts' }),
      'mappings/b.yaml': following('sheets', 'customers', { entity: 'nav_sheets' }, { create: 'toSales' }),
      'mappings/c.yaml': {
        mapping: 'customers',
        businessCentral: { entity: 'customers', keys: ['number'] },
        sales: { entity: 'accounts' },
        fields: { name: { businessCentral: 'displayName', sales: 'name' } },
      },
    }
    const config = await load(project(t, { create: 'both' }, files))
    t.same(
      config.mappings.map(({ name, follows }) => [name, follows]),
      [
        ['customers', undefined],
        ['sheets', { mapping: 'customers', partner: undefined }],
        ['links', { mapping: 'sheets', partner: 'customers' }],
      ],
    )
    t.match(named(config, 'sheets'), {
      createOn: { sales: true },
      deletes: { businessCentral: 'uncouple', sales: 'uncouple' },
    })
    t.match(named(config, 'links'), { createOn: { sales: false } }, 'what another mapping couples is never created')
    const off = await load(project(t, { mappings: { customers: { enabled: false, reason: 'later' } } }, files))
    t.match(named(off, 'links'), { enabled: false, reason: 'sheets, which it follows, is switched off' })
  },
)

t.test('X-02 an address is trimmed, gets https, loses its slash and path; http is for the loopback', (t) => {
  const cases: [text: string, kind: 'dataverse' | 'business-central', expected: string | RegExp][] = [
    [' contoso.crm4.dynamics.com ', 'dataverse', 'https://contoso.crm4.dynamics.com/'],
    ['https://contoso.crm4.dynamics.com/', 'dataverse', 'https://contoso.crm4.dynamics.com/'],
    ['https://contoso.crm4.dynamics.com/api/data/v9.2/', 'dataverse', 'https://contoso.crm4.dynamics.com/'],
    ['https://contoso.crm4.dynamics.com/main.aspx?appid=1#x', 'dataverse', 'https://contoso.crm4.dynamics.com/'],
    ['https://crm.contoso.example:8443/Org', 'dataverse', 'https://crm.contoso.example:8443/Org'],
    ['https://erp.local:7048/BC/api/v2.0', 'business-central', 'https://erp.local:7048/BC'],
    ['http://127.0.0.1:7001', 'dataverse', 'http://127.0.0.1:7001/'],
    ['http://contoso.crm4.dynamics.com', 'dataverse', /plain http is for loopback/],
    ['https://me:secret@contoso.crm4.dynamics.com', 'dataverse', /must not hold a user or password/],
    ['ftp://contoso.crm4.dynamics.com', 'dataverse', /begins with https/],
    ['', 'dataverse', /no address/],
  ]
  for (const [text, kind, expected] of cases) {
    const address = normaliseAddress(text, kind)
    if (typeof expected === 'string') t.match(address, { url: { href: expected } }, text)
    else t.match('wrong' in address ? address.wrong : '', expected, text)
  }
  const cut = normaliseAddress('https://contoso.crm4.dynamics.com/main.aspx', 'dataverse')
  t.match(cut, { cut: /contoso\.crm4\.dynamics\.com/ }, 'a cut address is told')
  t.end()
})
