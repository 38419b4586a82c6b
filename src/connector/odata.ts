/** The connector to Business Central or Dataverse: one OData client, two dialects. */
import type { Clock } from '../clock.ts'
import type { Connection, EntityRef } from '../config/config.ts'
import type { Description } from '../core/record.ts'
import type { Watermark } from '../core/watermark.ts'
import { businessCentralAddress, salesAddress } from './address.ts'
import { allowance } from './allowance.ts'
import { authorization } from './auth.ts'
import { catalog } from './catalog.ts'
import type { Catalog } from './catalog.ts'
import { choiceDescription, readChoice } from './choice.ts'
import { companyFinder } from './company.ts'
import type { Connector, Page, Query } from './connector.ts'
import { dialects } from './dialect.ts'
import { findRecords, isWanted } from './find.ts'
import { glance } from './glance.ts'
import { httpClient } from './http.ts'
import type { Http } from './http.ts'
import { identifyCompany, identifyOrganisation } from './identify.ts'
import { businessCentralMetadata } from './metadata-business-central.ts'
import { metadataReader } from './metadata-reader.ts'
import { salesMetadata } from './metadata-sales.ts'
import { pace } from './pace.ts'
import { parallel } from './parallel.ts'
import { proxySettings } from './proxy.ts'
import type { ProxySettings } from './proxy.ts'
import { readChanges, readKeys, readRecords } from './read.ts'
import type { Reach } from './reach.ts'
import { service } from './service.ts'
import { subscriptions } from './subscriptions.ts'
import type { Subscriptions } from './subscriptions.ts'
import { writeRecords } from './write.ts'

export interface ConnectorPorts {
  readonly clock: Clock
  /** 0 to 1, for jitter. */
  readonly random: () => number
  /** @default read from `env` */
  readonly proxy?: ProxySettings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userAgent: string
  /** What carries the requests. @default HTTP over the network */
  readonly http?: Http
}

/** A connector that can also be asked for certain columns, which makes it look beyond the product's data. */
export interface ODataConnector extends Connector {
  describe(entity: EntityRef, wanted?: readonly string[]): Promise<Description>
  /** What the service offers: its collections, and every column of one. For editors; a run asks for what it needs. */
  readonly offers: Pick<Catalog, 'collections' | 'whole'>
  /** Webhooks; Business Central only. */
  readonly subscriptions?: Subscriptions
}

/** Makes no request before the first call. */
export function odataConnector(connection: Connection, ports: ConnectorPorts): ODataConnector {
  const http =
    ports.http ??
    httpClient({
      timeoutMs: connection.timeoutMs,
      proxy: ports.proxy ?? proxySettings(ports.env),
      userAgent: ports.userAgent,
    })
  const reached = reachOf(connection, ports, http)
  const { reach } = reached
  return {
    side: connection.side,
    identify: reached.identify,
    describe: async (entity, wanted) =>
      entity.kind === 'choice' ? choiceDescription : reach.catalog.describe(entity, wanted),
    offers: reach.catalog,
    changes: (query, since) => changes(reach, query, since),
    glance: (query, since) => glance(reach, query, since),
    read: async (query, ids) =>
      query.entity.kind === 'choice'
        ? chosen(await readChoice(reach, query.entity, query.select), ids)
        : readRecords(reach, query, ids),
    find: async (query, anyOf) =>
      query.entity.kind === 'choice'
        ? (await readChoice(reach, query.entity, query.select)).filter((option) =>
            isWanted(option.row, anyOf, choiceDescription),
          )
        : findRecords(reach, query, anyOf),
    keys: (query) => keys(reach, query),
    write: (operations, onBatch) => writeRecords(reach, operations, onBatch),
    usage: () => ({ ...http.usage(), writes: reach.service.writes() }),
    close: async () => http.close(),
    ...(connection.side === 'businessCentral' && { subscriptions: subscriptions(reach) }),
  }
}

function reachOf(
  connection: Connection,
  ports: ConnectorPorts,
  http: Http,
): { readonly reach: Reach; readonly identify: Connector['identify'] } {
  const { side } = connection
  const { clock, random, env } = ports
  const dialect = dialects[side]
  const most = Math.min(dialect.parallel.most, connection.maxParallel)
  const { requests } = connection.sharing?.share ?? {}
  const base = service(connection, {
    http: requests === undefined ? http : allowance(http, requests, clock),
    clock,
    random,
    authorization: authorization(connection.auth, { side, http, clock, random, env }),
    parallel: parallel(most, Math.min(most, dialect.parallel.first)),
    headers: dialect.headers,
  })
  const read = metadataReader(connection, base)
  const common = { connection, service: base, dialect, clock, random, pace: pace(dialect.batchSize), metadata: read }
  if (side === 'businessCentral') {
    const company = companyFinder(connection, base)
    const reach: Reach = {
      ...common,
      catalog: catalog(businessCentralMetadata(connection, base)),
      address: async (entity) => businessCentralAddress(connection, entity, await company()),
      table: async (set) => set,
    }
    return { reach, identify: async () => identifyCompany(reach, await company()) }
  }
  const metadata = salesMetadata(connection, base, read)
  const reach: Reach = {
    ...common,
    catalog: catalog(metadata),
    address: async (entity) => salesAddress(connection, entity.entity),
    table: async (set) => (await metadata.table(set)).LogicalName,
  }
  return { reach, identify: () => identifyOrganisation(reach) }
}

async function* changes(reach: Reach, query: Query, since: Watermark | undefined): AsyncGenerator<Page> {
  if (query.entity.kind !== 'choice') return yield* readChanges(reach, query, since)
  yield { changes: await readChoice(reach, query.entity, query.select), whole: true, next: { kind: 'scan' } }
}

async function* keys(reach: Reach, query: Query): AsyncGenerator<readonly string[]> {
  if (query.entity.kind !== 'choice') return yield* readKeys(reach, query)
  yield (await readChoice(reach, query.entity)).map((option) => option.id)
}

type Options = Awaited<ReturnType<typeof readChoice>>

const chosen = (options: Options, ids: readonly string[]): Awaited<ReturnType<Connector['read']>> =>
  ids.map((id) => options.find((option) => option.id === id) ?? { kind: 'tombstone', id })
