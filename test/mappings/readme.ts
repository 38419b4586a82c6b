/** Parts of the README that are counted or listed from data stand between two remarks and are compared with it. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Test } from 'tap'

const readme = new URL('../../README.md', import.meta.url)

/** The part of that name says exactly this. `UPDATE_GOLDEN=1` writes it anew. */
export function inReadme(t: Test, name: string, text: string): void {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const whole = readFileSync(readme, 'utf8')
  const [before = '', rest = ''] = whole.split(begin)
  const [part = '', after = ''] = rest.split(end)
  if (process.env['UPDATE_GOLDEN'] === '1' && rest !== '')
    writeFileSync(readme, `${before}${begin}\n\n${text}\n\n${end}${after}`)
  else t.equal(part.trim(), text, `the README's part "${name}"; UPDATE_GOLDEN=1 writes it anew`)
}
