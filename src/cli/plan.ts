/** `couplet plan`: what a run would do. Writes nothing, anywhere (P6). */
import { excesses, limitsIn } from '../core/guard.ts'
import type { Plan } from '../core/plan.ts'
import type { RunReport } from '../engine/ports.ts'
import type { Project } from '../main.ts'
import { planMarkdown } from '../report/plan-markdown.ts'
import { planJson, planText } from '../report/plan-text.ts'
import type { PlanTextOptions } from '../report/plan-text.ts'
import { waitingBeside } from '../report/plan-waiting.ts'
import { problemGroups } from '../report/run-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { addFormatOptions } from './format-option.ts'
import type { FormatArguments } from './format-option.ts'
import { mappingsNamed } from './mapping-names.ts'
import { planFileOf } from './plan-file.ts'
import { addRunOptions, runOptions } from './run-options.ts'
import type { RunArguments } from './run-options.ts'
import { saveFile } from './save-file.ts'
import { addSummary } from './github.ts'
import { addValueOptions, showsValues } from './show-values.ts'
import type { ValueArguments } from './show-values.ts'

export interface PlanArguments extends RunArguments, ValueArguments, FormatArguments {
  readonly out?: string
  readonly exitCode?: boolean
  readonly details?: boolean
}

export const addPlan: AddCommand = (command, act) => {
  addFormatOptions(addValueOptions(addRunOptions(command)))
    .argument('[mapping...]', 'only these mappings')
    .option('-o, --out <file>', 'save the plan for couplet apply; holds no values')
    .option('--exit-code', 'end with 10 when there is something to do')
    .option('--details', 'tell a large plan record by record too')
    .addHelpText(
      'after',
      examples(
        'couplet plan',
        'couplet plan customer-account --full',
        'couplet plan --out plan.json && couplet apply plan.json',
        'couplet plan --format markdown',
        'couplet plan --json --exit-code',
      ),
    )
    .action((names: string[], given: PlanArguments) => act((context) => plan(context, names, given)))
}

/** Plans, prints, saves where asked to, gives the exit code. */
export function plan(context: Context, names: readonly string[], given: PlanArguments): Promise<number> {
  return context.withProject(async (project) => {
    if (names.length > 0) mappingsNamed(project.config, names)
    const options = runOptions(names, given)
    const report = await project.run({ ...options, dry: true })
    const showValues = showsValues(context, given)
    const shown = {
      paint: context.paint,
      showValues,
      details: given.details === true,
      excesses: excesses(report.plan.counts, limitsIn(project.config.mappings), options.accept ?? []),
      waiting: waitingBeside(report.problems, report.plan.holds),
    }
    const told = showValues ? report.plan : await withoutClaims(context, project, report.plan)
    const services = report.problems.filter(({ kind }) => kind === 'service')
    const markdown = (): string => planMarkdown(told, { ...shown, refused: services, most: given.maxLength })
    context.print(
      () => (given.format === 'markdown' ? markdown().trimEnd() : planInWords(told, services, shown)),
      () => ({ ...planJson(told, shown), problems: services }),
    )
    await addSummary(context.terminal, markdown)
    if (given.out !== undefined) {
      const saved = await planFileOf(project, report.plan.operations, options)
      await saveFile(context, given.out, JSON.stringify(saved, null, 1))
      context.terminal.err(`Saved to ${given.out}. To do exactly this: couplet apply ${given.out}`)
    }
    if (report.refused) return exits.refused
    return given.exitCode === true && report.plan.operations.length > 0 ? exits.toDo : exits.done
  })
}

/** What a version that nobody has reviewed declares to be a code or a number stays masked (P8). */
async function withoutClaims(context: Context, { config }: Project, made: Plan): Promise<Plan> {
  const reviewed = await context.readReviewed()
  if (reviewed === undefined) return made
  const { planWithoutClaims } = await import('../core/claims.ts')
  return planWithoutClaims(made, reviewed, config.mappings)
}

function planInWords(plan: Plan, services: RunReport['problems'], shown: PlanTextOptions): string {
  const text = planText(plan, { ...shown, incomplete: services.length > 0 })
  return [text, problemGroups(services, shown.paint)].filter((part) => part !== '').join('\n\n')
}
