import t from 'tap'
import type { ActAs } from '../../src/config/config.ts'
import { callerOf } from '../../src/core/act-as.ts'

const users = new Map([
  ['PS', 'user-of-ps'],
  ['id-of-ps', 'user-of-ps'],
])
const lookups = {
  partner: (_mapping: string, _from: string, id: string) => users.get(id),
  partnerByKeys: (_mapping: string, _from: string, keys: Readonly<Record<string, string>>) =>
    users.get(keys['code'] ?? ''),
}
const coupled = (more: Partial<Extract<ActAs, { kind: 'coupled' }>> = {}): ActAs => ({
  kind: 'coupled',
  column: 'salespersonCode',
  lookup: { kind: 'coupling', mapping: 'salesperson-user', by: 'code' },
  whenUncoupled: 'self',
  ...more,
})

t.test('a record is written as the user coupled to its person, else as the integration', async (t) => {
  const self = { kind: 'self' }
  t.strictSame(callerOf(undefined, { salespersonCode: 'PS' }, lookups), self, 'nobody is named')
  t.strictSame(
    callerOf({ kind: 'user', user: 'u1' }, undefined, lookups),
    { kind: 'user', id: 'u1' },
    'always the same',
  )
  t.strictSame(callerOf(coupled(), { salespersonCode: 'PS' }, lookups), { kind: 'user', id: 'user-of-ps' })
  t.strictSame(
    callerOf(coupled(), { salespersonCode: ' ps ' }, lookups),
    { kind: 'user', id: 'user-of-ps' },
    'as codes',
  )
  t.strictSame(callerOf(coupled(), { salespersonCode: '' }, lookups), self, 'a record without a person')
  t.strictSame(callerOf(coupled(), undefined, lookups), self, 'a record without a row in Business Central')
  t.strictSame(callerOf(coupled(), { salespersonCode: 'XX' }, lookups), self, 'a person without a user')
  const byId = { kind: 'coupling', mapping: 'salesperson-user', by: 'id' } as const
  const idRow = { salespersonId: 'id-of-ps' }
  t.strictSame(callerOf(coupled({ column: 'salespersonId', lookup: byId }), idRow, lookups), {
    kind: 'user',
    id: 'user-of-ps',
  })
})

t.test('a person without a user makes the record wait where the mapping says so', async (t) => {
  t.strictSame(callerOf(coupled({ whenUncoupled: 'hold' }), { salespersonCode: 'XX' }, lookups), {
    kind: 'missing',
    mapping: 'salesperson-user',
    column: 'salespersonCode',
  })
})
