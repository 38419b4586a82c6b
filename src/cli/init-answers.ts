/** What the assisted setup has to know, and what of it is usual. */
import { addressText, normaliseAddress } from '../config/hosts.ts'
import { UsageError } from './usage-error.ts'

export type Method = 'client-secret' | 'federated' | 'managed-identity'
export type Create = 'never' | 'toSales' | 'toBusinessCentral' | 'both'

/** Every answer. No secret is among them: only the names of the variables that hold one. */
export interface Answers {
  readonly tenant: string
  readonly method: Method
  /** Login address, where it is not Microsoft's usual one. */
  readonly authority: string | undefined
  readonly businessCentral: {
    /** Base address, where it is not that of the tenant and environment online. */
    readonly url: string | undefined
    readonly environment: string
    readonly company: string
    readonly clientId: string
    readonly secretVariable: string
  }
  readonly sales: { readonly url: string; readonly clientId: string; readonly secretVariable: string }
  readonly ownership: 'person' | 'team'
  readonly unitGroups: boolean
  readonly pricing: 'extended' | 'legacy' | 'off'
  readonly create: Create
  /** ISO code, where Business Central keeps no currency record of it. */
  readonly localCurrency: string | undefined
}

/** The arguments of `couplet init`, as commander gives them. */
export interface InitArguments {
  readonly tenant?: string
  readonly environment?: string
  readonly company?: string
  readonly bcUrl?: string
  readonly salesUrl?: string
  readonly method?: Method
  readonly authority?: string
  readonly bcClientId?: string
  readonly salesClientId?: string
  readonly bcSecretEnv?: string
  readonly salesSecretEnv?: string
  readonly ownership?: 'person' | 'team'
  readonly units?: 'groups' | 'single'
  readonly pricing?: 'extended' | 'legacy' | 'off'
  readonly create?: Create
  readonly localCurrency?: string
  readonly yes?: boolean
  readonly force?: boolean
  /** false: with `--no-test`. */
  readonly test: boolean
}

/** What stands where nobody said otherwise. */
export const usual = {
  environment: 'Production',
  method: 'client-secret',
  bcClientId: '${env:BC_CLIENT_ID}',
  salesClientId: '${env:SALES_CLIENT_ID}',
  bcSecretEnv: 'BC_CLIENT_SECRET',
  salesSecretEnv: 'SALES_CLIENT_SECRET',
  ownership: 'person',
  units: 'groups',
  pricing: 'extended',
  create: 'never',
} as const

/** An address brought into form, with what was done to it; or what is wrong with it. */
export function addressOf(
  text: string,
  kind: 'business-central' | 'dataverse' | 'login',
): { readonly text: string; readonly note?: string } | { readonly wrong: string } {
  const address = normaliseAddress(text, kind)
  if ('wrong' in address) return address
  const clean = addressText(address.url)
  return clean === text.trim() ? { text: clean } : { text: clean, note: `${text.trim()} → ${clean}` }
}

/** An address in form. Throws UsageError that names the argument. */
export function addressArgument(name: string, text: string, kind: 'business-central' | 'dataverse' | 'login'): string {
  const address = addressOf(text, kind)
  if ('wrong' in address) throw new UsageError(`${name} ${text}: ${address.wrong}.`)
  return address.text
}

/** A text that would be a secret rather than the name of a variable. */
export const variableWrong = (text: string): string | undefined =>
  /^[A-Z_][A-Z0-9_]{0,80}$/i.test(text)
    ? undefined
    : 'give the name of an environment variable, e.g. BC_CLIENT_SECRET; never the secret itself'

/** The answers from arguments alone. Throws UsageError naming everything that is missing or wrong, at once. */
export function answersOf(given: InitArguments): Answers {
  const missing = [
    ...(given.tenant === undefined ? ['--tenant'] : []),
    ...(given.company === undefined ? ['--company'] : []),
    ...(given.salesUrl === undefined ? ['--sales-url'] : []),
  ]
  if (missing.length > 0)
    throw new UsageError(
      `Missing: ${missing.join(', ')}.`,
      'Give them, or leave --yes out at a terminal to be asked. All arguments: couplet init --help',
    )
  const all = { ...usual, ...said(given) }
  return {
    tenant: all.tenant ?? '',
    method: all.method,
    authority: all.authority && addressArgument('--authority', all.authority, 'login'),
    businessCentral: {
      url: all.bcUrl && addressArgument('--bc-url', all.bcUrl, 'business-central'),
      environment: all.environment,
      company: all.company ?? '',
      clientId: all.bcClientId,
      secretVariable: variable('--bc-secret-env', all.bcSecretEnv),
    },
    sales: {
      url: addressArgument('--sales-url', all.salesUrl ?? '', 'dataverse'),
      clientId: all.salesClientId,
      secretVariable: variable('--sales-secret-env', all.salesSecretEnv),
    },
    ownership: all.ownership,
    unitGroups: all.units === 'groups',
    pricing: all.pricing,
    create: all.create,
    localCurrency: all.localCurrency && currency(all.localCurrency),
  }
}

/** The arguments without those that were not given. */
const said = <T extends object>(given: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never

function variable(name: string, text: string): string {
  const wrong = variableWrong(text)
  // The text is not repeated: it may be a secret (P8).
  if (wrong !== undefined) throw new UsageError(`${name}: ${wrong}.`)
  return text
}

function currency(text: string): string {
  if (/^[A-Z]{3}$/.test(text)) return text
  throw new UsageError(`--local-currency ${text} is no ISO code.`, 'Three capital letters, e.g. GBP.')
}
