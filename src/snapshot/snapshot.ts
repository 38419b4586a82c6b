/**
 * A snapshot: the rows of both sides that the mappings need, and the couplings of the state, as they stood on a day, with
 * pseudonyms for values (P8). The effect of a change can be told from it with no network and no credentials.
 */
import type { BySide } from '../config/config.ts'
import type { Identity } from '../connector/connector.ts'
import type { MappingContent } from '../store/mapping-content.ts'
import type { Recorded } from './shelf.ts'

export interface Snapshot {
  /** When the reading began, ISO 8601. */
  readonly taken: string
  /** Overlay of the project that it was taken with. */
  readonly target: string | undefined
  readonly identity: BySide<Identity>
  readonly sides: BySide<Recorded>
  /** The key of the fingerprints over the pseudonyms; it opens nothing else. */
  readonly key: string
  /** Mapping → all its facts but watermarks and open intents. */
  readonly state: Readonly<Record<string, MappingContent>>
  /** Values that stayed because the configuration names them. */
  readonly named: readonly (string | number)[]
}
