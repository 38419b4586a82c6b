/** Pure: where a collection stands. Business Central has several routes, each with its own batch address; Dataverse one. */
import type { Connection, EntityRef } from '../config/config.ts'
import { remembered } from '../core/remembered.ts'

export interface Address {
  /** Root of the route, without trailing slash: `$batch` and `$metadata` stand below it. */
  readonly root: string
  /** The collection, relative to the root. */
  readonly path: string
  /** Query options that every address of the connection carries (`tenant=` on premises), '' if none. */
  readonly options: string
}

/** The company as addresses name it: by id in API routes, by name in OData web services. */
export interface Company {
  readonly id: string
  readonly name: string
}

/** The API route of Microsoft's standard pages. */
const standardRoute = 'api/v2.0'

/** A root of the connection: `api/v2.0`, `ODataV4`, `api/data/v9.2`. */
export function rootOf(connection: Connection, route: string): Pick<Address, 'root' | 'options'> {
  const url = new URL(connection.url)
  const path = url.pathname.replace(/\/+$/, '')
  return { root: `${url.origin}${path}/${route}`, options: url.search.replace(/^\?/, '') }
}

/** A Business Central collection; web services stand below the company's name. */
export function businessCentralAddress(connection: Connection, entity: EntityRef, company: Company): Address {
  if (entity.kind === 'service') {
    const name = encoded(company.name.replaceAll("'", "''"))
    return { ...rootOf(connection, 'ODataV4'), path: `Company('${name}')/${entity.entity}` }
  }
  const route = entity.kind === 'custom' ? `api/${entity.route}` : standardRoute
  return { ...rootOf(connection, route), path: `companies(${company.id})/${entity.entity}` }
}

/** Where the companies of the environment are listed. */
export const companiesAddress = (connection: Connection): Address => ({
  ...rootOf(connection, standardRoute),
  path: 'companies',
})

/** A Dataverse collection, or anything else below its one root. */
export const salesAddress = (connection: Connection, path: string): Address => ({
  ...rootOf(connection, 'api/data/v9.2'),
  path,
})

/** A row of the collection, or rows below it. */
export const below = (address: Address, id: string, child?: string): Address => ({
  ...address,
  path: `${address.path}(${encodeKey(id)})${child === undefined ? '' : `/${child}`}`,
})

/** No address can hold half a pair of surrogates: what is asked for instead is compared with the rows found. */
export const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())

/** A key as a path segment holds it; its own signs stay readable. */
const encodeKey = (id: string): string => encoded(id).replaceAll('%3D', '=').replaceAll('%2C', ',')

/** The whole address with query options; values are encoded here. */
export function urlOf(address: Address, options: Readonly<Record<string, string | undefined>> = {}): string {
  return withOptions(`${address.root}/${address.path}`, address, options)
}

/** The same relative to the route's root, as parts of a JSON batch name it. */
export function relativeUrl(address: Address, options: Readonly<Record<string, string | undefined>> = {}): string {
  return withOptions(address.path, { ...address, options: '' }, options)
}

const encodedValue = (value: string): string => encoded(value).replaceAll('%2C', ',').replaceAll('%24', '$')
/** The same few lists stand in every address. */
const encodedColumns = remembered(encodedValue)

function withOptions(url: string, address: Address, options: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${name === '$select' ? encodedColumns(value) : encodedValue(value)}`],
  )
  const all = address.options === '' ? given : [address.options, ...given]
  return all.length === 0 ? url : `${url}?${all.join('&')}`
}
