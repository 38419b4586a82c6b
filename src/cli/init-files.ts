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
  }
}

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
