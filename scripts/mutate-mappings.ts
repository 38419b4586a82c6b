/**
 * Whether the tests that the standard set ships with look at each of its field rows: every row is damaged in one way
 * after the other, and the mapping's own tests are played. A damage that no test notices is listed.
 *
 *   npm run test:mutants                       all mappings; some ten minutes
 *   npm run test:mutants -- customer-account   these only
 */
import { basename, join } from 'node:path'
import { openFiles, standardFolder } from '../src/config/load.ts'
import type { Config, Field, Mapping } from '../src/config/config.ts'
import type { Over } from '../src/config/load.ts'
import { readTests, testFilesIn, testedBy } from '../src/config/test-files.ts'
import type { ReadTests } from '../src/config/test-files.ts'
import { ConfigError } from '../src/errors.ts'
import { rehearse } from '../src/rehearsal/rehearse.ts'
import { mutantsOf } from '../test/mappings/mutants.ts'
import type { Mutant } from '../test/mappings/mutants.ts'

const say = (line: string): unknown => process.stdout.write(`${line}\n`)
const asked = process.argv.slice(2)
const root = join(standardFolder, 'tests')
const check = await openFiles(root, { env: {}, needSecrets: false })

async function configure(over: Over | undefined): Promise<Config> {
  const { config, problems } = await check(over)
  if (config === undefined) throw new ConfigError(problems)
  return config
}

/** The configuration with one row of a mapping damaged, in its header or its lines. */
function damaged(config: Config, name: string, { ofLines, row, damage }: Mutant): Config {
  const changed = (fields: readonly Field[]): readonly Field[] =>
    fields.flatMap((field) => (field.name === row ? damage(field, fields) : [field]))
  const mappings = config.mappings.map((mapping): Mapping => {
    if (mapping.name !== name) return mapping
    const { lines } = mapping
    if (!ofLines) return { ...mapping, fields: changed(mapping.fields) }
    return {
      ...mapping,
      lines: lines && { ...lines, mapping: { ...lines.mapping, fields: changed(lines.mapping.fields) } },
    }
  })
  return { ...config, mappings }
}

/** True when some test of the files turns red, or cannot be played any more. */
async function isNoticed(files: readonly ReadTests[], damage: (config: Config) => Config): Promise<boolean> {
  try {
    const { results, problems } = await rehearse(files, {
      configure: async (over) => damage(await configure(over)),
      wanted: () => true,
      elapsed: () => 0,
    })
    return problems.length > 0 || results.some(({ passed }) => !passed)
  } catch (error) {
    if (error instanceof ConfigError) return true
    throw error
  }
}

const paths = (await testFilesIn(root)).filter((path) => basename(path) !== 'couplet.yaml')
const files = await Promise.all(paths.map((path) => readTests(root, path)))
let survivors = 0
let all = 0
for (const { name } of (await configure(undefined)).mappings) {
  const own = files.filter(({ value }) => value !== undefined && testedBy(value).includes(name))
  if (asked.length > 0 && !asked.includes(name)) continue
  if (await isNoticed(own, (config) => config)) throw new Error(`the tests of ${name} fail as they are`)
  const overs = own.flatMap(({ value }) => [value, ...Object.values(value?.tests ?? {})])
  const configs = await Promise.all(
    [
      undefined,
      ...overs.flatMap((one) =>
        one?.settings === undefined ? [] : [{ settings: { ...own[0]?.value?.settings, ...one.settings } }],
      ),
    ].map(configure),
  )
  const mutants = mutantsOf(configs.flatMap(({ mappings }) => mappings.filter((each) => each.name === name)))
  const alive: string[] = []
  for (const mutant of mutants)
    if (!(await isNoticed(own, (config) => damaged(config, name, mutant))))
      alive.push(`  ${mutant.row}: ${mutant.what}`)
  say(`${name}: ${mutants.length - alive.length} of ${mutants.length} noticed`)
  for (const line of alive) say(line)
  all += mutants.length
  survivors += alive.length
}
say(`\n${all - survivors} of ${all} damages noticed`)
if (survivors > 0) process.exitCode = 1
