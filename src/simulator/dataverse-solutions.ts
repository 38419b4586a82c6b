/** Solutions: what is installed, importing asynchronously, the roles they bring. */

import type { Body, Writer } from './dataverse-body.ts'
import { DataverseError, refused } from './dataverse-error.ts'
import { reference } from './dataverse-reference.ts'
import type { Organization } from './dataverse-organization.ts'
import type { ActionResult } from './dataverse-actions.ts'
import { unzip } from './zip.ts'

/** `asyncoperation.statecode` and `statuscode`. */
const ready = { statecode: 0, statuscode: 0 }
const running = { statecode: 2, statuscode: 20 }
const succeeded = { statecode: 3, statuscode: 30 }
const failed = { statecode: 3, statuscode: 31 }

/** Security roles among the kinds of solution components. */
const ROLE = 20

interface Importing {
  readonly operation: string
  readonly job: string
  readonly file: Buffer
  steps: number
}

/** Imports under way, by organisation: each request to the service brings them one step further. */
const underWay = new WeakMap<Organization, Importing[]>()

/** The solutions of Business Central that an environment with its native integration has. */
export function installUsual(organization: Organization): void {
  const solutions = [
    ['bcbi_CdsBaseIntegration', 'Business Central Dataverse Base Integration', '2.10.0.0'],
    ['MicrosoftDynamicsNavIntegration', 'Dynamics 365 Business Central Integration', '2.8.0.0'],
  ]
  for (const [uniquename, friendlyname, version] of solutions)
    organization.table('solution').insert({ uniquename, friendlyname, version, ismanaged: true, isvisible: true })
}

/** `ImportSolutionAsync`: answers at once; the import goes on by itself. */
export function importSolution(writer: Writer, body: Body): ActionResult {
  const { organization } = writer
  organization.security.demand([writer.user], 'prvImportCustomization', 'Global')
  const { CustomizationFile: content, ImportJobId: job = organization.world.newId() } = body
  if (typeof content !== 'string') throw refused('Required member missing: CustomizationFile.', '0x80048d19')
  const operation = organization
    .table('asyncoperation')
    .insert({ name: 'ImportSolution', operationtype: 203, ...ready })
  organization.table('importjob').insert({
    importjobid: job,
    name: 'Customizations',
    progress: 0,
    startedon: organization.world.now().toISOString(),
  })
  const jobs = underWay.get(organization) ?? []
  underWay.set(organization, [
    ...jobs,
    { operation: operation.key, job: String(job), file: Buffer.from(content, 'base64'), steps: 0 },
  ])
  return { AsyncOperationId: operation.key, ImportJobKey: job }
}

/** One step of every import under way. */
export function advanceImports(organization: Organization): void {
  for (const importing of underWay.get(organization) ?? []) {
    importing.steps += 1
    if (importing.steps < 4) {
      organization.table('asyncoperation').update(importing.operation, running)
      organization.table('importjob').update(importing.job, { progress: importing.steps * 25 })
    } else finish(organization, importing)
  }
  const left = (underWay.get(organization) ?? []).filter(({ steps }) => steps < 4)
  underWay.set(organization, left)
}

function finish(organization: Organization, { operation, job, file }: Importing): void {
  const completedon = organization.world.now().toISOString()
  try {
    const name = install(organization, file)
    organization.table('importjob').update(job, { progress: 100, solutionname: name, completedon })
    organization.table('asyncoperation').update(operation, { ...succeeded, completedon })
  } catch (error) {
    const { code, message } = error instanceof DataverseError ? error : { code: '0x80048060', message: INVALID }
    organization.table('importjob').update(job, { completedon })
    organization
      .table('asyncoperation')
      .update(operation, { ...failed, completedon, message: `${code}: ${message}`, friendlymessage: message })
  }
}

const INVALID =
  'Solution file is invalid. The compressed file must contain the following files at its root: solution.xml, customizations.xml, and [Content_Types].xml.'

/** What a solution file says of itself. */
interface Manifest {
  readonly uniquename: string
  readonly friendlyname: string
  readonly version: string
  readonly ismanaged: boolean
  readonly roles: readonly { readonly id: string; readonly name: string }[]
}

/** Reads the file. Throws for one that is no solution. */
function manifestOf(file: Buffer): Manifest {
  const entries = unzip(file)
  const [solution = '', customizations] = ['solution.xml', 'customizations.xml'].map((name) => entries?.get(name))
  const [uniquename, version] = ['UniqueName', 'Version'].map((tag) => inside(solution, tag))
  if (customizations === undefined || uniquename === undefined || version === undefined)
    throw refused(INVALID, '0x80048060')
  const roles = [...customizations.matchAll(/<Role id="\{?([0-9a-f-]+)\}?" name="([^"]+)"/giu)]
  return {
    uniquename,
    friendlyname: /<LocalizedName[^>]*description="([^"]*)"/u.exec(solution)?.[1] ?? uniquename,
    version,
    ismanaged: /<Managed>1</u.test(solution),
    roles: roles.map(([, id = '', name = '']) => ({ id: id.toLowerCase(), name })),
  }
}

/** Makes the solution with its roles, or brings it to the file's version. Throws for a file that is older. */
function install(organization: Organization, file: Buffer): string {
  const { roles, ...values } = manifestOf(file)
  const table = organization.table('solution')
  const [present] = table.find((row) => row['uniquename'] === values.uniquename)
  const installed = (present?.row['version'] as string | undefined) ?? '0'
  if (isOlder(values.version, installed))
    throw refused(`The solution ${values.uniquename} is installed in a newer version (${installed}).`, '0x8004f00c')
  const { key } =
    present === undefined ? table.insert({ ...values, isvisible: true }) : table.update(present.key, values)
  for (const role of roles) addRole(organization, key, role)
  return values.uniquename
}

function addRole(organization: Organization, solution: string, { id, name }: { id: string; name: string }): void {
  if (organization.table('role').get(id) === undefined) organization.security.addRole(name, { id, tables: 'Global' })
  organization
    .table('solutioncomponent')
    .insert({ ...reference('solutionid', 'solution', solution), componenttype: ROLE, objectid: id })
}

const inside = (xml: string, tag: string): string | undefined =>
  new RegExp(`<${tag}>(?<text>[^<]*)</${tag}>`, 'u').exec(xml)?.groups?.['text']

function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => text.split('.').map(Number))
  for (let at = 0; at < 4; at++) {
    const difference = (ours?.[at] ?? 0) - (theirs?.[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
