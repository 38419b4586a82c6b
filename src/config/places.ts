/** Where in a project's files something stands that is told of its resolved configuration. */
import type { Position } from '../errors.ts'
import type { BySide } from './config.ts'
import type { Draft } from './draft.ts'
import { positionOf, type Layers } from './layers.ts'
import type { Path } from './path.ts'

/** Names a node: a path in the project file, in the jobs, or in the files of a mapping. */
export interface Sought {
  readonly file: 'project' | 'jobs' | 'mapping'
  readonly mapping: string | undefined
  readonly path: Path
}

/** Finds what was read in the files that it was read from. */
export interface Places {
  /** The node, or the nearest above it; undefined where the project has no such file. */
  locate(sought: Sought): Position | undefined
  /** The connections as they are written: references stay references. */
  readonly connections: BySide<unknown>
}

const isThere = (layers: Layers, path: Path): boolean =>
  path.length > 0 && layers.some(({ source }) => source.locate(path).depth === path.length)

/** The places of a project that was put together. */
export function placesOf(draft: Draft): Places {
  const files = new Map(draft.mappings.map(({ name, layers }) => [name, layers]))
  const layersOf = ({ file, mapping }: Sought): Layers | undefined =>
    file === 'mapping' ? files.get(mapping as string) : draft[file].layers
  const written: Partial<BySide<unknown>> = draft.project.value.connections ?? {}
  return {
    connections: { businessCentral: written.businessCentral, sales: written.sales },
    locate: (sought) => {
      // A mapping is switched off and on in the project file as well as in its own.
      const ofProject: Path = ['mappings', sought.mapping ?? '']
      const isSwitch = sought.file === 'mapping' && sought.path.length === 0
      const inProject = draft.project.layers.find(({ source }) => isSwitch && source.locate(ofProject).depth === 2)
      if (inProject !== undefined) return inProject.source.locateKey(ofProject)
      const layers = layersOf(sought)
      const project = draft.project.layers
      if (layers !== undefined && !isThere(layers, sought.path) && isThere(project, sought.path))
        return positionOf({ path: sought.path, message: '', key: true }, project)
      return layers === undefined || layers.length === 0
        ? undefined
        : positionOf({ path: sought.path, message: '', key: true }, layers)
    },
  }
}
