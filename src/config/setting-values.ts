/** Settings with their defaults, and conditions over them. */
import { compileExpression, ExpressionError } from '../core/expression.ts'
import { checkExpression } from '../core/expression-check.ts'
import type { Settings } from './config.ts'
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { filtersOf } from './mapping-texts.ts'
import { entriesOf } from './merge.ts'
import { coupledNames } from './setting-text.ts'
import { goesNowhere, rowsOf } from './rules-rows.ts'
import type { Condition, FieldRow, IncludeFile, ProjectFile, Source } from './schema-types.ts'

/** The project's settings with every default filled in. */
export function settingsOf({ settings = {} }: ProjectFile): Settings {
  return {
    ...settings,
    ownership: settings.ownership ?? 'person',
    unitGroups: settings.unitGroups ?? true,
    pricing: settings.pricing ?? 'extended',
    salesOrders: settings.salesOrders ?? 'off',
    company: settings.company ?? 'own',
    timeZone: settings.timeZone ?? 'UTC',
    localCurrency: settings.localCurrency,
    attempts: settings.attempts ?? 8,
  }
}

/** A time zone that this machine knows. */
export function checkTimeZone({ project }: Draft): readonly Finding[] {
  const { timeZone } = project.value.settings ?? {}
  if (timeZone === undefined || isTimeZone(timeZone)) return []
  return [
    { path: ['settings', 'timeZone'], message: `"${timeZone}" is no IANA time zone; write one like Europe/Berlin` },
  ]
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** What a condition says; the error where it fails. */
async function answerTo(condition: string, settings: Settings): Promise<unknown> {
  try {
    return await compileExpression(condition).evaluate({}, { settings })
  } catch (error) {
    return error
  }
}

/** Whether a condition holds. One that is wrong or fails is taken to hold: the rules tell what is wrong with it. */
async function holds(condition: string | undefined, settings: Settings): Promise<boolean> {
  if (condition === undefined || checkExpression(condition).length > 0) return true
  const answer = await answerTo(condition, settings)
  return answer === true || answer instanceof ExpressionError
}

/** Why a condition cannot be answered with these settings; undefined where it can, and where it is wrong by itself. */
export async function failureOf(condition: string, settings: Settings): Promise<ExpressionError | undefined> {
  const answer = checkExpression(condition).length > 0 ? undefined : await answerTo(condition, settings)
  return answer instanceof ExpressionError ? answer : undefined
}

/** A shared set whose condition holds. */
export const isInUse = (shared: IncludeFile, settings: Settings): Promise<boolean> => holds(shared.when, settings)

/** The rows that are in use: neither switched off, left out by their condition, nor without a way to go. */
export async function rowsInUse(
  { value }: MappingDraft,
  settings: Settings,
): Promise<readonly (readonly [string, FieldRow])[]> {
  const asked = await Promise.all(
    rowsOf(value).map(async ([name, row]) => ({
      name,
      row,
      use: row.enabled !== false && !goesNowhere(row, value.direction ?? 'both') && (await holds(row.when, settings)),
    })),
  )
  return asked.filter(({ use }) => use).map(({ name, row }) => [name, row] as const)
}

/** Conditions of a side that are in use, in the order in which they stand. */
export async function conditionsInUse(source: Source | undefined, settings: Settings): Promise<readonly Condition[]> {
  const written = entriesOf(source?.conditions).map(([, condition]) => condition)
  const used = await Promise.all(written.map((condition) => holds(condition.when, settings)))
  return written.filter((_, index) => used[index])
}

/** The mappings that those which couplet.yaml lists cannot do without: what they couple decides what a filter admits. */
export function neededMappings(
  mappings: readonly MappingDraft[],
  { mappings: listed }: ProjectFile,
): ReadonlySet<string> {
  if (!Array.isArray(listed)) return new Set()
  const chosen = mappings.filter(({ name }) => listed.includes(name))
  return new Set(chosen.flatMap(({ value }) => filtersOf(value).flatMap(({ text }) => coupledNames(text))))
}

/** Why a mapping is switched off; undefined where it is on. The project's own switch counts before the mapping's. */
export async function switchedOff(
  mapping: MappingDraft,
  { value: project, needed }: { readonly value: ProjectFile; readonly needed: ReadonlySet<string> },
  settings: Settings,
): Promise<string | undefined> {
  const { mappings } = project
  const { name, value } = mapping
  if (Array.isArray(mappings) && !mappings.includes(name) && !needed.has(name))
    return 'not among the mappings that couplet.yaml lists'
  const own = Array.isArray(mappings) ? {} : (mappings?.[name] ?? {})
  const { enabled, reason = 'switched off' } = { ...value, ...own }
  if (enabled === false) return reason
  return (await holds(value.when, settings)) ? undefined : `the settings switch it off: ${value.when}`
}
