/**
 * A state folder as a tree of Git, and back. Only the files of a state travel: no lock, no half-written file, and never
 * the fingerprint key, without which no value can be guessed from the fingerprints (P8).
 */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StateError } from '../errors.ts'
import { ensureFolder, replaceFile } from './durable-file.ts'
import type { Git } from './git.ts'

const ofFolder = /^(state\.json|runs\.jsonl|jobs\.jsonl|\.gitignore)$/
const ofMapping = /^(couplings(-\d+)?\.json|held\.json|marks\.json|journal\.jsonl)$/
const mappingName = /^[A-Za-z0-9%_!~*'()-][A-Za-z0-9%_.!~*'()-]*$/

/** Writes the folder's files as objects; returns the hash of their tree. */
export async function writeTree(git: Git, folder: string): Promise<string> {
  const entries: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && mappingName.test(entry.name)) {
      const tree = await treeOf(git, join(folder, entry.name), await namesIn(join(folder, entry.name)))
      if (tree !== undefined) entries.push(`040000 tree ${tree}\t${entry.name}`)
    }
  }
  const files = (await namesIn(folder, ofFolder)).toSorted()
  entries.push(...(await blobsOf(git, folder, files)))
  return makeTree(git, entries)
}

async function namesIn(folder: string, kept = ofMapping): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && kept.test(entry.name)).map((entry) => entry.name)
}

const treeOf = async (git: Git, folder: string, names: readonly string[]): Promise<string | undefined> =>
  names.length === 0 ? undefined : makeTree(git, await blobsOf(git, folder, names))

async function blobsOf(git: Git, folder: string, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return []
  const input = names.map((name) => `${join(folder, name)}\n`).join('')
  const { text } = await git(['hash-object', '-w', '--no-filters', '--stdin-paths'], { input })
  return text.split('\n').map((hash, index) => `100644 blob ${hash}\t${names[index]}`)
}

const makeTree = async (git: Git, entries: readonly string[]): Promise<string> =>
  (await git(['mktree', '-z'], { input: entries.map((entry) => `${entry}\0`).join('') })).text

/** The tree without files. */
export const emptyTree = (git: Git): Promise<string> => makeTree(git, [])

/** A file that differs between two trees. */
export interface ChangedFile {
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/** The files that differ, with their texts. */
export async function changedFiles(git: Git, before: string, after: string): Promise<readonly ChangedFile[]> {
  const { bytes } = await git(['diff-tree', '-r', '-z', '--no-renames', '--raw', before, after])
  const parts = bytes.toString('utf8').split('\0')
  const changed: { path: string; from: string; to: string }[] = []
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const [, , from = '', to = ''] = (parts[index] ?? '').split(' ')
    changed.push({ path: parts[index + 1] ?? '', from, to })
  }
  const texts = await textsOf(
    git,
    changed.flatMap(({ from, to }) => [from, to]),
  )
  return changed.map(({ path, from, to }) => ({ path, before: texts.get(from), after: texts.get(to) }))
}

/** Puts the files of a tree into a folder, `state.json` last: without it the folder holds no state. */
export async function readTree(git: Git, tree: string, folder: string): Promise<void> {
  const { bytes } = await git(['ls-tree', '-r', '-z', '--full-tree', tree])
  const files = bytes.toString('utf8').split('\0').filter(Boolean).map(fileOf)
  const texts = await textsOf(
    git,
    files.map(({ hash }) => hash),
  )
  await ensureFolder(folder)
  for (const { path, hash } of files.toSorted(
    (a, b) => Number(a.path === 'state.json') - Number(b.path === 'state.json'),
  )) {
    await ensureFolder(dirname(join(folder, path)))
    await replaceFile(join(folder, path), texts.get(hash) ?? '')
  }
}

/** Throws StateError for anything that is no file of a state: nothing is written outside of its folder. */
function fileOf(line: string): { readonly path: string; readonly hash: string } {
  const [head = '', path = ''] = line.split('\t')
  const [mode, , hash = ''] = head.split(' ')
  const parts = path.split('/')
  const [first = '', second = ''] = parts
  const isState = parts.length === 1 ? ofFolder.test(first) : mappingName.test(first) && ofMapping.test(second)
  if (mode === '100644' && parts.length <= 2 && isState) return { path, hash }
  throw new StateError(
    `The state branch holds ${path}, which is no file of a state.`,
    'Take it away from the branch; only `couplet state push` writes there.',
  )
}

/** Texts of blobs by hash. */
async function textsOf(git: Git, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(hashes)].filter((hash) => !/^0+$/.test(hash))
  const texts = new Map<string, string>()
  if (wanted.length === 0) return texts
  const { bytes } = await git(['cat-file', '--batch'], { input: `${wanted.join('\n')}\n` })
  let at = 0
  for (const hash of wanted) {
    const end = bytes.indexOf(10, at)
    const size = Number(bytes.toString('utf8', at, end).split(' ')[2])
    if (Number.isNaN(size))
      throw new StateError(`${hash} of the state branch is missing here.`, 'Fetch the branch whole, then run again.')
    texts.set(hash, bytes.toString('utf8', end + 1, end + 1 + size))
    at = end + 1 + size + 1
  }
  return texts
}
