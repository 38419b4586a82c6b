/**
 * Notes which code of `src` a test process runs: `NODE_OPTIONS="--import=$PWD/scripts/cover.mjs" npm test`, then
 * `node scripts/coverage.mjs`. Node's own NODE_V8_COVERAGE writes everything that was loaded, libraries and source maps
 * included, which costs each process a third of a second; this writes what is asked for, and each source map once.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { findSourceMap } from 'node:module'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { threadId } from 'node:worker_threads'

const root = join(import.meta.dirname, '..')
const folder = join(root, '.coverage')
const source = pathToFileURL(join(root, 'src/')).href
/**
 * Test files and the CLI as source; npm, the runner and the built program are nothing to look at. Kills, stories and
 * settings run the same code thousands of times: counting it there costs much and finds hardly a branch.
 */
const program = process.argv[1] ?? ''
const isTest =
  program.endsWith('.ts') && program.startsWith(root) && !/\/test\/(?:kill\/|simulate\/|settings-)/.test(program)

if (isTest) {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  process.on('exit', () => session.post('Profiler.takePreciseCoverage', (_, taken) => write(taken?.result ?? [])))
}

function write(scripts) {
  mkdirSync(join(folder, 'maps'), { recursive: true })
  const result = scripts.filter(({ url }) => url.startsWith(source))
  const name = `${basename(process.argv[1])}-${process.pid}-${threadId}.json`
  writeFileSync(join(folder, name), JSON.stringify({ result }))
  for (const { url } of result) {
    const path = join(folder, 'maps', `${url.slice(source.length).replaceAll('/', '+')}.json`)
    const map = existsSync(path) ? undefined : findSourceMap(url)
    if (map !== undefined) writeFileSync(path, JSON.stringify({ url, data: map.payload, lineLengths: map.lineLengths }))
  }
}
