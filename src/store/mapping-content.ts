/** All facts of one mapping as plain data: what a snapshot holds, what an export carries. */
import type { BySide, Side } from '../config/config.ts'
import type { Coupling, Held } from '../core/coupling.ts'
import type { Watermark } from '../core/watermark.ts'
import type { Intent, Store } from './store.ts'

export interface MappingContent {
  readonly hash: string | undefined
  readonly couplings: readonly Coupling[]
  readonly held: readonly Held[]
  readonly intents: readonly Intent[]
  /** Layout id → field rows. */
  readonly layouts: Readonly<Record<string, readonly string[]>>
  readonly watermarks: Readonly<Record<string, Watermark>>
  /** Record id → how often a person uncoupled it. */
  readonly generations: BySide<Readonly<Record<string, number>>>
  readonly counted: Readonly<Partial<Record<Side, number>>>
  /** Name → record ids; names with none are left out. */
  readonly watched: Readonly<Record<string, readonly string[]>>
}

/** The same with each coupling as a line (coupling-line.ts): what a snapshot reads and writes. */
export type PackedContent = Omit<MappingContent, 'couplings'> & { readonly couplings: readonly string[] }

/** A store whose mappings can be taken out and put back whole: for export, import, forgetting and new keys. */
export interface PortableStore extends Store {
  /** Identity of the services the state is bound to. */
  readonly identity: BySide<string> | undefined
  content(mapping: string): MappingContent
  /** Replaces all facts of a mapping, whole or not at all, and leaves no trace of the former ones. Needs the lock. */
  replace(mapping: string, content: MappingContent): Promise<void>
}

/** What is known of a mapping nobody has run yet. */
export const emptyContent: Omit<MappingContent, 'couplings'> & { readonly couplings: readonly never[] } = {
  hash: undefined,
  couplings: [],
  held: [],
  intents: [],
  layouts: {},
  watermarks: {},
  generations: { businessCentral: {}, sales: {} },
  counted: {},
  watched: {},
}
