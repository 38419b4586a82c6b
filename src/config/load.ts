/** Reads a project's files: the room's only effect. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError, type ConfigProblem } from '../errors.ts'
import { assemble, type Files, type Standard } from './assemble.ts'
import { sides, type Config } from './config.ts'
import { readConnection } from './connection.ts'
import type { Draft } from './draft.ts'
import type { Finding } from './layers.ts'
import { merge } from './merge.ts'
import { isError, sortProblems } from './problems.ts'
import { placesOf, type Places } from './places.ts'
import { resolveProject } from './resolve.ts'
import { withShare, type Targets } from './sharing.ts'
import { checkSchema, type Checked } from './schema-check.ts'
import type { IncludeFile, MappingFile, ProjectFile, StandardFile, Files as FileKinds } from './schema-types.ts'
import { filesIn, isReference, literalSecret, unset, type Secrets } from './secrets.ts'
import { largestFile, readSource, unreadable, type Source } from './source.ts'
import { conditionProblems } from './rules-conditions.ts'
import { checkFilter } from './rules-texts.ts'
import { restingProblems } from './rules-resting.ts'
import { routeProblems } from './rules-routes.ts'
import { validate } from './validate.ts'

export interface LoadOptions {
  /** Name of the overlay in targets/. */
  readonly target?: string
  /** What `${env:NAME}` is read from. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder of the standard set. @default the product's own `mappings/` */
  readonly useStandard?: string
  /** false: references that stand for nothing are passed over; for commands that make no request. @default true */
  readonly needSecrets?: boolean
  /**
   * Folder of a project whose `connections` and `state`, files of secrets included, count instead of the project's own.
   * So that a version nobody has reviewed can be planned, and can carry no credential away. @default the project itself
   */
  readonly reachedAs?: string
}

/** A project as it was read. */
export interface CheckedProject {
  /** Undefined when there are errors. */
  readonly config: Config | undefined
  /** Errors and warnings of all files, by place. */
  readonly problems: readonly ConfigProblem[]
  readonly places: Places
  /** The files put together, before defaults were filled in. */
  readonly draft: Draft
}

/** What is laid over a project and its target: settings and `create` of a mapping test. */
export type Over = Pick<ProjectFile, 'settings' | 'create'>

/** The product's own standard set. */
export const standardFolder = fileURLToPath(new URL('../../mappings/', import.meta.url))

/** Reads, checks and resolves a project. Throws a ConfigError that holds all problems of all files. */
export async function loadProject(folder: string, options: LoadOptions): Promise<Config> {
  const { config, problems } = await checkProject(folder, options)
  if (config === undefined) throw new ConfigError(problems)
  return config
}

/** As loadProject, but gives problems back instead of throwing, warnings among them. */
export const checkProject = async (folder: string, options: LoadOptions): Promise<CheckedProject> =>
  (await openFiles(folder, options))()

/** As checkProject, for who asks several times with other settings: the files are read once. */
export async function openFiles(
  folder: string,
  options: LoadOptions,
): Promise<(over?: Over) => Promise<CheckedProject>> {
  const root = resolve(folder)
  const read = await readFiles(root, options)
  return (over) => checkFiles(root, over === undefined ? read : { ...read, files: laidOver(read.files, over) }, options)
}

async function checkFiles(root: string, read: FilesRead, options: LoadOptions): Promise<CheckedProject> {
  const { files, targets, problems: ofFiles } = read
  const draft = await assemble(files)
  const places = placesOf(draft)
  const { needSecrets = true } = options
  const stateRoot = resolve(options.reachedAs ?? root)
  const secrets = await readSecrets(draft, stateRoot, options.env)
  const reached = sides.map((side) => {
    const read = readConnection(side, draft.project.value, { secrets, complete: needSecrets })
    return withShare(read, side, targets, secrets)
  })
  const findings = [
    ...reached.flatMap((each) => each.findings),
    ...keyFindings(draft, needSecrets ? secrets : undefined),
  ]
  const rules =
    files.project.value === undefined
      ? []
      : [...validate(draft, findings), ...(await conditionProblems(draft, [...files.includes.values()]))]
  const all = sortProblems([...ofFiles, ...rules])
  const [businessCentral, sales] = reached.map(({ connection }) => connection)
  if (all.some(isError) || businessCentral === undefined || sales === undefined)
    return { config: undefined, problems: all, places, draft }
  const context = { root, stateRoot, target: options.target, ownState: hasOwnState(files), secrets }
  const config = await resolveProject(draft, { ...context, connections: { businessCentral, sales } })
  const problems = sortProblems([...all, ...restingProblems(draft, config), ...routeProblems(draft, config)])
  return { config: problems.some(isError) ? undefined : config, problems, places, draft }
}

/** The target names a folder for state of its own. */
const hasOwnState = ({ reached, target }: Files): boolean =>
  (reached === undefined ? target : reached.target)?.value?.state?.path !== undefined

/** The fingerprints' key comes from outside the files. */
function keyFindings({ project }: Draft, secrets: Secrets | undefined): readonly Finding[] {
  const key = project.value.state?.key
  if (key === undefined) return []
  const path = ['state', 'key']
  if (!isReference(key)) return [{ path, message: literalSecret }]
  return secrets === undefined ? [] : unset(key, secrets).map((message) => ({ path, message }))
}

interface FilesRead {
  readonly files: Files
  /** Who else may log in as this project does. */
  readonly targets: Targets
  readonly problems: readonly ConfigProblem[]
}

async function readFiles(root: string, options: LoadOptions): Promise<FilesRead> {
  const { target, useStandard = standardFolder } = options
  const file = await firstOf(root, ['couplet.yaml', 'couplet.yml'])
  const project = checkSchema('project', await readOne(root, file))
  if (!(await exists(join(root, file)))) return noProject(project)
  const overlay = target === undefined ? undefined : await readTarget(root, target)
  const reached = await readReached(options)
  const mappings = await readFolder(root, 'mappings', 'mapping')
  const includes = await readFolder(root, 'mappings/include', 'include')
  const jobs = await readJobs(root, root)
  const use = overlay?.value?.use ?? project.value?.use
  const standard = use === undefined ? unused : await readStandard(root, useStandard, use)
  const wrongUse =
    standard.wrong === undefined
      ? []
      : [{ at: project.source.locate(['use']).position, path: 'use', message: standard.wrong }]
  return {
    targets: await readTargets(root, options, { project, reached }),
    files: {
      project,
      target: overlay,
      reached,
      mappings,
      jobs,
      standard: standard.set,
      includes: new Map([...standard.includes, ...byName(includes)]),
    },
    problems: [
      ...problemsOf([project, overlay, reached?.project, reached?.target, jobs, ...mappings, ...includes]),
      ...includes.flatMap(filterProblems),
      ...standard.problems,
      ...wrongUse,
    ],
  }
}

/** Whatever lies in a folder without a couplet.yaml is no part of a project, and nothing is said of it. */
const noProject = (project: Checked<ProjectFile>): FilesRead => ({
  files: { ...nothingElse, project },
  targets: { project: undefined, overlays: new Map(), target: undefined },
  problems: project.problems,
})

const nothingElse = {
  target: undefined,
  reached: undefined,
  mappings: [],
  includes: new Map(),
  jobs: undefined,
  standard: undefined,
}

/** The files that say how both sides are reached, where they are another project's. */
async function readReached({ reachedAs, target }: LoadOptions): Promise<Files['reached']> {
  if (reachedAs === undefined) return undefined
  const root = resolve(reachedAs)
  return {
    project: checkSchema('project', await readOne(root, await firstOf(root, ['couplet.yaml', 'couplet.yml']))),
    target: target === undefined ? undefined : await readTarget(root, target),
  }
}

/** The files with something laid over the uppermost that speaks for the whole project. */
function laidOver(files: Files, over: Over): Files {
  const laid = (file: Checked<ProjectFile>): Checked<ProjectFile> =>
    file.value === undefined ? file : { ...file, value: merge(file.value, over) as ProjectFile }
  const { project, target } = files
  return target === undefined ? { ...files, project: laid(project) } : { ...files, target: laid(target) }
}

const problemsOf = (files: readonly (Checked<unknown> | undefined)[]): readonly ConfigProblem[] =>
  files.flatMap((each) => each?.problems ?? [])

/** The jobs of a folder; undefined where it has none. */
async function readJobs(root: string, folder: string): Promise<Files['jobs']> {
  const file = await firstOf(folder, ['jobs.yaml', 'jobs.yml'])
  return (await exists(join(folder, file))) ? checkSchema('jobs', await readOne(root, join(folder, file))) : undefined
}

/** Filters of a shared set, told at the set and not at each mapping that uses it. */
function filterProblems({ source, value }: Checked<IncludeFile>): readonly ConfigProblem[] {
  return sides.flatMap((side) => {
    const text = value?.[side]?.filter
    const findings = text === undefined ? [] : checkFilter({ path: [side, 'filter'], text, side }, {})
    return findings.map(({ path, message, offset = 0 }) => ({
      at: source.locateWithin(path, offset),
      path: path.join('.'),
      message,
    }))
  })
}

async function readTarget(root: string, target: string): Promise<Checked<NonNullable<FileKinds['project']>>> {
  const names = (await yamlFiles(join(root, 'targets'))).map((file) => file.replace(/\.ya?ml$/, ''))
  if (names.includes(target))
    return checkSchema(
      'project',
      await readOne(root, await firstOf(root, [`targets/${target}.yaml`, `targets/${target}.yml`])),
    )
  const known = names.length === 0 ? 'there is no file in targets/' : `known: ${names.join(', ')}`
  return checkSchema('project', unreadable(`targets/${target}.yaml`, `no target is called "${target}"; ${known}`))
}

/** Every overlay of the folder; what is wrong with those that are not in use is told when they are. */
async function readTargets(
  root: string,
  { target, reachedAs }: LoadOptions,
  { project, reached }: Pick<Files, 'project' | 'reached'>,
): Promise<Targets> {
  const files = await readFolder(resolve(reachedAs ?? root), 'targets', 'project')
  const overlays = new Map([...byName(files)].map(([name, { value }]) => [name, value]))
  return { project: (reached?.project ?? project).value, target, overlays }
}

interface StandardRead {
  readonly set: Standard | undefined
  readonly includes: ReadonlyMap<string, Checked<IncludeFile>>
  readonly problems: readonly ConfigProblem[]
  /** Why the version that the project names cannot be used. */
  readonly wrong?: string
}
const unused: StandardRead = { set: undefined, includes: new Map(), problems: [] }

/** The standard set, where the project uses it in the version that is here. */
async function readStandard(root: string, folder: string, use: string): Promise<StandardRead> {
  const { version, read } =
    folder === standardFolder ? await (productsOwn ??= readSet(root, folder)) : await readSet(root, folder)
  if (version === undefined || use === `standard@${version}`) return read
  return { ...unused, wrong: `this version of couplet has standard@${version}` }
}

interface SetRead {
  readonly version: number | undefined
  readonly read: StandardRead
}

/** The product's own set, which does not change while the program runs: whoever reads several projects needs it once. */
let productsOwn: Promise<SetRead> | undefined

async function readSet(root: string, folder: string): Promise<SetRead> {
  const list: Checked<StandardFile> = checkSchema('standard', await readOne(root, join(folder, 'standard.yaml')))
  const mapping = (name: string): Promise<Source> => readOne(root, join(folder, `${name}.yaml`))
  const mappings = await Promise.all(
    (list.value?.mappings ?? []).map(async (name) => [name, checkSchema('mapping', await mapping(name))] as const),
  )
  const jobs = await readJobs(root, folder)
  const includes = await readFolder(root, join(folder, 'include'), 'include')
  const problems = [
    ...problemsOf([list, jobs, ...mappings.map(([, each]) => each), ...includes]),
    ...includes.flatMap(filterProblems),
  ]
  const set = { mappings: new Map<string, Checked<MappingFile>>(mappings), jobs }
  return { version: list.value?.version, read: { set, includes: byName(includes), problems } }
}

const byName = <T>(files: readonly Checked<T>[]): ReadonlyMap<string, Checked<T>> =>
  new Map(files.map((each) => [each.source.file.replace(/^.*[/\\]/, '').replace(/\.ya?ml$/, ''), each]))

/** Every YAML file of a folder, by name; none where there is no folder. */
async function readFolder<K extends keyof FileKinds>(
  root: string,
  folder: string,
  kind: K,
): Promise<Checked<NonNullable<FileKinds[K]>>[]> {
  const files = await yamlFiles(isAbsolute(folder) ? folder : join(root, folder))
  return Promise.all(files.map(async (file) => checkSchema(kind, await readOne(root, join(folder, file)))))
}

/** Names of the YAML files of a folder, sorted; none where there is no folder. */
export async function yamlFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => /\.ya?ml$/.test(name)).sort()
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** The first of the files that is there, else the first. */
async function firstOf(root: string, files: readonly [string, ...string[]]): Promise<string> {
  const there = await Promise.all(files.map((file) => exists(join(root, file))))
  return files[there.indexOf(true)] ?? files[0]
}

/** Reads one file; that it cannot be read is a problem like any other. */
export async function readOne(root: string, path: string): Promise<Source> {
  const absolute = isAbsolute(path) ? path : join(root, path)
  const shown = shownAs(root, absolute)
  try {
    const found = await stat(absolute)
    // A device or a pipe has no end.
    if (!found.isFile() && !found.isDirectory()) return unreadable(shown, 'this is no file')
    if (await leadsOut(root, absolute))
      return unreadable(shown, 'a link leads out of the project and its repository; put the file here')
    const { size } = found
    return readSource(shown, size > largestFile ? new Uint8Array(size) : await readFile(absolute))
  } catch (error) {
    return unreadable(shown, reasonOf(String((error as NodeJS.ErrnoException).code), shown))
  }
}

/**
 * Whether a link takes a file of the project out of what is reviewed with it: its folder, or the repository around that.
 * What is wrong with a file is told with what stands in it, and a version that nobody has reviewed must not be able to
 * show what others keep on the machine, nor the credentials that Git keeps beside the files (P8).
 */
async function leadsOut(root: string, absolute: string): Promise<boolean> {
  if (!isBelow(root, absolute)) return false
  const [home, target] = [await realpath(root), await realpath(absolute)]
  const reviewed = isBelow(home, target) ? home : await repositoryOf(home)
  return !isBelow(reviewed, target) || relative(reviewed, target).split(/[/\\]/).includes('.git')
}

const isBelow = (folder: string, path: string): boolean => !/^\.\.($|[/\\])/.test(relative(folder, path))

/** The repository that a folder is part of; without one, the folder itself. */
async function repositoryOf(folder: string): Promise<string> {
  for (let above = folder; above !== dirname(above); above = dirname(above))
    if (await isThere(join(above, '.git'))) return above
  return folder
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** A file of the product's own set is named as people write it, wherever the product is installed. */
function shownAs(root: string, absolute: string): string {
  const [own, project] = [relative(standardFolder, absolute), relative(root, absolute)].map((path) =>
    path.replaceAll('\\', '/'),
  ) as [string, string]
  return own.startsWith('..') || isAbsolute(own) ? project : `standard/${own}`
}

const absent = 'there is no such file'
const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'this is a folder, not a file',
  EACCES: 'the file may not be read',
  EPERM: 'the file may not be read',
  ENOENT: absent,
  ENOTDIR: absent,
}

function reasonOf(code: string, file: string): string {
  const reason = reasons[code] ?? `the file cannot be read: ${code}`
  return reason === absent && file === 'couplet.yaml'
    ? 'there is no couplet.yaml in this folder; name another with --project, or play first: couplet simulate --write-project play'
    : reason
}

/** What references stand for, the files among them read beforehand. */
async function readSecrets({ project }: Draft, root: string, env: LoadOptions['env']): Promise<Secrets> {
  const { connections, state } = project.value
  const paths = filesIn([connections, state?.key])
  const texts = await Promise.all(paths.map((path) => readFile(resolve(root, path), 'utf8').catch(() => undefined)))
  const read = new Map(paths.map((path, index) => [path, texts[index]?.trimEnd()]))
  return { env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined), file: (path) => read.get(path) }
}
