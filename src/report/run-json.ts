/** The JSON document of a run: the contract of `couplet sync --json`. */
import type { RunTold } from './told.ts'

/** One plain object; problems carry `number` and `new` beside the fixed keys. */
export function runJson(run: RunTold): object {
  return {
    run: run.run,
    ok: run.ok,
    mappings: run.mappings.map((one) => ({
      mapping: one.mapping,
      direction: one.direction,
      created: one.created,
      updated: one.updated,
      deleted: one.deleted,
      coupled: one.coupled,
      uncoupled: one.uncoupled,
      unchanged: one.unchanged,
      held: one.held,
      failed: one.failed,
      requests: one.requests,
      ms: one.ms,
    })),
    problems: run.problems.map((problem) => ({
      mapping: problem.mapping,
      side: problem.side,
      id: problem.id ?? null,
      kind: problem.kind,
      message: problem.message,
      remedy: problem.remedy,
      number: problem.number ?? null,
      new: problem.isNew,
    })),
  }
}
