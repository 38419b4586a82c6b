/** Rules about the two sides of a mapping, its matching and its policies. */
import { isColumn } from '../core/one.ts'
import { sides, travelsTo, type Side } from './config.ts'
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { entriesOf } from './merge.ts'
import type { Path } from './path.ts'
import { durationMs, parseLimit } from './quantities.ts'
import { towards } from './rules-rows.ts'
import type { Limits, MappingFile, Source } from './schema-types.ts'
import { didYouMean } from './suggest.ts'

/** Each side comes from exactly one place. */
export function checkSources({ value }: MappingDraft): readonly Finding[] {
  return sides.flatMap((side) => {
    const source = value[side]
    if (source === undefined)
      return [{ path: [], message: `"${side}" is missing: say which entity the mapping couples` }]
    return [...checkSource(side, source), ...checkAttached(side, source), ...checkWay(value, side)]
  })
}

/** A code and a label that both changed would have no winner; natively too options travel one way. */
function checkWay({ direction = 'both', sales }: MappingFile, side: Side): readonly Finding[] {
  if (side === 'businessCentral' || sales?.choice === undefined || direction !== 'both') return []
  const message = 'options of a choice travel one way: add direction: toSales or toBusinessCentral'
  return [{ path: ['sales', 'choice'], key: true, message }]
}

const kindKeys = ['entity', 'service', 'choice'] as const

function checkSource(side: Side, source: Source): readonly Finding[] {
  const path = [side]
  const kinds = kindKeys.filter((key) => source[key] !== undefined)
  const findings: Finding[] = []
  if (kinds.length > 1) findings.push({ path, message: `${kinds.join(' and ')} exclude each other` })
  if (kinds.length === 0 && source.constant === undefined)
    findings.push({ path, key: true, message: 'needs one of entity, service, choice or constant' })
  if (source.service !== undefined && (source.keys ?? []).length === 0)
    findings.push({ path: [side, 'service'], message: 'a published page needs `keys`: its key columns in order' })
  if (source.choice !== undefined && side !== 'sales')
    findings.push({ path: [side, 'choice'], key: true, message: 'only Sales has choice columns' })
  return [...findings, ...checkApi(path, source, side)]
}

function checkApi(
  path: Path,
  page: { api?: string; service?: string; entity?: string },
  side: Side,
): readonly Finding[] {
  if (page.api === undefined && (page.service === undefined || side === 'businessCentral')) return []
  const key = page.api === undefined ? 'service' : 'api'
  if (side !== 'businessCentral')
    return [{ path: [...path, key], key: true, message: 'only Business Central has published pages' }]
  return page.entity === undefined
    ? [{ path: [...path, 'api'], key: true, message: '`api` needs an `entity` beside it' }]
    : []
}

/** `with` pages and joins. */
function checkAttached(side: Side, source: Source): readonly Finding[] {
  const pages = entriesOf(source.with).flatMap(([name, page]) => {
    const path = [side, 'with', name]
    const linked =
      page.on === undefined && page.same === undefined ? [{ path, key: true, message: 'needs `on` or `same`' }] : []
    return [...linked, ...checkPage(path, page, side)]
  })
  const known = Object.keys(source.with ?? {})
  const joins = entriesOf(source.join).flatMap(([name, join]) => {
    const path = [side, 'join', name]
    const findings = [...checkPage(path, join, side), ...checkOn([...path, 'on'], join.on ?? {}, known)]
    if (join.parentKey !== undefined && join.under === undefined)
      findings.push({ path: [...path, 'parentKey'], key: true, message: 'has no effect without `under`' })
    if (join.many === true && join.latest !== undefined)
      findings.push({ path: [...path, 'latest'], key: true, message: '`latest` keeps one row, `many` all of them' })
    known.push(name)
    return findings
  })
  return [...pages, ...joins]
}

function checkPage(
  path: Path,
  page: { api?: string; service?: string; entity?: string },
  side: Side,
): readonly Finding[] {
  if ((page.entity === undefined) === (page.service === undefined))
    return [{ path, key: true, message: 'needs one of entity and service' }]
  return checkApi(path, page, side)
}

function checkOn(path: Path, on: Readonly<Record<string, string>>, known: readonly string[]): Finding[] {
  return Object.entries(on).flatMap(([column, from]) => {
    const [page, further] = from.split('.')
    if (further === undefined || page === undefined || known.includes(page)) return []
    return [
      {
        path: [...path, column],
        message: `neither a \`with\` page nor an earlier join is called "${page}"${didYouMean(page, known)}`,
      },
    ]
  })
}

/** Rows that become one record: only towards Sales, from an entity, and grouped by a column at least. */
export function checkOne({ value }: MappingDraft): readonly Finding[] {
  const { one, direction = 'both', businessCentral } = value
  if (one === undefined) return []
  const findings: Finding[] = []
  if (direction !== 'toSales')
    findings.push({ path: ['one'], key: true, message: 'rows become one only in a mapping that goes toSales' })
  for (const key of ['constant', 'recheck'] as const)
    if (businessCentral?.[key] !== undefined)
      findings.push({ path: ['one'], key: true, message: `\`one\` and \`${key}\` exclude each other` })
  if (!one.per.some(isColumn))
    findings.push({
      path: ['one', 'per'],
      message: 'needs at least one column: by it the rows of a group are asked for',
    })
  return findings
}

/** Groups of matching columns: as many on each side; `$row` names a row; a lookup stands for one of the columns. */
export function checkMatch({ value }: MappingDraft): readonly Finding[] {
  const rows = Object.keys(value.fields ?? {})
  return (value.match ?? []).flatMap((group, index) => {
    const path = ['match', index]
    const [bc, sales] = [group.businessCentral.length, group.sales.length]
    const unequal =
      bc === sales ? [] : [{ path, message: `${bc} columns of Business Central cannot agree with ${sales} of Sales` }]
    const lookups = Object.keys(group.lookup ?? {})
      .filter((column) => !group.businessCentral.includes(column))
      .map((column) => ({
        path: [...path, 'lookup', column],
        key: true,
        message: `"${column}" is not among the columns of Business Central`,
      }))
    const unknown = sides.flatMap((side) =>
      group[side].flatMap((column, at) => {
        const row = column.slice(1)
        if (!column.startsWith('$') || rows.includes(row)) return []
        return [{ path: [...path, side, at], message: `no field row is called "${row}"${didYouMean(row, rows)}` }]
      }),
    )
    return [...unequal, ...lookups, ...unknown]
  })
}

/** One-way mappings never delete or change their source; nothing is created against the direction. */
export function checkPolicies({ value }: MappingDraft): readonly Finding[] {
  const { direction = 'both', create, deletes = {} } = value
  if (direction === 'both') return []
  const source: Side = travelsTo(direction, 'sales') ? 'businessCentral' : 'sales'
  const [inSource, inTarget] =
    source === 'sales' ? (['inSales', 'inBusinessCentral'] as const) : (['inBusinessCentral', 'inSales'] as const)
  const findings: Finding[] = []
  if (deletes[inTarget] === 'delete')
    findings.push({
      path: ['deletes', inTarget],
      message: `would delete the source: the mapping goes ${direction}; use hold, uncouple or restore`,
    })
  if (deletes[inSource] === 'restore')
    findings.push({
      path: ['deletes', inSource],
      message: `would write the source: the mapping goes ${direction}; use hold, uncouple or delete`,
    })
  if (create === 'both' || create === towards(source))
    findings.push({
      path: ['create'],
      message: `the mapping goes ${direction}; nothing can be created ${towards(source)}`,
    })
  return findings
}

/** Limits and lengths of time of a mapping. */
export function checkQuantities({ value }: MappingDraft): readonly Finding[] {
  return [
    ...limitFindings(['limits'], value.limits),
    ...(badSweep(value) ? [{ path: ['deletes', 'sweep'], message: 'a sweep needs some time' }] : []),
  ]
}

const badSweep = ({ deletes }: MappingFile): boolean => deletes?.sweep !== undefined && durationMs(deletes.sweep) === 0

/** Limits are a number, a share, or both. */
function limitFindings(path: Path, limits: Limits | undefined): readonly Finding[] {
  return Object.entries(limits ?? {}).flatMap(([key, limit]) =>
    parseLimit(limit as string | number) === undefined
      ? [{ path: [...path, key], message: `"${String(limit)}" is no limit: write a number, "1 %" or "10 or 1 %"` }]
      : [],
  )
}

/** Limits of the project. */
export const checkProjectLimits = ({ project }: Draft): readonly Finding[] =>
  limitFindings(['limits'], project.value.limits)
