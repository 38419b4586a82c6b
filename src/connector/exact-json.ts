/**
 * Pure: JSON whose decimals may have more digits than a number of JavaScript holds. Such a one is read as its text, so
 * that nothing is lost unseen: it is compared and rounded digit by digit, and written where it fits by then (P2).
 */
import { fitsNumber } from '../core/values.ts'

/** A long run of digits where a value may stand: without one there is nothing to look after. */
const suspicion = /[:[,]\s*-?\d[\d.]{15,}/
const tokens = /"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?\d+(?:\.\d+)?(?![\d.eE])/g

/** The value of a JSON text. Throws SyntaxError where it is none. */
export const parseExact = (text: string): unknown =>
  JSON.parse(suspicion.test(text) ? text.replaceAll(tokens, exactToken) : text)

const exactToken = (token: string): string => (token.startsWith('"') || fitsNumber(token) ? token : `"${token}"`)
