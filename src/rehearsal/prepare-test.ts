/** What a test needs to be played: its configuration, the mappings that run, and the services it stands on. */
import type { Config, Connection, Limits, Mapping, Side } from '../config/config.ts'
import type { Over } from '../config/load.ts'
import type { Path } from '../config/path.ts'
import type { Test, TestFile } from '../config/schema-types.ts'
import type { Source } from '../config/source.ts'
import { givenOf, problemAt, testedBy } from '../config/test-files.ts'
import type { ConfigProblem } from '../errors.ts'
import { ConfigError } from '../errors.ts'
import { runningAlong } from './closure.ts'
import { columnProblems } from './columns.ts'
import type { GroundOptions } from './ground.ts'
import { ownTables } from './own-tables.ts'
import type { Script } from './play.ts'

/** The configuration with other settings; as it stands where `over` is undefined. Throws ConfigError. */
export type Configure = (over: Over | undefined) => Promise<Config>

/** One test of a file. */
export interface OneTest {
  readonly file: TestFile
  readonly source: Source
  readonly name: string
  readonly test: Test
}

/** A test that can be played. */
export interface Prepared extends OneTest {
  readonly config: Config
  readonly script: Script
  readonly ground: GroundOptions
  /** Options of choices may be added: the services cannot be set back to before. */
  readonly changesMetadata: boolean
}

/** Reads configurations, each once. */
export function configurations(configure: Configure): Configure {
  const read = new Map<string, Promise<Config>>()
  return (over) => {
    const key = JSON.stringify(over ?? null)
    const reading = read.get(key) ?? configure(over)
    read.set(key, reading)
    return reading
  }
}

/** Makes a test ready, or tells everything that is wrong with it. Throws ConfigError where the project itself is wrong. */
export async function prepareTest(one: OneTest, configure: Configure): Promise<Prepared | readonly ConfigProblem[]> {
  const { file, source, name, test } = one
  const at: Path = ['tests', name]
  const tested = testedBy(file)
  const { config: whole, problems: ofSettings } = await configured(one, configure)
  const off = whole.mappings.filter((mapping) => tested.includes(mapping.name) && !mapping.enabled)
  const mappings = runningAlong(whole, tested)
  const given = givenOf(file, name)
  const rows = given.map((each) => each.given)
  const own = ownTables(whole, mappings, rows)
  const wrong = [
    ...ofSettings,
    ...(ofSettings.length > 0 ? [] : off.map((mapping) => problemAt(source, at, switchedOff(mapping)))),
    ...columnProblems(test, given, own).map(({ path, message }) => problemAt(source, inTest(at, path), message)),
  ]
  if (wrong.length > 0) return wrong
  return {
    ...one,
    config: {
      ...whole,
      connections: { businessCentral: switchedOn(whole, 'businessCentral'), sales: switchedOn(whole, 'sales') },
      mappings: mappings.map((mapping): Mapping => ({ ...mapping, limits: unlimited })),
    },
    script: { tested, given, test, path: at },
    ground: {
      company: whole.connections.businessCentral.company ?? 'CRONUS International Ltd.',
      currency: whole.settings.localCurrency ?? 'GBP',
      options: Object.fromEntries(rows.flatMap(({ options = {} }) => Object.entries(options))),
      ...own,
    },
    changesMetadata: mappings.some(({ allowMetadataChanges }) => allowMetadataChanges),
  }
}

/** A handful of rows is always a large share: the safety limits are for real data. */
const unlimited: Limits = {
  deletes: { count: undefined, share: undefined },
  updates: { count: undefined, share: undefined },
  creates: { count: undefined, share: undefined },
}

/** A connection that is paused pauses no tests: they reach nothing by it. */
const switchedOn = ({ connections }: Config, side: Side): Connection => ({ ...connections[side], enabled: true })

const switchedOff = ({ name, reason }: Mapping): string =>
  `the mapping ${name} is switched off${reason === undefined ? '' : ` (${reason})`}; say with which settings it is on`

/** A path that begins at the file's own `given` stays as it is. */
const inTest = (at: Path, path: Path): Path => (path[0] === 'given' || path[0] === 'tests' ? path : [...at, ...path])

/** The configuration with the test's settings; where they are wrong, as it stands, and what is wrong. */
async function configured(
  { file, source, name, test }: OneTest,
  configure: Configure,
): Promise<{ readonly config: Config; readonly problems: readonly ConfigProblem[] }> {
  const settings = { ...file.settings, ...test.settings }
  const create = test.create ?? file.create
  const isOver = Object.keys(settings).length > 0 || create !== undefined
  const over = isOver ? { settings, ...(create !== undefined && { create }) } : undefined
  try {
    return { config: await configure(over), problems: [] }
  } catch (error) {
    if (!(error instanceof ConfigError) || over === undefined) throw error
    const ofTest = test.settings !== undefined || test.create !== undefined
    const problems = error.problems.map(({ path, message }) =>
      problemAt(source, [...(ofTest ? ['tests', name] : []), ...path.split('.')], `with these settings: ${message}`),
    )
    return { config: await configure(undefined), problems }
  }
}
