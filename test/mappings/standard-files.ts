/** Reads the standard set as people wrote it, and the native facts it is held against. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Direction, Side } from '../../src/config/config.ts'
import type {
  FieldRow,
  IncludeFile,
  JobsFile,
  MappingFile,
  Source,
  StandardFile,
} from '../../src/config/schema-types.ts'

const root = new URL('../../', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** A file of data as JSON. */
export const readJson = (path: string): unknown => JSON.parse(text(path))
/** A YAML file of mappings/. */
export const readYaml = (name: string): unknown => parse(text(`mappings/${name}`))

const special = ['standard.yaml', 'jobs.yaml']
/** File names of mappings/, without the two that are no mappings. */
export const mappingFiles: readonly string[] = readdirSync(new URL('mappings/', root)).filter(
  (name) => name.endsWith('.yaml') && !special.includes(name),
)
/** File names of mappings/include/, with the folder. */
export const includeFiles: readonly string[] = readdirSync(new URL('mappings/include/', root)).map(
  (name) => `include/${name}`,
)

/** A mapping with the rows, pages and joins of its included sets, whatever the settings. */
function withIncludes(file: MappingFile): MappingFile {
  const parts = (file.include ?? []).map((name) => readYaml(`include/${name}.yaml`) as IncludeFile)
  const side = (name: Side): Source => ({
    ...file[name],
    with: Object.assign({}, ...parts.map((part) => part[name]?.with), file[name]?.with),
    join: Object.assign({}, ...parts.map((part) => part[name]?.join), file[name]?.join),
    filter: [file[name]?.filter, ...parts.map((part) => part[name]?.filter)].filter(Boolean).join(' and ') || null,
  })
  const fields = Object.assign({}, ...parts.map((part) => part.fields), file.fields)
  return { ...file, businessCentral: side('businessCentral'), sales: side('sales'), fields }
}

/** Every mapping file by its name without `.yaml`. */
export const mappings: ReadonlyMap<string, MappingFile> = new Map(
  mappingFiles.map((name) => [name.replace(/\.yaml$/, ''), withIncludes(readYaml(name) as MappingFile)]),
)
export const standard = readYaml('standard.yaml') as StandardFile
export const jobs = readYaml('jobs.yaml') as JobsFile

/** A line of data/native/table-mappings.json. */
export interface NativeTable {
  readonly name: string
  readonly variant?: string
  readonly direction: 'both' | 'toSales' | 'toBusinessCentral'
  readonly dependsOn?: readonly string[]
  readonly everyMinutes?: number
  readonly inactivityMinutes?: number
  readonly jobCategory?: string
  readonly syncAfterMatch?: boolean
}

/** A line of data/native/field-rows.json. */
export interface NativeRow {
  readonly row: string
  readonly mapping: string
  readonly disabled?: boolean
  readonly bcField?: string
  readonly salesColumn?: string
  readonly direction: 'both' | 'toSales' | 'toBusinessCentral'
  readonly constant?: string
  readonly access?: 'Insert' | 'Modify' | 'Read'
  readonly match?: boolean
  readonly notNull?: boolean
  readonly clearIfUncoupled?: boolean
  readonly condition?: string
  readonly api?: string
  readonly page?: string
}

export const nativeTables = readJson('data/native/table-mappings.json') as readonly NativeTable[]
export const nativeRows = readJson('data/native/field-rows.json') as readonly NativeRow[]

/** One text or several, as a list. */
export const list = (texts: string | string[] | undefined): readonly string[] =>
  texts === undefined ? [] : typeof texts === 'string' ? [texts] : texts

/** The direction of a row as the schema defines its default. */
export function directionOf(file: MappingFile, row: FieldRow): Direction {
  if (row.direction !== undefined) return row.direction
  const oneColumn = (row.businessCentral === undefined) !== (row.sales === undefined)
  if (oneColumn && (row.compute !== undefined || row.value !== undefined))
    return row.sales === undefined ? 'toBusinessCentral' : 'toSales'
  return file.direction ?? 'both'
}
