/** What is there when a scenario ends: the rows that its mappings are about, the pairs, and what waits. */
import { stringify } from 'yaml'
import type { Config, EntityRef, Side, Source } from '../../src/config/config.ts'
import { sides } from '../../src/config/config.ts'
import type { Open } from '../../src/cli/context.ts'
import type { Row } from '../../src/simulator/table.ts'
import type { Ground } from './ground.ts'
import { nameColumns } from './names.ts'
import type { Script } from './script.ts'

export interface EndOptions {
  /** The project folder. */
  readonly work: string
  readonly script: Script
  /** Columns that the script wrote, by `side set`. */
  readonly touched: ReadonlyMap<string, ReadonlySet<string>>
  readonly env: Readonly<Record<string, string>>
  readonly open: Open
}

/** The end as YAML. Only rows that are not as they were in the common ground, only columns that hold something. */
export async function endText(ground: Ground, options: EndOptions): Promise<string> {
  const project = await options.open(options.work, { env: options.env })
  try {
    const { config, ports } = project
    const rows = Object.fromEntries(sides.map((side) => [side, rowsOf(side, config, { ground, options })]))
    const states = config.mappings.map(({ name }) => [name, ports.store.mapping(name)] as const)
    const couplings = present(states.map(([name, state]) => [name, pairsOf([...state.couplings()])] as const))
    const held = states.flatMap(([name, state]) =>
      [...state.allHeld()].map(({ side, id, kind, number, fields, attempts, message }) => ({
        record: `${name}, ${side} ${number ?? id}`,
        kind,
        ...(fields.length > 0 && { fields: [...fields].sort().join(', ') }),
        ...(attempts > 1 && { attempts }),
        message,
      })),
    )
    held.sort((a, b) => (a.record < b.record ? -1 : 1))
    return stringify({ ...rows, couplings, held }, { lineWidth: 120 })
  } finally {
    await project.close()
  }
}

const present = <T>(entries: readonly (readonly [string, readonly T[]])[]): Readonly<Record<string, readonly T[]>> =>
  Object.fromEntries(entries.filter(([, list]) => list.length > 0))

interface Pair {
  readonly businessCentral: { readonly id: string }
  readonly sales: { readonly id: string }
  readonly outside?: boolean
  readonly ended?: string
}
const pairsOf = (couplings: readonly Pair[]): readonly string[] =>
  couplings
    .map(
      ({ businessCentral, sales, outside, ended }) =>
        `${businessCentral.id} = ${sales.id}${ended !== undefined ? ' (over)' : outside === true ? ' (paused)' : ''}`,
    )
    .sort()

interface Given {
  readonly ground: Ground
  readonly options: EndOptions
}

/** The rows of one side by set. */
function rowsOf(side: Side, config: Config, { ground, options }: Given): object {
  const columns = shownColumns(side, config, { ground, options })
  const there = new Set(ground.simulator[side].service.sets())
  const known = [...columns].filter(([set]) => there.has(set))
  const sets = known.map(([set, wanted]): readonly [string, readonly object[]] => {
    const rows = ground.simulator[side].rows(set).flatMap((row) => shownRow(row, wanted))
    const before = ground.untouched(side, set, (row) => shownRow(row, wanted))
    return [set, rows.filter((row) => !before.has(JSON.stringify(row))).toSorted(byText)]
  })
  return present(sets)
}

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

/** Columns to show, by set: those that mappings, seeds and script speak of. */
function shownColumns(side: Side, config: Config, { ground, options }: Given): Map<string, Set<string>> {
  const shown = new Map<string, Set<string>>()
  const add = (set: string, columns: Iterable<string>): void => {
    shown.set(set, new Set([...(shown.get(set) ?? []), ...columns]))
  }
  for (const mapping of config.mappings.filter(({ enabled }) => enabled)) {
    const source = mapping[side]
    const places = mapping.fields.flatMap((field) => field[side] ?? [])
    const main = setOf(source.entity)
    const templates = mapping.defaults[side].flatMap(({ fields }) => fields.flatMap((field) => field[side] ?? []))
    if (main !== undefined) add(main, [...source.keys, ...templates, ...places.filter((place) => !place.includes('.'))])
    for (const page of pagesOf(source))
      add(
        page.set,
        places.filter((place) => place.startsWith(`${page.name}.`)).map((place) => place.slice(page.name.length + 1)),
      )
  }
  for (const [set, rows] of Object.entries(ground.seeds[side])) add(set, rows.flatMap(Object.keys))
  for (const [key, columns] of options.touched) if (key.startsWith(`${side} `)) add(key.slice(side.length + 1), columns)
  for (const name of options.script.shows.filter((each) => each.startsWith(`${side} `))) {
    const [, set = '', ...columns] = name.split(' ')
    add(set, columns)
  }
  return shown
}

/** Choices are no rows; what stands in them is shown by the rows that use them. */
const setOf = (entity: EntityRef | undefined): string | undefined =>
  entity === undefined || entity.kind === 'choice' ? undefined : entity.entity

const pagesOf = (source: Source): readonly { readonly name: string; readonly set: string }[] =>
  source.with.map(({ name, entity }) => ({ name, set: entity.entity }))

/** A row without what is blank, its name first; none when nothing but the name is left. */
function shownRow(row: Row, wanted: ReadonlySet<string>): readonly Readonly<Record<string, unknown>>[] {
  const name = nameColumns.find((column) => !isBlank(row[column]))
  const columns = [...wanted].filter((column) => column !== name).sort()
  const values = columns.flatMap((column) => {
    const value = row[column] ?? row[`_${column}_value`]
    return isBlank(value) ? [] : [[column, value] as const]
  })
  if (values.length === 0) return []
  return [{ ...(name !== undefined && { [name]: row[name] }), ...Object.fromEntries(values) }]
}

const blanks = new Set<unknown>([undefined, null, '', 0, false, '_x0020_', '0001-01-01', '0001-01-01T00:00:00Z'])
const isBlank = (value: unknown): boolean => blanks.has(value) || value === '00000000-0000-0000-0000-000000000000'
