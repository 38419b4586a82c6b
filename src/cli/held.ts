/** `couplet held`: what waits, why, and what to do next. */
import { Option } from 'commander'
import type { HeldKind } from '../core/coupling.ts'
import { heldText } from '../report/held-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { mappingNamed } from './mapping-names.ts'
import { wholeNumber } from './numbers.ts'

const kinds: readonly HeldKind[] = [
  'conflict',
  'different',
  'deleted',
  'ambiguous',
  'no-partner',
  'waiting',
  'failed',
  'quarantine',
  'moving',
  'unfinished',
  'unknown',
]

export interface HeldArguments {
  readonly kind?: HeldKind
  readonly most: number
}

export const addHeld: AddCommand = (command, act) => {
  command
    .argument('[mapping]', 'only this mapping')
    .addOption(new Option('--kind <kind>', 'only this reason').choices(kinds))
    .option('--most <number>', 'records shown for each reason', wholeNumber, 10)
    .addHelpText('after', examples('couplet held', 'couplet held customer-account --kind conflict'))
    .action((name: string | undefined, given: HeldArguments) => act((context) => held(context, name, given)))
}

/** Lists what waits, the reasons that need a person first. */
export function held(context: Context, name: string | undefined, given: HeldArguments): Promise<number> {
  return context.withState(async ({ config, ports }) => {
    if (name !== undefined) mappingNamed(config, name)
    const names = name === undefined ? ports.store.mappings() : [name]
    const list = names.map((mapping) => ({
      mapping,
      held: [...ports.store.mapping(mapping).allHeld()]
        .filter(({ kind }) => given.kind === undefined || kind === given.kind)
        .toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.since < b.since ? -1 : 1)),
    }))
    context.print(
      () => heldText(list, { paint: context.paint, now: context.terminal.clock.now(), most: given.most }),
      () => list.flatMap(({ mapping, held }) => held.map((one) => ({ mapping, ...one }))),
    )
    return 0
  })
}
