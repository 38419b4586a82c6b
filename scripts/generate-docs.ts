/** Writes docs/standard/, the pages of the standard set. A test holds them against the mappings. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { standardPages } from '../test/mappings/standard-pages.ts'

const folder = fileURLToPath(new URL('../docs/standard/', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'couplet-docs-'))
try {
  const pages = await standardPages(project)
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name))
  for (const [name, text] of pages) writeFileSync(join(folder, name), text)
} finally {
  rmSync(project, { recursive: true })
}
