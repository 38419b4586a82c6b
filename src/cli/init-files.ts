/** The files of a new project, from the answers: pure texts. No secret stands in any of them (P8). */
import { stringify } from 'yaml'
import type { Answers, Create } from './init-answers.ts'

/** Files by name, relative to the project. */
export function projectFiles(answers: Answers): Readonly<Record<string, string>> {
  return {
    'couplet.yaml': projectYaml(answers),
    '.gitignore': gitignore,
    '.env.example': envExample(answers),
    'mappings/.gitkeep': '',
    [firstTests]: firstTestsYaml,
  }
}

/** Where a new project's first mapping tests stand. */
export const firstTests = 'tests/customer-account.yaml'

const firstTestsYaml = `# yaml-language-server: $schema=../node_modules/couplet/schemas/test.schema.json
#
# What the mappings make of given records, in memory: couplet test. Examples of each mapping: couplet test --standard.
mapping: customer-account
settings: { localCurrency: GBP } # for these tests; any other setting of couplet.yaml can stand here too
given:
  businessCentral: { customers: [{ number: '10000', displayName: Adatum, postalCode: '10115', phoneNumber: 030 1 }] }
  sales: { accounts: [{ name: Adatum, address1_postalcode: '10115', customertypecode: 3 }] }
tests:
  a customer and an account of the same name and post code are coupled, and blanks are filled:
    expect:
      coupled: [{ businessCentral: '10000', sales: Adatum }]
      sales: { accounts: [{ telephone1: 030 1 }] }

  different fields edited on both sides are both kept:
    edited:
      businessCentral: { customers: { '10000': { email: office@adatum.example } } }
      sales: { accounts: { Adatum: { telephone1: 030 2 } } }
    expect:
      businessCentral: { customers: [{ phoneNumber: 030 2, email: office@adatum.example }] }
      sales: { accounts: [{ telephone1: 030 2, emailaddress1: office@adatum.example }] }

  the same field edited on both sides waits for a person:
    edited:
      businessCentral: { customers: { '10000': { phoneNumber: 030 3 } } }
      sales: { accounts: { Adatum: { telephone1: 030 2 } } }
    expect:
      operations: []
      held: [{ kind: conflict, record: '10000', fields: [phone] }]
`

/** A scalar as YAML, quoted where it must be. */
const scalar = (text: string): string => stringify(text, { lineWidth: 0 }).trimEnd()

const says: Readonly<Record<Create, string>> = {
  never:
    'nothing is created: records that match are coupled, all others wait. Change it when you have seen the first run',
  toSales: 'records of Business Central without a partner are created in Sales',
  toBusinessCentral: 'records of Sales without a partner are created in Business Central',
  both: 'records without a partner are created on the other side',
}

/** A setting with what it means, the notes below one another. */
const noted = (setting: string, note: string): string => `  ${setting.padEnd(22)} # ${note}`

function projectYaml(answers: Answers): string {
  const { businessCentral, sales, tenant, localCurrency } = answers
  const settings = [
    noted(
      `ownership: ${answers.ownership}`,
      "person: the salesperson's user owns records in Sales; team: the company's team does",
    ),
    noted(
      `unitGroups: ${answers.unitGroups}`,
      'true: each item has a unit group of its own; false: one for each unit of measure',
    ),
    noted(`pricing: ${answers.pricing}`, 'extended: price lists; legacy: customer price groups; off'),
    noted('salesOrders: off', 'off, legacy or bidirectional; see docs/setup.md of couplet before switching it on'),
    ...(localCurrency === undefined
      ? []
      : [noted(`localCurrency: ${localCurrency}`, 'Business Central keeps no currency record for it')]),
  ]
  return `# yaml-language-server: $schema=./node_modules/couplet/schemas/project.schema.json
#
# Keeps Business Central and Dynamics 365 Sales in step. Check: couplet validate. Try: couplet doctor, couplet plan.

# How the two sides are reached. Secrets stay outside: they are read from environment variables.
connections:
  businessCentral:
    kind: business-central
    tenant: ${scalar(tenant)}
    environment: ${scalar(businessCentral.environment)}
    company: ${scalar(businessCentral.company)}
${businessCentral.url === undefined ? '' : `    url: ${scalar(businessCentral.url)}\n`}    auth:
${authYaml(answers, businessCentral)}
  sales:
    kind: dataverse
    tenant: ${scalar(tenant)}
    url: ${scalar(sales.url)}
    auth:
${authYaml(answers, sales)}

# The standard set of mappings, in this version. Switch one off: mappings: { vendor-account: { enabled: false, reason: … } }
use: standard@1

# ${says[answers.create]}
create: ${answers.create} # never | toSales | toBusinessCentral | both

settings:
${settings.join('\n')}

# The most that one run may do to one side of one mapping before a person gives the number back.
limits: { deletes: "10 or 1 %", updates: "50 %", creates: "200 or 20 %" }
`
}

function authYaml(
  { method, authority }: Answers,
  side: { readonly clientId: string; readonly secretVariable: string },
): string {
  const lines = [
    `method: ${method}`,
    ...(method === 'managed-identity' ? [] : [`clientId: ${scalar(side.clientId)}`]),
    ...(method === 'client-secret' ? [`clientSecret: "\${env:${side.secretVariable}}"`] : []),
    ...(authority === undefined || method === 'managed-identity' ? [] : [`authority: ${scalar(authority)}`]),
  ]
  return lines.map((line) => `      ${line}`).join('\n')
}

const gitignore = `node_modules/
.env
*.pem
# The state (.couplet) belongs into Git where runs come from a pipeline without a disk of its own: keep its key with it,
# in a private repository. Elsewhere leave it out: .couplet/
.couplet/**/lock-*.json
`

/** Names of the variables that the project reads, without values. */
export function variablesOf({ businessCentral, sales, method }: Answers): readonly string[] {
  const named = [businessCentral, sales].flatMap(({ clientId, secretVariable }) => [
    ...[...clientId.matchAll(/\$\{env:([^}]+)\}/g)].flatMap(([, name]) => name ?? []),
    ...(method === 'client-secret' ? [secretVariable] : []),
  ])
  return [...new Set(method === 'managed-identity' ? [] : named)]
}

const envExample = (answers: Answers): string =>
  `# Set these where couplet runs (pipeline secrets, a shell, a service). Never commit their values.\n${variablesOf(
    answers,
  )
    .map((name) => `${name}=\n`)
    .join('')}`
