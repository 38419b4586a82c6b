/** Conditions that cannot be answered: they are right by themselves and fail with the settings as they are. */
import type { ConfigProblem } from '../errors.ts'
import type { Settings } from './config.ts'
import type { Draft } from './draft.ts'
import { placeAll, type Finding } from './layers.ts'
import { linesOf } from './lines.ts'
import { expressionsOf } from './mapping-texts.ts'
import type { Checked } from './schema-check.ts'
import type { IncludeFile, MappingFile } from './schema-types.ts'
import { failureOf, settingsOf } from './setting-values.ts'

/** The failing conditions of mappings, of their lines, and of shared sets. */
export async function conditionProblems(
  { project, mappings }: Draft,
  includes: readonly Checked<IncludeFile>[],
): Promise<readonly ConfigProblem[]> {
  const settings = settingsOf(project.value)
  const ofMappings = mappings.map(async ({ value, layers }) => {
    const ofLines = await failing(linesOf(value) ?? {}, settings)
    const below = ofLines.map((finding) => ({ ...finding, path: ['lines', ...finding.path] }))
    return placeAll([...(await failing(value, settings)), ...below], layers)
  })
  const ofSets = includes.map(async (set) => placeAll(await failing(set.value ?? {}, settings), [set]))
  return (await Promise.all([...ofMappings, ...ofSets])).flat()
}

async function failing(value: MappingFile | IncludeFile, settings: Settings): Promise<readonly Finding[]> {
  const conditions = expressionsOf(value).filter(({ path, reads }) => reads === undefined && path.at(-1) === 'when')
  const failures = await Promise.all(conditions.map(({ text }) => failureOf(text, settings)))
  return conditions.flatMap(({ path }, index): readonly Finding[] => {
    const failure = failures[index]
    if (failure === undefined) return []
    const { message, position } = failure
    return [
      { path, message: `fails with these settings: ${message}`, ...(position !== undefined && { offset: position }) },
    ]
  })
}
