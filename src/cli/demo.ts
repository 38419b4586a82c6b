/** stub */
import type { AddCommand } from './context.ts'
export const addDemo: AddCommand = (program, act) => {
  program.command('demo').action(() => act(async () => 0))
}
