/** `couplet apply FILE`: does the operations of a saved plan, and refuses one by one those whose record has moved (P6). */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { checkPlanFile, identitiesOf, readPlanFile, savedText } from './plan-file.ts'
import type { PlanFile } from './plan-file.ts'
import { endRun } from './run-ending.ts'
import { acceptances, acceptOption } from './run-options.ts'
import { UsageError } from './usage-error.ts'

export interface ApplyArguments {
  readonly accept?: readonly string[]
}

export const addApply: AddCommand = (command, act) => {
  command
    .argument('<file>', 'written by couplet plan --out')
    .addOption(acceptOption())
    .addHelpText('after', examples('couplet plan --out plan.json && couplet apply plan.json'))
    .action((file: string, given: ApplyArguments) => act((context) => apply(context, file, given)))
}

/** Applies, tells what was refused, gives the exit code: 1 when anything was. */
export async function apply(context: Context, file: string, given: ApplyArguments): Promise<number> {
  const plan = readPlanFile(await textOf(resolve(context.terminal.cwd, file), file), file)
  if (plan.key !== undefined) await adoptKeyOf(context, plan, plan.key)
  return context.withProject(async (project) => {
    checkPlanFile(plan, project.config, await identitiesOf(project))
    const permit = new Set(plan.operations.map(({ hash }) => hash))
    const accept = [...(plan.options.accept ?? []), ...acceptances(given.accept ?? [])]
    const report = await project.run({ ...plan.options, accept, permit })
    const refused = new Set(report.refusedOperations)
    const code = await endRun(context, report)
    const told = plan.operations.filter(({ hash }) => refused.has(hash)).map((operation) => `  ${savedText(operation)}`)
    if (told.length === 0) return code
    const why = 'The records have changed since the plan was made. Plan again for them.'
    context.terminal.err(
      [`${told.length} of ${plan.operations.length} planned operations were refused:`, ...told, why].join('\n'),
    )
    return code === exits.done ? exits.waiting : code
  })
}

/** A plan made before the first run can only be compared with the key it was made with. */
async function adoptKeyOf(context: Context, plan: PlanFile, key: string): Promise<void> {
  const config = await context.readConfig()
  if (config.hash === plan.config) await (await import('../main.ts')).adoptKey(config, key)
}

async function textOf(path: string, file: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new UsageError(`${file} cannot be read.`, 'Make it first: couplet plan --out FILE')
  }
}
