/** The tests of mappings as the examples of their pages. */
import type { Example, ExampleRows } from '../core/documentation.ts'
import { sides } from './config.ts'
import type { TestFile } from './schema-types.ts'
import { roundsOf, testedBy, type ReadTests } from './test-files.ts'

/** Examples by mapping, in the order of the files. A file that cannot be read gives none. */
export function examplesOf(files: readonly ReadTests[]): ReadonlyMap<string, readonly Example[]> {
  const examples = new Map<string, Example[]>()
  for (const { source, value } of files) {
    if (value === undefined) continue
    const own = Object.keys(value.tests).map((name) => exampleOf(value, name, source.file))
    for (const mapping of testedBy(value)) examples.set(mapping, [...(examples.get(mapping) ?? []), ...own])
  }
  return examples
}

type Rows = Partial<Record<(typeof sides)[number], Readonly<Record<string, unknown>> | undefined>>

const rowsOf = (of: Rows = {}): readonly ExampleRows[] =>
  sides.flatMap((side) => Object.entries(of[side] ?? {}).map(([entity, rows]) => ({ side, entity, rows })))

function exampleOf(file: TestFile, name: string, path: string): Example {
  const test = file.tests[name]
  const { operations, held = [], coupled } = test?.expect ?? {}
  return {
    name,
    file: path,
    description: test?.description,
    settings: { ...file.settings, ...test?.settings },
    create: test?.create ?? file.create,
    shared: rowsOf(file.given),
    given: rowsOf(test?.given),
    edited: roundsOf(test ?? {}).map(({ edited }) => rowsOf(edited)),
    operations: operations?.map(({ kind, side, record, fields }) => ({ kind, side, record, fields })),
    after: rowsOf(test?.expect),
    held: held.map(({ kind, record, says, fields }) => ({ kind, record, says, fields })),
    coupled,
  }
}
