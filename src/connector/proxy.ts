/** Which proxy, if any, a request goes through. */

/** The usual proxy variables, as values. */
export interface ProxySettings {
  /** Proxy for https addresses (HTTPS_PROXY). */
  readonly https?: string | undefined
  /** Proxy for https addresses where `https` is not set (HTTP_PROXY). Plain http is loopback only and never goes out. */
  readonly http?: string | undefined
  /** Hosts that are reached directly (NO_PROXY): names, `.suffixes`, `*`, comma separated. */
  readonly no?: string | undefined
}

/** Reads the usual variables, in upper or lower case. */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const value = (name: string): string | undefined => (env[name] ?? env[name.toLowerCase()]) || undefined
  return { https: value('HTTPS_PROXY'), http: value('HTTP_PROXY'), no: value('NO_PROXY') }
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** True for addresses of this machine. */
export const isLoopback = (url: URL): boolean => loopback.has(url.hostname)

/** Address of the proxy for this request; undefined = directly. */
export function proxyFor(url: URL, settings: ProxySettings): string | undefined {
  if (url.protocol !== 'https:' || isLoopback(url) || isExcepted(url, settings.no)) return undefined
  return settings.https ?? settings.http
}

function isExcepted(url: URL, no: string | undefined): boolean {
  const entries = (no ?? '')
    .split(/[\s,]+/)
    .map((entry) => entry.toLowerCase())
    .filter((entry) => entry !== '')
  return entries.some((entry) => {
    if (entry === '*' || entry === url.host || entry === url.hostname) return true
    const suffix = entry.replace(/^\*?\.?/, '.')
    return url.hostname.endsWith(suffix)
  })
}
