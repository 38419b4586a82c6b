/** `couplet doctor`: Test Connection. Names the step that fails, on each side, with what to do. */
import { checkText } from '../report/check-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'

export const addDoctor: AddCommand = (program, act) => {
  program
    .command('doctor')
    .description('test both connections: address, token, company, permissions, pages, fields')
    .addHelpText('after', examples('couplet doctor', 'couplet doctor --target de-production'))
    .action(() => act(doctor))
}

/** Exit 3 when a step fails. */
export function doctor(context: Context): Promise<number> {
  return context.withProject(async (project) => {
    const { checkConnections } = await import('./connection-check.ts')
    const steps = await checkConnections(project)
    const failed = steps.some(({ outcome }) => outcome === 'failed')
    context.print(
      () => checkText(steps, context.paint),
      () => ({ ok: !failed, steps }),
    )
    return failed ? exits.refused : exits.done
  })
}
