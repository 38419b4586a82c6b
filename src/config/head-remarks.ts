/** The remarks at the head of a YAML file: what the file is for, as people wrote it for one another. */

/**
 * Paragraphs, the lines of each joined; an item of a list is a paragraph of its own and keeps its `- `. The line for the
 * editor is none of them.
 */
export function headRemarks(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const end = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'))
  const remarks = lines
    .slice(0, end < 0 ? lines.length : end)
    .map((line) => line.replace(/^#+/, '').trim())
    .filter((line) => !line.startsWith('yaml-language-server:'))
  return remarks.reduce<readonly string[]>(joined, ['']).filter((paragraph) => paragraph !== '')
}

function joined(paragraphs: readonly string[], line: string): readonly string[] {
  const last = paragraphs.at(-1) as string
  if (line === '' || last === '' || line.startsWith('- ')) return [...paragraphs, line]
  return [...paragraphs.slice(0, -1), `${last} ${line}`]
}
