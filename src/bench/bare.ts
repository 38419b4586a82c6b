/**
 * The bare loop: what a script without an engine would do. It reads the same pages, makes the same bodies and sends the
 * same batches with the same parallelism; it decides, remembers and checks nothing.
 */
import { Agent } from 'node:http'
import fetch from 'node-fetch'
import { v5 } from './uuid.ts'
import type { Addresses, Phase, Spent } from './figures.ts'

const agent = new Agent({ keepAlive: true })
/** Parts of a batch, and batches at once: what our connector settles at on these services. */
const batchSize = 200
const parallel = 4

interface Marks {
  stamp: string
  delta: string
}

/** Runs one phase and returns what it cost. */
export async function bare(addresses: Addresses, phase: Phase, marks: Marks): Promise<Spent> {
  const start = performance.now()
  const calls = { count: 0 }
  const token = {
    businessCentral: await tokenFor(addresses, 'https://api.businesscentral.dynamics.com/.default'),
    sales: await tokenFor(addresses, `${addresses.sales}/.default`),
  }
  const companies = (await json(`${addresses.businessCentral}/api/v2.0/companies`, token.businessCentral, calls)) as {
    value: { id: string; name: string }[]
  }
  const company = companies.value.find(({ name }) => name === addresses.company)?.id ?? ''
  const select =
    'id,number,displayName,addressLine1,postalCode,city,email,phoneNumber,creditLimit,website,blocked,lastModifiedDateTime'
  const since =
    phase === 'first' ? `blocked eq '_x0020_'` : `lastModifiedDateTime gt ${marks.stamp} and blocked eq '_x0020_'`
  const delta =
    phase === 'first'
      ? `${addresses.sales}/api/data/v9.2/accounts?$select=accountnumber,name,address1_line1,address1_postalcode,address1_city,emailaddress1,telephone1,creditlimit,websiteurl,customertypecode,statecode`
      : marks.delta
  for (let next: string | undefined = delta; next !== undefined;) {
    const page = (await json(next, token.sales, calls, { Prefer: 'odata.track-changes,odata.maxpagesize=5000' })) as {
      '@odata.nextLink'?: string
      '@odata.deltaLink'?: string
    }
    if (page['@odata.deltaLink'] !== undefined) marks.delta = page['@odata.deltaLink']
    next = page['@odata.nextLink']
  }
  let records = 0
  for (
    let next: string | undefined =
      `${addresses.businessCentral}/api/v2.0/companies(${company})/customers?$select=${select}&$filter=${encodeURIComponent(since)}`;
    next !== undefined;
  ) {
    const page = (await json(next, token.businessCentral, calls)) as {
      value: Record<string, string>[]
      '@odata.nextLink'?: string
    }
    for (const row of page.value)
      if ((row['lastModifiedDateTime'] ?? '') > marks.stamp) marks.stamp = row['lastModifiedDateTime'] ?? ''
    records += page.value.length
    await send(addresses, token.sales, page.value, { calls, create: phase === 'first' })
    next = page['@odata.nextLink']
  }
  return { ms: performance.now() - start, requests: calls.count, records }
}

async function send(
  addresses: Addresses,
  token: string,
  rows: readonly Record<string, string>[],
  how: { calls: { count: number }; create: boolean },
): Promise<void> {
  const batches: Record<string, string>[][] = []
  for (let from = 0; from < rows.length; from += batchSize) batches.push(rows.slice(from, from + batchSize))
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift())
        await post(addresses, token, batch, how)
    }),
  )
}

async function post(
  addresses: Addresses,
  token: string,
  rows: readonly Record<string, string>[],
  how: { calls: { count: number }; create: boolean },
): Promise<void> {
  const boundary = 'batch_bare'
  const parts = rows.map((row) => {
    const body = JSON.stringify({
      accountnumber: row['number'],
      name: row['displayName'],
      address1_line1: row['addressLine1'],
      address1_postalcode: row['postalCode'],
      address1_city: row['city'],
      emailaddress1: row['email'],
      telephone1: row['phoneNumber'],
      creditlimit: row['creditLimit'],
      websiteurl: row['website']?.toLowerCase(),
      ...(how.create ? { customertypecode: 3 } : {}),
    })
    const condition = how.create ? 'If-None-Match: *' : 'If-Match: *'
    return `--${boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nPATCH /api/data/v9.2/accounts(${v5(row['id'] ?? '')})?$select=accountnumber,name,address1_line1,address1_postalcode,address1_city,emailaddress1,telephone1,creditlimit,websiteurl,customertypecode,statecode,modifiedon HTTP/1.1\r\nContent-Type: application/json; type=entry\r\nPrefer: return=representation\r\n${condition}\r\n\r\n${body}\r\n`
  })
  const answer = await fetch(`${addresses.sales}/api/data/v9.2/$batch`, {
    method: 'POST',
    agent,
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': `multipart/mixed; boundary=${boundary}`,
      Prefer: 'odata.continue-on-error',
    },
    body: `${parts.join('')}--${boundary}--\r\n`,
  })
  how.calls.count++
  const text = await answer.text()
  const bad = text.match(/HTTP\/1\.1 [45]\d\d/g)
  if (!answer.ok || bad !== null) throw new Error(`the bare loop was refused: ${answer.status} ${bad?.[0] ?? ''}`)
}

async function json(
  url: string,
  token: string,
  calls: { count: number },
  headers: Record<string, string> = {},
): Promise<unknown> {
  const answer = await fetch(url, {
    agent,
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/json', ...headers },
  })
  calls.count++
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function tokenFor(addresses: Addresses, scope: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'bench',
    client_secret: 'secret',
    scope,
  })
  const answer = await fetch(`${addresses.authority}/contoso.onmicrosoft.com/oauth2/v2.0/token`, {
    method: 'POST',
    body,
    agent,
  })
  return ((await answer.json()) as { access_token: string }).access_token
}
