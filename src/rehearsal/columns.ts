/** Misspelt entities and columns of a test: told before anything is played, each at its place. */
import type { Side } from '../config/config.ts'
import { sides } from '../config/config.ts'
import type { Path } from '../config/path.ts'
import type { Given, Row as WrittenRow, Test } from '../config/schema-types.ts'
import { didYouMean } from '../config/suggest.ts'
import { roundsOf } from '../config/test-files.ts'
import { customPages, entities, pages } from '../simulator/business-central-schema.ts'
import { loadSchema } from '../simulator/dataverse-schema.ts'
import { customRoutes, standardTables } from './own-tables.ts'
import type { OwnTables } from './own-tables.ts'
import type { Stumble } from './play.ts'

/** Everything in the rows of a test that no service would know. Paths of expectations and edits begin in the test. */
export function columnProblems(
  test: Test,
  given: readonly { readonly path: Path; readonly given: Given }[],
  own: OwnTables,
): readonly Stumble[] {
  const known = knownColumns(own)
  const rows = (side: Side, sets: Readonly<Record<string, unknown>>, path: Path): readonly Stumble[] =>
    Object.entries(sets).flatMap(([set, list]) => inSet(known, { side, set, path: [...path, set] }, entriesOf(list)))
  const ofOptions = given.flatMap((each) =>
    Object.keys(each.given.options ?? {}).flatMap((path) =>
      optionProblem(known, path, [...each.path, 'options', path]),
    ),
  )
  return [
    ...ofOptions,
    ...sides.flatMap((side) => [
      ...given.flatMap((each) => rows(side, each.given[side] ?? {}, [...each.path, side])),
      ...roundsOf(test).flatMap(({ edited, path }) => rows(side, edited[side] ?? {}, [...path, side])),
      ...rows(side, test.expect[side] ?? {}, ['expect', side]),
    ]),
  ]
}

/** Rows of a list by index, edits by record. */
const entriesOf = (list: unknown): readonly (readonly [string | number, WrittenRow])[] =>
  (Array.isArray(list)
    ? [...(list as WrittenRow[]).entries()]
    : Object.entries(list as Record<string, unknown>)
  ).flatMap(([key, row]) => (typeof row === 'object' && row !== null ? [[key, row as WrittenRow] as const] : []))

type Known = (side: Side, set: string) => ReadonlySet<string> | undefined

interface Where {
  readonly side: Side
  readonly set: string
  readonly path: Path
}

function inSet(
  known: ReturnType<typeof knownColumns>,
  { side, set, path }: Where,
  rows: readonly (readonly [string | number, WrittenRow])[],
): readonly Stumble[] {
  const columns = known.columns(side, set)
  if (columns === undefined) {
    const service = side === 'sales' ? 'Sales' : 'Business Central'
    return [{ path, message: `${service} has no ${set}${didYouMean(set, known.sets(side))}` }]
  }
  return rows.flatMap(([key, row]) =>
    Object.keys(row).flatMap((column) =>
      columns.has(column)
        ? []
        : [
            {
              path: [...path, key, column],
              message: `${set} has no column ${column}${didYouMean(column, [...columns])}`,
            },
          ],
    ),
  )
}

/** `account.paymenttermscode`: a table by its logical name, and a column of it that has options. */
function optionProblem({ choices }: ReturnType<typeof knownColumns>, path: string, at: Path): readonly Stumble[] {
  const known = choices()
  return known.includes(path)
    ? []
    : [{ path: at, message: `Sales has no choice column ${path}${didYouMean(path, known)}` }]
}

function knownColumns(own: OwnTables): {
  readonly columns: Known
  readonly sets: (side: Side) => readonly string[]
  readonly choices: () => readonly string[]
} {
  const schema = Object.keys(own.tables).length === 0 ? standardTables() : loadSchema({ tables: own.tables })
  const ownPages = new Map(own.pages.map((page) => [page.set, page]))
  return {
    choices: () =>
      [...schema.tables].flatMap(([table, { columns }]) =>
        Object.entries(columns).flatMap(([name, { type }]) => (type === 'Picklist' ? [`${table}.${name}`] : [])),
      ),
    sets: (side) =>
      side === 'sales' ? [...schema.bySet.keys()] : [...entities.keys(), ...pages.keys(), ...ownPages.keys()],
    columns: (side, set) => {
      if (side === 'sales') {
        const table = schema.bySet.get(set)
        return table === undefined ? undefined : new Set([...Object.keys(table.columns), ...table.properties.keys()])
      }
      const views = [ownPages.get(set), entities.get(set) ?? pages.get(set), customPages.get(publishedAs(set))]
      const names = views.flatMap((view) => [...(view?.properties.values() ?? [])].map(({ name }) => name))
      return names.length === 0 ? undefined : new Set([...names, 'id', 'lastModifiedDateTime'])
    },
  }
}

/** The page that stands behind an entity of a custom API. */
const publishedAs = (set: string): string => Object.values(customRoutes).flatMap((route) => route[set] ?? [])[0] ?? ''
