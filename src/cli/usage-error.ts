/** The arguments are wrong. Exit code 2; the text says what to give instead. */
export class UsageError extends Error {
  /** What to do next; empty when the message says it. */
  readonly remedy: string
  constructor(message: string, remedy = '') {
    super(message)
    this.name = 'UsageError'
    this.remedy = remedy
  }
}
