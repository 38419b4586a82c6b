/** `couplet state merge`: two histories of the same state made one. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { count } from '../report/words.ts'
import { examples } from './context.ts'
import type { Act, Context } from './context.ts'
import { exits } from './exit.ts'

/** Adds the command below `couplet state`. */
export function addMerge(state: Command, act: Act): void {
  state
    .command('merge')
    .description('take over what another history of this state knows; contradictions are held')
    .argument('<theirs>', 'folder with the other state')
    .option('--base <folder>', 'folder with the state both began from')
    .addHelpText('after', examples('couplet state merge ../other/.couplet --base ../before/.couplet'))
    .action((theirs: string, given: { base?: string }) => act((context) => merge(context, theirs, given)))
}

/** Exit 1 when pairs contradict each other. */
async function merge(context: Context, theirs: string, { base }: { base?: string }): Promise<number> {
  const { state } = await context.readConfig()
  const { mergeFolders } = await import('../store/merge-folders.ts')
  const { cwd, clock } = context.terminal
  const merged = await mergeFolders({
    ours: state.path,
    theirs: resolve(cwd, theirs),
    ...(base !== undefined && { base: resolve(cwd, base) }),
    clock,
    key: state.key,
  })
  const held = Object.entries(merged.contradictions)
  context.print(
    () =>
      [
        `${count(merged.couplings, 'pair')} now.`,
        ...held.map(([name, pairs]) => `${name}: ${count(pairs, 'pair')} contradict each other and are held.`),
      ].join('\n'),
    () => ({ ok: held.length === 0, ...merged }),
  )
  return held.length === 0 ? exits.done : exits.waiting
}
