/** References through couplings, by query, in a second pass; choices, constants, pages, joins and steps; matching. */
import t from 'tap'
import type { Field, Lookup, Mapping, MatchGroup, WhenUncoupled } from '../../src/config/config.ts'
import { type Connector, portOf } from '../../src/connector/connector.ts'
import { configOf, customerAccount, mapping, row, source } from './project.ts'
import { ConnectorError } from '../../src/errors.ts'
import { type Stage, bothWays, counted, idOf, refusing, stage, toSales, writesMade, writingVia } from './stage.ts'

const group = (
  businessCentral: readonly string[],
  sales: readonly string[],
  lookup: Record<string, Lookup> = {},
): MatchGroup => ({
  businessCentral,
  sales,
  lookup,
  caseSensitive: false,
})
const through = (name: string, by: string | Readonly<Record<string, string>>, blankIs?: string): Lookup => ({
  kind: 'coupling',
  mapping: name,
  by,
  ...(blankIs === undefined ? {} : { blankIs }),
})
const card = { kind: 'service', entity: 'CustomerCard', key: ['No'] } as const
const adding = (...fields: readonly Field[]): readonly Field[] => [...customerAccount().fields, ...fields]

const users = mapping({
  name: 'user',
  direction: 'toBusinessCentral',
  businessCentral: source('businessCentral', 'salespeoplePurchasers', { keys: ['code'] }),
  sales: source('sales', 'systemusers', { filter: 'internalemailaddress ne null' }),
  match: [group(['email'], ['internalemailaddress'])],
  firstMatch: { blank: 'fill', different: 'businessCentral' },
  fields: [row('email', { businessCentral: 'email', sales: 'internalemailaddress', direction: 'toBusinessCentral' })],
})

const ownedCustomers = (whenUncoupled: WhenUncoupled): Mapping =>
  customerAccount({
    ...toSales,
    after: ['user'],
    fields: adding(
      row('owner', {
        businessCentral: 'salespersonCode',
        sales: 'ownerid',
        direction: 'toSales',
        lookup: through('user', 'code'),
        blank: 'keep',
        whenUncoupled,
      }),
    ),
    sales: source('sales', 'accounts', { filter: 'customertypecode eq 3', lookupTypes: { ownerid: 'systemuser' } }),
  })

t.test(
  'a reference travels by natural key; what is not coupled holds, clears, keeps or skips as the row says',
  async (t) => {
    for (const kind of ['hold', 'clear', 'keep', 'skip'] as const) {
      const s = await stage(t)
      s.customer({ number: 'C1', salespersonCode: 'JO' })
      s.simulator.businessCentral.create('salespeoplePurchasers', { code: 'XX', displayName: 'No user' })
      s.customer({ number: 'C2', salespersonCode: 'XX' })
      const report = await s.run([users, ownedCustomers({ kind })])
      const accounts = new Map(s.accounts().map((account) => [account['accountnumber'], account]))
      const jo = s.simulator.sales.rows('systemusers').find((user) => user['internalemailaddress'] === 'JO@contoso.com')
      t.equal(accounts.get('C1')?.['_ownerid_value'], jo?.['systemuserid'], kind)
      t.equal(accounts.has('C2'), kind === 'keep' || kind === 'clear', kind)
      const told = report.problems
        .filter(({ mapping }) => mapping === 'customer-account')
        .map((problem) => problem.kind)
      t.same(told, kind === 'hold' ? ['waiting'] : [], kind)
    }
  },
)

t.test('a record that waits goes on by itself when the other is coupled', async (t) => {
  const s = await stage(t)
  s.simulator.businessCentral.create('salespeoplePurchasers', {
    code: 'XX',
    displayName: 'New',
    email: 'nn@x.y',
  })
  s.customer({ number: 'C1', salespersonCode: 'XX' })
  const mappings = [users, ownedCustomers({ kind: 'hold' })]
  t.match((await s.run(mappings)).problems.at(-1), { kind: 'waiting', message: /owner/ })
  const user = s.simulator.sales.rows('systemusers').find((each) => each['internalemailaddress'] === null)
  s.simulator.sales.edit('systemusers', String(user?.['systemuserid']), { internalemailaddress: 'nn@x.y' })
  await s.run(mappings)
  t.equal(s.accounts()[0]?.['_ownerid_value'], user?.['systemuserid'])
  t.equal(s.held().length, 0)
})

const currencies = mapping({
  name: 'currency',
  direction: 'toSales',
  businessCentral: source('businessCentral', 'currencies', {
    keys: ['code'],
    filter: "code eq 'EUR' or code eq 'JPY' or code eq 'GBP'",
    constant: [{ id: 'local', code: 'GBP', displayName: 'Pound', amountDecimalPlaces: '2:2' }],
    joins: [
      {
        name: 'rate',
        entity: { kind: 'standard', entity: 'currencyExchangeRates' },
        on: { currencyCode: 'code' },
        where: "relationalCurrencyCode eq ''",
        latest: 'startingDate',
        many: false,
        triggers: true,
        select: ['exchangeRateAmount', 'relationalExchangeRateAmount'],
        optional: false,
      },
    ],
  }),
  sales: source('sales', 'transactioncurrencies'),
  createOn: { businessCentral: false, sales: true },
  match: [group(['code'], ['isocurrencycode'])],
  firstMatch: { blank: 'fill', different: 'sales' },
  fields: [
    row('code', {
      businessCentral: 'code',
      sales: 'isocurrencycode',
      direction: 'toSales',
      on: 'create',
      type: 'code',
    }),
    row('name', { businessCentral: 'displayName', sales: 'currencyname', direction: 'toSales' }),
    row('symbol', { sales: 'currencysymbol', compute: { toSales: 'code' }, direction: 'toSales', on: 'create' }),
    row('precision', { sales: 'currencyprecision', value: 2, direction: 'toSales', on: 'create' }),
    row('rate', {
      sales: 'exchangerate',
      direction: 'toSales',
      type: 'decimal',
      compute: {
        toSales: "code = 'GBP' ? 1 : $round(rate.exchangeRateAmount / rate.relationalExchangeRateAmount, 10)",
      },
    }),
  ],
})
const rates = (s: Stage): Map<unknown, unknown> =>
  new Map(
    s.simulator.sales.rows('transactioncurrencies').map((each) => [each['isocurrencycode'], each['exchangerate']]),
  )

t.test('P5 constant rows that cannot be made stop their mapping alone, with what to do', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1' })
  const currencies = mapping({
    name: 'currency',
    direction: 'toSales',
    businessCentral: {
      ...source('businessCentral', 'currencies', { keys: ['code'] }),
      constant: '($f := function($n) { $f($n + 1) }; $f(0))',
    },
    sales: source('sales', 'transactioncurrencies'),
    match: [group(['code'], ['isocurrencycode'])],
    fields: [row('code', { businessCentral: 'code', sales: 'isocurrencycode', direction: 'toSales' })],
  })
  const { problems } = await s.run([currencies, customerAccount(toSales)])
  t.match(problems, [
    {
      mapping: 'currency',
      kind: 'service',
      message: 'the expression of businessCentral.constant fails: it takes longer than a second',
      remedy: /Correct it/,
    },
  ])
  t.equal(s.accounts().length, 1)
})

t.test('constant rows stand beside an entity; a joined row that changes is a change of its main row', async (t) => {
  const s = await stage(t)
  const report = await s.run([currencies])
  t.equal(report.ok, true, JSON.stringify(report.problems))
  t.match(counted(report, 'currency'), { created: 2, coupled: 1 })
  t.equal(rates(s).get('EUR'), 1.5484670177)
  s.simulator.resetRequests()
  await s.run([currencies])
  t.equal(writesMade(s.simulator), 0)
  const rate = s.simulator.businessCentral.rows('currencyExchangeRates').find((each) => each['currencyCode'] === 'EUR')
  s.simulator.businessCentral.edit('currencyExchangeRates', idOf(rate ?? {}), { relationalExchangeRateAmount: 0.5 })
  await s.run([currencies])
  t.equal(rates(s).get('EUR'), 2)
  s.simulator.businessCentral.service.load('currencyExchangeRates', [
    {
      currencyCode: 'JPY',
      startingDate: '2026-01-01',
      exchangeRateAmount: 100,
      relationalExchangeRateAmount: 1,
      relationalCurrencyCode: '',
    },
  ])
  await s.run([currencies])
  t.equal(rates(s).get('JPY'), 100, 'the latest rate')
})

t.test('P10 a joined row that is reported again asks for its main row once, and each time it changes', async (t) => {
  const s = await stage(t)
  await s.run([currencies])
  await s.run([currencies])
  const asked = async (options = {}): Promise<number> => {
    s.simulator.resetRequests()
    await s.run([currencies], options)
    return s.simulator.requests().businessCentral.requests
  }
  t.equal(await asked(), 2, 'changes of both')
  const rate = s.simulator.businessCentral.rows('currencyExchangeRates').find((each) => each['currencyCode'] === 'EUR')
  for (const edited of [0.5, 0.25]) {
    s.simulator.businessCentral.edit('currencyExchangeRates', idOf(rate ?? {}), {
      relationalExchangeRateAmount: edited,
    })
    t.ok((await asked()) > 2)
    t.equal(rates(s).get('EUR'), 1 / edited)
    t.equal(await asked(), 2)
  }
  // Edited between the whole read of both and the look at what has changed since.
  const { connectors } = s
  const { businessCentral } = connectors
  let amount = 0.2
  const editing: Connector = {
    ...portOf(businessCentral),
    changes: (query, since) => {
      if (query.entity.entity === 'currencyExchangeRates' && since !== undefined)
        s.simulator.businessCentral.edit('currencyExchangeRates', idOf(rate ?? {}), {
          relationalExchangeRateAmount: amount,
        })
      return businessCentral.changes(query, since)
    },
  }
  s.connectors = { ...connectors, businessCentral: editing }
  await s.run([currencies], { full: true })
  s.connectors = connectors
  await s.run([currencies])
  t.equal(rates(s).get('EUR'), 5, 'not lost')
  s.connectors = { ...connectors, businessCentral: editing }
  amount = 0.1
  const euro = s.simulator.businessCentral.rows('currencies').find((each) => each['code'] === 'EUR')
  s.simulator.businessCentral.edit('currencies', idOf(euro ?? {}), { displayName: 'Euro 2' })
  await s.run([currencies])
  t.equal(rates(s).get('EUR'), 10, 'what was read before it changed is read again')
})

t.test('a blank reference stands for the key that the row names, and comes back as blank', async (t) => {
  const s = await stage(t)
  const priced = customerAccount({
    ...bothWays,
    after: ['currency'],
    fields: adding(
      row('currency', {
        businessCentral: 'currencyCode',
        sales: 'transactioncurrencyid',
        lookup: through('currency', 'code', 'GBP'),
      }),
    ),
  })
  s.customer({ number: 'C1' })
  s.customer({ number: 'C2', currencyCode: 'EUR' })
  t.same((await s.run([currencies, priced])).problems, [])
  const named = (number: string): unknown => {
    const account = s.accounts().find((each) => each['accountnumber'] === number)
    const id = account?.['_transactioncurrencyid_value']
    return s.simulator.sales.row('transactioncurrencies', String(id))?.['isocurrencycode']
  }
  t.equal(named('C1'), 'GBP')
  t.equal(named('C2'), 'EUR')
  const account = s.accounts().find((each) => each['accountnumber'] === 'C1')
  const euro = s.simulator.sales.rows('transactioncurrencies').find((each) => each['isocurrencycode'] === 'EUR')
  s.simulator.sales.edit('accounts', idOf(account ?? {}), {
    _transactioncurrencyid_value: euro?.['transactioncurrencyid'],
  })
  await s.run([currencies, priced])
  t.equal(s.customers().find((each) => each['number'] === 'C1')?.['currencyCode'], 'EUR')
})

const terms = (given: Partial<Mapping> = {}): Mapping =>
  mapping({
    name: 'payment-terms',
    direction: 'toSales',
    businessCentral: source('businessCentral', 'paymentTerms', { keys: ['code'] }),
    sales: source('sales', '', {
      entity: { kind: 'choice', entity: 'accounts', column: 'paymenttermscode', mirror: [] },
    }),
    match: [group(['code'], ['label'])],
    firstMatch: { blank: 'fill', different: 'businessCentral' },
    fields: [row('code', { businessCentral: 'code', sales: 'label', direction: 'toSales', type: 'code' })],
    ...given,
  })
const withTerms = customerAccount({
  ...toSales,
  after: ['payment-terms'],
  fields: adding(
    row('terms', {
      businessCentral: 'paymentTermsId',
      sales: 'paymenttermscode',
      direction: 'toSales',
      lookup: through('payment-terms', 'id'),
    }),
  ),
})

t.test('options of a choice are added only with the administrator’s leave; else their records are held', async (t) => {
  const s = await stage(t)
  const made = s.simulator.businessCentral.create('paymentTerms', { code: 'ODD 3', displayName: 'Odd' })
  s.customer({ number: 'C1', paymentTermsId: made['id'] })
  s.simulator.resetRequests()
  let report = await s.run([terms(), withTerms])
  t.equal(writesMade(s.simulator), 0, 'no metadata, and the customer waits')
  t.match(
    report.problems.find(({ number }) => number === 'ODD 3'),
    { kind: 'no-partner', remedy: /allowMetadataChanges: true/ },
  )
  t.match(
    report.problems.find(({ number }) => number === 'C1'),
    { kind: 'waiting' },
  )
  report = await s.run([terms({ allowMetadataChanges: true, hash: 'm2' }), withTerms])
  t.same(report.problems, [])
  const coupled = s.couplings('payment-terms').find(({ businessCentral }) => businessCentral.id === made['id'])
  t.equal(s.accounts()[0]?.['paymenttermscode'], Number(coupled?.sales.id))
  s.simulator.resetRequests()
  await s.run([terms({ allowMetadataChanges: true, hash: 'm2' }), withTerms], { full: true })
  t.equal(writesMade(s.simulator), 0)
  s.simulator.businessCentral.edit('paymentTerms', String(made['id']), { code: 'ODD 4' })
  report = await s.run([terms({ hash: 'm2' }), withTerms])
  t.match(report.problems, [{ mapping: 'payment-terms' }], 'not even renamed')
  await s.run([terms({ allowMetadataChanges: true, hash: 'm2' }), withTerms])
  t.equal(s.held('payment-terms').length, 0)
})

const cardPage = { name: 'card', entity: card, on: { No: 'number' }, optional: true }
const withCard = (given: Partial<Mapping> = {}): Mapping =>
  customerAccount({
    ...bothWays,
    businessCentral: source('businessCentral', 'customers', { keys: ['number'], with: [cardPage] }),
    fields: adding(row('fax', { businessCentral: 'card.Fax_No', sales: 'fax' })),
    ...given,
  })

t.test('a further page of a record is read with it, and written in a second round with its own version', async (t) => {
  const s = await stage(t)
  s.customer({ number: 'C1', phoneNumber: '1' })
  s.simulator.businessCentral.edit('CustomerCard', 'C1', { Fax_No: '111' })
  const account = s.account({ name: 'From Sales', fax: '222', telephone1: '2' })
  t.same((await s.run([withCard()])).problems, [])
  t.equal(s.accounts().find((each) => each['accountnumber'] === 'C1')?.['fax'], '111')
  const other = s.customers().find((each) => each['displayName'] === 'From Sales')
  t.equal(s.simulator.businessCentral.row('CustomerCard', String(other?.['number']))?.['Fax_No'], '222')
  await s.run([withCard()])
  s.simulator.resetRequests()
  await s.run([withCard()])
  t.equal(writesMade(s.simulator), 0)
  s.simulator.sales.edit('accounts', idOf(account), { fax: '333', telephone1: '3' })
  t.same((await s.run([withCard()])).problems, [])
  t.equal(s.simulator.businessCentral.row('CustomerCard', String(other?.['number']))?.['Fax_No'], '333')
  t.equal(s.simulator.businessCentral.row('customers', idOf(other ?? {}))?.['phoneNumber'], '3')
  s.simulator.businessCentral.edit('CustomerCard', 'C1', { Fax_No: '' })
  await s.run([withCard()])
  t.equal(s.accounts().find((each) => each['accountnumber'] === 'C1')?.['fax'], null)
})

t.test('a record that takes part, or is looked for, by a further page is filled up before that is told', async (t) => {
  const s = await stage(t)
  const byFax = { businessCentral: ['card.Fax_No'], sales: ['fax'], lookup: {}, caseSensitive: false }
  const both = (number: string, fax: string): void => {
    s.customer({ number })
    s.simulator.businessCentral.edit('CustomerCard', number, { Fax_No: fax })
    s.account({ name: `Customer ${number}`, fax })
  }
  both('C1', '111')
  const matched = withCard({ match: [byFax], createOn: { businessCentral: false, sales: false } })
  t.match(counted(await s.run([matched]), 'customer-account'), { coupled: 1 }, 'in a whole read')
  both('C2', '222')
  t.match(counted(await s.run([matched]), 'customer-account'), { coupled: 1 }, 'and in one of what changed')
  const filtered = withCard({
    ...toSales,
    direction: 'toSales',
    name: 'filtered',
    match: [],
    businessCentral: source('businessCentral', 'customers', {
      keys: ['number'],
      with: [cardPage],
      filter: "card.Fax_No eq '222'",
    }),
  })
  t.match(counted(await s.run([filtered]), 'filtered'), { created: 1, held: 0 })
})

/** Persons with the parts of their name on one further page, and the middle name on another. */
const named = mapping({
  name: 'person',
  businessCentral: source('businessCentral', 'contacts', {
    keys: ['number'],
    with: [
      { name: 'names', entity: { kind: 'standard', entity: 'customerContacts' }, on: { id: 'id' }, optional: false },
      {
        name: 'details',
        entity: { kind: 'service', entity: 'ContactNameDetails', key: ['No'] },
        on: { No: 'number' },
        optional: true,
      },
    ],
  }),
  sales: source('sales', 'contacts', { filter: "jobtitle eq 'tried'" }),
  createOn: { businessCentral: true, sales: false },
  fields: [
    row('type', { businessCentral: 'type', value: 'Person', direction: 'toBusinessCentral' }),
    row('whole', { businessCentral: 'displayName', sales: 'fullname', direction: 'toBusinessCentral', on: 'create' }),
    row('email', { businessCentral: 'email', sales: 'emailaddress1' }),
    row('middle', { businessCentral: 'details.Middle_Name', sales: 'middlename', blank: 'write' }),
    row('first', { businessCentral: 'names.firstName', sales: 'firstname' }),
    row('last', { businessCentral: 'names.lastName', sales: 'lastname' }),
  ],
})

t.test('P4 what a service makes of a new record on its further pages is no edit of a person', async (t) => {
  const s = await stage(t)
  const name = { firstname: 'Joost', lastname: 'van der Berg', jobtitle: 'tried' }
  const contact = s.simulator.sales.create('contacts', { ...name, emailaddress1: 'j@contoso.example' })
  t.same((await s.run([named])).problems, [])
  t.same(s.held('person'), [])
  const [person] = s.simulator.businessCentral.rows('contacts')
  t.match(person, { displayName: 'Joost van der Berg', email: 'j@contoso.example' })
  t.match(s.simulator.businessCentral.row('customerContacts', idOf(person ?? {})), {
    firstName: 'Joost',
    lastName: 'van der Berg',
  })
  t.match(s.simulator.sales.row('contacts', idOf(contact)), { middlename: null, lastname: 'van der Berg' })
  s.simulator.resetRequests()
  await s.run([named])
  t.equal(writesMade(s.simulator), 0)
})

t.test(
  'P5 a row on a further page of a new record waits alone where its expression fails; mended, its source speaks',
  async (t) => {
    const compute = { toBusinessCentral: "firstname = 'bad' ? $error('no') : firstname", toSales: 'names.firstName' }
    const fields = named.fields.map((each) => (each.name === 'first' ? { ...each, compute } : each))
    const strict = { ...named, fields }
    const s = await stage(t)
    const contact = s.simulator.sales.create('contacts', {
      firstname: 'bad',
      lastname: 'van der Berg',
      jobtitle: 'tried',
    })
    const names = (): Readonly<Record<string, unknown>> | undefined =>
      s.simulator.businessCentral.row('customerContacts', idOf(s.simulator.businessCentral.rows('contacts')[0] ?? {}))
    const report = await s.run([strict])
    t.match(report.problems, [{ kind: 'failed', message: /"first"/, remedy: /other field rows travel/ }])
    t.match(names(), { firstName: 'bad', lastName: 'van der Berg' }, 'the others travel in the same run')
    t.match(s.held('person'), [{ kind: 'failed', fields: ['first'] }])
    t.equal(s.couplings('person').length, 1)
    s.simulator.resetRequests()
    await s.run([strict])
    t.equal(writesMade(s.simulator), 0)
    s.simulator.sales.edit('contacts', idOf(contact), { firstname: 'Joost' })
    t.same((await s.run([strict])).problems, [])
    t.match(names(), { firstName: 'Joost', lastName: 'van der Berg' })
    t.same(s.held('person'), [])
  },
)

t.test('P2 what a person wrote on a further page of a record that was just made is not overwritten', async (t) => {
  const s = await stage(t)
  s.simulator.sales.create('contacts', { firstname: 'Joost', lastname: 'van der Berg', jobtitle: 'tried' })
  s.onEvent = (event) => {
    const [person] = s.simulator.businessCentral.rows('contacts')
    if (event.kind !== 'written' || person === undefined) return
    s.onEvent = () => {}
    s.simulator.businessCentral.edit('customerContacts', idOf(person), { lastName: 'Bergman' })
  }
  await s.run([named])
  const [person] = s.simulator.businessCentral.rows('contacts')
  t.equal(s.simulator.businessCentral.row('customerContacts', idOf(person ?? {}))?.['lastName'], 'Bergman')
  t.match(s.held('person'), [{ kind: 'different', fields: ['first', 'last'] }])
})

t.test('P4 P10 our own write that is reported again, and what was seen before, cost no request', async (t) => {
  const s = await stage(t)
  for (let n = 0; n < 3; n++) s.customer({ number: `C${n}`, phoneNumber: '1' })
  await s.run([withCard()])
  await s.run([withCard()])
  const account = s.accounts()[0] ?? {}
  s.simulator.sales.edit('accounts', idOf(account), { telephone1: '3' })
  await s.run([withCard()])
  s.simulator.resetRequests()
  // Both sides report what was written; Business Central also all of the quarter of an hour before.
  const report = await s.run([withCard()])
  t.equal(counted(report, 'customer-account')['unchanged'], 3)
  const cards = Object.keys(s.simulator.requests().businessCentral.byPath).filter((path) => path.includes('Card'))
  t.same(cards, [], 'no further page is read')
})

t.test('P10 a record that says nothing new under another version, or is nobody’s, is looked at once', async (t) => {
  const s = await stage(t)
  const customer = s.customer({ number: 'C1', phoneNumber: '1' })
  await s.run([withCard()])
  await s.run([withCard()])
  s.simulator.businessCentral.edit('customers', idOf(customer), { taxRegistrationNumber: 'X1' })
  s.customer({ number: 'C2', blocked: 'All' })
  const cards = async (): Promise<number> => {
    s.simulator.resetRequests()
    t.same((await s.run([withFilter])).problems, [])
    const { byPath } = s.simulator.requests().businessCentral
    return Object.entries(byPath).reduce((sum, [path, count]) => sum + (path.includes('Card') ? count : 0), 0)
  }
  const base = withCard()
  const filter = "blocked eq '_x0020_'"
  const withFilter: Mapping = { ...base, businessCentral: { ...base.businessCentral, filter } }
  t.equal(await cards(), 1)
  t.equal(await cards(), 0)
  s.simulator.businessCentral.edit('customers', idOf(customer), { phoneNumber: '2' })
  t.equal(await cards(), 1)
  t.equal(s.accounts()[0]?.['telephone1'], '2')
  t.equal(s.accounts().length, 1)
})

t.test('a page that is not published is told once, its rows rest, and everything else works', async (t) => {
  const s = await stage(t, { businessCentral: { publishedPages: [] } })
  s.customer({ number: 'C1', phoneNumber: '1' })
  const report = await s.run([withCard()])
  t.equal(report.ok, true)
  t.equal(s.accounts()[0]?.['telephone1'], '1')
  t.ok(s.events.some((event) => event.kind === 'warning' && /CustomerCard/.test(event.message)))
})

const persons = (given: Partial<Mapping> = {}): Mapping =>
  mapping({
    name: 'contact',
    businessCentral: source('businessCentral', 'contacts', {
      keys: ['number'],
      filter: "type eq 'Person'",
      with: [
        {
          name: 'names',
          entity: { kind: 'standard', entity: 'customerContacts' },
          on: { id: 'id' },
          optional: false,
        },
      ],
    }),
    sales: source('sales', 'contacts', {
      filter: '_parentcustomerid_value ne null',
      lookupTypes: { parentcustomerid: 'account' },
    }),
    match: [
      group(['email', 'names.customerId'], ['emailaddress1', 'parentcustomerid'], {
        'names.customerId': through('customer-account', 'id'),
      }),
    ],
    createOn: { businessCentral: false, sales: true },
    direction: 'toSales',
    fields: [
      row('parent', {
        businessCentral: 'names.customerId',
        sales: 'parentcustomerid',
        direction: 'toSales',
        lookup: through('customer-account', 'id'),
      }),
      row('first', { businessCentral: 'names.firstName', sales: 'firstname', direction: 'toSales' }),
      row('last', { businessCentral: 'names.lastName', sales: 'lastname', direction: 'toSales' }),
      row('email', { businessCentral: 'email', sales: 'emailaddress1', direction: 'toSales' }),
    ],
    ...given,
  })
const withPrimary = withCard({
  ...toSales,
  fields: adding(
    row('primaryContact', {
      businessCentral: 'card.Primary_Contact_No',
      sales: 'primarycontactid',
      direction: 'toSales',
      lookup: through('contact', 'number'),
      whenUncoupled: { kind: 'keep' },
    }),
  ),
})

/** A customer with a person who is its primary contact. */
function withPerson(s: Stage, number: string): { person: string } {
  s.customer({ number })
  const company = s.simulator.businessCentral
    .rows('contacts')
    .find((each) => each['displayName'] === `Customer ${number}`)
  const person = s.simulator.businessCentral.create('contacts', {
    displayName: `Ann ${number}`,
    type: 'Person',
    companyNumber: company?.['number'],
    email: `ann@${number}.x`,
  })
  s.simulator.businessCentral.edit('CustomerCard', number, { Primary_Contact_No: person['number'] })
  return { person: String(person['number']) }
}

t.test('a reference to a mapping that runs later is written in a second pass of the same run', async (t) => {
  const s = await stage(t)
  withPerson(s, 'C1')
  withPerson(s, 'C2')
  const planned = await s.run([withPrimary, persons()], { dry: true })
  t.same(planned.problems, [])
  t.notOk(planned.plan.operations.some(({ kind }) => kind === 'delete'))
  const report = await s.run([withPrimary, persons()])
  t.same(report.problems, [])
  for (const account of s.accounts()) {
    const contact = s.simulator.sales.row('contacts', String(account['_primarycontactid_value']))
    t.equal(contact?.['emailaddress1'], `ann@${String(account['accountnumber'])}.x`)
    t.equal(contact?.['_parentcustomerid_value'], account['accountid'])
  }
  s.simulator.resetRequests()
  await s.run([withPrimary, persons()])
  t.equal(writesMade(s.simulator), 0)
})

t.test('a plan with a second pass and a delete policy does not take its own records for deleted', async (t) => {
  const s = await stage(t)
  withPerson(s, 'C1')
  const strict: Mapping = { ...withPrimary, deletes: { businessCentral: 'delete', sales: 'delete', sweepMs: 1 } }
  const limits = { ...strict.limits, deletes: { count: 0, share: undefined } }
  const report = await s.run([{ ...strict, limits }, persons()])
  t.same(report.problems, [])
  t.equal(s.customers().length, 1)
  t.equal(s.accounts().length, 1)
})

/** Contacts that take their customer along. */
const takingAlong = (): Mapping => {
  const base = persons({ name: 'contact' })
  const whenUncoupled = { kind: 'sync', mapping: 'customer-account' } as const
  return {
    ...base,
    fields: base.fields.map((field) => (field.name === 'parent' ? { ...field, whenUncoupled } : field)),
  }
}

t.test('a record that another needs is taken along first, once', async (t) => {
  const s = await stage(t)
  withPerson(s, 'C1')
  const taking = takingAlong()
  const report = await s.run(configOf([taking, customerAccount(toSales)]), { mappings: ['contact'] })
  t.same(report.problems, [])
  t.equal(s.accounts().length, 1)
  t.equal(s.couplings('contact').length, 1)
  withPerson(s, 'C2')
  const both = await s.run([taking, customerAccount(toSales)])
  t.same(both.problems, [])
  t.equal(s.accounts().length, 2)
  t.equal(s.couplings('contact').length, 2)
})

t.test('P5 what was refused is taken along once a run, and not at all by a record of its own mapping', async (t) => {
  const s = await stage(t)
  const { sales } = s.connectors
  let tried = 0
  const isBad = ({ telephone1 }: Readonly<Record<string, unknown>>): boolean => {
    if (telephone1 === '666') tried += 1
    return telephone1 === '666'
  }
  s.connectors = { ...s.connectors, sales: refusing(sales, isBad) }
  withPerson(s, 'C1')
  s.simulator.businessCentral.edit('customers', idOf(s.customers()[0] ?? {}), { phoneNumber: '666' })
  const first = await s.run([customerAccount(toSales), takingAlong()], { mappings: ['contact'] })
  t.match(first.problems, [{ mapping: 'contact', kind: 'waiting' }])
  t.equal(tried, 1)
  const parent = row('parent', {
    businessCentral: 'taxRegistrationNumber',
    sales: 'parentaccountid',
    direction: 'toSales',
    lookup: through('customer-account', 'number'),
    whenUncoupled: { kind: 'sync', mapping: undefined },
  })
  s.customer({ number: 'C2', taxRegistrationNumber: 'C1' })
  s.clock.advance(86_400_000)
  tried = 0
  const { problems } = await s.run([customerAccount({ ...toSales, fields: adding(parent) })], { full: true })
  t.match(problems, [
    { number: 'C1', kind: 'failed' },
    { number: 'C2', kind: 'waiting' },
  ])
  t.equal(tried, 1)
})

t.test('nothing is taken along by a mapping that is switched off', async (t) => {
  const s = await stage(t)
  withPerson(s, 'C1')
  const off = { ...customerAccount(toSales), enabled: false, reason: 'later' }
  const { problems } = await s.run([off, takingAlong()])
  t.match(problems, [{ mapping: 'contact', kind: 'waiting' }])
  t.equal(s.accounts().length, 0)
})

t.test('P1 a mapping that could not be run to its end takes nothing along: what refers to it waits', async (t) => {
  const s = await stage(t)
  withPerson(s, 'C1')
  const taking = takingAlong()
  const { sales } = s.connectors
  let hasFailed = false
  s.connectors = {
    ...s.connectors,
    sales: writingVia(sales, () => {
      if (hasFailed) return
      hasFailed = true
      throw new ConnectorError('sales', 'broken', { message: 'an answer that makes no sense', remedy: 'run again' })
    }),
  }
  const report = await s.run([customerAccount(toSales), taking])
  t.match(report.problems, [
    { mapping: 'customer-account', kind: 'service' },
    { mapping: 'contact', kind: 'waiting' },
  ])
  t.equal(s.accounts().length, 0)
  t.same((await s.run([customerAccount(toSales), taking])).problems, [])
  t.equal(s.accounts().length, 1)
})

t.test('a reference to a record that was deleted waits with it, and is not written', async (t) => {
  const s = await stage(t)
  for (const sample of s.simulator.sales.rows('contacts')) s.simulator.sales.delete('contacts', idOf(sample))
  withPerson(s, 'C1')
  withPerson(s, 'C2')
  const base = persons({ direction: 'both', deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 1 } })
  const filled = base.fields.map((field) =>
    field.name === 'parent' ? { ...field, direction: 'both' as const, refill: true } : field,
  )
  const mappings = [
    customerAccount({ ...toSales, deletes: { businessCentral: 'hold', sales: 'hold', sweepMs: 1 } }),
    { ...base, fields: filled },
  ]
  t.same((await s.run(mappings)).problems, [])
  const [first, second] = s.simulator.sales.rows('contacts')
  s.simulator.sales.edit('contacts', idOf(first ?? {}), {
    _parentcustomerid_value: second?.['_parentcustomerid_value'],
  })
  const other = s.simulator.sales.row('accounts', String(second?.['_parentcustomerid_value']))
  s.simulator.businessCentral.delete('customers', String(other?.['accountnumber']))
  s.simulator.resetRequests()
  for (let n = 0; n < 2; n++) {
    s.clock.advance(1000)
    const report = await s.run(mappings)
    t.equal(writesMade(s.simulator), 0)
    t.same(new Set(report.problems.map(({ kind }) => kind)), new Set(['deleted', 'waiting']))
  }
})

const groups = mapping({
  name: 'unit-group',
  direction: 'toSales',
  businessCentral: source('businessCentral', 'items', { keys: ['number'] }),
  sales: source('sales', 'uomschedules'),
  createOn: { businessCentral: false, sales: true },
  match: [group(['$name'], ['name'])],
  fields: [
    row('name', { sales: 'name', compute: { toSales: "'ITEM ' & number" }, direction: 'toSales' }),
    row('base', { sales: 'baseuomname', compute: { toSales: "'ITEM ' & number" }, direction: 'toSales', on: 'create' }),
  ],
})
const units = mapping({
  name: 'unit',
  direction: 'toSales',
  businessCentral: source('businessCentral', '', {
    entity: { kind: 'service', entity: 'ItemUnitsOfMeasure', key: ['Item_No', 'Code'] },
    keys: ['Item_No', 'Code'],
  }),
  sales: source('sales', 'uoms', { filter: 'isschedulebaseuom eq false' }),
  createOn: { businessCentral: false, sales: true },
  match: [group(['Item_No', 'Code'], ['uomscheduleid', 'name'], { Item_No: through('unit-group', 'number') })],
  fields: [
    row('group', {
      businessCentral: 'Item_No',
      sales: 'uomscheduleid',
      direction: 'toSales',
      lookup: through('unit-group', 'number'),
      on: 'create',
    }),
    row('base', {
      businessCentral: 'Item_No',
      sales: 'baseuom',
      direction: 'toSales',
      lookup: {
        kind: 'query',
        find: 'uoms',
        where: { uomscheduleid: { field: 'group' }, isschedulebaseuom: { constant: true } },
      },
      on: 'create',
    }),
    row('code', { businessCentral: 'Code', sales: 'name', direction: 'toSales', type: 'code' }),
    row('quantity', { businessCentral: 'Qty_per_Unit_of_Measure', sales: 'quantity', direction: 'toSales' }),
  ],
})
const products = mapping({
  name: 'product',
  direction: 'toSales',
  businessCentral: source('businessCentral', 'items', { keys: ['number'] }),
  sales: source('sales', 'products'),
  createOn: { businessCentral: false, sales: true },
  match: [group(['number'], ['productnumber'])],
  fields: [
    row('number', { businessCentral: 'number', sales: 'productnumber', direction: 'toSales' }),
    row('name', { businessCentral: 'displayName', sales: 'name', direction: 'toSales' }),
    row('decimals', { sales: 'quantitydecimal', value: 2, direction: 'toSales', on: 'create' }),
    row('group', {
      businessCentral: 'number',
      sales: 'defaultuomscheduleid',
      direction: 'toSales',
      lookup: through('unit-group', 'number'),
    }),
    row('unit', {
      businessCentral: 'number',
      sales: 'defaultuomid',
      direction: 'toSales',
      lookup: through('unit', { Item_No: 'number', Code: 'baseUnitOfMeasureCode' }),
    }),
    row('state', { sales: 'statecode', compute: { toSales: 'blocked ? 1 : 0' }, direction: 'toSales', step: 'after' }),
  ],
})

t.test(
  'units and products: a match on a computed row, composite keys, a query, a scanned page, a publishing step',
  async (t) => {
    const s = await stage(t)
    for (const number of ['I1', 'I2'])
      s.simulator.businessCentral.create('items', {
        number,
        displayName: `Bike ${number}`,
        type: 'Inventory',
        baseUnitOfMeasureCode: 'PCS',
      })
    const all = [groups, units, products]
    t.same((await s.run(all)).problems, [])
    const made = s.simulator.sales.rows('products').filter((each) => String(each['productnumber']).startsWith('I'))
    t.equal(made.length, 2)
    for (const product of made) {
      t.equal(product['statecode'], 0, 'published in the same change set')
      t.equal(s.simulator.sales.row('uoms', String(product['_defaultuomid_value']))?.['name'], 'PCS')
    }
    s.simulator.resetRequests()
    t.equal((await s.run(all)).ok, true)
    t.equal(writesMade(s.simulator), 0)
    s.simulator.businessCentral.edit('ItemUnitsOfMeasure', 'I1|PCS', { Qty_per_Unit_of_Measure: 1 })
    s.simulator.businessCentral.create('ItemUnitsOfMeasure', {
      Item_No: 'I2',
      Code: 'BOX',
      Qty_per_Unit_of_Measure: 12,
    })
    const report = await s.run(all)
    t.same(report.problems, [])
    t.match(counted(report, 'unit'), { created: 1 })
    const box = s.simulator.sales.rows('uoms').find((each) => each['name'] === 'BOX')
    t.equal(box?.['quantity'], 12)
    s.simulator.businessCentral.edit('ItemUnitsOfMeasure', 'I2|BOX', { Qty_per_Unit_of_Measure: 6 })
    await s.run(all)
    t.equal(s.simulator.sales.rows('uoms').find((each) => each['name'] === 'BOX')?.['quantity'], 6, 'without a stamp')
  },
)

t.test(
  'match groups in order; several candidates are held and never created, and so is one that is coupled already',
  async (t) => {
    const s = await stage(t)
    const mapped = customerAccount(bothWays)
    s.customer({ number: 'C1', displayName: 'By number' })
    s.account({ name: 'Another name', accountnumber: 'C1' })
    s.customer({ number: 'C2', displayName: 'By name', postalCode: 'AB1' })
    s.account({ name: 'BY NAME', address1_postalcode: 'ab1' })
    s.customer({ number: 'C3', displayName: 'Twins', postalCode: 'AB3' })
    s.account({ name: 'Twins', address1_postalcode: 'AB3' })
    s.account({ name: 'Twins', address1_postalcode: 'AB3' })
    s.customer({ number: 'C4', displayName: 'Two here', postalCode: 'AB4' })
    s.customer({ number: 'C5', displayName: 'Two here', postalCode: 'AB4' })
    s.account({ name: 'Two here', address1_postalcode: 'AB4' })
    const report = await s.run([mapped])
    t.match(counted(report, 'customer-account'), { coupled: 2, created: 0 })
    t.equal(report.problems.filter(({ kind }) => kind === 'ambiguous').length, 6)
    t.equal(s.customers().length, 5)
    // One that has its partner already is nobody else's.
    s.customer({ number: 'C9', displayName: 'By name', postalCode: 'AB1' })
    const later = await s.run([mapped])
    t.match(
      later.problems.find(({ number }) => number === 'C9'),
      { kind: 'ambiguous', isNew: true },
    )
    t.equal(s.accounts().length, 5)
  },
)

t.test('records that find each other later let go of what both were held for', async (t) => {
  const s = await stage(t)
  const careful = customerAccount()
  const customer = s.customer({ number: 'C1' })
  const account = s.account({ name: 'X', accountnumber: 'C7' })
  t.equal((await s.run([careful])).problems.length, 2)
  s.simulator.sales.edit('accounts', idOf(account), { accountnumber: 'C1', name: 'Customer C1' })
  const report = await s.run([careful])
  t.same(report.problems, [])
  t.equal(s.couplings()[0]?.businessCentral.id, idOf(customer))
})

const mirrored = (given: Partial<Mapping> = {}): Mapping =>
  terms({
    sales: source('sales', '', {
      entity: {
        kind: 'choice',
        entity: 'accounts',
        column: 'paymenttermscode',
        mirror: ['salesorders.paymenttermscode', 'quotes.paymenttermscode', 'invoices.paymenttermscode'],
      },
    }),
    fields: [
      row('code', { businessCentral: 'code', sales: 'label', direction: 'toSales', type: 'code' }),
      row('mirrored', {
        sales: 'mirrored',
        value: true,
        direction: 'toSales',
        firstMatch: { blank: 'fill', different: 'businessCentral' },
      }),
    ],
    ...given,
  })

/** Labels of a choice column by value. */
async function optionsOf(s: Awaited<ReturnType<typeof stage>>, entity: string): Promise<Map<string, unknown>> {
  const choice = { kind: 'choice', entity, column: 'paymenttermscode', mirror: [] } as const
  const found = new Map<string, unknown>()
  for await (const { changes } of s.connectors.sales.changes({ entity: choice, select: ['label'] }, undefined))
    for (const change of changes) if (change.kind === 'upsert') found.set(change.id, change.row['label'])
  return found
}

t.test(
  'F-11 options are mirrored to orders, quotes and invoices: once what is there, then what is added or renamed',
  async (t) => {
    const s = await stage(t)
    const made = s.simulator.businessCentral.create('paymentTerms', { code: 'ODD 3', displayName: 'Odd' })
    const lacking = async (): Promise<number> => {
      const [accounts, orders, quotes, invoices] = await Promise.all(
        ['accounts', 'salesorders', 'quotes', 'invoices'].map((entity) => optionsOf(s, entity)),
      )
      const coupled = s.couplings('payment-terms').map(({ sales }) => sales.id)
      return [orders, quotes, invoices]
        .flatMap((each) => coupled.map((value) => each?.get(value) === accounts?.get(value)))
        .filter((same) => !same).length
    }
    s.simulator.resetRequests()
    const without = await s.run([mirrored()])
    t.equal(writesMade(s.simulator), 0, 'nothing without leave')
    t.notMatch(without.problems, [{ kind: 'different' }], 'and nobody waits for it')
    t.ok((await lacking()) > 0)
    const leave = { allowMetadataChanges: true, hash: 'm2' }
    t.same((await s.run([mirrored(leave)])).problems, [])
    t.equal(await lacking(), 0)
    s.simulator.resetRequests()
    await s.run([mirrored(leave)], { full: true })
    t.equal(writesMade(s.simulator), 0, 'P4')
    s.simulator.businessCentral.edit('paymentTerms', String(made['id']), { code: 'ODD 4' })
    await s.run([mirrored(leave)])
    t.ok([...(await optionsOf(s, 'invoices')).values()].includes('ODD 4'), 'a new code renames the label')
    t.equal(await lacking(), 0)
  },
)

const fromOptions = (given: Partial<Mapping> = {}): Mapping =>
  terms({
    direction: 'toBusinessCentral',
    createOn: { businessCentral: true, sales: false },
    firstMatch: { blank: 'fill', different: 'sales' },
    fields: [
      row('code', { businessCentral: 'code', sales: 'label', direction: 'toBusinessCentral' }),
      row('name', { businessCentral: 'displayName', sales: 'label', direction: 'toBusinessCentral' }),
    ],
    ...given,
  })
const codes = (s: Awaited<ReturnType<typeof stage>>): readonly string[] =>
  s.simulator.businessCentral.rows('paymentTerms').map(({ code }) => String(code))

t.test(
  'F-11 the other way options become codes, cut to ten characters, and a renamed label renames the code',
  async (t) => {
    const s = await stage(t)
    await s.run([terms({ allowMetadataChanges: true })])
    const before = codes(s)
    const add = (Value: number, label: string): Promise<unknown> =>
      s.connectors.sales.write([
        {
          id: String(Value),
          select: [],
          steps: [
            {
              kind: 'create',
              entity: { kind: 'choice', entity: 'accounts', column: 'paymenttermscode', mirror: [] },
              key: String(Value),
              values: { label },
            },
          ],
        },
      ])
    await add(901, '60 days after receipt')
    await s.run([fromOptions()])
    t.ok(codes(s).includes('60 DAYS AF'))
    await add(902, 'Net 45 days, end of month')
    await add(903, 'Net 45 days, from today')
    s.simulator.resetRequests()
    const report = await s.run([fromOptions()])
    t.equal(writesMade(s.simulator), 0, 'told before anything is written')
    t.match(
      report.problems.filter(({ kind }) => kind === 'ambiguous'),
      [{ message: /another new record of Sales would get the same code/ }, { kind: 'ambiguous' }],
    )
    t.ok(before.every((code) => codes(s).includes(code)))
  },
)
