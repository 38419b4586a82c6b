/** The project between its files and the resolved configuration: merged values with the files they came from. */
import type { Finding, Layer, Layers } from './layers.ts'
import type { Checked } from './schema-check.ts'
import type { IncludeFile, JobsFile, MappingFile, ProjectFile } from './schema-types.ts'

export interface Draft {
  readonly project: { readonly value: ProjectFile; readonly layers: Layers }
  /** In reading order: standard ones first, then own ones by file name. */
  readonly mappings: readonly MappingDraft[]
  readonly jobs: { readonly value: JobsFile; readonly layers: Layers }
  /** Shared sets by name, whether a mapping uses them or not. */
  readonly includes: ReadonlyMap<string, Checked<IncludeFile>>
  /** Every name that a mapping has, those of files that could not be read included. */
  readonly names: readonly string[]
}

export interface MappingDraft {
  readonly name: string
  /** Own file, shared sets, standard file: the first wins. */
  readonly layers: readonly [Layer, ...Layer[]]
  readonly value: MappingFile
  /** Names of the rows that its own file has. */
  readonly own: readonly string[]
  /** Names of the rows of lines that its own file has. */
  readonly ownLines: readonly string[]
  /** Shared sets in use; their rows stand in `value` already, their filters hold beside the mapping's own. */
  readonly shared: readonly IncludeFile[]
  /** The mapping that it extends is not there: the rules cannot say anything of it. */
  readonly incomplete: boolean
  /** What putting the files together showed. */
  readonly findings: readonly Finding[]
}

/** A rule about one mapping of a project. */
export type MappingRule = (mapping: MappingDraft, draft: Draft) => readonly Finding[]
/** A rule about the project as a whole. */
export type ProjectRule = (draft: Draft) => readonly Finding[]
