/** The stage of the demo: both simulators, a project that points at them, and the claims that the story makes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Coupling } from '../core/coupling.ts'
import type { RunReport } from '../engine/ports.ts'
import type { Project } from '../main.ts'
import type { Paint } from '../report/paint.ts'
import { wrap } from '../report/words.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { startPlayground, writePlaygroundProject } from './playground.ts'
import type { Playground } from './playground.ts'
import type { Terminal } from './terminal.ts'

/** Something the story says, and whether the simulators bear it out. */
export interface Claim {
  readonly text: string
  readonly holds: boolean
  /** Number of the chapter that says it, from 1. */
  readonly chapter: number
}

export interface Stage {
  readonly project: Project
  readonly simulator: Simulator
  readonly company: string
  readonly paint: Paint
  readonly claims: readonly Claim[]
  /** Begins a chapter. */
  readonly chapter: (title: string) => void
  /** Tells a text as it is. */
  readonly tell: (text: string) => void
  /** Tells a line of the story. */
  readonly say: (text: string) => void
  /** Tells a line that is checked. */
  readonly claim: (text: string, holds: boolean) => void
}

/** Sets the stage, plays, and clears everything away. */
export async function onStage<T>(
  terminal: Pick<Terminal, 'clock'>,
  { paint, tell }: { readonly paint: Paint; readonly tell: (text: string) => void },
  play: (stage: Stage) => Promise<T>,
): Promise<T> {
  const playground = await startPlayground({ company: 'cronus', customers: 0, overlap: 0.5, seed: 1, without: leftOut })
  const folder = await mkdtemp(join(tmpdir(), 'couplet-demo-'))
  try {
    await writeProject(folder, playground)
    const { openProject } = await import('../main.ts')
    const project = await openProject(folder, { env: {}, clock: terminal.clock })
    try {
      return await play(stageOf(project, { ...playground, paint, tell }))
    } finally {
      await project.close()
    }
  } finally {
    await playground.simulator.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The story is short: nobody in it buys, negotiates, or asks for last year's documents. */
const leftOut = [
  'vendors',
  'opportunities',
  'salesOrders',
  'salesOrderLines',
  'salesInvoices',
  'salesInvoiceLines',
  'SalesPriceList',
  'PriceListLines',
]

/** The item that stands for what Sales writes on an order without a product. */
export const writeInItem = 'WRITE-IN'

const settings = { pricing: 'off', salesOrders: 'bidirectional', orderPage: 'couplet/orders/v1.0', writeInItem }

/** Choices whose options the project may add in Sales: terms must be known there before an order can name them. */
const choices = ['payment-terms', 'shipment-method', 'shipping-agent']

async function writeProject(folder: string, playground: Playground): Promise<void> {
  playground.simulator.businessCentral.create('items', {
    number: writeInItem,
    displayName: 'Written in by Sales',
    type: 'Service',
    baseUnitOfMeasureCode: 'PCS',
  })
  await writePlaygroundProject(folder, playground, '', settings)
  await mkdir(join(folder, 'mappings'))
  for (const name of choices)
    await writeFile(join(folder, 'mappings', `${name}.yaml`), `extends: standard/${name}\nallowMetadataChanges: true\n`)
}

function stageOf(
  project: Project,
  given: Pick<Stage, 'simulator' | 'company' | 'paint'> & { readonly tell: (text: string) => void },
): Stage {
  const { simulator, company, paint, tell } = given
  const claims: Claim[] = []
  let chapters = 0
  return {
    project,
    simulator,
    company,
    paint,
    claims,
    tell,
    chapter: (title) => tell(`\n${paint.bold(`${++chapters}  ${title}`)}`),
    say: (text) => tell(wrap(text, 112, '   ')),
    claim: (text, holds) => {
      claims.push({ text, holds, chapter: chapters })
      const sign = holds ? paint.green('✓') : paint.red('✗ not true:')
      const lines = text.split('\n').map((line) => wrap(line, 112, '     '))
      tell(`   ${sign} ${lines.join('\n').trimStart()}`)
    },
  }
}

/** A run of everything, or over some mappings; a full one reads both sides whole and sees at once what is gone. */
export const runAll = ({ project }: Stage, mappings: readonly string[] = [], full = false): Promise<RunReport> =>
  project.run({ mappings, full })

/** Pairs of customer and account of which nothing waits, by customer number. */
export function quietPairs({ project }: Stage): readonly Coupling[] {
  const state = project.ports.store.mapping('customer-account')
  return [...state.couplings()]
    .filter(
      ({ businessCentral, sales }) =>
        !state.held('businessCentral', businessCentral.id) && !state.held('sales', sales.id),
    )
    .toSorted((a, b) => (numberOf(a) < numberOf(b) ? -1 : 1))
}

export const numberOf = ({ businessCentral }: Coupling): string => businessCentral.keys['number'] ?? businessCentral.id

/** A value of a simulated record as text. */
export function valueOf(stage: Stage, side: 'businessCentral' | 'sales', id: string, column: string): string {
  const row = stage.simulator[side].row(side === 'sales' ? 'accounts' : 'customers', id)
  const value = row?.[column]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
