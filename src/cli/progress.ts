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

function lineOf(event: Event): string {
  switch (event.kind) {
    case 'mapping.started':
      return `${event.phase === 'plan' ? 'Reading' : 'Writing'} ${event.mapping} …`
    case 'read':
      return `Reading ${event.mapping}: ${thousands(event.rows)} rows of ${sideName[event.side]} …`
    case 'written':
      return `Writing ${event.mapping}: ${thousands(event.done)} of ${thousands(event.of)} to ${sideName[event.side]} …`
    case 'warning':
      return `${event.mapping === undefined ? '' : `${event.mapping}: `}${event.message}`
    case 'run.started':
    case 'run.ended':
    case 'mapping.ended':
    case 'held':
      return ''
  }
}
