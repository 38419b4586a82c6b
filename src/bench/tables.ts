/** The bench's figures as tables. */
import { numberColumn, table } from '../report/table.ts'
import type { StandardFigures, StateFigures } from './figures.ts'
import type { Compared } from './loops.ts'
import type { StartFigures } from './start.ts'

/** What was measured; parts that were not asked for are absent. */
export interface Measured {
  readonly start?: readonly StartFigures[]
  readonly loops?: readonly Compared[]
  readonly couplings?: StateFigures
  readonly standard?: readonly StandardFigures[]
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2)
const whole = (value: number): string => value.toFixed(0)

const startText = (rows: readonly StartFigures[]): string =>
  table(
    [{ title: 'command' }, numberColumn('CPU s'), numberColumn('of node -e 0')],
    rows.map(({ command, cpuMs, ratio }) => [command, seconds(cpuMs), ratio.toFixed(1)]),
  )

const loopsText = (rows: readonly Compared[]): string =>
  table(
    [
      numberColumn('customers'),
      numberColumn('latency ms'),
      { title: 'phase' },
      ...['ratio', 'CPU ratio', 'bare s', 'couplet s', 'bare req', 'couplet req', 'bare MB', 'couplet MB'].map((one) =>
        numberColumn(one),
      ),
    ],
    rows.map(({ customers, latencyMs, phase, bare, couplet, ratio, cpuRatio }) => [
      whole(customers),
      whole(latencyMs),
      phase,
      ratio.toFixed(2),
      cpuRatio.toFixed(2),
      seconds(bare.ms),
      seconds(couplet.ms),
      whole(bare.requests),
      whole(couplet.requests),
      whole(bare.peakMb),
      whole(couplet.peakMb),
    ]),
  )

const stateText = ({ couplings: count, loadMs, changeMs, saveMs, cpuMs, loadedMb, peakMb }: StateFigures): string =>
  table(
    ['couplings', 'load s', '1 % changed s', 'save s', 'CPU s', 'loaded MB', 'peak MB'].map((one) => numberColumn(one)),
    [[whole(count), ...[loadMs, changeMs, saveMs, cpuMs].map(seconds), whole(loadedMb), whole(peakMb)]],
  )

const setText = (rows: readonly StandardFigures[]): string =>
  table(
    [{ title: 'standard set' }, ...['s', 'CPU s', 'requests', 'written', 'peak MB'].map((one) => numberColumn(one))],
    rows.map(({ run, ms, cpuMs, requests, records, peakMb }) => [
      run,
      seconds(ms),
      seconds(cpuMs),
      whole(requests),
      whole(records),
      whole(peakMb),
    ]),
  )

/** One table a part. */
export function tables({ start, loops, couplings, standard }: Measured): string {
  const told = [start && startText(start), loops && loopsText(loops), couplings && stateText(couplings)]
  return [...told, standard && setText(standard)].filter((text) => text !== undefined).join('\n\n')
}
