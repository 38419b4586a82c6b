/** Mapping tests as files: read, checked against their schema, and by rules once the project is known. */
import { join, relative, resolve } from 'node:path'
import type { ConfigProblem } from '../errors.ts'
import { sides, type Config } from './config.ts'
import { readOne, yamlFiles } from './load.ts'
import { formatPath, isWithin, type Path } from './path.ts'
import { checkSchema } from './schema-check.ts'
import type { Edited, Expect, Given, Test, TestFile } from './schema-types.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'

/** A file of tests that fits its schema, at least in part. */
export interface ReadTests {
  readonly source: Source
  /** Undefined where nothing of it can be used. */
  readonly value: TestFile | undefined
  readonly problems: readonly ConfigProblem[]
  /** Where the schema found mistakes. */
  readonly wrong: readonly Path[]
}

/** The paths of all YAML files of a folder of tests, sorted; none where there is no folder. */
export const testFilesIn = async (folder: string): Promise<readonly string[]> =>
  (await yamlFiles(folder)).map((name) => join(folder, name))

/** Reads and checks one file. It is told by its path below `root`. */
export async function readTests(root: string, path: string): Promise<ReadTests> {
  return checkSchema('test', await readOne(root, relative(root, resolve(root, path))))
}

/** What is wrong with the tests of a project, as far as their files tell; without a configuration only their form. */
export async function checkTests(root: string, config: Config | undefined): Promise<readonly ConfigProblem[]> {
  const files = await Promise.all((await testFilesIn(join(root, 'tests'))).map((path) => readTests(root, path)))
  return files.flatMap((file) => [...file.problems, ...(config === undefined ? [] : testProblems(file, config))])
}

/** A problem at a place of a test file. */
export const problemAt = (source: Source, path: Path, message: string): ConfigProblem => ({
  at: source.locate(path).position,
  path: formatPath(path),
  message,
})

/** The mappings that a file tests. */
export const testedBy = ({ mapping }: TestFile): readonly string[] =>
  typeof mapping === 'string' ? [mapping] : mapping

/** The rows that a test starts with: those of the file, then its own, each with its place. */
export const givenOf = (file: TestFile, name: string): readonly { readonly path: Path; readonly given: Given }[] =>
  [
    { path: ['given'], given: file.given },
    { path: ['tests', name, 'given'], given: file.tests[name]?.given },
  ].flatMap(({ path, given }) => (given === undefined ? [] : [{ path, given }]))

/** The rounds of edits, each with its place; after each there is a run. */
export function roundsOf({
  edited,
}: Pick<Test, 'edited'>): readonly { readonly edited: Edited; readonly path: Path }[] {
  if (edited === undefined) return []
  return Array.isArray(edited)
    ? edited.map((round, index) => ({ edited: round, path: ['edited', index] }))
    : [{ edited, path: ['edited'] }]
}

/** What the schema cannot say of a file: names of mappings and rows, and tests that start with nothing. */
export function testProblems({ source, value, wrong }: ReadTests, config: Config): readonly ConfigProblem[] {
  if (value === undefined) return []
  const names = config.mappings.map(({ name }) => name)
  const path: Path = ['mapping']
  const ofNames = testedBy(value).flatMap((name, index) => {
    if (names.includes(name)) return []
    const at = typeof value.mapping === 'string' ? path : [...path, index]
    return [problemAt(source, at, `no mapping is called "${name}"${didYouMean(name, names)}`)]
  })
  const ofTests = Object.entries(value.tests).flatMap(([name, test]) => [
    ...(isSpoilt(name, wrong) ? [] : emptyGiven(value, { name, test, source })),
    ...noDay(test, name, source),
    ...unknownRows(value, { name, test, source, config }),
  ])
  return [...ofNames, ...ofTests]
}

function noDay({ today }: Test, name: string, source: Source): readonly ConfigProblem[] {
  if (today === undefined) return []
  const at = new Date(`${today}T00:00:00Z`)
  if (!Number.isNaN(at.getTime()) && at.toISOString().startsWith(today)) return []
  return [problemAt(source, ['tests', name, 'today'], `"${today}" is no day`)]
}

/** The schema has told what is wrong with the rows of a test: they may be missing for that. */
const isSpoilt = (name: string, wrong: readonly Path[]): boolean =>
  [['given'], ['tests', name, 'given'], ['tests', name, 'edited']].some((rows) =>
    wrong.some((path) => isWithin(path, rows)),
  )

function emptyGiven(
  file: TestFile,
  { name, test, source }: Pick<OneTest, 'name' | 'test' | 'source'>,
): readonly ConfigProblem[] {
  const rows = givenOf(file, name).some(({ given }) => given.businessCentral !== undefined || given.sales !== undefined)
  const adds = roundsOf(test).some(({ edited }) =>
    sides.flatMap((side) => Object.values(edited[side] ?? {})).some(Array.isArray),
  )
  if (rows || adds) return []
  return [problemAt(source, ['tests', name], 'no rows are given on either side: nothing could happen')]
}

interface OneTest {
  readonly name: string
  readonly test: Test
  readonly source: Source
  readonly config: Config
}

/** Field rows that none of the tested mappings has. */
function unknownRows(file: TestFile, { name, test, source, config }: OneTest): readonly ConfigProblem[] {
  const tested = config.mappings.filter((mapping) => testedBy(file).includes(mapping.name))
  if (tested.length === 0) return []
  const known = tested
    .flatMap(({ fields, lines }) => [...fields, ...(lines?.mapping.fields ?? [])])
    .map((row) => row.name)
  return namedRows(test.expect).flatMap(({ path, row }) =>
    known.includes(row)
      ? []
      : [
          problemAt(
            source,
            ['tests', name, 'expect', ...path],
            `${testedBy(file).join(', ')} has no field row "${row}"${didYouMean(row, known)}`,
          ),
        ],
  )
}

function namedRows({ operations = [], held = [] }: Expect): readonly { readonly path: Path; readonly row: string }[] {
  return [
    ...operations.flatMap(({ fields = {} }, index) =>
      Object.keys(fields).map((row) => ({ path: ['operations', index, 'fields', row], row })),
    ),
    ...held.flatMap(({ fields = [] }, index) =>
      fields.map((row, at) => ({ path: ['held', index, 'fields', at], row })),
    ),
  ]
}
