/** A side that can only be read. */
import type { Connector } from '../connector/connector.ts'

/** The same side; whoever writes to it has made a mistake in the program and gets an Error before anything is sent. */
export const readOnly = (connector: Connector): Connector => ({
  side: connector.side,
  identify: () => connector.identify(),
  describe: (entity, wanted) => connector.describe(entity, wanted),
  changes: (query, since) => connector.changes(query, since),
  glance: (query, since) => connector.glance(query, since),
  read: (query, ids) => connector.read(query, ids),
  find: (query, anyOf) => connector.find(query, anyOf),
  keys: (query) => connector.keys(query),
  write: () => Promise.reject(new Error('a comparison writes nothing')),
  usage: () => connector.usage(),
  close: () => connector.close(),
})
