/**
 * Text of records and services as a person may see it: nothing in it commands a terminal, turns what stands around it,
 * or hides. Written as JSON and YAML write it, so that a JSON document means the same.
 */

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B\u202A-\u202E\u2060\u2066-\u2069\uFEFF]|\p{Cs}/gu
/** The colours that reports are painted with. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const colour = /(\u001B\[\d{1,2}m)/

/** A text of which every sign can be seen. Line breaks and tabs stay. */
export const visible = (text: string): string =>
  text.replaceAll(hidden, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The same of a whole output, which keeps its colours. */
export const visibleInColour = (text: string): string =>
  text
    .split(colour)
    .map((part, index) => (index % 2 === 1 ? part : visible(part)))
    .join('')

/** The first so many characters; a pair of surrogates is never torn. */
export const beginning = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')

/** The last so many characters; a pair of surrogates is never torn. */
export const ending = (text: string, most: number): string => text.slice(-most).replace(/^[\uDC00-\uDFFF]/, '')
