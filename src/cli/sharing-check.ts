/** What `couplet doctor` says of targets that log in as one identity: they share what the service allows it. */
import { type Config, type Side, sideName } from '../config/config.ts'
import type { Budget } from '../config/connection-types.ts'
import type { CheckStep } from '../report/check-text.ts'

/** One line for a side whose identity or budget is shared. */
export function sharingSteps({ connections, target }: Config, side: Side): readonly CheckStep[] {
  const { sharing } = connections[side]
  if (sharing === undefined) return []
  const { targets, budget, share } = sharing
  const others = targets.filter((name) => name !== target)
  const who = others.length === 0 ? 'no other target logs in as this identity' : `shared with ${others.join(', ')}`
  if (budget !== undefined) return [step(side, `${partOf(share, budget)}: ${who}`)]
  return [
    step(
      side,
      `one identity, ${who}: run these targets one after the other, or give the connection a \`budget\` and each takes its share`,
    ),
  ]
}

const partOf = (share: Budget, whole: Budget): string =>
  [
    share.parallel === undefined ? [] : [`${share.parallel} of ${whole.parallel} requests at once`],
    share.requests === undefined ? [] : [`${share.requests} of ${whole.requests} requests in five minutes`],
  ]
    .flat()
    .join(', ')

const step = (side: Side, message: string): CheckStep => ({
  side: sideName[side] as CheckStep['side'],
  step: 'budget',
  outcome: 'ok',
  message,
  remedy: '',
})
