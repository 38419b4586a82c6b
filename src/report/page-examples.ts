/** The tests of a mapping as examples: what is given, what people do, what comes of it. */
import { written } from '../core/change.ts'
import type { Example, ExampleRows } from '../core/documentation.ts'
import { code, prose } from './markdown.ts'
import { sideName } from './words.ts'

/** A file's examples below one another. `linkTo` gives the address of a file. */
export function examplesSection(
  examples: readonly Example[],
  linkTo: (file: string) => string | undefined,
): readonly (readonly string[])[] {
  if (examples.length === 0) return []
  const files = [...new Set(examples.map(({ file }) => file))]
  return [
    ['## For example'],
    ...files.flatMap((file) => {
      const own = examples.filter((example) => example.file === file)
      const link = linkTo(file)
      const named = link === undefined ? code(file) : `[${file}](${link})`
      const shared = rowLines('given in', own[0]?.shared ?? [])
      return [
        [`Played by ${code('couplet test')} from ${named}.${shared.length === 0 ? '' : ' In each of them:'}`],
        shared,
        ...own.flatMap((example) => [[`**${prose(example.name)}**`], linesOf(example)]),
      ]
    }),
  ]
}

function linesOf(example: Example): readonly string[] {
  const { description, settings, create, given, edited, operations, after, held, coupled } = example
  const rounds = edited.flatMap((round, index) =>
    rowLines(edited.length === 1 ? 'then people change in' : `round ${index + 1}: people change in`, round),
  )
  return [
    ...(description === undefined ? [] : [`- ${prose(description)}`]),
    ...(Object.keys(settings).length === 0 ? [] : [`- with the settings ${code(written(settings))}`]),
    ...(create === undefined ? [] : [`- with ${code(`create: ${create}`)}`]),
    ...rowLines('given in', given),
    ...rounds,
    ...(operations ?? []).map((operation) => `- a run does: ${operationText(operation)}`),
    ...(operations?.length === 0 ? ['- a run does nothing'] : []),
    ...rowLines('afterwards in', after),
    ...(coupled === undefined ? [] : [`- pairs: ${code(written(coupled))}`]),
    ...held.map((each) => `- ${heldText(each)}`),
  ]
}

const rowLines = (word: string, of: readonly ExampleRows[]): readonly string[] =>
  of.map(({ side, entity, rows }) => `- ${word} ${sideName[side]}, ${code(entity)}: ${rowsText(rows)}`)

/** Each row by itself; `[]` is none. */
function rowsText(rows: unknown): string {
  if (!Array.isArray(rows)) return code(written(rows))
  return rows.length === 0 ? 'none' : rows.map((row) => code(written(row))).join(', ')
}

function operationText({ kind, side, record, fields }: NonNullable<Example['operations']>[number]): string {
  const which = record === undefined ? '' : ` ${code(written(record))}`
  const where = side === undefined ? '' : ` in ${sideName[side]}`
  return `${kind}${which}${where}${fields === undefined ? '' : ` with ${code(written(fields))}`}`
}

function heldText({ kind, record, says, fields }: Example['held'][number]): string {
  const which = record === undefined ? 'a record' : code(written(record))
  const why = kind === undefined ? '' : ` (${kind})`
  const what = fields === undefined ? '' : `, in ${fields.map((field) => code(field)).join(', ')}`
  return `held: ${which}${why}${what}${says === undefined ? '' : `: ${prose(says)}`}`
}
