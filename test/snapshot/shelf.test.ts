import t from 'tap'
import type { EntityRef } from '../../src/config/config.ts'
import { ConnectorError } from '../../src/errors.ts'
import type { Collection } from '../../src/snapshot/collection.ts'
import { collectionLines, collectionOf } from '../../src/snapshot/collection-file.ts'
import { Recorder } from '../../src/snapshot/recorder.ts'
import { shelfOf } from '../../src/snapshot/shelf.ts'
import { stage } from '../engine/stage.ts'

const entity = (name: string): EntityRef => ({ kind: 'standard', entity: name })
const customers: Collection = {
  entity: entity('customers'),
  description: {
    key: ['id'],
    clientKeys: true,
    modified: undefined,
    tracked: false,
    preconditions: true,
    columns: { number: { type: 'code' }, city: { type: 'text' } },
  },
  absent: ['colour'],
  columns: ['number'],
  rows: [],
}
const described: Collection = { ...customers, entity: entity('vendors'), columns: undefined }
const shelf = shelfOf(
  'businessCentral',
  {
    collections: [customers, described],
    missing: [{ entity: entity('cards'), message: 'cards is not published', remedy: 'Publish it.' }],
  },
  'the snapshot of 2026-03-31',
)

/** What is asked of the shelf, and what is said then. */
const refused: readonly [ask: () => Promise<unknown>, fault: string, message: string][] = [
  [() => shelf.describe(entity('items'), []), 'rejected', 'the snapshot of 2026-03-31 does not hold items'],
  [
    () => shelf.describe(entity('customers'), ['size']),
    'rejected',
    'the snapshot of 2026-03-31 does not hold size of customers',
  ],
  [() => shelf.describe(entity('cards'), []), 'gone', 'cards is not published'],
  [
    () => shelf.rows({ entity: entity('customers'), columns: ['number', 'city'] }),
    'rejected',
    'the snapshot of 2026-03-31 does not hold city of customers',
  ],
  [
    () => shelf.rows({ entity: entity('vendors'), columns: [] }),
    'rejected',
    'the snapshot of 2026-03-31 does not hold the rows of vendors',
  ],
]

t.test('what is not on the shelf is said by name; what the service never had is no loss', async (t) => {
  for (const [ask, fault, message] of refused) await t.rejects(ask(), { fault, message, side: 'businessCentral' })
  t.equal(await shelf.describe(entity('customers'), ['colour', 'city']), customers.description)
  t.equal(await shelf.rows({ entity: entity('customers'), columns: ['number'] }), customers)
})

t.test('a collection is written and read with and without rows', (t) => {
  const rows = [
    {
      kind: 'upsert',
      id: '1',
      etag: undefined,
      modified: '2026-03-31T08:00:00Z',
      row: { number: 'C1', city: 'London' },
    },
    { kind: 'upsert', id: '2', etag: 'W/"2"', modified: undefined, row: { number: 'C2', city: 'London' } },
  ] as const
  for (const one of [customers, described, { ...customers, columns: ['number', 'city'], rows }]) {
    const read = collectionOf(collectionLines(one))
    t.same(read.rows, one.rows)
    t.same(read.columns?.toSorted(), one.columns?.toSorted())
  }
  t.match(collectionLines({ ...customers, columns: ['number', 'city'], rows })[0], '"same":{"city":"London"}')
  t.end()
})

t.test('what a side does not publish is remembered; what it refuses is passed over', async (t) => {
  const on = await stage(t)
  on.customer({ number: 'C1' })
  const recorder = new Recorder(on.world.businessCentral)
  const unpublished: EntityRef = { kind: 'service', entity: 'NowherePage', key: ['No'] }
  const nameless: EntityRef = { kind: 'child', entity: 'pictures', parent: 'customers', parentKey: undefined }
  await t.rejects(recorder.describe(unpublished, []), ConnectorError)
  await recorder.describe(entity('customers'), ['number', 'nosuch'])
  await recorder.complete([unpublished, nameless, entity('items')])
  t.match(recorder.missing, [{ entity: unpublished }])
  const held = recorder.collections.map(({ entity, absent, columns, rows }) => [
    entity.entity,
    absent,
    columns?.includes('number'),
    rows.length,
  ])
  t.same(held, [
    ['customers', ['nosuch'], true, 1],
    ['pictures', [], undefined, 0],
    ['items', [], true, 0],
  ])
  await t.rejects(recorder.rows({ entity: nameless, columns: [] }), ConnectorError)
})
