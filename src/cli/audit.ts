/** `couplet audit`: compares both sides whole with the couplings; writes nothing. */
import { auditText } from '../report/audit-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { mappingsNamed } from './mapping-names.ts'

export const addAudit: AddCommand = (command, act) => {
  command
    .argument('[mapping...]', 'only these mappings')
    .addHelpText('after', examples('couplet audit', 'couplet audit customer-account --json'))
    .action((names: string[]) => act((context) => audit(context, names)))
}

/** Exit 1 when something was found. */
export function audit(context: Context, names: readonly string[]): Promise<number> {
  return context.withProject(async (project) => {
    if (names.length > 0) mappingsNamed(project.config, names)
    const report = await project.audit(names)
    context.print(
      () => auditText(report.findings, context.paint),
      () => report,
    )
    return report.findings.length > 0 ? exits.waiting : exits.done
  })
}
