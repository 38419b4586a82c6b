/** Files that a person asks a command to read or write. */
import { open, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Context } from './context.ts'
import { UsageError } from './usage-error.ts'

const ownerOnly = 0o600

/** Writes a text, readable by its owner only. Throws UsageError when the file cannot be written. */
export async function saveFile({ terminal }: Context, file: string, text: string): Promise<void> {
  const ended = text.endsWith('\n') ? text : `${text}\n`
  await writeOwn(resolve(terminal.cwd, file), ended).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause'
    throw new UsageError(`${file} cannot be written (${code}).`, 'Give a file in a folder that is there and yours.')
  })
}

/** What stood there before may have been readable by everybody. A device or a pipe keeps its rights. */
async function writeOwn(path: string, text: string): Promise<void> {
  const handle = await open(path, 'w', ownerOnly)
  try {
    if ((await handle.stat()).isFile()) await handle.chmod(ownerOnly)
    await handle.writeFile(text)
  } finally {
    await handle.close()
  }
}

/** Saves a text where a file is named and says so; else prints it. */
export async function saveOrPrint(context: Context, file: string | undefined, text: string): Promise<void> {
  if (file === undefined) return context.terminal.out(text.trimEnd())
  await saveFile(context, file, text)
  context.terminal.err(`Written to ${file}.`)
}

/** A whole file as text. Throws UsageError when it cannot be read. */
export async function readTextFile({ terminal }: Context, file: string): Promise<string> {
  return readFile(resolve(terminal.cwd, file), 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read.`, 'Give a file that is there and that you may read.')
  })
}
