/** Questions to a person. The real one speaks through @inquirer/prompts, at a terminal only. */

/** One answer of several. */
export interface Choice<T extends string> {
  readonly value: T
  readonly name: string
  readonly description?: string
}

/** Asks one question at a time. Each throws StoppedAsking when the person breaks off. */
export interface Asker {
  /** A text. `check` gives what is wrong with it, or undefined. */
  text(
    question: string,
    options?: { readonly usual?: string; readonly check?: (text: string) => string | undefined },
  ): Promise<string>
  choose<T extends string>(question: string, choices: readonly Choice<T>[], usual?: T): Promise<T>
  confirm(question: string, usual: boolean): Promise<boolean>
  /** A text that is not shown. */
  secret(question: string): Promise<string>
}

/** The person broke off (Ctrl-C). */
export class StoppedAsking extends Error {
  constructor() {
    super('Stopped. Nothing was written.')
    this.name = 'StoppedAsking'
  }
}

/** Asks at this process's terminal. The library is loaded with the first question. */
export function terminalAsker(): Asker {
  return {
    text: async (message, { usual, check } = {}) =>
      broken(
        (await prompts()).input({
          message,
          ...(usual !== undefined && { default: usual }),
          validate: (text) => check?.(text.trim()) ?? true,
        }),
      ),
    choose: async (message, choices, usual) =>
      broken(
        (await prompts()).select({ message, choices: [...choices], ...(usual !== undefined && { default: usual }) }),
      ),
    confirm: async (message, usual) => broken((await prompts()).confirm({ message, default: usual })),
    secret: async (message) => broken((await prompts()).password({ message, mask: true })),
  }
}

const prompts = () => import('@inquirer/prompts')

async function broken<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') throw new StoppedAsking()
    throw error
  }
}
