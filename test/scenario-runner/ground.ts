/** What a scenario stands on: both simulated services with the rows of its YAML files, and a project folder. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { businessCentral } from '../../src/simulator/business-central.ts'
import { dataverse } from '../../src/simulator/dataverse.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import type { Row } from '../../src/simulator/table.ts'
import { type Names, namesOf } from './names.ts'
import type { ScenarioSide, Values } from './script.ts'

/** Rows by set, as a YAML file has them. */
export type Seeds = Readonly<Record<string, readonly Values[]>>

export const company = 'Scenario Ltd.'
/** The moment at which every scenario begins. */
export const beginning = Date.parse('2026-01-05T08:00:00Z')

interface Clocked {
  readonly now: () => Date
  readonly advance: (ms: number) => void
}

export interface Ground extends Clocked {
  readonly simulator: Simulator
  readonly names: Names
  /** The scenario's own rows. */
  readonly seeds: Readonly<Record<ScenarioSide, Seeds>>
  /** The rows of a set in the common ground, each shown as `show` shows it, as JSON. */
  untouched(side: ScenarioSide, set: string, show: (row: Row) => readonly object[]): ReadonlySet<string>
  /** Values with `{ accounts: Adatum }` exchanged for what the service stores. */
  stored(side: ScenarioSide, values: Values): Row
}

const readYaml = (path: string): Record<string, unknown> =>
  existsSync(path) ? ((parse(readFileSync(path, 'utf8')) ?? {}) as Record<string, unknown>) : {}

/** Starts both services with the common ground and the scenario's own rows. */
export async function openGround(common: string, folder: string): Promise<Ground> {
  let at = beginning
  const clock = {
    now: (): Date => new Date(at),
    advance: (ms: number): void => {
      at += ms
    },
  }
  const options = { ...readYaml(join(common, 'simulator.yaml')), ...readYaml(join(folder, 'simulator.yaml')) }
  const { choices, ...commonSales } = readYaml(join(common, 'sales.yaml'))
  const { choices: ownChoices, ...ownSales } = readYaml(join(folder, 'sales.yaml'))
  const simulator = await startSimulator({
    businessCentral: businessCentral({ company, ...(options['businessCentral'] as object | undefined) }),
    sales: dataverse({
      baseCurrency: 'GBP',
      choices: choicesOf({ ...(choices as Choices), ...(ownChoices as Choices) }),
      ...(options['sales'] as object | undefined),
    }),
    world: { now: clock.now, newId: counting() },
  })
  try {
    return fill(simulator, { common, folder, commonSales: commonSales as Seeds, ownSales: ownSales as Seeds }, clock)
  } catch (error) {
    await simulator.stop()
    throw error
  }
}

interface Files {
  readonly common: string
  readonly folder: string
  readonly commonSales: Seeds
  readonly ownSales: Seeds
}

/** Types in the common rows, then the scenario's own. Throws what a service refuses. */
function fill(simulator: Simulator, { common, folder, commonSales, ownSales }: Files, clock: Clocked): Ground {
  const names = namesOf(simulator)
  const stored = (side: ScenarioSide, values: Values): Row => storedRow(names, side, values)
  const seed = (side: ScenarioSide, seeds: Seeds): void => {
    for (const [set, rows] of Object.entries(seeds))
      for (const row of rows) put({ simulator, now: clock.now }, side, { set, row: stored(side, row) })
  }
  seed('businessCentral', readYaml(join(common, 'businessCentral.yaml')) as Seeds)
  seed('sales', commonSales)
  const ground = { businessCentral: rowsNow(simulator, 'businessCentral'), sales: rowsNow(simulator, 'sales') }
  const seeds = { businessCentral: readYaml(join(folder, 'businessCentral.yaml')) as Seeds, sales: ownSales }
  seed('businessCentral', seeds.businessCentral)
  seed('sales', seeds.sales)
  names.learn()
  return {
    simulator,
    names,
    seeds,
    untouched: (side, set, show) =>
      new Set((ground[side].get(set) ?? []).flatMap(show).map((row) => JSON.stringify(row))),
    ...clock,
    stored,
  }
}

const rowsNow = (simulator: Simulator, side: ScenarioSide): ReadonlyMap<string, readonly Row[]> =>
  new Map(simulator[side].service.sets().map((set) => [set, simulator[side].rows(set)]))

type Choices = Readonly<Record<string, Readonly<Record<string, string>>>>

const choicesOf = (choices: Choices) =>
  Object.entries(choices).map(([path, options]) => {
    const [table = '', column = ''] = path.split('.')
    return {
      table,
      column,
      options: Object.entries(options).map(([value, label]) => ({ value: Number(value), label })),
    }
  })

/** Ids that say in which order rows were made. */
function counting(): () => string {
  let count = 0
  return () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`
}

/** A row goes through the rules of its service, as if a person had typed it in; where no form offers that, it is there. */
export function put(
  { simulator, now }: Pick<Ground, 'simulator' | 'now'>,
  side: ScenarioSide,
  { set, row }: { readonly set: string; readonly row: Row },
): void {
  if (set === 'systemusers' || row['isocurrencycode'] === 'GBP') simulator.sales.service.table(set)?.insert(row)
  else if (side === 'businessCentral' && noForm.has(set))
    simulator.businessCentral.service.load(set, [{ SystemModifiedAt: now().toISOString(), ...row }])
  else simulator[side].create(set, row)
}

/** Sets that the service lets nobody add to through its API. */
const noForm: ReadonlySet<string> = new Set([
  'companyInformation',
  'generalLedgerSetup',
  'currencyExchangeRates',
  'jobQueueEntries',
  'ShippingAgents',
  'generalProductPostingGroups',
  'inventoryPostingGroups',
])

/** `{ accounts: Adatum }` is the id of that row; in Sales the column is then a lookup. */
function storedRow(names: Names, side: ScenarioSide, values: Values): Row {
  return Object.fromEntries(
    Object.entries(values).map(([column, value]) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [column, value]
      const [set = '', name] = Object.entries(value as Values)[0] ?? []
      return [side === 'sales' ? `_${column}_value` : column, names.idOf(side, set, String(name))]
    }),
  )
}

/** Writes the project: the scenario's own files, and connections to the simulators. */
export function writeProject(scenario: string, folder: string, { simulator }: Ground): void {
  mkdirSync(folder, { recursive: true })
  const own = join(scenario, 'couplet.yaml')
  const text = existsSync(own) ? readFileSync(own, 'utf8') : ''
  writeFileSync(join(folder, 'secret.txt'), 'secret\n', { mode: 0o600 })
  writeFileSync(join(folder, 'couplet.yaml'), projectText(simulator, text))
  for (const part of ['mappings', 'targets', 'jobs.yaml'])
    if (existsSync(join(scenario, part))) cpSync(join(scenario, part), join(folder, part), { recursive: true })
}

/** Unless it says otherwise a scenario uses the standard set and the local currency of the common ground. */
function withDefaults(text: string): string {
  const use = /^use:/m.test(text) ? '' : 'use: standard@1\n'
  const settings = /^settings:/m.test(text) ? '' : 'settings: { localCurrency: GBP }\n'
  const key = /^state:/m.test(text) ? '' : 'state: { key: "${env:KEY}" }\n'
  return `${use}${settings}${key}${text}`
}

/** couplet.yaml with the connections of the simulators, and with what a scenario need not say. */
export const projectText = (simulator: Simulator, text: string): string =>
  `${connections(simulator)}${withDefaults(text)}`

function connections({ businessCentral: bc, sales, authority }: Simulator): string {
  const auth = `{ method: client-secret, clientId: couplet, clientSecret: "\${file:secret.txt}", authority: "${authority}" }`
  return `connections:
  businessCentral:
    kind: business-central
    tenant: contoso.onmicrosoft.com
    environment: Production
    company: ${company}
    url: ${bc.url}
    auth: ${auth}
  sales:
    kind: dataverse
    tenant: contoso.onmicrosoft.com
    url: ${sales.url}
    auth: ${auth}
`
}
