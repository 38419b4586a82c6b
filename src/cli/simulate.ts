/** `couplet simulate`: serves both simulated services until stopped. */
import { join, resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'
import { wholeNumber } from './numbers.ts'
import type { PlaygroundOptions } from './playground.ts'
import { UsageError } from './usage-error.ts'

export interface SimulateArguments extends PlaygroundOptions {
  readonly writeProject?: string
}

export const addSimulate: AddCommand = (command, act) => {
  command
    .addOption(
      new Option('--company <name>', 'whose records to serve')
        .choices(['cronus', 'contoso', 'empty'])
        .default('cronus'),
    )
    .option('--customers <number>', 'invented customers in addition', wholeNumber, 0)
    .option('--overlap <share>', 'share of records that stand in Sales already, 0 to 1', share, 0.5)
    .option('--seed <number>', 'the same number gives the same records', wholeNumber, 1)
    .option('--native', "Business Central's own integration with Sales is at work there, too")
    .option('--port <number>', 'first of three ports; free ones when absent', firstPort)
    .option('--write-project <dir>', 'write a project that points at the simulators')
    .addHelpText(
      'after',
      examples(
        'couplet simulate --write-project play',
        'couplet plan --project play                in another terminal',
        'couplet simulate --company empty --customers 1000 --port 7040',
      ),
    )
    .action((given: SimulateArguments) => act((context) => simulate(context, given)))
}

function share(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !(number >= 0 && number <= 1)) throw new InvalidArgumentError('Give a number from 0 to 1.')
  return number
}

/** Two more follow it. */
function firstPort(text: string): number {
  const port = wholeNumber(text)
  if (port < 1 || port > 65_533) throw new InvalidArgumentError('Give a number from 1 to 65533.')
  return port
}

/** Serves until the person stops it. */
export async function simulate(context: Context, given: SimulateArguments): Promise<number> {
  const { terminal, paint } = context
  const { startPlayground, writePlaygroundProject } = await import('./playground.ts')
  const playground = await startPlayground(given).catch((error: unknown) => {
    if (!isTaken(error)) throw error
    throw new UsageError('One of the ports is in use.', 'Give another --port, or none: free ones are then taken.')
  })
  const { simulator } = playground
  try {
    if (given.writeProject !== undefined) {
      const folder = resolve(terminal.cwd, given.writeProject)
      await refuseToOverwrite(join(folder, 'couplet.yaml'), given.writeProject)
      await writePlaygroundProject(folder, playground)
    }
    const addresses = {
      businessCentral: simulator.businessCentral.url,
      sales: simulator.sales.url,
      authority: simulator.authority,
      company: playground.company,
    }
    context.print(
      () =>
        [
          `${paint.bold('Business Central')}  ${addresses.businessCentral}  (${addresses.company})`,
          `${paint.bold('Sales')}             ${addresses.sales}`,
          `${paint.bold('Login')}             ${addresses.authority}  (any client id, secret: secret)`,
          ...(given.writeProject === undefined
            ? []
            : [`Project: ${given.writeProject}. In another terminal: couplet plan --project ${given.writeProject}`]),
          paint.dim('Ctrl-C ends it; nothing is kept.'),
        ].join('\n'),
      () => addresses,
    )
    await terminal.stopped()
  } finally {
    await simulator.stop()
  }
  return exits.done
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'

async function refuseToOverwrite(path: string, folder: string): Promise<void> {
  const { access } = await import('node:fs/promises')
  const there = await access(path).then(
    () => true,
    () => false,
  )
  if (there) throw new UsageError(`There is a couplet.yaml in ${folder} already.`, 'Give another folder.')
}
