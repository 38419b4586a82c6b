/** `couplet runs`: what the last runs did. */
import { runsText } from '../report/status-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { wholeNumber } from './numbers.ts'

export const addRuns: AddCommand = (program, act) => {
  program
    .command('runs')
    .description('list the last runs with their counts')
    .option('--most <number>', 'runs shown', wholeNumber, 20)
    .addHelpText('after', examples('couplet runs', 'couplet runs --most 100 --json'))
    .action((given: { most: number }) => act((context) => runs(context, given.most)))
}

export function runs(context: Context, most: number): Promise<number> {
  return context.withState(async ({ ports }) => {
    const list = await ports.store.runs(most)
    context.print(
      () => runsText(list, context.paint),
      () => list,
    )
    return 0
  })
}
