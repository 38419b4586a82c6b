/** GitHub's expressions, as far as workflows here use them. https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions */
import { runInNewContext } from 'node:vm'

/** What an expression sees: contexts by name, and how the steps before ended. */
export interface Scope {
  readonly contexts: Readonly<Record<string, unknown>>
  readonly status: { readonly failed: boolean; readonly cancelled: boolean }
}

const token = /'(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*(\s*\()?|[^]/g
const literals = new Set(['true', 'false', 'null'])

/** The value of an expression without its braces. */
function evaluate(expression: string, { contexts, status }: Scope): unknown {
  const script = expression.replaceAll(token, (found, isCall: string | undefined) => {
    if (found.startsWith("'")) return JSON.stringify(found.slice(1, -1).replaceAll("''", "'"))
    if (!/^[A-Za-z_]/.test(found) || isCall !== undefined || literals.has(found)) return found
    return `get(${JSON.stringify(found)})`
  })
  const get = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], contexts)
  return runInNewContext(script, {
    get,
    always: () => true,
    success: () => !status.failed && !status.cancelled,
    failure: () => status.failed && !status.cancelled,
    cancelled: () => status.cancelled,
    fromJSON: (text: string) => JSON.parse(text) as unknown,
    startsWith: (text: string, start: string) => text.startsWith(start),
  }) as unknown
}

/** A text with its expressions filled in; a text that is one expression keeps its value's type. */
export function filledIn(text: string, scope: Scope): unknown {
  const whole = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text)
  if (whole?.[1] !== undefined) return evaluate(whole[1].trim(), scope)
  return text.replaceAll(/\$\{\{(.*?)\}\}/gs, (_all, inner: string) => shown(evaluate(inner.trim(), scope)))
}

/** A value as text, as GitHub writes it. */
export const shown = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/** Whether a step or job runs: without a status function it does only when all before went well. */
export function holds(condition: unknown, scope: Scope): boolean {
  const text = typeof condition === 'string' ? condition.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, '$1') : ''
  const asked = text.trim() === '' ? 'success()' : text.trim()
  const hasStatus = /\b(always|success|failure|cancelled)\(\)/.test(asked)
  return Boolean(evaluate(hasStatus ? asked : `success() && (${asked})`, scope))
}
