/** Each folder of broken/ is a project with something wrong; expected.txt holds every line that must be said of it. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { checkProject, loadProject, openFiles } from '../../src/config/load.ts'
import { formatProblems, sortProblems } from '../../src/config/problems.ts'
import { readings } from '../../src/config/schema-check.ts'
import { checkTests } from '../../src/config/test-files.ts'
import { ConfigError, type ConfigProblem } from '../../src/errors.ts'

const broken = fileURLToPath(new URL('broken', import.meta.url))
const options = { env: { SECRET: 's3cret-value' }, useStandard: fileURLToPath(new URL('standard', import.meta.url)) }

for (const name of (await readdir(broken)).sort())
  t.test(`wrong: ${name.replaceAll('-', ' ')}`, async (t) => {
    const folder = join(broken, name)
    const { problems, config } = await checkProject(folder, options)
    const said = `${formatProblems(problems)}\n`
    const golden = join(folder, 'expected.txt')
    if (process.env['COUPLET_GOLDEN'] === 'write') await writeFile(golden, said)
    t.equal(said, await readFile(golden, 'utf8'))
    t.equal(config, undefined, 'there is no configuration to run with')
    t.notMatch(said, /s3cret-value|hunter2/, 'no secret is repeated')
    const error: unknown = await loadProject(folder, options).catch((thrown: unknown) => thrown)
    t.ok(error instanceof ConfigError)
    t.same((error as ConfigError).problems, problems)
  })

t.test('a target that is not there is told with those that are', async (t) => {
  const { problems } = await checkProject(join(broken, 'rows'), { ...options, target: 'prod' })
  t.match(formatProblems(problems), /no target is called "prod"; there is no file in targets\//)
})

t.test('what is laid over a project hides nothing of what is wrong with it', async (t) => {
  const folder = t.testdir({
    'couplet.yaml': 'connections: [',
    mappings: { 'one.yaml': 'extends: standard/standard-one' },
    targets: { 'de.yaml': 'create: sometimes' },
  })
  const open = await openFiles(folder, { ...options, target: 'de' })
  t.equal(
    formatProblems((await open({ create: 'both' })).problems),
    'couplet.yaml:1:15  not YAML: flow sequence in block collection must be sufficiently indented and end with a ]\n' +
      'targets/de.yaml:1:9  create: "sometimes" is none of never, toSales, toBusinessCentral, both',
  )
  const whole = await openFiles(folder, options)
  t.match(formatProblems((await whole({ create: 'both' })).problems), /^couplet\.yaml:1:15 {2}not YAML[^\n]*$/)
})

t.test('a file that is not there, or leads nowhere, is told as that', async (t) => {
  const beside = await mkdtemp(join(tmpdir(), 'couplet-'))
  t.teardown(() => rm(beside, { recursive: true }))
  await mkdir(join(beside, 'project', 'mappings'), { recursive: true })
  await writeFile(join(beside, 'hunter2.yaml'), 'hunter2')
  const folder = join(beside, 'project')
  await symlink('round.yaml', join(folder, 'mappings', 'round.yaml'))
  const said = async (): Promise<string> => formatProblems((await checkProject(folder, options)).problems)
  t.equal(
    await said(),
    'couplet.yaml:1:1  there is no couplet.yaml in this folder; name another with --project, or play first: couplet simulate --write-project play',
    'and nothing of what else lies there',
  )
  await copyFile(join(broken, 'extends', 'couplet.yaml'), join(folder, 'couplet.yaml'))
  t.equal(await said(), 'mappings/round.yaml:1:1  the file cannot be read: ELOOP')
  await rm(join(folder, 'mappings', 'round.yaml'))
  for (const [name, target, message] of [
    ['out', join(beside, 'hunter2.yaml'), 'a link leads out of the project and its repository; put the file here'],
    ['endless', '/dev/zero', 'this is no file'],
  ] as const) {
    await symlink(target, join(folder, 'mappings', `${name}.yaml`))
    t.equal(await said(), `mappings/${name}.yaml:1:1  ${message}`)
    await rm(join(folder, 'mappings', `${name}.yaml`))
  }
  await symlink(folder, join(beside, 'linked'))
  await symlink('../couplet.yaml', join(folder, 'mappings', 'within.yaml'))
  t.match(formatProblems((await checkProject(join(beside, 'linked'), options)).problems), /mapping/)
  t.notMatch(await said(), /leads out/, 'a link within the project is followed, and so is one that leads to it')
})

t.test('P8: a link is followed within the repository, and to nothing that Git keeps there', async (t) => {
  const project = await readFile(join(broken, 'extends', 'couplet.yaml'), 'utf8')
  const repository = t.testdir({
    '.git': { config: 'hunter2' },
    common: { 'theirs.yaml': 'mapping: [' },
    project: { 'couplet.yaml': project, mappings: {} },
  })
  const folder = join(repository, 'project')
  const said = async (target: string): Promise<string> => {
    const link = join(folder, 'mappings', 'link.yaml')
    await symlink(target, link)
    const problems = formatProblems((await checkProject(folder, options)).problems)
    await rm(link)
    return problems
  }
  t.match(await said('../../common/theirs.yaml'), /link\.yaml:1:11 {2}not YAML/)
  const refused = /link\.yaml:1:1 {2}a link leads out/
  t.match(await said('../../.git/config'), refused)
  t.notMatch(await said('../../.git/config'), /hunter2/)
  await rename(join(repository, '.git'), join(folder, '.git'))
  t.match(await said('../.git/config'), refused)
  t.match(await said('../../common/theirs.yaml'), refused, 'which is another repository now, or none')
})

t.test('a standard set that cannot be read is told file by file', async (t) => {
  const project = await readFile(join(broken, 'extends', 'couplet.yaml'), 'utf8')
  const folder = t.testdir({
    'couplet.yaml': project,
    set: { 'standard.yaml': 'version: 1\nmappings: [torn, gone]\n', 'torn.yaml': 'mapping: [' },
    none: {},
  })
  const said = async (set: string): Promise<string> =>
    formatProblems((await checkProject(folder, { ...options, useStandard: join(folder, set) })).problems)
  t.match(await said('set'), /^set\/gone\.yaml:1:1 {2}there is no such file\nset\/torn\.yaml:1:11 {2}not YAML/)
  t.equal(await said('none'), 'none/standard.yaml:1:1  there is no such file')
})

t.test('what is wrong with files of tests is told with their project, of one mapping or of several', async (t) => {
  const project = await readFile(join(broken, 'extends', 'couplet.yaml'), 'utf8')
  const round = '{ sales: { accounts: { A: { name: x } } } }'
  const folder = t.testdir({
    'couplet.yaml': project,
    tests: {
      'one.yaml': 'mapping: standart-one\ntests: { a: { expect: { operations: [] } } }\n',
      'several.yaml': `mapping: [standard-one, standart-one]\ntests:\n  a: { edited: [${Array(6).fill(round).join(', ')}], expect: { operations: [] } }\n`,
      'torn.yaml': 'tests: [',
    },
  })
  const { config } = await checkProject(folder, options)
  const unknown = 'no mapping is called "standart-one" (did you mean "standard-one"?)'
  t.same(formatProblems(sortProblems(await checkTests(folder, config))).split('\n'), [
    `tests/one.yaml:1:10  mapping: ${unknown}`,
    'tests/one.yaml:2:13  tests.a: no rows are given on either side: nothing could happen',
    `tests/several.yaml:1:25  mapping[1]: ${unknown}`,
    'tests/several.yaml:3:16  tests.a.edited: more than 5 items',
    'tests/torn.yaml:1:9  not YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
  ])
})

interface Schema extends Readonly<Record<string, unknown>> {
  readonly anyOf?: readonly Schema[]
}

/** A schema and all that it is made of. */
function* partsOf(schema: Schema): Generator<Schema> {
  yield schema
  const { anyOf = [], items, additionalProperties, properties = {}, $defs = {} } = schema
  const named = [properties, $defs].flatMap((each) => Object.values(each as object))
  for (const below of [...anyOf, items, additionalProperties, ...named])
    if (typeof below === 'object') yield* partsOf(below as Schema)
}

t.test('every keyword of the schemas that can be broken has words of its own, every alternative a title', async (t) => {
  const silent = 'title description examples items properties $defs $ref $id $schema'.split(' ')
  const folder = fileURLToPath(new URL('../../schemas', import.meta.url))
  const schemas = (await readdir(folder)).map(async (file) => readFile(join(folder, file), 'utf8'))
  const parts = (await Promise.all(schemas)).flatMap((text) => [...partsOf(JSON.parse(text) as Schema)])
  t.ok(parts.length > 300)
  const used = new Set(parts.flatMap((part) => Object.keys(part)))
  t.same(
    [...used].filter((keyword) => !silent.includes(keyword) && !Object.hasOwn(readings, keyword)),
    [],
  )
  const said = parts.flatMap(({ anyOf = [], pattern, description }) => [
    ...anyOf.map(({ title }) => title),
    ...(pattern === undefined ? [] : [description]),
  ])
  t.same(
    said.filter((words) => typeof words !== 'string'),
    [],
    'nor is there a pattern without a description',
  )
})

t.test('the schemas are right themselves', async (t) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false })
  const folder = fileURLToPath(new URL('../../schemas', import.meta.url))
  const files = await readdir(folder)
  for (const file of files) ajv.addSchema(JSON.parse(await readFile(join(folder, file), 'utf8')) as object)
  for (const file of files) t.ok(ajv.getSchema(file), file)
})

t.test('what is wrong at no place stands before what has one', (t) => {
  const at = { file: 'a.yaml', line: 2, column: 1 }
  const placed = { at, path: 'b', message: 'wrong' }
  const nowhere: ConfigProblem = { path: '', message: 'nowhere' }
  const first = { at: { ...at, line: 1 }, path: '', message: 'first' }
  for (const problems of [
    [nowhere, placed, first],
    [first, nowhere, placed, nowhere],
  ])
    t.equal(formatProblems(sortProblems(problems)), 'nowhere\na.yaml:1:1  first\na.yaml:2:1  b: wrong')
  t.end()
})
