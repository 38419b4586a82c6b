/** Links that open both records of a coupling. */
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { catalogData } from '../connector/catalog.ts'
import type { ListedCoupling } from '../report/coupling-text.ts'
import { businessCentralLink, salesLink, webClientOf } from '../report/record-links.ts'
import type { Card } from '../report/record-links.ts'

/** A pair with where each record opens; undefined where that is not known. */
export interface LinkedCoupling extends ListedCoupling {
  readonly links: { readonly businessCentral: string | undefined; readonly sales: string | undefined }
}

/** The pairs with their links. */
export async function withLinks(config: Config, list: readonly ListedCoupling[]): Promise<readonly LinkedCoupling[]> {
  const cards = JSON.parse(
    await readFile(new URL('../../data/catalog/pages.json', import.meta.url), 'utf8'),
  ) as Readonly<Record<string, Card>>
  const tables = (await catalogData('sales')).entities
  const { businessCentral, sales } = config.connections
  const address = businessCentral.webClient ?? webClientOf(businessCentral.url)
  const client = address === undefined ? undefined : { address, company: businessCentral.company ?? '' }
  const byName = new Map(config.mappings.map((mapping) => [mapping.name, mapping]))
  return list.map((pair) => {
    const mapping = byName.get(pair.mapping)
    const [ours, theirs] = [mapping?.businessCentral.entity, mapping?.sales.entity]
    const table = theirs?.kind === 'choice' ? undefined : tables[theirs?.entity ?? '']?.table
    return {
      ...pair,
      links: {
        businessCentral: businessCentralLink(client, cards[ours?.entity ?? ''], pair.businessCentral.keys),
        sales: salesLink(sales.url, table, pair.sales.id),
      },
    }
  })
}

/** Both links of each pair, one below the other. */
export function linksText(list: readonly LinkedCoupling[], most: number): string {
  if (list.length === 0) return 'No couplings.'
  const lines = list.slice(0, most).map(({ mapping, businessCentral, links }) => {
    const name = Object.values(businessCentral.keys).join(' ') || businessCentral.id
    const missing = 'not known; set webClient of the connection, if it is not online'
    return `${mapping}  ${name}\n  Business Central  ${links.businessCentral ?? missing}\n  Sales             ${links.sales ?? 'not a record that opens'}`
  })
  return lines.join('\n')
}
