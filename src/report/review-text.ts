/** The review before a full run: a line a mapping, and the commands that follow from it. */
import type { BySide, Side } from '../config/config.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import type { Cell } from './table.ts'
import { count, firstOf, thousands } from './words.ts'

/** One line of a review, as it is told. */
export interface ReviewTold {
  readonly mapping: string
  readonly direction: 'both' | 'toSales' | 'toBusinessCentral'
  readonly after: readonly string[]
  readonly counts: BySide<{ readonly records: number; readonly unpaired: number } | undefined>
  readonly recommendation: 'full' | 'couple' | 'nothing' | 'unknown'
  readonly because: string
  readonly remedy: string
  readonly creates: readonly Side[]
  readonly criteria: readonly string[]
}

const names = { full: 'full', couple: 'couple first', nothing: 'nothing', unknown: 'not known' } as const
const arrows = { both: '↔', toSales: '→', toBusinessCentral: '←' } as const

/** A table in the order of a run, then what to do. Each number is `records (without a partner)`. */
export function reviewText(lines: readonly ReviewTold[], paint: Paint): string {
  if (lines.length === 0) return 'No mapping is in use.'
  const columns = [
    { title: 'mapping' },
    { title: 'Business Central', align: 'right' as const },
    { title: '' },
    { title: 'Sales', align: 'right' as const },
    { title: 'recommended' },
    { title: 'because', most: 76 },
  ]
  const rows = lines.map((line): readonly Cell[] => [
    line.mapping,
    numbers(line.counts.businessCentral),
    arrows[line.direction],
    numbers(line.counts.sales),
    { text: names[line.recommendation], paint: colour(line, paint) },
    { text: line.because, paint: paint.dim },
  ])
  return [
    table(columns, rows, paint.bold),
    paint.dim('Records inside the filter, in brackets those without a partner. In the order of a run.'),
    ...nextSteps(lines, paint),
  ].join('\n')
}

function numbers(counted: { readonly records: number; readonly unpaired: number } | undefined): string {
  if (counted === undefined) return '?'
  const { records, unpaired } = counted
  return unpaired === records ? thousands(records) : `${thousands(records)} (${thousands(unpaired)})`
}

const colour = ({ recommendation }: ReviewTold, paint: Paint): ((text: string) => string) =>
  recommendation === 'couple' || recommendation === 'unknown'
    ? paint.yellow
    : recommendation === 'full'
      ? paint.green
      : paint.dim

function nextSteps(lines: readonly ReviewTold[], paint: Paint): readonly string[] {
  const of = (kind: ReviewTold['recommendation']): readonly ReviewTold[] =>
    lines.filter(({ recommendation }) => recommendation === kind)
  const unknown = of('unknown').map(({ mapping, remedy }) => `→ ${mapping}: ${remedy}`)
  const couple = of('couple')
  const creatable = (line: ReviewTold): boolean => line.creates.length > 0
  const still = of('full').filter((line) => !creatable(line))
  return [
    ...(unknown.length > 0 ? ['', ...unknown] : []),
    ...(couple.length > 0 ? ['', paint.bold('Partners are found by'), ...couple.map(criteriaLine)] : []),
    ...(still.length > 0
      ? [
          '',
          `${count(still.length, 'mapping')} recommended in full may create nothing (create: in couplet.yaml, or in the mapping): ${firstOf(
            still.map(({ mapping }) => mapping),
            8,
          )}`,
        ]
      : []),
    '',
    'As recommended, in this order:          couplet sync --full --recommended',
    'Only find pairs, see them, then create: couplet match MAPPING; couplet sync --full MAPPING',
  ]
}

const criteriaLine = ({ mapping, criteria }: ReviewTold): string =>
  `  ${mapping}: ${criteria.length === 0 ? 'nothing; couple by hand: couplet couple' : criteria.join(', else ')}`
