/** `couplet init`: the assisted setup. Asks, tests each step by name, recommends, and writes a commented project. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { checkText } from '../report/check-text.ts'
import { reviewText } from '../report/review-text.ts'
import { StoppedAsking } from './asker.ts'
import type { Asker } from './asker.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { addressOf, answersOf } from './init-answers.ts'
import type { Answers, InitArguments } from './init-answers.ts'
import { firstTests, projectFiles, variablesOf } from './init-files.ts'
import { askMissing } from './init-questions.ts'
import { companiesIn, tried, withTrial, writeFiles } from './init-trial.ts'
import type { Trial } from './init-trial.ts'
import { UsageError } from './usage-error.ts'

export const addInit: AddCommand = (command, act) => {
  addArguments(command)
    .addHelpText(
      'after',
      examples(
        'couplet init --project my-sync             asks, at a terminal',
        'couplet init --yes --tenant contoso.com --company "CRONUS International Ltd." --sales-url contoso.crm4.dynamics.com',
      ),
    )
    .action((given: InitArguments) => act((context) => init(context, given)))
}

function addArguments(command: Command): Command {
  return command
    .option('--tenant <tenant>', 'Microsoft Entra tenant: id or domain')
    .option('--environment <name>', 'environment of Business Central')
    .option('--company <name>', 'company in Business Central')
    .option('--bc-url <address>', 'base address of Business Central, where it is not the usual one online')
    .option('--sales-url <address>', 'address of the Sales environment')
    .addOption(
      new Option('--method <method>', 'how to log in').choices(['client-secret', 'federated', 'managed-identity']),
    )
    .option('--authority <address>', 'login address, where it is not the usual one')
    .option('--bc-client-id <id>', 'application id for Business Central, or ${env:NAME}')
    .option('--sales-client-id <id>', 'application id for Sales, or ${env:NAME}')
    .option('--bc-secret-env <name>', 'variable with the secret for Business Central; never the secret itself')
    .option('--sales-secret-env <name>', 'variable with the secret for Sales; never the secret itself')
    .addOption(new Option('--ownership <model>', 'who owns records in Sales').choices(['person', 'team']))
    .addOption(
      new Option('--units <kind>', 'a unit group for each item, or one for each unit').choices(['groups', 'single']),
    )
    .addOption(new Option('--pricing <kind>', 'which prices travel').choices(['extended', 'legacy', 'off']))
    .addOption(
      new Option('--create <where>', 'where records without a partner are created').choices([
        'never',
        'toSales',
        'toBusinessCentral',
        'both',
      ]),
    )
    .option('--local-currency <code>', 'ISO code, where Business Central keeps no currency record for it')
    .option('--yes', 'ask nothing; what is not given is usual')
    .option('--force', 'overwrite a couplet.yaml that is there')
    .option('--no-test', 'write without testing the connections')
}

/** Exit 3, and nothing written, when a step of the test fails. */
export async function init(context: Context, given: InitArguments): Promise<number> {
  if (given.force !== true) await refuseToOverwrite(context)
  const asker = given.yes === true ? undefined : context.terminal.asker?.()
  try {
    return await setUp(context, given, asker)
  } catch (error) {
    if (error instanceof StoppedAsking) throw new UsageError(error.message)
    throw error
  }
}

async function setUp(context: Context, given: InitArguments, asker: Asker | undefined): Promise<number> {
  const { terminal } = context
  const secrets: Record<string, string> = {}
  const answers = await answered(context, given, { asker, secrets })
  const files = await withoutOwnTests(context.folder, projectFiles(answers))
  const written = { answers, files: Object.keys(files) }
  if (!given.test) {
    await writeFiles(context.folder, files)
    tell(context, { ...written, trial: undefined })
    return exits.done
  }
  if (asker !== undefined) await askSecrets(asker, answers, { env: terminal.env, secrets })
  const trial = await withTrial(terminal, { ...terminal.env, ...secrets }, files, tried)
  if (!context.json) terminal.out(`${checkText(trial.steps, context.paint)}\n`)
  const failed = trial.review === undefined
  if (failed && !(await writesAllTheSame(asker))) return notWritten(context, trial)
  await writeFiles(context.folder, files)
  tell(context, { ...written, trial })
  return failed ? exits.refused : exits.done
}

/** The answers: from the arguments, or with what a person says beside them. */
async function answered(
  { terminal }: Context,
  given: InitArguments,
  { asker, secrets }: { readonly asker: Asker | undefined; readonly secrets: Record<string, string> },
): Promise<Answers> {
  const companies = async (soFar: InitArguments): Promise<readonly string[] | undefined> => {
    const draft = answersOf({ ...soFar, company: '?' })
    if (asker !== undefined) await askSecrets(asker, draft, { env: terminal.env, secrets })
    return withTrial(terminal, { ...terminal.env, ...secrets }, projectFiles(draft), companiesIn).catch(() => undefined)
  }
  const complete = asker === undefined ? given : await askMissing(asker, given, companies)
  const answers = answersOf(complete)
  const address = addressOf(complete.salesUrl ?? '', 'dataverse')
  if ('note' in address) terminal.err(`Address of Sales: ${address.note}`)
  return answers
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Tests that somebody wrote are never overwritten. */
async function withoutOwnTests(
  folder: string,
  { [firstTests]: tests, ...files }: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  return tests === undefined || (await isThere(join(folder, firstTests))) ? files : { ...files, [firstTests]: tests }
}

async function refuseToOverwrite({ folder }: Context): Promise<void> {
  if (await isThere(join(folder, 'couplet.yaml')))
    throw new UsageError(
      `There is a couplet.yaml in ${folder} already.`,
      'Give another folder with --project, or overwrite it with --force.',
    )
}

/** Variables that are not set may be typed in for the test; they are kept nowhere. */
async function askSecrets(
  asker: Asker,
  answers: Answers,
  { env, secrets }: { readonly env: Context['terminal']['env']; readonly secrets: Record<string, string> },
): Promise<void> {
  for (const name of variablesOf(answers)) {
    if ((env[name] ?? secrets[name] ?? '') !== '') continue
    secrets[name] = await asker.secret(`${name} is not set here. Its value, for this test only (it is not written)`)
  }
}

const writesAllTheSame = async (asker: Asker | undefined): Promise<boolean> =>
  asker !== undefined && (await asker.confirm('A step failed. Write the files all the same?', false))

function notWritten(context: Context, { steps }: Trial): number {
  const remedy = 'Correct what failed and start again, or write without testing: --no-test'
  context.print(
    () => `${context.paint.red('Nothing was written.')}\n→ ${remedy}`,
    () => ({ ok: false, files: [], steps, remedy }),
  )
  return exits.refused
}

interface Written {
  readonly answers: Answers
  readonly files: readonly string[]
  readonly trial: Trial | undefined
}

function tell(context: Context, { answers, files, trial }: Written): void {
  const { paint, terminal, folder } = context
  const unset = variablesOf(answers).filter((name) => (terminal.env[name] ?? '') === '')
  const at = folder === terminal.cwd ? '' : ` --project ${folder}`
  const next = [
    ...(unset.length > 0 ? [`Set ${unset.join(', ')} where couplet runs (.env.example names them).`] : []),
    `couplet doctor${at}                 test everything again at any time`,
    `couplet plan${at}                   what a run would do; writes nothing`,
    `couplet test${at}                   what the mappings make of the records in tests/; no connection`,
    `couplet sync --full --recommended${at}   the first run, as recommended`,
    'Then let jobs run: jobs.yaml, couplet serve; and create: in couplet.yaml decides what they create.',
  ]
  context.print(
    () =>
      [
        ...(trial?.review === undefined ? [] : [paint.bold('The first run'), reviewText(trial.review, paint), '']),
        `${paint.green('Written')} to ${folder}: ${files.join(', ')}`,
        '',
        paint.bold('Next'),
        ...next.map((line) => `  ${line}`),
      ].join('\n'),
    () => ({
      ok: trial === undefined || trial.review !== undefined,
      folder,
      files,
      steps: trial?.steps,
      review: trial?.review,
      next,
    }),
  )
}
