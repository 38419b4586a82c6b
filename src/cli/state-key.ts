/** The fingerprint key of commands that need it and no other secret. */
import type { Config } from '../config/config.ts'
import { StateError } from '../errors.ts'

/** The state as the files describe it. Throws StateError where its key is named and not there. */
export function withKey(state: Config['state']): Config['state'] {
  if (state.key !== '') return state
  throw new StateError(
    'The variable or file that state.key names is not set, or is empty.',
    'Set it to the text with which the state was made, the same everywhere.',
  )
}
