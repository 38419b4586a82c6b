/**
 * The plan: what a run would do, as data that can be printed, counted, saved and refused. Values live only in memory;
 * what is saved holds ids, versions and fingerprints (P6, P8).
 */
import type { BySide, Side } from '../config/config.ts'
import type { HeldKind } from './coupling.ts'
import { shortHash } from './fingerprint.ts'
import type { Canonical } from './values.ts'

/**
 * Why a value is written: somebody edited it; it fills a blank; two records or rows meet for the first time; a person
 * took it; the record is new; a template gives it; or only because something else is written (a document is opened and closed around it).
 */
export type WriteReason = 'edit' | 'fill' | 'first' | 'resolved' | 'create' | 'default' | 'around'

/** A claim says in Sales whose the record is that something is to be created from. */
export type OperationKind = 'create' | 'update' | 'delete' | 'couple' | 'uncouple' | 'claim'

/** One thing that is to be done to one record. */
export interface Operation {
  readonly mapping: string
  readonly kind: OperationKind
  /** The side written to; for couple and uncouple the side whose record leads. */
  readonly side: Side
  /** Key of the record on that side; for a create the key it will get, undefined where the service chooses. */
  readonly key: string | undefined
  /** Key of the partner on the other side. */
  readonly partner: string | undefined
  /** Record number or code, for people. */
  readonly number: string | undefined
  /** Fingerprint of the version that the decision was made on. */
  readonly version: string | undefined
  readonly fields: readonly PlannedField[]
  /** Lines of a document that are written with it. */
  readonly lines?: readonly PlannedLine[]
  /** True for a record that is created again after a delete. */
  readonly restores?: boolean
}

/** One line of a document, written with it. */
export interface PlannedLine {
  readonly kind: 'create' | 'update' | 'delete'
  /** Key of the line on the side written to; undefined where the service chooses it. */
  readonly key: string | undefined
  /** Key of the line that it is made from. */
  readonly partner: string | undefined
  readonly fields: readonly PlannedField[]
}

/** One value of an operation. */
export interface PlannedField {
  readonly name: string
  /** Column written, e.g. `telephone1`. */
  readonly column: string
  readonly before: Canonical
  readonly after: Canonical
  readonly why: WriteReason
  /** A code that plans may show even where values are masked. */
  readonly reveal: boolean
  /** Fingerprint of the new value. */
  readonly print: string
}

/** A record that would wait, and why; with both values of the fields concerned, in memory only. */
export interface PlannedHold {
  readonly mapping: string
  readonly side: Side
  readonly id: string
  readonly number: string | undefined
  readonly kind: HeldKind
  readonly message: string
  readonly remedy: string
  readonly fields: readonly { readonly name: string; readonly column: string; readonly values: BySide<Canonical> }[]
  /** It was held for the same reason before this run. */
  readonly known: boolean
}

export interface Plan {
  readonly operations: readonly Operation[]
  readonly holds: readonly PlannedHold[]
  readonly counts: readonly MappingCounts[]
}

/** What a plan does to one side of one mapping. */
export interface MappingCounts {
  readonly mapping: string
  readonly side: Side
  readonly creates: number
  readonly updates: number
  readonly deletes: number
  readonly couples: number
  readonly uncouples: number
  /** Coupled records before the run. */
  readonly coupled: number
}

/** Tells whether two plans mean the same operation on the same version with the same values. */
export function operationHash(operation: Operation): string {
  const { mapping, kind, side, key, partner, version, fields, lines = [] } = operation
  const ofLines = lines.map((line) => `${line.kind} ${line.key ?? ''} ${line.partner ?? ''} ${printsOf(line.fields)}`)
  const parts = [mapping, kind, side, key ?? '', partner ?? '', version ?? '', ...prints(fields), ...ofLines.sort()]
  return shortHash(parts.join('\n'))
}

const prints = (fields: readonly PlannedField[]): readonly string[] =>
  fields.map(({ name, print }) => `${name}=${print}`).sort()
const printsOf = (fields: readonly PlannedField[]): string => prints(fields).join(' ')

/** The order in which people read operations: by mapping as it runs, kind, then number. Stable for the same operations. */
export function inOrder(operations: readonly Operation[], mappings: readonly string[]): readonly Operation[] {
  const kinds: readonly OperationKind[] = ['couple', 'claim', 'create', 'update', 'uncouple', 'delete']
  const rank = new Map(mappings.map((name, index) => [name, index]))
  const key = ({ mapping, kind, side, number, key: id, partner }: Operation): string =>
    [
      String(rank.get(mapping) ?? mappings.length).padStart(4, '0'),
      side === 'sales' ? 0 : 1,
      kinds.indexOf(kind),
      number ?? '',
      id ?? '',
      partner ?? '',
    ].join('\t')
  return operations
    .map((operation) => ({ operation, key: key(operation) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ operation }) => operation)
}
