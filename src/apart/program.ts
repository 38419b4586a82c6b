/** Where the thread's program is: built beside this file; or, run from source as the tests do, read by tsx there too. */
const name = 'thread'

/** What a `Worker` is started with. */
export const threadProgram = (): URL =>
  import.meta.url.endsWith('.ts') ? readByTsx() : new URL(`./${name}.js`, import.meta.url)

/** A thread does not take over the loaders of the one that starts it. */
function readByTsx(): URL {
  const [tsx, program] = [import.meta.resolve('tsx/esm/api'), new URL(`./${name}.ts`, import.meta.url).href]
  const text = `import { register } from ${JSON.stringify(tsx)}; register(); await import(${JSON.stringify(program)})`
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
}
