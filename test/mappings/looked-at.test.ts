/**
 * Every field row of every standard mapping is named in an expectation of the tests that ship with it: as a row that an
 * operation writes, or as a column of a row that is expected. Whether the expectation would notice a wrong row is tried
 * by `npm run test:mutants`, which damages each.
 */
import { basename, join } from 'node:path'
import t from 'tap'
import type { Field, Mapping } from '../../src/config/config.ts'
import { sides } from '../../src/config/config.ts'
import { openFiles, standardFolder } from '../../src/config/load.ts'
import type { Over } from '../../src/config/load.ts'
import type { Expect, Test, TestFile } from '../../src/config/schema-types.ts'
import { readTests, testedBy, testFilesIn } from '../../src/config/test-files.ts'

/** Rows that no test looks at, and why. */
const notLookedAt: Readonly<Record<string, readonly string[]>> = {
  // Options of a choice are part of the data model: a run couples them and writes nothing.
  'payment-terms': ['code', 'mirrored'],
  'shipment-method': ['code', 'mirrored'],
  'shipping-agent': ['code', 'mirrored'],
  // Persons of vendors are contacts of Sales only where the company is a customer too.
  'vendor-account': ['primaryContact'],
  // Orders are never created in Sales here: the two rows are for projects that set `create: both`.
  'sales-order': ['defaultTeam', 'number'],
}

const root = join(standardFolder, 'tests')
const check = await openFiles(root, { env: {}, needSecrets: false })
const paths = (await testFilesIn(root)).filter((path) => basename(path) !== 'couplet.yaml')
const files = (await Promise.all(paths.map((path) => readTests(root, path)))).flatMap(({ value }) => value ?? [])

const configs = new Map<string, Promise<readonly Mapping[]>>()

/** The mappings as they stand with the settings of a test. */
function mappingsFor(file: TestFile, test: Test): Promise<readonly Mapping[]> {
  const settings = { ...file.settings, ...test.settings }
  const key = JSON.stringify(settings)
  const read = configs.get(key) ?? mappingsWith({ settings })
  configs.set(key, read)
  return read
}

async function mappingsWith(over: Over): Promise<readonly Mapping[]> {
  return (await check(over)).config?.mappings ?? []
}

const rowsOf = ({ fields, lines }: Mapping): readonly Field[] => [...fields, ...(lines?.mapping.fields ?? [])]

const columnOf = (place: string | undefined): string | undefined => place?.split('.').at(-1)

/** Rows that an expectation names. */
function namedBy(expect: Expect, rows: readonly Field[]): readonly string[] {
  const written = (expect.operations ?? []).flatMap(({ fields = {} }) => Object.keys(fields))
  const columns = sides.flatMap((side) => {
    const shown = new Set(Object.values(expect[side] ?? {}).flatMap((list) => list.flatMap((row) => Object.keys(row))))
    return rows.filter((row) => shown.has(columnOf(row[side]) ?? '')).map(({ name }) => name)
  })
  return [...written, ...columns]
}

t.test('every field row of the standard set is named in an expectation of its shipped tests', async (t) => {
  const all = await mappingsWith({})
  t.ok(all.length > 30)
  for (const { name } of all) {
    const rows = new Set<string>()
    const named = new Set<string>()
    for (const file of files.filter((one) => testedBy(one).includes(name)))
      for (const test of Object.values(file.tests)) {
        const mapping = (await mappingsFor(file, test)).find((one) => one.name === name)
        if (mapping === undefined) continue
        for (const row of rowsOf(mapping)) rows.add(row.name)
        for (const row of namedBy(test.expect, rowsOf(mapping))) named.add(row)
      }
    t.ok(rows.size > 0, `${name} has tests`)
    t.same(
      [...rows].filter((row) => !named.has(row)),
      notLookedAt[name] ?? [],
      name,
    )
  }
})
