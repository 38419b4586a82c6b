/** The assisted setup's questions: what the arguments did not say, in the order of the native guide. */
import { addressOf, usual, variableWrong } from './init-answers.ts'
import type { Create, InitArguments, Method } from './init-answers.ts'
import type { Asker, Choice } from './asker.ts'

/** Companies of the environment that the answers so far lead to; undefined where they cannot be listed. */
export type ListCompanies = (given: InitArguments) => Promise<readonly string[] | undefined>

/** The arguments, completed by a person's answers. Throws StoppedAsking. */
export async function askMissing(asker: Asker, given: InitArguments, companies: ListCompanies): Promise<InitArguments> {
  const login = await askLogin(asker, await askPlaces(asker, given))
  const named = { ...login, company: given.company ?? (await askCompany(asker, login, companies)) }
  return askRules(asker, named)
}

const needed = (text: string): string | undefined => (text === '' ? 'this is needed' : undefined)
const asked = (kind: 'business-central' | 'dataverse') => (text: string) => {
  const address = addressOf(text, kind)
  return text === '' ? 'this is needed' : 'wrong' in address ? address.wrong : undefined
}

async function askPlaces(asker: Asker, given: InitArguments): Promise<InitArguments> {
  const salesUrl =
    given.salesUrl ??
    (await asker.text('Address of the Sales environment, e.g. contoso.crm4.dynamics.com', {
      check: asked('dataverse'),
    }))
  const tenant =
    given.tenant ?? (await asker.text('Microsoft Entra tenant: id or domain, e.g. contoso.com', { check: needed }))
  const environment =
    given.environment ??
    (given.bcUrl === undefined
      ? await asker.text('Environment of Business Central', { usual: usual.environment })
      : usual.environment)
  return { ...given, salesUrl, tenant, environment }
}

const methods: readonly Choice<Method>[] = [
  { value: 'client-secret', name: 'Client secret', description: 'an app registration with a secret in a variable' },
  { value: 'federated', name: 'Federated', description: 'GitHub Actions or workload identity, without any secret' },
  { value: 'managed-identity', name: 'Managed identity', description: 'a machine in Azure, without any secret' },
]

async function askLogin(asker: Asker, given: InitArguments): Promise<InitArguments> {
  const method = given.method ?? (await asker.choose('How does the integration log in?', methods, usual.method))
  if (method !== 'client-secret') return { ...given, method }
  const name = (question: string, known: string | undefined, as: string): Promise<string> =>
    known === undefined ? asker.text(question, { usual: as, check: variableWrong }) : Promise.resolve(known)
  return {
    ...given,
    method,
    bcSecretEnv: await name('Variable with the secret for Business Central', given.bcSecretEnv, usual.bcSecretEnv),
    salesSecretEnv: await name('Variable with the secret for Sales', given.salesSecretEnv, usual.salesSecretEnv),
  }
}

async function askCompany(asker: Asker, given: InitArguments, companies: ListCompanies): Promise<string> {
  const names = await companies(given)
  if (names === undefined || names.length === 0)
    return asker.text('Company in Business Central, as it is written there', { check: needed })
  return asker.choose(
    'Company in Business Central',
    names.map((name) => ({ value: name, name })),
  )
}

const creates: readonly Choice<Create>[] = [
  { value: 'never', name: 'Nothing yet', description: 'couple what matches, hold the rest; the careful first step' },
  { value: 'toSales', name: 'In Sales', description: 'from records of Business Central' },
  { value: 'toBusinessCentral', name: 'In Business Central', description: 'from records of Sales' },
  { value: 'both', name: 'On both sides' },
]

async function askRules(asker: Asker, given: InitArguments): Promise<InitArguments> {
  const ownership =
    given.ownership ??
    (await asker.choose(
      'Who owns records in Sales?',
      [
        { value: 'person' as const, name: "The salesperson's user" },
        { value: 'team' as const, name: "The company's team" },
      ],
      usual.ownership,
    ))
  const units =
    given.units ??
    ((await asker.confirm('A unit group of its own for each item (as natively)?', true)) ? 'groups' : 'single')
  const pricing =
    given.pricing ??
    (await asker.choose(
      'Which prices travel?',
      [
        { value: 'extended' as const, name: 'Price lists (the new sales pricing)' },
        { value: 'legacy' as const, name: 'Customer price groups' },
        { value: 'off' as const, name: 'None' },
      ],
      usual.pricing,
    ))
  const create =
    given.create ?? (await asker.choose('Where are records without a partner created?', creates, usual.create))
  return { ...given, ownership, units, pricing, create }
}
