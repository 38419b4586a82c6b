/** What a run's line in the log keeps of its problems: the new ones, with both records, so that the past can be told. */
import { otherSide } from '../config/config.ts'
import type { RunProblemSummary, Store } from '../store/store.ts'
import type { RunProblem } from './ports.ts'

/** Problems that one line keeps: a first run can leave thousands, and `held` lists them all. */
const most = 50

export function problemsToKeep(
  store: Pick<Store, 'mapping'>,
  problems: readonly RunProblem[],
): readonly RunProblemSummary[] {
  return problems
    .filter(({ isNew }) => isNew)
    .slice(0, most)
    .map(({ mapping, side, id, number, kind, message, remedy }) => ({
      mapping,
      side,
      id,
      number,
      partner: id === undefined ? undefined : store.mapping(mapping).bySide(side, id)?.[otherSide(side)].id,
      kind,
      message,
      remedy,
    }))
}
