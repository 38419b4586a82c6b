/** Plays a scenario: each line of its script in turn, and what was said and what is there afterwards as one text. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { endText } from './end.ts'
import { type Opened, keepOpen } from './keep-open.ts'
import { type Ground, openGround, projectText, put, writeProject } from './ground.ts'
import { type Line, type Script, type Step, readScript } from './script.ts'
import { said } from './said.ts'

/** What came of a scenario. */
export interface Played {
  readonly script: Script
  /** The golden text. */
  readonly text: string
  /** Lines that ended otherwise than their script says. */
  readonly wrong: readonly string[]
}

/** Plays the scenario in `folder`; `common` holds the ground, `work` is an empty folder for the project. */
export async function play(folder: string, { common, work }: { common: string; work: string }): Promise<Played> {
  const script = readScript(readFileSync(join(folder, 'script.txt'), 'utf8'))
  const ground = await openGround(common, folder)
  const opened = keepOpen()
  try {
    writeProject(folder, work, ground)
    const touched = new Map<string, Set<string>>()
    const wrong: string[] = []
    const parts: string[] = []
    for (const line of script.lines) {
      // A person is slower than a clock that stands still.
      ground.advance(1000)
      noteColumns(line.step, touched)
      const { text, problem } = await playLine(line, { ground, work, opened })
      ground.names.learn()
      parts.push([`> ${line.text}`, ...indented(ground.names.in(text))].join('\n'))
      if (problem !== undefined) wrong.push(problem)
    }
    const end = await endText(ground, { work, script, touched, env, open: opened.open })
    return { script, text: `${parts.join('\n')}\n\n${ground.names.in(end)}`, wrong }
  } finally {
    await opened.closeAll()
    await ground.simulator.stop()
  }
}

interface Stage {
  readonly ground: Ground
  /** The project folder. */
  readonly work: string
  readonly opened: Opened
}

const env = { KEY: 'the key of the fingerprints' }

/** Columns that the script writes are shown at the end, mapped or not. */
function noteColumns(step: Step, touched: Map<string, Set<string>>): void {
  if (step.kind !== 'create' && step.kind !== 'edit') return
  const key = `${step.side} ${step.set}`
  touched.set(
    key,
    new Set([
      ...(touched.get(key) ?? []),
      ...Object.keys(step.values).filter((column) => column !== 'lastModifiedDateTime'),
    ]),
  )
}

const indented = (text: string): readonly string[] =>
  text === '' ? [] : text.split('\n').map((line) => `    ${line}`.trimEnd())

interface Outcome {
  readonly text: string
  readonly problem: string | undefined
}
const fine: Outcome = { text: '', problem: undefined }

async function playLine(line: Line, stage: Stage): Promise<Outcome> {
  if (line.step.kind === 'command') return command(line.step, line, stage)
  try {
    await act(line.step, stage)
    return line.refused ? { text: '', problem: `was not refused: ${line.text}` } : fine
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { text, problem: line.refused ? undefined : `${line.text}: ${text}` }
  }
}

async function command(
  step: Step & { kind: 'command' },
  line: Line,
  { ground, work, opened }: Stage,
): Promise<Outcome> {
  const out: string[] = []
  const err: string[] = []
  const terminal: Terminal = {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    progress: () => {},
    isTerminal: false,
    showsProgress: false,
    env,
    cwd: work,
    clock: { now: () => ground.now(), sleep: () => Promise.resolve() },
    stopped: () => Promise.resolve(),
  }
  const { args, told } = said(step.args.map((arg) => ground.names.idsIn(arg)))
  const code = await runProgram(args, terminal, { version: '0.0.0', open: opened.open })
  const problem = code === step.endsWith ? undefined : `ended with ${code}: ${line.text}\n${err.join('\n')}`
  return { text: told({ out: out.join('\n'), err: err.join('\n') }), problem }
}

async function act(step: Exclude<Step, { kind: 'command' }>, { ground, work, opened }: Stage): Promise<void> {
  const { simulator } = ground
  switch (step.kind) {
    case 'create':
      put(ground, step.side, { set: step.set, row: ground.stored(step.side, step.values) })
      return
    case 'edit':
      if (step.asCouplet) return request(step, ground, { method: 'PATCH', below: '', caller: 'couplet' })
      simulator[step.side].edit(step.set, keyOf(step, ground), ground.stored(step.side, step.values))
      return
    case 'delete':
      simulator[step.side].delete(step.set, keyOf(step, ground))
      return
    case 'action':
      callAction(step, ground)
      return
    case 'wait':
      ground.advance(step.ms)
      return
    case 'fault':
      simulator.faults.add(faultOf(step))
      return
    case 'no-faults':
      simulator.faults.clear()
      return
    case 'lose-state':
      await opened.closeAll()
      rmSync(join(work, '.couplet'), { recursive: true, force: true })
      return
    case 'write':
      await opened.closeAll()
      mkdirSync(dirname(join(work, step.file)), { recursive: true })
      writeFileSync(
        join(work, step.file),
        step.file === 'couplet.yaml' ? projectText(ground.simulator, step.text) : step.text,
      )
  }
}

/** `{ status: 503, times: 1 }` says what is done, and how often; `method` narrows it. */
function faultOf({
  side,
  path,
  values,
}: Step & { kind: 'fault' }): Parameters<Ground['simulator']['faults']['add']>[0] {
  const { times, nth, method, part, ...what } = values as Record<string, never>
  const match = {
    service: side,
    path,
    ...(times !== undefined && { times }),
    ...(nth !== undefined && { nth }),
    ...(method !== undefined && { method }),
    ...(part !== undefined && { part }),
  }
  return { match, do: what }
}

/** The name that a person gives, or the id of the row that golden files call so. */
function keyOf({ side, set, key }: Extract<Step, { kind: 'edit' | 'delete' | 'action' }>, ground: Ground): string {
  return ground.simulator[side].row(set, key) === undefined ? ground.names.idOf(side, set, key) : key
}

/** Presses a button, whether or not a page offers it; where a service has none the action is asked for. */
function callAction(step: Step & { kind: 'action' }, ground: Ground): void {
  const hand = ground.simulator[step.side]
  if (hand.act !== undefined) return hand.act(step.set, keyOf(step, ground), step.action)
  request(step, ground, {
    method: 'POST',
    below: `/${step.side === 'sales' ? 'Microsoft.Dynamics.CRM' : 'Microsoft.NAV'}.${step.action}`,
    caller: 'a person',
  })
}

/** A request about one record, past the network. Throws what the service answers when it refuses. */
function request(
  step: Extract<Step, { kind: 'action' | 'edit' }>,
  ground: Ground,
  how: { readonly method: string; readonly below: string; readonly caller: string },
): void {
  const { side, set } = step
  const { service, url } = ground.simulator[side]
  const row = ground.simulator[side].row(set, keyOf(step, ground))
  const id = String(row?.['id'] ?? row?.[service.table(set)?.key ?? 'id'])
  const route = side === 'sales' ? '/api/data/v9.2' : `${service.root}/api/v2.0`
  const answer = service.handle(
    {
      method: how.method,
      path: `${route}/${set}(${id})${how.below}`,
      query: '',
      headers: { 'content-type': 'application/json', 'if-match': '*' },
      body: JSON.stringify(step.values),
      origin: new URL(url).origin,
      caller: how.caller,
    },
    { part: () => undefined },
  )
  if (answer.status >= 400) throw new Error(`the service answered ${answer.status}: ${answer.body ?? ''}`)
}
