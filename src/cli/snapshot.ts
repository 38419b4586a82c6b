/** `couplet snapshot`: the rows that the mappings need, with pseudonyms, for `couplet diff --snapshot`. Reads only. */
import { relative, resolve } from 'node:path'
import { sides } from '../config/config.ts'
import { snapshotText } from '../report/snapshot-text.ts'
import type { ToldSnapshot } from '../report/snapshot-text.ts'
import type { Taken } from '../snapshot/take.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { exits } from './exit.ts'

export interface SnapshotArguments {
  readonly out: string
}

export const addSnapshot: AddCommand = (command, act) => {
  command
    .option('--out <folder>', 'folder that gets it, in place of a former one', 'snapshot')
    .addHelpText(
      'after',
      `
Reads both services whole and writes to neither. Texts, amounts and dates become pseudonyms; record numbers,
short codes, options, yes and no, and values that the configuration names stay.
${examples('couplet snapshot', 'couplet snapshot --out ../snapshot-of-march', 'couplet diff main --snapshot snapshot')}`,
    )
    .action((given: SnapshotArguments) => act((context) => snapshot(context, given)))
}

/** Takes a snapshot and tells what it holds. Throws ConfigError, ConnectorError, StateError. */
export async function snapshot(context: Context, given: SnapshotArguments): Promise<number> {
  const [{ takeSnapshot }, { writeSnapshot }] = await Promise.all([
    import('../snapshot/take.ts'),
    import('../snapshot/folder.ts'),
  ])
  const folder = resolve(context.terminal.cwd, given.out)
  return context.withProject(async ({ config, ports }) => {
    const taken = await takeSnapshot({ config, ports, content: (name) => ports.store.content(name) })
    const bytes = await writeSnapshot(folder, taken.snapshot)
    const told = toldOf(taken, { folder: relative(context.terminal.cwd, folder) || '.', bytes })
    context.print(
      () => snapshotText(told, context.paint),
      () => told,
    )
    return taken.problems.length === 0 ? exits.done : exits.refused
  })
}

function toldOf({ snapshot, problems }: Taken, written: Pick<ToldSnapshot, 'folder' | 'bytes'>): ToldSnapshot {
  return {
    ...written,
    taken: snapshot.taken,
    collections: sides.flatMap((side) =>
      snapshot.sides[side].collections.map(({ entity, rows, columns = [] }) => ({
        side,
        entity: entity.kind === 'choice' ? `${entity.entity}.${entity.column}` : entity.entity,
        rows: rows.length,
        columns: columns.length,
      })),
    ),
    couplings: Object.values(snapshot.state).reduce((sum, { couplings }) => sum + couplings.length, 0),
    problems: problems.map(({ mapping, message, remedy }) => ({ mapping, message, remedy })),
  }
}
