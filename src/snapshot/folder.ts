/**
 * A snapshot as a folder of text files that can be committed. `snapshot.json` names every file with its checksum: what was
 * damaged, mixed or changed by hand is refused and never believed.
 */
import { readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type BySide, type Side, sides } from '../config/config.ts'
import { StateError } from '../errors.ts'
import { couplingOf, encodeLine } from '../store/coupling-line.ts'
import { checksum, ensureFolder, explained, readIfThere, writeSynced } from '../store/durable-file.ts'
import type { MappingContent } from '../store/mapping-content.ts'
import type { Missing } from './collection.ts'
import { collectionLines, collectionOf } from './collection-file.ts'
import type { Snapshot } from './snapshot.ts'

/** Another number where a snapshot can not be read by an older or newer couplet. */
export const snapshotFormat = 1
const headFile = 'snapshot.json'
/** All that stands in the folder. */
const own: ReadonlySet<string> = new Set([headFile, ...sides, 'couplings'])

interface Head extends Pick<Snapshot, 'taken' | 'identity' | 'key' | 'named'> {
  readonly couplet: 'snapshot'
  readonly format: number
  readonly target: string | null
  readonly missing: BySide<readonly Missing[]>
  /** Path → checksum. */
  readonly files: Readonly<Record<string, string>>
  /** Checksum of this file without it. */
  readonly sum: string
}

/** Bytes written. */
type Written = number

/** Writes a snapshot where none is, or in place of another one. Throws StateError when the folder holds something else. */
export async function writeSnapshot(folder: string, snapshot: Snapshot): Promise<Written> {
  return explained(folder, async () => {
    const there = await namesIn(folder)
    const foreign = there.includes(headFile) ? there.find((name) => !own.has(name)) : there[0]
    if (foreign !== undefined)
      throw new StateError(
        `${folder} holds ${foreign}, which is no part of a snapshot.`,
        'Give a folder of its own with --out.',
      )
    const files = filesOf(snapshot)
    const fresh = `${folder}.new`
    await rm(fresh, { recursive: true, force: true })
    for (const [path, text] of files) {
      await ensureFolder(dirname(join(fresh, path)))
      await writeSynced(join(fresh, path), text)
    }
    await rm(folder, { recursive: true, force: true })
    await rename(fresh, folder)
    return [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  })
}

/** Nothing where there is no folder. Throws where there is a file, or a folder that cannot be looked into. */
const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })

function filesOf(snapshot: Snapshot): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const add = (folder: string, name: string, lines: readonly string[]): void => {
    files.set(freeName(files, `${folder}/${name}`), lines.map((line) => `${line}\n`).join(''))
  }
  for (const side of sides)
    for (const collection of snapshot.sides[side].collections)
      add(side, collection.entity.entity, collectionLines(collection))
  for (const [name, { couplings, ...rest }] of Object.entries(snapshot.state))
    add('couplings', name, [JSON.stringify({ mapping: name, ...rest }), ...couplings.map(encodeLine)])
  const sums = Object.fromEntries([...files].map(([path, text]) => [path, checksum(text)]))
  return files.set(headFile, headText(snapshot, sums))
}

/** Two collections may bear one name: of the standard API and of an extension. */
function freeName(files: ReadonlyMap<string, string>, name: string, count = 1): string {
  const path = `${name}${count === 1 ? '' : `-${count}`}.jsonl`
  return files.has(path) ? freeName(files, name, count + 1) : path
}

function headText({ taken, target, identity, sides, key, named }: Snapshot, files: Head['files']): string {
  const head: Omit<Head, 'sum'> = {
    couplet: 'snapshot',
    format: snapshotFormat,
    taken,
    target: target ?? null,
    identity,
    key,
    named,
    missing: { businessCentral: sides.businessCentral.missing, sales: sides.sales.missing },
    files,
  }
  return `${JSON.stringify({ ...head, sum: sumOf(head) }, null, 1)}\n`
}

const sumOf = (head: Omit<Head, 'sum'>): string => checksum(JSON.stringify(head))

/** The way on from a snapshot that is not what was written. */
const takeAnew = 'Restore the folder as it was taken, all its files together, or take a new one: couplet snapshot'

/** Reads a snapshot. Throws StateError when the folder holds none, one of another format, or one that is damaged. */
export async function readSnapshot(folder: string): Promise<Snapshot> {
  return explained(folder, async () => {
    const text = await readIfThere(join(folder, headFile))
    if (text === undefined)
      throw new StateError(`${folder} holds no snapshot.`, 'Name the folder that couplet snapshot wrote.')
    const head = headOf(folder, text)
    const lines = async (path: string): Promise<readonly string[]> => linesOf(folder, path, head)
    const paths = Object.keys(head.files)
    const collections = async (side: Side): Promise<Snapshot['sides'][Side]> => ({
      collections: await Promise.all(
        paths.filter((path) => path.startsWith(`${side}/`)).map(async (path) => collectionOf(await lines(path))),
      ),
      missing: head.missing[side],
    })
    const state = await Promise.all(
      paths.filter((path) => path.startsWith('couplings/')).map(async (path) => contentOf(await lines(path))),
    )
    return {
      taken: head.taken,
      target: head.target ?? undefined,
      identity: head.identity,
      sides: { businessCentral: await collections('businessCentral'), sales: await collections('sales') },
      key: head.key,
      named: head.named,
      state: Object.fromEntries(state),
    }
  })
}

function headOf(folder: string, text: string): Head {
  const path = join(folder, headFile)
  const head = parsed(text)
  if (head?.couplet !== 'snapshot') throw new StateError(`${path} is not the head of a snapshot.`, takeAnew)
  if (head.format !== snapshotFormat)
    throw new StateError(
      `The snapshot in ${folder} has format ${head.format}; this version reads ${snapshotFormat}.`,
      'Take it anew with this version (couplet snapshot), or use the version that it was taken with.',
    )
  const { sum, ...rest } = head
  if (sum !== sumOf(rest)) throw new StateError(`${path} is damaged: its checksum does not fit.`, takeAnew)
  return head
}

function parsed(text: string): Head | undefined {
  try {
    return JSON.parse(text) as Head
  } catch {
    return undefined
  }
}

/** Git may have changed the ends of lines; nothing else may have been. */
async function linesOf(folder: string, path: string, { files }: Head): Promise<readonly string[]> {
  const text = (await readIfThere(join(folder, path)))?.replaceAll('\r\n', '\n')
  if (text === undefined) throw new StateError(`${join(folder, path)} is missing.`, takeAnew)
  if (checksum(text) !== files[path])
    throw new StateError(`${join(folder, path)} is damaged: its checksum does not fit.`, takeAnew)
  return text.split('\n').slice(0, -1)
}

function contentOf([head = '', ...lines]: readonly string[]): readonly [string, MappingContent] {
  const { mapping, ...rest } = JSON.parse(head) as Omit<MappingContent, 'couplings'> & { readonly mapping: string }
  return [mapping, { ...rest, hash: rest.hash, couplings: lines.map((line) => couplingOf(JSON.parse(line))) }]
}
