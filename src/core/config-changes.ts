/**
 * Two versions of a configuration compared by what they mean: comments, the order of keys, spaces and line breaks are
 * no change. Every setting of a resolved configuration is a fact here, so a change that means something is always told.
 */
import { sides } from '../config/config.ts'
import type { BySide, Config, Job, Mapping } from '../config/config.ts'
import { compareFacts, written } from './change.ts'
import type { Change, ChangeKind, ChangePlace, Fact } from './change.ts'
import { compareMapping } from './mapping-changes.ts'
import { durationText } from './mapping-words.ts'
import { mappingsOfLookup } from './row-changes.ts'

/** A configuration together with its connections as they are written: references stay references, so no secret is in it. */
export interface Version {
  readonly config: Config
  readonly connections: BySide<unknown>
}

/** Every change from `base` to `head`: connections, settings, jobs, then mapping by mapping as they run. */
export function compareConfigs(base: Version, head: Version): readonly Change[] {
  return [
    ...compareFacts(undefined, projectFacts(base), projectFacts(head)),
    ...compareJobs(base.config.jobs, head.config.jobs),
    ...compareMappings(base.config.mappings, head.config.mappings),
  ]
}

const inProject = (...path: readonly string[]): ChangePlace => ({ file: 'project', path })

function projectFacts({ config, connections }: Version): readonly Fact[] {
  const settings = Object.entries(config.settings).map(([name, value]): Fact => ({
    part: 'setting',
    name,
    text: written(value),
    meaning: JSON.stringify(value) ?? '',
    place: inProject('settings', name),
  }))
  const service = Object.entries(config.serve).flatMap(([name, value]): readonly Fact[] =>
    value === undefined ? [] : [{ part: 'service', name, text: written(value), place: inProject('serve', name) }],
  )
  const { root, state } = config
  const path = state.path.startsWith(root) ? state.path.slice(root.length + 1) : state.path
  const folder: Fact = { part: 'state', name: 'path', text: path, place: inProject('state', 'path') }
  return [
    ...sides.flatMap((side) => connectionFacts(side, connections[side] as object)),
    ...settings,
    folder,
    ...service,
  ]
}

/** Keys of a connection one by one. What is secret is a reference in the file, and only that is shown. */
function connectionFacts(side: Fact['side'] & string, block: object, path: readonly string[] = []): readonly Fact[] {
  return Object.entries(block).flatMap(([key, value]): readonly Fact[] => {
    const here = [...path, key]
    const isBlock = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isBlock && !isSecret(key)) return connectionFacts(side, value, here)
    const text = isSecret(key) ? (/\$\{(?:env|file):[^}]+\}/.exec(String(value))?.[0] ?? '•••') : written(value)
    return [
      {
        part: 'connection',
        name: here.join('.'),
        side,
        text,
        meaning: written(value),
        place: inProject('connections', side, ...here),
      },
    ]
  })
}

const isSecret = (key: string): boolean => /secret|password|certificate|assertion|^key$|connectionString/i.test(key)

/** A job that is new or gone is one change. */
function compareJobs(base: readonly Job[], head: readonly Job[]): readonly Change[] {
  const [old, now] = [base, head].map((jobs) => new Set(jobs.map(({ name }) => name))) as [Set<string>, Set<string>]
  const kept = (jobs: readonly Job[]): readonly Fact[] =>
    jobFacts(jobs.filter(({ name }) => old.has(name) && now.has(name)))
  return [
    ...compareFacts(undefined, wholeJobs(base, now), wholeJobs(head, old)),
    ...compareFacts(undefined, kept(base), kept(head)).map(switched),
  ]
}

/** Jobs that the other version does not have, each in short. */
function wholeJobs(jobs: readonly Job[], without: ReadonlySet<string>): readonly Fact[] {
  return jobs
    .filter(({ name }) => !without.has(name))
    .map(({ name, mappings, everyMs }) => {
      const text = `${mappings.join(', ')}, every ${durationText(everyMs)}`
      return { part: 'job', name, text, place: { file: 'jobs', path: ['jobs', name] } }
    })
}

function jobFacts(jobs: readonly Job[]): readonly Fact[] {
  return jobs.flatMap(({ name, ...job }): readonly Fact[] => {
    const place = (key: string): ChangePlace => ({ file: 'jobs', path: ['jobs', name, key] })
    const said: Readonly<Record<string, unknown>> = {
      mappings: job.mappings,
      enabled: job.enabled ? 'on' : `off${job.reason === undefined ? '' : `: ${job.reason}`}`,
      every: durationText(job.everyMs),
      inactivity: job.inactivityMs === undefined ? 'never' : durationText(job.inactivityMs),
      wake: job.wakeMs === undefined ? 'never' : durationText(job.wakeMs),
      delay: durationText(job.delayMs),
      category: job.category,
      attempts: job.attempts,
      startsAsleep: job.startsAsleep,
    }
    const facts = Object.entries(said).flatMap(([key, value]): readonly Fact[] =>
      value === undefined ? [] : [{ part: 'job', name: `${name}.${key}`, text: written(value), place: place(key) }],
    )
    return facts
  })
}

/** That a job rests, or runs again, is told as that. */
function switched(change: Change): Change {
  if (!change.name.endsWith('.enabled') || change.change !== 'changed') return change
  const [was, is] = [change.before === 'on', change.after === 'on']
  return was === is ? change : { ...change, change: is ? 'on' : 'off' }
}

function compareMappings(base: readonly Mapping[], head: readonly Mapping[]): readonly Change[] {
  const old = new Map(base.map((mapping) => [mapping.name, mapping]))
  const now = new Set(head.map(({ name }) => name))
  const gone = base.filter(({ name }) => !now.has(name)).map((mapping) => wholeMapping(mapping, 'removed', base))
  const kept = head.flatMap((mapping) => {
    const was = old.get(mapping.name)
    if (was === undefined) return [wholeMapping(mapping, 'added', head)]
    const turned = was.enabled === mapping.enabled ? [] : [wholeMapping(mapping, mapping.enabled ? 'on' : 'off', base)]
    const rests = !was.enabled && !mapping.enabled
    return [...turned, ...compareMapping(was, mapping).filter((change) => !rests || !isInherited(change))]
  })
  return [...gone, ...kept]
}

/** What a mapping has from the project where it says nothing itself: of one that rests it is no news. */
const isInherited = ({ part, name }: Change): boolean => part === 'limit' || name === 'create'

/** A mapping that is new, gone, switched off or on; with the mappings that had references through it. */
function wholeMapping(mapping: Mapping, change: ChangeKind, all: readonly Mapping[]): Change {
  const { name, direction, businessCentral, sales, reason } = mapping
  const between = [businessCentral, sales].map(({ entity }) => entity?.entity ?? 'constant rows').join(' and ')
  const said = `${direction}, between ${between}`
  const users =
    change === 'removed' || change === 'off' ? all.filter((one) => refersTo(one, name)).map((one) => one.name) : []
  return {
    mapping: name,
    part: 'mapping',
    change,
    name,
    side: undefined,
    users,
    before: change === 'removed' ? said : undefined,
    after: change === 'added' ? said : change === 'off' ? reason : undefined,
    place: { file: 'mapping', path: [] },
  }
}

/** Whether a mapping that runs exchanges references through another's couplings, or rides on them. */
function refersTo(mapping: Mapping, name: string): boolean {
  if (!mapping.enabled || mapping.name === name) return false
  const rows = [...mapping.fields, ...(mapping.lines?.mapping.fields ?? [])]
  const lookups = [...rows.map(({ lookup }) => lookup), ...mapping.match.flatMap(({ lookup }) => Object.values(lookup))]
  const asWhom = mapping.actAs?.kind === 'coupled' ? [mapping.actAs.lookup.mapping] : []
  return [...lookups.flatMap(mappingsOfLookup), ...asWhom, mapping.follows?.mapping].includes(name)
}
