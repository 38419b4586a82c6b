/** Templates for new records become rows that are written at creation only, in the order in which they are tried. */
import type { BySide, Field, Settings, Side, Template } from './config.ts'
import { hashOf } from './hash.ts'
import { resolveLookup } from './resolve-row.ts'
import { towards } from './rules-rows.ts'
import type { MappingFile, TemplateValue } from './schema-types.ts'
import { fillSettings } from './setting-text.ts'
import { templatesOf, type WrittenTemplate } from './templates.ts'

/** The templates of a checked mapping. */
export function resolveDefaults(
  mapping: Pick<MappingFile, 'defaults'>,
  settings: Settings,
): BySide<readonly Template[]> {
  const on = (side: Side): readonly Template[] =>
    templatesOf(mapping)
      .filter((written) => written.on === side)
      // A stable sort: of the same priority, the first in the file.
      .sort((a, b) => (a.template.priority ?? 0) - (b.template.priority ?? 0))
      .map((written) => resolveTemplate(written, settings))
  return { businessCentral: on('businessCentral'), sales: on('sales') }
}

function resolveTemplate({ on, name, template }: WrittenTemplate, settings: Settings): Template {
  const { filter, wins = false, values } = template
  return {
    name,
    filter: filter === undefined ? undefined : fillSettings(filter, settings).text,
    wins,
    fields: Object.entries(values).map(([column, value]) =>
      fieldOf(on, `${name}.${column}`, { column, value, settings }),
    ),
  }
}

function fieldOf(
  on: Side,
  name: string,
  { column, value, settings }: { column: string; value: TemplateValue; settings: Settings },
): Field {
  const decided = {
    name,
    direction: towards(on),
    businessCentral: undefined,
    sales: undefined,
    [on]: column,
    compute: typeof value === 'object' && 'compute' in value ? { [towards(on)]: value.compute } : {},
    value: constantOf(value, settings),
    lookup: typeof value === 'object' && 'find' in value ? resolveLookup(value, settings) : undefined,
    blank: 'keep',
    blankDefault: undefined,
    on: 'create',
    step: 'main',
    type: undefined,
  } as const
  return {
    ...decided,
    whenUncoupled: { kind: 'hold' },
    optional: false,
    outside: false,
    refill: false,
    claim: false,
    cascade: false,
    reveal: false,
    conflicts: undefined,
    firstMatch: undefined,
    hash: hashOf(decided, 8),
  }
}

function constantOf(value: TemplateValue, settings: Settings): unknown {
  if (typeof value !== 'object') return value
  return 'setting' in value ? settings[value.setting] : undefined
}
