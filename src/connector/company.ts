/** The company a connection works in, found once by its name. */
import type { Connection } from '../config/config.ts'
import { ConnectorError } from '../errors.ts'
import { companiesAddress, urlOf } from './address.ts'
import type { Company } from './address.ts'
import type { Service } from './service.ts'
import { wholeList } from './whole-list.ts'

/** Asked once, and again only when asking failed. Throws ConnectorError 'gone' that lists the companies there are. */
export function companyFinder(connection: Connection, service: Service): () => Promise<Company> {
  let found: Promise<Company> | undefined
  return () => {
    found ??= find(connection, service).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }
}

async function find(connection: Connection, service: Service): Promise<Company> {
  const url = urlOf(companiesAddress(connection), { $select: 'id,name,displayName' })
  const companies = listed(await service.get(url, 'companies').catch(noEnvironment(connection)))
  const wanted = connection.company
  const matches = wanted === undefined ? companies : companies.filter((company) => isCalled(company, wanted))
  const [only] = matches
  if (matches.length === 1 && only !== undefined) return { id: only.id.toLowerCase(), name: only.name }
  const names = companies.map((company) => company.name).join(', ') || 'none'
  throw new ConnectorError('businessCentral', 'gone', {
    message:
      wanted === undefined
        ? `the environment has ${companies.length} companies and the connection names none`
        : `the environment has no company called ${wanted}`,
    remedy: `Set \`company\` of the connection to one of: ${names}`,
  })
}

/** Every environment has companies: where there is no such list, the address leads to no environment. */
const noEnvironment =
  (connection: Connection) =>
  (error: unknown): never => {
    if (!(error instanceof ConnectorError) || error.fault !== 'gone') throw error
    throw new ConnectorError('businessCentral', 'gone', {
      code: error.code,
      message: `there is no Business Central environment at ${connection.url}`,
      remedy: 'Check `tenant` and `environment` of the connection, or its `url`, which ends before /api.',
    })
  }

interface Listed extends Company {
  readonly displayName: string | undefined
}

const isCalled = (company: Listed, wanted: string): boolean =>
  [company.name, company.id, company.displayName].some((name) => name?.toLowerCase() === wanted.toLowerCase())

function listed(body: unknown): readonly Listed[] {
  const value: unknown = typeof body === 'object' && body !== null ? (body as { value?: unknown }).value : undefined
  if (Array.isArray(value)) {
    const wanted = { name: 'value', what: 'companies', texts: ['id', 'name'], maybe: ['displayName'] }
    return wholeList('businessCentral', body, wanted) as readonly Listed[]
  }
  throw new ConnectorError('businessCentral', 'broken', {
    message: 'Business Central gave no list of companies',
    remedy: 'Check `url` of the connection: it ends before /api.',
  })
}
