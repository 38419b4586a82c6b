/** Names of mappings as arguments. */
import type { Config, Mapping } from '../config/config.ts'
import { UsageError } from './usage-error.ts'
import { didYouMean } from './did-you-mean.ts'

/** The mapping of that name. Throws UsageError, naming the nearest one. */
export function mappingNamed(config: Config, name: string): Mapping {
  const found = config.mappings.find((mapping) => mapping.name === name)
  if (found !== undefined) return found
  const names = config.mappings.map((mapping) => mapping.name)
  throw new UsageError(`No mapping is called "${name}"${didYouMean(name, names)}.`, `There are: ${names.join(', ')}`)
}

/** Checks names that were given; all enabled mappings, in the order of a run, when none were. */
export function mappingsNamed(config: Config, names: readonly string[]): readonly Mapping[] {
  if (names.length === 0) return config.mappings.filter(({ enabled }) => enabled)
  const found = names.map((name) => mappingNamed(config, name))
  return config.mappings.filter((mapping) => found.includes(mapping))
}
