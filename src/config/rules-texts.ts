/** Rules about the expressions and filters inside a mapping. */
import { checkExpression, knownNames } from '../core/expression-check.ts'
import { compileExpression, type Expression } from '../core/expression.ts'
import { filterColumns, type FilterSyntaxError, parseFilter, type ParsedFilter } from '../core/filter.ts'
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { expressionsOf, filtersOf, type ExpressionText, type FilterText } from './mapping-texts.ts'
import { coupledNames, fillSettings } from './setting-text.ts'
import { didYouMean } from './suggest.ts'

/** JSONata: syntax, unknown names, what is refused, and conditions that ask for a row. */
export function checkExpressions({ value }: MappingDraft, { names }: Draft): readonly Finding[] {
  return expressionsOf(value).flatMap((text) => {
    const problems = checkExpression(text.text)
    if (problems.length > 0)
      return problems.map(({ message, position, unknown }) => ({
        path: text.path,
        message: `${message}${unknown === undefined ? '' : didYouMean(unknown, knownNames)}`,
        offset: position,
      }))
    const expression = compileExpression(text.text)
    return [
      ...readsNoRow(text, expression),
      ...knowsNoCompany(text, expression),
      ...namesMappings(text, expression, names),
    ]
  })
}

function readsNoRow({ path, reads }: ExpressionText, { columns }: Expression): readonly Finding[] {
  const [column] = columns
  if (reads !== undefined || column === undefined) return []
  return [{ path, message: `only $settings is known here, not "${column}"` }]
}

/** Conditions are asked before a run knows its company. */
function knowsNoCompany({ path }: ExpressionText, { variables }: Expression): readonly Finding[] {
  if (!path.includes('when')) return []
  const found = variables.find(({ name }) => name === 'company')
  return found === undefined ? [] : [{ path, offset: found.position, message: 'only $settings is known here' }]
}

/** `$coupled('name', …)` and `$option('name', …)` with the name of a mapping that is not there. */
function namesMappings({ path }: ExpressionText, { calls }: Expression, names: readonly string[]): readonly Finding[] {
  return calls
    .filter(({ name }) => name === 'coupled' || name === 'option' || name === 'key')
    .flatMap(({ name, position, arguments: [first] }) => {
      if (first?.type !== 'string')
        return [{ path, offset: position, message: `$${name} needs a mapping's name in quotes first` }]
      const mapping = String(first.value)
      if (names.includes(mapping)) return []
      const offset = Math.max(0, (first.position as number) - mapping.length - 1)
      return [{ path, offset, message: `no mapping is called "${mapping}"${didYouMean(mapping, names)}` }]
    })
}

/** OData filters: syntax, and what Business Central refuses. */
export function checkFilters({ value }: MappingDraft, { project }: Draft): readonly Finding[] {
  const settings = project.value.settings ?? {}
  return filtersOf(value).flatMap((filter) => checkFilter(filter, settings))
}

/** `{coupled.NAME}` with the name of a mapping that is not there, or where Business Central would read it. */
export function checkCoupled({ value }: MappingDraft, { names }: Draft): readonly Finding[] {
  return filtersOf(value).flatMap(({ path, text, side }) => {
    const unknown = coupledNames(text).filter((name) => !names.includes(name))
    const findings = unknown.map((name) => ({
      path,
      message: `no mapping is called "${name}"${didYouMean(name, names)}`,
    }))
    const misplaced = side === 'businessCentral' && /\{coupled\./.test(text)
    return misplaced ? [...findings, { path, message: '{coupled.…} is the key of a record of Sales' }] : findings
  })
}

/** What is wrong with one filter. */
export function checkFilter(
  { path, text, side, sent }: FilterText,
  settings: Readonly<Record<string, unknown>>,
): readonly Finding[] {
  const { text: filled, offsetAsWritten } = fillSettings(text, settings)
  try {
    const parsed = parseFilter(filled)
    const offset = sent !== false && side === 'businessCentral' ? mixedOr(parsed) : undefined
    if (offset === undefined) return []
    const message = 'Business Central refuses "or" between two columns; use "in", one column, or two mappings'
    return [{ path, offset: offsetAsWritten(offset), message }]
  } catch (error) {
    const { offset, message } = error as FilterSyntaxError
    return [{ path, offset: offsetAsWritten(offset), message: `not a filter: ${message}` }]
  }
}

/** Where an `or` joins tests of more than one column. */
function mixedOr(filter: ParsedFilter): number | undefined {
  if (filter.kind === 'not') return mixedOr(filter.term)
  if (filter.kind !== 'and' && filter.kind !== 'or') return undefined
  const columns = new Set(filterColumns(filter).map(({ name }) => name))
  if (filter.kind === 'or' && columns.size > 1) return filter.offset
  return filter.terms.map(mixedOr).find((offset) => offset !== undefined)
}
