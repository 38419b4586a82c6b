/** A story that failed: cut down to what it needs, and told so that a person can follow it. */
import { sideName } from '../../src/config/config.ts'
import type { Memory } from './cell.ts'
import type { Deed, Step, Story } from './story.ts'

/** The same story with one thing less, in every way: whatever fails is told by the shortest that still does. */
export function* shorter(story: Story): Generator<Story> {
  for (const [index, step] of story.steps.entries()) {
    const others = (replaced: readonly Step[]): Story => ({
      ...story,
      steps: [...story.steps.slice(0, index), ...replaced, ...story.steps.slice(index + 1)],
    })
    yield others([])
    if (step.kind !== 'run') continue
    const { death, ...living } = step
    const { rewritten, ...asBefore } = step
    if (rewritten === true) yield others([asBefore])
    if (death !== undefined) yield others([living])
    if (step.second) yield others([{ ...step, second: false }])
    for (const at of step.troubles.keys()) yield others([{ ...step, troubles: step.troubles.toSpliced(at, 1) }])
    for (const at of step.deeds.keys()) yield others([{ ...step, deeds: step.deeds.toSpliced(at, 1) }])
  }
  if (story.pace !== 0) yield { ...story, pace: 0 }
  if (story.records > 1) yield { ...story, records: story.records - 1 }
}

/** Cut down one thing at a time for as long as it still fails. */
export async function shortened(story: Story, fails: (story: Story) => Promise<boolean>): Promise<Story> {
  for (const candidate of shorter(story)) if (await fails(candidate)) return shortened(candidate, fails)
  return story
}

function deedText(deed: Deed): string {
  const where = sideName[deed.side]
  const what = `${deed.of} ${deed.which}`
  if (deed.kind === 'create') return `somebody creates ${deed.of} "${deed.text}" in ${where}`
  if (deed.kind === 'delete') return `somebody deletes ${what} in ${where}`
  const late = deed.late ? ', in a transaction of 14 minutes' : ''
  return `somebody sets ${deed.field} of ${what} in ${where} to "${deed.text}"${late}`
}

const left: Readonly<Record<Memory, string>> = {
  kept: 'its disk is kept',
  lost: 'its disk is lost',
  gone: 'its disk is lost, and the state that was pushed too',
}

/** The story as a person reads it. */
export function told(story: Story): string {
  const lines = story.steps.flatMap((step) => {
    if (step.kind === 'answer')
      return [
        `a person says of waiting record ${step.which} that ${sideName[step.side]} is right (a deleted one: ${step.side === 'sales' ? 'made again' : 'deleted'})`,
      ]
    if (step.kind !== 'run') return [deedText(step)]
    const during = [
      ...step.troubles.map(({ at, what }) => ({ at, text: `request ${at}: ${what}` })),
      ...step.deeds.map(({ at, deed }) => ({ at, text: `before request ${at} ${deedText(deed)}` })),
    ].toSorted((one, other) => one.at - other.at)
    return [
      ...(step.rewritten === true ? ['the files of the mappings are written anew, and say the same'] : []),
      `a run${step.second ? ', and a second runner at the same time' : ''}`,
      ...during.map(({ text }) => `   ${text}`),
      ...(step.death === undefined
        ? []
        : [`   the runner dies ${step.death.moment} step ${step.death.step}, ${left[step.death.disk]}`]),
    ]
  })
  const pace = story.pace === 0 ? '' : `; requests take their time (${story.pace})`
  return [
    `${story.scene}, ${story.records} coupled; conflicts: ${story.conflicts}; deletes: ${story.deletes}${pace}`,
    ...lines.map((line) => `  ${line}`),
    '  the troubles end',
  ].join('\n')
}
