/** Mapping tests for people: each test with what is not as expected, at its line. */
import type { ConfigProblem } from '../errors.ts'
import type { Paint } from './paint.ts'
import { placeOf, problemLine } from './problems.ts'
import { count, duration } from './words.ts'

/** What is told of one test. */
export interface TestTold {
  readonly file: string
  readonly name: string
  readonly at: { readonly file: string; readonly line: number; readonly column: number }
  readonly passed: boolean
  readonly differences: readonly ConfigProblem[]
  readonly ms: number
}

/** One test with its differences. */
export function testLine({ name, passed, differences }: TestTold, paint: Paint): string {
  const head = passed ? `  ${paint.green('✓')} ${name}` : `  ${paint.red('✗')} ${paint.bold(name)}`
  return [head, ...differences.map((difference) => `      ${problemLine(difference, paint)}`)].join('\n')
}

/** All tests by file, then the problems of files, then how many passed. */
export function testsText(
  { results, problems, ms }: { results: readonly TestTold[]; problems: readonly ConfigProblem[]; ms: number },
  paint: Paint,
): string {
  const files = [...new Set(results.map(({ file }) => file))]
  const parts = files.map((file) =>
    [paint.dim(file), ...results.filter((each) => each.file === file).map((each) => testLine(each, paint))].join('\n'),
  )
  return [
    ...parts,
    ...problems.map((problem) => problemLine(problem, paint)),
    summary({ results, problems, ms }, paint),
  ].join('\n')
}

function summary({ results, problems, ms }: Parameters<typeof testsText>[0], paint: Paint): string {
  const failed = results.filter(({ passed }) => !passed).length
  const passed = results.length - failed
  const told = [
    ...(passed > 0 ? [paint.green(`${count(passed, 'test')} passed`)] : []),
    ...(failed > 0 ? [paint.red(`${count(failed, 'test')} failed`)] : []),
    ...(problems.length > 0 ? [paint.red(`${count(problems.length, 'problem')} in the files`)] : []),
  ]
  return `${told.join(', ')}, in ${duration(ms)}`
}

/** The differences of failed tests as problems at their lines: GitHub Actions shows them there. */
export const testProblemsTold = (results: readonly TestTold[]): readonly ConfigProblem[] =>
  results.flatMap(({ name, differences }) =>
    differences.map(({ at, path, message }) => ({
      ...(at !== undefined && { at }),
      path: '',
      message: `${name}: ${path === '' ? '' : `${path}: `}${message}`,
    })),
  )

/** Control characters cannot stand in XML 1.0, not even escaped. */
const escapeXml = (text: string): string => text.replaceAll(/[&<>"\p{Cc}]/gu, (sign) => entities[sign] ?? '?')

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** JUnit's XML, as CI servers read it: a suite a file, a failure with all differences of a test. */
export function junit(results: readonly TestTold[], problems: readonly ConfigProblem[]): string {
  const files = [...new Set(results.map(({ file }) => file))]
  const suites = files.map((file) =>
    suite(
      file,
      results.filter((each) => each.file === file),
    ),
  )
  const wrong = problems.map(
    (problem) =>
      `  <testsuite name="${escapeXml(problem.at?.file ?? 'files')}" tests="1" failures="0" errors="1"><testcase name="${escapeXml(placeOf(problem))}"><error message="${escapeXml(problem.message)}"/></testcase></testsuite>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${[...suites, ...wrong].join('\n')}\n</testsuites>\n`
}

function suite(file: string, results: readonly TestTold[]): string {
  const failed = results.filter(({ passed }) => !passed).length
  const seconds = results.reduce((sum, { ms }) => sum + ms, 0) / 1000
  const cases = results.map(({ name, at, passed, differences, ms }) => {
    const head = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(file)}" file="${escapeXml(file)}" line="${at.line}" time="${(ms / 1000).toFixed(3)}"`
    if (passed) return `${head}/>`
    const lines = differences.map(
      (each) => `${placeOf(each)}  ${each.path === '' ? '' : `${each.path}: `}${each.message}`,
    )
    return `${head}>\n      <failure message="${escapeXml(lines[0] ?? '')}">${escapeXml(lines.join('\n'))}</failure>\n    </testcase>`
  })
  return `  <testsuite name="${escapeXml(file)}" tests="${results.length}" failures="${failed}" errors="0" time="${seconds.toFixed(3)}">\n${cases.join('\n')}\n  </testsuite>`
}
