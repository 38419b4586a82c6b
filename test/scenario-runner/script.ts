/** The script of a scenario: plain lines that a person can read, turned into steps. */
import { parse } from 'yaml'

export type ScenarioSide = 'businessCentral' | 'sales'
/** Values as the YAML has them; `{ accounts: Adatum }` stands for the record of that name. */
export type Values = Readonly<Record<string, unknown>>

export type Step =
  /** A command of the product, with the exit code it must end with. */
  | { readonly kind: 'command'; readonly args: readonly string[]; readonly endsWith: number }
  | { readonly kind: 'create'; readonly side: ScenarioSide; readonly set: string; readonly values: Values }
  | {
      readonly kind: 'edit'
      readonly side: ScenarioSide
      readonly set: string
      readonly key: string
      readonly values: Values
      /** The edit is made with the integration's own login, by some other program. */
      readonly asCouplet: boolean
    }
  | { readonly kind: 'delete'; readonly side: ScenarioSide; readonly set: string; readonly key: string }
  /** A bound action of a record: ship, post, release. */
  | {
      readonly kind: 'action'
      readonly side: ScenarioSide
      readonly set: string
      readonly key: string
      readonly action: string
      readonly values: Values
    }
  | { readonly kind: 'wait'; readonly ms: number }
  /** From now on requests whose address fits the pattern are disturbed. */
  | { readonly kind: 'fault'; readonly side: ScenarioSide; readonly path: string; readonly values: Values }
  | { readonly kind: 'no-faults' }
  /** The folder of the state is lost. */
  | { readonly kind: 'lose-state' }
  /** A file of the project is written anew. */
  | { readonly kind: 'write'; readonly file: string; readonly text: string }

/** A step, the line it stands in, and whether the service must refuse it. */
export interface Line {
  readonly text: string
  readonly step: Step
  readonly refused: boolean
}

export interface Script {
  /** What it proves: rule ids such as `C-02` and promises such as `P9`, and numbers of native behaviours. */
  readonly rules: readonly string[]
  readonly behaviours: readonly number[]
  /** Entities that the end shows beside those of the mappings, as `sales salesorderdetails`. */
  readonly shows: readonly string[]
  readonly lines: readonly Line[]
}

/** Reads a script. Throws with the line that makes no sense. */
export function readScript(text: string): Script {
  const [first = '', ...rest] = text.split('\n')
  const proves = /^proves: (.+)$/.exec(first)?.[1]
  if (proves === undefined) throw new Error('the first line says what is proven, e.g. "proves: C-02, behaviour 81"')
  const names = proves.split(',').map((name) => name.trim())
  const behaviours = names.flatMap((name) => /^behaviour (\d+)$/.exec(name)?.[1] ?? []).map(Number)
  const rules = names.filter((name) => !name.startsWith('behaviour'))
  const wrong = rules.filter((name) => !/^[A-Z]{1,3}-?\d+$/.test(name))
  if (wrong.length > 0) throw new Error(`"${wrong.join(', ')}" is no rule, promise or behaviour`)
  const statements = joined(rest)
  const shows = statements.flatMap((line) => /^shows: (.+)$/.exec(line)?.[1]?.split(',') ?? [])
  return {
    rules,
    behaviours,
    shows: shows.map((name) => name.trim()),
    lines: statements.filter((line) => !line.startsWith('shows: ')).map(readLine),
  }
}

/** Lines that begin with a space go on with the one before; empty lines and comments are left out. */
function joined(lines: readonly string[]): readonly string[] {
  const statements: string[] = []
  for (const line of lines.filter((each) => each.trim() !== '' && !each.startsWith('#')))
    if (/^\s/.test(line)) statements.push(`${statements.pop() ?? ''}\n${line}`)
    else statements.push(line.trimEnd())
  return statements
}

function readLine(text: string): Line {
  const [, body = text, ending] = /^(.*?)\s*(?:=> (\d+|refused))?$/s.exec(text) ?? []
  try {
    const step = readStep(body, ending === undefined || ending === 'refused' ? 0 : Number(ending))
    return { text, step, refused: ending === 'refused' }
  } catch (error) {
    throw new Error(`in the line "${text}": ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

function readStep(body: string, endsWith: number): Step {
  const [word = '', ...rest] = words(body)
  if (word === 'couplet') return { kind: 'command', args: rest, endsWith }
  if (word === 'wait') return { kind: 'wait', ms: span(rest[0] ?? '') }
  if (body === 'no faults') return { kind: 'no-faults' }
  if (body === 'lose state') return { kind: 'lose-state' }
  if (word === 'write') return { kind: 'write', file: rest[0] ?? '', text: outdented(body) }
  if (word === 'businessCentral' || word === 'sales') return sideStep(word, body, rest)
  throw new Error('begins with none of couplet, businessCentral, sales, wait, write, "no faults", "lose state"')
}

function sideStep(side: ScenarioSide, body: string, [verb, set = '', key = '', action = '']: readonly string[]): Step {
  const values = valuesIn(body)
  if (verb === 'create') return { kind: 'create', side, set, values }
  if (verb === 'edit' || verb === 'edit-as-couplet')
    return { kind: 'edit', side, set, key, values, asCouplet: verb === 'edit-as-couplet' }
  if (verb === 'delete') return { kind: 'delete', side, set, key }
  if (verb === 'action') return { kind: 'action', side, set, key, action: action.startsWith('{') ? '' : action, values }
  if (verb === 'fault') return { kind: 'fault', side, path: set, values }
  throw new Error('a side can create, edit, edit-as-couplet, delete, action or fault')
}

/** The YAML in braces at the end of a line. */
function valuesIn(body: string): Values {
  const at = body.indexOf('{')
  return at < 0 ? {} : (parse(body.slice(at)) as Values)
}

/** Words at spaces; what stands in double quotes, or between < and >, is one. */
const words = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"|(<[^>]*>|\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** What follows the first line, without its indentation. */
function outdented(body: string): string {
  const [, ...lines] = body.split('\n')
  const depth = Math.min(...lines.map((line) => line.search(/\S/)).filter((column) => column >= 0))
  return `${lines.map((line) => line.slice(depth)).join('\n')}\n`
}

const units: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

function span(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(s|min|h|d)$/.exec(text) ?? []
  const ms = Number(amount) * (units[unit] ?? Number.NaN)
  if (Number.isNaN(ms)) throw new Error('say how long, such as 30min, 2h or 3d')
  return ms
}
