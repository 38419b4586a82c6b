/** Privileges: what can be done to a table, how far that reaches, how it is called. */

import type { TableSchema } from './dataverse-schema.ts'

/** How far a privilege reaches: own rows, the business unit, units below it, the organisation. */
export type Depth = 'Basic' | 'Local' | 'Deep' | 'Global'
export const depths: readonly Depth[] = ['Basic', 'Local', 'Deep', 'Global']

export type Verb = 'Create' | 'Read' | 'Write' | 'Delete' | 'Append' | 'AppendTo' | 'Assign'
export const verbs: readonly Verb[] = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo', 'Assign']

/** `prvReadAccount`; documents' lines and the like have privileges of their own here, too. */
export const privilegeName = (verb: Verb, { logical }: Pick<TableSchema, 'logical'>): string =>
  `prv${verb}${logical[0]?.toUpperCase() ?? ''}${logical.slice(1)}`
