/** The whole standard set under every combination of settings with owners of the kind "person". */
import t from 'tap'
import { combinationsWith, named, ofVendors, runTwice } from './settings/every-combination.ts'

for (const settings of combinationsWith('person'))
  t.test(`P3 P4 ${named(settings)}`, (t) => runTwice(t, 'contoso', settings))

t.test('P3 P4 the larger company, as it is set by default', (t) =>
  runTwice(t, 'cronus', {
    ownership: 'person',
    unitGroups: true,
    pricing: 'extended',
    salesOrders: 'off',
    waiting: ofVendors,
  }),
)
