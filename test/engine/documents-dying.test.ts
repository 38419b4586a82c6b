/** P1, P2, P3 and P7 for documents with lines: what a runner had written that died before it heard of it. */
import t, { type Test } from 'tap'
import type { ConflictPolicy, Config, Mapping } from '../../src/config/config.ts'
import type { FaultRule } from '../../src/simulator/faults.ts'
import { wrongMappings } from '../../src/store/document-shape.ts'
import { overlay } from '../../src/store/memory-store.ts'
import type { Entry, Store } from '../../src/store/store.ts'
import type { Row } from '../../src/simulator/table.ts'
import { type Documents, documents, linesOf, salesLine, salesOrder } from './document-stage.ts'
import { writesMade } from './stage.ts'

const mapping = 'sales-order-bidirectional'

const told = (lines: readonly Row[], price: string): readonly string[] =>
  lines.map((line) => `${String(line[price])}: ${String(line['quantity'])}`).toSorted()

/** An order of two lines that both sides have, and what people and runners do to it. */
class Order {
  readonly given: Documents
  readonly #config: Config
  readonly #sales: string
  readonly #businessCentral: string

  static async atRest(
    t: Test,
    conflicts: ConflictPolicy,
    settings?: string,
    patch = (one: Mapping): Mapping => one,
  ): Promise<Order> {
    const given = await documents(t, mapping, settings)
    const patched = (one: Mapping): Mapping => (one.name === mapping ? patch(one) : one)
    const config = { ...given.config, mappings: given.config.mappings.map(patched) }
    const sales = salesOrder(given, 'O1', [
      { product: 0, price: 100 },
      { product: 1, price: 200 },
    ])
    await given.on.run(config, { mappings: [mapping] })
    await given.on.run(config, { mappings: [mapping] })
    given.on.clock.advance(1000)
    return new Order({ ...given, config }, sales, conflicts)
  }

  private constructor(given: Documents, sales: string, conflicts: ConflictPolicy) {
    this.given = given
    this.#sales = sales
    this.#businessCentral = String(given.on.simulator.businessCentral.rows('salesOrders')[0]?.['id'])
    const mappings = given.config.mappings.map((one) =>
      one.lines === undefined
        ? one
        : { ...one, conflicts, lines: { ...one.lines, mapping: { ...one.lines.mapping, conflicts } } },
    )
    this.#config = { ...given.config, mappings }
  }

  /** A run whose runner dies before it can note what became of a write; `fault` is with that write. */
  async dies(fault?: FaultRule, when = isOutcome): Promise<void> {
    const { on } = this.given
    const disk = on.store
    if (fault !== undefined) on.simulator.faults.add(fault)
    on.store = mortal(disk, when)
    await t.rejects(this.run(), /dies/)
    on.store = disk
    on.simulator.faults.clear()
    on.clock.advance(1000)
  }

  run() {
    return this.given.on.run(this.#config, { mappings: [mapping] })
  }

  /** Two runs; nothing waits then, and the next writes nothing. */
  async goesOn(t: Test): Promise<void> {
    const { on } = this.given
    await this.run()
    await this.run()
    on.simulator.resetRequests()
    const { problems } = await this.run()
    t.same(problems, [])
    t.equal(writesMade(on.simulator), 0, 'P4')
  }

  inSales(edit: () => void): void {
    const { sales } = this.given.on.simulator
    sales.edit('salesorders', this.#sales, { statecode: 0 })
    edit()
    sales.edit('salesorders', this.#sales, { statecode: 1 })
  }

  inBusinessCentral(edit: () => void): void {
    const { hand } = this.given.on.simulator.businessCentral.service
    const isReleased = this.#config.mappings.some(({ fields }) => fields.some(({ name }) => name === 'release'))
    if (isReleased) hand.act?.('salesOrders', this.#businessCentral, 'reopen')
    edit()
    if (isReleased) hand.act?.('salesOrders', this.#businessCentral, 'release')
  }

  /** Of the line with that price. */
  quantityInBusinessCentral(price: number, quantity: number): void {
    this.lineInBusinessCentral(price, { quantity })
  }

  lineInBusinessCentral(price: number, edit: Row): void {
    const line = this.#inBusinessCentral().find(({ unitPrice }) => unitPrice === price)
    this.inBusinessCentral(() =>
      this.given.on.simulator.businessCentral.edit('salesOrderLines', String(line?.['id']), edit),
    )
  }

  quantityInSales(price: number, quantity: number): void {
    const line = linesOf(this.given, this.#sales).find(({ priceperunit }) => priceperunit === price)
    const edit = { quantity }
    this.inSales(() =>
      this.given.on.simulator.sales.edit('salesorderdetails', String(line?.['salesorderdetailid']), edit),
    )
  }

  addInSales(price: number): void {
    this.inSales(() => void salesLine(this.given, this.#sales, { product: 0, price, sequence: price }))
  }

  addInBusinessCentral(price: number): void {
    const line = { documentId: this.#businessCentral, lineType: 'Item', lineObjectNumber: 'I3' }
    const { businessCentral } = this.given.on.simulator
    this.inBusinessCentral(() => businessCentral.create('salesOrderLines', { ...line, quantity: 1, unitPrice: price }))
  }

  /** A write-in, which an order of Business Central can only take with a setting. */
  addUntakeable(): () => void {
    const { sales } = this.given.on.simulator
    let id = ''
    this.inSales(() => (id = salesLine(this.given, this.#sales, { text: 'A write-in', sequence: 9 })))
    return () => this.inSales(() => sales.delete('salesorderdetails', id))
  }

  /** Of a line that is a write-in: what moves no amount moves no version of the order either. */
  addTextInSales(text: string): string {
    let id = ''
    this.inSales(() => (id = salesLine(this.given, this.#sales, { text, price: 1, sequence: 7 })))
    return id
  }

  textInSales(line: string, text: string): void {
    const { sales } = this.given.on.simulator
    this.inSales(() => sales.edit('salesorderdetails', line, { productdescription: text }))
  }

  textInBusinessCentral(description: string): void {
    const { businessCentral } = this.given.on.simulator
    const line = this.#inBusinessCentral().find(({ lineObjectNumber }) => lineObjectNumber === 'W1')
    this.inBusinessCentral(() => businessCentral.edit('salesOrderLines', String(line?.['id']), { description }))
  }

  /** On both sides. */
  texts(): readonly unknown[] {
    const ours = this.#inBusinessCentral().find(({ lineObjectNumber }) => lineObjectNumber === 'W1')
    const theirs = linesOf(this.given, this.#sales).find((line) => (line['productdescription'] ?? null) !== null)
    return [ours?.['description'], theirs?.['productdescription']]
  }

  shipToInSales(name: string): void {
    this.inSales(() => this.given.on.simulator.sales.edit('salesorders', this.#sales, { shipto_name: name }))
  }

  /** Price and quantity of each line, on both sides. */
  lines() {
    const { on } = this.given
    return {
      businessCentral: told(this.#inBusinessCentral(), 'unitPrice'),
      sales: told(linesOf(this.given, this.#sales), 'priceperunit'),
      shipTo: on.simulator.businessCentral.rows('salesOrders').map((order) => order['shipToName']),
    }
  }

  #inBusinessCentral(): readonly Row[] {
    return this.given.on.simulator.businessCentral
      .rows('salesOrderLines')
      .filter(({ documentId, lineType }) => documentId === this.#businessCentral && lineType === 'Item')
  }
}

const isOutcome = ({ kind }: Entry): boolean => kind === 'settled'
const isOfBusinessCentral = (entry: Entry): boolean =>
  isOutcome(entry) && 'id' in entry && entry.id.includes('/businessCentral/')

/** Of a runner that dies before it notes the first entry of that kind. */
function mortal(disk: Store, when: (entry: Entry) => boolean): Store {
  const commit: Store['commit'] = (name, entries) =>
    entries.some(when) ? Promise.reject(new Error('dies')) : disk.commit(name, entries)
  return new Proxy(disk, {
    get: (store, name) => {
      if (name === 'commit') return commit
      const member: unknown = Reflect.get(store, name)
      return typeof member === 'function' ? member.bind(store) : member
    },
  })
}

/** Nobody releases these orders, so nothing is written around their lines. */
const everOpen = (one: Mapping): Mapping => ({
  ...one,
  businessCentral: { ...one.businessCentral, filter: undefined },
  fields: one.fields.filter(({ name }) => name !== 'release' && name !== 'reopenInBusinessCentral'),
})

const both = (...lines: readonly string[]) => ({ businessCentral: lines, sales: lines })

for (const conflicts of ['hold', 'businessCentral', 'sales'] as const) {
  t.test(
    `P2 conflicts ${conflicts}: a quantity that a dead runner had carried is no edit of the other side`,
    async (t) => {
      const toSales = await Order.atRest(t, conflicts)
      toSales.quantityInBusinessCentral(100, 3)
      await toSales.dies()
      t.match(toSales.lines(), both('100: 3', '200: 1'), 'it was carried')
      toSales.quantityInBusinessCentral(100, 7)
      await toSales.goesOn(t)
      t.match(toSales.lines(), both('100: 7', '200: 1'))

      const toBusinessCentral = await Order.atRest(t, conflicts)
      toBusinessCentral.quantityInSales(200, 3)
      await toBusinessCentral.dies()
      toBusinessCentral.quantityInSales(200, 7)
      await toBusinessCentral.goesOn(t)
      t.match(toBusinessCentral.lines(), both('100: 1', '200: 7'))
    },
  )

  t.test(
    `P1 P2 conflicts ${conflicts}: a line that a dead runner had made is not made again, and goes on`,
    async (t) => {
      const toBusinessCentral = await Order.atRest(t, conflicts)
      toBusinessCentral.addInSales(1001)
      await toBusinessCentral.dies()
      toBusinessCentral.quantityInSales(1001, 7)
      await toBusinessCentral.goesOn(t)
      t.match(toBusinessCentral.lines(), both('1001: 7', '100: 1', '200: 1'))

      const toSales = await Order.atRest(t, conflicts)
      toSales.addInBusinessCentral(1001)
      await toSales.dies()
      toSales.quantityInBusinessCentral(1001, 7)
      await toSales.goesOn(t)
      t.match(toSales.lines(), both('1001: 7', '100: 1', '200: 1'))
    },
  )
}

t.test(
  'P2 a line that says what it said before a write that never arrived is decided by the policy as before',
  async (t) => {
    const order = await Order.atRest(t, 'sales')
    order.quantityInBusinessCentral(100, 5)
    order.quantityInSales(100, 3)
    // The order is opened, and then the write of its line does not arrive.
    const line = { service: 'businessCentral', method: 'POST', path: 'batch', nth: 2 } as const
    await order.dies({ match: line, do: { drop: 'before' } }, isOfBusinessCentral)
    const intents = order.given.on.store.mapping(mapping).intents()
    t.equal(intents[0]?.lines?.pairs[0]?.length, 5, 'it is noted what it said')
    t.equal(wrongMappings(JSON.parse(JSON.stringify({ [mapping]: { intents } })), 'mappings'), undefined)
    t.match(order.lines(), { businessCentral: ['100: 5', '200: 1'] })
    order.lineInBusinessCentral(100, { unitPrice: 150 })
    await order.goesOn(t)
    t.match(order.lines(), both('150: 3', '200: 1'))
  },
)

t.test('P3 a line of each side added around a death is one of its own, and nothing waits', async (t) => {
  const neverSent = await Order.atRest(t, 'hold')
  neverSent.addInBusinessCentral(1001)
  await neverSent.dies({ match: { service: 'sales', method: 'POST', path: 'batch' }, do: { drop: 'before' } })
  neverSent.addInSales(1002)
  await neverSent.goesOn(t)
  t.match(neverSent.lines(), both('1001: 1', '1002: 1', '100: 1', '200: 1'))

  const brokenOff = await Order.atRest(t, 'hold')
  brokenOff.shipToInSales('Warehouse')
  brokenOff.addInSales(1002)
  // It is opened, and then the write of its header does not arrive.
  const header = { service: 'businessCentral', method: 'POST', path: 'batch', nth: 2 } as const
  await brokenOff.dies({ match: header, do: { drop: 'before' } })
  t.match(brokenOff.lines(), { businessCentral: ['100: 1', '200: 1'], shipTo: ['Adatum'] })
  brokenOff.addInBusinessCentral(1001)
  await brokenOff.goesOn(t)
  t.match(brokenOff.lines(), { ...both('1001: 1', '1002: 1', '100: 1', '200: 1'), shipTo: ['Warehouse'] })
})

t.test(
  'P2 P5 an order whose lines cannot be told after a death waits, and a person is asked what it wrote',
  async (t) => {
    const order = await Order.atRest(t, 'sales', '')
    order.quantityInBusinessCentral(100, 3)
    await order.dies()
    const mend = order.addUntakeable()
    order.quantityInBusinessCentral(100, 7)
    t.match((await order.run()).problems, [
      {
        kind: 'failed',
        message: /^lines.compute.toBusinessCentral failed on this record: .*writeInItem/,
      },
    ])
    mend()
    t.match((await order.run()).problems, [
      { kind: 'conflict', message: /lines.quantity: no answer came to the last write/, remedy: /take one side/ },
    ])
    t.match(order.lines(), { businessCentral: ['100: 7', '200: 1'], sales: ['100: 3', '200: 1'] })
  },
)

t.test('P2 P5 what was written before a refusal is no edit of the other side', async (t) => {
  const order = await Order.atRest(t, 'businessCentral')
  order.quantityInSales(100, 3)
  order.quantityInSales(200, 3)
  const body = JSON.stringify({ error: { code: 'Application_DialogException', message: 'It is reserved.' } })
  const { on } = order.given
  on.simulator.faults.add({
    match: { service: 'businessCentral', method: 'PATCH', path: 'salesOrderLines', part: true, nth: 2 },
    do: { status: 400, body, contentType: 'application/json' },
  })
  t.match((await order.run()).problems, [{ kind: 'failed' }])
  t.match(order.lines(), { businessCentral: ['100: 3', '200: 1'], sales: ['100: 3', '200: 3'] })
  order.quantityInSales(100, 7)
  on.clock.advance(3_600_000)
  await order.goesOn(t)
  t.match(order.lines(), both('100: 7', '200: 3'))
})

t.test('P7 what a dead runner leaves of an order is a state that can be exported and imported', async (t) => {
  const order = await Order.atRest(t, 'hold')
  order.addInSales(1002)
  order.quantityInSales(100, 3)
  await order.dies()
  const state = order.given.on.store.mapping(mapping)
  t.equal(state.intents()[0]?.lines?.pairs.length, 2)
  t.equal(wrongMappings(JSON.parse(JSON.stringify({ [mapping]: { intents: state.intents() } })), 'mappings'), undefined)
  order.quantityInBusinessCentral(1002, 5)
  await order.run()
  const couplings = order.given.on.couplings(mapping)
  t.equal(wrongMappings(JSON.parse(JSON.stringify({ [mapping]: { couplings } })), 'mappings'), undefined)
})

t.test('P1 P2 what may be ours and does not tell is asked, and not made twice', async (t) => {
  const order = await Order.atRest(t, 'sales')
  order.addInSales(1002)
  await order.dies()
  order.quantityInBusinessCentral(1002, 5)
  order.quantityInSales(1002, 7)
  const { on } = order.given
  await on.run(order.given.config, { mappings: [mapping] })
  t.match(on.held(mapping), [{ kind: 'different', fields: ['lines.quantity'] }])
  t.match(order.lines(), { businessCentral: ['1002: 5', '100: 1', '200: 1'], sales: ['1002: 7', '100: 1', '200: 1'] })
})

t.test(
  'P3 P7 what was to be written to the other side is not forgotten when a runner dies between the two',
  async (t) => {
    const order = await Order.atRest(t, 'hold', undefined, everOpen)
    order.quantityInBusinessCentral(100, 3)
    order.quantityInSales(200, 5)
    // Sales is written, and of Business Central nothing is noted yet.
    await order.dies(undefined, (entry) => entry.kind === 'intent' && entry.intent.side === 'businessCentral')
    t.match(order.lines(), { businessCentral: ['100: 3', '200: 1'], sales: ['100: 3', '200: 5'] })
    await order.goesOn(t)
    t.match(order.lines(), both('100: 3', '200: 5'))
  },
)

for (const isReleased of [true, false])
  t.test(
    `P2 P7 a text that a dead runner had carried is its own, though the version of the order ${isReleased ? 'may have' : 'has not'} moved`,
    async (t) => {
      const order = await Order.atRest(t, 'businessCentral', undefined, isReleased ? undefined : everOpen)
      const line = order.addTextInSales('first')
      await order.goesOn(t)
      order.textInSales(line, 'second')
      await order.dies()
      t.same(order.texts(), ['second', 'second'])
      order.textInSales(line, 'third')
      await order.goesOn(t)
      t.same(order.texts(), ['third', 'third'])
    },
  )

for (const [side, conflicts] of [
  ['sales', 'businessCentral'],
  ['businessCentral', 'sales'],
] as const)
  t.test(
    `P2 a text edited in ${side} again, before anybody has looked at what was carried, wins all the same`,
    async (t) => {
      const order = await Order.atRest(t, conflicts)
      const line = order.addTextInSales('first')
      const edit = (text: string): void =>
        side === 'sales' ? order.textInSales(line, text) : order.textInBusinessCentral(text)
      await order.goesOn(t)
      edit('second')
      await order.run()
      t.same(order.texts(), ['second', 'second'])
      edit('third')
      await order.goesOn(t)
      t.same(order.texts(), ['third', 'third'])
    },
  )

t.test('P2 a new line whose text is edited at once, too', async (t) => {
  const order = await Order.atRest(t, 'businessCentral')
  const line = order.addTextInSales('first')
  await order.run()
  order.textInSales(line, 'second')
  await order.goesOn(t)
  t.same(order.texts(), ['second', 'second'])
})

t.test(
  'P1 P3 an order that a forgotten run began is made whole, also where the write of its lines gets no answer',
  async (t) => {
    const given = await documents(t, mapping)
    const { on, config } = given
    const run = (): Promise<unknown> => on.run(config, { mappings: [mapping] })
    const lost = (nth: number): void => {
      on.simulator.faults.clear()
      on.simulator.faults.add({
        match: { service: 'businessCentral', method: 'POST', path: 'batch', nth },
        do: { drop: 'before' },
      })
    }
    salesOrder(given, 'O1', [{ product: 0, price: 100 }])
    const disk = on.store
    on.store = mortal(overlay(disk), isOutcome)
    // Its head is made, and then the lines do not arrive.
    lost(2)
    await t.rejects(run(), /dies/)
    t.same([on.simulator.businessCentral.rows('salesOrders').length, linesInBusinessCentral(given).length], [1, 0])
    on.store = disk
    on.clock.advance(1000)
    // It is there already; it is opened; and again its lines do not arrive.
    lost(3)
    await run()
    on.simulator.faults.clear()
    for (let more = 0; more < 2; more++) {
      on.clock.advance(1000)
      await run()
    }
    t.match(linesInBusinessCentral(given), [{ unitPrice: 100 }])
    t.match(on.simulator.businessCentral.rows('salesOrders'), [{ status: 'Open' }], 'and released')
  },
)

const linesInBusinessCentral = ({ on }: Documents): readonly Row[] =>
  on.simulator.businessCentral.rows('salesOrderLines').filter(({ lineType }) => lineType === 'Item')
