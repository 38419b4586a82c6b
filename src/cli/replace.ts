/**
 * `couplet replace`: sets records of Sales aside that cannot be changed any more, so that the next sync makes new ones:
 * products, when the setting unitGroups changes. `plan` shows and saves, `apply` does exactly the saved plan.
 */
import type { ReplacementPlan, Replaced, Replacement } from '../engine/replacing.ts'
import type { Project } from '../main.ts'
import { count } from '../report/words.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { mappingsNamed } from './mapping-names.ts'
import { identitiesOf } from './plan-file.ts'
import { checkSum, objectIn, summed } from './plan-sum.ts'
import { acceptances, acceptOption } from './run-options.ts'
import { readTextFile, saveFile } from './save-file.ts'
import { UsageError } from './usage-error.ts'

/** A saved plan of replacements: ids, versions and fingerprints, never a value. */
interface ReplacementFile {
  readonly format: 1
  readonly kind: 'replace'
  /** Over all else in the file. */
  readonly sum: string
  /** Hash over the configuration; another configuration means another plan. */
  readonly config: string
  readonly identities: Awaited<ReturnType<typeof identitiesOf>>
  /** ISO 8601 */
  readonly createdAt: string
  readonly replacements: readonly Replacement[]
}

export const addReplace: AddCommand = (command, act) => {
  command.addHelpText('after', examples('couplet replace plan --out units.json && couplet replace apply units.json'))
  command
    .command('plan')
    .description('show which records would be replaced; writes nothing')
    .argument('[mapping...]', 'only these mappings')
    .option('-o, --out <file>', 'save the plan for couplet replace apply; holds no values')
    .addHelpText('after', examples('couplet replace plan', 'couplet replace plan item-product --out units.json'))
    .action((names: string[], given: { readonly out?: string }) => act((context) => plan(context, names, given.out)))
  command
    .command('apply')
    .description('do exactly what a saved plan of replacements says; give it again after an interruption')
    .argument('<file>', 'written by couplet replace plan --out')
    .addOption(acceptOption())
    .addHelpText('after', examples('couplet replace apply units.json --accept item-product.sales.deletes=144'))
    .action((file: string, given: { readonly accept?: readonly string[] }) =>
      act((context) => apply(context, file, given.accept ?? [])),
    )
}

function plan(context: Context, names: readonly string[], out: string | undefined): Promise<number> {
  return context.withProject(async (project) => {
    if (names.length > 0) mappingsNamed(project.config, names)
    const found = await project.planReplacements(names)
    context.print(
      () => planText(found),
      () => found,
    )
    if (out === undefined) return exits.done
    await saveFile(context, out, JSON.stringify(await fileOf(project, found), null, 1))
    context.terminal.err(`Saved to ${out}. To do exactly this: couplet replace apply ${out}`)
    return exits.done
  })
}

const fileOf = async (project: Project, { replacements }: ReplacementPlan): Promise<ReplacementFile> =>
  summed({
    format: 1,
    kind: 'replace',
    config: project.config.hash,
    identities: await identitiesOf(project),
    createdAt: project.ports.clock.now().toISOString(),
    replacements,
  })

/** So many records of a mapping are named. */
const namedMost = 12

function planText({ replacements, waiting, looked }: ReplacementPlan): string {
  const names = Object.keys(looked)
  if (names.length === 0) return 'No mapping that is switched on says how its records are replaced.'
  const lines = names.flatMap((name) => {
    const own = replacements.filter(({ mapping }) => mapping === name)
    const named = own
      .slice(0, namedMost)
      .map((each) => `  ${each.number ?? each.businessCentral}: ${each.rows.join(', ')}`)
    const rest = own.length > namedMost ? [`  … (${own.length - namedMost} more)`] : []
    return [`${name}: ${own.length} of ${count(looked[name] ?? 0, 'pair')} to be replaced`, ...named, ...rest]
  })
  return [...lines, ...openText(waiting), ...(replacements.length === 0 ? [] : [afterwards])].join('\n')
}

const afterwards =
  'Each old record stays in Sales, set aside, with the documents that refer to it. The next sync makes the new ones.'

function openText(waiting: ReplacementPlan['waiting']): readonly string[] {
  const failing = waiting.filter(({ mapping, on }) => on === mapping)
  const open = waiting.filter((each) => !failing.includes(each))
  const names = (list: typeof waiting): string => [...new Set(list.map(({ on }) => on))].join(' ')
  return [
    ...(open.length === 0
      ? []
      : [
          `${count(open.length, 'record')} cannot be told yet: what they refer to is not coupled.`,
          `→ First: couplet sync ${names(open)}; then plan again.`,
        ]),
    ...(failing.length === 0
      ? []
      : [
          `${count(failing.length, 'record')} cannot be told: an expression of the mapping fails on them.`,
          `→ See which: couplet sync ${names(failing)}; couplet held`,
        ]),
  ]
}

function apply(context: Context, file: string, accept: readonly string[]): Promise<number> {
  return context.withProject(async (project) => {
    const saved = readReplacementFile(await readTextFile(context, file), file)
    await checkPlan(project, saved)
    const ended = await project.applyReplacements({ replacements: saved.replacements, accept: acceptances(accept) })
    const failed = ended.filter(({ outcome }) => outcome === 'moved' || outcome === 'refused')
    context.print(
      () => endedText(ended, failed),
      () => ({ ok: failed.length === 0, replaced: ended }),
    )
    return failed.length === 0 ? exits.done : exits.waiting
  })
}

/** Reads a saved plan of replacements. Throws UsageError when it is none. */
export function readReplacementFile(text: string, file: string): ReplacementFile {
  const found = objectIn<ReplacementFile>(text)
  if (found?.kind !== 'replace' || found.format !== 1 || found.replacements === undefined)
    throw new UsageError(`${file} is not a plan of replacements.`, `Make one: ${planAgain}`)
  checkSum(found, file, planAgain)
  return found as ReplacementFile
}

const planAgain = 'couplet replace plan --out FILE'

/** Throws UsageError when the plan was made with other files or against other services. */
async function checkPlan(project: Project, saved: ReplacementFile): Promise<void> {
  if (saved.config !== project.config.hash)
    throw new UsageError('The files have changed since the plan was made.', `Plan again: ${planAgain}`)
  const now = await identitiesOf(project)
  if (now.businessCentral !== saved.identities.businessCentral || now.sales !== saved.identities.sales)
    throw new UsageError(
      'The plan was made against other services.',
      'Give the target that it was made with (--target), or plan again.',
    )
}

function endedText(ended: readonly Replaced[], failed: readonly Replaced[]): string {
  const done = ended.length - failed.length
  const before = ended.filter(({ outcome }) => outcome === 'before').length
  const told = failed.flatMap(({ mapping, number, businessCentral, message, remedy }) => [
    `  ${mapping} ${number ?? businessCentral}: ${message ?? 'changed since the plan was made; plan again for it'}`,
    ...(remedy === undefined ? [] : [`  → ${remedy}`]),
  ])
  return [
    `${count(done, 'record')} set aside${before === 0 ? '' : ` (${before} of them before)`}.`,
    ...(failed.length === 0 ? [] : [`${count(failed.length, 'record')} left as they were:`, ...told]),
    ...(done === 0 ? [] : ['The next sync makes the new records: couplet plan; couplet sync']),
  ].join('\n')
}
