/** `couplet state rewind`: a mapping's watermark set back, so that older changes are read again. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { Side } from '../config/config.ts'
import { rewound } from '../core/rewind.ts'
import type { Rewound } from '../core/rewind.ts'
import { sideName } from '../report/words.ts'
import type { Entry, MappingState } from '../store/store.ts'
import { examples } from './context.ts'
import type { Act, Context } from './context.ts'
import { mappingNamed } from './mapping-names.ts'
import { UsageError } from './usage-error.ts'

interface RewindArguments {
  readonly to: string
  readonly side?: Side
}

/** Adds the command below `couplet state`. */
export function addRewind(state: Command, act: Act): void {
  state
    .command('rewind')
    .description('set back how far a mapping has been read; the next run reads what changed since, and merges')
    .argument('<mapping>')
    .requiredOption('--to <moment>', 'date or date-time (UTC unless it says otherwise), e.g. 2026-01-01', moment)
    .addOption(new Option('--side <side>', 'only this side').choices(['businessCentral', 'sales']))
    .addHelpText('after', examples('couplet state rewind customer-account --to 2026-01-01'))
    .action((name: string, given: RewindArguments) => act((context) => rewind(context, name, given)))
}

/** A moment as ISO 8601 in UTC. */
export function moment(text: string): string {
  const full = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(full) ? full : `${full}Z`
  const at = /^\d{4}-\d{2}-\d{2}T/.test(zoned) ? Date.parse(zoned) : Number.NaN
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Write a date or date-time, e.g. 2026-01-01 or 2026-01-01T08:00Z.')
  return new Date(at).toISOString()
}

/** The marks of a mapping by name: one a side, and one for each join whose changes count. */
function marksOf(context: { readonly joins: readonly string[] }, side: Side): readonly string[] {
  return [side, ...context.joins.map((join) => `${side}/${join}`)]
}

export function rewind(context: Context, name: string, { to, side }: RewindArguments): Promise<number> {
  if (Date.parse(to) > context.terminal.clock.now().getTime())
    throw new UsageError(`${to} has not come yet.`, 'A watermark can only be set back.')
  return context.withState(async ({ config, ports: { store } }) => {
    const mapping = mappingNamed(config, name)
    const marks = (['businessCentral', 'sales'] as const)
      .filter((each) => side === undefined || each === side)
      .flatMap((each) =>
        marksOf({ joins: mapping[each].joins.filter(({ triggers }) => triggers).map((join) => join.name) }, each),
      )
    await store.lock('state')
    try {
      const state = store.mapping(name)
      const results = marks.map((mark) => ({ mark, result: rewound(state.watermark(mark), to) }))
      await store.commit(
        name,
        results.flatMap(({ mark, result }) => entryOf(mark, result)),
      )
      tell(context, state, { name, to, results })
    } finally {
      await store.unlock()
    }
    return 0
  })
}

const entryOf = (name: string, result: Rewound): readonly Entry[] =>
  result.kind === 'moved' ? [{ kind: 'watermark', name, watermark: result.watermark }] : []

interface Told {
  readonly name: string
  readonly to: string
  readonly results: readonly { readonly mark: string; readonly result: Rewound }[]
}

function tell(context: Context, state: MappingState, { name, to, results }: Told): void {
  const line = ({ mark, result }: Told['results'][number]): string => {
    const [side = '', join] = mark.split('/')
    const who = `${sideName[side as Side]}${join === undefined ? '' : ` (${join})`}`
    if (result.kind === 'same') return `${who}: ${result.because}.`
    return result.watermark === null
      ? `${who}: tells changes by a token, which cannot be set back; the next run reads everything.`
      : `${who}: read up to ${to}; the next run begins there.`
  }
  context.print(
    () => [state.name, ...results.map((each) => `  ${line(each)}`), `Read now: couplet sync ${name}`].join('\n'),
    () => ({
      ok: true,
      mapping: name,
      marks: results.map(({ mark, result }) => ({
        mark,
        moved: result.kind === 'moved',
        whole: result.kind === 'moved' && result.watermark === null,
      })),
    }),
  )
}
