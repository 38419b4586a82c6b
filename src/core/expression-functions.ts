/** The functions that expressions may call: JSONata's own, and those added here. */
import {
  datePart,
  formatDate,
  formatDecimal,
  fromUnix,
  parseDate,
  parseDateTime,
  parseDecimal,
  roundTo,
} from './format-functions.ts'
import { alphanumeric, part, plainText, splitText, titleCase, trimEnds, truncate } from './text-functions.ts'

/** What `$keep()` gives: the target is left as it is. No record holds such a text. */
export const keepMark = '\u0000keep'
const keep = (): string => keepMark

/** Functions of this product that need nothing from outside. */
export const addedFunctions = {
  keep,
  truncate,
  splitText,
  plainText,
  trimEnds,
  titleCase,
  alphanumeric,
  part,
  parseDate,
  parseDateTime,
  formatDate,
  datePart,
  fromUnix,
  parseDecimal,
  formatDecimal,
  roundTo,
} as const

/** Names that are handed in with each evaluation. */
export const boundNames: readonly string[] = ['settings', 'company', 'coupled', 'option', 'key']

/** Functions of JSONata by which a dry run could differ from the run, or which would run text as code. */
export const refusedFunctions: Readonly<Record<string, string>> = {
  now: 'a dry run would differ from the run; compare with a date of the row',
  millis: 'a dry run would differ from the run',
  random: 'a dry run would differ from the run',
  shuffle: 'a dry run would differ from the run',
  eval: 'text must not become code; write the expression itself',
}

/** JSONata's own functions that may be called. */
export const standardFunctions: readonly string[] = (
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad ' +
  'match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs ' +
  'sqrt power boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each ' +
  'error assert type sort distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent ' +
  'decodeUrl toMillis fromMillis clone'
).split(' ')
