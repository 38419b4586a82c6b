/** A side that can only be read. */
import { portOf, type Connector } from '../connector/connector.ts'

/** The same side; whoever writes to it has made a mistake in the program and gets an Error before anything is sent. */
export const readOnly = (connector: Connector): Connector => ({
  ...portOf(connector),
  write: () => Promise.reject(new Error('a comparison writes nothing')),
})
