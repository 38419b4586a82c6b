/** What happens in a run, as it happens: for progress displays and logs. No business values. */
import type { Side } from '../config/config.ts'

export type Event =
  | { readonly kind: 'run.started'; readonly run: string; readonly mappings: readonly string[]; readonly dry: boolean }
  | { readonly kind: 'mapping.started'; readonly mapping: string; readonly phase: 'plan' | 'apply' }
  /** Rows read so far on a side. */
  | { readonly kind: 'read'; readonly mapping: string; readonly side: Side; readonly rows: number }
  /** Writes done so far on a side, of so many. */
  | {
      readonly kind: 'written'
      readonly mapping: string
      readonly side: Side
      readonly done: number
      readonly of: number
    }
  | {
      readonly kind: 'held'
      readonly mapping: string
      readonly side: Side
      readonly id: string
      readonly number: string | undefined
      readonly reason: string
    }
  | { readonly kind: 'warning'; readonly mapping: string | undefined; readonly message: string }
  | { readonly kind: 'mapping.ended'; readonly mapping: string; readonly phase: 'plan' | 'apply'; readonly ms: number }
  | { readonly kind: 'job.started'; readonly job: string }
  /** A side has changes for a job that waited; `start` is ISO 8601. */
  | { readonly kind: 'job.woken'; readonly job: string; readonly start: string }
  | {
      readonly kind: 'job.ended'
      readonly job: string
      readonly ok: boolean
      readonly ms: number
      /** ISO 8601 */
      readonly nextStart: string
    }
  | { readonly kind: 'run.ended'; readonly run: string; readonly ok: boolean; readonly ms: number }

export type Emit = (event: Event) => void
