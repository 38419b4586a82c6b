/** Both simulated services with a realistic company, and a project that points at them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withSchemaLine } from '../config/schema-line.ts'
import { businessCentral } from '../simulator/business-central.ts'
import { dataverse } from '../simulator/dataverse.ts'
import type { DataverseOptions } from '../simulator/dataverse.ts'
import { seed } from '../simulator/seed.ts'
import type { SeedOptions } from '../simulator/seed.ts'
import { startSimulator } from '../simulator/simulator.ts'
import type { Simulator, SimulatorOptions } from '../simulator/simulator.ts'

export interface PlaygroundOptions {
  readonly company: NonNullable<SeedOptions['company']>
  /** Invented customers beside the demo company's own, each with one person. */
  readonly customers: number
  /** Share of records that stand in Sales already, 0 to 1. */
  readonly overlap: number
  readonly seed: number
  /** Sets of Business Central that start empty. @default none */
  readonly without?: readonly string[] | undefined
  /** What else is set about Sales: roles, change tracking … @default nothing */
  readonly sales?: Partial<DataverseOptions> | undefined
  /** Business Central's own integration is at work there too. @default false */
  readonly native?: boolean | undefined
  /** Whom the login knows and for how long. @default any client, with the secret of the written project */
  readonly login?: SimulatorOptions['login']
  /** Limits instead of the services' own, and the clock that they go by. @default their own, the real one */
  readonly limits?: SimulatorOptions['limits']
  readonly now?: SimulatorOptions['now']
  /** First of three ports (Business Central, Sales, login). @default free ones */
  readonly port?: number | undefined
}

export interface Playground {
  readonly simulator: Simulator
  /** Name of the company in Business Central. */
  readonly company: string
  /** ISO code of its local currency, where the company has no currency record of that code. */
  readonly currency: string | undefined
}

/** Starts the simulators, all on 127.0.0.1. */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { company, customers, overlap, port, limits, now, without = [] } = options
  const sizes = { customers, contactsPerCustomer: customers > 0 ? 1 : 0 }
  const seeded = seed({ company, overlap, seed: options.seed, sizes, without, native: options.native === true })
  const simulator = await startSimulator({
    businessCentral: businessCentral({ company: seeded.company, rows: seeded.businessCentral, routes: orderPages }),
    sales: dataverse({ baseCurrency: seeded.baseCurrency, choices: seeded.choices, ...options.sales }),
    ...(options.login !== undefined && { login: options.login }),
    ...(limits !== undefined && { limits }),
    ...(now !== undefined && { now }),
    ...(port !== undefined && { ports: { businessCentral: port, sales: port + 1, login: port + 2 } }),
  })
  for (const [set, rows] of seeded.sales) simulator.sales.service.load(set, rows)
  const listed = seeded.businessCentral.get('currencies')?.some(({ code }) => code === seeded.baseCurrency) === true
  return { simulator, company: seeded.company, currency: listed ? undefined : seeded.baseCurrency }
}

/** The pages that orders in both directions need: an extension of the administrator's own publishes them. */
const orderPages = { 'couplet/orders/v1.0': { salesOrders: 'OrderPage', orderNotes: 'OrderNotePage' } }

/** The secret that the simulated login takes of every client. */
const secret = 'secret'
const secretFile = 'simulator-secret.txt'

/**
 * Writes a project folder whose connections are the simulators. `more` is further YAML for couplet.yaml, `settings` are
 * settings beside the local currency.
 */
export async function writePlaygroundProject(
  folder: string,
  playground: Playground,
  more = '',
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, secretFile), `${secret}\n`, { mode: 0o600 })
  const address = relative(folder, fileURLToPath(new URL('../../schemas/project.schema.json', import.meta.url)))
  const yaml = withSchemaLine(projectYaml(playground, more, settings), address.replaceAll('\\', '/'))
  await writeFile(join(folder, 'couplet.yaml'), yaml)
  await writeFile(join(folder, '.gitignore'), `${secretFile}\n`)
}

function projectYaml(
  { simulator, company, currency }: Playground,
  more: string,
  settings: Readonly<Record<string, string>>,
): string {
  const set = Object.entries({ ...(currency !== undefined && { localCurrency: currency }), ...settings })
  const auth = `{ method: client-secret, clientId: couplet, clientSecret: "\${file:${secretFile}}", authority: "${simulator.authority}" }`
  return `# A project that plays with the simulated services; see: couplet plan
connections:
  businessCentral:
    kind: business-central
    tenant: contoso.onmicrosoft.com
    environment: Production
    company: ${company}
    url: ${simulator.businessCentral.url}
    auth: ${auth}
  sales:
    kind: dataverse
    tenant: contoso.onmicrosoft.com
    url: ${simulator.sales.url}
    auth: ${auth}
use: standard@1
create: both
${set.length === 0 ? '' : `settings: { ${set.map(([name, value]) => `${name}: ${value}`).join(', ')} }\n`}${more}`
}
