/**
 * The composition root and the public API: the only file that names a concrete connector or store.
 *
 * ```ts
 * const project = await openProject('my-sync', { env: process.env })
 * try { console.log((await project.run({ dry: true })).plan.counts) } finally { await project.close() }
 * ```
 */
import { threadEvaluator } from './apart/thread-evaluator.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { checkProject } from './config/load.ts'
import type { BySide, Config, Side } from './config/config.ts'
import { personsLogin } from './connector/administrator-login.ts'
import { administration } from './connector/administration.ts'
import type { Administration } from './connector/administration.ts'
import type { Authorization } from './connector/auth.ts'
import { odataConnector } from './connector/odata.ts'
import type { ODataConnector } from './connector/odata.ts'
import type { Emit } from './core/event.ts'
import { ConfigError } from './errors.ts'
import type { ConfigProblem } from './errors.ts'
import { audit } from './engine/audit.ts'
import type { AuditReport } from './engine/audit.ts'
import { compare, comparePairs } from './engine/compare.ts'
import type { CompareRequest, Comparison } from './engine/compare.ts'
import type { CouplingRow } from './engine/coupling-rows.ts'
import { importCouplings } from './engine/import-couplings.ts'
import type { ImportReport } from './engine/import-couplings.ts'
import { uncoupled } from './engine/uncoupled.ts'
import type { UncoupledRecord } from './engine/uncoupled.ts'
import { runDue } from './engine/due.ts'
import type { DueReport } from './engine/due.ts'
import { defaultRunOptions } from './engine/ports.ts'
import type { Ports, RunOptions, RunReport } from './engine/ports.ts'
import { applyReplacements, planReplacements } from './engine/replacing.ts'
import type { Replaced, ReplacementPlan } from './engine/replacing.ts'
import { review } from './engine/review.ts'
import type { ReviewLine } from './engine/review.ts'
import { run } from './engine/run.ts'
import { ensureFolder, explained } from './store/durable-file.ts'
import { openJsonStore } from './store/json-store.ts'
import type { JsonStore } from './store/json-store.ts'
import { openMemoryStore, overlay } from './store/memory-store.ts'
import { readKey, readStateFile, writeKey } from './store/state-file.ts'

export interface ProjectOptions {
  /** Overlay of `targets/`, e.g. `de-production`. @default none */
  readonly target?: string | undefined
  /** Folder of a project whose `connections` and `state` count instead. @default the project's own */
  readonly reachedAs?: string | undefined
  /** Where `${env:NAME}` and the proxy variables are read: `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Only what is remembered is looked at: secrets need not be set, and no request can be made.
   * @default false
   */
  readonly offline?: boolean
  /** Told what happens while it happens. @default nobody */
  readonly emit?: Emit
  /** @default the machine's clock */
  readonly clock?: Clock
}

/** An opened project folder: everything that can be done with it. Makes no request and writes nothing until asked. */
export interface Project {
  readonly config: Config
  /** What is odd in the files and stops nothing. */
  readonly warnings: readonly ConfigProblem[]
  readonly ports: Ports & { readonly connectors: BySide<ODataConnector>; readonly store: JsonStore }
  /**
   * Runs mappings, or with `dry` only plans. Throws UnsafePlanError when a safety limit stops it, LockedError,
   * StateError, ConfigError. A single mapping or record that fails is part of the report.
   */
  run(options?: Partial<RunOptions>): Promise<RunReport>
  /** Counts both sides of each mapping and says what its first run had best do; all mappings when none is named. */
  review(mappings?: readonly string[]): Promise<readonly ReviewLine[]>
  /** Runs the jobs that are due, once. Throws LockedError, StateError. */
  due(): Promise<DueReport>
  /** Users, roles and solutions of a side; `login` stands in for the connection's own. The caller closes it. */
  administration(side: Side, login?: Authorization): Administration
  /** An administrator's own login; `show` tells where to type which code. */
  personsLogin(side: Side, options: Parameters<typeof personsLogin>[2]): Authorization
  /** Reads both sides whole against the couplings and tells what is not in step; all mappings when none is named. */
  audit(mappings?: readonly string[]): Promise<AuditReport>
  /** Judges couplings that a file names and, with `write`, remembers the new ones. */
  importCouplings(rows: readonly CouplingRow[], write: boolean): Promise<ImportReport>
  /** Records of one side without a partner, as they stand now. */
  uncoupled(asked: { readonly mapping: string; readonly side: Side }): Promise<readonly UncoupledRecord[]>
  /** Which records of Sales would have to be replaced, because Sales keeps a column for good; writes nothing. */
  planReplacements(mappings: readonly string[]): Promise<ReplacementPlan>
  /** Sets exactly these records aside. Throws UnsafePlanError, LockedError, StateError. */
  applyReplacements(asked: Parameters<typeof applyReplacements>[2]): Promise<readonly Replaced[]>
  /** Two records side by side, and what a run would do about each field; writes nothing. */
  compare(request: CompareRequest): Promise<Comparison>
  /** The same of every coupled pair that is named by a column and its value. */
  comparePairs(asked: Pick<RunOptions, 'mappings' | 'records'>): Promise<readonly Comparison[]>
  /**
   * The fingerprint key, when no state was written with it yet. A plan saved before the first run must carry it,
   * because nothing could be compared with its fingerprints otherwise.
   */
  readonly firstKey: string | undefined
  /** Lets connections and the lock go. */
  close(): Promise<void>
}

type ReadOptions = Pick<ProjectOptions, 'env' | 'target' | 'reachedAs' | 'offline'>

/** Reads and checks the files of a project. Throws ConfigError with every problem of every file. */
async function readProject(
  folder: string,
  options: ReadOptions,
): Promise<{ readonly config: Config; readonly warnings: readonly ConfigProblem[] }> {
  const { env, target, reachedAs, offline = false } = options
  const { config, problems } = await checkProject(folder, {
    env,
    needSecrets: !offline,
    ...(target !== undefined && { target }),
    ...(reachedAs !== undefined && { reachedAs }),
  })
  if (config === undefined) throw new ConfigError(problems)
  return { config, warnings: problems }
}

/** The resolved configuration alone; nothing else is opened. Throws ConfigError. */
export const readConfig = async (folder: string, options: ReadOptions): Promise<Config> =>
  (await readProject(folder, options)).config

/** Opens a project folder. Throws ConfigError when its files are wrong and StateError when its state cannot be used. */
export async function openProject(folder: string, options: ProjectOptions): Promise<Project> {
  const { config, warnings } = await readProject(folder, options)
  return { ...(await openConfig(config, options)), warnings }
}

/** As openProject, for a configuration that was read already. Throws StateError. */
export async function openConfig(config: Config, options: Omit<ProjectOptions, 'target'>): Promise<Project> {
  const { env, clock = systemClock, emit = () => {}, offline = false } = options
  const { path, key } = config.state
  const isFirst = key === undefined && (await readStateFile(path)) === undefined && (await readKey(path)) === undefined
  const store = await openJsonStore({ folder: path, clock, ...(key !== undefined && { key }), anyKey: offline })
  const connectorPorts = { clock, random: Math.random, env, userAgent: 'couplet' }
  const connectors = connectorsOf(config.connections, connectorPorts)
  const ports = { connectors, store, overlay, clock, emit, apart: threadEvaluator() }
  return {
    config,
    warnings: [],
    ports,
    run: (asked) => run(config, ports, { ...defaultRunOptions, ...asked }),
    review: (mappings = []) => review(config, ports, mappings),
    due: () => runDue(config, ports),
    personsLogin: (side, options) => personsLogin(config.connections[side], connectorPorts, options),
    administration: (side, login) => administration(config.connections[side], connectorPorts, login),
    audit: (mappings = []) => audit(config, ports, { mappings }),
    planReplacements: (mappings) => planReplacements(config, ports, mappings),
    applyReplacements: (asked) => applyReplacements(config, ports, asked),
    compare: (request) => compare(config, ports, request),
    comparePairs: (asked) => comparePairs(config, ports, asked),
    importCouplings: (rows, write) => importCouplings(config, ports, rows, write),
    uncoupled: (asked) => uncoupled(config, ports, asked),
    firstKey: isFirst ? store.key : undefined,
    close: async () => {
      await Promise.all([store.close(), connectors.businessCentral.close(), connectors.sales.close()])
    },
  }
}

/** Services with a state that is only in memory. The caller closes the connectors. */
export function openScratch(
  connections: Config['connections'],
  { env, clock = systemClock }: Pick<ProjectOptions, 'env' | 'clock'>,
): Ports {
  const connectors = connectorsOf(connections, { clock, random: Math.random, env, userAgent: 'couplet' })
  return { connectors, store: openMemoryStore(), overlay, clock, emit: () => {}, apart: threadEvaluator() }
}

const connectorsOf = (
  { businessCentral, sales }: Config['connections'],
  ports: Parameters<typeof odataConnector>[1],
): BySide<ODataConnector> => ({
  businessCentral: odataConnector(businessCentral, ports),
  sales: odataConnector(sales, ports),
})

/**
 * Gives a state folder that has no key yet the one a plan was made with. Does nothing where a key exists: the plan's
 * fingerprints then simply do not fit, and its operations are refused one by one.
 */
export async function adoptKey(config: Config, key: string): Promise<void> {
  const { path, key: given } = config.state
  if (given !== undefined || (await readKey(path)) !== undefined || (await readStateFile(path)) !== undefined) return
  await explained(path, async () => {
    await ensureFolder(path)
    await writeKey(path, key)
  })
}
