/**
 * Business Central's collections that answer only below a parent: document lines, contact information. The rows of many
 * parents are read in batches. Dataverse knows no such thing: its lines are ordinary tables.
 */
import type { EntityRef } from '../config/config.ts'
import { below, urlOf } from './address.ts'
import type { Query } from './connector.ts'
import { gather } from './gather.ts'
import type { Ask } from './gather.ts'
import { pages } from './pages.ts'
import type { RawPage } from './pages.ts'
import { literal } from './query.ts'
import { wholeList } from './whole-list.ts'
import { readOptions } from './reach.ts'
import type { Reach } from './reach.ts'
import type { Shape } from './rows.ts'

type Child = Extract<EntityRef, { readonly kind: 'child' }>

/** True where rows must be asked for parent by parent. */
export const isChild = (reach: Reach, entity: EntityRef): entity is Child =>
  entity.kind === 'child' && reach.dialect.side === 'businessCentral'

/** The column whose value names the parent: the parent key, or the parent's name where rows do not carry one. */
export const parentColumn = (entity: Child): string => entity.parentKey ?? entity.parent

/** The rows below these parents; below all parents there are when none are named. */
export async function childRows(
  reach: Reach,
  query: Query,
  { shape, parents }: { readonly shape: Shape; readonly parents: readonly string[] | undefined },
): Promise<readonly unknown[]> {
  const entity = query.entity
  if (entity.kind !== 'child') return []
  const ids = parents ?? (await allParents(reach, entity))
  const address = await reach.address(entity)
  const parent = await reach.address({ kind: 'standard', entity: entity.parent })
  const asks = ids.map((id): Ask => {
    if (entity.parentKey === undefined)
      return { address: below(parent, id, entity.entity), options: readOptions(shape, query.filter), what: shape.what }
    const filter = `${entity.parentKey} eq ${literal(id, shape.description.columns[entity.parentKey] ?? { type: 'guid' })}`
    return { address, options: readOptions(shape, filter, query.filter), what: shape.what }
  })
  return (await gather(reach, asks)).flat()
}

function idsIn({ dialect }: Reach, page: RawPage, what: string): readonly string[] {
  const rows = wholeList(dialect.side, { rows: page.rows }, { name: 'rows', what, texts: ['id'] })
  return rows.map((row) => (row as { readonly id: string }).id)
}

async function allParents(reach: Reach, entity: Child): Promise<readonly string[]> {
  const address = await reach.address({ kind: 'standard', entity: entity.parent })
  const ids: string[] = []
  for await (const page of pages(reach, urlOf(address, { $select: 'id' }), { what: entity.parent }))
    ids.push(...idsIn(reach, page, entity.parent))
  return ids
}
