/** The control routes: a simulator in another process is driven with curl as one in this process is with calls. */

import type { FaultRule, Faults } from './faults.ts'
import type { Login } from './login.ts'
import type { RequestLog } from './request-log.ts'
import type { Answer, Incoming, Service } from './service.ts'
import type { Row } from './table.ts'

/** What the control routes reach. */
export interface Controlled {
  readonly services: Readonly<Record<string, Service | undefined>>
  readonly faults: Faults
  readonly log: RequestLog
  readonly login: Login
}

/** Path under which every listener serves the control routes. */
export const CONTROL = '/control/'

/**
 * Answers a control request:
 * `GET|DELETE /control/requests`, `GET|POST|DELETE /control/faults`, `POST /control/revoke`, `GET /control/sets/{service}`,
 * `GET /control/rows/{service}/{set}[/{key}]`, `POST /control/create|edit|delete` with `{ service, set, key, values }`,
 * and `POST /control/act` with `{ service, set, key, action }`: what a person does with a button.
 */
export function control(to: Controlled, request: Incoming): Answer {
  try {
    const [what = '', ...rest] = request.path.slice(CONTROL.length).split('/').map(decodeURIComponent)
    const result = reports(to, request, what) ?? rows(to, what, rest) ?? edits(to, request, what)
    return result === undefined ? answer(404, { error: `no control route ${request.method} ${request.path}` }) : result
  } catch (error) {
    return answer(400, { error: error instanceof Error ? error.message : String(error) })
  }
}

function reports(to: Controlled, request: Incoming, what: string): Answer | undefined {
  switch (`${request.method} ${what}`) {
    case 'GET requests':
      return answer(200, to.log.report())
    case 'DELETE requests':
      to.log.reset()
      return { status: 204 }
    case 'GET faults':
      return answer(200, to.faults.list())
    case 'POST faults':
      to.faults.add(JSON.parse(request.body) as FaultRule)
      return { status: 204 }
    case 'DELETE faults':
      to.faults.clear()
      return { status: 204 }
    case 'POST revoke':
      to.login.revoke()
      return { status: 204 }
    default:
      return undefined
  }
}

function rows(to: Controlled, what: string, [name = '', set = '', key]: readonly string[]): Answer | undefined {
  if (what === 'sets') return answer(200, service(to, name).sets())
  if (what !== 'rows') return undefined
  const { hand } = service(to, name)
  if (key === undefined) return answer(200, hand.rows(set))
  const row = hand.row(set, key)
  return row === undefined ? answer(404, { error: `no row ${key} in ${set}` }) : answer(200, row)
}

function edits(to: Controlled, request: Incoming, what: string): Answer | undefined {
  if (request.method !== 'POST') return undefined
  const order = JSON.parse(request.body) as {
    service: string
    set: string
    key?: string
    values?: Row
    action?: string
  }
  const { hand } = service(to, order.service)
  const { set, key = '', values = {} } = order
  switch (what) {
    case 'create':
      return answer(201, hand.create(set, values))
    case 'edit':
      return answer(200, hand.edit(set, key, values))
    case 'delete':
      hand.delete(set, key)
      return { status: 204 }
    case 'act':
      if (hand.act === undefined) throw new Error(`${order.service} has no buttons; edit the row's state instead`)
      hand.act(set, key, order.action ?? '')
      return { status: 204 }
    default:
      return undefined
  }
}

function service(to: Controlled, name: string): Service {
  const found = to.services[name]
  if (found === undefined) throw new Error(`no service ${name}; there are ${Object.keys(to.services).join(', ')}`)
  return found
}

function answer(status: number, body: unknown): Answer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}
