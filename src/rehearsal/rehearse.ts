/** All tests of some files, one after the other: what passed, what differs and where, and what cannot be played. */
import { formatPath } from '../config/path.ts'
import { isError, sortProblems } from '../config/problems.ts'
import { problemAt, testedBy } from '../config/test-files.ts'
import type { ReadTests } from '../config/test-files.ts'
import type { ConfigProblem, Position } from '../errors.ts'
import { ConfigError, StateError, UnsafePlanError } from '../errors.ts'
import { differences, isStumbles } from './expectations.ts'
import type { Difference } from './expectations.ts'
import { openGround } from './ground.ts'
import type { Ground } from './ground.ts'
import { play } from './play.ts'
import { configurations, prepareTest } from './prepare-test.ts'
import type { Configure, OneTest, Prepared } from './prepare-test.ts'
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
  /** Where a story cannot be played as it is written: a service refuses a row, or a record is not there. */
  readonly problems: readonly ConfigProblem[]
}

export interface RehearsalOptions {
  readonly configure: Configure
  /** Which tests of which files are played. */
  readonly wanted: (file: string, name: string) => boolean
  /** Milliseconds, to measure with. */
  readonly elapsed: () => number
  /** What is wrong with the files already: nothing is played then. @default nothing */
  readonly problems?: readonly ConfigProblem[]
}

/** Plays the tests of files that fit their schema. Throws ConfigError with all that is wrong before any is played. */
export async function rehearse(files: readonly ReadTests[], options: RehearsalOptions): Promise<Rehearsal> {
  const configure = configurations(options.configure)
  const prepared: Prepared[] = []
  const wrong = [...(options.problems ?? [])]
  for (const one of testsIn(files, options)) {
    const made = await prepareTest(one, configure)
    if ('script' in made) prepared.push(made)
    else wrong.push(...made)
  }
  if (wrong.some(isError)) throw new ConfigError(sortProblems(wrong))
  const grounds = new Grounds()
  const results: TestResult[] = []
  const problems: ConfigProblem[] = []
  try {
    for (const one of prepared) {
      const began = options.elapsed()
      const found = await grounds.with(one, (ground) => judged(ground, one))
      if ('problems' in found) problems.push(...found.problems)
      else results.push(resultOf(one, found.differences, options.elapsed() - began))
    }
  } finally {
    await grounds.close()
  }
  // Rows that all tests of a file start with are refused in each.
  return { results, problems: sortProblems(problems) }
}

const testsIn = (files: readonly ReadTests[], { wanted }: RehearsalOptions): readonly OneTest[] =>
  files.flatMap(({ source, value }) =>
    Object.entries(value?.tests ?? {}).flatMap(([name, test]) =>
      value === undefined || !wanted(source.file, name) ? [] : [{ file: value, source, name, test }],
    ),
  )

const resultOf = ({ file, source, name }: OneTest, found: readonly Difference[], ms: number): TestResult => ({
  file: source.file,
  mappings: testedBy(file),
  name,
  at: source.locateKey(['tests', name]),
  passed: found.length === 0,
  differences: found.map(({ path, message }) => ({
    at: source.locateKey(path),
    path: formatPath(path.slice(2)),
    message,
  })),
  ms,
})

/** Keeps the simulated services between tests that stand on the same. */
class Grounds {
  readonly #open = new Map<string, Ground>()

  async with<T>({ ground: options, changesMetadata }: Prepared, work: (ground: Ground) => Promise<T>): Promise<T> {
    const key = JSON.stringify(options)
    const ground = this.#open.get(key) ?? (await openGround(options))
    this.#open.set(key, ground)
    try {
      return await work(ground)
    } finally {
      // Options of choices are no rows: they do not go back.
      if (changesMetadata) {
        this.#open.delete(key)
        await ground.close()
      }
    }
  }

  async close(): Promise<void> {
    for (const ground of this.#open.values()) await ground.close()
  }
}

type Found = { readonly problems: readonly ConfigProblem[] } | { readonly differences: readonly Difference[] }

async function judged(ground: Ground, { config, script, source }: Prepared): Promise<Found> {
  const path = [...script.path, 'expect']
  try {
    const outcome = await play(ground, config, script)
    if (isStumbles(outcome)) return { problems: outcome.map((slip) => problemAt(source, slip.path, slip.message)) }
    return { differences: await differences(script.test.expect, { ground, config, outcome, path }) }
  } catch (error) {
    if (error instanceof Refused) return { problems: [problemAt(source, path, error.message)] }
    if (error instanceof ConfigError || error instanceof StateError || error instanceof UnsafePlanError)
      return { differences: [{ path: script.path, message: error.message.replaceAll('\n', ' ') }] }
    throw error
  }
}
