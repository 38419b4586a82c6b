/** Markdown for pull requests and pages: nothing that comes from files or services becomes markup. */
import { beginning, ending, visible } from './visible.ts'
import { thousands } from './words.ts'

/** The most characters of a comment on GitHub are 65,536; the rest is left to who puts several reports into one. */
export const commentSize = 65_000

/** A text as code: no markup, no mention of a person, on one line. Long texts lose their middle. */
export function code(text: string, most = 240): string {
  const line = visible(text).trim().replaceAll(/\s+/g, ' ')
  const short = line.length <= most ? line : `${beginning(line, most - 60)} … ${ending(line, 50)}`
  if (short === '') return '(blank)'
  const runs = short.match(/`+/g) ?? []
  const fence = '`'.repeat(runs.reduce((longest, { length }) => Math.max(longest, length), 0) + 1)
  return fence.length === 1 ? `\`${short}\`` : `${fence} ${short} ${fence}`
}

/** A text that people wrote as running text: what stands between back quotes is code, everything else is no markup. */
export function prose(text: string): string {
  const line = visible(text).trim().replaceAll(/\s+/g, ' ')
  const parts = line.split(/`([^`]+)`/)
  return parts.map((part, index) => (index % 2 === 1 ? code(part, Infinity) : escaped(part, index === 0))).join('')
}

/** Also what would begin a heading, a quotation or a list at the start of a line. */
function escaped(text: string, begins: boolean): string {
  const inside = text.replaceAll(/[\\`*_[\]<>~|$&]/g, String.raw`\$&`)
  return begins ? inside.replace(/^[#+=-]/, String.raw`\$&`).replace(/^(\d+)([.)])/, String.raw`$1\$2`) : inside
}

/** A table; a bar in a cell does not end it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return []
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`)
}

/** A bar is escaped for the table before anything else is read, so in code and where it is escaped already too. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ')

/** A text of several lines as it stands, under the name of its language. */
export function fenced(text: string, language: string): readonly string[] {
  const runs = text.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(3, ...runs.map(({ length }) => length + 1)))
  return [`${fence}${language}`, ...text.trimEnd().split('\n'), fence]
}

/** What is folded until a reader opens it. */
export interface Section {
  readonly title: string
  /** What is not folded stands open. @default false */
  readonly open?: boolean
  readonly lines: readonly string[]
}

/**
 * Sections below one another, at most so many characters. What does not fit is left out from the end, line by line, and
 * how much that is, is said.
 */
export function fitted(head: string, sections: readonly Section[], most: number, rest: string): string {
  let text = head
  let left = 0
  for (const { title, open = false, lines } of sections) {
    const [before, after] = open
      ? [`\n\n${title}\n\n`, '']
      : [`\n\n<details><summary>${title}</summary>\n\n`, '\n\n</details>']
    const room = most - text.length - before.length - after.length - reserved
    const shown = left > 0 ? 0 : fitting(lines, room)
    if (shown > 0) text += `${before}${lines.slice(0, shown).join('\n')}${after}`
    left += lines.length - shown
  }
  return left === 0
    ? `${text}\n`
    : `${text}\n\n${thousands(left)} more lines are left out: a comment holds no more. ${rest}\n`
}

/** Room for the sentence that says what is left out. */
const reserved = 300

/** How many lines fit; a diagram fits whole or not at all. */
function fitting(lines: readonly string[], room: number): number {
  let used = 0
  let shown = 0
  for (const line of lines) {
    used += line.length + 1
    if (used > room) break
    shown += 1
  }
  const isWhole = shown === lines.length || lines[0] !== '```mermaid'
  return isWhole ? shown : 0
}
