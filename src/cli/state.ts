/** `couplet state …`: verify, carry over, rekey, forget; the rest is in files of its own. */
import { Option } from 'commander'
import type { Command } from 'commander'
import { sides } from '../config/config.ts'
import type { Side } from '../config/config.ts'
import { recordsNamed } from '../engine/decisions.ts'
import type { Project } from '../main.ts'
import { count } from '../report/words.ts'
import { examples } from './context.ts'
import type { Act, AddCommand, Context } from './context.ts'
import { recordNamed } from './decide.ts'
import { exits } from './exit.ts'
import { readTextFile, saveOrPrint } from './save-file.ts'
import { addBranch } from './state-branch.ts'
import { withKey } from './state-key.ts'
import { addMerge } from './state-merge.ts'
import { addRewind } from './state-rewind.ts'
import type { MappingState } from '../store/store.ts'
import { UsageError } from './usage-error.ts'

export const addState: AddCommand = (command, act) => {
  command.addHelpText('after', examples('couplet state verify', 'couplet state export state.json'))
  addVerify(command, act)
  addExport(command, act)
  addImport(command, act)
  addRekey(command, act)
  addForget(command, act)
  addRewind(command, act)
  addMerge(command, act)
  addBranch(command, act)
}

function addVerify(state: Command, act: Act): void {
  state
    .command('verify')
    .description('look for damage; writes nothing')
    .addHelpText('after', examples('couplet state verify'))
    .action(() => act(verify))
}

function addExport(state: Command, act: Act): void {
  state
    .command('export')
    .description('write everything but runs and the key as one JSON document; only the pairs: couplet couplings export')
    .argument('[file]', 'where to; standard output when absent')
    .addHelpText('after', examples('couplet state export state.json'))
    .action((file: string | undefined) => act((context) => exported(context, file)))
}

function addImport(state: Command, act: Act): void {
  state
    .command('import')
    .description('take over an exported state; only pairs: couplet couplings import')
    .argument('<file>')
    .addHelpText('after', examples('couplet state import state.json'))
    .action((file: string) => act((context) => imported(context, file)))
}

function addRekey(state: Command, act: Act): void {
  state
    .command('rekey')
    .description('forget all fingerprints and use the configured key, or a new one')
    .addHelpText('after', examples('couplet state rekey'))
    .action(() => act(rekeyed))
}

function addForget(state: Command, act: Act): void {
  state
    .command('forget')
    .description('erase a record from the state; it stays in both services')
    .argument('<record>', 'number, code or id')
    .option('--mapping <name>', 'only in this mapping')
    .addOption(new Option('--side <side>', 'the side of an id').choices(['businessCentral', 'sales']))
    .addHelpText('after', examples('couplet state forget 10000 --mapping customer-account'))
    .action((record: string, given: { mapping?: string; side?: Side }) =>
      act((context) => forgotten(context, record, given)),
    )
}

/** Exit 1 when something is damaged. */
export async function verify(context: Context): Promise<number> {
  const state = withKey((await context.readSettings()).state)
  const { verifyState } = await import('../store/verify.ts')
  const findings = await verifyState(state.path, state.key)
  const { paint } = context
  context.print(
    () =>
      findings.length === 0
        ? paint.green('Nothing is damaged.')
        : findings
            .map(({ severity, place, message, remedy }) => {
              const sign = severity === 'error' ? paint.red('error') : paint.yellow('warning')
              return `${sign} ${paint.bold(place)}: ${message}\n  → ${remedy}`
            })
            .join('\n'),
    () => findings,
  )
  return findings.some(({ severity }) => severity === 'error') ? exits.waiting : exits.done
}

function exported(context: Context, file: string | undefined): Promise<number> {
  return context.withState(async ({ config, ports: { store } }) => {
    withKey(config.state)
    const { exportState } = await import('../store/transfer.ts')
    await saveOrPrint(context, file, JSON.stringify(exportState(store), null, 1))
    return exits.done
  })
}

function imported(context: Context, file: string): Promise<number> {
  return context.withProject(async (project) => {
    const { importState } = await import('../store/transfer.ts')
    const { store } = project.ports
    const text = await readTextFile(context, file)
    const told = await locked(project, async () => {
      const result = await importState(store, parsed(text, file))
      const bases = result.basesKept
        ? ''
        : ' They were made with another fingerprint key: the next run compares every pair anew and holds what differs.'
      return `${count(result.couplings, 'pair')} in ${count(result.mappings.length, 'mapping')}.${bases}`
    })
    context.print(
      () => `Taken over: ${told}`,
      () => ({ ok: true, message: told }),
    )
    return exits.done
  })
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new UsageError(
      `${file} is not JSON.`,
      'Give a file written by couplet state export; pairs as CSV: couplet couplings import.',
    )
  }
}

async function rekeyed(context: Context): Promise<number> {
  const { path, key } = withKey((await context.readSettings()).state)
  const { rekey } = await import('../store/erase.ts')
  const pairs = await rekey({
    folder: path,
    clock: context.terminal.clock,
    run: 'rekey',
    ...(key !== undefined && { key }),
  })
  const told = `${count(pairs, 'pair')} kept, all fingerprints forgotten. The next run compares every pair and holds what differs.`
  context.print(
    () => told,
    () => ({ ok: true, message: told }),
  )
  return exits.done
}

function forgotten(
  context: Context,
  record: string,
  given: { readonly mapping?: string; readonly side?: Side },
): Promise<number> {
  return context.withState(async (project) => {
    const { forget } = await import('../store/erase.ts')
    const { store } = project.ports
    const named = store.mappings().filter((name) => given.mapping === undefined || name === given.mapping)
    const touched = await locked(project, async () => {
      if (given.side !== undefined)
        return forget(store, {
          side: given.side,
          id: record,
          ...(given.mapping !== undefined && { mapping: given.mapping }),
        })
      // Every mapping is looked through before anything is erased: a record that must be named better erases nothing.
      const found = named.flatMap((name) =>
        idsOf(store.mapping(name), record).map((each) => ({ ...each, mapping: name })),
      )
      for (const each of found) await forget(store, each)
      return [...new Set(found.map(({ mapping }) => mapping))]
    })
    if (touched.length === 0) throw new UsageError(`Nothing is remembered of "${record}".`)
    context.print(
      () => `${record} is forgotten in ${touched.join(', ')}. Both records stay; a later run meets them as new ones.`,
      () => ({ ok: true, mappings: touched }),
    )
    return exits.done
  })
}

/** The records of a mapping that bear this number, code or id, of a pair both. Throws UsageError when several do. */
function idsOf(state: MappingState, record: string): readonly { readonly side: Side; readonly id: string }[] {
  if (recordsNamed(state, record).length === 0) return []
  const { coupling, held } = recordNamed(state, record)
  return coupling === undefined ? held : sides.map((side) => ({ side, id: coupling[side].id }))
}

async function locked<T>({ ports: { store } }: Project, work: () => Promise<T>): Promise<T> {
  await store.lock('state')
  try {
    return await work()
  } finally {
    await store.unlock()
  }
}
