/**
 * Addresses, and where credentials may go: Microsoft's clouds, the loopback, and what an administrator names. A
 * change of an address in a file must not be able to carry a credential away.
 */

type Kind = 'business-central' | 'dataverse' | 'login'

/** An address brought into form, or why it is none. */
export type Address = { readonly url: URL; readonly cut?: string } | { readonly wrong: string }

/**
 * Trims, adds https, takes a trailing slash and the API's own part away (native X-02). Of a page's address in
 * Dataverse only the host stays; `cut` says so.
 */
export function normaliseAddress(text: string, kind: Kind): Address {
  const trimmed = text.trim()
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`
  if (!URL.canParse(withScheme)) return { wrong: 'this is no address' }
  const url = new URL(withScheme)
  const wrong = refusal(url)
  return wrong === undefined ? shortened(url, kind) : { wrong }
}

function refusal(url: URL): string | undefined {
  if (url.username !== '' || url.password !== '') return 'an address must not hold a user or password'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'an address begins with https://'
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return 'plain http is for loopback addresses only; write https://'
  if (url.hostname !== 'businesscentral.dynamics.com') return undefined
  return 'this is the address of the web client; leave `url` out, or write https://api.businesscentral.dynamics.com/v2.0/TENANT/ENVIRONMENT'
}

function shortened(address: URL, kind: Kind): Address {
  const url = new URL(address)
  url.search = ''
  url.hash = ''
  url.pathname = url.pathname.replace(/\/+$/, '').replace(ownPart[kind], '')
  if (kind !== 'dataverse' || url.pathname === '/' || !inClouds(url.hostname, dataClouds)) return { url }
  url.pathname = '/'
  return { url, cut: `cut to ${addressText(url)}` }
}

const ownPart: Readonly<Record<Kind, RegExp>> = {
  'business-central': /\/(?:api\/v\d+\.\d+|api|ODataV4)$/i,
  dataverse: /\/api\/data\/v\d+(?:\.\d+)?$/i,
  login: /\/$/,
}

/** An address without a trailing slash. */
export const addressText = (url: URL): string =>
  `${url.origin}${url.pathname === '/' ? '' : url.pathname.replace(/\/+$/, '')}`

/** Dataverse and Business Central online, in the public, US Government, DoD and China clouds. */
const dataClouds = [
  'dynamics.com',
  'microsoftdynamics.us',
  'appsplatform.us',
  'dynamics.us',
  'dynamics.cn',
  'dynamics365.us',
]
/** Microsoft Entra's login, in the same clouds. */
const loginClouds = [
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.chinacloudapi.cn',
  'login.windows.net',
]

const inClouds = (host: string, clouds: readonly string[]): boolean =>
  clouds.some((cloud) => host === cloud || host.endsWith(`.${cloud}`))

/** localhost, 127.0.0.0/8 and ::1. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** Whether a credential may go to an address without anybody having named it. */
export function isKnownHost(url: URL, use: 'data' | 'login'): boolean {
  return (
    isLoopback(url.hostname) ||
    (use === 'data' ? inClouds(url.hostname, dataClouds) : loginClouds.includes(url.hostname))
  )
}

/** Whether `allowHosts` names the address. */
export const isAllowed = (url: URL, allowHosts: readonly string[]): boolean =>
  allowHosts.some((host) => host.toLowerCase() === url.host)
