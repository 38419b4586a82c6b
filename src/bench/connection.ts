/** Connections to the bench's services, as the configuration would resolve them. */
import type { Connection, Side } from '../config/config.ts'
import type { Addresses } from './figures.ts'

export function connection(addresses: Addresses, side: Side): Connection {
  const url = addresses[side]
  return {
    side,
    kind: side === 'sales' ? 'dataverse' : 'business-central',
    enabled: true,
    reason: undefined,
    url,
    company: side === 'sales' ? undefined : addresses.company,
    environment: side === 'sales' ? undefined : 'Production',
    auth: {
      method: 'client-secret',
      tenant: 'contoso.onmicrosoft.com',
      clientId: 'bench',
      clientSecret: 'secret',
      authority: addresses.authority,
      scope: side === 'sales' ? `${url}/.default` : 'https://api.businesscentral.dynamics.com/.default',
    },
    allowedHosts: [new URL(url).host],
    timeoutMs: 120_000,
    maxParallel: side === 'sales' ? 16 : 5,
    pageSize: side === 'sales' ? 5000 : 20_000,
  }
}
