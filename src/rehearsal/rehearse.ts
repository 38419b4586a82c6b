/** All tests of some files, one after the other: what passed, what differs and where, and what cannot be played. */
import type { Config, Limits, Mapping } from '../config/config.ts'
import { formatPath } from '../config/path.ts'
import type { Path } from '../config/path.ts'
import type { Test, TestFile } from '../config/schema-types.ts'
import type { Source } from '../config/source.ts'
import { givenOf, problemAt, testedBy } from '../config/test-files.ts'
import type { ReadTests } from '../config/test-files.ts'
import type { ConfigProblem, Position } from '../errors.ts'
import { ConfigError, StateError, UnsafePlanError } from '../errors.ts'
import { runningAlong } from './closure.ts'
import { columnProblems } from './columns.ts'
import { differences, isStumbles } from './expectations.ts'
import type { Difference } from './expectations.ts'
import { openGround } from './ground.ts'
import type { Ground } from './ground.ts'
import { ownTables } from './own-tables.ts'
import { play } from './play.ts'
import type { Script } from './play.ts'
import { Refused } from './records.ts'

/** How one test ended. */
export interface TestResult {
  readonly file: string
  readonly mappings: readonly string[]
  readonly name: string
  /** Where the test stands. */
  readonly at: Position
  readonly passed: boolean
  /** What is not as expected; empty when it passed. */
  readonly differences: readonly { readonly at: Position; readonly path: string; readonly message: string }[]
  readonly ms: number
}

export interface Rehearsal {
  readonly results: readonly TestResult[]
  /** Why some tests could not be played: their files are wrong. */
  readonly problems: readonly ConfigProblem[]
}

export interface RehearsalOptions {
  /** The configuration with other settings; undefined `over` = as it stands. Throws ConfigError. */
  configure(over: Over | undefined): Promise<Config>
  /** Only tests whose name or file fits. */
  wanted(file: string, name: string): boolean
  /** Milliseconds, to measure with. */
  elapsed(): number
  /** Told after each test. @default nobody */
  readonly onResult?: (result: TestResult) => void
}

/** What a test may have other than the project. */
export type Over = Pick<TestFile, 'settings' | 'create'>

/** Plays the tests of files that fit their schema. */
export async function rehearse(files: readonly ReadTests[], options: RehearsalOptions): Promise<Rehearsal> {
  const stage = new Stage(options)
  const results: TestResult[] = []
  const problems: ConfigProblem[] = []
  try {
    for (const { source, value } of files) {
      if (value === undefined) continue
      for (const [name, test] of Object.entries(value.tests)) {
        if (!options.wanted(source.file, name)) continue
        const played = await stage.one({ file: value, source, name, test })
        if (Array.isArray(played)) problems.push(...(played as readonly ConfigProblem[]))
        else {
          results.push(played as TestResult)
          options.onResult?.(played as TestResult)
        }
      }
    }
  } finally {
    await stage.close()
  }
  return { results, problems }
}

interface OneTest {
  readonly file: TestFile
  readonly source: Source
  readonly name: string
  readonly test: Test
}

const unlimited: Limits = {
  deletes: { count: undefined, share: undefined },
  updates: { count: undefined, share: undefined },
  creates: { count: undefined, share: undefined },
}

/** Keeps what is dear between tests: configurations by their settings, and simulated services by what they hold. */
class Stage {
  readonly #options: RehearsalOptions
  readonly #configs = new Map<string, Promise<Config>>()
  readonly #grounds = new Map<string, Promise<Ground>>()

  constructor(options: RehearsalOptions) {
    this.#options = options
  }

  async one(test: OneTest): Promise<TestResult | readonly ConfigProblem[]> {
    const began = this.#options.elapsed()
    const found = await this.#found(test)
    if ('problems' in found) return found.problems
    const { file, source, name } = test
    return {
      file: source.file,
      mappings: testedBy(file),
      name,
      at: source.locateKey(['tests', name]),
      passed: found.differences.length === 0,
      differences: found.differences.map(({ path, message }) => ({
        at: source.locateKey(path),
        path: formatPath(path.slice(2)),
        message,
      })),
      ms: this.#options.elapsed() - began,
    }
  }

  async close(): Promise<void> {
    for (const ground of this.#grounds.values()) await (await ground).close()
  }

  async #found(
    one: OneTest,
  ): Promise<{ readonly problems: readonly ConfigProblem[] } | { readonly differences: readonly Difference[] }> {
    const { file, source, name, test } = one
    const at: Path = ['tests', name]
    const wrong = (path: Path, message: string) => ({ problems: [problemAt(source, path, message)] })
    const tested = testedBy(file)
    const config = await this.#config(one)
    if ('problems' in config) return config
    const off = tested.find((each) => config.mappings.some((mapping) => mapping.name === each && !mapping.enabled))
    if (off !== undefined)
      return wrong(at, `the mapping ${off} is switched off${reasonOf(config, off)}; say with which settings it is on`)
    const mappings = runningAlong(config, tested)
    const given = givenOf(file, name)
    const cut = { ...config, mappings: mappings.map((mapping): Mapping => ({ ...mapping, limits: unlimited })) }
    const own = ownTables(
      cut,
      mappings,
      given.map((rows) => rows.given),
    )
    const misspelt = columnProblems(test, given, own)
    if (misspelt.length > 0)
      return { problems: misspelt.map(({ path, message }) => problemAt(source, inTest(at, path), message)) }
    const options = Object.assign({}, ...given.map((rows) => rows.given.options ?? {})) as Record<
      string,
      Record<string, string>
    >
    const company = config.connections.businessCentral.company ?? 'CRONUS International Ltd.'
    const currency = config.settings.localCurrency ?? 'GBP'
    const changesMetadata = mappings.some(({ allowMetadataChanges }) => allowMetadataChanges)
    const ground = await this.#ground({ company, currency, options, ...own })
    const key = JSON.stringify({ company, currency, options, ...own })
    try {
      return await judged(ground, cut, { tested, given, test, path: at }, source)
    } finally {
      // Options of choices are no rows: they do not go back.
      if (changesMetadata) {
        this.#grounds.delete(key)
        await ground.close()
      }
    }
  }

  async #config({
    file,
    source,
    name,
    test,
  }: OneTest): Promise<Config | { readonly problems: readonly ConfigProblem[] }> {
    const settings = { ...file.settings, ...test.settings }
    const create = test.create ?? file.create
    const isOver = Object.keys(settings).length > 0 || create !== undefined
    const over = isOver ? { settings, ...(create !== undefined && { create }) } : undefined
    const key = JSON.stringify(over ?? null)
    const loading = this.#configs.get(key) ?? this.#options.configure(over)
    this.#configs.set(key, loading)
    try {
      return await loading
    } catch (error) {
      if (!(error instanceof ConfigError) || over === undefined) throw error
      const path: Path = test.settings !== undefined || test.create !== undefined ? ['tests', name] : ['settings']
      return {
        problems: error.problems.map(({ message }) => problemAt(source, path, `with these settings: ${message}`)),
      }
    }
  }

  #ground(options: Parameters<typeof openGround>[0]): Promise<Ground> {
    const key = JSON.stringify(options)
    const opening = this.#grounds.get(key) ?? openGround(options)
    this.#grounds.set(key, opening)
    return opening
  }
}

const reasonOf = (config: Config, name: string): string => {
  const reason = config.mappings.find((mapping) => mapping.name === name)?.reason
  return reason === undefined ? '' : ` (${reason})`
}

/** A path that begins at the file's own `given` stays as it is. */
const inTest = (at: Path, path: Path): Path => (path[0] === 'given' || path[0] === 'tests' ? path : [...at, ...path])

async function judged(
  ground: Ground,
  config: Config,
  script: Script,
  source: Source,
): Promise<{ readonly problems: readonly ConfigProblem[] } | { readonly differences: readonly Difference[] }> {
  const path = [...script.path, 'expect']
  try {
    const played = await play(ground, config, script)
    if (isStumbles(played)) return { problems: played.map((slip) => problemAt(source, slip.path, slip.message)) }
    const found = await differences(script.test.expect, { ground, config, outcome: played, path })
    return { differences: found }
  } catch (error) {
    if (error instanceof Refused) return { problems: [problemAt(source, path, error.message)] }
    if (error instanceof ConfigError || error instanceof StateError || error instanceof UnsafePlanError)
      return { differences: [{ path: script.path, message: error.message.replaceAll('\n', ' ') }] }
    throw error
  }
}
