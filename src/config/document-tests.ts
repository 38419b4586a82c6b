/** The tests of mappings as the examples of their pages. */
import type { Example, ExampleRows } from '../core/documentation.ts'
import { sides } from './config.ts'
import type { Test, TestFile } from './schema-types.ts'
import { roundsOf, testedBy, type ReadTests } from './test-files.ts'

/** Examples by mapping, in the order of the files, in which nothing is wrong. */
export function examplesOf(files: readonly ReadTests[]): ReadonlyMap<string, readonly Example[]> {
  const examples = new Map<string, Example[]>()
  for (const { source, value } of files as readonly (ReadTests & { readonly value: TestFile })[]) {
    const own = Object.entries(value.tests).map(([name, test]) => exampleOf(value, name, test, source.file))
    for (const mapping of testedBy(value)) examples.set(mapping, [...(examples.get(mapping) ?? []), ...own])
  }
  return examples
}

type Rows = Partial<Record<(typeof sides)[number], Readonly<Record<string, unknown>> | undefined>>

const rowsOf = (of: Rows = {}): readonly ExampleRows[] =>
  sides.flatMap((side) => Object.entries(of[side] ?? {}).map(([entity, rows]) => ({ side, entity, rows })))

function exampleOf(file: TestFile, name: string, test: Test, path: string): Example {
  const { operations, held = [], coupled } = test.expect
  return {
    name,
    file: path,
    description: test.description,
    settings: { ...file.settings, ...test.settings },
    create: test.create ?? file.create,
    shared: rowsOf(file.given),
    given: rowsOf(test.given),
    edited: roundsOf(test).map(({ edited }) => rowsOf(edited)),
    operations: operations?.map(({ kind, side, record, fields }) => ({ kind, side, record, fields })),
    after: rowsOf(test.expect),
    held: held.map(({ kind, record, says, fields }) => ({ kind, record, says, fields })),
    coupled,
  }
}
