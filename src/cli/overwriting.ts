/** Before records that a person names are written over with the other side's values: what would be lost is told first. */
import type { Side } from '../config/config.ts'
import { otherSide } from '../config/config.ts'
import { wouldBeLost } from '../engine/compare.ts'
import type { Project } from '../main.ts'
import { sideName } from '../report/words.ts'
import { mayGoOn } from './confirm.ts'
import type { Context } from './context.ts'
import type { RunArguments } from './run-options.ts'

/**
 * True when nothing that somebody entered would be lost, or a person agrees to it. Throws UsageError where something
 * would be and nobody can be asked.
 */
export async function mayOverwrite(
  context: Context,
  project: Project,
  mappings: readonly string[],
  { rewrite, record = [], yes }: Pick<RunArguments, 'rewrite' | 'record'> & { readonly yes?: boolean },
): Promise<boolean> {
  if (rewrite === undefined || record.length === 0) return true
  const lines: string[] = []
  for (const comparison of await project.comparePairs({ mappings, records: record })) {
    const lost = wouldBeLost(comparison, rewrite)
    if (lost.length === 0) continue
    const both = lost.filter(({ edited }) => edited[otherSide(rewrite)]).map(({ name }) => name)
    const too = both.length === 0 ? '' : ` (edited on both sides: ${both.join(', ')})`
    lines.push(`${comparison.mapping} ${comparison.number ?? ''}: ${lost.map(({ name }) => name).join(', ')}${too}`)
  }
  return lines.length === 0 || mayGoOn(context, questionOf(rewrite, lines), yes)
}

const questionOf = (side: Side, lines: readonly string[]): string =>
  `Edited in ${sideName[side]} since the two last agreed, and lost when it is written over:\n${lines.map((line) => `  ${line}`).join('\n')}\nGo on?`
