/** Each folder of broken/ is a project with something wrong; expected.txt holds every line that must be said of it. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkProject, loadProject } from '../../src/config/load.ts'
import { formatProblems, sortProblems } from '../../src/config/problems.ts'
import { ConfigError, type ConfigProblem } from '../../src/errors.ts'

const broken = fileURLToPath(new URL('broken', import.meta.url))
const options = { env: { SECRET: 's3cret-value' }, useStandard: fileURLToPath(new URL('standard', import.meta.url)) }

for (const name of (await readdir(broken)).sort())
  t.test(`wrong: ${name.replaceAll('-', ' ')}`, async (t) => {
    const folder = join(broken, name)
    const { problems, config } = await checkProject(folder, options)
    const said = `${formatProblems(problems)}\n`
    const golden = join(folder, 'expected.txt')
    if (process.env['COUPLET_GOLDEN'] === 'write') await writeFile(golden, said)
    t.equal(said, await readFile(golden, 'utf8'))
    t.equal(config, undefined, 'there is no configuration to run with')
    t.notMatch(said, /s3cret-value|hunter2/, 'no secret is repeated')
    const error: unknown = await loadProject(folder, options).catch((thrown: unknown) => thrown)
    t.ok(error instanceof ConfigError)
    t.same((error as ConfigError).problems, problems)
  })

t.test('a target that is not there is told with those that are', async (t) => {
  const { problems } = await checkProject(join(broken, 'rows'), { ...options, target: 'prod' })
  t.match(formatProblems(problems), /no target is called "prod"; there is no file in targets\//)
})

t.test('what is wrong at no place stands before what has one', (t) => {
  const at = { file: 'a.yaml', line: 2, column: 1 }
  const placed = { at, path: 'b', message: 'wrong' }
  const nowhere: ConfigProblem = { path: '', message: 'nowhere' }
  const first = { at: { ...at, line: 1 }, path: '', message: 'first' }
  for (const problems of [
    [nowhere, placed, first],
    [first, nowhere, placed, nowhere],
  ])
    t.equal(formatProblems(sortProblems(problems)), 'nowhere\na.yaml:1:1  first\na.yaml:2:1  b: wrong')
  t.end()
})
