/** The line at the head of a YAML file that tells an editor the schema of the file. */

const mark = '# yaml-language-server: $schema='

/** The text with that line at its head, in place of one that is there. `address` is relative to the file. */
export function withSchemaLine(text: string, address: string): string {
  const start = text.startsWith('\uFEFF') ? 1 : 0
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = text.slice(start).split(end)
  // Editors take the line wherever it stands.
  const at = lines.findIndex((line) => /^#\s*yaml-language-server:\s*\$schema=/.test(line))
  const line = `${mark}${address}`
  const told = at < 0 ? [line, ...lines] : lines.with(at, line)
  return `${text.slice(0, start)}${told.join(end)}`
}
