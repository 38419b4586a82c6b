/** `couplet couplings`: which record of one side is which record of the other, and which have no partner. */
import { Option } from 'commander'
import type { Side } from '../config/config.ts'
import { couplingsText, uncoupledJson, uncoupledText } from '../report/coupling-text.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { linksText, withLinks } from './coupling-links.ts'
import { addCouplingChecks } from './couplings-check.ts'
import { addCouplingFiles } from './couplings-file.ts'
import { exits } from './exit.ts'
import { listedCouplings } from './list-couplings.ts'
import { mappingNamed } from './mapping-names.ts'
import { wholeNumber } from './numbers.ts'
import { addValueOptions, showsValues } from './show-values.ts'
import type { ValueArguments } from './show-values.ts'
import { UsageError } from './usage-error.ts'

export interface CouplingsArguments extends ValueArguments {
  readonly record?: string
  readonly uncoupled?: boolean
  readonly links?: boolean
  readonly side: Side
  readonly most: number
}

export const addCouplings: AddCommand = (command, act) => {
  command
    .argument('[mapping]', 'only this mapping')
    .option('--record <name>', 'only pairs with this number, code or id')
    .option('--links', 'links that open both records')
    .option('--uncoupled', 'records of one side that have no partner, as they stand now')
    .addOption(
      new Option('--side <side>', 'whose records with --uncoupled')
        .choices(['sales', 'businessCentral'])
        .default('sales'),
    )
    .option('--most <number>', 'lines shown', wholeNumber, 50)
  addValueOptions(command)
    .addHelpText(
      'after',
      examples(
        'couplet couplings customer-account',
        'couplet couplings --record 10000 --links',
        'couplet couplings customer-account --uncoupled        accounts that no customer is coupled with',
        'couplet sync customer-account --record accountid=ID --create toBusinessCentral',
      ),
    )
    .action((name: string | undefined, given: CouplingsArguments) => act((context) => couplings(context, name, given)))
  addCouplingFiles(command, act)
  addCouplingChecks(command, act)
}

export function couplings(context: Context, name: string | undefined, given: CouplingsArguments): Promise<number> {
  if (given.uncoupled === true) return listUncoupled(context, name, given)
  return context.withState(async ({ config, ports }) => {
    if (name !== undefined) mappingNamed(config, name)
    const list = listedCouplings(ports.store, name, given.record)
    if (given.links === true) {
      const linked = await withLinks(config, list)
      context.print(
        () => linksText(linked, given.most),
        () => linked,
      )
      return exits.done
    }
    context.print(
      () => couplingsText(list, context.paint, given.most),
      () => list,
    )
    return exits.done
  })
}

function listUncoupled(context: Context, name: string | undefined, given: CouplingsArguments): Promise<number> {
  if (name === undefined) throw new UsageError('Say of which mapping: couplet couplings MAPPING --uncoupled')
  return context.withProject(async (project) => {
    mappingNamed(project.config, name)
    const list = await project.uncoupled({ mapping: name, side: given.side })
    const showValues = showsValues(context, given)
    context.print(
      () => uncoupledText(list, { paint: context.paint, most: given.most, showValues }),
      () => uncoupledJson(list, showValues),
    )
    return exits.done
  })
}
