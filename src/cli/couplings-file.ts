/** `couplet couplings export|import`: pairs as a file, to look at, to carry over, to bring from the native integration. */
import type { Command } from 'commander'
import { rowsOfJson, rowsOfTable } from '../engine/coupling-rows.ts'
import type { ReadRows, Reading } from '../engine/coupling-rows.ts'
import type { ImportReport } from '../engine/import-couplings.ts'
import { importText } from '../report/import-text.ts'
import { count } from '../report/words.ts'
import { mayWrite, yesOption } from './confirm.ts'
import { examples } from './context.ts'
import type { Act, Context } from './context.ts'
import { exits } from './exit.ts'
import { listedCouplings } from './list-couplings.ts'
import { mappingNamed } from './mapping-names.ts'
import { readTextFile, saveOrPrint } from './save-file.ts'
import { UsageError } from './usage-error.ts'

export function addCouplingFiles(couplings: Command, act: Act): void {
  couplings
    .command('export')
    .description('write the pairs as CSV, or as JSON where the file is called so')
    .argument('[file]', 'where to; standard output when absent')
    .option('--mapping <name>', 'only this mapping')
    .addHelpText('after', examples('couplet couplings export pairs.csv', 'couplet couplings export pairs.json'))
    .action((file: string | undefined, given: { mapping?: string }) =>
      act((context) => exportPairs(context, file, given.mapping)),
    )
  couplings
    .command('import')
    .description(
      'couple the pairs that a file names, by id or number; shows first what it would do, writes to neither side',
    )
    .argument('<file>', 'CSV or JSON: as couplings export writes it, or as Business Central exports its own couplings')
    .option('--mapping <name>', 'the mapping of rows that do not say it')
    .addOption(yesOption())
    .addHelpText(
      'after',
      examples(
        'couplet couplings import pairs.csv                             shows what it would do',
        'couplet couplings import pairs.csv --yes                       does it',
        'couplet couplings import options.csv --mapping payment-terms',
      ),
    )
    .action((file: string, given: { mapping?: string; yes?: boolean }) =>
      act((context) => importPairs(context, file, given)),
    )
}

function exportPairs(context: Context, file: string | undefined, mapping: string | undefined): Promise<number> {
  return context.withState(async ({ config, ports: { store } }) => {
    if (mapping !== undefined) mappingNamed(config, mapping)
    const pairs = listedCouplings(store, mapping)
    const isJson = context.json || file?.toLowerCase().endsWith('.json') === true
    const { couplingsCsv } = await import('../store/coupling-csv.ts')
    await saveOrPrint(context, file, isJson ? JSON.stringify(pairs, null, 1) : couplingsCsv(pairs))
    return exits.done
  })
}

/** Dry unless a person says yes: at the terminal, or beforehand. Exit 1 when rows were refused. */
function importPairs(
  context: Context,
  file: string,
  given: { readonly mapping?: string; readonly yes?: boolean },
): Promise<number> {
  return context.withProject(async (project) => {
    if (given.mapping !== undefined) mappingNamed(project.config, given.mapping)
    const text = await readTextFile(context, file)
    const { rows, refused } = await readRows(text, {
      file,
      mappings: project.config.mappings,
      mapping: given.mapping,
    })
    const dry = withRefused(await project.importCouplings(rows, false), refused)
    const fresh = dry.mappings.reduce((sum, { coupled }) => sum + coupled, 0)
    if (!context.json) context.terminal.out(importText(dry, context.paint))
    const question = `Couple ${count(fresh, 'pair')}?`
    const written = fresh > 0 && (await mayWrite(context, question, given.yes))
    const report = written ? withRefused(await project.importCouplings(rows, true), refused) : dry
    const coupled = report.mappings.reduce((sum, one) => sum + one.coupled, 0)
    if (context.json)
      context.print(
        () => '',
        () => ({ ok: report.refused.length === 0, written, ...report }),
      )
    else if (written)
      context.terminal.err(
        `${count(coupled, 'new pair')}. The next run compares them and holds what differs: couplet plan`,
      )
    return report.refused.length > 0 ? exits.waiting : exits.done
  })
}

const withRefused = (report: ImportReport, refused: ReadRows['refused']): ImportReport => ({
  ...report,
  refused: [...refused, ...report.refused],
})

/** JSON begins with a bracket; everything else is a table. */
async function readRows(text: string, reading: Reading): Promise<ReadRows> {
  if (!/^\uFEFF?\s*[[{]/.test(text)) {
    const { parseCsv } = await import('../store/csv.ts')
    return rowsOfTable(parseCsv(text), reading)
  }
  try {
    return rowsOfJson(JSON.parse(text.replace(/^\uFEFF/, '')) as unknown, reading)
  } catch {
    throw new UsageError(`${reading.file} is not JSON.`, 'Give a CSV, or JSON as couplet couplings export writes it.')
  }
}
