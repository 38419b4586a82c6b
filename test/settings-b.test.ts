/** The whole standard set under every combination of settings with owners of the kind "team". */
import t from 'tap'
import { combinationsWith, named, ofVendors, runTwice } from './settings/every-combination.ts'

for (const settings of combinationsWith('team'))
  t.test(`P3 P4 ${named(settings)}`, (t) => runTwice(t, 'contoso', settings))

t.test('P3 P4 the larger company, the older way', (t) =>
  runTwice(t, 'cronus', {
    ownership: 'team',
    unitGroups: false,
    pricing: 'legacy',
    salesOrders: 'legacy',
    waiting: ofVendors,
  }),
)
