/** Saved plans end with a sum over all they say: what a hand or a merge changed is no plan that anybody reviewed (P6). */
import { createHash } from 'node:crypto'
import { UsageError } from './usage-error.ts'

/** What was found in a file of which only this much is known. */
export type Unread<T> = Partial<T> & { readonly sum?: unknown }

/** The plan with its sum. */
export const summed = <T extends object>(plan: T): T & { readonly sum: string } => ({ ...plan, sum: sumOf(plan) })

/** The JSON object in a text; undefined where there is none. */
export function objectIn<T>(text: string): Unread<T> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** Throws UsageError when the plan is not as it was saved; `again` is the command that makes a new one. */
export function checkSum({ sum, ...plan }: Unread<object>, file: string, again: string): void {
  if (sum !== sumOf(plan))
    throw new UsageError(
      `${file} is not as it was saved: a hand or a merge was at it.`,
      `Plan again, and review that: ${again}`,
    )
}

/** As it is read again: what is undefined is not there. */
const sumOf = (plan: object): string =>
  createHash('sha256')
    .update(JSON.stringify(JSON.parse(JSON.stringify(plan))))
    .digest('hex')
    .slice(0, 32)
