/** Rules about as whom a mapping writes to Sales. */
import type { Finding } from './layers.ts'
import type { MappingFile } from './schema-types.ts'

/** Keys that belong together or exclude each other, and a direction in which Sales is written. */
export function checkActAsKeys({ actAs, direction }: MappingFile): readonly Finding[] {
  if (actAs === undefined) return []
  const path = ['actAs']
  const { user, businessCentral, lookup } = actAs
  if (direction === 'toBusinessCentral')
    return [{ path, message: 'this mapping writes nothing to Sales; only there records are written as somebody else' }]
  if ((user === undefined) === (businessCentral === undefined))
    return [{ path, message: 'name one of `user` (always the same) and `businessCentral` (a column with the person)' }]
  if (businessCentral !== undefined && lookup === undefined)
    return [{ path, message: '"lookup" is missing: through which mapping the column leads to a user of Sales' }]
  if (user !== undefined && lookup !== undefined)
    return [{ path: [...path, 'lookup'], message: '`user` needs no lookup' }]
  return []
}
