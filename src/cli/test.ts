/** `couplet test`: plays tests/*.yaml against the mappings. No network, no credentials. */
import { existsSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { isError, sortProblems } from '../config/problems.ts'
import type { ReadTests } from '../config/test-files.ts'
import { ConfigError } from '../errors.ts'
import type { Configure } from '../rehearsal/prepare-test.ts'
import type { Rehearsal } from '../rehearsal/rehearse.ts'
import { problemAnnotations } from '../report/github.ts'
import { problemLine } from '../report/problems.ts'
import { junit, testProblemsTold, testsText } from '../report/test-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { end, exits } from './exit.ts'
import { fromRepository, isGitHub } from './github.ts'
import { saveFile } from './save-file.ts'
import { UsageError } from './usage-error.ts'

export interface TestArguments {
  readonly standard?: boolean
  readonly junit?: string
  readonly watch?: boolean
}

export const addTest: AddCommand = (command, act) => {
  command
    .argument('[what...]', 'only these files, or tests whose name, file or mapping holds these words')
    .option('--standard', 'play the tests of the standard set itself instead of those of the project')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .option('--watch', 'play them again whenever a file of the project changes')
    .addHelpText(
      'after',
      examples(
        'couplet test',
        'couplet test tests/customer.yaml',
        'couplet test customer-account phone',
        'couplet test --standard price-line',
        'couplet test --junit results.xml',
      ),
    )
    .action((what: string[], given: TestArguments) => act((context) => test(context, what, given)))
}

/** Plays, prints, gives the exit code: 1 when a test fails, 2 when a file is wrong. Throws ConfigError, UsageError. */
export async function test(context: Context, what: readonly string[], given: TestArguments): Promise<number> {
  if (given.watch !== true) return playOnce(context, what, given)
  if (context.json) throw new UsageError('--watch and --json do not go together.', 'Leave one of them out.')
  return watching(context, () => playOnce(context, what, given))
}

async function playOnce(context: Context, what: readonly string[], given: TestArguments): Promise<number> {
  const { terminal } = context
  const began = terminal.clock.now().getTime()
  const rehearsal = await played(context, what, given)
  const ms = terminal.clock.now().getTime() - began
  const { results, problems } = rehearsal
  const failed = results.filter(({ passed }) => !passed).length
  const ok = failed === 0 && problems.length === 0
  context.print(
    () => testsText({ results, problems, ms }, context.paint),
    () => ({ ok, passed: results.length - failed, failed, ms, tests: results, problems }),
  )
  if (given.junit !== undefined) await saveFile(context, given.junit, junit(results, problems))
  if (isGitHub(terminal))
    for (const line of problemAnnotations(
      fromRepository(terminal, context.folder, [...problems, ...testProblemsTold(results)]),
    ))
      terminal.err(line)
  if (problems.length > 0) return exits.wrong
  return failed > 0 ? exits.waiting : exits.done
}

async function played(context: Context, what: readonly string[], given: TestArguments): Promise<Rehearsal> {
  const [{ rehearse }, { openFiles, standardFolder }, tests] = await Promise.all([
    import('../rehearsal/rehearse.ts'),
    import('../config/load.ts'),
    import('../config/test-files.ts'),
  ])
  const root = given.standard === true ? join(standardFolder, 'tests') : context.folder
  const folder = given.standard === true ? root : join(root, 'tests')
  const target = given.standard === true || context.target === undefined ? {} : { target: context.target }
  const check = await openFiles(root, { env: {}, needSecrets: false, ...target })
  const configure: Configure = async (over) => {
    const { config, problems } = await check(over)
    if (config === undefined) throw new ConfigError(problems)
    return config
  }
  const paths = (await tests.testFilesIn(folder)).filter((path) => basename(path) !== 'couplet.yaml')
  const { asked, words } = await sorted(context, what, paths)
  const files = await Promise.all(asked.map((path) => tests.readTests(root, path)))
  const wrong = files.flatMap(({ problems }) => problems)
  const config = await configure(undefined).catch((error: unknown) => {
    // What is wrong with the tests is told together with what is wrong with the project.
    if (error instanceof ConfigError) throw new ConfigError(sortProblems([...error.problems, ...wrong]))
    throw error
  })
  const problems = [...wrong, ...files.flatMap((file) => tests.testProblems(file, config))]
  refuseNone(asked, folder)
  for (const each of problems) if (each.severity === 'warning') context.terminal.err(problemLine(each, context.paint))
  const wanted = problems.some(isError) ? () => true : choice(files, words)
  const elapsed = (): number => context.terminal.clock.now().getTime()
  return rehearse(files, { configure, wanted, elapsed, problems })
}

function refuseNone(asked: readonly string[], folder: string): void {
  if (asked.length > 0) return
  throw new UsageError(
    `There are no tests: ${folder} holds no YAML file.`,
    'Write one; couplet test --standard plays those of the standard set, which are examples.',
  )
}

/** Arguments that are files, and words that tests are looked for by. Without files all are asked. */
async function sorted(
  { terminal }: Context,
  what: readonly string[],
  paths: readonly string[],
): Promise<{ readonly asked: readonly string[]; readonly words: readonly string[] }> {
  const files: string[] = []
  const words: string[] = []
  for (const each of what) {
    const path = resolve(terminal.cwd, each)
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    )
    if (isFile) files.push(path)
    else if (/\.ya?ml$/.test(each) && !paths.some((known) => known.includes(each)))
      throw new UsageError(`There is no file ${each}.`, 'Give the path of a file of tests, or words of their names.')
    else words.push(each)
  }
  return { asked: files.length > 0 ? files : paths, words }
}

/** Tests that hold every word in their name, file or mapping. Throws UsageError when there is none. */
function choice(files: readonly ReadTests[], words: readonly string[]): (file: string, name: string) => boolean {
  const lower = words.map((word) => word.toLowerCase())
  const texts = new Map(
    files.flatMap(({ source, value }) =>
      Object.keys(value?.tests ?? {}).map((name) => [
        `${source.file}\n${name}`,
        `${source.file} ${String(value?.mapping)} ${name}`.toLowerCase(),
      ]),
    ),
  )
  const fits = (text = ''): boolean => lower.every((word) => text.includes(word))
  if (![...texts.values()].some(fits))
    throw new UsageError(`No test holds ${words.map((word) => `"${word}"`).join(' and ')}.`, 'All tests: couplet test')
  return (file, name) => fits(texts.get(`${file}\n${name}`))
}

/** Milliseconds without a further change, so that an editor's several writes are one. */
const quiet = 150

/** Plays at once and after each change of a YAML file, until stopped; gives the last code. Throws UsageError. */
async function watching(context: Context, play: () => Promise<number>): Promise<number> {
  const { terminal, paint, folder } = context
  const stopped = terminal.stopped()
  for (;;) {
    // Begun before the files are read: what changes meanwhile is played again.
    const change = nextChange(folder, stopped)
    change.catch(() => {})
    const code = await play().catch((error: unknown) => end(error, terminal, { paint, json: false, folder }))
    terminal.err(paint.dim(`watching ${relative(terminal.cwd, folder) || '.'}; end with Ctrl+C`))
    if (!(await change)) return code
    await terminal.clock.sleep(quiet)
  }
}

/** Folders of a project that hold YAML. */
const watched = ['.', 'tests', 'mappings', 'mappings/include', 'targets']

/**
 * True when a YAML file of the project has changed, false when it was stopped before or there is no folder. Folders are
 * watched and not files: many editors save by putting a new file in the place of the old one, and a watch of a file
 * ends with it. Throws UsageError.
 */
async function nextChange(folder: string, stopped: Promise<void>): Promise<boolean> {
  const watchers: FSWatcher[] = []
  try {
    const changed = new Promise<boolean>((resolve, reject) => {
      for (const path of watched.map((name) => join(folder, name)).filter((each) => existsSync(each))) {
        const watcher = watch(path, (_event, name) => {
          if (name === null || /\.ya?ml$/.test(name) || watched.includes(name)) resolve(true)
        })
        watchers.push(watcher.on('error', reject))
      }
    })
    return watchers.length > 0 && (await Promise.race([changed, stopped.then(() => false)]))
  } catch (error) {
    throw new UsageError(`${folder} cannot be watched (${String(error)}).`, 'Leave --watch out.')
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}
