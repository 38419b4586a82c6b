/** How a record of Sales that cannot be changed any more makes room for a new one. */
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { rowsOf } from './rules-rows.ts'
import type { MappingFile } from './schema-types.ts'
import { didYouMean } from './suggest.ts'

/** What `couplet replace` does with the old record. */
export interface Replace {
  /** Field rows that Sales keeps for good. */
  readonly rows: readonly string[]
  /** Column of Sales → JSONata over the old record: what is written to set it aside. */
  readonly aside: Readonly<Record<string, string>>
  /** Mappings whose records stay with the old one and are uncoupled too. */
  readonly along: readonly string[]
}

/** The checked key becomes a Replace. */
export const resolveReplace = (written: MappingFile['replace']): Replace | undefined =>
  written && { along: [], ...written }

/** Rows and mappings that `replace` names are there. */
export function checkReplace({ value }: MappingDraft, { names }: Draft): readonly Finding[] {
  const { replace } = value
  const rows = rowsOf(value).map(([name]) => name)
  const unknownRows = (replace?.rows ?? []).flatMap((row, index) =>
    rows.includes(row)
      ? []
      : [{ path: ['replace', 'rows', index], message: `no field row is called "${row}"${didYouMean(row, rows)}` }],
  )
  const unknownMappings = (replace?.along ?? []).flatMap((name, index) =>
    names.includes(name)
      ? []
      : [{ path: ['replace', 'along', index], message: `no mapping is called "${name}"${didYouMean(name, names)}` }],
  )
  return [...unknownRows, ...unknownMappings]
}
