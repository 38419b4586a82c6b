/** Two ways to make state forget: one record, or everything that was hashed with the former fingerprint key. */
import type { Side } from '../config/config.ts'
import { type CoupledLines, type Held, withoutSaid } from '../core/coupling.ts'
import { StateError } from '../errors.ts'
import { openJsonStore } from './json-store.ts'
import type { JsonStoreOptions } from './json-store.ts'
import type { MappingContent, PortableStore } from './mapping-content.ts'

/** A record of one side: what a person wants forgotten. */
export interface ForgetRecord {
  readonly side: Side
  readonly id: string
  /** @default every mapping */
  readonly mapping?: string
}

/**
 * Erases a record: its coupling, what is held, its unfinished writes and its counters, from snapshot and journal alike.
 * The record itself stays in the services; a later run meets it as a new one, whose derived key finds the same partner.
 * Needs the lock. Returns the mappings in which something was found.
 */
export async function forget(store: PortableStore, record: ForgetRecord): Promise<readonly string[]> {
  const touched: string[] = []
  for (const name of store.mappings()) {
    if (record.mapping !== undefined && record.mapping !== name) continue
    const before = store.content(name)
    const after = without(before, record)
    if (after === undefined) continue
    await store.replace(name, after)
    touched.push(name)
  }
  return touched
}

function without(content: MappingContent, { side, id }: ForgetRecord): MappingContent | undefined {
  const couplings = content.couplings.filter((coupling) => coupling[side].id !== id)
  const held = content.held.filter((item) => item.side !== side || item.id !== id).map((item) => freed(item, side, id))
  const intents = content.intents.filter((intent) => (intent.side === side ? intent.target : intent.source) !== id)
  const { [id]: _counter, ...others } = content.generations[side]
  const watched = Object.fromEntries(
    Object.entries(content.watched).map(([name, ids]) => [
      name,
      name.startsWith(`${side}/`) ? ids.filter((one) => one !== id && !one.startsWith(`${id}@`)) : ids,
    ]),
  )
  const after = {
    ...content,
    couplings,
    held,
    intents,
    watched,
    generations: { ...content.generations, [side]: others },
  }
  return facts(after) === facts(content) && !Object.hasOwn(content.generations[side], id) ? undefined : after
}

/** What waits for the record, or because of it, without its name: the next run looks at it. */
function freed(held: Held, side: Side, id: string): Held {
  const isAwaited = held.waits?.some(({ from, key }) => from === side && key === id) === true
  const isRival = held.rivals?.some((rival) => rival.side === side && rival.id === id) === true
  return {
    ...held,
    ...(isAwaited && { waits: undefined }),
    ...(isRival && { rivals: undefined }),
  }
}

const facts = (of: MappingContent): number =>
  Object.values(of.watched).reduce((sum, ids) => sum + ids.length, 0) +
  of.couplings.length +
  of.held.reduce((sum, { waits = [], rivals = [] }) => sum + 1 + waits.length + rivals.length, 0) +
  of.intents.length

/**
 * Makes the state forget everything that was hashed with its fingerprint key, and gives it a new one (`options.key`, or
 * a made one). Fingerprints cannot be translated, so all bases are dropped: the next run is a first match for every
 * couple, which finds equal records in step and holds those that differ. Watermarks go too, so that it reads whole.
 * Works without the former key. Throws StateError while writes of unknown outcome stand in the state, since their
 * fingerprints are what resolves them. Returns the number of couplings.
 */
export async function rekey(options: JsonStoreOptions & { readonly run: string }): Promise<number> {
  const store = await openJsonStore({ ...options, anyKey: true })
  try {
    await store.lock(options.run)
    const names = store.mappings()
    const open = names.filter((name) => store.mapping(name).intents().length > 0)
    if (open.length > 0) {
      throw new StateError(
        `Writes of unknown outcome stand in ${open.join(', ')}.`,
        'Run couplet sync first, then rekey.',
      )
    }
    for (const name of names) await store.replace(name, withoutPrints(store.content(name)))
    await store.changeKey(options.key)
    return names.reduce((sum, name) => sum + store.mapping(name).size, 0)
  } finally {
    await store.close()
  }
}

/** The same facts without anything that a key went into, nor what would keep the next run from looking at every record. */
export function withoutPrints(content: MappingContent): MappingContent {
  return {
    ...content,
    watermarks: {},
    watched: {},
    intents: [],
    couplings: content.couplings.map((coupling) => ({
      ...coupling,
      businessCentral: { ...coupling.businessCentral, version: undefined },
      sales: { ...coupling.sales, version: undefined },
      base: '',
      ...(coupling.lines === undefined ? {} : { lines: withoutLinePrints(coupling.lines) }),
    })),
    held: content.held.map((held) => ({ ...withoutSaid(held), source: undefined, under: undefined })),
  }
}

const withoutLinePrints = (lines: CoupledLines): CoupledLines => ({
  ...lines,
  pairs: lines.pairs.map(([businessCentral, sales]) => [businessCentral, sales, '']),
})
