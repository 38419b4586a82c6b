/** `{settings.NAME}` in a filter: a setting's value, written as OData writes it. */

const placeholder = /\{settings\.([A-Za-z_]\w*)\}/g

/** A stretch of the filled text, and where it was written; a fixed one stands for a setting. */
interface Part {
  readonly from: number
  readonly written: number
  readonly fixed: boolean
}

/** The filter with its settings filled in, and for each place in it the place in the text as written. */
export function fillSettings(
  text: string,
  settings: Readonly<Record<string, unknown>>,
): { readonly text: string; readonly offsetAsWritten: (offset: number) => number } {
  const parts: Part[] = []
  let filled = ''
  let last = 0
  for (const found of text.matchAll(placeholder)) {
    parts.push({ from: filled.length, written: last, fixed: false })
    filled += text.slice(last, found.index)
    parts.push({ from: filled.length, written: found.index, fixed: true })
    filled += literalOf(settings[found[1] as string])
    last = found.index + found[0].length
  }
  parts.push({ from: filled.length, written: last, fixed: false })
  const offsetAsWritten = (offset: number): number => {
    const part = parts.findLast(({ from }) => from <= offset) as Part
    return part.fixed ? part.written : part.written + offset - part.from
  }
  return { text: filled + text.slice(last), offsetAsWritten }
}

function literalOf(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value)
}

/** The mappings that a filter speaks of as `{coupled.NAME}`. */
export const coupledNames = (text: string): readonly string[] =>
  [...text.matchAll(/\{coupled\.([a-z][a-z0-9-]*)\}/g)].map(([, name = '']) => name)
