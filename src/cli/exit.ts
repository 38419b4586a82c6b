/** The one place where errors become exit codes and texts for people. */
import type { Side } from '../config/config.ts'
import { ConfigError, ConnectorError, LockedError, RemoteError, StateError, UnsafePlanError } from '../errors.ts'
import type { ConfigProblem } from '../errors.ts'
import { errorAnnotation, problemAnnotations, stoppedMarkdown } from '../report/github.ts'
import type { Paint } from '../report/paint.ts'
import { problemsText } from '../report/problems.ts'
import { sideName } from '../report/words.ts'
import { addSummary, fromRepository, isGitHub } from './github.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** 0 done; 1 done, but records wait; 2 files or arguments are wrong; 3 a service refused or was not reached; 4 stopped by a safety limit; 5 another runner holds the lock; 10 a plan has something to do; 70 a bug. */
export const exits = { done: 0, waiting: 1, wrong: 2, refused: 3, unsafe: 4, locked: 5, toDo: 10, bug: 70 } as const

/** An error as it is told, with its exit code and the annotations that GitHub Actions shows. */
export interface Ending {
  readonly code: number
  readonly text: string
  readonly annotations: readonly string[]
  /** What the summary of the step says of it. */
  readonly summary?: string
  /** What `--json` prints instead of the command's own document. */
  readonly document: object
}

/** What an error means for the person who gave the command. `annotated`: problems of files as annotations place them. */
export function endingOf(
  error: unknown,
  paint: Paint,
  annotated = (problems: readonly ConfigProblem[]): readonly ConfigProblem[] => problems,
): Ending {
  if (error instanceof ConfigError) {
    const { problems } = error
    const annotations = problemAnnotations(annotated(problems))
    return { code: exits.wrong, text: problemsText(problems, paint), annotations, document: { ok: false, problems } }
  }
  if (error instanceof StateError || error instanceof UsageError)
    return told(exits.wrong, paint, { message: error.message, remedy: error.remedy })
  if (error instanceof ConnectorError) {
    const { side, message, remedy } = error
    return told(exits.refused, paint, { message: `${sideName[side]}: ${message}`, remedy, side })
  }
  if (error instanceof RemoteError) return told(exits.refused, paint, { message: error.message, remedy: error.remedy })
  if (error instanceof UnsafePlanError)
    return told(exits.unsafe, paint, { message: error.message, remedy: '', accept: error.accept })
  if (error instanceof LockedError) return told(exits.locked, paint, { message: error.message, remedy: '' })
  return bug(error, paint)
}

/** What is told of an expected error; with `--json` as it stands. */
interface Told {
  readonly message: string
  readonly remedy: string
  readonly side?: Side
  readonly accept?: readonly string[]
}

function told(code: number, paint: Paint, what: Told): Ending {
  const { message, remedy } = what
  const text = remedy === '' ? paint.red(message) : `${paint.red(message)}\n→ ${remedy}`
  return {
    code,
    text,
    annotations: [errorAnnotation(`${message} ${remedy}`.trim())],
    document: { ok: false, ...what },
    ...(code !== exits.wrong && { summary: stoppedMarkdown(message, remedy) }),
  }
}

function bug(error: unknown, paint: Paint): Ending {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const message = 'This is a bug in Couplet, not in your files.'
  return {
    code: exits.bug,
    text: `${paint.red(message)} Please report it with these lines:\n${stack}`,
    annotations: [errorAnnotation('Couplet ended with a bug; see the log.')],
    document: { ok: false, message },
  }
}

/**
 * Prints an ending and gives its code. With `json` standard output gets one document then, too. `folder` is the
 * project's.
 */
export async function end(
  error: unknown,
  terminal: Terminal,
  told: { readonly paint: Paint; readonly json: boolean; readonly folder: string },
): Promise<number> {
  const annotated = (problems: readonly ConfigProblem[]): readonly ConfigProblem[] =>
    fromRepository(terminal, told.folder, problems)
  const { code, text, annotations, document, summary } = endingOf(error, told.paint, annotated)
  terminal.progress('')
  terminal.err(text)
  if (told.json) terminal.out(JSON.stringify(document, null, 2))
  if (isGitHub(terminal)) for (const line of annotations) terminal.err(line)
  if (summary !== undefined) await addSummary(terminal, () => summary)
  return code
}
