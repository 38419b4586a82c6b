/** The whole connector against the simulated services. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Page, WriteOperation, WriteResult } from '../../src/connector/connector.ts'
import type { HttpRequest } from '../../src/connector/http.ts'
import { directHttp } from '../../src/rehearsal/direct-http.ts'
import { collect, create, fails, id, query, standard, update, world } from './world.ts'

const people = Array.from({ length: 12 }, (_, index) => create('accounts', id(index), { name: `Account ${index}` }))

t.test('changes', async (t) => {
  const w = await world({ company: 'cronus' })
  t.teardown(() => w.stop())

  t.test('a whole read of Business Central sends the filter and ends with the largest stamp', async (t) => {
    const small = w.connector('businessCentral', { pageSize: 7 })
    const pages = await collect(
      small.changes(query('customers', ['number', 'currencyId'], "number lt '30000'"), undefined),
    )
    const changes = pages.flatMap((page) => page.changes)
    t.ok(pages.length > 2)
    t.ok(pages.every((page) => page.whole))
    t.ok(changes.every((change) => change.kind === 'upsert' && String(change.row['number']) < '30000'))
    const stamps = changes.flatMap((change) => (change.kind === 'upsert' ? (change.modified ?? '') : []))
    t.strictSame(pages.at(-1)?.next, { kind: 'stamp', at: stamps.toSorted().at(-1) })
    t.ok(pages.slice(0, -1).every((page) => page.next === undefined))
  })

  t.test('P10: a page of rows is bounded, one of keys is the largest', async (t) => {
    const sizes: (string | undefined)[] = []
    const watched = await world({
      company: 'cronus',
      http: (simulator) => {
        const http = directHttp(simulator)
        return { ...http, send: (request) => (sizes.push(request.headers['Prefer']), http.send(request)) }
      },
    })
    t.teardown(() => watched.stop())
    await collect(watched.businessCentral.changes(query('customers', ['number']), undefined))
    t.match(sizes.pop(), /maxpagesize=5000$/)
    for await (const keys of watched.businessCentral.keys(query('customers', []))) t.ok(keys.length > 0)
    t.match(sizes.pop(), /maxpagesize=20000$/)
    const small = watched.connector('businessCentral', { pageSize: 7 })
    await collect(small.changes(query('customers', ['number']), undefined))
    t.match(sizes.pop(), /maxpagesize=7$/, 'never more than the connection says')
  })

  t.test('the next page is under way while one is looked at; that it fails is told in its turn', async (t) => {
    const sent: Promise<unknown>[] = []
    let refuses = false
    const watched = await world({
      company: 'cronus',
      http: (simulator) => {
        const http = directHttp(simulator)
        const answer = (request: HttpRequest): ReturnType<typeof http.send> =>
          refuses && request.url.includes('skiptoken')
            ? Promise.resolve({ status: 403, header: () => undefined, text: '' })
            : http.send(request)
        return { ...http, send: (request) => (sent.push(answer(request)), sent.at(-1) as ReturnType<typeof answer>) }
      },
    })
    t.teardown(() => watched.stop())
    const small = watched.connector('businessCentral', { pageSize: 2 })
    const read = (): AsyncIterator<Page> =>
      small.changes(query('customers', ['number']), undefined)[Symbol.asyncIterator]()
    const pages = read()
    const first = await pages.next()
    await Promise.all(sent)
    const before = sent.length
    await nextTurn()
    await Promise.all(sent)
    const second = await pages.next()
    t.not(first.value?.changes[0]?.id, second.value?.changes[0]?.id)
    t.equal(sent.length, before + 1, 'the second came without being asked for then; the third has been asked for')
    await pages.return?.()
    refuses = true
    const refused = read()
    t.equal((await refused.next()).done, false, 'the page before it is there')
    await fails(t, refused.next(), { fault: 'forbidden' })
    const left = read()
    await left.next()
    await left.return?.()
    await Promise.all(sent)
    await nextTurn()
    t.pass('nobody hears of a page that is not wanted any more')
  })

  t.test('an incremental read of Business Central reaches back, sends no filter, and costs one request', async (t) => {
    const q = query('customers', ['number'], "number eq '10000'")
    const next = (await collect(w.businessCentral.changes(query('customers', ['number']), undefined))).at(-1)?.next
    w.simulator.businessCentral.edit('customers', '20000', { displayName: 'Edited' })
    w.simulator.resetRequests()
    const [page, ...rest] = await collect(w.businessCentral.changes(q, next))
    t.equal(rest.length, 0)
    t.equal(w.simulator.requests().latest.length, 1)
    t.notOk(page?.whole)
    t.ok(page?.changes.some((change) => change.kind === 'upsert' && change.row['number'] === '20000'))
    const quiet = await collect(w.businessCentral.changes(q, { kind: 'stamp', at: '2999-01-01T00:00:00.000Z' }))
    t.strictSame(quiet, [{ changes: [], whole: false, next: { kind: 'stamp', at: '2999-01-01T00:00:00.000Z' } }])
  })

  t.test('Sales reports changes and deletes by token, in one request when nothing happened', async (t) => {
    const q = query('accounts', ['name', 'ownerid'], 'statecode eq 0')
    const paged = w.connector('sales', { pageSize: 30 })
    const whole = await collect(paged.changes(q, undefined))
    t.ok(whole.length > 1 && whole.every((page) => page.whole))
    const next = whole.at(-1)?.next
    t.equal(next?.kind, 'delta')
    w.simulator.resetRequests()
    t.strictSame(
      (await collect(paged.changes(q, next))).flatMap((page) => page.changes),
      [],
    )
    t.equal(w.simulator.requests().latest.length, 1)
    const [first, second] = whole.flatMap((page) => page.changes)
    w.simulator.sales.edit('accounts', first?.id ?? '', { name: 'Edited' })
    w.simulator.sales.delete('accounts', second?.id ?? '')
    const pages = await collect(paged.changes(q, next))
    t.notOk(pages[0]?.whole)
    t.strictSame(
      pages.flatMap((page) => page.changes).map((change) => [change.kind, change.id]),
      [
        ['upsert', first?.id],
        ['tombstone', second?.id],
      ],
    )
  })

  t.test('an expired token, and one of a service that has moved, start a whole read', async (t) => {
    const q = query('accounts', ['name'])
    const next = (await collect(w.sales.changes(q, undefined))).at(-1)?.next
    w.simulator.faults.add({
      match: { service: 'sales', path: 'deltatoken', nth: 1 },
      do: { status: 400, body: JSON.stringify({ error: { code: '0x80044352', message: 'Version stamp expired.' } }) },
    })
    const again = await collect(w.sales.changes(q, next))
    t.ok(again.length > 0 && again.every((page) => page.whole))
    const moved = { kind: 'delta', link: 'http://127.0.0.1:9/api/data/v9.2/accounts?$deltatoken=1' } as const
    t.ok((await collect(w.sales.changes(q, moved))).every((page) => page.whole))
    w.simulator.faults.clear()
  })

  t.test('a web service without a stamp is read whole each time; its keys are composite', async (t) => {
    const units = { kind: 'service', entity: 'ItemUnitsOfMeasure', key: ['Item_No', 'Code'] } as const
    const [page] = await collect(w.businessCentral.changes(query(units, ['Qty_per_Unit_of_Measure']), undefined))
    t.strictSame(page?.next, { kind: 'scan' })
    t.match(page?.changes[0]?.id, /^Item_No='[^']+',Code='[^']+'$/)
    const ids = page?.changes.slice(0, 3).map((change) => change.id) ?? []
    const read = await w.businessCentral.read(query(units, ['Code']), [...ids, "Item_No='none',Code='PCS'"])
    t.strictSame(
      read.map((change) => [change.kind, change.id]),
      [...ids.map((one) => ['upsert', one]), ['tombstone', "Item_No='none',Code='PCS'"]],
    )
  })

  t.test('lines are read parent by parent', async (t) => {
    const lines = { kind: 'child', entity: 'salesOrderLines', parent: 'salesOrders', parentKey: 'documentId' } as const
    const orders = await collect(w.businessCentral.changes(query('salesOrders', ['number']), undefined))
    const [first, second] = orders.flatMap((page) => page.changes)
    const asked = [first?.id ?? '', second?.id ?? '']
    const found = await w.businessCentral.find(
      query(lines, ['documentId', 'description']),
      asked.map((documentId) => ({ documentId })),
    )
    t.ok(found.length > 0)
    t.ok(found.every((line) => asked.includes(String(line.row['documentId']))))
    const every = await collect(w.businessCentral.changes(query(lines, ['documentId']), undefined))
    t.ok((every[0]?.changes.length ?? 0) >= found.length)
    const [line] = await w.businessCentral.read(query(lines, ['documentId']), [found[0]?.id ?? ''])
    t.equal(line?.kind, 'upsert')
  })
})

t.test('a table without change tracking is read by its stamp', async (t) => {
  const w = await world({ sales: { changeTracking: { account: false } } })
  t.teardown(() => w.stop())
  await w.sales.write(people)
  const q = query('accounts', ['name'], "name eq 'Account 1'")
  const whole = await collect(w.sales.changes(q, undefined))
  t.strictSame(
    whole.flatMap((page) => page.changes).map((change) => change.id),
    [id(1)],
  )
  const next = whole.at(-1)?.next
  t.equal(next?.kind, 'stamp')
  const [page] = await collect(w.sales.changes(q, next))
  t.notOk(page?.whole)
  t.equal(page?.changes.length, people.length, 'a record that left the filter would be seen')
  const none = await collect(w.sales.changes(query('accounts', ['name'], "name eq 'nobody'"), undefined))
  t.strictSame(none, [{ changes: [], whole: true }], 'nothing seen, so nothing to go on from')
})

t.test('read, find and keys', async (t) => {
  const w = await world({ company: 'cronus' })
  t.teardown(() => w.stop())

  t.test('E-15 many ids are read in few requests, the missing ones as tombstones', async (t) => {
    for (const [side, set] of [
      ['businessCentral', 'customers'],
      ['sales', 'accounts'],
    ] as const) {
      const known: string[] = []
      for await (const some of w[side].keys(query(set, []))) known.push(...some)
      t.ok(known.length > 60)
      const absent = Array.from({ length: 200 }, (_, index) => id(900_000 + index))
      w.simulator.resetRequests()
      const changes = await w[side].read(query(set, []), [...known, ...absent])
      t.strictSame(
        changes.map((change) => change.id),
        [...known, ...absent],
      )
      t.strictSame(
        changes.map((change) => change.kind),
        [...known.map(() => 'upsert'), ...absent.map(() => 'tombstone')],
      )
      t.ok(w.simulator.requests().latest.length <= 2, side)
    }
  })

  t.test('values are found whatever their case, several columns must all agree', async (t) => {
    const [customer] = await w.businessCentral.find(query('customers', ['displayName', 'postalCode']), [
      { number: '10000' },
    ])
    const { displayName = '', postalCode = '' } = (customer?.row ?? {}) as Record<string, string>
    const find = (anyOf: readonly Record<string, string>[]): Promise<number> =>
      w.businessCentral.find(query('customers', ['number']), anyOf).then((found) => found.length)
    t.equal(await find([{ displayName: displayName.toUpperCase(), postalCode }]), 1)
    t.equal(await find([{ displayName: displayName.toUpperCase(), postalCode: 'elsewhere' }]), 0)
    t.equal(await find([{ number: '10000', displayName: 'another' }]), 0, 'one column alone is not enough')
    t.equal(await find([{ number: '10000' }, { displayName }, { number: "o'neil" }]), 1)
    const [account] = (await collect(w.sales.changes(query('accounts', ['name']), undefined))).flatMap(
      (page) => page.changes,
    )
    const name = account?.kind === 'upsert' ? String(account.row['name']) : ''
    const found = await w.sales.find(query('accounts', ['name']), [{ name: name.toLowerCase() }, { name: 'o\'"neil' }])
    t.ok(found.some((one) => one.id === account?.id))
    t.strictSame(await w.sales.find(query('accounts', []), []), [])
  })

  t.test('a thousand values cost a handful of requests', async (t) => {
    const anyOf = Array.from({ length: 1000 }, (_, index) => ({ number: String(index * 10), displayName: `x${index}` }))
    w.simulator.resetRequests()
    t.strictSame(await w.businessCentral.find(query('customers', []), anyOf), [])
    t.ok(w.simulator.requests().latest.length <= 2)
    const names = anyOf.map(({ displayName }) => ({ name: displayName, address1_postalcode: displayName }))
    t.strictSame(await w.sales.find(query('accounts', []), names), [])
    t.ok(w.simulator.requests().latest.length <= 14)
  })

  t.test(
    'long texts that take nine characters a letter are asked for in addresses that every service takes',
    async (t) => {
      const urls: string[] = []
      const watched = await world({
        http: (simulator) => {
          const http = directHttp(simulator)
          return { ...http, send: (request) => (urls.push(request.url), http.send(request)) }
        },
      })
      t.teardown(() => watched.stop())
      const names = Array.from({ length: 60 }, (_, n) => `${'株式会社日本語'.repeat(13)} ${n}`)
      for (const [side, set, column] of [
        ['businessCentral', 'customers', 'displayName'],
        ['sales', 'accounts', 'name'],
      ] as const) {
        const service = watched.simulator[side]
        for (const [n, name] of names.entries())
          service.create(set, side === 'sales' ? { name } : { number: `K${n}`, displayName: name })
        const found = await watched[side].find(
          query(set, [column]),
          [...names, 'a\nb', 'a\uD83Db'].map((name) => ({ [column]: name })),
        )
        t.same(new Set(found.map(({ row }) => row[column])), new Set(names))
      }
      t.ok(Math.max(...urls.map(({ length }) => length)) < 16_000)
    },
  )

  t.test('conditions over different columns are one question; of many, each kind is one', async (t) => {
    const made = await world({ company: 'empty' })
    t.teardown(() => made.stop())
    const { simulator } = made
    for (const [side, set, number, name, place] of [
      ['sales', 'accounts', 'accountnumber', 'name', 'address1_postalcode'],
      ['businessCentral', 'customers', 'number', 'displayName', 'postalCode'],
    ] as const) {
      for (let n = 0; n < 400; n++)
        simulator[side].create(set, { [number]: `N${n}`, [name]: `Name ${n}`, [place]: `P${n % 7}` })
      const find = async (count: number): Promise<{ readonly found: readonly unknown[]; readonly asked: number }> => {
        const numbers = Array.from({ length: count }, (_, n) => ({ [number]: `N${n}` }))
        const places = Array.from({ length: count }, (_, n) => ({
          [name]: `name ${n + 1}`,
          [place]: `P${(n + 1) % 7}`,
        }))
        simulator.resetRequests()
        const found = await made[side].find(query(set, [number]), [
          ...numbers,
          ...places,
          { [name]: 'Name 5', [place]: 'P6' },
        ])
        const { requests } = simulator.requests()[side]
        return { found: found.map(({ row }) => String(row[number])).sort(), asked: requests }
      }
      // The first question also asks what the service is.
      await find(1)
      const few = await find(3)
      t.same(few.found, ['N0', 'N1', 'N2', 'N3'], 'whichever of its kind a row fits')
      t.equal(few.asked, 1, side)
      const many = await find(290)
      t.equal(many.found.length, 291)
      t.ok(many.asked <= 3, `${side}: ${many.asked}`)
    }
  })

  t.test('lookups are conditions by their id', async (t) => {
    const [first] = (await collect(w.sales.changes(query('uoms', ['uomscheduleid']), undefined))).flatMap(
      (page) => page.changes,
    )
    const uomscheduleid = first?.kind === 'upsert' ? String(first.row['uomscheduleid']) : ''
    const found = await w.sales.find(query('uoms', ['name']), [{ uomscheduleid }])
    t.ok(found.some((one) => one.id === first?.id))
    t.ok(found.every((one) => one.row['uomscheduleid'] === uomscheduleid))
  })
})

t.test('a part of a batch that is a page leads on', async (t) => {
  const w = await world({ company: 'cronus', businessCentral: { pageSize: 10 } })
  t.teardown(() => w.stop())
  const ids: string[] = []
  for await (const some of w.businessCentral.keys(query('customers', []))) ids.push(...some)
  t.ok(ids.length > 60)
  const changes = await w.businessCentral.read(query('customers', ['number']), ids)
  t.ok(changes.every((change) => change.kind === 'upsert'))
})

t.test('descriptions', async (t) => {
  const w = await world({ businessCentral: { routes: { 'contoso/sync/v1.0': { tiers: 'customers' } } } })
  t.teardown(() => w.stop())

  t.test('standard entities are known; abilities come in one request', async (t) => {
    w.simulator.resetRequests()
    const customers = await w.businessCentral.describe(standard('customers'))
    t.match(customers, {
      key: ['id'],
      clientKeys: true,
      modified: 'lastModifiedDateTime',
      tracked: false,
      preconditions: true,
    })
    t.match(customers.columns['number'], { type: 'code', maxLength: 20 })
    t.equal((await w.businessCentral.describe(standard('salesOrders'))).clientKeys, false)
    t.equal(w.simulator.requests().latest.length, 0)
    const accounts = await w.sales.describe(standard('accounts'))
    t.match(accounts, {
      key: ['accountid'],
      clientKeys: true,
      modified: 'modifiedon',
      tracked: true,
      preconditions: true,
    })
    t.match(
      accounts.columns['ownerid']?.targets?.map((target) => target.set),
      ['systemusers', 'teams'],
    )
    await w.sales.describe(standard('contacts'))
    t.equal(w.simulator.requests().latest.length, 2, 'login and list of tables')
  })

  t.test('what the product does not know is asked once', async (t) => {
    await w.sales.describe(standard('accounts'))
    w.simulator.resetRequests()
    const known = await w.sales.describe(standard('accounts'))
    const account = w.simulator.sales.service.table('accounts')
    t.ok(account)
    const richer = await w.sales.describe(standard('accounts'), ['nosuchcolumn'])
    t.equal(richer.columns['nosuchcolumn'], undefined)
    t.equal(richer.columns['creditlimit']?.type, 'money')
    t.ok(Object.keys(known.columns).length > 50)
    await w.sales.describe(standard('accounts'), ['nosuchcolumn', 'another'])
    t.equal(w.simulator.requests().latest.length, 1)
    const tiers = { kind: 'custom', route: 'contoso/sync/v1.0', entity: 'tiers' } as const
    const custom = await w.businessCentral.describe(tiers)
    t.match(custom, { key: ['id'], clientKeys: true, modified: 'lastModifiedDateTime' })
    t.equal(custom.columns['balanceDue']?.readOnly, true)
    const [done] = await w.businessCentral.write([
      {
        id: 'c',
        select: ['number'],
        steps: [{ kind: 'create', entity: tiers, key: id(5), values: { number: 'T5', displayName: 'Five' } }],
      },
    ])
    t.match(done, { kind: 'done', row: { number: 'T5' } })
    t.match(await w.businessCentral.read(query(tiers, ['displayName']), [id(5)]), [{ row: { displayName: 'Five' } }])
  })

  t.test('what is not there is named, with a near name', async (t) => {
    await fails(t, w.sales.describe(standard('acounts')), { fault: 'gone', message: /did you mean accounts/ })
    await fails(t, w.businessCentral.describe(standard('custmers')), {
      fault: 'gone',
      message: /did you mean customers/,
    })
    const card = { kind: 'service', entity: 'CustomerDiscGroups', key: ['Code'] } as const
    await fails(t, collect(w.businessCentral.changes(query(card, ['Code']), undefined)), { fault: 'gone' })
    await fails(t, collect(w.businessCentral.changes(query('customers', ['nope']), undefined)), {
      fault: 'gone',
      message: /no column nope in customers/,
    })
    const custom = { kind: 'custom', route: 'fabrikam/none/v1.0', entity: 'widgets', key: ['code'] } as const
    await fails(t, collect(w.businessCentral.changes(query(custom, ['code']), undefined)), {
      fault: 'gone',
      message: 'Business Central has no api/fabrikam/none/v1.0',
      remedy: /install the extension/,
    })
    const other = w.connector('businessCentral', { company: 'Nowhere Ltd.' })
    await fails(t, other.identify(), { fault: 'gone', remedy: /CRONUS International Ltd\./ })
    const url = w.simulator.businessCentral.url.replace('Production', 'Prodution')
    await fails(t, w.connector('businessCentral', { url }).identify(), {
      fault: 'gone',
      message: `there is no Business Central environment at ${url}`,
    })
  })
})

const kinds = (results: readonly WriteResult[]): readonly string[] => results.map((result) => result.kind)

const twoSteps = (last: Record<string, string | number>): WriteOperation['steps'] => [
  { kind: 'create', entity: standard('accounts'), key: id(70), values: { name: 'Seventy' } },
  { kind: 'update', entity: standard('accounts'), key: id(70), etag: 'inherit', values: last },
]

const threeSteps = (key: string, last: string): WriteOperation['steps'] => [
  { kind: 'create', entity: standard('customers'), key, values: { displayName: 'Steps' } },
  { kind: 'update', entity: standard('customers'), key, etag: 'inherit', values: { phoneNumber: '1' } },
  { kind: 'update', entity: standard('customers'), key, etag: 'inherit', values: { currencyId: null, city: last } },
]

t.test('writing', async (t) => {
  const w = await world()
  t.teardown(() => w.stop())

  t.test('P1: a create done twice is told as existing, and changes nothing', async (t) => {
    const first = await w.sales.write(people)
    t.ok(kinds(first).every((kind) => kind === 'done'))
    const other = people.map((operation) => ({
      ...operation,
      steps: operation.steps.map((step) => ({ ...step, values: { name: 'Other' } })),
    }))
    t.ok(kinds(await w.sales.write(other as WriteOperation[])).every((kind) => kind === 'exists'))
    t.equal(w.simulator.sales.row('accounts', id(3))?.['name'], 'Account 3')
    const customer = create('customers', id(50), { number: 'C50', displayName: 'Fifty' }, ['number', 'displayName'])
    const [done] = await w.businessCentral.write([customer])
    t.match(done, { kind: 'done', id: id(50), row: { number: 'C50', displayName: 'Fifty' }, etag: /^W/ })
    t.match(await w.businessCentral.write([customer]), [{ kind: 'exists', id: id(50) }])
  })

  t.test('P1: a duplicate of another field is a refusal, not an existing record', async (t) => {
    const twin = create('customers', id(51), { number: 'C50', displayName: 'Twin' })
    const [result] = await w.businessCentral.write([twin])
    t.match(result, { kind: 'rejected', refusal: { code: 'Internal_EntityWithSameKeyExists' }, stepsDone: 0 })
    t.equal(w.simulator.businessCentral.row('customers', id(51)), undefined)
    t.notMatch(result, { refusal: { message: /C50/ } }, 'values are scrubbed')
  })

  t.test('P2: an update needs the state that was read', async (t) => {
    for (const [side, set, key, column] of [
      ['sales', 'accounts', id(1), 'name'],
      ['businessCentral', 'customers', id(50), 'displayName'],
    ] as const) {
      const [before] = await w[side].read(query(set, [column]), [key])
      const etag = before?.kind === 'upsert' ? before.etag : undefined
      w.simulator[side].edit(set, key, { [column]: 'Somebody else' })
      t.strictSame(await w[side].write([update(set, key, etag, { [column]: 'Mine' })]), [{ kind: 'stale' }], side)
      t.equal(w.simulator[side].row(set, key)?.[column], 'Somebody else')
      t.match(await w[side].write([update(set, key, undefined, { [column]: 'Mine' })]), [{ kind: 'done', id: key }])
      t.match(await w[side].write([update(set, id(777), undefined, { [column]: 'x' })]), [{ kind: 'missing' }])
      t.match(
        await w[side].write([
          { id: 'd', select: [], steps: [{ kind: 'delete', entity: standard(set), key: id(778), etag: undefined }] },
        ]),
        [{ kind: 'missing' }],
      )
    }
  })

  t.test('P5: one bad record is refused, the others are written', async (t) => {
    const operations = [
      create('accounts', id(60), { name: 'Good' }),
      create('accounts', id(61), { name: 'x'.repeat(500) }),
      create('accounts', id(62), { name: 'Good', nosuchcolumn: 1 }),
      create('accounts', id(63), { name: 'Good', ownerid: { set: 'accounts', id: id(1) } }),
      create('accounts', id(64), { name: 'Good', primarycontactid: { set: 'contacts', id: id(999) } }),
      create('accounts', id(65), { name: 'Good', primarycontactid: null, telephone1: '' }, ['name', 'telephone1']),
    ]
    const results = await w.sales.write(operations)
    t.strictSame(kinds(results), ['done', 'rejected', 'rejected', 'rejected', 'rejected', 'done'])
    t.match(results[5], { row: { name: 'Good', telephone1: null } })
  })

  t.test('several steps on Sales are done whole or not at all', async (t) => {
    const [bad] = await w.sales.write([{ id: 'a', select: ['name'], steps: twoSteps({ name: 'x'.repeat(500) }) }])
    t.match(bad, { kind: 'rejected', stepsDone: 0 })
    t.equal(w.simulator.sales.row('accounts', id(70)), undefined)
    const [good] = await w.sales.write([{ id: 'a', select: ['name'], steps: twoSteps({ name: 'After' }) }])
    t.match(good, { kind: 'done', id: id(70), row: { name: 'After' } })
    const [again] = await w.sales.write([{ id: 'a', select: ['name'], steps: twoSteps({ name: 'After' }) }])
    t.strictSame(again, { kind: 'exists', id: id(70) })
  })

  t.test('steps on Business Central follow one another and tell how far they came', async (t) => {
    const results = await w.businessCentral.write([
      { id: 'a', select: ['city'], steps: threeSteps(id(80), 'Rome') },
      { id: 'b', select: ['city'], steps: threeSteps(id(81), 'x'.repeat(99)) },
    ])
    t.match(results[0], { kind: 'done', id: id(80), row: { city: 'Rome' } })
    t.match(results[1], { kind: 'rejected', stepsDone: 2, id: id(81) })
    const [now] = await w.businessCentral.read(query('customers', ['phoneNumber']), [id(81)])
    t.match(now, { row: { phoneNumber: '1' }, etag: results[1]?.kind === 'rejected' ? results[1].etag : '' })
  })

  t.test('a further step finds the record that the service gave its own key', async (t) => {
    const entity = standard('customers')
    const [done] = await w.businessCentral.write([
      {
        id: 'k',
        select: ['phoneNumber'],
        steps: [
          { kind: 'create', entity, key: undefined, values: { displayName: 'Own key' } },
          { kind: 'update', entity, key: '', etag: 'inherit', values: { phoneNumber: '7' } },
        ],
      },
    ])
    t.match(done, { kind: 'done', id: /^[0-9a-f-]{36}$/, row: { phoneNumber: '7' } })
  })

  t.test('P2: a line moves the mark of its document, which is read again for the step behind it', async (t) => {
    await w.businessCentral.write([create('customers', id(90), { displayName: 'Ninety' })])
    await w.businessCentral.write([create('items', id(91), { displayName: 'Ninety-one' })])
    const entity = standard('salesOrders')
    const line = { kind: 'child', entity: 'salesOrderLines', parent: 'salesOrders', parentKey: 'documentId' } as const
    const [made] = await w.businessCentral.write([create('salesOrders', undefined, { customerId: id(90) })])
    const key = made?.kind === 'done' ? made.id : ''
    const ordered = { lineType: 'Item', itemId: id(91), quantity: 2 }
    const steps: WriteOperation['steps'] = [
      { kind: 'update', entity, key, etag: made?.kind === 'done' ? made.etag : '', values: { phoneNumber: '1' } },
      {
        kind: 'create',
        entity: line,
        key: undefined,
        values: ordered,
        parent: { column: 'documentId', set: '', id: key },
      },
      { kind: 'update', entity, key, etag: 'inherit', values: { email: 'a@b.example' }, seen: ['email'] },
    ]
    // With the line, the service works out something in the document, too.
    w.simulator.faults.add({
      match: { service: 'businessCentral', method: 'POST', path: 'batch', nth: 2 },
      do: { rewrite: (body) => (w.simulator.businessCentral.edit('salesOrders', key, { shipToCity: 'Rome' }), body) },
    })
    const [done] = await w.businessCentral.write([{ id: 'o', about: { entity, key }, select: ['email'], steps }])
    t.match(done, { kind: 'done', id: key, row: { email: 'a@b.example' } })
    t.equal(done?.kind === 'done' ? done.made?.length : 0, 1)
    t.equal(w.simulator.faults.list()[0]?.seen, 3, 'one request a step')
    w.simulator.faults.clear()
  })

  t.test('a record without a key of ours is created plainly, and its key told', async (t) => {
    const [order] = await w.sales.write([create('accounts', undefined, { name: 'Keyless' }, ['name'])])
    t.match(order, { kind: 'done', row: { name: 'Keyless' }, id: /^[0-9a-f-]{36}$/ })
    const service = { kind: 'service', entity: 'ShippingAgents', key: ['Code'] } as const
    const steps = [
      { kind: 'create', entity: service, key: undefined, values: { Code: 'A B/1', Name: 'Agent' } },
    ] as const
    t.match(await w.businessCentral.write([{ id: 's', select: ['Name'], steps }]), [{ kind: 'done', id: "'A B/1'" }])
    t.match(await w.businessCentral.write([{ id: 's', select: ['Name'], steps }]), [{ kind: 'exists', id: "'A B/1'" }])
    t.match(await w.businessCentral.read(query(service, ['Name']), ["'A B/1'"]), [
      { kind: 'upsert', row: { Name: 'Agent' } },
    ])
  })

  t.test('onBatch gets every result once, one batch at a time', async (t) => {
    const many = Array.from({ length: 260 }, (_, index) =>
      create('customers', id(1000 + index), { displayName: `N ${index}` }),
    )
    let busy = 0
    const sizes: number[] = []
    const results = await w.businessCentral.write(many, async (batch) => {
      busy += 1
      t.equal(busy, 1)
      sizes.push(batch.length)
      await new Promise((resolve) => setTimeout(resolve, 2))
      busy -= 1
    })
    t.strictSame(
      sizes.toSorted((a, b) => a - b),
      [60, 100, 100],
    )
    t.strictSame(
      results.map((result) => (result.kind === 'done' ? result.id : '')),
      many.map((_, index) => id(1000 + index)),
    )
    await t.rejects(
      w.businessCentral.write([create('customers', id(1), { displayName: 'x' })], async () => {
        throw new Error('disk full')
      }),
      /disk full/,
    )
  })
})

t.test('faults', async (t) => {
  const w = await world()
  t.teardown(() => w.stop())
  t.afterEach(() => w.simulator.faults.clear())

  t.test('P2: a write whose answer is lost is unknown and not sent again', async (t) => {
    for (const [side, set, column] of [
      ['sales', 'accounts', 'name'],
      ['businessCentral', 'customers', 'displayName'],
    ] as const) {
      for (const drop of ['before', 'after'] as const) {
        w.simulator.faults.clear()
        await w[side].identify()
        w.simulator.faults.add({ match: { service: side, method: 'POST', path: 'batch' }, do: { drop } })
        w.simulator.resetRequests()
        const key = id(drop === 'after' ? 1 : 2)
        t.strictSame(kinds(await w[side].write([create(set, key, { [column]: 'Lost' })])), ['unknown'])
        const posts = w.simulator.requests().latest.filter((request) => request.target.includes('batch'))
        t.equal(posts.length, 1, `${side} ${drop}`)
        t.equal(w.simulator[side].row(set, key) !== undefined, drop === 'after')
      }
    }
  })

  t.test('a batch cut off in its answer is unknown where nothing is attributed', async (t) => {
    w.simulator.faults.add({
      match: { service: 'sales', method: 'POST', path: 'batch', nth: 1 },
      do: { truncate: 300 },
    })
    const results = await w.sales.write([
      create('accounts', id(20), { name: 'a' }),
      create('accounts', id(21), { name: 'b' }),
    ])
    t.strictSame(kinds(results), ['unknown', 'unknown'])
  })

  t.test('429 is waited for as long as the service says, then done', async (t) => {
    for (const side of ['sales', 'businessCentral'] as const) {
      await w[side].identify()
      w.clock.waits.length = 0
      w.simulator.faults.add({ match: { service: side, nth: 1, times: 2 }, do: { status: 429, retryAfter: 7 } })
      const set = side === 'sales' ? 'accounts' : 'customers'
      const values = side === 'sales' ? { name: 'Waited' } : { displayName: 'Waited' }
      t.strictSame(kinds(await w[side].write([create(set, id(30), values)])), ['done'])
      t.ok(w.clock.waits.filter((ms) => ms >= 7000).length >= 2)
      w.clock.waits.length = 0
      await w[side].read(query(set, []), [id(30)])
      t.ok((w.clock.waits[0] ?? 0) > 5000, 'other requests wait with it')
    }
  })

  t.test('a part that is put off is sent again alone; one put off for ever is for later', async (t) => {
    w.simulator.faults.add({ match: { service: 'sales', part: true, nth: 2 }, do: { status: 429, retryAfter: 1 } })
    const three = [31, 32, 33].map((number) => create('accounts', id(number), { name: 'Part' }))
    t.strictSame(kinds(await w.sales.write(three)), ['done', 'done', 'done'])
    w.simulator.faults.add({ match: { service: 'sales', part: true, path: id(35) }, do: { status: 503 } })
    const two = [34, 35].map((number) => create('accounts', id(number), { name: 'Part' }))
    t.strictSame(kinds(await w.sales.write(two)), ['done', 'later'])
  })

  t.test('a service that stays over its limit puts writes off, and stops reads', async (t) => {
    w.simulator.faults.add({ match: { service: 'sales' }, do: { status: 429, retryAfter: 1 } })
    t.match(await w.sales.write([create('accounts', id(40), { name: 'Later' })]), [
      { kind: 'later', refusal: { code: 'HTTP 429' } },
    ])
    await fails(t, w.sales.identify(), { fault: 'throttled', side: 'sales' })
  })

  t.test('reads are repeated after a passing fault', async (t) => {
    w.simulator.faults.add({ match: { service: 'businessCentral', nth: 1 }, do: { status: 504 } })
    w.simulator.faults.add({ match: { service: 'businessCentral', nth: 1 }, do: { drop: 'before' } })
    const [page] = await collect(w.businessCentral.changes(query('currencies', ['code']), undefined))
    t.ok(page?.changes.length)
  })

  t.test('a revoked token is renewed once, a refused one is an error', async (t) => {
    await w.sales.identify()
    w.simulator.login.revoke()
    t.ok(await w.sales.identify())
    w.simulator.faults.add({ match: { service: 'sales' }, do: { status: 401 } })
    await fails(t, w.sales.identify(), { fault: 'unauthorized' })
  })

  t.test('a batch refused as a whole is halved until the bad one stands alone', async (t) => {
    w.simulator.faults.add({ match: { service: 'sales', method: 'POST', path: 'batch', nth: 1 }, do: { status: 400 } })
    const some = [71, 72, 73].map((number) => create('accounts', id(number), { name: 'Half' }))
    t.strictSame(kinds(await w.sales.write(some)), ['done', 'done', 'done'])
  })

  t.test('a circle of pages is an error', async (t) => {
    w.simulator.faults.add({
      match: { service: 'businessCentral', path: 'customers' },
      do: {
        status: 200,
        body: JSON.stringify({
          value: [],
          '@odata.nextLink': `${w.simulator.businessCentral.url}/api/v2.0/customers?x=1`,
        }),
      },
    })
    await fails(t, collect(w.businessCentral.changes(query('customers', ['number']), undefined)), {
      fault: 'broken',
      message: /circle/,
    })
  })

  t.test('a link to another host is not followed, and no token goes there', async (t) => {
    w.simulator.faults.add({
      match: { service: 'businessCentral', path: 'customers' },
      do: { status: 200, body: JSON.stringify({ value: [], '@odata.nextLink': 'https://evil.test/api' }) },
    })
    await fails(t, collect(w.businessCentral.changes(query('customers', ['number']), undefined)), {
      fault: 'broken',
      message: /evil\.test/,
    })
  })

  t.test('P8: a link to our own host with another login in it is not followed', async (t) => {
    const link = w.simulator.businessCentral.url.replace('://', '://someone@')
    w.simulator.faults.add({
      match: { service: 'businessCentral', path: 'customers' },
      do: { status: 200, body: JSON.stringify({ value: [], '@odata.nextLink': `${link}/api/v2.0/customers` }) },
    })
    await fails(t, collect(w.businessCentral.changes(query('customers', ['number']), undefined)), {
      fault: 'broken',
      message: /another address/,
    })
  })

  t.test('P9: a column left out of a row is an error, not a blank', async (t) => {
    w.simulator.faults.add({
      match: { service: 'businessCentral', path: 'customers' },
      do: {
        status: 200,
        body: JSON.stringify({ value: [{ id: id(1), lastModifiedDateTime: '2024-01-01T00:00:00Z' }] }),
      },
    })
    await fails(t, collect(w.businessCentral.changes(query('customers', ['number']), undefined)), {
      fault: 'broken',
      message: /left number out/,
    })
  })
})

t.test('Business Central never gets more than five requests at once', async (t) => {
  const w = await world({
    company: 'cronus',
    simulator: { latencyMs: 20, limits: { businessCentral: { concurrent: 5 } } },
  })
  t.teardown(() => w.stop())
  const sets = [
    'customers',
    'items',
    'vendors',
    'contacts',
    'currencies',
    'paymentTerms',
    'locations',
    'unitsOfMeasure',
  ]
  await Promise.all(
    sets.flatMap((set) => [1, 2].map(() => collect(w.businessCentral.changes(query(set, ['id']), undefined)))),
  )
  t.notOk(w.simulator.requests().latest.some((request) => request.status === 429))
})

t.test('options of a choice column', async (t) => {
  const w = await world()
  t.teardown(() => w.stop())
  const entity = {
    kind: 'choice',
    entity: 'accounts',
    column: 'paymenttermscode',
    mirror: ['invoices.paymenttermscode'],
  } as const
  const option = (kind: 'create' | 'update', key: string, label: string): WriteOperation => ({
    id: key,
    select: [],
    steps: [
      kind === 'create'
        ? { kind, entity, key, values: { label } }
        : { kind, entity, key, etag: undefined, values: { label } },
    ],
  })
  const labels = async (set: string): Promise<Record<string, unknown>> => {
    const pages = await collect(w.sales.changes(query({ ...entity, entity: set }, ['value', 'label']), undefined))
    return Object.fromEntries(
      pages
        .flatMap((page) => page.changes)
        .flatMap((one) => (one.kind === 'upsert' ? [[one.id, one.row['label']]] : [])),
    )
  }
  t.match(await w.sales.write([option('create', '123456', '14 DAYS')]), [{ kind: 'done', id: '123456' }])
  t.equal((await labels('accounts'))['123456'], '14 DAYS')
  t.equal((await labels('invoices'))['123456'], '14 DAYS')
  t.match(await w.sales.write([option('create', '123456', '14 DAYS')]), [{ kind: 'exists' }])
  t.match(await w.sales.write([option('update', '123456', '14 Days')]), [{ kind: 'done' }])
  t.equal((await labels('invoices'))['123456'], '14 Days')
  t.match(await w.sales.write([option('update', '9', 'x')]), [{ kind: 'missing' }])
  t.match(await w.sales.find(query(entity, []), [{ label: '14 DAYS' }]), [{ id: '123456' }])
})
