/**
 * The schemas of a project: the product's own, which also know the project's mappings, rows and jobs, and what the two
 * services have. They are for the editor; what is right and wrong is decided with the product's.
 */
import type { BySide, Side } from './config.ts'
import { sides } from './config.ts'
import type { Files } from './schema-types.ts'

/** A JSON Schema as data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** A name, and what is said of it beside the cursor. */
export interface Named {
  readonly name: string
  readonly about: string
}

/** A collection of a side. */
export interface KnownCollection extends Named {
  /** The key under which a mapping names it. */
  readonly key: 'entity' | 'service'
  /** Undefined where they were not asked for. */
  readonly columns: readonly Named[] | undefined
}

export interface KnownMapping extends Named {
  readonly isStandard: boolean
  readonly rows: readonly Named[]
  /** The collection of each side and the further pages of its records, as indices of what the services have. */
  readonly sources: BySide<{ readonly main: KnownCollection | undefined; readonly pages: readonly KnownPage[] }>
}

/** A further page under the name that it has in a mapping. */
export interface KnownPage {
  readonly name: string
  readonly collection: KnownCollection & { readonly columns: readonly Named[] }
}

export interface Known {
  readonly mappings: readonly KnownMapping[]
  /** Shared sets of rows and filters that a mapping may include. */
  readonly sets: readonly Named[]
  readonly jobs: readonly string[]
  /** Undefined where the services were not asked. */
  readonly collections: BySide<readonly KnownCollection[]> | undefined
}

/** The kinds of file that a project has. */
export const editedKinds = ['project', 'mapping', 'include', 'jobs', 'test'] as const satisfies (keyof Files)[]
export type EditedKind = (typeof editedKinds)[number]

/** Every schema with what is known put in. */
export function editorSchemas(
  own: Readonly<Record<EditedKind, JsonSchema>>,
  known: Known,
): Readonly<Record<EditedKind, JsonSchema>> {
  return {
    project: projectSchema(own.project, known),
    mapping: mappingSchema(own.mapping, known),
    include: own.include,
    jobs: jobsSchema(own.jobs, known),
    test: testSchema(own.test, known),
  }
}

/** Names to choose from, each with what is said of it; without any, no name is refused. `open`: another text may stand there too. */
function choice(names: readonly Named[], open = false): JsonSchema {
  if (names.length === 0) return {}
  const listed = { enum: names.map(({ name }) => name), enumDescriptions: names.map(({ about }) => about) }
  return open ? { anyOf: [listed, { type: 'string' }] } : listed
}

/** Parts of a schema that count together; JSON Schema has no empty list of them. */
const together = (parts: readonly JsonSchema[]): JsonSchema => (parts.length === 0 ? {} : { allOf: parts })

/** A schema with the value at a path replaced by what `change` makes of it. */
function changed(schema: JsonSchema, path: readonly string[], change: (old: JsonSchema) => unknown): JsonSchema {
  const [key = '', ...rest] = path
  const below = schema[key] as JsonSchema
  return { ...schema, [key]: rest.length === 0 ? change(below) : changed(below, rest, change) }
}

/** Keys to choose from, each with what is said of it. */
const keysOf = (names: readonly Named[], schema: JsonSchema = {}): JsonSchema =>
  Object.fromEntries(names.map(({ name, about }) => [name, { ...schema, description: about }]))

const projectSchema = (own: JsonSchema, { mappings }: Known): JsonSchema =>
  changed(own, ['properties', 'mappings'], (old) => ({
    ...old,
    anyOf: (old['anyOf'] as readonly JsonSchema[]).map((form) =>
      form['type'] === 'object'
        ? { ...form, properties: keysOf(mappings, form['additionalProperties'] as JsonSchema) }
        : form,
    ),
  }))

const jobsSchema = (own: JsonSchema, { jobs }: Known): JsonSchema =>
  changed(own, ['properties', 'jobs'], (old) => ({
    ...old,
    properties: Object.fromEntries(jobs.map((name) => [name, old['additionalProperties']])),
  }))

function mappingSchema(own: JsonSchema, { mappings, sets, collections }: Known): JsonSchema {
  const standard = mappings.filter(({ isStandard }) => isStandard)
  const extended = standard.map(({ name, about }) => ({ name: `standard/${name}`, about }))
  const named = changed(own, ['$defs', 'mappingName'], ({ description }) => ({ description, ...choice(mappings) }))
  const included = changed(named, ['properties', 'include', 'items'], () => choice(sets))
  const chosen = changed(included, ['properties', 'extends'], ({ type, description }) => ({
    type,
    description,
    ...choice(extended),
  }))
  const rows = standard.map(({ name, rows }) =>
    ifExtends(name, { properties: { fields: { properties: keysOf(rows) } } }),
  )
  if (collections === undefined) return { ...chosen, ...together(rows) }
  const columns = sides.flatMap((side) => [
    ...collections[side].filter(({ columns }) => columns !== undefined).flatMap((one) => ifReads(side, one)),
    ...standard.flatMap((mapping) => ifExtendsColumns(side, mapping)),
  ])
  const definitions = Object.fromEntries(
    sides.flatMap((side) => [
      ...collections[side].flatMap((one) =>
        one.columns === undefined ? [] : [[columnsName(side, one), choice(one.columns, true)]],
      ),
      ...standard.flatMap(({ sources }) =>
        sources[side].pages.map((page) => [pageName(side, page), choice(columnsOfPage(page), true)]),
      ),
    ]),
  )
  return {
    ...changed(chosen, ['$defs'], (old) => ({ ...old, ...definitions })),
    ...together([...rows, ...sides.map((side) => entities(side, collections[side])), ...columns]),
  }
}

const columnsName = (side: Side, { key, name }: KnownCollection): string => `${side}.${key}.${name}`
const pageName = (side: Side, { name, collection }: KnownPage): string => `${columnsName(side, collection)}.as.${name}`
const reference = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` })

const columnsOfPage = ({ name: page, collection }: KnownPage): readonly Named[] =>
  collection.columns.map(({ name, about }) => ({ name: `${page}.${name}`, about }))

/** The names of a side's collections, wherever a mapping names one. */
function entities(side: Side, collections: readonly KnownCollection[]): JsonSchema {
  const ofKey = (key: 'entity' | 'service'): JsonSchema =>
    choice(
      collections.filter((one) => one.key === key),
      true,
    )
  const named = {
    properties: { entity: ofKey('entity'), ...(side === 'businessCentral' && { service: ofKey('service') }) },
  }
  const further = { additionalProperties: named }
  const own = { properties: { ...named.properties, with: further, join: further } }
  return { properties: { [side]: own, lines: { properties: { [side]: { properties: { entity: ofKey('entity') } } } } } }
}

/** A part of the schema that counts where another fits. */
const where = (fits: JsonSchema, part: JsonSchema): JsonSchema =>
  // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's own word
  ({ if: fits, then: part })

/** A part of the schema for files that change a standard mapping. */
const ifExtends = (name: string, part: JsonSchema): JsonSchema =>
  where({ required: ['extends'], properties: { extends: { const: `standard/${name}` } } }, part)

/** The columns of a collection, where a mapping or its lines name it. */
function ifReads(side: Side, one: KnownCollection): readonly JsonSchema[] {
  const reads = {
    required: [side],
    properties: { [side]: { required: [one.key], properties: { [one.key]: { const: one.name } } } },
  }
  const part = columnsOn(side, reference(columnsName(side, one)))
  const ofLines = where({ required: ['lines'], properties: { lines: reads } }, { properties: { lines: part } })
  return [where(reads, part), ofLines]
}

/** The columns that rows of a file may name which changes a standard mapping. */
function ifExtendsColumns(side: Side, { name, sources }: KnownMapping): readonly JsonSchema[] {
  const { main, pages } = sources[side]
  if (main?.columns === undefined) return []
  const refs = [reference(columnsName(side, main)), ...pages.map((page) => reference(pageName(side, page)))]
  return [ifExtends(name, columnsOn(side, { anyOf: refs }))]
}

/** Where a mapping, or its lines, names columns of a side. */
const columnsOn = (side: Side, column: JsonSchema): JsonSchema => ({
  properties: {
    fields: { additionalProperties: { properties: { [side]: column } } },
    match: { items: { properties: { [side]: { items: column } } } },
    [side]: { properties: { keys: { items: column } } },
  },
})

/** Tests, which know the field rows of the mapping that they name, and what the services have. */
function testSchema(own: JsonSchema, { mappings, collections }: Known): JsonSchema {
  const ofRows = together(mappings.map(({ name, rows }) => ifTests(name, expecting(rows))))
  return { ...(collections === undefined ? own : withCollections(own, collections)), ...ofRows }
}

/** A part of the schema for files that test a mapping, alone or with others. */
const ifTests = (name: string, part: JsonSchema): JsonSchema =>
  where(
    {
      required: ['mapping'],
      properties: { mapping: { anyOf: [{ const: name }, { type: 'array', contains: { const: name } }] } },
    },
    part,
  )

/** Where a test names field rows: of operations, and of records that wait. */
function expecting(rows: readonly Named[]): JsonSchema {
  const expect = {
    operations: { items: { properties: { fields: { properties: keysOf(rows) } } } },
    held: { items: { properties: { fields: { items: choice(rows, true) } } } },
  }
  return { properties: { tests: { additionalProperties: { properties: { expect: { properties: expect } } } } } }
}

/** Rows of records in tests: their entities and columns. */
function withCollections(own: JsonSchema, collections: NonNullable<Known['collections']>): JsonSchema {
  const definitions = Object.fromEntries(
    sides.flatMap((side) =>
      collections[side].flatMap((one) =>
        one.columns === undefined ? [] : [[columnsName(side, one), { properties: keysOf(one.columns) }]],
      ),
    ),
  )
  const rowsOf = (side: Side): JsonSchema => ({
    properties: Object.fromEntries(
      collections[side].map((one) => {
        const row = reference(columnsName(side, one))
        const rows = one.columns === undefined ? {} : { items: row, additionalProperties: row }
        return [one.name, { ...rows, description: one.about }]
      }),
    ),
  })
  const parts = ['given', 'edited', 'expect']
  const withRows = parts.reduce(
    (schema, part) =>
      sides.reduce(
        (all, side) =>
          changed(all, ['$defs', part, 'properties', side], (old) => ({ allOf: [old, reference(`rows.${side}`)] })),
        schema,
      ),
    own,
  )
  const rows = Object.fromEntries(sides.map((side) => [`rows.${side}`, rowsOf(side)]))
  return changed(withRows, ['$defs'], (old) => ({ ...old, ...definitions, ...rows }))
}
