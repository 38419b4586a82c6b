/** `couplet doctor`: Test Connection. Names the step that fails, on each side, with what to do. */
import { checkText } from '../report/check-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'

export const addDoctor: AddCommand = (command, act) => {
  command
    .option('--bc-user <name>', "the integration's user in Business Central, as the page Users names it")
    .addHelpText(
      'after',
      examples('couplet doctor', 'couplet doctor --bc-user COUPLET', 'couplet doctor --target de-production'),
    )
    .action((given: { bcUser?: string }) => act((context) => doctor(context, given.bcUser)))
}

/** Exit 3 when a step fails. */
export function doctor(context: Context, businessCentralUser?: string): Promise<number> {
  return context.withProject(async (project) => {
    const { checkConnections } = await import('./connection-check.ts')
    const steps = await checkConnections(project, { businessCentralUser })
    const failed = steps.some(({ outcome }) => outcome === 'failed')
    context.print(
      () => checkText(steps, context.paint),
      () => ({ ok: !failed, steps }),
    )
    return failed ? exits.refused : exits.done
  })
}
