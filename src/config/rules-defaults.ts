/** Rules about templates for new records. */
import { travelsTo } from './config.ts'
import type { MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { readBy, templatePath, templatesOf, type WrittenTemplate } from './templates.ts'

/** Templates for a side to which nothing travels, and templates behind one that takes every record. */
export function checkDefaults({ value }: MappingDraft): readonly Finding[] {
  const { direction = 'both' } = value
  const written = templatesOf(value)
  const idle = written
    .filter(({ on }) => !travelsTo(direction, on))
    .map((template) => ({
      path: templatePath(template),
      key: true,
      message: `never used: the mapping goes ${direction}, so nothing is created from ${readBy(template) === 'sales' ? 'Sales' : 'Business Central'}`,
    }))
  return [...idle, ...hidden(written)]
}

/** The first template without a filter takes every record that comes to it. */
function hidden(written: readonly WrittenTemplate[]): readonly Finding[] {
  return written.flatMap((template) => {
    const before = written.find((other) => other.on === template.on && takesAllBefore(other, template, written))
    if (before === undefined) return []
    const message = `never used: "${before.name}" comes first and has no filter; give this one a smaller priority`
    return [{ path: templatePath(template), key: true, message }]
  })
}

function takesAllBefore(one: WrittenTemplate, other: WrittenTemplate, written: readonly WrittenTemplate[]): boolean {
  if (one === other || one.template.filter !== undefined) return false
  const [a, b] = [one.template.priority ?? 0, other.template.priority ?? 0]
  return a < b || (a === b && written.indexOf(one) < written.indexOf(other))
}
