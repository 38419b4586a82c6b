/** The one place where errors become exit codes and texts for people. */
import { ConfigError, ConnectorError, LockedError, StateError, UnsafePlanError } from '../errors.ts'
import { errorAnnotation, problemAnnotations } from '../report/github.ts'
import type { Paint } from '../report/paint.ts'
import { problemsText } from '../report/problems.ts'
import { sideName } from '../report/words.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** 0 done; 1 done, but records wait; 2 files or arguments are wrong; 3 a service refused or was not reached; 4 stopped by a safety limit; 5 another runner holds the lock; 10 a plan has something to do; 70 a bug. */
export const exits = { done: 0, waiting: 1, wrong: 2, refused: 3, unsafe: 4, locked: 5, toDo: 10, bug: 70 } as const

/** An error as it is told, with its exit code and the annotations that GitHub Actions shows. */
export interface Ending {
  readonly code: number
  readonly text: string
  readonly annotations: readonly string[]
}

/** What an error means for the person who gave the command. */
export function endingOf(error: unknown, paint: Paint): Ending {
  if (error instanceof ConfigError)
    return {
      code: exits.wrong,
      text: problemsText(error.problems, paint),
      annotations: problemAnnotations(error.problems),
    }
  if (error instanceof StateError || error instanceof UsageError)
    return told(exits.wrong, error.message, error.remedy, paint)
  if (error instanceof ConnectorError)
    return told(exits.refused, `${sideName[error.side]}: ${error.message}`, error.remedy, paint)
  if (error instanceof UnsafePlanError) return told(exits.unsafe, error.message, '', paint)
  if (error instanceof LockedError) return told(exits.locked, error.message, '', paint)
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const text = `${paint.red('This is a bug in Couplet, not in your files.')} Please report it with these lines:\n${stack}`
  return { code: exits.bug, text, annotations: [errorAnnotation('Couplet ended with a bug; see the log.')] }
}

function told(code: number, message: string, remedy: string, paint: Paint): Ending {
  const text = remedy === '' ? paint.red(message) : `${paint.red(message)}\n→ ${remedy}`
  return { code, text, annotations: [errorAnnotation(`${message} ${remedy}`.trim())] }
}

/** Prints an ending and returns its code. */
export function end(error: unknown, terminal: Terminal, paint: Paint): number {
  const { code, text, annotations } = endingOf(error, paint)
  terminal.progress('')
  terminal.err(text)
  if (isGitHub(terminal)) for (const line of annotations) terminal.err(line)
  return code
}

/** True in a GitHub Actions job. */
export const isGitHub = ({ env }: Terminal): boolean => env['GITHUB_ACTIONS'] === 'true'
