/** The mappings in the order of a run as a Mermaid graph, which GitHub draws; changed ones are marked. */
import type { Mapping } from '../config/config.ts'

/** How a mapping is marked. */
export type Mark = 'added' | 'changed' | 'removed'

/** Lines of a fenced diagram: an arrow from each mapping to those that run after it. Mappings switched off are left out unless marked. */
export function mappingGraph(mappings: readonly Mapping[], marks: ReadonlyMap<string, Mark>): readonly string[] {
  const shown = mappings.filter(({ name, enabled }) => enabled || marks.has(name))
  const ids = new Map(shown.map(({ name }, index) => [name, `m${index}`]))
  const nodes = shown.map(({ name }) => {
    const mark = marks.get(name)
    return `  ${ids.get(name) ?? ''}["${name}"]${mark === undefined ? '' : `:::${mark}`}`
  })
  const arrows = shown.flatMap(({ name, after }) =>
    after.flatMap((first) => (ids.has(first) ? [`  ${ids.get(first) ?? ''} --> ${ids.get(name) ?? ''}`] : [])),
  )
  return ['```mermaid', 'graph LR', ...nodes, ...arrows, ...(marks.size === 0 ? [] : styles), '```']
}

const styles = [
  '  classDef changed stroke:#bf8700,stroke-width:3px',
  '  classDef added stroke:#1a7f37,stroke-width:3px',
  '  classDef removed stroke:#cf222e,stroke-width:3px,stroke-dasharray:4',
]
