/** P2 between the steps of one write: what somebody writes into a document while its lines are being written. */
import t, { type Test } from 'tap'
import type { Config, Mapping } from '../../src/config/config.ts'
import { recordsNamed, take } from '../../src/engine/decisions.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import { type Documents, documents, linesOf, salesOrder } from './document-stage.ts'
import { writesMade } from './stage.ts'

const mapping = 'sales-order-bidirectional'

interface Watched extends Documents {
  /** Done when Business Central has answered the next write of a line. */
  afterLine: (() => void) | undefined
}

/** A stage on which somebody may be at work between two steps. */
async function watched(t: Test): Promise<Watched> {
  const made: { given?: Watched } = {}
  const given = await documents(t, mapping, undefined, {
    http: (simulator) => {
      const http = directHttp(simulator)
      return {
        send: async (request) => {
          const answer = await http.send(request)
          if (made.given?.afterLine !== undefined && /"(POST|PATCH)"[^}]*salesOrderLines/.test(request.body ?? '')) {
            const act = made.given.afterLine
            made.given.afterLine = undefined
            act()
          }
          return answer
        },
        usage: () => http.usage(),
        close: () => http.close(),
      }
    },
  })
  made.given = { ...given, afterLine: undefined }
  return made.given
}

const patched = (config: Config, patch: (one: Mapping) => Mapping): Config => ({
  ...config,
  mappings: config.mappings.map((one) => (one.name === mapping ? patch(one) : one)),
})

const inBusinessCentral = ({ on }: Documents) => on.simulator.businessCentral.rows('salesOrders')[0] ?? {}
const editInBusinessCentral = (given: Documents, values: Record<string, unknown>): void =>
  void given.on.simulator.businessCentral.edit('salesOrders', String(inBusinessCentral(given)['id']), values)

for (const [taken, discount] of [
  ['sales', 5],
  ['businessCentral', 7],
] as const)
  t.test(
    `P2 a new order that somebody gives a discount meanwhile: a person is asked, and takes ${taken}`,
    async (t) => {
      const given = await watched(t)
      const { on } = given
      salesOrder(given, 'O1', [{ product: 0, price: 100 }], { discountamount: 5 })
      given.afterLine = () => editInBusinessCentral(given, { discountAmount: 7 })
      const { problems } = await given.run()
      t.match(problems, [{ kind: 'failed', message: /changed by somebody else between two steps/ }])
      t.match(inBusinessCentral(given), { discountAmount: 7 })
      on.clock.advance(3_600_000)
      await given.run()
      t.match(on.held(mapping), [{ kind: 'different', fields: ['discount', 'newDiscount'] }])
      t.match(inBusinessCentral(given), { discountAmount: 7, status: 'Draft' }, 'not released')
      on.simulator.resetRequests()
      await given.run()
      t.equal(writesMade(on.simulator), 0, 'nothing is written as long as it waits')
      const decide = async (fields: readonly string[]): Promise<void> => {
        const state = on.store.mapping(mapping)
        const decided = take(state, recordsNamed(state, 'S-ORD00001'), { side: taken, fields })
        await on.store.lock('a person')
        await on.store.commit(mapping, decided.kind === 'decided' ? decided.entries : [])
        await on.store.unlock()
      }
      await decide(['discount', 'newDiscount'])
      await given.run()
      if (taken === 'businessCentral') {
        await given.run()
        t.match(
          on.held(mapping),
          [{ kind: 'different', fields: ['discount'] }],
          'released, and asked what Sales is to say',
        )
        await decide(['discount'])
      }
      t.same((await given.run()).problems, [])
      t.match(inBusinessCentral(given), { discountAmount: discount, status: 'Open' })
      t.equal(on.couplings(mapping)[0]?.unfinished, undefined)
      await given.run()
      on.simulator.resetRequests()
      t.same((await given.run()).problems, [])
      t.equal(writesMade(on.simulator), 0, 'P4')
      t.equal(
        on.simulator.sales.rows('salesorders').find((row) => row['ordernumber'] === 'O1')?.['discountamount'],
        discount,
      )
    },
  )

t.test('the discount of a new order is written whatever stands there, where the mapping says so', async (t) => {
  const given = await watched(t)
  const config = patched(given.config, (one) => ({
    ...one,
    fields: one.fields.map((field) =>
      field.name === 'newDiscount' ? { ...field, firstMatch: { blank: 'fill', different: 'sales' } } : field,
    ),
  }))
  salesOrder(given, 'O1', [{ product: 0, price: 100 }], { discountamount: 5 })
  given.afterLine = () => editInBusinessCentral(given, { discountAmount: 7 })
  t.same((await given.on.run(config, { mappings: [mapping] })).problems, [])
  t.match(inBusinessCentral(given), { discountAmount: 5 })
})

/** The delivery date of an order is written behind its lines; orders are never released, or are. */
const dateLast = (config: Config, isReleased: boolean): Config =>
  patched(config, (one) => ({
    ...one,
    businessCentral: { ...one.businessCentral, ...(isReleased ? {} : { filter: undefined }) },
    fields: one.fields
      .map((field) => (field.name === 'delivery' ? { ...field, step: 'after' as const } : field))
      .filter(({ name }) => isReleased || (name !== 'release' && name !== 'reopenInBusinessCentral')),
  }))

for (const isReleased of [true, false])
  for (const withHeader of [true, false])
    for (const isMet of [false, true])
      t.test(
        `P2 an order ${isReleased ? 'that is opened for it' : 'that stands open'}, ${withHeader ? 'header and lines' : 'lines'} and what follows them${isMet ? ', and somebody at work between' : ''}`,
        async (t) => {
          const given = await watched(t)
          const { on } = given
          const config = dateLast(given.config, isReleased)
          const run = () => on.run(config, { mappings: [mapping] })
          const order = salesOrder(given, 'O1', [{ product: 0 }])
          await run()
          await run()
          on.clock.advance(1000)
          const { sales } = on.simulator
          sales.edit('salesorders', order, { statecode: 0 })
          sales.edit('salesorders', order, {
            requestdeliveryby: '2026-12-24',
            ...(withHeader ? { shipto_name: 'Elsewhere' } : {}),
          })
          const line = String(linesOf(given, order)[0]?.['salesorderdetailid'])
          sales.edit('salesorderdetails', line, { quantity: 5 })
          sales.edit('salesorders', order, { statecode: 1 })
          if (isMet) given.afterLine = () => editInBusinessCentral(given, { requestedDeliveryDate: '2026-12-31' })
          const date = (): unknown => inBusinessCentral(given)['requestedDeliveryDate']
          const { problems } = await run()
          t.match(problems, isMet ? [{ kind: 'failed', message: /changed by somebody else between two steps/ }] : [])
          t.equal(date(), isMet ? '2026-12-31' : '2026-12-24')
          t.match(on.simulator.businessCentral.rows('salesOrderLines'), [{ quantity: 5 }])
          if (!isMet) return
          on.clock.advance(3_600_000)
          t.match((await run()).problems, [{ kind: 'conflict', message: /delivery/ }])
          t.equal(date(), '2026-12-31')
        },
      )
