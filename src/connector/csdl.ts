/**
 * Pure: the entity sets of a CSDL document as Business Central writes it. The document is generated and regular, so
 * its few elements are found by their tags.
 */
import type { Column } from '../core/record.ts'

export interface EntityType {
  readonly key: readonly string[]
  readonly properties: Readonly<Record<string, Column>>
}

const types: Readonly<Record<string, Column['type'] | undefined>> = {
  'Edm.String': 'text',
  'Edm.Guid': 'guid',
  'Edm.Byte': 'integer',
  'Edm.Int16': 'integer',
  'Edm.Int32': 'integer',
  'Edm.Int64': 'integer',
  'Edm.Decimal': 'decimal',
  'Edm.Double': 'decimal',
  'Edm.Boolean': 'boolean',
  'Edm.Date': 'date',
  'Edm.DateTimeOffset': 'dateTime',
  'Edm.Duration': 'text',
}

/** Entity set → its type. */
export function entityTypes(csdl: string): ReadonlyMap<string, EntityType> {
  const byName = new Map<string, EntityType>()
  for (const [, open = '', inner = ''] of csdl.matchAll(/<EntityType\b([^>]*?)(?:\/>|>([\s\S]*?)<\/EntityType>)/g)) {
    const name = attribute(open, 'Name')
    if (name !== undefined) byName.set(name, entityType(inner))
  }
  const sets = new Map<string, EntityType>()
  for (const [, open = ''] of csdl.matchAll(/<(?:EntitySet|Singleton)\b([^>]*?)\/?>/g)) {
    const name = attribute(open, 'Name')
    const type = byName.get(String(attribute(open, 'EntityType')).replace(/^.*\./, ''))
    if (name !== undefined && type !== undefined) sets.set(name, type)
  }
  return sets
}

function entityType(inner: string): EntityType {
  const key = /<Key>([\s\S]*?)<\/Key>/.exec(inner)?.[1] ?? ''
  const properties: Record<string, Column> = {}
  for (const [, open = '', within = ''] of inner.matchAll(/<Property\b([^>]*?)(?:\/>|>([\s\S]*?)<\/Property>)/g)) {
    const name = attribute(open, 'Name')
    const readOnly = /Core\.V1\.Computed/.test(within)
    // A picture is no value of a row: an answer has its address instead.
    const isStream = attribute(open, 'Type') === 'Edm.Stream'
    if (name !== undefined && !isStream) properties[name] = { ...column(open), ...(readOnly ? { readOnly } : {}) }
  }
  return {
    key: [...key.matchAll(/<PropertyRef\b([^>]*?)\/?>/g)].flatMap(([, open = '']) => attribute(open, 'Name') ?? []),
    properties,
  }
}

function column(open: string): Column {
  const type = String(attribute(open, 'Type'))
  // Whatever is no primitive is an enumeration of the page.
  const kind = types[type] ?? (type.startsWith('Edm.') ? 'text' : 'choice')
  const maxLength = Number(attribute(open, 'MaxLength'))
  const precision = Number(attribute(open, 'Scale'))
  return {
    type: kind,
    ...(kind === 'text' && maxLength > 0 ? { maxLength } : {}),
    ...(kind === 'decimal' && Number.isInteger(precision) ? { precision } : {}),
  }
}

const attribute = (open: string, name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(open)?.[1]
