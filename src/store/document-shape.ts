/**
 * What an exported state is made of. A hand may have been at the document: what could not be read again is refused
 * with its place before anything is replaced. Pure.
 */
import type { Prints } from '../core/base.ts'
import type { BySide } from '../config/config.ts'
import type {
  CoupledLines,
  Coupling,
  Decision,
  Fresh,
  Versions,
  Held,
  HeldKind,
  Missing,
  Rival,
  Seen,
} from '../core/coupling.ts'
import type { Watermark } from '../core/watermark.ts'
import type { MappingContent } from './mapping-content.ts'
import type { Intent, MeantLines } from './store.ts'

/** Where a value is not what it must be, in words that begin with its place; undefined where it is. */
type Shape = (value: unknown, place: string) => string | undefined

const fits =
  (isFit: (value: unknown) => boolean, what: string): Shape =>
  (value, place) =>
    isFit(value) ? undefined : `${place} is not ${what}`

const text = fits((value) => typeof value === 'string', 'a text')
const flag = fits((value) => typeof value === 'boolean', 'true or false')
const count = fits((value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number')
const oneOf = (...known: readonly string[]): Shape =>
  fits((value) => known.includes(value as string), `one of ${known.join(', ')}`)

const list =
  (shape: Shape): Shape =>
  (value, place) =>
    Array.isArray(value)
      ? firstOf(value.entries(), ([at, each]) => shape(each, `${place}[${at}]`))
      : `${place} is not a list`

/** A list of so many; what may be absent may be left off at its end. */
const tuple =
  (...shapes: readonly Shape[]): Shape =>
  (value, place) =>
    Array.isArray(value) &&
    value.length <= shapes.length &&
    shapes.slice(value.length).every((shape) => shape(undefined, place) === undefined)
      ? firstOf(shapes.entries(), ([at, shape]) => shape(value[at], `${place}[${at}]`))
      : `${place} is not a list of ${shapes.length}`

const byName =
  (shape: Shape): Shape =>
  (value, place) =>
    isRecord(value)
      ? firstOf(Object.entries(value), ([name, each]) => shape(each, `${place}.${name}`))
      : `${place} is not an object`

/** Every member of a type is named here, so that a new one does not compile before it is told what it must be. */
const members =
  <T>(shapes: Readonly<Record<keyof T & string, Shape>>): Shape =>
  (value, place) =>
    isRecord(value)
      ? firstOf(Object.entries<Shape>(shapes), ([name, shape]) => shape(value[name], `${place}.${name}`))
      : `${place} is not an object`

/** A member that may be absent. */
const maybe =
  (shape: Shape): Shape =>
  (value, place) =>
    value === undefined ? undefined : shape(value, place)

/** One of several forms, which its `kind` tells. */
const byKind =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value, place) => {
    const kind = isRecord(value) ? value['kind'] : undefined
    const shape = Object.entries(shapes).find(([name]) => name === kind)?.[1]
    return (shape ?? members<{ kind: string }>({ kind: oneOf(...Object.keys(shapes)) }))(value, place)
  }

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function firstOf<T>(all: Iterable<T>, look: (each: T) => string | undefined): string | undefined {
  for (const each of all) {
    const wrong = look(each)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const side = oneOf('businessCentral', 'sales')
const perSide = (shape: Shape): Shape => members<BySide<unknown>>({ businessCentral: shape, sales: shape })
const seen = members<Seen>({ id: text, keys: byName(text), version: maybe(text) })

const lines = members<CoupledLines>({
  layout: text,
  pairs: list(tuple(text, text, text)),
  sought: maybe(list(tuple(side, text))),
})

const coupling = members<Coupling>({
  businessCentral: seen,
  sales: seen,
  layout: text,
  base: text,
  outside: maybe(flag),
  moved: maybe(count),
  unfinished: maybe(fits((value) => value === true || value === 'new', 'true or new')),
  ended: maybe(side),
  fresh: maybe(members<Fresh>({ side, version: text })),
  ours: maybe(members<Versions>({ businessCentral: maybe(text), sales: maybe(text) })),
  lines: maybe(lines),
})

const heldKinds: Readonly<Record<HeldKind, true>> = {
  'no-partner': true,
  ambiguous: true,
  waiting: true,
  conflict: true,
  different: true,
  failed: true,
  quarantine: true,
  deleted: true,
  moving: true,
  unfinished: true,
  unknown: true,
}

type Decided<Kind extends Decision['kind']> = Omit<Extract<Decision, { readonly kind: Kind }>, 'kind'>
const decision = byKind({
  take: members<Decided<'take'>>({ fields: byName(side) }),
  deleted: members<Decided<'deleted'>>({ action: oneOf('restore', 'delete', 'uncouple') }),
  prefer: members<Decided<'prefer'>>({ side }),
  retry: members<object>({}),
} satisfies Record<Decision['kind'], Shape>)

const missing = members<Missing>({
  mapping: text,
  from: side,
  key: text,
  keys: maybe(byName(text)),
  takenBy: maybe(text),
})

const held = members<Held>({
  side,
  id: text,
  kind: oneOf(...Object.keys(heldKinds)),
  number: maybe(text),
  fields: list(text),
  message: text,
  remedy: text,
  code: maybe(text),
  gone: maybe(side),
  since: text,
  attempts: count,
  nextTry: maybe(text),
  source: maybe(text),
  under: maybe(text),
  waits: maybe(list(missing)),
  rivals: maybe(list(members<Rival>({ side, id: text, version: maybe(text), coupled: maybe(flag) }))),
  seen: maybe(byName(members<Prints>({ businessCentral: maybe(text), sales: maybe(text) }))),
  said: maybe(byName(text)),
  decision: maybe(decision),
})

const meantLines = members<MeantLines>({
  layout: text,
  pairs: list(
    tuple(
      text,
      text,
      text,
      fits((value) => value === null || ['string', 'number'].includes(typeof value), 'a version, a number or null'),
      maybe(text),
    ),
  ),
})

const intent = members<Intent>({
  id: text,
  kind: oneOf('create', 'update', 'delete'),
  side,
  target: text,
  source: text,
  before: maybe(text),
  layout: text,
  base: text,
  stood: maybe(text),
  lines: maybe(meantLines),
})

const watermark = byKind({
  delta: members<{ link: string }>({ link: text }),
  stamp: members<{ at: string }>({ at: text }),
  scan: members<object>({}),
} satisfies Record<Watermark['kind'], Shape>)

/** Documents of earlier versions lack some of these. */
const content = members<MappingContent>({
  hash: maybe(text),
  couplings: maybe(list(coupling)),
  held: maybe(list(held)),
  intents: maybe(list(intent)),
  layouts: maybe(byName(list(text))),
  watermarks: maybe(byName(watermark)),
  generations: maybe(perSide(byName(count))),
  counted: maybe(perSide(maybe(count))),
  watched: maybe(byName(list(text))),
})

/** As mappings may be called, and those that stand under one. */
const mappingName = /^[a-z][a-z0-9-]*(?:\/[a-z][a-z0-9-]*)*$/

/** What is wrong with the mappings of a document, in words. */
export const wrongMappings: Shape = (value, place) =>
  byName(content)(value, place) ??
  firstOf(Object.keys(value as object), (name) =>
    mappingName.test(name) ? undefined : `${place}.${name} is not the name of a mapping`,
  )

/** What is wrong with the names of both services. */
export const wrongIdentity: Shape = perSide(text)
