/** What a run and the thread of its expressions say to each other. */
import type { Bindings } from '../core/expression.ts'
import type { Row } from '../core/record.ts'

/** Names of the functions of `Bindings`: couplings stay where they are, so the thread asks. */
export type AskedFunction = 'coupled' | 'key' | 'option'

export type ToThread =
  | {
      readonly kind: 'evaluate'
      readonly text: string
      readonly row: Row
      readonly known: Pick<Bindings, 'settings' | 'company'>
      readonly functions: readonly AskedFunction[]
    }
  | { readonly kind: 'answer'; readonly call: number; readonly answer: unknown }

export type FromThread =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'call'
      readonly call: number
      readonly name: AskedFunction
      readonly mapping: string
      readonly value: unknown
    }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly message: string; readonly position: number | undefined }
