/** Reads the demo records that ship with the package. */

import { readFileSync } from 'node:fs'

/** One record of a demo file. */
export type DemoRow = Readonly<Record<string, unknown>>

/** The folders of `data/demo`. */
export type DemoFolder = 'business-central' | 'business-central-contoso' | 'sales'

const root = new URL('../../data/demo/', import.meta.url)

/** The records of one file. Throws when the package is damaged. */
export function demoRows(folder: DemoFolder, set: string): DemoRow[] {
  return JSON.parse(readFileSync(new URL(`${folder}/${set}.json`, root), 'utf8')) as DemoRow[]
}

/** A text of a record; empty when it is missing or no text. */
export function text(row: DemoRow, property: string): string {
  const value = row[property]
  return typeof value === 'string' ? value : ''
}
