/** What a run or an audit starts from: which mappings, which services, which state. */
import { type Config, type Mapping, sides } from '../config/config.ts'
import type { Company } from '../core/expression.ts'
import { coupledIn } from '../core/filter-binding.ts'
import { parseFilter } from '../core/filter.ts'
import { fingerprinter } from '../core/fingerprint.ts'
import { ConfigError, type ConfigProblem } from '../errors.ts'
import type { Ports, RunOptions } from './ports.ts'
import type { RunContext } from './prepare.ts'
import { OwnWrites } from './own-writes.ts'
import { RowBudget } from './row-cache.ts'
import { SharedScans } from './shared-scans.ts'

/** Rows that a run keeps between its passes, over all mappings; about 2 KB each. */
const rowsKept = 15_000

/** The mappings that are asked for, in order. Throws ConfigError for one that does not exist or is switched off. */
export function chosen(config: Config, options: RunOptions): readonly Mapping[] {
  const problems = options.mappings.flatMap((name): readonly ConfigProblem[] => {
    const mapping = config.mappings.find((candidate) => candidate.name === name)
    const known = config.mappings.map((candidate) => candidate.name).join(', ')
    if (mapping === undefined) return [{ path: name, message: `no mapping is called "${name}"; there are: ${known}` }]
    return mapping.enabled ? [] : [{ path: name, message: `the mapping is switched off${because(mapping.reason)}` }]
  })
  const off = sides
    .filter((side) => !config.connections[side].enabled)
    .map((side) => ({
      path: `connections.${side}`,
      message: `the connection is switched off${because(config.connections[side].reason)}`,
    }))
  if (problems.length + off.length > 0) throw new ConfigError([...off, ...problems])
  const asked = options.mappings.length === 0 ? config.mappings.map(({ name }) => name) : options.mappings
  const needed = new Set([...asked, ...config.mappings.filter(({ name }) => asked.includes(name)).flatMap(filteredBy)])
  return config.mappings.filter(({ name, enabled }) => enabled && needed.has(name))
}

/** The mappings whose coupling decides what a filter admits: they run along, so that a lost state is found again first. */
export const filteredBy = ({ sales: { filter, conditions } }: Mapping): readonly string[] =>
  [filter, ...conditions].flatMap((text) => (text === undefined ? [] : coupledIn(parseFilter(text))))

const because = (reason: string | undefined): string => (reason === undefined ? '' : `: ${reason}`)

/** Asks both services who they are and binds the state to them. Throws ConnectorError and StateError. */
export async function contextOf(
  config: Config,
  ports: Ports,
  options: RunOptions,
  mappings: readonly Mapping[],
): Promise<RunContext> {
  const [businessCentral, sales] = await Promise.all([
    ports.connectors.businessCentral.identify(),
    ports.connectors.sales.identify(),
  ])
  const bound = {
    businessCentral: `${businessCentral.environment}|${businessCentral.organisation}`,
    sales: `${sales.environment}|${sales.organisation}`,
  }
  const store = options.dry ? ports.overlay(ports.store) : ports.store
  await store.bind(bound)
  const company = { id: businessCentral.organisation, name: businessCentral.name }
  return contextIn(company, config, ports, { options, mappings })
}

/** What a run knows in a company; makes no request. */
export function contextIn(
  company: Company,
  config: Config,
  ports: Ports,
  { options, mappings }: { readonly options: RunOptions; readonly mappings: readonly Mapping[] },
): RunContext {
  const budget = new RowBudget(rowsKept)
  return {
    config,
    ports,
    options,
    company,
    fingerprint: fingerprinter(ports.store.key),
    budget,
    scans: new SharedScans(budget, mappings),
    ownWrites: new OwnWrites(),
    leaving: new Set(),
    byName: new Map(config.mappings.map((mapping) => [mapping.name, mapping])),
    imagined: new Set(),
    order: mappings.map(({ name }) => name),
  }
}
