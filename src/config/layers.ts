/**
 * A value merged from several files, and where each part of it was written. The files hold the same paths; the first
 * one that knows a node wins, as in the merge.
 */
import type { ConfigProblem, Position } from '../errors.ts'
import { formatPath, isWithin, type Path } from './path.ts'
import type { Checked } from './schema-check.ts'

/** Where a rule found something wrong. */
export interface Finding {
  readonly path: Path
  readonly message: string
  /** Character of the text at `path`, from 0. */
  readonly offset?: number
  /** The key is what is wrong, not its value. */
  readonly key?: boolean
  readonly severity?: 'warning'
}

/** One of the files of a value. */
export type Layer = Pick<Checked<unknown>, 'source' | 'wrong'>

/** The files of a value, the one that wins first. */
export type Layers = readonly Layer[]

/** A finding with its place. Undefined where the schema has said already what is wrong there. */
function placed(finding: Finding, layers: Layers): ConfigProblem | undefined {
  const { path, message, severity } = finding
  if (layers.some(({ wrong }) => wrong.some((each) => isWithin(each, path)))) return undefined
  return { at: positionOf(finding, layers), path: formatPath(path), message, ...(severity && { severity }) }
}

/** Where a finding stands: at its node, or at the nearest node above it that some file has. */
export function positionOf({ path, offset, key }: Finding, layers: Layers): Position {
  const located = layers.map(({ source }) => ({ source, ...source.locate(path) }))
  const best = located.reduce((one, other) => (other.depth > one.depth ? other : one))
  if (best.depth < path.length) return best.source.locateKey(path.slice(0, best.depth))
  if (key === true) return best.source.locateKey(path)
  return offset === undefined ? best.position : best.source.locateWithin(path, offset)
}

/** Findings with their places, without those that the schema has told. */
export const placeAll = (findings: readonly Finding[], layers: Layers): readonly ConfigProblem[] =>
  findings.flatMap((finding) => placed(finding, layers) ?? [])
