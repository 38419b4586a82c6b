import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { StateError } from '../../src/errors.ts'
import { readSnapshot, writeSnapshot } from '../../src/snapshot/folder.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { emptyContent } from '../../src/store/mapping-content.ts'

const description = {
  key: ['id'],
  clientKeys: true,
  modified: undefined,
  tracked: false,
  preconditions: true,
  columns: { name: { type: 'text' } },
} as const
const row = (id: string, name: string) =>
  ({ kind: 'upsert', id, etag: 'W/"1"', modified: undefined, row: { name, kind: 'same', none: null } }) as const
const identity = (side: 'businessCentral' | 'sales') => ({ side, environment: 'e', organisation: 'o', name: 'n' })

const snapshot: Snapshot = {
  taken: '2026-03-31T08:00:00.000Z',
  target: undefined,
  identity: { businessCentral: identity('businessCentral'), sales: identity('sales') },
  sides: {
    businessCentral: {
      collections: [
        {
          entity: { kind: 'standard', entity: 'customers' },
          description,
          absent: ['colour'],
          columns: ['name', 'kind', 'none'],
          rows: [row('1', 'a'), row('2', 'b')],
        },
        {
          entity: { kind: 'custom', route: 'x/y/v1.0', entity: 'customers' },
          description,
          absent: [],
          columns: undefined,
          rows: [],
        },
      ],
      missing: [
        { entity: { kind: 'service', entity: 'Card', key: ['No'] }, message: 'not published', remedy: 'publish' },
      ],
    },
    sales: { collections: [], missing: [] },
  },
  key: 'key',
  named: ['EUR', 5],
  state: {
    customer: {
      ...emptyContent,
      hash: 'h',
      couplings: [
        {
          businessCentral: { id: '1', keys: { number: '10000' }, version: 'v' },
          sales: { id: '9', keys: {}, version: undefined },
          layout: 'l',
          base: 'p,q',
        },
      ],
    },
  },
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

t.test('a snapshot is read as it was written, also where Git has changed the ends of lines', async (t) => {
  const folder = join(t.testdir(), 'snapshot')
  await writeSnapshot(folder, snapshot)
  const { sides, ...rest } = await readSnapshot(folder)
  t.same(plain(rest), plain({ ...snapshot, sides: undefined }))
  t.same(new Set(sides.businessCentral.collections[0]?.columns), new Set(['name', 'kind', 'none']))
  t.same(sides.businessCentral.collections[0]?.rows, snapshot.sides.businessCentral.collections[0]?.rows)
  t.equal(sides.businessCentral.collections[1]?.columns, undefined)
  t.same(sides.businessCentral.missing, snapshot.sides.businessCentral.missing)
  const customers = join(folder, 'businessCentral', 'customers.jsonl')
  writeFileSync(customers, readFileSync(customers, 'utf8').replaceAll('\n', '\r\n'))
  t.same((await readSnapshot(folder)).sides.businessCentral.collections[0]?.rows.length, 2)
  await writeSnapshot(folder, { ...snapshot, state: {} })
  t.same((await readSnapshot(folder)).state, {}, 'a former one is replaced whole')
})

/** What is done to a snapshot, and what is said of it then. */
const harms: Readonly<Record<string, readonly [(folder: string) => void, RegExp]>> = {
  'a row was changed': [
    (folder) => appendFileSync(join(folder, 'businessCentral', 'customers.jsonl'), '["3",null,null,"c"]\n'),
    /customers\.jsonl is damaged: its checksum does not fit/,
  ],
  'a file is gone': [(folder) => rmSync(join(folder, 'couplings', 'customer.jsonl')), /customer\.jsonl is missing/],
  'the day was changed': [
    (folder) => edit(join(folder, 'snapshot.json'), '2026-03-31', '2026-04-30'),
    /snapshot\.json is damaged: its checksum does not fit/,
  ],
  'the head is no JSON': [
    (folder) => writeFileSync(join(folder, 'snapshot.json'), '{'),
    /is not the head of a snapshot/,
  ],
  'it is of a newer version': [
    (folder) => edit(join(folder, 'snapshot.json'), '"format": 1', '"format": 2'),
    /has format 2; this version reads 1/,
  ],
  'there is none': [(folder) => rmSync(folder, { recursive: true }), /holds no snapshot/],
}

const edit = (path: string, from: string, to: string): void =>
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to))

t.test('a snapshot that is not what was written is refused', async (t) => {
  const whole = join(t.testdir(), 'whole')
  await writeSnapshot(whole, snapshot)
  for (const [name, [harm, message]] of Object.entries(harms)) {
    const folder = join(t.testdirName, name.replaceAll(' ', '-'))
    cpSync(whole, folder, { recursive: true })
    harm(folder)
    await refused(t, () => readSnapshot(folder), message)
  }
})

t.test('a folder that holds something else is not replaced', async (t) => {
  const folder = t.testdir({ 'letters.txt': 'mine' })
  await refused(t, () => writeSnapshot(folder, snapshot), /holds letters\.txt, which is no part of a snapshot/)
  const beside = join(folder, 'snapshot')
  await writeSnapshot(beside, snapshot)
  writeFileSync(join(beside, 'README.md'), 'mine')
  await refused(t, () => writeSnapshot(beside, snapshot), /holds README\.md/)
  await refused(t, () => writeSnapshot(join(folder, 'letters.txt'), snapshot), /letters\.txt/)
  await writeSnapshot(join(folder, 'sales', 'deep'), snapshot)
  await refused(t, () => writeSnapshot(join(folder, 'sales'), snapshot), /holds deep, which is no part/)
  renameSync(join(folder, 'sales', 'deep'), join(folder, 'sales', 'sales'))
  await refused(t, () => writeSnapshot(join(folder, 'sales'), snapshot), /holds sales, which is no part/)
  for (const path of [join(folder, 'letters.txt'), join(beside, 'README.md')])
    t.equal(readFileSync(path, 'utf8'), 'mine')
})

async function refused(t: Test, work: () => Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work().then(
    () => undefined,
    (error: unknown) => error,
  )
  t.ok(error instanceof StateError, String(message))
  t.match(error, { message, remedy: /./ })
}
