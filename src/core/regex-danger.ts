/**
 * How much work a regular expression may be. JavaScript's engine tries all ways in which a text could fit, and nothing
 * in the same thread can stop it.
 */

/** More than this many `*`, `+` or `{n,}` one after the other take too long on any text. */
const mostRepeats = 3
/** More than this many `?`: each doubles the ways. */
const mostOptions = 8

/** Why a regular expression may take for ever, also on a short text; undefined when it is simple. */
export function dangerOf(source: string): string | undefined {
  const bare = bareOf(source)
  if (/\\[\dk]/.test(bare)) return 'it refers back to a group'
  if (/\(\?<?[=!]/.test(bare)) return 'it looks ahead or behind'
  if (repeatsIn(bare) > mostRepeats) return `it repeats more than ${mostRepeats} parts`
  if (optionsIn(bare) > mostOptions) return `it has more than ${mostOptions} optional parts`
  return repeatsAGroup(bare) ? 'it repeats a group that itself repeats or has alternatives' : undefined
}

/** How many parts a regular expression repeats: with n of them a text takes its length to the power of n + 1 in steps. */
export const repeatsOf = (source: string): number => repeatsIn(bareOf(source))

const bareOf = (source: string): string => source.replaceAll(/\\[^\dk]/g, '_').replaceAll(/\[\^?\]?[^\]]*\]/g, '_')

const repeatsIn = (bare: string): number => bare.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0

const optionsIn = (bare: string): number => bare.replaceAll(/\(\?(?::|<\w+>)/g, '').match(/(?<![*+?}])\?/g)?.length ?? 0

/** From the innermost group outwards: is one repeated whose inside repeats or chooses? */
function repeatsAGroup(source: string): boolean {
  let rest = source
  for (;;) {
    const group = /\(([^()]*)\)([*+{]?)/.exec(rest)
    if (group === null) return false
    const [whole, inside = '', repeat] = group
    const varies = /[*+{|?]/.test(inside.replace(/^\?(?::|<\w+>)/, ''))
    if (varies && repeat !== '') return true
    // A group that varies leaves a mark behind, so that a group around it is known to vary too.
    rest = rest.replace(whole, () => (varies || repeat !== '' ? '_+' : '_') + (repeat === '{' ? '{' : ''))
  }
}
