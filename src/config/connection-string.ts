/** Dataverse's connection strings: `AuthType=ClientSecret;Url=…;ClientId=…;ClientSecret=…;TenantId=…`. */

import { didYouMean } from './suggest.ts'

/** What a connection string says, in this product's words. */
export interface ConnectionString {
  readonly url: string | undefined
  readonly auth: Readonly<Record<string, string>>
  /** What is wrong; nothing of it repeats a value. */
  readonly problems: readonly string[]
}

/** Names as Dataverse knows them, without blanks and in lower case. */
const words: Readonly<Record<string, string>> = {
  authtype: 'type',
  authenticationtype: 'type',
  url: 'url',
  server: 'url',
  serviceuri: 'url',
  clientid: 'clientId',
  appid: 'clientId',
  applicationid: 'clientId',
  clientsecret: 'clientSecret',
  secret: 'clientSecret',
  tenantid: 'tenant',
  tenant: 'tenant',
  authority: 'authority',
  certificate: 'certificate',
  thumbprint: 'thumbprint',
  certthumbprint: 'thumbprint',
  certificatethumbprint: 'thumbprint',
  username: 'user',
  userid: 'user',
  password: 'password',
}
/** Parts that mean something to other programs only. */
const ignored = [
  'redirecturi',
  'replyurl',
  'loginprompt',
  'requirenewinstance',
  'skipdiscovery',
  'tokencachestorepath',
  'storename',
  'certificatestorename',
  'domain',
  'homerealmuri',
  'integratedsecurity',
  'proxyversion',
]

const methods: Readonly<Record<string, string>> = { clientsecret: 'client-secret', certificate: 'certificate' }

/** Reads a connection string. Never throws. */
export function parseConnectionString(text: string): ConnectionString {
  const problems: string[] = []
  const said: Record<string, string> = {}
  let before = 'the beginning'
  for (const [part] of text.matchAll(/(?:[^;"']|"[^"]*"|'[^']*')+/g)) {
    if (part.trim() === '') continue
    const { key, word, value } = readPart(part)
    const isKnown = word !== undefined || ignored.includes(plainName(key))
    if (word !== undefined) said[word] = value
    if (isKnown) before = key
    else problems.push(unknownPart(key, before))
  }
  const { type = '', url, thumbprint, ...rest } = said
  const method = methods[type.toLowerCase()]
  problems.push(...typeProblems(type, thumbprint !== undefined && rest['certificate'] === undefined))
  return { url, auth: { ...rest, ...(method !== undefined && { method }) }, problems }
}

/** What stands before a "=" may be a piece of a secret that holds a ";" and stands in no quotes. */
function unknownPart(key: string, before: string): string {
  const near = didYouMean(plainName(key), Object.keys(words))
  if (near !== '') return `unknown part "${key}"${near}`
  return `a part ${key === '' ? 'without "="' : 'that is not known'} behind ${before}; a value with a ";" in it stands in quotes`
}

const plainName = (key: string): string => key.replaceAll(/\s/g, '').toLowerCase()

function readPart(part: string): { readonly key: string; readonly word: string | undefined; readonly value: string } {
  const [, key = '', value = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(part) ?? []
  const plain = plainName(key)
  return {
    key,
    word: Object.hasOwn(words, plain) ? words[plain] : undefined,
    value: value.replace(/^(["'])(.*)\1$/s, '$2'),
  }
}

function typeProblems(type: string, thumbprintOnly: boolean): readonly string[] {
  const wanted =
    'use AuthType=ClientSecret or AuthType=Certificate, or an `auth` block with method federated or managed-identity'
  if (type === '') return [`AuthType is missing; ${wanted}`]
  if (/^(?:oauth|office365)$/i.test(type))
    return [
      `AuthType=${type} logs in with a user's name and password, which Microsoft no longer allows for a service; ${wanted}`,
    ]
  if (/^(?:ad|ifd)$/i.test(type))
    return [`AuthType=${type} is the Windows login of a server on premises, which is not offered; ${wanted}`]
  if (!Object.hasOwn(methods, type.toLowerCase())) return [`AuthType=${type} is not known; ${wanted}`]
  return type.toLowerCase() === 'certificate' && thumbprintOnly
    ? [
        'a thumbprint names a certificate in a Windows store; write Certificate=${file:PATH} with the PEM text of key and certificate',
      ]
    : []
}
