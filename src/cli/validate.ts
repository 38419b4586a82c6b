/** `couplet validate`: are the files right? With `--live`: do they fit both services? */
import { sortProblems } from '../config/problems.ts'
import { problemAnnotations } from '../report/github.ts'
import { problemLine } from '../report/problems.ts'
import { count } from '../report/words.ts'
import { ConfigError } from '../errors.ts'
import type { ConfigProblem } from '../errors.ts'
import type { Config } from '../config/config.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { fromRepository, isGitHub } from './github.ts'

export interface ValidateArguments {
  readonly live?: boolean
}

export const addValidate: AddCommand = (command, act) => {
  command
    .option('--live', 'also compare them with both services: entities, columns, types, lengths, lookups')
    .addHelpText(
      'after',
      examples('couplet validate', 'couplet validate --live', 'couplet validate --target de-production'),
    )
    .action((given: ValidateArguments) => act((context) => validate(context, given)))
}

/** Prints every problem; exit 2 when one is an error. Throws ConfigError for files that cannot be resolved. */
export async function validate(context: Context, given: ValidateArguments): Promise<number> {
  const [{ checkProject }, { checkTests }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/test-files.ts'),
  ])
  const { env } = context.terminal
  const reading = {
    env,
    needSecrets: given.live === true,
    ...(context.target !== undefined && { target: context.target }),
  }
  const { config, problems: ofProject } = await checkProject(context.folder, reading)
  const problems = sortProblems([...ofProject, ...(await checkTests(context.folder, config))])
  if (config === undefined) throw new ConfigError(problems)
  const live = given.live === true ? await liveProblems(context) : []
  return tell(context, config, [...problems, ...live])
}

async function liveProblems(context: Context): Promise<readonly ConfigProblem[]> {
  const { checkLive } = await import('./live-check.ts')
  return context.withProject(checkLive)
}

function tell(context: Context, config: Config, problems: readonly ConfigProblem[]): number {
  const { paint, terminal } = context
  const errors = problems.filter(({ severity }) => severity !== 'warning').length
  const enabled = config.mappings.filter((mapping) => mapping.enabled)
  const rows = enabled.reduce((sum, { fields }) => sum + fields.length, 0)
  const size = `${count(enabled.length, 'mapping')}, ${count(rows, 'field row')}`
  const off = config.mappings.length - enabled.length
  const warnings = problems.length - errors
  const outcome =
    errors > 0
      ? paint.red(count(errors, 'problem'))
      : enabled.length === 0
        ? paint.yellow('no mapping is in use; write `use: standard@1`, or put mappings into mappings/')
        : `${paint.green('nothing wrong')}${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}`
  context.print(
    () =>
      [
        ...problems.map((problem) => problemLine(problem, paint)),
        `${size}: ${outcome}${off > 0 ? paint.dim(` (${off} switched off)`) : ''}`,
      ].join('\n'),
    () => ({ ok: errors === 0, mappings: enabled.length, fields: rows, problems }),
  )
  if (isGitHub(terminal))
    for (const line of problemAnnotations(fromRepository(terminal, context.folder, problems))) terminal.err(line)
  return errors > 0 ? exits.wrong : exits.done
}
