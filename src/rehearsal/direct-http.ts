/** Requests that reach the simulated services without the network: same handlers, same faults, no sockets. */
import { FetchError } from 'node-fetch'
import { NoAnswer } from '../connector/http.ts'
import type { Http, HttpAnswer, HttpRequest } from '../connector/http.ts'
import type { Delivery } from '../simulator/http.ts'
import type { Simulator } from '../simulator/simulator.ts'

type ServiceName = Parameters<Simulator['ask']>[0]

/** Which of the three answers at an address. */
function serviceAt(simulator: Simulator, url: URL): ServiceName {
  if (url.origin === simulator.authority) return 'login'
  return url.origin === new URL(simulator.sales.url).origin ? 'sales' : 'businessCentral'
}

/** Carries requests to a simulator of this process. */
export function directHttp(simulator: Simulator): Http {
  let requests = 0
  let bytes = 0
  return {
    send: async (request) => {
      requests += 1
      bytes += request.body?.length ?? 0
      const answered = await asked(simulator, request)
      bytes += answered.text.length
      return answered
    },
    usage: () => ({ requests, bytes }),
    close: () => {},
  }
}

async function asked(simulator: Simulator, { method, url, headers, body = '' }: HttpRequest): Promise<HttpAnswer> {
  const to = new URL(url)
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const delivery = await simulator.ask(serviceAt(simulator, to), {
    method,
    path: to.pathname,
    query: to.search.slice(1),
    headers: lower,
    body,
    origin: to.origin,
    caller: '',
  })
  if (delivery.drop === true || delivery.truncate !== undefined) throw lost(to)
  return answerOf(delivery)
}

const lost = (to: URL): NoAnswer =>
  new NoAnswer(`${to.host} was not reached (ECONNRESET)`, true, new FetchError('socket hang up', 'system'))

function answerOf({ status, headers = {}, body = '' }: Delivery): HttpAnswer {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { status, header: (name) => lower.get(name.toLowerCase()), text: body }
}
