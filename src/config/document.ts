/** Puts beside each resolved mapping what people wrote about it in its files. */
import type { DocumentedMapping, PageNote, RowNote } from '../core/documentation.ts'
import { sides, type Config, type Field, type Mapping, type Settings, type Side } from './config.ts'
import { examplesOf } from './document-tests.ts'
import type { Draft, MappingDraft } from './draft.ts'
import { linesOf } from './lines.ts'
import { resolveRow } from './resolve-row.ts'
import { goesNowhere, rowsOf } from './rules-rows.ts'
import type { FieldRow, MappingFile } from './schema-types.ts'
import type { ReadTests } from './test-files.ts'

/** Every mapping of a project in the order of a run, for its page; `tests` are its examples. */
export function documentMappings(
  draft: Draft,
  { mappings, settings }: Config,
  tests: readonly ReadTests[] = [],
): readonly DocumentedMapping[] {
  const examples = examplesOf(tests)
  const drafts = new Map(draft.mappings.map((each) => [each.name, each]))
  return mappings.map((mapping) => ({
    ...documentMapping(mapping, drafts.get(mapping.name) as MappingDraft, settings),
    examples: examples.get(mapping.name) ?? [],
  }))
}

function documentMapping(
  mapping: Mapping,
  { value, layers }: MappingDraft,
  settings: Settings,
): Omit<DocumentedMapping, 'examples'> {
  const told = { ...namedSettings(value), ...settings }
  const { lines } = mapping
  const ofLines = linesOf(value) ?? {}
  return {
    mapping: {
      ...mapping,
      fields: allRows(value, told),
      lines: lines && { ...lines, mapping: { ...lines.mapping, fields: allRows(ofLines, told) } },
    },
    title: value.title,
    ...filesOf(value, layers),
    when: value.when,
    include: value.include ?? [],
    create: value.create,
    rows: notesOf(value, mapping.fields),
    lineRows: notesOf(ofLines, lines?.mapping.fields ?? []),
    pages: sides.flatMap((side) => pageNotes(side, value[side])),
  }
}

/** Settings that nobody has set stand for themselves: `{settings.defaultTeam}`. */
const namedSettings = (mapping: MappingFile): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...JSON.stringify(mapping).matchAll(/\{settings\.(\w+)\}/g)].map(([whole, name = '']) => [name, whole]),
  )

/** Where a mapping is written, and what stands at the head of its files. */
function filesOf(
  { description }: MappingFile,
  layers: MappingDraft['layers'],
): Pick<DocumentedMapping, 'about' | 'file' | 'extends'> {
  const [{ source: own }] = layers
  const from = (own.value as MappingFile).extends
  // Shared sets stand between the mapping's own file and the one that it extends; their remarks are about the sets.
  const base = from === undefined ? undefined : layers.at(-1)?.source
  const remarks = [own, base].flatMap((source) => source?.remarks ?? [])
  return {
    about: [...(description === undefined ? [] : [description]), ...remarks],
    file: own.file,
    extends: from,
  }
}

function pageNotes(side: Side, source: MappingFile[Side]): readonly PageNote[] {
  const further = Object.entries({ ...source?.with, ...source?.join })
  return further.flatMap(([name, page]): readonly PageNote[] =>
    page?.description === undefined ? [] : [{ side, name, description: page.description }],
  )
}

/** The rows of a mapping that can travel, by their names. */
const travelling = (mapping: MappingFile): readonly (readonly [string, FieldRow])[] =>
  rowsOf(mapping).filter(([, row]) => !goesNowhere(row, mapping.direction ?? 'both'))

const allRows = (mapping: MappingFile, settings: Settings): readonly Field[] =>
  travelling(mapping).map(([name, row]) => resolveRow(name, row, { mapping, settings }))

function notesOf(mapping: MappingFile, used: readonly Field[]): ReadonlyMap<string, RowNote> {
  const inUse = new Set(used.map(({ name }) => name))
  return new Map(
    travelling(mapping).map(([name, { description, when, enabled }]) => [
      name,
      { description, when, stands: enabled === false ? 'off' : inUse.has(name) ? 'inUse' : 'resting' },
    ]),
  )
}
