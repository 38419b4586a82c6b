/** `couplet validate --live`: every mapping against the metadata of both services. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mapping } from '../config/config.ts'
import { standardFolder } from '../config/load.ts'
import { readSource } from '../config/source.ts'
import type { Source } from '../config/source.ts'
import type { ConfigProblem } from '../errors.ts'
import type { Project } from '../main.ts'
import { describeMapping } from './describe-mapping.ts'
import { entityFindings, fieldFindings } from './live-rules.ts'
import type { LiveFinding } from './live-rules.ts'
import { optionGaps } from './option-check.ts'

/** Findings of all enabled mappings, each with its place. Throws ConnectorError when a service is not reached. */
export async function checkLive(project: Project): Promise<readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = []
  for (const mapping of project.config.mappings.filter(({ enabled }) => enabled)) {
    const { entities, compiled } = await describeMapping(project, mapping)
    const findings = [
      ...entities.flatMap(entityFindings),
      ...(compiled === undefined ? [] : fieldFindings(project.config, compiled)),
      ...(await optionFindings(project, mapping)),
    ]
    problems.push(...(await placed(project.config.root, mapping, findings)))
  }
  return problems
}

/** Documents could not carry what accounts have. */
const optionFindings = async (project: Project, mapping: Mapping): Promise<readonly LiveFinding[]> =>
  (await optionGaps(project, mapping)).map(({ at, message, remedy }) => ({
    path: ['sales', 'choice', 'mirror', String(at)],
    message: `${message}. ${remedy}`,
    severity: 'warning',
  }))

async function placed(
  root: string,
  mapping: Mapping,
  findings: readonly LiveFinding[],
): Promise<readonly ConfigProblem[]> {
  if (findings.length === 0) return []
  const sources = await sourcesOf(root, mapping.name)
  return findings.map(({ path, message, severity }) => {
    const located = sources.map((source) => source.locate(path))
    const best = located.reduce<(typeof located)[number] | undefined>(
      (one, other) => (one === undefined || other.depth > one.depth ? other : one),
      undefined,
    )
    return {
      ...(best !== undefined && { at: best.position }),
      path: path.join('.'),
      message,
      ...(severity !== undefined && { severity }),
    }
  })
}

/** The project's own file of the mapping, then the standard one it may extend. */
async function sourcesOf(root: string, name: string): Promise<readonly Source[]> {
  const files = [
    { shown: `mappings/${name}.yaml`, path: join(root, 'mappings', `${name}.yaml`) },
    { shown: `standard/${name}.yaml`, path: join(standardFolder, `${name}.yaml`) },
  ]
  const read = await Promise.all(
    files.map(async ({ shown, path }) => {
      const bytes = await readFile(path).catch(() => undefined)
      return bytes === undefined ? undefined : readSource(shown, bytes)
    }),
  )
  return read.filter((source) => source !== undefined)
}
