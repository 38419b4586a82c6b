/** Two versions of a project, read and compared by meaning. */
import { join } from 'node:path'
import { stat } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { checkProject } from '../config/load.ts'
import type { LoadOptions } from '../config/load.ts'
import { isError } from '../config/problems.ts'
import type { Places } from '../config/places.ts'
import { compareConfigs } from '../core/config-changes.ts'
import { ConfigError } from '../errors.ts'
import type { ConfigProblem } from '../errors.ts'
import type { DiffReport } from '../report/diff-report.ts'
import type { Revision } from './revision.ts'
import { UsageError } from './usage-error.ts'

/** A version of a project that was read without errors. */
export interface ReadVersion {
  readonly revision: Revision
  readonly config: Config
  readonly places: Places
}

export interface ReadOptions {
  readonly target: string | undefined
  /** Folder of a standard set other than the product's own. */
  readonly standard?: string | undefined
  /** A target that the version does not have yet is left out. @default false */
  readonly lenient?: boolean
}

/**
 * Reads a version without its secrets: nothing of the environment can get into what is told. Throws ConfigError whose
 * problems name the version.
 */
export async function readVersion(revision: Revision, options: ReadOptions): Promise<ReadVersion> {
  const { folder } = revision
  const { standard } = options
  const target = options.lenient === true && !(await hasTarget(folder, options.target)) ? undefined : options.target
  const { config, places, problems } = await checkProject(folder, {
    env: {},
    needSecrets: false,
    ...(target !== undefined && { target }),
    ...(standard !== undefined && { useStandard: standard }),
  })
  if (config !== undefined) return { revision, config, places }
  throw new ConfigError(problemsOf(revision, problems))
}

/**
 * Reads how a version reaches the services, and where its state is: the target must be there, and all secrets. Throws
 * ConfigError whose problems name the version.
 */
export async function readAccess(
  revision: Revision,
  { target, env }: Pick<LoadOptions, 'target' | 'env'>,
): Promise<Pick<Config, 'connections' | 'state'>> {
  const { config, problems } = await checkProject(revision.folder, { env, ...(target !== undefined && { target }) })
  if (config === undefined) throw new ConfigError(problemsOf(revision, problems))
  return config
}

/** Errors, with the version before the files of a commit. */
const problemsOf = ({ label, isCommit }: Revision, problems: readonly ConfigProblem[]): readonly ConfigProblem[] =>
  problems.filter(isError).map((problem) => {
    const isOwn = problem.at === undefined || problem.at.file.startsWith('standard/')
    if (!isCommit || isOwn) return problem
    return { ...problem, at: { ...problem.at, file: `${label}:${problem.at.file}` } }
  })

async function hasTarget(folder: string, target: string | undefined): Promise<boolean> {
  if (target === undefined) return false
  const files = ['yaml', 'yml'].map((ending) => isThere(join(folder, 'targets', `${target}.${ending}`)))
  return (await Promise.all(files)).includes(true)
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** The folder of a standard set, given as the package that holds it or as itself. Throws UsageError when it is neither. */
export async function standardSetOf(folder: string, given: string): Promise<string> {
  for (const each of [join(folder, 'mappings'), folder]) if (await isThere(join(each, 'standard.yaml'))) return each
  throw new UsageError(
    `${given} holds no standard set.`,
    'Name the folder of a couplet package, e.g. one unpacked with npm pack.',
  )
}

/** What changed, with the places in the newer version. */
export function compareVersions(base: ReadVersion, head: ReadVersion): DiffReport {
  const version = ({ config, places: { connections } }: ReadVersion): Parameters<typeof compareConfigs>[0] => ({
    config,
    connections,
  })
  const changes = compareConfigs(version(base), version(head)).map((change) => {
    const gone = change.part === 'mapping' && change.change === 'removed'
    return { change, at: gone ? undefined : head.places.locate({ ...change.place, mapping: change.mapping }) }
  })
  const names = new Set(head.config.mappings.map(({ name }) => name))
  const mappings = [...head.config.mappings, ...base.config.mappings.filter(({ name }) => !names.has(name))]
  return { base: base.revision.label, head: head.revision.label, changes, mappings }
}
