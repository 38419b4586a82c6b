/** A change of the configuration in words, as an administrator would say it. */
import type { Change, ChangeKind, Part } from '../core/change.ts'
import { code } from './markdown.ts'
import { sideName } from './words.ts'

/** Changes that read the same for several mappings, told once. */
export interface ToldChange {
  /** Empty for what is about the project. */
  readonly mappings: readonly string[]
  readonly text: string
  readonly changes: readonly Change[]
}

/** All changes in words; what many mappings have in common (a new limit, a default) is one line. */
export function toldChanges(changes: readonly Change[]): readonly ToldChange[] {
  const told = new Map<string, Change[]>()
  for (const change of changes) {
    const text = changeText(change)
    const same = told.get(text)
    if (same === undefined) told.set(text, [change])
    else same.push(change)
  }
  return [...told].map(([text, same]) => ({
    mappings: [...new Set(same.flatMap(({ mapping }) => mapping ?? []))],
    text,
    changes: same,
  }))
}

/** ``customer-account`: `telephone1` now receives …`. */
export function toldLine({ mappings, text }: ToldChange, most = 3): string {
  if (mappings.length === 0) return text
  const named = mappings.slice(0, most).map((name) => code(name))
  const more = mappings.length - named.length
  return `${named.join(', ')}${more > 0 ? ` and ${more} more mappings` : ''}: ${text}`
}

const everyOr = (text: string | undefined): string => (text === undefined ? 'every record' : code(text))

/** One change without its mapping's name. */
export function changeText(change: Change): string {
  return (Object.hasOwn(special, change.part) ? special[change.part] : undefined)?.(change) ?? general(change)
}

const special: Partial<Record<Part, (change: Change) => string>> = {
  mapping: mappingText,
  row: ({ change, name, before, after }) =>
    change === 'added' ? `new row ${code(name)}: ${after ?? ''}` : `row ${code(name)} is gone, before: ${before ?? ''}`,
  receives: receivesText,
  filter: filterText,
  job: jobText,
  match: (change) => nowBefore('records match by', change),
  direction: (change) => nowBefore('values travel', change),
  lookup: (change) => nowBefore(`row ${code(change.name)} exchanges its reference through`, change),
}

function mappingText({ change, before, after, users }: Change): string {
  const used = users.length === 0 ? '' : `; ${users.map((name) => code(name)).join(', ')} had references through it`
  const texts: Partial<Record<ChangeKind, string>> = {
    added: `new mapping: ${after ?? ''}`,
    removed: `the mapping is gone (${before ?? ''})${used}`,
    off: `switched off${after === undefined || after === 'switched off' ? '' : `, because ${code(after)}`}${used}`,
    on: 'switched on',
  }
  return texts[change] ?? 'changed'
}

function receivesText({ name, side, before, after }: Change): string {
  const column = `${code(name)}${side === undefined ? '' : ` (${sideName[side]})`}`
  if (after === undefined) return `${column} receives nothing any more, before: ${code(before ?? '')}`
  return `${column} now receives ${code(after)}, before: ${before === undefined ? 'nothing' : code(before)}`
}

function filterText({ name, side, change, before, after }: Change): string {
  const of = side === undefined ? '' : ` of ${sideName[side]}`
  const which = name === 'filter' ? `the filter${of}` : `the filter ${code(name)}${of}`
  const how =
    change === 'wider' ? 'takes more records' : change === 'narrower' ? 'takes fewer records' : 'takes other records'
  return `${which} is ${change === 'changed' ? 'changed' : change} (${how}): now ${everyOr(after)}, before: ${everyOr(before)}`
}

function jobText(change: Change): string {
  const dot = change.name.lastIndexOf('.')
  if (dot < 0)
    return change.after === undefined
      ? `job ${code(change.name)} is gone, before: ${code(change.before ?? '')}`
      : `new job ${code(change.name)}: ${code(change.after)}`
  const [job, key] = [change.name.slice(0, dot), change.name.slice(dot + 1)]
  if (change.change === 'off' || change.change === 'on')
    return `job ${code(job)}: switched ${change.after === undefined ? '' : code(change.after)}`
  return `job ${nowBefore(`${code(job)}: ${code(key)}`, change)}`
}

const nouns: Partial<Record<Part, string>> = {
  setting: 'setting',
  connection: 'connection',
  template: 'values for new records',
  state: 'state',
  service: 'service',
  source: 'source',
}

function general(change: Change): string {
  const { part, name, side } = change
  const noun = nouns[part]
  const of = side === undefined ? '' : ` (${sideName[side]})`
  return nowBefore(`${noun === undefined ? '' : `${noun} `}${code(name)}${of}:`, change)
}

const nowBefore = (subject: string, { before, after }: Change): string =>
  `${subject} ${after === undefined ? 'nothing now' : `now ${code(after)}`}, before: ${before === undefined ? 'nothing' : code(before)}`
