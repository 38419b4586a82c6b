import t from 'tap'
import type { PlannedHold } from '../../src/core/plan.ts'
import { planMarkdown } from '../../src/report/plan-markdown.ts'
import type { PlanMarkdownOptions } from '../../src/report/plan-markdown.ts'
import { field, operation } from './planned.ts'

const hold: PlannedHold = {
  mapping: 'customer-account',
  side: 'businessCentral',
  id: 'c2',
  number: '20000',
  kind: 'conflict',
  message: 'phone edited on both sides',
  remedy: '',
  fields: [{ name: 'phone', column: 'telephone1', values: { businessCentral: 'OURS', sales: 'THEIRS' } }],
  known: false,
}
const counts = {
  mapping: 'customer-account',
  side: 'sales' as const,
  creates: 1,
  updates: 1,
  deletes: 41,
  couples: 0,
  uncouples: 0,
  coupled: 120,
}
const masked: PlanMarkdownOptions = { showValues: false, most: 65_000, excesses: [], waiting: [], refused: [] }
const excess = {
  mapping: 'customer-account',
  side: 'sales' as const,
  kind: 'deletes' as const,
  count: 41,
  allowed: 2,
  coupled: 120,
  accept: 'customer-account.sales.deletes=41',
}

t.test('a plan as a comment tells both directions, holds, deletes, and the number that acknowledges a limit', (t) => {
  const operations = [
    operation(),
    operation({
      kind: 'create',
      number: '30000',
      fields: [field({ before: null }), field({ column: 'currency', before: null, after: 'EUR', reveal: true })],
    }),
    operation({ kind: 'delete', number: '40000', fields: [] }),
    operation({
      side: 'businessCentral',
      fields: [field({ column: 'phoneNumber', before: null })],
      lines: [{ kind: 'update', key: 'l', partner: 'm', fields: [field({ column: 'quantity' })] }],
    }),
  ]
  const plan = { operations, holds: [hold], counts: [counts] }
  const text = planMarkdown(plan, { ...masked, excesses: [excess] })
  t.equal(
    text,
    `### Couplet plan: 4 operations

Nothing was written. 1 record would wait.

#### Over the safety limits: a run would stop

- customer-account → Sales: 41 deletes (34 % of 120 coupled); 2 are allowed. To go on with exactly this number: \`--accept customer-account.sales.deletes=41\`

#### What a run would do

| mapping | to | create | update | delete | couple | uncouple | coupled now |
|---|---|--:|--:|--:|--:|--:|--:|
| \`customer-account\` | Sales | 1 | 1 | 41 | · | · | 120 |

#### What would be deleted

- \`customer-account\` \`40000\` in Sales

<details><summary>customer-account: 1 record changed on both sides, in the same field</summary>

- \`20000\`: \`telephone1\`: ••• in Business Central, ••• in Sales

→ \`Say which side is right: couplet resolve customer-account --record NUMBER --take businessCentral (or --take sales)\`

</details>

<details><summary>customer-account → Sales: 1 update, 1 create, 1 delete</summary>

- update \`10000\`
  - \`telephone1\`: ••• → •••
- create \`30000\`
  - \`telephone1\` •••, \`currency\` \`EUR\`
- delete \`40000\`

</details>

<details><summary>customer-account → Business Central: 1 update</summary>

- update \`10000\`
  - \`phoneNumber\`: (blank) → •••
  - update a line
    - \`quantity\`: ••• → •••

</details>
`,
  )
  const open = planMarkdown(plan, { ...masked, showValues: true })
  t.match(open, '`telephone1`: `0123` → `0456`')
  t.match(open, '`telephone1`: `OURS` in Business Central, `THEIRS` in Sales')
  t.end()
})

t.test('what services say is no markup in a comment, and a large plan fits into it', (t) => {
  const evil = '</details><img src=x> @everyone `x`\n# head'
  const operations = Array.from({ length: 3000 }, (_, index) =>
    operation({ mapping: `m${index % 200}`, number: `${index} ${evil}`, fields: [field({ after: evil })] }),
  )
  const refused = [{ mapping: 'customer-account', message: evil, remedy: '' }]
  const text = planMarkdown({ operations, holds: [], counts: [counts] }, { ...masked, showValues: true, refused })
  t.ok(text.length <= 65_000, `${text.length} characters`)
  t.match(text, /lines are left out: a comment holds no more/)
  t.equal(text.split('<details>').length, text.split('\n</details>').length, 'what is opened is closed')
  const bare = text.replaceAll(/(`+) .*? \1(?!`)/g, '')
  t.notMatch(bare, /<img|@everyone|^# head/m)
  t.match(planMarkdown({ operations: [], holds: [], counts: [] }, masked), /^### Couplet plan: nothing to do\n/)
  t.match(
    planMarkdown({ operations: [], holds: [], counts: [] }, { ...masked, refused }),
    /^### Couplet plan: nothing planned\n/,
  )
  t.end()
})
