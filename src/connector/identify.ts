/** Which environment, company and organisation a connection leads to: state is bound to it. */
import { ConnectorError } from '../errors.ts'
import { salesAddress, urlOf } from './address.ts'
import type { Company } from './address.ts'
import type { Identity } from './connector.ts'
import type { Reach } from './reach.ts'

/** The company in its environment. */
export function identifyCompany(reach: Reach, company: Company): Identity {
  const { origin } = new URL(reach.connection.url)
  const { environment } = reach.connection
  return {
    side: 'businessCentral',
    environment: environment === undefined ? origin : `${origin}/${environment}`,
    organisation: company.id,
    name: company.name,
  }
}

/** The organisation as WhoAmI names it. */
export async function identifyOrganisation(reach: Reach): Promise<Identity> {
  const body = await reach.service.get(urlOf(salesAddress(reach.connection, 'WhoAmI')), 'the organisation')
  const id =
    typeof body === 'object' && body !== null ? (body as { OrganizationId?: unknown }).OrganizationId : undefined
  const { origin, hostname } = new URL(reach.connection.url)
  if (typeof id === 'string')
    return {
      side: 'sales',
      environment: origin,
      organisation: id.toLowerCase(),
      name: hostname,
    }
  throw new ConnectorError('sales', 'broken', {
    message: 'Sales does not tell its organisation',
    remedy: 'Check `url` of the connection: it ends before /api/data.',
  })
}
