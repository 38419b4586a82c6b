/**
 * Addresses that open a record in its own client (native X-10, the other way round too): pure. They hold ids, record
 * numbers and codes, and no other value (P8).
 */

/** A card of Business Central: its page, and the field that names the record. */
export interface Card {
  readonly page: number
  /** Name of the field as filters of the web client take it. */
  readonly field: string
  /** The natural key of couplings that holds its value. */
  readonly key: string
}

/** Where the web client of Business Central stands, and in which company. */
export interface WebClient {
  readonly address: string
  readonly company: string
}

/** Opens the record in Business Central; undefined where its page or its number is not known. */
export function businessCentralLink(
  client: WebClient | undefined,
  card: Card | undefined,
  keys: Readonly<Record<string, string>>,
): string | undefined {
  const value = card === undefined ? undefined : keys[card.key]
  if (client === undefined || card === undefined || value === undefined) return undefined
  const filter = `'${card.field}' IS '${value.replaceAll("'", "''")}'`
  const options = { company: client.company, page: String(card.page), filter }
  const query = Object.entries(options).map(([name, text]) => `${name}=${encodeURIComponent(text.toWellFormed())}`)
  return `${client.address}/?${query.join('&')}`
}

/** Opens the record in Sales. */
export function salesLink(url: string, table: string | undefined, id: string): string | undefined {
  if (table === undefined) return undefined
  return `${url}/main.aspx?pagetype=entityrecord&etn=${encodeURIComponent(table)}&id=${encodeURIComponent(id)}`
}

/**
 * The web client that belongs to an address of the API: online it stands at one place for all tenants; elsewhere it
 * has to be named.
 */
export function webClientOf(api: string): string | undefined {
  if (!URL.canParse(api)) return undefined
  const { hostname, pathname } = new URL(api)
  const [version, tenant, environment] = pathname.split('/').filter((part) => part !== '')
  if (hostname !== 'api.businesscentral.dynamics.com' || version !== 'v2.0' || environment === undefined)
    return undefined
  return `https://businesscentral.dynamics.com/${tenant}/${environment}`
}
