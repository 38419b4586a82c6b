/** Progress while a run goes on: one line that replaces itself at a terminal, or NDJSON with `--events`. */
import type { Emit, Event } from '../core/event.ts'
import { shorten } from '../report/table.ts'
import { sideName, thousands } from '../report/words.ts'
import type { Terminal } from './terminal.ts'

/** `events`: one JSON object a line on standard error. Otherwise a line at a terminal; warnings are always told. */
export function progress(terminal: Terminal, events: boolean): Emit {
  if (events) return (event) => terminal.err(JSON.stringify(event))
  return (event) => {
    const line = lineOf(event)
    if (event.kind === 'warning') {
      terminal.progress('')
      terminal.err(line)
    } else if (event.kind === 'run.ended') terminal.progress('')
    else if (terminal.showsProgress && line !== '') terminal.progress(shorten(line, 100))
  }
}

/** What is said of an event; nothing of most. */
const texts: { readonly [K in Event['kind']]?: (event: Extract<Event, { kind: K }>) => string } = {
  'mapping.started': ({ phase, mapping }) => `${phase === 'plan' ? 'Reading' : 'Writing'} ${mapping} …`,
  read: ({ mapping, rows, side }) => `Reading ${mapping}: ${thousands(rows)} rows of ${sideName[side]} …`,
  written: ({ mapping, done, of, side }) =>
    `Writing ${mapping}: ${thousands(done)} of ${thousands(of)} to ${sideName[side]} …`,
  warning: ({ mapping, message }) => `${mapping === undefined ? '' : `${mapping}: `}${message}`,
}

const lineOf = (event: Event): string => (texts[event.kind] as ((event: Event) => string) | undefined)?.(event) ?? ''
