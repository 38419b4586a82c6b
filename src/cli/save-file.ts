/** Files that a person asks a command to write. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Context } from './context.ts'
import { UsageError } from './usage-error.ts'

/** Writes a text, readable by its owner only. Throws UsageError when the file cannot be written. */
export async function saveFile({ terminal }: Context, file: string, text: string): Promise<void> {
  const ended = text.endsWith('\n') ? text : `${text}\n`
  await writeFile(resolve(terminal.cwd, file), ended, { mode: 0o600 }).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause'
    throw new UsageError(`${file} cannot be written (${code}).`, 'Give a file in a folder that is there and yours.')
  })
}
