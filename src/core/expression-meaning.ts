/** What an expression means, whatever its spaces and comments: two spellings of one expression give the same text. */
import jsonata from 'jsonata'
import { remembered } from './remembered.ts'

/** The syntax tree as text, without places; an expression that cannot be read stands for itself. */
export const expressionMeaning = remembered(readMeaning)

function readMeaning(text: string): string {
  try {
    return JSON.stringify(jsonata(text).ast(), (key, value: unknown) =>
      key === 'position' ? undefined : value instanceof RegExp ? String(value) : value,
    )
  } catch {
    return text
  }
}
