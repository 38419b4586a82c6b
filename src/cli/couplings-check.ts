/** `couplet couplings verify|rebuild`: are the pairs right, and finding them again where they are lost. */
import type { Command } from 'commander'
import type { MappingCounts } from '../core/plan.ts'
import type { RunReport } from '../engine/ports.ts'
import type { Project } from '../main.ts'
import { auditText } from '../report/audit-text.ts'
import { rebuildText } from '../report/rebuild-text.ts'
import type { RebuiltMapping } from '../report/rebuild-text.ts'
import { count } from '../report/words.ts'
import { mayWrite, yesOption } from './confirm.ts'
import { examples } from './context.ts'
import type { Act, Context } from './context.ts'
import { exits } from './exit.ts'
import { mappingsNamed } from './mapping-names.ts'

export function addCouplingChecks(couplings: Command, act: Act): void {
  couplings
    .command('verify')
    .description(
      'look for pairs of which a record is gone, that are coupled twice or crosswise; reads both sides, writes nothing',
    )
    .argument('[mapping...]', 'only these mappings')
    .addHelpText('after', examples('couplet couplings verify', 'couplet couplings verify customer-account --json'))
    .action((names: string[]) => act((context) => verifyPairs(context, names)))
  couplings
    .command('rebuild')
    .description('find pairs again whose couplings are lost, by derived keys and match rules; writes to neither side')
    .argument('[mapping...]', 'only these mappings')
    .addOption(yesOption())
    .addHelpText(
      'after',
      examples(
        'couplet couplings rebuild                    shows what it would couple',
        'couplet couplings rebuild --yes',
      ),
    )
    .action((names: string[], given: { yes?: boolean }) => act((context) => rebuild(context, names, given.yes)))
}

/** What the audit says of pairs; what only differs or was never sent is no matter of couplings. Exit 1 when something was found. */
export function verifyPairs(context: Context, names: readonly string[]): Promise<number> {
  return context.withProject(async (project) => {
    if (names.length > 0) mappingsNamed(project.config, names)
    const { findings, mappings } = await project.audit(names)
    const pairs = findings.filter(({ kind }) => kind === 'orphaned' || kind === 'coupled-twice')
    context.print(
      () =>
        pairs.length === 0 ? context.paint.green('Every pair is there and right.') : auditText(pairs, context.paint),
      () => ({ findings: pairs, mappings }),
    )
    return pairs.length > 0 ? exits.waiting : exits.done
  })
}

/** Dry unless a person says yes: at the terminal, or beforehand. */
function rebuild(context: Context, names: readonly string[], yes: boolean | undefined): Promise<number> {
  return context.withProject(async (project) => {
    const mappings = mappingsNamed(project.config, names).map(({ name }) => name)
    const options = { mappings, full: true, noCreate: true, coupleOnly: true }
    const dry = await project.run({ ...options, dry: true })
    const found = rebuilt(project, dry)
    const pairs = found.reduce((sum, one) => sum + one.found, 0)
    if (!context.json) context.terminal.out(rebuildText(found, context.paint))
    const written = pairs > 0 && (await mayWrite(context, `Couple ${count(pairs, 'pair')}?`, yes))
    if (written) {
      const report = await project.run(options)
      context.terminal.err(
        `${count(
          report.mappings.reduce((sum, { coupled }) => sum + coupled, 0),
          'pair',
        )} coupled. The next run compares them and holds what differs: couplet plan`,
      )
    }
    if (context.json)
      context.print(
        () => '',
        () => ({ ok: !dry.refused, written, mappings: found }),
      )
    return dry.refused ? exits.refused : exits.done
  })
}

/** What is coupled, what was found, and what stays without a partner. */
function rebuilt({ config }: Project, { plan }: RunReport): readonly RebuiltMapping[] {
  const of = (name: string): readonly MappingCounts[] => plan.counts.filter(({ mapping }) => mapping === name)
  return config.mappings
    .filter(({ name }) => of(name).length > 0)
    .map(({ name }) => {
      const held = plan.holds.filter(({ mapping }) => mapping === name)
      return {
        mapping: name,
        coupled: of(name)[0]?.coupled ?? 0,
        found: of(name).reduce((sum, { couples }) => sum + couples, 0),
        ambiguous: held.filter(({ kind }) => kind === 'ambiguous').length,
        alone: held.filter(({ kind }) => kind === 'no-partner').length,
      }
    })
}
