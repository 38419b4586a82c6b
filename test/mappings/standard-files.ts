/** Reads the standard set as people wrote it, and the native facts it is held against. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { JobsFile, MappingFile, StandardFile } from '../../src/config/schema-types.ts'

const root = new URL('../../', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** A file of data as JSON; the caller says what it holds. */
export const readJson = <T>(path: string): T => JSON.parse(text(path)) as T
/** A YAML file of mappings/; the caller says what it holds. */
export const readYaml = <T>(name: string): T => parse(text(`mappings/${name}`)) as T

const special = ['standard.yaml', 'jobs.yaml']
/** File names of mappings/, without the two that are no mappings. */
export const mappingFiles: readonly string[] = readdirSync(new URL('mappings/', root)).filter(
  (name) => name.endsWith('.yaml') && !special.includes(name),
)
/** Every mapping file by its name without `.yaml`. */
export const mappings: ReadonlyMap<string, MappingFile> = new Map(
  mappingFiles.map((name) => [name.replace(/\.yaml$/, ''), readYaml<MappingFile>(name)]),
)
export const standard: StandardFile = readYaml('standard.yaml')
export const jobs: JobsFile = readYaml('jobs.yaml')

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

export const nativeTables: readonly NativeTable[] = readJson('data/native/table-mappings.json')
export const nativeRows: readonly NativeRow[] = readJson('data/native/field-rows.json')

/** One text or several, as a list. */
export const list = (texts: string | string[] | undefined): readonly string[] =>
  texts === undefined ? [] : typeof texts === 'string' ? [texts] : texts
