/** What an administrator sees while typing YAML: asked of the YAML language server, which editors run. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { captionsOf } from '../../src/connector/captions.ts'
import { withSchemaLine } from '../../src/config/schema-line.ts'
import { cliWorld, couplet } from '../cli/world.ts'
import { includeFiles, mappingFiles, readYaml, standard } from '../mappings/standard-files.ts'
import { editorOn } from './editor.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const lineFor = (kind: string, up = '../'): string =>
  `# yaml-language-server: $schema=${up}schemas/${kind}.schema.json\n`

/** YAML files below a folder of the repository. */
const yamlBelow = (folder: string): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.ya?ml$/.test(name) && !/(^|\/)(\.github|\.couplet|node_modules)\//.test(name))
        .map((name) => join(folder, name))
    : []

/** What a file is, by its place. */
function kindOf(path: string): string {
  if (/(^|\/)couplet\.yaml$|targets\//.test(path)) return 'project'
  if (/(^|\/)tests\//.test(path)) return 'test'
  if (/(^|\/)include\//.test(path)) return 'include'
  return /(jobs|standard)\.yaml$/.exec(path)?.[1] ?? 'mapping'
}

t.test('every YAML file of the product names its schema in its first line', (t) => {
  const files = [...yamlBelow('mappings'), ...yamlBelow('examples')]
  t.ok(files.length > mappingFiles.length)
  for (const path of files) {
    const [, address = ''] =
      /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(join(root, path), 'utf8')) ?? []
    t.ok(address.endsWith(`/${kindOf(path)}.schema.json`), path)
    const named = join(path, '..', address)
    // A project names the schemas of the package that it has installed.
    if (address.includes('node_modules/'))
      t.match(named, /^examples\/[^/]+\/node_modules\/couplet\/schemas\//, `${path}: from its own place`)
    else t.ok(existsSync(join(root, named)), `${path}: ${named} is there`)
  }
  t.end()
})

t.test('the line goes to the head of a file, in place of an older one, and nothing else is changed', (t) => {
  const line = '# yaml-language-server: $schema=./new.json'
  t.equal(withSchemaLine('a: 1\n', './new.json'), `${line}\na: 1\n`)
  t.equal(
    withSchemaLine('# about\n#yaml-language-server:  $schema=old\na: 1\n', './new.json'),
    `# about\n${line}\na: 1\n`,
  )
  t.equal(withSchemaLine('\uFEFFa: 1\r\n', './new.json'), `\uFEFF${line}\r\na: 1\r\n`)
  t.equal(
    withSchemaLine(`a: |\n  ${line}x\n`, './new.json'),
    `${line}\na: |\n  ${line}x\n`,
    'a text is no line of the file',
  )
  t.equal(withSchemaLine('a: 1\n# yaml-language-server: $schema=old\n', './new.json'), `a: 1\n${line}\n`)
  t.equal(withSchemaLine('', './new.json'), `${line}\n`)
  t.end()
})

t.test('the schemas offer the mappings and the shared sets of the standard set', (t) => {
  const { $defs, properties } = JSON.parse(readFileSync(join(root, 'schemas/mapping.schema.json'), 'utf8')) as {
    $defs: { mappingName: { examples: string[] }; setName: { examples: string[] } }
    properties: { extends: { examples: string[] } }
  }
  t.same($defs.mappingName.examples, standard.mappings)
  t.same($defs.setName.examples, includeFiles.map((file) => file.replace(/^include\/|\.yaml$/g, '')).toSorted())
  t.same(
    properties.extends.examples,
    standard.mappings.map((name) => `standard/${name}`),
  )
  t.end()
})

t.test(
  'with the schemas of the package keys, choices and names of standard mappings are completed and explained',
  async (t) => {
    const editor = editorOn(join(root, 'mappings'))
    const mapping = lineFor('mapping')
    const offered = async (text: string): Promise<readonly string[]> => [
      ...(await editor.complete('x.yaml', mapping + text)).keys(),
    ]
    t.same(await offered('conflicts: ¦'), ['hold', 'businessCentral', 'sales', 'newest'])
    const keys = await editor.complete('x.yaml', `${mapping}fields:\n  name:\n    ¦`)
    t.match(keys.get('whenUncoupled'), /What becomes of the field where the reference has no partner/)
    t.notOk(keys.has('conflictz') || keys.has('match'), 'keys of a row only')
    for (const text of [
      'after:\n  - ¦',
      'after: [¦]',
      'follows: ¦',
      'fields:\n  a:\n    lookup: ¦',
      'fields:\n  a:\n    lookup:\n      mapping: ¦',
    ])
      t.ok((await offered(text)).includes('payment-terms'), text)
    t.ok((await offered('extends: ¦')).includes('standard/customer-account'))
    t.ok((await offered('include:\n  - ¦')).includes('company-document'))
    t.match(await editor.hover('x.yaml', `${mapping}confl¦icts: hold\n`), /The same field edited on both sides/)
    t.match(
      await editor.hover('x.yaml', `${mapping}fields:\n  a: { whenUnc¦oupled: keep }\n`),
      /has no partner: hold the record/,
    )
    t.same(await editor.diagnose('x.yaml', `${mapping}conflicts: oldest\nfeilds: {}\n`), [
      '2: Value is not accepted. Valid values: "hold", "businessCentral", "sales", "newest".',
      '3: Property feilds is not allowed.',
    ])

    const ofProject = lineFor('project')
    t.ok((await editor.complete('couplet.yaml', `${ofProject}settings:\n  ¦`)).has('localCurrency'))
    t.same(
      [...(await editor.complete('couplet.yaml', `${ofProject}create: ¦`)).keys()],
      ['never', 'toSales', 'toBusinessCentral', 'both'],
    )
    t.match(await editor.hover('couplet.yaml', `${ofProject}lim¦its: { deletes: 3 }\n`), /most one run may do/)
    t.same(await editor.diagnose('couplet.yaml', `${ofProject}conections: {}\n`), [
      '2: Property conections is not allowed.',
    ])

    const jobs = lineFor('jobs')
    t.ok((await editor.complete('jobs.yaml', `${jobs}jobs:\n  often:\n    mappings:\n      - ¦`)).has('currency'))
    const test = lineFor('test', '../../')
    t.ok((await editor.complete('tests/x.yaml', `${test}mapping: ¦`)).has('currency'))
    t.ok((await editor.complete('tests/x.yaml', `${test}tests:\n  a:\n    expect:\n      ¦`)).has('operations'))
    t.match(
      await editor.hover('tests/x.yaml', `${test}tests:\n  a:\n    edi¦ted: { sales: { accounts: { A: null } } }\n`),
      /What people did/,
    )
    const wrong = `${test}mapping: a\ntests: { b: { expect: { operations: [{ kind: crate, side: sales }] } } }\n`
    t.same(await editor.diagnose('tests/x.yaml', wrong), [
      '3: Value is not accepted. Valid values: "create", "update", "delete", "couple", "uncouple", "claim".',
    ])
  },
)

const files: Readonly<Record<string, string>> = {
  'customer-account.yaml': 'extends: standard/customer-account\nfields: { fax: null }\n',
  'vehicle.yaml': `mapping: vehicle
description: Cars of customers. More.
businessCentral: { entity: items, keys: [number] }
sales: { entity: products }
fields:
  name: { businessCentral: displayName, sales: name }
`,
}
const tests = `mapping: vehicle
given: { sales: { products: [{ name: a }] } }
tests: { a: { expect: { operations: [] } } }
`
const project = `connections:
  businessCentral: { kind: business-central, tenant: t, company: c, auth: { method: managed-identity } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: managed-identity } }
use: standard@1
`

t.test('couplet schema puts in the names of the project, and the line into each of its files', async (t) => {
  const folder = t.testdir({ 'couplet.yaml': project, mappings: files, tests: { 'vehicle.yaml': tests } })
  t.match(await couplet(folder, 'schema'), {
    code: 0,
    out: '5 schemas in schemas: 5 written.\n4 files now name them: couplet.yaml, mappings/customer-account.yaml, mappings/vehicle.yaml, tests/vehicle.yaml',
  })
  t.match(await couplet(folder, 'schema'), { code: 0, out: '5 schemas in schemas: 0 written.' }, 'the same again')
  const editor = editorOn(folder)
  const text = readFileSync(join(folder, 'mappings/vehicle.yaml'), 'utf8')
  t.same(await editor.diagnose('mappings/vehicle.yaml', text), [])
  t.equal((await editor.complete('mappings/vehicle.yaml', `${text}after:\n  - ¦`)).get('vehicle'), 'Cars of customers')
  t.match(await editor.diagnose('mappings/vehicle.yaml', `${text}after: [vehicel]\n`), [/^8: Value is not accepted/])
  const patch = `${lineFor('mapping')}extends: standard/customer-account\nfields:\n  `
  t.match((await editor.complete('mappings/x.yaml', `${patch}¦`)).get('website'), /^website ↔ websiteurl/)
  t.ok(
    (await editor.complete('mappings/x.yaml', `${patch}website:\n    ¦`)).has('compute'),
    'and the keys of a row below',
  )
  const written = readFileSync(join(folder, 'couplet.yaml'), 'utf8')
  t.ok((await editor.complete('couplet.yaml', `${written}mappings:\n  ¦`)).has('vehicle'))
  t.ok((await editor.complete('couplet.yaml', `${written}mappings:\n  vehicle:\n    ¦`)).has('reason'))
  t.ok((await editor.complete('jobs.yaml', `${lineFor('jobs', './')}jobs:\n  ¦`)).has('item-product'))
})

t.test(
  'couplet schema offers shared sets in mappings, and in tests the field rows of the tested mapping',
  async (t) => {
    const include = {
      'wheels.yaml': '# What has wheels.\nfields: { wheels: { businessCentral: type, sales: name } }\n',
    }
    const folder = t.testdir({ 'couplet.yaml': project, mappings: { ...files, include }, tests: { 'a.yaml': tests } })
    t.match(await couplet(folder, 'schema'), { code: 0 })
    const editor = editorOn(folder)
    const sets = await editor.complete('mappings/x.yaml', `${lineFor('mapping')}mapping: x\ninclude:\n  - ¦`)
    t.equal(sets.get('wheels'), 'What has wheels')
    t.ok(sets.has('company'), 'those of the standard set too')
    const wrong = `${lineFor('mapping')}mapping: x\ninclude: [wheel]\n`
    t.match(await editor.diagnose('mappings/x.yaml', wrong), [/^3: Value is not accepted/])

    const expecting = 'tests:\n  a:\n    expect:\n      '
    const operation = `${expecting}operations:\n        - kind: update\n          side: sales\n          fields:\n            `
    const offered = (mapping: string, text: string): Promise<ReadonlyMap<string, string>> =>
      editor.complete('tests/x.yaml', `${lineFor('test')}mapping: ${mapping}\n${text}¦`)
    const rows = await offered('vehicle', operation)
    t.equal(rows.get('name'), 'displayName ↔ name')
    t.notOk(rows.has('website'), 'of the tested mapping only')
    t.ok((await offered('[vehicle, customer-account]', operation)).has('website'), 'of each, where there are several')
    const held = `${expecting}held:\n        - kind: conflict\n          fields:\n            - `
    t.ok((await offered('customer-account', held)).has('website'))

    const bare = t.testdir({
      'couplet.yaml': project.replace('use: standard@1\n', ''),
      mappings: { 'vehicle.yaml': files['vehicle.yaml'] ?? '' },
    })
    t.match(await couplet(bare, 'schema'), { code: 0 })
    const unlisted = `${lineFor('mapping')}mapping: x\ninclude: [later]\n`
    t.same(await editorOn(bare).diagnose('mappings/x.yaml', unlisted), [], 'without any set no name is refused')
  },
)

t.test('couplet schema --live offers entities and columns of both services, with their titles', async (t) => {
  const world = await cliWorld(t, '', { files })
  const { folder } = world
  t.match(await world.run('schema --live --entity acounts'), {
    code: 2,
    err: /Neither service has acounts \(did you mean "?accounts"?/,
  })
  t.throws(() => statSync(join(folder, 'schemas')), 'nothing was written')
  t.match(await world.run('schema --live --no-lines --entity invoices'), {
    code: 0,
    out: '5 schemas in schemas: 5 written.',
  })
  t.notMatch(readFileSync(join(folder, 'mappings/vehicle.yaml'), 'utf8'), '$schema')
  const editor = editorOn(folder)
  const offered = (text: string): Promise<ReadonlyMap<string, string>> =>
    editor.complete('mappings/x.yaml', lineFor('mapping') + text)
  t.equal((await offered('businessCentral:\n  entity: ¦')).get('salesInvoices'), 'Sales Invoices')
  t.ok((await offered('businessCentral:\n  service: ¦')).has('CustomerCard'))
  t.notOk((await offered('businessCentral:\n  entity: ¦')).has('accounts'), 'of its own side only')
  t.equal((await offered('sales:\n  entity: ¦')).get('accounts'), 'accounts', 'as the organisation calls it')
  const rows = 'businessCentral: { entity: customers }\nsales: { entity: accounts }\nfields:\n  a:\n    '
  t.equal(
    (await offered(`${rows}businessCentral: ¦`)).get('displayName'),
    'Display Name: text of at most 100 characters',
    'as Business Central itself calls it',
  )
  const services = await offered(`businessCentral: { service: CustomerCard }\nfields:\n  a:\n    businessCentral: ¦`)
  t.match(services.get('Fax_No'), /^Fax no: text/, 'a published page has no captions: its names in words')
  const columns = await offered(`${rows}sales: ¦`)
  t.match(columns.get('telephone1'), /^Telephone1: text of at most 50 characters$/)
  t.match(columns.get('primarycontactid'), /^PrimaryContactId: lookup of contacts$/, 'as the organisation calls it')
  t.notOk(columns.has('displayName'))
  t.ok(
    (await offered('sales: { entity: invoices }\nfields:\n  a:\n    sales: ¦')).has('invoicenumber'),
    'asked for by name',
  )
  const patch = 'extends: standard/customer-account\nfields:\n  a:\n    '
  const page = await offered(`${patch}businessCentral: ¦`)
  t.ok(page.has('displayName') && page.has('card.Fax_No'), 'columns of the standard mapping, and of its further pages')
  t.match(
    await editor.hover('mappings/x.yaml', `${lineFor('mapping')}${patch}direc¦tion: toSales\n`),
    /Where the value travels/,
  )
  const test = `${lineFor('test')}mapping: vehicle\ngiven:\n  sales:\n    `
  t.ok((await editor.complete('tests/x.yaml', `${test}¦`)).has('accounts'))
  t.ok((await editor.complete('tests/x.yaml', `${test}accounts:\n      - ¦`)).has('telephone1'))
  t.same(
    await editor.diagnose('mappings/x.yaml', `${lineFor('mapping')}${rows}businessCentral: somethingNew\n`),
    [],
    'a column that is not listed may be right',
  )
  everyStandardFileFits(t, folder)
})

/** Nothing that is right with the product's schemas is wrong with the generated ones. */
function everyStandardFileFits(t: Test, folder: string): void {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    allowUnionTypes: true,
    keywords: ['enumDescriptions'],
    code: { optimize: false },
  })
  const read = (kind: string): object =>
    JSON.parse(readFileSync(join(folder, `schemas/${kind}.schema.json`), 'utf8')) as object
  for (const kind of ['project', 'include', 'jobs', 'mapping', 'test']) ajv.addSchema(read(kind))
  const fits = (file: string, kind: string): void => {
    const validate = ajv.getSchema(`${kind}.schema.json`)
    t.ok(validate?.(readYaml(file)), `${file} ${ajv.errorsText(validate?.errors)}`)
  }
  for (const file of mappingFiles) fits(file, 'mapping')
  for (const file of includeFiles) fits(file, 'include')
  for (const file of yamlBelow('mappings/tests').filter((path) => !path.endsWith('couplet.yaml')))
    fits(relative('mappings', file), 'test')
  fits('jobs.yaml', 'jobs')
}

const captions = (...all: readonly (readonly [number, string])[]) =>
  all.map(([languageCode, caption]) => ({ languageCode, caption }))

t.test('captions of Business Central: English before others, and none where a service lists none', async (t) => {
  const found = captionsOf({
    value: [
      {
        entitySetName: 'customers',
        entitySetCaptions: captions([1030, 'Debitorer'], [1033, 'Customers']),
        properties: [
          { name: 'number', captions: captions([1031, 'Nr.']) },
          { name: 'blank', captions: captions([1033, ' ']) },
          { name: 'none', captions: [] },
          { captions: captions([1033, 'nameless']) },
        ],
      },
      { entitySetName: 'vendors' },
      { entityName: 'x' },
    ],
  })
  t.same(
    [...found],
    [
      ['customers', { title: 'Customers', columns: { number: 'Nr.' } }],
      ['vendors', { title: undefined, columns: {} }],
    ],
  )
  for (const odd of [undefined, 'text', { value: 3 }, []]) t.equal(captionsOf(odd).size, 0)

  const world = await cliWorld(t, '', { files })
  world.simulator.faults.add({ match: { path: 'entityDefinitions' }, do: { status: 404 } })
  t.match(await world.run('schema --live'), { code: 0 })
  const told = await editorOn(world.folder).complete(
    'mappings/x.yaml',
    `${lineFor('mapping')}businessCentral:\n  entity: ¦`,
  )
  t.equal(told.get('salesInvoices'), 'Sales invoices', 'the name in words')
})

t.test('what cannot be asked or read is told, and nothing is written', async (t) => {
  const folder = t.testdir({ 'couplet.yaml': project, mappings: { 'vehicle.yaml': 'mapping: [' }, empty: {} })
  t.match(await couplet(folder, 'schema --entity leads'), { code: 2, err: /--entity is for --live/ })
  t.match(await couplet(folder, 'schema'), { code: 2, err: /mappings\/vehicle\.yaml:1/ })
  t.match(await couplet(folder, 'schema --project empty'), { code: 2, err: /there is no couplet\.yaml/ })
  t.throws(() => statSync(join(folder, 'schemas')))
})
