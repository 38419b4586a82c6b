/** What happens in one simulation, as data: made from a seed, carried out by the world, cut down when it fails, printed. */
import type { ConflictPolicy, Mapping, Side } from '../../src/config/config.ts'
import { type Chance, chance } from './chance.ts'
import type { Memory } from './cell.ts'
import { type Trouble, troubles } from './troubles.ts'

/**
 * Something a person does. `which` counts the records of its kind on the side; a text tells each edit from every other,
 * and a blank one empties the field.
 */
export type Deed =
  | {
      readonly kind: 'edit'
      readonly side: Side
      readonly of: string
      readonly which: number
      readonly field: string
      readonly text: string
      /** Of a transaction that took a quarter of an hour: it is seen only now, under the stamp of its beginning. */
      readonly late: boolean
    }
  | { readonly kind: 'create'; readonly side: Side; readonly of: string; readonly which: number; readonly text: string }
  | { readonly kind: 'delete'; readonly side: Side; readonly of: string; readonly which: number }

/** One run of the integration, and what happens while it runs. */
export interface Run {
  readonly kind: 'run'
  /** With the nth request. */
  readonly troubles: readonly { readonly at: number; readonly what: Trouble }[]
  /** Before the nth request. */
  readonly deeds: readonly { readonly at: number; readonly deed: Deed }[]
  /** The runner dies at its nth step; its disk may be lost with it, and all that was ever pushed. */
  readonly death?: { readonly step: number; readonly moment: 'before' | 'after'; readonly disk: Memory }
  /** Another runner works at the same time, from the state that was pushed last. */
  readonly second: boolean
  /** Somebody has written the files of the mappings anew before it, and they say the same. */
  readonly rewritten?: boolean
}

/** A person decides about a record that waits, while nothing runs: the next run carries it out. */
export interface Answer {
  readonly kind: 'answer'
  /** Counts what waits. */
  readonly which: number
  /** Whose value is right; of a record whose partner was deleted: it is made again (Sales), or deleted too. */
  readonly side: Side
}

export interface Story {
  /** Where it plays. */
  readonly scene: SceneName
  readonly conflicts: ConflictPolicy
  readonly deletes: Mapping['deletes']['sales']
  /** Records that stand on both sides and are coupled before it begins. */
  readonly records: number
  /** Chooses how long each request is under way, and so in which order those that are under way together arrive; 0: no time. */
  readonly pace: number
  readonly steps: readonly Step[]
  /** How often the files of the mappings have been written anew. */
  readonly edition?: number
}

export type Step = Deed | Run | Answer

/** What people do in a scene, and how often. */
export interface Customs {
  readonly conflicts: readonly ConflictPolicy[]
  readonly deletes: readonly Mapping['deletes']['sales'][]
  /** What a runner that dies leaves behind. */
  readonly memories: readonly Memory[]
  /** Requests of a run that troubles and deeds are spread over. */
  readonly requests: number
  readonly records: number
  readonly deed: (chance: Chance, text: string, focus: Focus) => Deed
}

/** How much people care for: where it is little they meet often. */
interface Focus {
  readonly records: number
  readonly fields: number
}

const allTroubles = Object.keys(troubles) as readonly Trouble[]
const sides: readonly Side[] = ['businessCentral', 'sales']

const customers: Customs = {
  conflicts: ['hold', 'hold', 'newest', 'businessCentral', 'sales'],
  deletes: ['hold', 'delete', 'restore', 'uncouple'],
  memories: ['kept', 'kept', 'kept', 'lost', 'lost', 'gone'],
  requests: 14,
  records: 2,
  deed: ({ below, pick }, text, { records, fields }) => {
    const at = { side: pick(sides), of: 'customer', which: below(records) }
    const kind = below(10)
    if (kind === 0) return { kind: 'create', ...at, text }
    if (kind === 1) return { kind: 'delete', ...at }
    const field = pick(['phone', 'city', 'email'].slice(0, fields))
    return { kind: 'edit', ...at, field, text: below(6) === 0 ? '' : text, late: below(4) === 0 }
  },
}

const contacts: Customs = {
  conflicts: ['hold', 'hold', 'newest', 'businessCentral', 'sales'],
  deletes: ['hold', 'delete', 'restore', 'uncouple'],
  memories: ['kept', 'kept', 'kept', 'lost', 'lost', 'gone'],
  requests: 24,
  records: 2,
  deed: ({ below, pick }, text, { records, fields }) => {
    const of = below(4) === 0 ? 'customer' : 'contact'
    const at = { side: pick(sides), of, which: below(records) }
    const kind = below(10)
    if (kind < 2) return { kind: 'create', ...at, text }
    if (kind === 2) return { kind: 'delete', ...at }
    const late = below(4) === 0
    const field = pick((of === 'customer' ? ['primary', 'phone'] : ['company', 'phone', 'email']).slice(0, fields))
    const isReference = field === 'primary' || field === 'company'
    const said = below(6) === 0 ? '' : text
    return { kind: 'edit', ...at, field, text: isReference ? String(below(6)) : said, late }
  },
}

const ofOrders = [
  ['line', 'quantity'],
  ['order', 'shipToName'],
  ['order', 'state'],
] as const

const orders: Customs = {
  conflicts: ['hold', 'hold', 'businessCentral', 'sales'],
  deletes: ['hold'],
  memories: ['kept', 'kept', 'kept', 'lost', 'lost', 'gone'],
  requests: 24,
  records: 1,
  deed: ({ below, pick }, text, { records, fields }) => {
    const at = { side: pick(sides), which: below(records) }
    const kind = below(10)
    if (kind === 0) return { kind: 'create', ...at, of: 'order', text }
    if (kind < 3) return { kind: 'create', ...at, of: 'line', text }
    if (kind === 3) return { kind: 'delete', ...at, of: below(4) === 0 ? 'order' : 'line' }
    const [of, field] = pick(ofOrders.slice(0, fields))
    const said = field === 'shipToName' && below(6) === 0 ? '' : text
    return { kind: 'edit', ...at, of, field, text: said, late: of === 'line' && below(4) === 0 }
  },
}

const terms: Customs = {
  conflicts: ['hold', 'hold', 'newest', 'businessCentral', 'sales'],
  deletes: ['hold', 'delete', 'restore', 'uncouple'],
  memories: ['kept', 'kept', 'kept', 'lost', 'lost', 'gone'],
  requests: 20,
  records: 2,
  deed: ({ below, pick }, text, { records, fields }) => {
    const which = below(records)
    const kind = below(12)
    const code = { side: 'businessCentral', of: 'terms', which } as const
    if (kind === 0 && below(3) === 0) return { kind: 'delete', ...code }
    if (kind < 2) return { kind: 'create', ...code, text }
    const side = pick(sides)
    if (kind < 5) return { kind: 'edit', side, of: 'terms', which, field: 'name', text, late: false }
    if (kind === 5) return { kind: 'create', side, of: 'customer', which, text }
    if (kind === 6) return { kind: 'delete', side, of: 'customer', which }
    const field = pick(['terms', 'phone'].slice(0, fields))
    const said = field === 'terms' ? String(below(6)) : below(6) === 0 ? '' : text
    return { kind: 'edit', side, of: 'customer', which, field, text: said, late: below(4) === 0 }
  },
}

const customs = { customers, contacts, orders, terms }
export type SceneName = keyof typeof customs

export const sceneNamed = (name: string | undefined): SceneName | undefined =>
  (Object.keys(customs) as readonly SceneName[]).find((known) => known === name)

/** Of so many seeds one each plays there; the others, which cost less, among customers. */
const scenes: readonly SceneName[] = [
  'contacts',
  'orders',
  'terms',
  ...Array.from({ length: 29 }, () => 'customers' as const),
]

/** The story of a seed, in a scene that the seed chooses unless one is named. */
export function storyOf(seed: number, wanted?: SceneName): Story {
  const chosen = chance(seed)
  const { below, pick, some } = chosen
  const drawn = pick(scenes)
  const scene = wanted ?? drawn
  const custom = customs[scene]
  let told = 0
  const focus = pick([
    { records: 6, fields: 3 },
    { records: 2, fields: 2 },
    { records: 1, fields: 1 },
  ])
  const deed = (): Deed => custom.deed(chosen, `t${++told}`, focus)
  const at = (): number => 1 + below(custom.requests)
  const run = (): Run => ({
    kind: 'run',
    troubles: some(3, () => ({ at: at(), what: pick(allTroubles) })),
    deeds: some(2, () => ({ at: at(), deed: deed() })),
    ...(below(3) === 0 && {
      death: {
        step: 1 + below(18),
        moment: pick(['before', 'after'] as const),
        disk: pick(custom.memories),
      },
    }),
    second: below(8) === 0,
  })
  const story: Story = {
    scene,
    conflicts: pick(custom.conflicts),
    deletes: pick(custom.deletes),
    records: custom.records + below(3),
    pace: below(3) === 0 ? 0 : 1 + below(1_000_000),
    steps: Array.from({ length: 3 + below(6) }, () => (below(2) === 0 ? run() : deed())),
  }
  const kind = below(6)
  if (kind < 2)
    return { ...story, steps: story.steps.map((step) => (step.kind === 'run' && below(2) === 0 ? anew(step) : step)) }
  // What becomes of the lines of an order is more than one answer.
  if (kind > 3 || scene === 'orders') return story
  const answer = (): Answer => ({ kind: 'answer', which: below(3), side: pick(sides) })
  return {
    ...story,
    conflicts: 'hold',
    deletes: 'hold',
    steps: story.steps.flatMap((step): readonly Step[] => (step.kind === 'run' ? [step, answer()] : [step])),
  }
}

const anew = (run: Run): Run => ({ ...run, rewritten: true })

/**
 * Somebody edits a record and makes another, the runner dies at some step, and the same person goes on editing: what the
 * dead runner had written is no edit of the other side, which could contradict that person or win by policy.
 */
export function* afterEachDeath(): Generator<Story> {
  for (const conflicts of ['hold', 'businessCentral', 'sales'] as const)
    for (const side of sides)
      for (let step = 3; step <= mostSteps; step++) {
        const phone = { kind: 'edit', side, of: 'customer', field: 'phone', late: false } as const
        const edit = (which: number, text: string): Deed => ({ ...phone, which, text })
        const dies: Run = { kind: 'run', troubles: [], deeds: [], second: false, death: { step, ...late } }
        const create: Deed = { kind: 'create', side, of: 'customer', which: 0, text: 't2' }
        const steps = [edit(0, 't1'), create, dies, edit(0, 't3'), edit(2, 't4')]
        yield { scene: 'customers', conflicts, deletes: 'hold', records: 2, pace: 0, steps }
      }
}

/** Requests and journal lines of such a run at most. */
const mostSteps = 16
const late = { moment: 'after', disk: 'kept' } as const
