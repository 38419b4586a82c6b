/** What happens in one simulation, as data: made from a seed, carried out by the world, cut down when it fails, printed. */
import type { ConflictPolicy, Mapping } from '../../src/config/config.ts'

interface Chance {
  readonly below: (most: number) => number
  readonly pick: <T>(from: readonly T[]) => T
}

/** Numbers from a seed; the same seed gives the same ones (mulberry32). */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (most: number): number => Math.floor(next() * most)
  return { below, pick: (from) => from[below(from.length)] as (typeof from)[number] }
}

export type SideName = 'businessCentral' | 'sales'

/** Something a person does. `which` counts the records of the side; a text tells each edit from every other. */
export type Deed =
  | {
      readonly kind: 'edit'
      readonly side: SideName
      readonly which: number
      readonly field: EditedField
      readonly text: string
      /** Of a transaction that took ten minutes: it is seen only now, under the stamp of its beginning. */
      readonly late: boolean
    }
  | { readonly kind: 'create'; readonly side: SideName; readonly text: string }
  | { readonly kind: 'delete'; readonly side: SideName; readonly which: number }

export type EditedField = 'phone' | 'city' | 'email'

/** What goes wrong with the nth request of a run. */
export type Trouble =
  | 'lost before'
  | 'lost after'
  | '429'
  | '429 without a word'
  | '503'
  | '500'
  | 'cut off'
  | 'slow'
  | 'token expired'
  | 'change token expired'

/** One run of the integration, and what happens while it runs. */
export interface Run {
  readonly kind: 'run'
  /** Before the nth request. */
  readonly troubles: readonly { readonly at: number; readonly what: Trouble }[]
  readonly deeds: readonly { readonly at: number; readonly deed: Deed }[]
  /** The runner dies at its nth step, and its disk may be lost with it. */
  readonly death?: { readonly step: number; readonly moment: 'before' | 'after'; readonly disk: 'kept' | 'lost' }
  /** Another runner works at the same time, from the state that was pushed last. */
  readonly second: boolean
}

export interface Story {
  readonly conflicts: ConflictPolicy
  readonly deletes: Mapping['deletes']['sales']
  /** Records that stand on both sides and are coupled before it begins. */
  readonly records: number
  readonly steps: readonly (Deed | Run)[]
}

const troubles: readonly Trouble[] = [
  'lost before',
  'lost after',
  '429',
  '429 without a word',
  '503',
  '500',
  'cut off',
  'slow',
  'token expired',
  'change token expired',
]
const sides: readonly SideName[] = ['businessCentral', 'sales']
const fields: readonly EditedField[] = ['phone', 'city', 'email']

/** The story of a seed. */
export function storyOf(seed: number): Story {
  const { below, pick } = chance(seed)
  let told = 0
  const deed = (): Deed => {
    const side = pick(sides)
    const text = `t${++told}`
    const kind = below(10)
    if (kind === 0) return { kind: 'create', side, text }
    if (kind === 1) return { kind: 'delete', side, which: below(6) }
    return { kind: 'edit', side, which: below(6), field: pick(fields), text, late: below(4) === 0 }
  }
  const some = <T>(most: number, make: () => T): readonly T[] => Array.from({ length: below(most + 1) }, make)
  const run = (): Run => ({
    kind: 'run',
    troubles: some(3, () => ({ at: 1 + below(14), what: pick(troubles) })),
    deeds: some(2, () => ({ at: 1 + below(14), deed: deed() })),
    ...(below(3) === 0 && {
      death: { step: 1 + below(24), moment: pick(['before', 'after'] as const), disk: pick(['kept', 'lost'] as const) },
    }),
    second: below(6) === 0,
  })
  return {
    conflicts: pick(['hold', 'hold', 'newest', 'businessCentral', 'sales'] as const),
    deletes: pick(['hold', 'delete', 'restore', 'uncouple'] as const),
    records: 2 + below(3),
    steps: Array.from({ length: 3 + below(6) }, () => (below(2) === 0 ? run() : deed())),
  }
}

/**
 * Somebody edits a record and makes another, the runner dies at some step, and the same person goes on editing: what the
 * dead runner had written is no edit of the other side, which could contradict that person or win by policy.
 */
export function* afterEachDeath(): Generator<Story> {
  for (const conflicts of ['hold', 'businessCentral', 'sales'] as const)
    for (const side of sides)
      for (let step = 3; step <= mostSteps; step++) {
        const edit = (text: string): Deed => ({ kind: 'edit', side, which: 0, field: 'phone', text, late: false })
        const dies: Run = { kind: 'run', troubles: [], deeds: [], second: false, death: { step, ...late } }
        const made: Deed = { kind: 'edit', side, which: 2, field: 'phone', text: 't4', late: false }
        const steps = [edit('t1'), { kind: 'create', side, text: 't2' } as const, dies, edit('t3'), made]
        yield { conflicts, deletes: 'hold', records: 2, steps }
      }
}

/** Requests and journal lines of such a run at most. */
const mostSteps = 16
const late = { moment: 'after', disk: 'kept' } as const

/** The same story with one thing less, in every way: whatever fails is told by the shortest that still does. */
export function* shorter(story: Story): Generator<Story> {
  for (const [index, step] of story.steps.entries()) {
    const others = (replaced: readonly (Deed | Run)[]): Story => ({
      ...story,
      steps: [...story.steps.slice(0, index), ...replaced, ...story.steps.slice(index + 1)],
    })
    yield others([])
    if (step.kind !== 'run') continue
    const { death, ...living } = step
    if (death !== undefined) yield others([living])
    if (step.second) yield others([{ ...step, second: false }])
    for (const at of step.troubles.keys()) yield others([{ ...step, troubles: step.troubles.toSpliced(at, 1) }])
    for (const at of step.deeds.keys()) yield others([{ ...step, deeds: step.deeds.toSpliced(at, 1) }])
  }
  if (story.records > 1) yield { ...story, records: story.records - 1 }
}

const places: Readonly<Record<SideName, string>> = { businessCentral: 'Business Central', sales: 'Sales' }

const deedText = (deed: Deed): string => {
  const where = places[deed.side]
  if (deed.kind === 'create') return `somebody creates "${deed.text}" in ${where}`
  if (deed.kind === 'delete') return `somebody deletes record ${deed.which} in ${where}`
  const late = deed.late ? ', in a transaction of ten minutes' : ''
  return `somebody sets ${deed.field} of record ${deed.which} in ${where} to "${deed.text}"${late}`
}

/** The story as a person reads it. */
export function told(story: Story): string {
  const lines = story.steps.flatMap((step) => {
    if (step.kind !== 'run') return [deedText(step)]
    const during = [
      ...step.troubles.map(({ at, what }) => ({ at, text: `request ${at}: ${what}` })),
      ...step.deeds.map(({ at, deed }) => ({ at, text: `before request ${at} ${deedText(deed)}` })),
    ].toSorted((one, other) => one.at - other.at)
    return [
      `a run${step.second ? ', and a second runner at the same time' : ''}`,
      ...during.map(({ text }) => `   ${text}`),
      ...(step.death === undefined
        ? []
        : [`   the runner dies ${step.death.moment} step ${step.death.step}, its disk ${step.death.disk}`]),
    ]
  })
  return [
    `${story.records} coupled records; conflicts: ${story.conflicts}; deletes: ${story.deletes}`,
    ...lines.map((line) => `  ${line}`),
    '  the troubles end',
  ].join('\n')
}
