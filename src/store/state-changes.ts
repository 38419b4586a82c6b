/**
 * What changed between two versions of a state on its branch, told by its files alone. Pure. A change is quiet when losing
 * it costs nothing but a longer read: the run moved no record and no job, only watermarks of the same kind went on.
 */
import type { ChangedFile } from './state-tree.ts'

/** Counts of one mapping. */
export interface MappingChanges {
  readonly coupled: number
  /** Pairs that were written or seen anew. */
  readonly changed: number
  readonly uncoupled: number
  /** Records that came to wait, or wait for another reason. */
  readonly held: number
  readonly released: number
}

export interface StateChanges {
  /** Mapping → what changed, for mappings of which a pair or a held record did. */
  readonly mappings: Readonly<Record<string, MappingChanges>>
  /** Nothing is lost by not keeping it. */
  readonly quiet: boolean
}

export function stateChanges(files: readonly ChangedFile[]): StateChanges {
  const names = new Set(files.flatMap(({ path }) => (path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [])))
  const mappings = [...names].toSorted().flatMap((name) => {
    const own = files.filter(({ path }) => path.startsWith(`${name}/`))
    const counts = countsOf(own)
    return Object.values(counts).some((count) => count > 0) ? [[decodeURIComponent(name), counts] as const] : []
  })
  return { mappings: Object.fromEntries(mappings), quiet: files.every(isQuiet) }
}

function countsOf(files: readonly ChangedFile[]): MappingChanges {
  const couplings = compared(files, /\/couplings(-\d+)?\.json$/, ([id]) => String(id))
  const held = compared(files, /\/held\.json$/, ({ side, id }) => `${String(side)}|${String(id)}`)
  return {
    coupled: couplings.added,
    changed: couplings.changed,
    uncoupled: couplings.removed,
    held: held.added + held.changed,
    released: held.removed,
  }
}

type Row = Readonly<Record<string | number, unknown>> & Iterable<unknown>

interface Compared {
  readonly added: number
  readonly changed: number
  readonly removed: number
}

/** Rows of all files of a kind, which stand one a line. */
function compared(files: readonly ChangedFile[], kind: RegExp, idOf: (row: Row) => string): Compared {
  const own = files.filter(({ path }) => kind.test(path))
  const before = lines(own.map((file) => file.before))
  const after = lines(own.map((file) => file.after))
  const ids = (some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...some].flatMap((line) => (others.has(line) || !isRow(line) ? [] : idOf(JSON.parse(line) as Row))))
  const [gone, come] = [ids(before, after), ids(after, before)]
  const changed = [...come].filter((id) => gone.has(id)).length
  return { added: come.size - changed, changed, removed: gone.size - changed }
}

const lines = (texts: readonly (string | undefined)[]): ReadonlySet<string> =>
  new Set(texts.flatMap((text = '') => text.split('\n').map((line) => line.replace(/,$/, ''))))

const isRow = (line: string): boolean => line.length > 2

function isQuiet({ path, before, after }: ChangedFile): boolean {
  if (path === 'runs.jsonl') return true
  if (before === undefined || after === undefined) return false
  if (path === 'jobs.jsonl') return text(standings(before)) === text(standings(after))
  return path.endsWith('/marks.json') && text(lasting(before)) === text(lasting(after))
}

/** How each job stands, without its times. */
function standings(lines: string): Readonly<Record<string, unknown>> {
  const jobs = lines.split('\n').flatMap((line) => {
    if (line === '') return []
    const { job, status, attempts, fault } = JSON.parse(line) as Record<string, unknown>
    return [[String(job), [status, attempts, fault]] as const]
  })
  return Object.fromEntries(jobs)
}

/** Members of `marks.json` that only count commits, or that a later read brings again. */
const passing = new Set(['upTo', 'fence', 'files', 'sum', 'counted', 'watermarks'])

/** What would be missed: not how far was read, but how; and when deletes were last looked for. */
function lasting(marks: string): Readonly<Record<string, unknown>> {
  const read = JSON.parse(marks) as Record<string, unknown>
  const watermarks = Object.entries((read['watermarks'] ?? {}) as Record<string, { readonly kind?: string }>)
  const kept = Object.entries(read).filter(([name]) => !passing.has(name))
  return Object.fromEntries([
    ...kept,
    ['watermarks', watermarks.map(([name, mark]) => [name, name.endsWith('/sweep') ? mark : mark.kind])],
  ])
}

const text = (value: unknown): string => JSON.stringify(value)

/** The commit's message: `12 coupled, 3 held`, then a line for each mapping. */
export function changesMessage({ mappings, quiet }: StateChanges): string {
  const all = Object.values(mappings)
  const total = (name: keyof MappingChanges): number => all.reduce((sum, counts) => sum + counts[name], 0)
  const subject = told(total)
  if (subject === '') return quiet ? 'Nothing moved' : 'No pair changed'
  return [
    subject,
    '',
    ...Object.entries(mappings).map(([name, counts]) => `${name}: ${told((word) => counts[word])}`),
  ].join('\n')
}

const words = ['coupled', 'changed', 'uncoupled', 'held', 'released'] as const

const told = (count: (word: keyof MappingChanges) => number): string =>
  words.flatMap((word) => (count(word) > 0 ? [`${count(word)} ${word}`] : [])).join(', ')
