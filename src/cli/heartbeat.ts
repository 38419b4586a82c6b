/** Telling a monitor that all is well. It alarms when the calls end. */
import { httpClient } from '../connector/http.ts'
import { proxySettings } from '../connector/proxy.ts'
import type { Context } from './context.ts'

/** Time a monitor has to answer, milliseconds. */
const patienceMs = 10_000

/** Calls the address, and sends nothing along. That it does not answer is told, and fails nothing. */
export async function beatOnce({ terminal }: Context, address: string | undefined): Promise<void> {
  if (address === undefined) return
  const http = httpClient({ timeoutMs: patienceMs, proxy: proxySettings(terminal.env), userAgent: 'couplet' })
  try {
    const { status } = await http.send({ method: 'GET', url: address, headers: {}, body: undefined })
    if (status >= 400) terminal.err(`The heartbeat address answered with status ${status}.`)
  } catch {
    terminal.err('The heartbeat address was not reached.')
  } finally {
    http.close()
  }
}
