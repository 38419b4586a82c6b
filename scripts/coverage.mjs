/**
 * Adds up what `cover.mjs` noted in all test processes and prints one line a folder of `src`. Fails when a folder falls
 * below its threshold in `coverage.json` (90 % where it has none), and names the places then; `--all` names every place
 * that no test reaches.
 *
 * Files of types alone and the bench, which measures and is not shipped, do not count; nor do the branches that the
 * loader puts into the program.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Report } from 'c8'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')
const folder = join(root, '.coverage')
const thresholds = JSON.parse(readFileSync(join(import.meta.dirname, 'coverage.json'), 'utf8'))

if (!existsSync(join(folder, 'maps'))) {
  process.stderr.write('nothing was noted: NODE_OPTIONS="--import=$PWD/scripts/cover.mjs" npm test comes first\n')
  process.exit(1)
}
const covered = await coverageMap()
const files = readdirSync(join(root, 'src'), { recursive: true })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('bench'))
  .map((file) => join('src', file))
  .sort()
const sections = new Map()
for (const file of files) {
  const name = file.split(sep).length > 2 ? file.split(sep)[1] : 'src'
  const section = sections.get(name) ?? { covered: 0, total: 0, missing: [] }
  sections.set(name, section)
  const { covered, total, missing } = countOf(file)
  section.covered += covered
  section.total += total
  section.missing.push(...missing)
}
let isGood = true
for (const [name, { covered, total, missing }] of sections) {
  const share = Math.floor((covered / total) * 10_000) / 100
  const least = thresholds[name] ?? 90
  const falls = share < least
  isGood &&= !falls
  process.stdout.write(`${name}: ${share} % of ${total} branches${falls ? `; ${least} % are demanded` : ''}\n`)
  if (falls || process.argv.includes('--all')) for (const place of missing) process.stdout.write(`  ${place}\n`)
}
process.exitCode = isGood ? 0 : 1

/** Istanbul's map of all that was noted, by file of `src`. */
async function coverageMap() {
  const maps = readdirSync(join(folder, 'maps')).map((file) =>
    JSON.parse(readFileSync(join(folder, 'maps', file), 'utf8')),
  )
  const cache = Object.fromEntries(
    maps.map(({ url, data, lineLengths }) => [
      url,
      { lineLengths, data: { ...data, sourcesContent: [readFileSync(fileURLToPath(url), 'utf8')] } },
    ]),
  )
  writeFileSync(join(folder, 'maps.json'), JSON.stringify({ result: [], 'source-map-cache': cache }))
  const options = {
    tempDirectory: folder,
    include: ['src/**'],
    exclude: [],
    extension: ['.ts'],
    resolve: '',
    src: root,
  }
  return new Report(options).getCoverageMapFromAllCoverageFiles()
}

/** Branches of a file, and the places of those that nothing reached. */
function countOf(file) {
  const path = join(root, file)
  if (!covered.files().includes(path))
    return holdsTypesAlone(path)
      ? { covered: 0, total: 0, missing: [] }
      : { covered: 0, total: 1, missing: [`${file} is loaded by no test`] }
  const { b, branchMap } = covered.fileCoverageFor(path).toJSON()
  const lines = readFileSync(path, 'utf8').split('\n')
  const hits = Object.entries(b)
    .flatMap(([id, counts]) => counts.map((count) => [branchMap[id], count]))
    .filter(([{ loc }]) => !isLoaders(lines[loc.start.line - 1].slice(0, loc.start.column)))
  const missing = hits
    .filter(([, count]) => count === 0)
    .map(([{ loc }]) => `${file}:${loc.start.line}:${loc.start.column + 1}`)
  return { covered: hits.length - missing.length, total: hits.length, missing }
}

/** Behind each `import('…')` tsx hands the module through a function of its own, which has branches. */
function isLoaders(before) {
  return /import\('[^']*'$/.test(before)
}

/** Nothing is left of such a file when its types are taken away, so nothing loads it. */
function holdsTypesAlone(path) {
  const options = { module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  const text = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions: options }).outputText
  return (
    text
      .replaceAll(/\/\*.*?\*\/|\/\/.*|import '[^']*';/gs, '')
      .replace('export {};', '')
      .trim() === ''
  )
}
