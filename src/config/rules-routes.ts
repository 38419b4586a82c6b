/** A custom API page that a setting names: the mapping cannot run without it. */
import type { Config } from './config.ts'
import type { Draft } from './draft.ts'
import { placeAll } from './layers.ts'
import type { ConfigProblem } from '../errors.ts'
import { settingNamed } from './resolve-source.ts'

/** Mappings in use whose page is named by a setting that is missing or is no route. */
export function routeProblems(draft: Draft, { mappings, settings }: Config): readonly ConfigProblem[] {
  const inUse = new Set(mappings.filter(({ enabled }) => enabled).map(({ name }) => name))
  return draft.mappings.flatMap(({ name, value, layers }) => {
    const setting = inUse.has(name) ? settingNamed(value.businessCentral?.api ?? '') : undefined
    if (setting === undefined || isRoute(settings[setting])) return []
    const actions = Object.values({ ...value.businessCentral?.actions }).flatMap((byValue) => Object.values(byValue))
    const needs = actions.length === 0 ? '' : ` with the actions ${actions.join(' and ')}`
    const message =
      `needs a custom API page of Business Central${needs}: publish one (docs/order-page.md) and name its route ` +
      `in couplet.yaml, settings.${setting}: publisher/group/v1.0`
    return placeAll([{ path: ['businessCentral', 'api'], message }], layers)
  })
}

const isRoute = (value: unknown): boolean => typeof value === 'string' && /^[^/\s]+\/[^/\s]+\/[^/\s]+$/.test(value)
