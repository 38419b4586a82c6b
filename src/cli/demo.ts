/** `couplet demo`: see it work on two simulated services, without configuration and without a network. */
import { count, duration } from '../report/words.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'

export const addDemo: AddCommand = (command, act) => {
  command.addHelpText('after', examples('couplet demo')).action(() => act(demo))
}

/** Exit 1 when the simulators do not bear out what the story says. */
export async function demo(context: Context): Promise<number> {
  const { terminal, paint, json } = context
  const [{ onStage }, { tellStory }] = await Promise.all([import('./demo-stage.ts'), import('./demo-story.ts')])
  const startedAt = terminal.clock.now().getTime()
  const tell = (text: string): void => {
    if (!json) terminal.out(text)
  }
  tell('Two simulated services run in this process: Business Central and Dynamics 365 Sales.')
  const claims = await onStage(terminal, { paint, tell }, async (stage) => {
    await tellStory(stage)
    return stage.claims
  })
  const wrong = claims.filter(({ holds }) => !holds)
  const ms = terminal.clock.now().getTime() - startedAt
  const verdict =
    wrong.length === 0
      ? paint.green(`All ${claims.length} claims were checked against the two services.`)
      : paint.red(`${count(wrong.length, 'claim')} of ${claims.length} did not hold.`)
  context.print(
    () => `\n${verdict} ${duration(ms)}. Go on: couplet simulate --write-project play`,
    () => ({ ok: wrong.length === 0, claims, ms }),
  )
  return wrong.length === 0 ? exits.done : exits.waiting
}
