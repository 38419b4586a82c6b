/** The pages of the standard set as they should stand in docs/standard/. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectPages, projectTests } from '../../src/cli/docs.ts'
import { checkProject, standardFolder } from '../../src/config/load.ts'

const project = `connections:
  businessCentral: { kind: business-central, tenant: t, company: c, auth: { method: managed-identity } }
  sales: { kind: dataverse, url: https://contoso.crm4.dynamics.com, auth: { method: managed-identity } }
use: standard@1
`

/** By file name. `folder` is an empty folder for a project that has nothing but the set. */
export async function standardPages(folder: string): Promise<ReadonlyMap<string, string>> {
  writeFileSync(join(folder, 'couplet.yaml'), project)
  const checked = await checkProject(folder, { env: {}, needSecrets: false })
  const tests = await projectTests(standardFolder, join(standardFolder, 'tests'))
  return projectPages(checked, {
    tests,
    shared: true,
    linkTo: (file) => file.replace(/^standard\//, '../../mappings/'),
  })
}
