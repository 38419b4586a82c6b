/** What a side's filter comes to for one service and one run: which conditions hold there, and what can be sent. */
import type { Side, Source } from '../config/config.ts'
import { boundFilter, coupledIn, withBlanks } from './filter-binding.ts'
import { type ParsedFilter, bothFilters, filterColumns, parseFilter, printFilter } from './filter.ts'
import type { Description } from './record.ts'

/** The key in Sales of the one record that a mapping has coupled. */
export type CoupledKey = (mapping: string) => string | undefined

/** Names of the columns that a filter reads. */
export const columnsOf = (filter: ParsedFilter | undefined): readonly string[] =>
  filter === undefined ? [] : filterColumns(filter).map(({ name }) => name)

/** The side's filter with those of its conditions whose columns the service has. */
function filterText({ filter, conditions }: Source, { columns }: Description): string | undefined {
  const known = (condition: string): boolean =>
    columnsOf(parseFilter(condition)).every((name) => columns[name] !== undefined)
  return bothFilters(filter, ...conditions.filter(known))
}

/** The filter of a side in its words, with what other mappings have coupled filled in. */
export function sideFilter(
  side: Side,
  source: Source,
  description: Description,
  coupledKey: CoupledKey,
): ParsedFilter | undefined {
  const text = filterText(source, description)
  return text === undefined
    ? undefined
    : withBlanks(boundFilter(parseFilter(text), coupledKey), side, description.columns)
}

/** Columns of the main entity that optional conditions of a side name: only the service can tell whether it has them. */
export const conditionColumns = ({ conditions }: Source): readonly string[] =>
  conditions.flatMap((condition) => columnsOf(parseFilter(condition)))

/** The mappings whose one coupling the filters of a side speak of, by the conditions that the service can answer. */
export function coupledMappings(source: Source, description: Description): readonly string[] {
  const text = filterText(source, description)
  return text === undefined ? [] : coupledIn(parseFilter(text))
}

/** As much of a filter as the service can judge by the row alone; the rest, over the pages and joins in `extra`, is judged here. */
export function sendable(filter: ParsedFilter, extra: ReadonlySet<string>): string | undefined {
  const isOwn = (part: ParsedFilter): boolean =>
    columnsOf(part).every((name) => !name.includes('.') || !extra.has(name.slice(0, name.indexOf('.'))))
  if (isOwn(filter)) return printFilter(filter)
  return bothFilters(...conjuncts(filter).filter(isOwn).map(printFilter))
}

/** The tests that must all hold. */
const conjuncts = (filter: ParsedFilter): readonly ParsedFilter[] =>
  filter.kind === 'and' ? filter.terms.flatMap(conjuncts) : [filter]
