/** Settings of a project are free names: one that nothing reads and that is nearly a known one is a slip of the hand. */
import type { Draft, MappingDraft } from './draft.ts'
import type { Finding } from './layers.ts'
import { settingsOf } from './setting-values.ts'
import { didYouMean } from './suggest.ts'

/** Settings that Couplet itself reads. */
const ownSettings: readonly string[] = [...Object.keys(settingsOf({})), 'defaultTeam']

/** A warning for each name under `settings` that no mapping reads and that is near to one which is read. */
export function checkSettings({ project, mappings, names }: Draft): readonly Finding[] {
  const isWhole = mappings.length === names.length && mappings.every(({ incomplete }) => !incomplete)
  // What a mapping that could not be read speaks of is not known.
  if (!isWhole) return []
  const known = [...new Set([...ownSettings, ...mappings.flatMap(settingsReadBy)])]
  return Object.keys(project.value.settings ?? {}).flatMap((name) => {
    const near = known.includes(name) ? '' : didYouMean(name, known)
    if (near === '') return []
    const message = `nothing reads the setting "${name}"${near}`
    return [{ path: ['settings', name], message, key: true, severity: 'warning' as const }]
  })
}

/** `$settings.NAME` of expressions and `{settings.NAME}` of filters and addresses. */
const settingsReadBy = ({ value, shared }: MappingDraft): readonly string[] =>
  [...JSON.stringify([value, shared]).matchAll(/\bsettings\.`?([\w-]+)/g)].map(([, name = '']) => name)
