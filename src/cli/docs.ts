/** `couplet docs`: the mappings of a project as pages that an administrator reads. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import type { CheckedProject } from '../config/load.ts'
import { isError, sortProblems } from '../config/problems.ts'
import type { ReadTests } from '../config/test-files.ts'
import { ConfigError } from '../errors.ts'
import { mappingPage, pageMark } from '../report/mapping-page.ts'
import type { PageContext } from '../report/mapping-page.ts'
import { overviewPage } from '../report/overview-page.ts'
import { count } from '../report/words.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { UsageError } from './usage-error.ts'

interface DocsArguments {
  readonly out?: string
  readonly check?: boolean
}

export const addDocs: AddCommand = (command, act) => {
  command
    .option('--out <folder>', 'where the pages go; below the project (default: docs, with --target docs/TARGET)')
    .option('--check', 'write nothing; end with 1 when a page is not current')
    .addHelpText('after', examples('couplet docs', 'couplet docs --check', 'couplet docs --out docs/sync'))
    .action((given: DocsArguments) => act((context) => docs(context, given)))
}

/** Writes the pages, or with `--check` compares them. Throws ConfigError, and UsageError where a file is not ours. */
async function docs(context: Context, given: DocsArguments): Promise<number> {
  const { checkProject } = await import('../config/load.ts')
  const { target, folder: root } = context
  const checked = await checkProject(root, { env: {}, needSecrets: false, ...(target !== undefined && { target }) })
  const folder = resolve(root, given.out ?? join('docs', target ?? ''))
  const tests = await projectTests(root, join(root, 'tests'))
  const pages = await projectPages(checked, { linkTo: linkFrom(root, folder), tests })
  const found = await readPages(folder)
  const shown = (name: string): string => relative(root, join(folder, name)).replaceAll('\\', '/')
  const foreign = [...pages.keys()].filter((name) => found.get(name)?.startsWith(pageMark) === false)
  if (foreign.length > 0)
    throw new UsageError(
      `${foreign.map(shown).join(', ')}: not written by couplet docs, so it is left as it is.`,
      'Name another folder: couplet docs --out docs/sync',
    )
  const written = [...pages].filter(([name, text]) => found.get(name) !== text).map(([name]) => name)
  const gone = [...found].filter(([name, text]) => !pages.has(name) && text.startsWith(pageMark)).map(([name]) => name)
  if (given.check === true)
    return tellStale(context, { stale: written.map(shown), gone: gone.map(shown), command: commandOf(context, given) })
  await writePages(folder, { pages, written, gone })
  const rest = gone.length === 0 ? '' : `, ${gone.length} taken away`
  context.print(
    () => `${count(pages.size, 'page')} in ${shown('.') || '.'}: ${written.length} written${rest}.`,
    () => ({ pages: [...pages.keys()].map(shown), written: written.map(shown), removed: gone.map(shown) }),
  )
  return exits.done
}

/** The command line that writes what was checked. */
const commandOf = ({ target }: Context, { out }: DocsArguments): string =>
  [
    'couplet docs',
    ...(target === undefined ? [] : [`--target ${target}`]),
    ...(out === undefined ? [] : [`--out ${out}`]),
  ].join(' ')

/** The tests of a folder; files are told by their path below `root`. */
export async function projectTests(root: string, folder: string): Promise<readonly ReadTests[]> {
  const { readTests, testFilesIn } = await import('../config/test-files.ts')
  const paths = (await testFilesIn(folder)).filter((path) => basename(path) !== 'couplet.yaml')
  return Promise.all(paths.map((path) => readTests(root, path)))
}

interface PageOptions extends Pick<PageContext, 'linkTo' | 'shared'> {
  /** What becomes the examples. */
  readonly tests: readonly ReadTests[]
}

/** All pages of a project by file name. Throws ConfigError where its files, or its tests, are wrong. */
export async function projectPages(
  { config, draft, problems }: CheckedProject,
  options: PageOptions,
): Promise<ReadonlyMap<string, string>> {
  const [{ documentMappings }, { testProblems }] = await Promise.all([
    import('../config/document.ts'),
    import('../config/test-files.ts'),
  ])
  const ofTests = options.tests.flatMap((file) => [
    ...file.problems,
    ...(config === undefined ? [] : testProblems(file, config)),
  ])
  if (config === undefined || ofTests.some(isError)) throw new ConfigError(sortProblems([...problems, ...ofTests]))
  const documented = documentMappings(draft, config, options.tests)
  const names = new Set(documented.map(({ mapping }) => mapping.name))
  const context: PageContext = { ...options, names, jobs: jobsToTell(config, options.shared === true) }
  return new Map([
    ['README.md', overviewPage(documented, config, context)],
    ...documented.map((each) => [`${each.mapping.name}.md`, mappingPage(each, context)] as const),
  ])
}

/** Jobs of which no mapping takes part do nothing here. */
function jobsToTell({ jobs, mappings }: Config, shared: boolean): Config['jobs'] {
  const used = new Set(mappings.filter(({ enabled }) => shared || enabled).map(({ name }) => name))
  return jobs
    .map((job) => ({ ...job, mappings: job.mappings.filter((name) => used.has(name)) }))
    .filter(({ mappings }) => mappings.length > 0)
}

/** Links to files of the project; those of the product's own set have no address there. */
const linkFrom =
  (root: string, folder: string): PageContext['linkTo'] =>
  (file) =>
    file.startsWith('standard/') ? undefined : relative(folder, join(root, file)).replaceAll('\\', '/')

/** Markdown files of a folder by name; none where there is no folder. */
async function readPages(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = files.filter((file) => file.isFile() && file.name.endsWith('.md')).map(({ name }) => name)
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}

interface Writing {
  readonly pages: ReadonlyMap<string, string>
  readonly written: readonly string[]
  readonly gone: readonly string[]
}

async function writePages(folder: string, { pages, written, gone }: Writing): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    for (const name of written) await writeFile(join(folder, name), pages.get(name) ?? '')
    for (const name of gone) await rm(join(folder, name))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause'
    throw new UsageError(`The pages cannot be written (${code}).`, `Name a folder that is yours: --out FOLDER`)
  }
}

interface Stale {
  readonly stale: readonly string[]
  readonly gone: readonly string[]
  readonly command: string
}

function tellStale(context: Context, { stale, gone, command }: Stale): number {
  const lines = [
    ...stale.map((file) => `${file}: not current`),
    ...gone.map((file) => `${file}: of a mapping that is gone`),
  ]
  context.print(
    () =>
      lines.length === 0
        ? 'All pages are current.'
        : [...lines, `${count(lines.length, 'page')} not current. Write them: ${command}`].join('\n'),
    () => ({ ok: lines.length === 0, stale, gone }),
  )
  return lines.length === 0 ? exits.done : exits.waiting
}
