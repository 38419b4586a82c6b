/** A mapping's page, for an administrator who has not read its file: Markdown, the same for the same files. */
import { sides } from '../config/config.ts'
import type { Job, Mapping } from '../config/config.ts'
import type { DocumentedMapping } from '../core/documentation.ts'
import { mappingsOfLookup } from '../core/row-changes.ts'
import { lookupText, sayingOf } from '../core/row-words.ts'
import { code, fenced, markdownTable, prose } from './markdown.ts'
import { examplesSection } from './page-examples.ts'
import { policySection } from './page-policies.ts'
import { recordsSection } from './page-records.ts'
import { rowsSection } from './page-rows.ts'
import { wayName } from './words.ts'

/** What a page needs to know beside its mapping. */
export interface PageContext {
  /** Which mappings have a page. */
  readonly names: ReadonlySet<string>
  readonly jobs: readonly Job[]
  /** Address of a file of the project from the folder of the pages; undefined where there is none to link. */
  readonly linkTo: (file: string) => string | undefined
  /** The page tells a set that many projects use: what one project's settings switch off is not told. @default false */
  readonly shared?: boolean
}

/** The first line of each page: by it a page is known as one that may be written anew. */
export const pageMark = '<!-- Written by couplet docs: change the YAML and run it again. -->'

/** The whole page. */
export function mappingPage(documented: DocumentedMapping, context: PageContext): string {
  const { mapping, title, about, lineRows } = documented
  const { shared = false } = context
  const { lines } = mapping
  const sections = [
    [`# ${mapping.name}${title === undefined ? '' : `: ${prose(title)}`}`],
    restingNote(documented, context),
    ...about.map((paragraph) => [paragraph.startsWith('- ') ? `- ${prose(paragraph.slice(2))}` : prose(paragraph)]),
    ['## At a glance'],
    glance(documented, context),
    ['## Which records take part'],
    ...recordsSection(documented, shared),
    ['## What goes where'],
    [usual],
    ...rowsSection(mapping.fields, documented.rows, shared),
    ...(lines === undefined ? [] : linesSections(lines, { lineRows, shared })),
    ...defaultsSections(mapping),
    ['## What happens when …'],
    policySection(mapping),
    ...examplesSection(documented.examples, context.linkTo),
    ...notReachableSection(mapping),
  ]
  return page(sections)
}

/** What holds of a row that says nothing else. */
const usual =
  'Where a row says nothing else, a blank empties the column on the other side, and a reference whose record has no partner holds the record.'

/** Blocks with a blank line between them; blocks without a line are left out. */
export const page = (blocks: readonly (readonly string[])[]): string =>
  `${[[pageMark], ...blocks]
    .filter(({ length }) => length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')
    .replaceAll(/\n\n(?=- )(?<=\n- [^\n]*\n\n)/g, '\n')}\n`

/** A link to another mapping's page. */
export const pageLink = (name: string, { names }: Pick<PageContext, 'names'>): string =>
  names.has(name) ? `[${name}](${name}.md)` : code(name)

function restingNote({ mapping, when }: DocumentedMapping, { shared }: PageContext): readonly string[] {
  const { enabled, reason } = mapping
  if (shared === true || enabled) return when === undefined ? [] : [`Takes part only where ${code(when)}.`]
  return [`**Switched off**: ${prose(reason ?? 'switched off')}. What follows is what it would do.`]
}

function glance(documented: DocumentedMapping, context: PageContext): readonly string[] {
  const { mapping, file, extends: base, include } = documented
  const refers = referencesOf(mapping)
  const link = (names: readonly string[]): string => names.map((name) => pageLink(name, context)).join(', ')
  const source = context.linkTo(file)
  const named = source === undefined ? code(file) : `[${file}](${source})`
  const times = context.jobs.filter((job) => job.mappings.includes(mapping.name)).map(({ name }) => code(name))
  const rows: readonly (readonly [string, string])[] = [
    ['values travel', wayName[mapping.direction]],
    ['written in', base === undefined ? named : `${named}, which changes ${code(base)}`],
    ['runs after', link(mapping.after)],
    ['refers to the records of', link(refers)],
    ['follows the pairs of', mapping.follows === undefined ? '' : link([mapping.follows.mapping])],
    ['job', times.length === 0 ? 'none' : `${times.join(', ')} ([timetable](README.md#timetable))`],
    ['shared sets', include.map((name) => code(name)).join(', ')],
    ['takes the place of', mapping.native.map((name) => code(name)).join(', ')],
  ]
  return markdownTable(
    ['', ''],
    rows.filter(([, text]) => text !== ''),
  )
}

function referencesOf({ name, fields, lines, match }: Mapping): readonly string[] {
  const rows = [...fields, ...(lines?.mapping.fields ?? [])].map(({ lookup }) => lookup)
  const lookups = [...rows, ...match.flatMap(({ lookup }) => Object.values(lookup))]
  return [...new Set(lookups.flatMap(mappingsOfLookup))].filter((each) => each !== name).sort()
}

interface LineNotes {
  readonly lineRows: DocumentedMapping['lineRows']
  readonly shared: boolean
}

function linesSections(
  { mapping, sides: ofSides, compute, on }: NonNullable<Mapping['lines']>,
  { lineRows, shared }: LineNotes,
): readonly (readonly string[])[] {
  const places = sides.map((side) => {
    const { parent, order, number } = ofSides[side]
    const numbered = number === undefined ? '' : `, numbered in steps of ${number}`
    const sorted = order === undefined ? '' : `, in the order of ${code(order)}${numbered}`
    return [`${code(mapping[side].entity?.entity ?? '')}, which name their document in ${code(parent)}${sorted}`]
  })
  const made = [['Sales', compute.toSales] as const, ['Business Central', compute.toBusinessCentral] as const].flatMap(
    ([side, text]) =>
      text === undefined ? [] : [[`The lines of ${side} are made of the document by`], fenced(text, 'jsonata')],
  )
  return [
    ['## Lines'],
    [
      `A document and its lines are decided, planned and written together${on === 'create' ? ', the lines only with a document that is created' : ''}. Lines travel: ${wayName[mapping.direction]}.`,
    ],
    markdownTable(['lines of Business Central', 'lines of Sales'], [places.flat()]),
    ...made,
    ...rowsSection(mapping.fields, lineRows, shared),
  ]
}

/** Values for new records, a table a side. */
function defaultsSections({ defaults }: Mapping): readonly (readonly string[])[] {
  const tables = sides.flatMap((side) =>
    defaults[side].length === 0
      ? []
      : [
          [`New records of ${side === 'sales' ? 'Sales' : 'Business Central'} begin with the first that fits:`],
          markdownTable(
            ['name', 'for', 'values', ''],
            defaults[side].map(({ name, filter, wins, fields }) => [
              code(name),
              filter === undefined ? 'every record' : code(filter, Infinity),
              fields.map((field) => `${code(field[side] ?? field.name)}: ${valueText(field, side)}`).join(', '),
              wins ? 'they replace what field rows carry over' : 'they stand where field rows give nothing',
            ]),
          ),
        ],
  )
  return tables.length === 0 ? [] : [['## Values for new records'], ...tables]
}

function valueText(field: Mapping['fields'][number], side: (typeof sides)[number]): string {
  return field.lookup === undefined
    ? code(sayingOf(field, side), Infinity)
    : `found through ${prose(lookupText(field.lookup))}`
}

const notReachableSection = ({ notReachable }: Mapping): readonly (readonly string[])[] =>
  notReachable.length === 0
    ? []
    : [
        ['## What cannot be reached from outside'],
        markdownTable(
          ['what', 'why'],
          notReachable.map(({ field, reason }) => [prose(field), prose(reason)]),
        ),
      ]
