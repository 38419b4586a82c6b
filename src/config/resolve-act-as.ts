/** As whom a mapping writes to Sales. */
import type { ActAs, Settings } from './config.ts'
import { resolveCoupling } from './resolve-row.ts'
import type { MappingFile } from './schema-types.ts'

/** The checked key becomes an ActAs. */
export function resolveActAs(written: MappingFile['actAs'], settings: Settings): ActAs | undefined {
  if (written === undefined) return undefined
  const { user, whenUncoupled = 'self' } = written
  if (user !== undefined) return { kind: 'user', user: user.toLowerCase() }
  const { businessCentral: column, lookup } = written as Required<typeof written>
  return { kind: 'coupled', column, lookup: resolveCoupling(lookup, settings), whenUncoupled }
}
