/** Which values a plan may show (P8): masked, unless a person asked to see them or the row is marked `reveal`. */
import type { PlannedField } from '../core/plan.ts'
import type { Canonical } from '../core/values.ts'

export const mask = '•••'

/** A value as it is shown; nothing shows as nothing, masked or not. */
export function shownValue(value: Canonical, visible: boolean): string | null {
  return value === null || visible ? value : mask
}

/** Both values of a planned field. */
export function shownField(
  field: PlannedField,
  showValues: boolean,
): { readonly before: string | null; readonly after: string | null } {
  const visible = showValues || field.reveal
  return { before: shownValue(field.before, visible), after: shownValue(field.after, visible) }
}
