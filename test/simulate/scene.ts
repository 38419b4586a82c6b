/** A place where stories play: the services opened once, mappings, and what people do there. */
import type { Test } from 'tap'
import type { Config, Mapping, Side } from '../../src/config/config.ts'
import type { RunOptions, RunReport } from '../../src/engine/run.ts'
import type { Store } from '../../src/store/store.ts'
import type { Row } from '../../src/simulator/table.ts'
import { type Stage, type StageOptions, idOf } from '../engine/stage.ts'
import type { Picture } from './ledger.ts'
import type { Deed, Story } from './story.ts'

/** Records that one mapping keeps in step. */
export interface Kind {
  readonly mapping: string
  /** Those of a side that take part. */
  readonly records: (side: Side) => readonly Row[]
  /** A record says itself that it had a partner, and is not given another. */
  readonly hadPartner?: (row: Row) => boolean
  /** It was begun by a runner and not finished, and stands outside the filter as it is. */
  readonly isBegun?: (row: Row) => boolean
  /** It stands outside the filter: what it belonged to is gone. */
  readonly isLeft?: (side: Side, row: Row) => boolean
}

export interface Scene {
  readonly on: Stage
  readonly kinds: readonly Kind[]
  /** Fields that name another record. What is gone can be named no more, and is named again when it is back. */
  readonly references: ReadonlySet<string>
  /** Fields in which a blank leaves the other side as it is (`blank: keep`). */
  readonly keeping?: ReadonlySet<string>
  /** Fields by the names of their rows in the mappings, where these are others. */
  readonly fieldsOf?: Readonly<Record<string, string>>
  /** Records are written in several steps: a write without an answer is one whose last step has none. */
  readonly isStepwise?: boolean
  /** Requests at most: of a run after one with nothing to do (more for each record that waits), and of any run. */
  readonly most: { readonly calm: number; readonly any: number }
  readonly run: (story: Story, options?: Partial<RunOptions>) => Promise<RunReport>
  /** A memory that knows what the scene takes for granted. */
  readonly freshStore: () => Promise<Store>
  /** What stands on one side before the story begins, and is coupled then. */
  readonly begin: (story: Story) => void
  /** A person does something, where there is something to do it to. */
  readonly act: (deed: Deed) => void
  /** People end what they have begun. */
  readonly settle?: () => void
  /** Everything that people see on a side. */
  readonly picture: (side: Side) => Picture
  /** What else is wrong in the end. */
  readonly wrongs?: () => readonly string[]
}

export type OpenScene = (t: Test, options: StageOptions) => Promise<Scene>

/** Of each pair of policies and edition one configuration, as a process reads its own once. */
export function perPolicies(make: (story: Story) => Config): (story: Story) => Config {
  const made = new Map<string, Config>()
  return (story) => {
    const name = `${story.conflicts} ${story.deletes} ${story.edition ?? 0}`
    const config = made.get(name) ?? inEdition(make(story), story.edition ?? 0)
    made.set(name, config)
    return config
  }
}

const inEdition = (config: Config, edition: number): Config => ({
  ...config,
  hash: `${config.hash} ${edition}`,
  mappings: config.mappings.map((one) => ({ ...one, hash: `${one.hash} ${edition}` })),
})

const no = { count: undefined, share: undefined }
/** So few records are soon all written in one run. */
export const unlimited: Mapping['limits'] = { deletes: no, updates: no, creates: no }

/** The same ids in every playing of a story, so that traces can be compared. */
export const recordId = (kind: number, n: number): string =>
  `00000000-0000-4000-80${String(kind).padStart(2, '0')}-${String(n).padStart(12, '0')}`

export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** When a row was written last, and the number of that write. */
export function stampOf(
  { simulator }: Pick<Stage, 'simulator'>,
  { side, set }: { readonly side: Side; readonly set: string },
  row: Row,
): { readonly modified: string; readonly version: number } {
  const key = textOf(row['salesorderdetailid'] ?? idOf(row))
  return {
    modified: textOf(row['lastModifiedDateTime'] ?? row['modifiedon']),
    version: simulator[side].service.table(set)?.get(key)?.version ?? 0,
  }
}
