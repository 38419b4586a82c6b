import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { businessCentralLink, salesLink, webClientOf } from '../../src/report/record-links.ts'
import { cliWorld } from './world.ts'
import type { CliWorld } from './world.ts'

/** A zip file with stored texts, as small as can be. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const [name, text] of Object.entries(files)) {
    const [key, content] = [Buffer.from(name), Buffer.from(text)]
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt32LE(content.length, 18)
    local.writeUInt32LE(content.length, 22)
    local.writeUInt16LE(key.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt32LE(content.length, 20)
    entry.writeUInt32LE(content.length, 24)
    entry.writeUInt16LE(key.length, 28)
    entry.writeUInt32LE(at, 42)
    locals.push(local, key, content)
    central.push(entry, key)
    at += 30 + key.length + content.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(files).length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

const role = '3d2f6a10-0000-4000-8000-000000000001'
const solution = (version: string): Buffer =>
  zip({
    'solution.xml': `<ImportExportXml><SolutionManifest><UniqueName>bcbi_Test</UniqueName><LocalizedNames><LocalizedName description="A test" languagecode="1033"/></LocalizedNames><Version>${version}</Version><Managed>1</Managed></SolutionManifest></ImportExportXml>`,
    'customizations.xml': `<ImportExportXml><Roles><Role id="{${role}}" name="Couplet Test Role"/></Roles></ImportExportXml>`,
  })

const quick = (): { now: () => Date; sleep: () => Promise<void> } => ({ now: () => new Date(), sleep: async () => {} })

async function world(t: Parameters<typeof cliWorld>[0]): Promise<CliWorld> {
  const made = await cliWorld(t, 'mappings: [customer-account]\n')
  await writeFile(`${made.folder}/test.zip`, solution('1.2.0.0'))
  return made
}
const held = ({ simulator: { sales } }: CliWorld): readonly unknown[] => {
  const user = sales.rows('systemusers').find((row) => row['applicationid'] === 'couplet')?.['systemuserid']
  return sales.rows('systemuserrolescollection').filter((row) => row['systemuserid'] === user && row['roleid'] === role)
}

t.test(
  'solution deploy: an administrator types a code in, the import is waited for, its roles are given once',
  async (t) => {
    const made = await world(t)
    await made.run('doctor')
    const progress: string[] = []
    const more = { clock: quick(), progress: (text: string) => progress.push(text) }
    const { code, out, err } = await made.run('solution deploy test.zip --json', more)
    t.equal(code, 0, err)
    t.match(JSON.parse(out), { solution: 'bcbi_Test', roles: [{ holder: '# couplet', roles: ['Couplet Test Role'] }] })
    t.match(err, /enter the code/)
    t.ok(
      progress.some((text) => /\d+ %/.test(text)),
      'progress is shown',
    )
    t.equal(held(made).length, 1)
    t.equal((await made.run('solution deploy test.zip', more)).code, 0, 'again, nothing is doubled')
    t.equal(held(made).length, 1)
    const status = await made.run('solution status')
    t.match(status.out, /bcbi_Test +1.2.0.0 +managed/)
    t.match(status.out, /MicrosoftDynamicsNavIntegration/)
    t.match(status.out, /Couplet Test Role/)
  },
)

t.test('solution deploy: what goes wrong is told with the reason, and no token is repeated', async (t) => {
  const made = await world(t)
  await made.run('doctor')
  const { login, sales } = made.simulator
  const token = login.grant('person:administrator', `${sales.url}/.default`)
  const env = { ADMIN_TOKEN: `${token}\n`, OWN: login.grant('couplet', `${sales.url}/.default`) }
  const deploy = (args: string) => made.run(`solution deploy ${args}`, { env, clock: quick() })
  t.equal((await deploy('test.zip --token-env ADMIN_TOKEN')).code, 0)
  await writeFile(`${made.folder}/older.zip`, solution('1.0.0.0'))
  const older = await deploy('older.zip --token-env ADMIN_TOKEN')
  t.equal(older.code, 3)
  t.match(older.err, /newer version \(1.2.0.0\)/)
  t.notMatch(older.err, token)
  await writeFile(`${made.folder}/empty.zip`, zip({ 'readme.txt': 'x' }))
  t.match((await deploy('empty.zip --token-env ADMIN_TOKEN')).err, /Solution file is invalid/)
  t.match(await deploy('couplet.yaml --token-env ADMIN_TOKEN'), { code: 2, err: /is no solution/ })
  t.match(await deploy('nothing.zip --token-env ADMIN_TOKEN'), { code: 2, err: /cannot be read/ })
  t.match(await deploy('test.zip --token-env NOT_SET'), { code: 2, err: /NOT_SET is not set/ })
  t.match(await deploy('test.zip --token-env OWN'), { code: 2, err: /login of the integration itself/ })
  t.match(await deploy('test.zip --token-env ADMIN_TOKEN --team Nobody'), { code: 3, err: /no team/ })
})

t.test('X-10 links open both records; they hold ids and numbers only (P8)', async (t) => {
  const client = { address: 'https://bc.example', company: "CRONUS & Söhne's" }
  const card = { page: 21, field: 'No.', key: 'number' }
  t.equal(
    businessCentralLink(client, card, { number: "1'0" }),
    "https://bc.example/?company=CRONUS%20%26%20S%C3%B6hne's&page=21&filter='No.'%20IS%20'1''0'",
  )
  t.equal(businessCentralLink(undefined, card, { number: '1' }), undefined)
  t.equal(businessCentralLink(client, card, {}), undefined)
  t.equal(
    salesLink('https://c.crm4.dynamics.com', 'account', 'x'),
    'https://c.crm4.dynamics.com/main.aspx?pagetype=entityrecord&etn=account&id=x',
  )
  t.equal(
    webClientOf('https://api.businesscentral.dynamics.com/v2.0/contoso.com/Production'),
    'https://businesscentral.dynamics.com/contoso.com/Production',
  )
  t.equal(webClientOf('https://bc.contoso.com:7048/BC'), undefined)
})

t.test('couplings --links gives a link for each side of each pair', async (t) => {
  const made = await cliWorld(t, 'mappings: [currency]\n')
  await made.run('match currency')
  const list = JSON.parse((await made.run('couplings --links --json')).out) as {
    links: { sales: string; businessCentral?: string }
    sales: { id: string }
  }[]
  t.ok(list.length > 0)
  for (const { links, sales } of list) {
    t.match(links.sales, `etn=transactioncurrency&id=${sales.id}`)
    t.equal(links.businessCentral, undefined, 'a simulator has no web client')
  }
  t.match((await made.run('couplings --links')).out, /set webClient of the connection/)
})
