/**
 * The lines of a document. For the rules and for resolving they are a mapping of their own, so that a row of a line is
 * checked and read exactly as a row of a header.
 */
import {
  type Direction,
  type EntityRef,
  type Join,
  type LineSide,
  type Lines,
  type Mapping,
  type Side,
  sides,
  travelsTo,
} from './config.ts'
import type { Finding } from './layers.ts'
import { towards } from './rules-rows.ts'
import type { LineSource, MappingFile, Source } from './schema-types.ts'

type LinesFile = NonNullable<MappingFile['lines']>

/** The lines of a mapping as a mapping; undefined where it has none. */
export const linesOf = (mapping: MappingFile): MappingFile | undefined =>
  mapping.lines && linesBelow(mapping, mapping.lines)

/** Lines as a mapping: what they do not say themselves they have from their header. */
export const linesBelow = (header: MappingFile, lines: LinesFile): MappingFile => ({
  ...picked(header, ['direction', 'firstMatch', 'conflicts']),
  ...picked(lines, ['direction', 'match', 'firstMatch', 'conflicts']),
  businessCentral: sourceOf(lines.businessCentral),
  sales: sourceOf(lines.sales),
  fields: { ...lines.fields },
})

const sourceOf = (source: LineSource = {}): Source => picked(source, ['entity', 'api', 'filter'])

/** These of the keys that are written. */
const picked = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> =>
  Object.fromEntries(keys.filter((key) => Object.hasOwn(from, key)).map((key) => [key, from[key]])) as Pick<T, K>

/** What lines need beside what every mapping needs. */
export function checkLines({ value }: { readonly value: MappingFile }): readonly Finding[] {
  const { lines } = value
  if (lines === undefined) return []
  const ofSides = [...sides.flatMap((side) => checkSide(side, lines[side])), ...neverUsed(lines, value.direction)]
  const empty = Object.keys({ ...lines.fields }).length === 0
  return empty ? [...ofSides, { path: ['lines'], key: true, message: 'needs `fields`: what a line carries' }] : ofSides
}

/** An expression for a side that lines do not travel to. */
function neverUsed({ direction, compute }: LinesFile, whole: Direction = 'both'): Finding[] {
  const way = direction ?? whole
  const unused = sides.filter((side) => compute?.[towards(side)] !== undefined && !travelsTo(way, side))
  return unused.map((side) => ({
    path: ['lines', 'compute', towards(side)],
    key: true,
    message: `never used: lines go ${way}`,
  }))
}

function checkSide(side: Side, source: LineSource | undefined): readonly Finding[] {
  const path = ['lines', side]
  if (source === undefined) return [{ path: ['lines'], key: true, message: `needs \`${side}\`: where its lines stand` }]
  const lacking = (['entity', 'parent'] as const).filter((key) => source[key] === undefined)
  const findings: Finding[] = lacking.map((key) => ({ path, key: true, message: `needs \`${key}\`` }))
  if (source.number !== undefined && source.order === undefined)
    findings.push({ path: [...path, 'number'], key: true, message: 'needs `order`: the column that is numbered' })
  if (source.under !== undefined && side === 'sales')
    findings.push({
      path: [...path, 'under'],
      key: true,
      message: 'only Business Central reads lines below a document',
    })
  return findings
}

/** The lines of a checked mapping below its header; `mapping` is what resolving made of them. */
export function resolveLines(header: MappingFile, lines: LinesFile, mapping: Mapping): Lines {
  const placed = {
    ...mapping,
    businessCentral: { ...mapping.businessCentral, entity: lineEntity(header, lines, mapping) },
  }
  return {
    mapping: placed,
    sides: { businessCentral: lineSide(lines.businessCentral), sales: lineSide(lines.sales) },
    compute: { ...lines.compute },
    on: lines.on ?? 'always',
  }
}

const lineSide = ({ parent = '', order, number, select = [] }: LineSource = {}): LineSide => ({
  parent,
  order,
  number,
  select,
})

/** Business Central shows the lines of its standard documents below their document only. */
function lineEntity(header: MappingFile, lines: LinesFile, mapping: Mapping): EntityRef | undefined {
  const { entity } = mapping.businessCentral
  if (entity?.kind !== 'standard') return entity
  const { under, parent } = { under: header.businessCentral?.entity, ...lines.businessCentral }
  return { kind: 'child', entity: entity.entity, parent: under as string, parentKey: parent }
}

/** The lines as rows that are attached to their document. */
export function joinOf(lines: Lines, side: Side): Join {
  const entity = lines.mapping[side].entity as EntityRef
  return {
    name: 'lines',
    entity,
    on: { [lines.sides[side].parent]: '$id' },
    where: undefined,
    latest: undefined,
    many: true,
    triggers: false,
    select: lines.sides[side].select,
    optional: false,
    areLines: true,
  }
}
