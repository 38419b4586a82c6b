/** The standard set as a project gets it, for tests on a stage. */
import type { Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { checkProject } from '../../src/config/load.ts'

/** The standard set with these settings behind `local`; the connections are not used. */
export async function standardSet(t: Test, settings = '', local = 'localCurrency: GBP'): Promise<Config> {
  const auth = '{ method: client-secret, tenant: contoso.example, clientId: x, clientSecret: "${env:SECRET}" }'
  const text = `
connections:
  businessCentral: { kind: business-central, tenant: contoso.example, company: CRONUS, auth: ${auth} }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: ${auth} }
use: standard@1
create: both
settings: { ${local}${settings} }
limits: { creates: 1000, updates: 1000 }
`
  const { config, problems } = await checkProject(t.testdir({ 'couplet.yaml': text }), { env: { SECRET: 's' } })
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return config
}

/** The set cut down to these mappings. */
export const only = (config: Config, ...names: readonly string[]): Config => ({
  ...config,
  mappings: config.mappings.filter(({ name }) => names.includes(name)),
})
