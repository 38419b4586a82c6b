/** Safety limits that a plan passes, with the words that let it go on. */
import type { Excess } from '../core/guard.ts'
import type { Paint } from './paint.ts'
import { count, sideName, thousands } from './words.ts'

const singular = { deletes: 'delete', updates: 'update', creates: 'create' } as const

/** `customer-account → Sales: 41 deletes (8 % of 500 coupled); 5 are allowed`. */
export function excessText({ mapping, side, kind, count: number, allowed, coupled }: Excess): string {
  const share = coupled === 0 ? '' : ` (${Math.round((number / coupled) * 100)} % of ${thousands(coupled)} coupled)`
  return `${mapping} → ${sideName[side]}: ${count(number, singular[kind])}${share}; ${thousands(allowed)} are allowed`
}

/** One line for each limit, then the words to give back; empty when no limit is passed. */
export function limitsText(excesses: readonly Excess[], paint: Paint): string {
  if (excesses.length === 0) return ''
  return [
    paint.red('Over the safety limits: a run would stop before anything is written.'),
    ...excesses.map((excess) => `  ${excessText(excess)}`),
    '  To go on with exactly these numbers:',
    ...excesses.map(({ accept }) => `    --accept ${accept}`),
  ].join('\n')
}
