/** The linter keeps the walls between the rooms: a checker that says nothing is the worst one, so each wall is tried. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const oxlint = join(root, 'node_modules', '.bin', 'oxlint')

/** File → a line that must not stand there. */
const planted: Readonly<Record<string, string>> = {
  'src/core/effect.ts': "import { readFileSync } from 'node:fs/promises'\nexport const x = readFileSync",
  'src/core/clock.ts': 'export const x = new Date()',
  'src/core/network.ts': "export const x = fetch('http://127.0.0.1')",
  'src/core/engine.ts': "import { run } from '../engine/run.ts'\nexport const x = run",
  'src/core/config.ts': "import type { Source } from '../config/source.ts'\nexport type X = Source",
  'src/config/engine.ts': "import { run } from '../engine/run.ts'\nexport const x = run",
  'src/connector/store.ts': "import type { Store } from '../store/store.ts'\nexport type X = Store",
  'src/connector/config.ts': "import { loadProject } from '../config/load.ts'\nexport const x = loadProject",
  'src/store/engine.ts': "import type { Ports } from '../engine/ports.ts'\nexport type X = Ports",
  'src/engine/odata.ts': "import { odataConnector } from '../connector/odata.ts'\nexport const x = odataConnector",
  'src/engine/json.ts': "import { openJsonStore } from '../store/json-store.ts'\nexport const x = openJsonStore",
  'src/engine/disk.ts': "import { readFileSync } from 'node:fs'\nexport const x = readFileSync",
  'src/serve/odata.ts': "import { odataConnector } from '../connector/odata.ts'\nexport const x = odataConnector",
  'src/serve/report.ts': "import { runText } from '../report/run-text.ts'\nexport const x = runText",
  'src/report/store.ts': "import type { Store } from '../store/store.ts'\nexport type X = Store",
  'src/apart/run.ts': "import { run } from '../engine/run.ts'\nexport const x = run",
  'src/rehearsal/network.ts': "import { request } from 'node:http'\nexport const x = request",
  'src/rehearsal/report.ts': "import { testsText } from '../report/test-text.ts'\nexport const x = testsText",
  'src/snapshot/network.ts': "import { request } from 'node:http'\nexport const x = request",
  'src/snapshot/report.ts': "import { snapshotText } from '../report/snapshot-text.ts'\nexport const x = snapshotText",
  'src/simulator/encoder.ts':
    "import { encodeMultipart } from '../connector/batch-multipart.ts'\nexport const x = encodeMultipart",
}

t.test('every wall between two rooms is kept by the linter', (t) => {
  // Outside this checkout: the linter passes over what git ignores.
  const folder = mkdtempSync(join(tmpdir(), 'couplet-walls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
  for (const [file, text] of Object.entries(planted)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), `${text}\n`)
  }
  writeFileSync(
    join(folder, 'src', 'core', 'allowed.ts'),
    "import { hash } from 'node:crypto'\nexport const x = hash\n",
  )
  const found = findings(folder)
  for (const file of Object.keys(planted)) t.ok(found.includes(file), file)
  t.notOk(found.includes('src/core/allowed.ts'), 'hashing is allowed in the core')
  t.end()
})

/** The files that the linter complains about for an import or a global. */
function findings(folder: string): readonly string[] {
  const report = JSON.parse(lint(folder)) as { diagnostics: { code: string; filename: string }[] }
  return report.diagnostics
    .filter(({ code }) => /no-restricted-(imports|globals)/.test(code))
    .map(({ filename }) => filename.replaceAll('\\', '/'))
}

/** The linter ends with 1 when it found something. The test runner's loaders are not for it. */
function lint(folder: string): string {
  try {
    return execFileSync('env', ['-u', 'NODE_OPTIONS', oxlint, '-f', 'json', 'src'], { cwd: folder, encoding: 'utf8' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    if (stdout === '') throw new Error(stderr, { cause: error })
    return stdout
  }
}
