/** As whom a mapping writes to Sales. */
import type { ActAs, Settings } from './config.ts'
import { resolveLookup } from './resolve-row.ts'
import type { MappingFile } from './schema-types.ts'

/** The checked key becomes an ActAs. */
export function resolveActAs(written: MappingFile['actAs'], settings: Settings): ActAs | undefined {
  if (written === undefined) return undefined
  const { user, businessCentral: column, lookup: named, whenUncoupled = 'self' } = written
  if (user !== undefined) return { kind: 'user', user: user.toLowerCase() }
  const lookup = named === undefined ? undefined : resolveLookup(named, settings)
  if (column === undefined || lookup?.kind !== 'coupling') return undefined
  return { kind: 'coupled', column, lookup, whenUncoupled }
}
