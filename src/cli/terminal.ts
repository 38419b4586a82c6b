/** What a command sees of the outside world. Only `cli.ts` knows the process; everything else gets one of these. */
import type { Clock } from '../clock.ts'
import type { Asker } from './asker.ts'

export interface Terminal {
  /** Writes a line (or several) to standard output: what the command is for. */
  out(text: string): void
  /** Writes a line to standard error: progress, warnings, errors. */
  err(text: string): void
  /** Replaces the progress line on standard error; an empty text takes it away. */
  progress(text: string): void
  /** Standard output is a person's terminal. */
  readonly isTerminal: boolean
  /** Standard error is a person's terminal. */
  readonly showsProgress: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder in which the command was given, absolute. */
  readonly cwd: string
  readonly clock: Clock
  /** Asks a person a question that yes or no answers; absent where nobody sits at the terminal. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
  /** Asks the person; undefined where nobody sits at a terminal. */
  asker?(): Asker
  /** Resolves when the person (or the system) asks to stop. */
  stopped(): Promise<void>
}
