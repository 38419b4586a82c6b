/** State as one document: to carry it to another folder, or to look at it. */
import type { BySide } from '../config/config.ts'
import { StateError } from '../errors.ts'
import { wrongIdentity, wrongMappings } from './document-shape.ts'
import { withoutPrints } from './erase.ts'
import { type MappingContent, type PortableStore, emptyContent } from './mapping-content.ts'
import { currentFormat, refuseNewer } from './migrate.ts'
import { keyCheck } from './state-file.ts'
import { checkContent } from './verify.ts'

export interface StateDocument {
  readonly couplet: 'state'
  readonly format: number
  readonly identity: BySide<string> | null
  /** Tells whether the fingerprints were made with the key of the store that reads this. */
  readonly keyCheck: string
  /** Mapping → all its facts. */
  readonly mappings: Readonly<Record<string, MappingContent>>
}

/** Everything but runs and the key, as one JSON document. */
export function exportState(store: PortableStore): StateDocument {
  return {
    couplet: 'state',
    format: currentFormat,
    identity: store.identity ?? null,
    keyCheck: keyCheck(store.key),
    mappings: Object.fromEntries(store.mappings().map((name) => [name, store.content(name)])),
  }
}

export interface ImportResult {
  readonly mappings: readonly string[]
  readonly couplings: number
  /** False when the document was made with another key: its bases were dropped, see `withoutPrints`. */
  readonly basesKept: boolean
}

/**
 * Replaces the mappings that the document names and leaves the others. Needs the lock. Throws StateError when the
 * document is of another format or other services, is no state at some place, or couples a record twice; then nothing
 * was changed.
 */
export async function importState(store: PortableStore, document: unknown): Promise<ImportResult> {
  const { identity, mappings, keyCheck: madeWith } = readDocument(document)
  const wrong = Object.entries(mappings).flatMap(([name, content]) => checkContent(name, content))
  const error = wrong.find((finding) => finding.severity === 'error')
  if (error !== undefined) throw new StateError(`${error.place}: ${error.message}`, error.remedy)
  if (identity !== null) await store.bind(identity)
  const basesKept = madeWith === keyCheck(store.key)
  for (const [name, content] of Object.entries(mappings)) {
    await store.replace(name, basesKept ? content : withoutPrints(content))
  }
  const couplings = Object.values(mappings).reduce((sum, content) => sum + content.couplings.length, 0)
  return { mappings: Object.keys(mappings), couplings, basesKept }
}

function readDocument(document: unknown): StateDocument {
  const found = typeof document === 'object' && document !== null ? (document as Partial<StateDocument>) : {}
  const { couplet, format, mappings } = found
  if (couplet !== 'state' || format === undefined || mappings === undefined) {
    throw new StateError('The document is not an exported state.', 'Give a file written by: couplet state export')
  }
  refuseNewer(format, 'The document')
  const { identity = null, keyCheck: madeWith = '' } = found
  const wrong =
    wrongMappings(mappings, 'mappings') ?? (identity === null ? undefined : wrongIdentity(identity, 'identity'))
  if (wrong !== undefined) {
    throw new StateError(
      `The document is no state: ${wrong}.`,
      'Give it as couplet state export wrote it; nothing was changed.',
    )
  }
  // Documents of an earlier version say nothing of what is watched.
  const complete = Object.fromEntries(
    Object.entries(mappings).map(([name, content]) => [name, { ...emptyContent, ...content }]),
  )
  return { couplet, format, mappings: complete, identity, keyCheck: madeWith }
}
