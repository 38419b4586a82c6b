/** The standard jobs against the native ones: interval, sleep, and which mappings have none. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { durationMs } from '../../src/config/quantities.ts'

const root = join(import.meta.dirname, '..', '..')

interface NativeTable {
  readonly name: string
  readonly everyMinutes: number | null
  readonly inactivityMinutes: number | null
}
interface StandardJob {
  readonly mappings: readonly string[]
  readonly every: string
  readonly inactivity?: string
  readonly category?: string
}

const natives = JSON.parse(
  await readFile(join(root, 'data', 'native', 'table-mappings.json'), 'utf8'),
) as readonly NativeTable[]
const { jobs } = parse(await readFile(join(root, 'mappings', 'jobs.yaml'), 'utf8')) as {
  readonly jobs: Readonly<Record<string, StandardJob>>
}
const nativeOf = new Map<string, readonly string[]>()
for (const file of (await readdir(join(root, 'mappings'))).filter((name) => name.endsWith('.yaml'))) {
  const read = parse(await readFile(join(root, 'mappings', file), 'utf8')) as { mapping?: string; native?: unknown }
  if (read.mapping !== undefined) nativeOf.set(read.mapping, [read.native ?? []].flat() as string[])
}

t.test('T-01 each native mapping that has a job has it here, with its interval and its sleep', (t) => {
  let compared = 0
  for (const [mapping, names] of nativeOf) {
    const native = natives.find(({ name }) => names.includes(name))
    if (native === undefined || typeof native.everyMinutes !== 'number') continue
    const job = Object.values(jobs).find(({ mappings }) => mappings.includes(mapping))
    t.equal(durationMs(job?.every ?? '') ?? 0, native.everyMinutes * 60_000, `${mapping}: interval`)
    t.equal(durationMs(job?.inactivity ?? '') ?? 0, (native.inactivityMinutes ?? 0) * 60_000, `${mapping}: sleep`)
    compared += 1
  }
  t.ok(compared >= 12, `${compared} compared`)
  t.end()
})

const categoryOf = (mapping: string): string | undefined =>
  Object.values(jobs).find(({ mappings }) => mappings.includes(mapping))?.category

t.test('T-05 customers, vendors and contacts share a category, the choice columns another', (t) => {
  t.same(['customer-account', 'vendor-account', 'contact-contact'].map(categoryOf), [
    'companies',
    'companies',
    'companies',
  ])
  t.same(['payment-terms', 'shipment-method', 'shipping-agent'].map(categoryOf), ['choices', 'choices', 'choices'])
  t.end()
})

t.test('T-09 lines have no job of their own: they travel with their document', (t) => {
  const without = ['POSTEDSALESLINE-INV', 'SOLINE-ORDERDETAIL']
  for (const [job, { mappings }] of Object.entries(jobs))
    for (const mapping of mappings) {
      const names = nativeOf.get(mapping)
      t.ok(names, `${job}: ${mapping} is a mapping of the set`)
      t.notOk(names !== undefined && names.length > 0 && names.every((name) => without.includes(name)), mapping)
    }
  t.end()
})
