/** Telling that Business Central's own integration is at work beside Couplet, and moving over from it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { nativeJobs } from '../../src/cli/native-check.ts'
import { cliWorld } from './world.ts'

t.test('native jobs are told by codeunit, caption or category, in every state from which they run again', (t) => {
  const rows = [
    {
      description: 'CUSTOMER job',
      objectIdToRun: 5339,
      status: 'Ready',
      recordIdToProcess: 'Integration Table Mapping: CUSTOMER',
    },
    {
      description: '',
      objectCaptionToRun: 'CRM Notes Synch Job',
      status: 'On_x0020_Hold_x0020_with_x0020_Inactivity_x0020_Timeout',
    },
    { description: 'options', objectIdToRun: 1, jobQueueCategoryCode: 'BCI OPTION', status: 'In_x0020_Process' },
    { description: 'held', objectIdToRun: 5339, status: 'On_x0020_Hold' },
    { description: 'failed', objectIdToRun: 5339, status: 'Error' },
    { description: 'Adjust Cost - Item Entries', objectIdToRun: 795, status: 'Ready' },
  ]
  t.same(nativeJobs(rows), [
    { description: 'CUSTOMER job', mapping: 'CUSTOMER' },
    { description: 'CRM Notes Synch Job', mapping: undefined },
    { description: 'options', mapping: undefined },
  ])
  t.end()
})

t.test('doctor warns of native jobs that will run and of records that are coupled natively', async (t) => {
  const world = await cliWorld(t, 'mappings: [customer-account, item-unit-group, item-unit]\n', { native: true })
  const said = await world.run('doctor --json')
  const { steps } = JSON.parse(said.out) as {
    steps: { step: string; outcome: string; message: string; remedy: string }[]
  }
  t.match(
    steps.filter(({ step }) => step === 'native integration'),
    [
      {
        outcome: 'warning',
        message: /^5 jobs of it will run: .*both would write: customer-account$/,
        remedy: /On Hold/,
      },
      { outcome: 'warning', message: /item-unit \(\d+ or more\)/, remedy: /couplings import/ },
    ],
  )
  const without = await cliWorld(t, 'mappings: [customer-account, item-unit-group, item-unit]\n')
  const quiet = JSON.parse((await without.run('doctor --json')).out) as typeof steps | { steps: typeof steps }
  t.match(
    ('steps' in quiet ? quiet.steps : quiet).filter(({ step }) => step === 'native integration'),
    [{ outcome: 'ok', message: 'none of its jobs is ready' }],
  )
})

/** An id as Business Central shows it. */
const guid = (value: unknown): string => `{${String(value).toUpperCase()}}`

t.test('moving over: both native tables as Excel writes them, shown first, then taken, then nothing new', async (t) => {
  const world = await cliWorld(t, 'mappings: [payment-terms, customer-account]\n')
  const customers = world.simulator.businessCentral.rows('customers')
  const [account] = world.simulator.sales.rows('accounts').filter((row) => row['customertypecode'] === 3)
  const record = customers.find(({ number }) => number === account?.['accountnumber']) ?? customers[0]
  const csv = [
    '\uFEFFTable ID;CRM ID;Integration ID',
    `18;${guid(account?.['accountid'])};${guid(record?.['id'])}`,
    `18;${guid('11111111-1111-4111-8111-111111111111')};${guid(customers[1]?.['id'])}`,
    `5402;${guid(account?.['accountid'])};${guid(record?.['id'])}`,
  ].join('\r\n')
  await writeFile(join(world.folder, 'couplings.csv'), csv)
  const shown = await world.run('couplings import couplings.csv')
  t.equal(shown.code, 1, 'rows were refused')
  t.match(shown.out, /customer-account +1 +0/)
  t.match(shown.out, 'couplings.csv:3 customer-account: its record is not there in Sales')
  t.match(shown.out, 'couplings.csv:4 no mapping of this project is over Unit Group (table 5402)')
  t.match(shown.err, 'Nothing was written. To do it: add --yes')
  t.match(await world.run('couplings'), { out: 'No couplings.' })
  t.match((await world.run('couplings import couplings.csv --yes')).err, '1 new pair')
  t.match((await world.run('couplings import couplings.csv --yes')).out, /customer-account +0 +1/)
  await writeFile(join(world.folder, 'options.csv'), 'Record ID,Option Value\nPayment Terms: 1M(8D),1\n')
  t.match((await world.run('couplings import options.csv')).out, /payment-terms +(?:1 +0|0 +0)/)
  const document = JSON.parse((await world.run('couplings import couplings.csv --json')).out) as object
  t.match(document, { ok: false, written: false, mappings: [{ mapping: 'customer-account', known: 1 }] })
  await world.run('couplings export pairs.json')
  t.match((await world.run('couplings import pairs.json')).out, /customer-account +0 +1/)
  t.match(await world.run('couplings verify customer-account'), { code: 0, out: 'Every pair is there and right.' })
  world.simulator.sales.delete('accounts', String(account?.['accountid']))
  t.match(await world.run('couplings verify customer-account'), { code: 1, out: 'its partner was deleted' })
  t.match(await world.run('couplings import nowhere.csv'), { code: 2, err: 'nowhere.csv cannot be read' })
  t.match(await world.run('couplings --uncoupled'), { code: 2, err: 'Say of which mapping' })
})
