/** The standard set as files: valid, complete, and naming only what both services have and let us write. */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import jsonata from 'jsonata'
import t, { type Test } from 'tap'
import { otherSide, travelsTo, type Side } from '../../src/config/config.ts'
import { checkProject } from '../../src/config/load.ts'
import { formatProblems } from '../../src/config/problems.ts'
import { checkExpression } from '../../src/core/expression-check.ts'
import { compileExpression } from '../../src/core/expression.ts'
import type { Row } from '../../src/core/record.ts'
import type { FieldRow, Join, Lookup, MappingFile, Source, WithPage } from '../../src/config/schema-types.ts'
import { columnsOf, namesOf, placesOf, sidesOf } from './catalog.ts'
import {
  directionOf,
  includeFiles,
  jobs,
  mappingFiles,
  mappings,
  readJson,
  readYaml,
  standard,
} from './standard-files.ts'
import { standardPages } from './standard-pages.ts'

const rowsOf = (file: MappingFile): readonly (readonly [string, FieldRow])[] =>
  Object.entries(file.fields ?? {}).flatMap(([name, row]) => (row === null ? [] : [[name, row] as const]))

t.test('every file of the set fits its schema', (t) => {
  const ajv = new Ajv2020({ allErrors: true, strict: false })
  for (const name of ['mapping', 'jobs', 'standard', 'include'])
    ajv.addSchema(readJson(`schemas/${name}.schema.json`) as object)
  const check = (file: string, schema: string): void => {
    const validate = ajv.getSchema(`${schema}.schema.json`)
    t.ok(validate?.(readYaml(file)), `${file} ${ajv.errorsText(validate?.errors)}`)
  }
  for (const file of mappingFiles) check(file, 'mapping')
  for (const file of includeFiles) check(file, 'include')
  check('jobs.yaml', 'jobs')
  check('standard.yaml', 'standard')
  t.end()
})

t.test('standard.yaml lists every mapping once, and a mapping comes after those it depends on', (t) => {
  t.same(standard.mappings.toSorted(), [...mappings.keys()].toSorted())
  for (const [name, file] of mappings) {
    t.equal(file.mapping, name, `${name}.yaml holds the mapping of its name`)
    for (const before of file.after ?? [])
      t.ok(standard.mappings.indexOf(before) < standard.mappings.indexOf(name), `${name} after ${before}`)
  }
  t.end()
})

t.test('every mapping has one job, and jobs name only mappings of the set', (t) => {
  // Natively orders have a second job too, for those that are over.
  const { 'order-end': again, ...once } = jobs.jobs
  t.same(again?.mappings, once['sales-order']?.mappings)
  const scheduled = Object.values(once).flatMap((job) => job?.mappings ?? [])
  t.same(scheduled.toSorted(), [...mappings.keys()].toSorted())
  t.end()
})

/** What one side of a mapping names that the catalog does not know. */
function unknownIn(side: Side, source: Source): readonly string[] {
  const names = namesOf(side, source)
  const choice = source.choice
  const choices = choice === undefined ? [] : [`${choice.entity}.${choice.column}`, ...(choice.mirror ?? [])]
  return [
    ...placesOf(source).flatMap((place) =>
      columnsOf(side, place) ? [] : [place.service ?? place.entity ?? 'nothing'],
    ),
    ...(source.keys ?? []).filter((key) => !names.has(key)),
    ...Object.entries(source.type ?? {})
      .filter(([column, table]) => names.get(column)?.targets?.some((target) => target.table === table) !== true)
      .map(([column, table]) => `${column} as ${table}`),
    ...choices.filter((path) => {
      const [entity = '', column = ''] = path.split('.')
      return columnsOf(side, { entity })?.[column]?.type !== 'choice'
    }),
  ]
}

t.test('every collection, key, lookup target and choice column is known to the catalog', (t) => {
  for (const [name, file] of mappings)
    for (const [side, source] of sidesOf(file)) t.same(unknownIn(side, source), [], `${name} in ${side}`)
  t.end()
})

/** The columns that tie a further page or a join to the main row: column there → column here. */
function tiesOf(further: WithPage | Join): readonly (readonly [string, string])[] {
  const same = 'same' in further ? further.same : undefined
  return [...Object.entries(further.on ?? {}), ...(same === undefined ? [] : [[same, same] as const])]
}

t.test('further pages and joins hang on columns that both ends have', (t) => {
  for (const [name, file] of mappings)
    for (const [side, source] of sidesOf(file))
      for (const [page, further] of Object.entries({ ...source.with, ...source.join })) {
        if (further === null) continue
        const there = columnsOf(side, further) ?? {}
        const here = namesOf(side, source)
        const selected = 'select' in further ? (further.select ?? []) : []
        const missing = tiesOf(further).filter(([column, own]) => !(column in there && here.has(own)))
        t.same([...missing, ...selected.filter((column) => !(column in there))], [], `${name}: ${page}`)
      }
  t.end()
})

t.test('match groups and filters name columns that exist', (t) => {
  for (const [name, file] of mappings)
    for (const [side, source] of sidesOf(file)) {
      const names = namesOf(side, source)
      for (const group of file.match ?? [])
        for (const column of group[side])
          t.ok(column.startsWith('$') ? file.fields?.[column.slice(1)] : names.has(column), `${name}: match ${column}`)
      const words = (source.filter ?? '').replaceAll(/'[^']*'|\{[^}]*\}/g, '').match(/[A-Za-z_][\w.]*/g) ?? []
      const grammar = new Set(['eq', 'ne', 'and', 'or', 'not', 'null', 'true', 'false'])
      for (const word of words.filter((candidate) => !grammar.has(candidate)))
        t.ok(names.has(word.replace(/^_(\w+)_value$/, '$1')), `${name}: filter ${word}`)
    }
  t.end()
})

/** Why a column cannot be written by a row, or undefined. `statecode` exists only on records that are there already. */
function refusal(file: MappingFile, side: Side, row: FieldRow, column: string): string | undefined {
  const source = file[side] ?? {}
  if (source.actions?.[column] !== undefined) return undefined
  const known = namesOf(side, source).get(column)
  if (known === undefined) return `${column} does not exist`
  if (known.createOnly === true && row.on !== 'create' && !(source.keys ?? []).includes(column))
    return `${column} can be written at creation only`
  if (known.readOnly === true) return `${column} is read-only`
  return column === 'statecode' && !isOfTheState(row) ? 'statecode needs step: after' : undefined
}

const isOfTheState = ({ step, on }: FieldRow): boolean =>
  step === 'after' || on === 'write' || on === 'posted' || on === 'deleted'

t.test('every row writes columns that exist and may be written, and reads ones that exist', (t) => {
  for (const [name, file] of mappings)
    for (const [rowName, row] of rowsOf(file))
      for (const side of ['businessCentral', 'sales'] as const) {
        const column = row[side]
        if (column === undefined) continue
        const computedOnly = row.compute !== undefined && row[otherSide(side)] === undefined
        const direction =
          row.direction ?? (computedOnly ? (side === 'sales' ? 'toSales' : 'toBusinessCentral') : file.direction)
        if (travelsTo(direction ?? 'both', side))
          t.equal(refusal(file, side, row, column), undefined, `${name}: ${rowName}`)
        else t.ok(namesOf(side, file[side] ?? {}).has(column), `${name}: ${rowName} reads ${column}`)
      }
  t.end()
})

/** A node of JSONata's own syntax tree, as far as needed. */
interface Node {
  readonly type?: string
  readonly value?: unknown
  readonly steps?: readonly Node[]
}

/** The paths that an expression reads from its row; what starts with a variable, such as $settings, is none. */
function pathsIn(node: unknown): readonly string[] {
  if (node === null || typeof node !== 'object') return []
  if (Array.isArray(node)) return node.flatMap(pathsIn)
  const { type, steps } = node as Node
  if (type !== 'path' || steps === undefined) return Object.values(node).flatMap(pathsIn)
  if (steps[0]?.type !== 'name') return steps.filter((step) => step.type !== 'name').flatMap(pathsIn)
  const further = steps.filter((step) => step.type !== 'name').flatMap(pathsIn)
  return [steps.flatMap((step) => (step.type === 'name' ? [String(step.value)] : [])).join('.'), ...further]
}

/** What expressions of one side may read. */
function readable(file: MappingFile, from: Side): ReadonlySet<string> {
  const source = file[from] ?? {}
  const entity = file.lines?.[from]?.entity
  const lines = entity === undefined ? [] : Object.keys(columnsOf(from, { entity }) ?? {})
  // Of the lines of a document either one column, or within each line its own.
  const within = entity === undefined ? [] : ['lines', ...lines]
  return new Set([...namesOf(from, source, lines).keys(), ...within, ...Object.keys(source.join ?? {})])
}

/** A row of a pair's end reads the posted document. */
function readableBy(file: MappingFile, from: Side, row: FieldRow): ReadonlySet<string> {
  if (row.on !== 'posted') return readable(file, from)
  const posted = (file[from]?.postedAs ?? []).flatMap((one) => (typeof one === 'string' ? [] : [one.entity]))
  return new Set(posted.flatMap((entity) => [...namesOf(from, { entity }).keys()]))
}

t.test('expressions compile and read only what their row, its pages and its joins have', (t) => {
  for (const [name, file] of mappings)
    for (const [rowName, row] of rowsOf(file))
      for (const [direction, expression] of Object.entries(row.compute ?? {})) {
        const from: Side = direction === 'toSales' ? 'businessCentral' : 'sales'
        const known = readableBy(file, from, row)
        t.same(checkExpression(expression), [], `${name}: ${rowName}`)
        for (const path of pathsIn(jsonata(expression).ast()))
          t.ok(known.has(path), `${name}: ${rowName} reads ${path}`)
      }
  t.end()
})

/** The parts of a lookup that name mappings or rows. */
function lookupProblems(file: MappingFile, lookup: Lookup): readonly string[] {
  if (typeof lookup === 'string') return mappings.has(lookup) ? [] : [`no mapping ${lookup}`]
  if ('find' in lookup && typeof lookup.find === 'string') {
    const where = Object.values((lookup.where ?? {}) as Record<string, unknown>)
    const rows = where
      .filter((value) => typeof value === 'string' && value.startsWith('$'))
      .map((value) => String(value).slice(1))
    return rows.filter((row) => !(row in (file.fields ?? {}))).map((row) => `no row ${row}`)
  }
  if ('case' in lookup) return []
  const { mapping, by } = lookup as { mapping: string; by?: string | Record<string, string> }
  const other = mappings.get(mapping)
  if (other === undefined) return [`no mapping ${mapping}`]
  const keys = typeof by === 'object' ? Object.keys(by) : by === undefined || by === 'id' ? [] : [by]
  return keys.filter((key) => !other.businessCentral?.keys?.includes(key)).map((key) => `${mapping} has no key ${key}`)
}

t.test('lookups name mappings of the set, their keys, and rows of their own file', (t) => {
  for (const [name, file] of mappings)
    for (const [rowName, row] of rowsOf(file)) {
      if (row.lookup !== undefined) t.same(lookupProblems(file, row.lookup), [], `${name}: ${rowName}`)
      if (typeof row.whenUncoupled === 'object')
        t.ok(mappings.has(row.whenUncoupled.sync), `${name}: ${rowName} takes ${row.whenUncoupled.sync} along`)
    }
  t.end()
})

/** What a row's expression gives for a source row. */
async function computed(mapping: string, row: string, source: Row, settings: Record<string, unknown> = {}) {
  const { toSales, toBusinessCentral } = mappings.get(mapping)?.fields?.[row]?.compute ?? {}
  return compileExpression(toSales ?? toBusinessCentral ?? '').evaluate(source, { settings })
}

t.test('expressions give what the native rules ask for', async (t) => {
  const rate = { exchangeRateAmount: 100, relationalExchangeRateAmount: 80 }
  t.equal(await computed('currency', 'rate', { code: 'EUR', rate }), 1.25, 'units of the currency for one of the base')
  t.equal(
    await computed('currency', 'rate', { code: 'GBP' }, { localCurrency: 'GBP' }),
    1,
    'the local currency is the base',
  )
  await t.rejects(async () => computed('currency', 'rate', { code: 'XXX' }), /no exchange rate/, 'no rate is an error')
  const base = { exchangeRateAmount: 100, relationalExchangeRateAmount: 50 }
  t.equal(await computed('currency', 'rateToBase', { rate, base }), 0.625, 'both rates against another base')
  t.equal(
    await computed('currency', 'rateToBase', { code: 'GBP', base }, { localCurrency: 'GBP' }),
    0.5,
    'the local currency against another base',
  )
  t.equal(await computed('currency', 'rateToBase', { rate: base, base }), 1, 'the base itself')
  await t.rejects(async () => computed('currency', 'rateToBase', { rate }), /base currency/, 'the base needs a rate')
  for (const [places, expected] of [
    ['2:2', 2],
    ['0:4', 4],
    ['3', 3],
    ['', 2],
  ])
    t.equal(
      await computed('currency', 'precision', { amountDecimalPlaces: places }),
      expected,
      `decimals of "${places}"`,
    )
  t.equal(
    mappings.get('salesperson-user')?.fields?.['code']?.number,
    'SP NO. {00001}',
    'SALESPEOPLE: the native pattern',
  )
  t.equal(await computed('item-product', 'price', { unitPrice: -1 }), 0, 'a negative price becomes 0')
  t.equal(await computed('item-product', 'inventory', { inventory: 7.5 }), 7.5, 'a stock stays as it is')
  t.equal(await computed('item-product', 'state', { blocked: true }), 1, 'a blocked item retires its product')
  t.equal(await computed('item-unit-group', 'name', { number: '1896-S' }), 'ITEM 1896-S UOM GR')
  t.equal(await computed('customer-account', 'blocked', { statecode: 1 }), 'All', 'an inactive account blocks')
  t.notOk(await computed('customer-account', 'blocked', { statecode: 0 }), 'an active account does not unblock')
})

t.test('the local currency is a row of its own, if the project names it', async (t) => {
  const constant = mappings.get('currency')?.businessCentral?.constant
  const rows = async (settings: Record<string, unknown>): Promise<unknown> =>
    compileExpression(typeof constant === 'string' ? constant : '').evaluate({}, { settings })
  const named = { localCurrency: 'GBP', localCurrencyName: 'Pound Sterling', localCurrencySymbol: '£' }
  const [row] = (await rows(named)) as readonly Row[]
  t.match(row, { code: 'GBP', displayName: 'Pound Sterling', symbol: '£' })
  const columns = columnsOf('businessCentral', { entity: 'currencies' }) ?? {}
  t.same(
    Object.keys(row ?? {}).filter((column) => !(column in columns)),
    [],
    'it has the columns of a currency',
  )
  t.match(await rows({ localCurrency: 'GBP' }), [{ code: 'GBP' }])
  t.same((await rows({})) ?? [], [])
})

/** Mappings whose records in Sales are figures that nobody but the integration writes. */
const onlyOurs: ReadonlySet<string> = new Set(['customer-statistics'])

t.test('P9 no row of the set overwrites a filled value at a first match', (t) => {
  for (const [name, file] of mappings) {
    if (onlyOurs.has(name)) continue
    t.equal(file.firstMatch, undefined, name)
    for (const [rowName, row] of rowsOf(file)) {
      // No value of a record: whether further columns offer the same options.
      if (row.sales === 'mirrored') continue
      const direction = directionOf(file, row)
      const overwrites = row.firstMatch?.different === (direction === 'toSales' ? 'businessCentral' : 'sales')
      t.notOk(overwrites, `${name}: ${rowName}`)
    }
  }
  t.end()
})

/** A project that takes the whole standard set, with these lines under `settings`. */
const projectWith = (settings: string): string => `
connections:
  businessCentral:
    kind: business-central
    tenant: contoso.example
    environment: Production
    company: CRONUS
    auth: { method: client-secret, clientId: bc, clientSecret: "\${env:SECRET}" }
  sales:
    kind: dataverse
    url: https://contoso.crm4.dynamics.com
    auth: { method: client-secret, tenant: contoso.example, clientId: sales, clientSecret: "\${env:SECRET}" }
use: standard@1
settings: { ${settings} }
`

/** What a project with these settings makes of the set. */
async function resolved(t: Test, settings: string) {
  const folder = t.testdir({ 'couplet.yaml': projectWith(settings) })
  const { config, problems } = await checkProject(folder, { env: { SECRET: 'secret' } })
  const find = (name: string) => config?.mappings.find((mapping) => mapping.name === name)
  return {
    problems: formatProblems(problems),
    names: config?.mappings.map(({ name }) => name).toSorted(),
    off: config?.mappings
      .filter(({ enabled }) => !enabled)
      .map(({ name }) => name)
      .toSorted(),
    rates: find('currency')?.fields.flatMap(({ name, sales }) => (sales === 'exchangerate' ? [name] : [])),
    itemFilter: find('item-product')?.businessCentral.filter,
  }
}

t.test('a project takes the whole set without a problem, whatever its settings', async (t) => {
  const names = [...mappings.keys()].toSorted()
  const offByDefault = [
    'customer-price-group',
    'item-base-price',
    'order-invoiced-post',
    'order-note',
    'order-released-post',
    'order-shipped-post',
    'resource-base-price',
    'sales-order',
    'sales-order-bidirectional',
    'sales-price',
    'sales-quote',
    'unit-of-measure',
  ]
  const usual = await resolved(t, 'localCurrency: GBP')
  t.same(usual, { problems: '', names, off: offByDefault, rates: ['rate'], itemFilter: 'blocked eq false' })
  const teams = await resolved(t, 'ownership: team, unitGroups: false')
  const legacy = [
    'customer-price-group',
    'item-default-price',
    'item-unit',
    'item-unit-group',
    'order-invoiced-post',
    'order-note',
    'order-released-post',
    'order-shipped-post',
    'resource-default-price',
    'resource-unit',
    'resource-unit-group',
    'sales-order',
    'sales-order-bidirectional',
    'sales-price',
    'sales-quote',
    'salesperson-user',
  ]
  t.same(teams, { ...usual, off: legacy }, 'no salespeople, no unit groups')
  const orders = await resolved(t, 'localCurrency: GBP, salesOrders: legacy')
  const without = (...on: readonly string[]): readonly string[] => offByDefault.filter((name) => !on.includes(name))
  t.same(orders, { ...usual, off: without('sales-order', 'sales-quote') }, 'orders of Sales')
  const lacking = await resolved(t, 'localCurrency: GBP, salesOrders: bidirectional')
  t.match(lacking.problems, /needs a custom API page[^]*reopen and [^]*release[^]*settings\.orderPage/)
  const both = await resolved(t, 'localCurrency: GBP, salesOrders: bidirectional, orderPage: my/orders/v1.0')
  const inStep = without('sales-order-bidirectional', 'sales-quote', 'order-note')
  t.same(both, { ...usual, off: inStep }, 'orders of both sides')
  const abroad = await resolved(t, 'localCurrency: GBP, salesBaseCurrency: USD, writeInItem: X1, writeInResource: X2')
  const { itemFilter, ...rest } = abroad
  t.match(itemFilter, /blocked eq false.* and .*number ne 'X1'/)
  t.same({ ...rest, itemFilter: usual.itemFilter }, { ...usual, rates: ['rateToBase'] }, 'the rate to another base')
})

t.test('docs/standard holds the pages of the set as it is; `npm run generate` writes them', async (t) => {
  const pages = await standardPages(t.testdir())
  const folder = new URL('../../docs/standard/', import.meta.url)
  t.same(readdirSync(folder).toSorted(), [...pages.keys()].toSorted())
  for (const [name, text] of pages)
    t.ok(readFileSync(new URL(name, folder), 'utf8') === text, `docs/standard/${name} is current: npm run generate`)
})
