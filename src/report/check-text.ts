/** The steps of a connection test and what they found. */
import type { Paint } from './paint.ts'
import { wrap } from './words.ts'

/** One step of a check. */
export interface CheckStep {
  readonly side: 'Business Central' | 'Sales'
  /** `address`, `token`, `company`, `permission`, `fields` … */
  readonly step: string
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found or went wrong. */
  readonly message: string
  /** What to do next; empty when nothing is to be done. */
  readonly remedy: string
}

/** Both sides, step by step, with the remedy below what went wrong. */
export function checkText(steps: readonly CheckStep[], paint: Paint): string {
  const sides = [...new Set(steps.map(({ side }) => side))]
  return sides
    .map((side) =>
      [paint.bold(side), ...steps.filter((step) => step.side === side).map((step) => stepText(step, paint))].join('\n'),
    )
    .join('\n\n')
}

function stepText({ step, outcome, message, remedy }: CheckStep, paint: Paint): string {
  const signs = { ok: paint.green('✓'), warning: paint.yellow('!'), failed: paint.red('✗'), skipped: paint.dim('·') }
  const told = wrap(message, 112, ' '.repeat(17)).trimStart()
  const line = `  ${signs[outcome]} ${step.padEnd(12)} ${told}`
  return remedy === '' ? line : `${line}\n${wrap(`→ ${remedy}`, 112, ' '.repeat(17))}`
}
