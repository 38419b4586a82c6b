/** One change of the configuration by meaning: what a reviewer is told instead of lines. */
import type { Side } from '../config/config.ts'

/** What of the configuration a change is about. */
export type Part =
  | 'mapping'
  | 'row'
  | 'receives'
  | 'lookup'
  | 'filter'
  | 'match'
  | 'direction'
  | 'order'
  | 'source'
  | 'policy'
  | 'limit'
  | 'template'
  | 'job'
  | 'setting'
  | 'connection'
  | 'state'
  | 'service'

/** `off` and `on` are said of mappings, jobs and connections; `wider` and `narrower` of filters, where it is certain. */
export type ChangeKind = 'added' | 'removed' | 'changed' | 'wider' | 'narrower' | 'off' | 'on'

/** Where a change stands in the files: in which part of the project, and at which key. */
export interface ChangePlace {
  readonly file: 'project' | 'jobs' | 'mapping'
  readonly path: readonly (string | number)[]
}

export interface Change {
  /** Undefined for what is not about one mapping. */
  readonly mapping: string | undefined
  readonly part: Part
  readonly change: ChangeKind
  /** Which one: the field row, key, job or setting; for `receives` the column. */
  readonly name: string
  readonly side: Side | undefined
  /** As an administrator writes it; undefined where there was nothing. */
  readonly before: string | undefined
  readonly after: string | undefined
  /** Mappings that exchanged references through one that is gone or switched off. */
  readonly users: readonly string[]
  readonly place: ChangePlace
}

/** One thing that a configuration says, so that two configurations can be compared thing by thing. */
export interface Fact extends Pick<Change, 'part' | 'name' | 'place'> {
  readonly side?: Side
  readonly text: string
  /** How it compares. @default the text */
  readonly meaning?: string
}

/** Facts that are new, gone or different, in the order in which they are said. */
export function compareFacts(
  mapping: string | undefined,
  before: readonly Fact[],
  after: readonly Fact[],
): readonly Change[] {
  const [old, now] = [byKey(before), byKey(after)]
  const keys = new Set([...now.keys(), ...old.keys()])
  return [...keys].flatMap((key) => {
    const [was, is] = [old.get(key), now.get(key)]
    const known = is ?? was
    if (known === undefined || (was && is && meaningOf(was) === meaningOf(is))) return []
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'
    const { part, name, side, place } = known
    return [{ mapping, part, change, name, side, before: was?.text, after: is?.text, users: [], place }]
  })
}

const meaningOf = ({ meaning, text }: Fact): string => meaning ?? text

const byKey = (facts: readonly Fact[]): ReadonlyMap<string, Fact> =>
  new Map(facts.map((fact) => [`${fact.part}\n${fact.name}\n${fact.side ?? ''}`, fact]))

/** A value as people write it in YAML's short form; keys sorted, so that the order of keys is no change. */
export function written(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  return entries.length === 0 ? '{}' : `{ ${entries.map(([key, each]) => `${key}: ${written(each)}`).join(', ')} }`
}
