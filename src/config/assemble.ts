/** Checked files become one draft: targets over the project, own mappings over standard ones, shared sets below. */
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding, Layers } from './layers.ts'
import { merge, mergeMapping, removesNothing, withInclude } from './merge.ts'
import { isRecord } from './path.ts'
import type { IncludeFile, JobsFile, MappingFile, ProjectFile } from './schema-types.ts'
import type { Checked } from './schema-check.ts'
import { isInUse, settingsOf } from './setting-values.ts'
import { didYouMean } from './suggest.ts'

/** The files of a project, checked one by one. */
export interface Files {
  readonly project: Checked<ProjectFile>
  readonly target: Checked<ProjectFile> | undefined
  /** Where `connections` and `state` are taken from, if not from these. */
  readonly reached: Pick<Files, 'project' | 'target'> | undefined
  /** Own mappings by file name. */
  readonly mappings: readonly Checked<MappingFile>[]
  /** Shared sets by name, own ones before standard ones of the same name. */
  readonly includes: ReadonlyMap<string, Checked<IncludeFile>>
  readonly jobs: Checked<JobsFile> | undefined
  readonly standard: Standard | undefined
}

/** The standard set that the project uses. */
export interface Standard {
  /** By name, in reading order. */
  readonly mappings: ReadonlyMap<string, Checked<MappingFile>>
  readonly jobs: Checked<JobsFile> | undefined
}

/** Puts the files together. */
export async function assemble(files: Files): Promise<Draft> {
  const { value, layers } = assembleProject(files)
  const mappings = await assembleMappings(files, value)
  return {
    project: { value, layers },
    mappings,
    jobs: assembleJobs(files),
    includes: files.includes,
    names: namesOf(files),
  }
}

function assembleProject({
  project,
  target,
  reached,
}: Pick<Files, 'project' | 'target' | 'reached'>): Draft['project'] {
  const layers: Layers = target === undefined ? [project] : [target, project]
  const value = merge(project.value ?? {}, target?.value ?? {}) as ProjectFile
  if (reached === undefined) return { value, layers }
  const { connections: _connections, state: _state, ...own } = value
  const other = assembleProject({ ...reached, reached: undefined })
  const { connections, state } = other.value
  return {
    value: {
      ...own,
      ...(connections !== undefined && { connections }),
      ...(state !== undefined && { state }),
    },
    layers: [...other.layers, ...layers],
  }
}

function assembleJobs({ jobs, standard }: Files): Draft['jobs'] {
  const layers = [jobs, standard?.jobs].filter((each) => each !== undefined)
  return { value: merge(standard?.jobs?.value ?? { jobs: {} }, jobs?.value ?? {}) as JobsFile, layers }
}

/** Every name that some file gives a mapping; a file that cannot be read stands for its own name. */
function namesOf({ mappings, standard }: Files): readonly string[] {
  const own = mappings.map(({ source }) => {
    const written = isRecord(source.value) ? source.value['mapping'] : undefined
    return typeof written === 'string' ? written : baseName(source.file)
  })
  return [...new Set([...(standard?.mappings.keys() ?? []), ...own])]
}

const baseName = (file: string): string => file.replace(/^.*[/\\]/, '').replace(/\.ya?ml$/, '')

async function assembleMappings(files: Files, project: ProjectFile): Promise<readonly MappingDraft[]> {
  const drafts = new Map<string, MappingDraft>()
  const settings = settingsOf(project)
  const used = await setsInUse(files, settings)
  for (const [name, checked] of files.standard?.mappings ?? [])
    drafts.set(name, draftOf(checked, undefined, { name, used, findings: [] }))
  const own = new Map<string, string>()
  for (const checked of files.mappings) {
    const { value } = checked
    if (value === undefined) continue
    const base = baseOf(checked, files)
    const name = value.mapping ?? base.name
    if (name === undefined) {
      drafts.set(checked.source.file, nameless(checked, value, base.findings))
      continue
    }
    const findings = [...base.findings, ...sameName(name, checked, { own, standard: files.standard })]
    const draft = draftOf(checked, base.checked, { name, used, findings })
    drafts.set(own.has(name) ? checked.source.file : name, draft)
    own.set(name, own.get(name) ?? checked.source.file)
  }
  return [...drafts.values()]
}

/** Shared sets by name; those left out by their condition give nothing. */
async function setsInUse(
  { includes }: Files,
  settings: ReturnType<typeof settingsOf>,
): Promise<ReadonlyMap<string, UsedSet>> {
  const asked = await Promise.all(
    [...includes].map(
      async ([name, checked]) => [name, { checked, inUse: await isInUse(checked.value ?? {}, settings) }] as const,
    ),
  )
  return new Map(asked)
}

interface UsedSet {
  readonly checked: Checked<IncludeFile>
  readonly inUse: boolean
}

interface Base {
  readonly name?: string
  readonly checked?: Checked<MappingFile>
  readonly findings: readonly Finding[]
}

/** The standard mapping that a file extends. */
function baseOf({ value }: Checked<MappingFile>, { standard, project }: Files): Base {
  const name = value?.extends?.replace(/^standard\//, '')
  if (name === undefined) return { findings: [] }
  const path = ['extends']
  if (standard === undefined) {
    const told = project.wrong.some(([key]) => key === 'use' || key === undefined)
    return { name, findings: told ? [] : [{ path, message: 'needs `use: standard@1` in couplet.yaml' }] }
  }
  const checked = standard.mappings.get(name)
  if (checked !== undefined) return { name, checked, findings: [] }
  return {
    name,
    findings: [
      { path, message: `the standard set has no "${name}"${didYouMean(name, [...standard.mappings.keys()])}` },
    ],
  }
}

function sameName(
  name: string,
  { value }: Checked<MappingFile>,
  known: { own: ReadonlyMap<string, string>; standard: Standard | undefined },
): readonly Finding[] {
  const path = value?.mapping === undefined ? ['extends'] : ['mapping']
  const first = known.own.get(name)
  if (first !== undefined) return [{ path, message: `"${name}" is the name of the mapping in ${first} already` }]
  if (value?.extends !== undefined || known.standard?.mappings.has(name) !== true) return []
  const message = `replaces the standard mapping "${name}" whole; write \`extends: standard/${name}\` to change parts of it`
  return [{ path, message, severity: 'warning' }]
}

/** The rows that a file itself has. */
const ownRows = ({ fields, lines }: MappingFile = {}): Pick<MappingDraft, 'own' | 'ownLines'> => ({
  own: Object.keys(fields ?? {}),
  ownLines: Object.keys(lines?.fields ?? {}),
})

const nameless = (checked: Checked<MappingFile>, value: MappingFile, findings: readonly Finding[]): MappingDraft => ({
  name: '',
  layers: [checked],
  value,
  ...ownRows(value),
  shared: [],
  incomplete: false,
  findings: [
    ...findings,
    { path: [], message: `"mapping" is missing: give it a name, e.g. ${baseName(checked.source.file)}` },
  ],
})

interface Given {
  readonly name: string
  readonly used: ReadonlyMap<string, UsedSet>
  readonly findings: readonly Finding[]
}

const valuesOf = (sets: readonly UsedSet[]): readonly IncludeFile[] =>
  sets.flatMap(({ checked }) => checked.value ?? [])

function draftOf(checked: Checked<MappingFile>, base: Checked<MappingFile> | undefined, given: Given): MappingDraft {
  const patch = checked.value ?? {}
  const names = patch.include ?? base?.value?.include ?? []
  const named = names.flatMap((name) => given.used.get(name) ?? [])
  const sets = named.filter(({ inUse }) => inUse)
  const shared = valuesOf(sets)
  // The rows of the first set stand first; a later set wins over an earlier one, and the mapping over all.
  const own = base?.value ?? {}
  const start = shared.reduceRight(withInclude, own)
  // What a set holds may be removed also where the set is not in use.
  const whole = valuesOf(named).reduceRight(withInclude, own)
  const merged = mergeMapping(start, patch)
  const after = [...new Set([...(merged.after ?? []), ...shared.flatMap((set) => set.after ?? [])])]
  const unknown = names.flatMap((name, index): readonly Finding[] => {
    if (given.used.has(name)) return []
    const known = [...given.used.keys()]
    return [
      { path: ['include', index], message: `no set is called "${name}" in mappings/include${didYouMean(name, known)}` },
    ]
  })
  return {
    name: given.name,
    layers: [checked, ...sets.map((set) => set.checked), ...(base === undefined ? [] : [base])],
    value: { ...merged, mapping: given.name, after },
    ...ownRows(checked.value),
    shared,
    incomplete: patch.extends !== undefined && base === undefined,
    findings: [...given.findings, ...unknown, ...removesNothing(whole, patch)],
  }
}
