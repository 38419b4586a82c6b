/** Planned fields and operations for tests of reports. */
import type { Operation, PlannedField } from '../../src/core/plan.ts'

/** A phone number that an edit changed. */
export const field = (more: Partial<PlannedField> = {}): PlannedField => ({
  name: 'phone',
  column: 'telephone1',
  before: '0123',
  after: '0456',
  why: 'edit',
  reveal: false,
  print: 'p',
  ...more,
})

/** An update of one coupled account. */
export const operation = (more: Partial<Operation> = {}): Operation => ({
  mapping: 'customer-account',
  kind: 'update',
  side: 'sales',
  key: 'a1',
  partner: 'c1',
  number: '10000',
  version: 'v',
  fields: [field()],
  ...more,
})
