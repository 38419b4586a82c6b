/** `--sync`: what follows a coupling (K-01, K-06). */
import { Option } from 'commander'
import { syncsAfter } from '../engine/sync-after.ts'

/** The option, for commands that couple one or many. */
export const syncAfterOption = (): Option =>
  new Option(
    '--sync <how>',
    'what follows: merge fills blanks and holds what differs; toSales or toBusinessCentral takes that side’s source where both are filled; none leaves it to the next run; native as Business Central would',
  )
    .choices(syncsAfter)
    .default('merge')
