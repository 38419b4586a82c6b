/** `couplet couplings`: which record of one side is which record of the other. */
import { recordsNamed } from '../engine/decisions.ts'
import type { MappingState } from '../store/store.ts'
import { couplingsText } from '../report/coupling-text.ts'
import type { ListedCoupling } from '../report/coupling-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { mappingNamed } from './mapping-names.ts'
import { wholeNumber } from './numbers.ts'

export interface CouplingsArguments {
  readonly record?: string
  readonly most: number
}

export const addCouplings: AddCommand = (program, act) => {
  program
    .command('couplings')
    .description('list the pairs')
    .argument('[mapping]', 'only this mapping')
    .option('--record <name>', 'only pairs with this number, code or id')
    .option('--most <number>', 'pairs shown', wholeNumber, 50)
    .addHelpText('after', examples('couplet couplings customer-account', 'couplet couplings --record 10000'))
    .action((name: string | undefined, given: CouplingsArguments) => act((context) => couplings(context, name, given)))
}

export function couplings(context: Context, name: string | undefined, given: CouplingsArguments): Promise<number> {
  return context.withState(async ({ config, ports }) => {
    if (name !== undefined) mappingNamed(config, name)
    const names = name === undefined ? ports.store.mappings() : [name]
    const list = names.flatMap((mapping) => [...listed(ports.store.mapping(mapping), given.record)])
    context.print(
      () => couplingsText(list, context.paint, given.most),
      () => list,
    )
    return 0
  })
}

function* listed(state: MappingState, record: string | undefined): Generator<ListedCoupling> {
  const all =
    record === undefined ? state.couplings() : recordsNamed(state, record).flatMap(({ coupling }) => coupling ?? [])
  for (const { businessCentral, sales, outside } of all) {
    const held = state.held('businessCentral', businessCentral.id) ?? state.held('sales', sales.id)
    yield {
      mapping: state.name,
      businessCentral: { id: businessCentral.id, keys: businessCentral.keys },
      sales: { id: sales.id, keys: sales.keys },
      paused: outside === true,
      held: held !== undefined,
    }
  }
}
