/** Why records wait, in words for an administrator: what happened and what to do next. */
import { type Side, sideName } from '../config/config.ts'
import type { Caller } from '../core/act-as.ts'
import type { Held } from '../core/coupling.ts'
import { linesExpressions } from '../core/document-lines.ts'
import { unclearLines } from '../core/decide-lines.ts'
import type { Decided, FailedField, HeldField } from '../core/decide.ts'
import type { ExpressionError } from '../core/expression.ts'
import type { Wait } from '../core/offer.ts'
import type { Said } from '../core/said.ts'
import type { Hold, Judgement } from './judgement.ts'
import type { Failure } from './match-values.ts'
import type { Session } from './session.ts'
import type { UnclearRecord } from './unclear.ts'

/** Who waits: enough to name it in a command. */
type Who = Pick<Judgement, 'ref' | 'number'>

/** `customer-account --record 10000`: the mapping and the record, as the commands take them. */
export const recordArgument = (session: Session, who: Who): string => `${session.mapping.name} --record ${nameOf(who)}`

function nameOf({ ref, number }: Who): string {
  const name = number ?? ref.businessCentral ?? ref.sales ?? ''
  return /^[\w.-]+$/.test(name) ? name : `"${name}"`
}

/** Why (part of) a pair waits, from what was decided field by field. */
export function holdsOf(session: Session, who: Who, decided: Decided): readonly Hold[] {
  const holds: Hold[] = []
  const doubts = decided.held.filter(({ isDoubtful }) => isDoubtful === true)
  const outdated = decided.held.filter((field) => field.isOutdated === true && field.isDoubtful !== true)
  const others = decided.held.filter((field) => field.isOutdated !== true && field.isDoubtful !== true)
  const conflicts = others.filter(({ because }) => because === 'conflict')
  const different = others.filter(({ because, field }) => because === 'different' && field !== unclearLines)
  const unclear = others.filter(({ field }) => field === unclearLines)
  const command = `couplet resolve ${recordArgument(session, who)}`
  if (doubts.length > 0) holds.push(doubtHold(doubts, command))
  if (outdated.length > 0) holds.push(outdatedHold(outdated, command))
  if (conflicts.length > 0) holds.push(fieldsHold('conflict', conflicts, command))
  if (unclear.length > 0) holds.push(linesHold(unclear, command))
  if (different.length > 0) holds.push(fieldsHold('different', different, command))
  const waits = decided.waits.filter(({ policy }) => policy === 'hold' || policy === 'sync')
  const later = decided.waits.filter(({ policy }) => policy === 'defer')
  if (waits.length > 0) holds.push(waitingHold(waits, false))
  if (later.length > 0) holds.push(waitingHold(later, true))
  if (decided.failed.length > 0) holds.push(failedFields(decided.failed))
  return holds
}

const names = (fields: readonly { readonly field: string }[]): readonly string[] => [
  ...new Set(fields.map(({ field }) => field)),
]

function fieldsHold(kind: 'conflict' | 'different', fields: readonly HeldField[], command: string): Hold {
  const list = names(fields)
  const message =
    kind === 'conflict'
      ? `${list.join(', ')} edited on both sides since the last agreement`
      : `${list.join(', ')} filled differently on both sides at the first match`
  return {
    kind,
    fields,
    names: list,
    message,
    remedy: `take one side: ${command} --take businessCentral (or sales), or set a policy in the mapping`,
  }
}

/** No policy decides which lines there are. */
const linesHold = (fields: readonly HeldField[], command: string): Hold => ({
  kind: 'different',
  fields,
  names: [unclearLines],
  message: 'each side has lines without a partner, and which of them are the same cannot be told',
  remedy: `make them equal in the services, or take one side: ${command} --take businessCentral (or sales); of the lines without a partner only those of that side stay`,
})

/** What a person said was about what stood there then. */
function outdatedHold(fields: readonly HeldField[], command: string): Hold {
  const list = names(fields)
  return {
    kind: 'conflict',
    fields,
    names: list,
    message: `${list.join(', ')} edited again since this was held, so the decision was not carried out`,
    remedy: `look at both records and decide again: ${command} --take businessCentral (or sales)`,
  }
}

/** An answer was lost: what stands there may be somebody's edit after the write, which no policy writes over (P2). */
function doubtHold(fields: readonly HeldField[], command: string): Hold {
  const list = names(fields)
  return {
    kind: 'conflict',
    fields,
    names: list,
    message: `${list.join(', ')}: no answer came to the last write, and what stands there now may be an edit made after it`,
    remedy: `look at both records and take one side: ${command} --take businessCentral (or sales)`,
  }
}

/** It needs a coupling of another mapping first, or a record that a query did not find. */
export function waitingHold(waits: readonly Wait[], secondPass: boolean): Hold {
  const uncoupled = waits.filter(({ asked }) => asked === undefined)
  const told = [
    ...(uncoupled.length > 0 ? [uncoupledWords(uncoupled)] : []),
    ...waits.filter(({ asked }) => asked !== undefined).map(unfoundWords),
  ]
  return {
    kind: 'waiting',
    fields: [],
    names: names(waits),
    message: eachOnce(told.map(({ message }) => message)),
    remedy: `${eachOnce(told.map(({ remedy }) => remedy))}; this one goes on by itself in the next run`,
    waits,
    ...(secondPass ? { secondPass } : {}),
  }
}

const eachOnce = (words: readonly string[]): string => [...new Set(words)].join('; ')

type Words = Pick<Hold, 'message' | 'remedy'>

function uncoupledWords(waits: readonly Wait[]): Words {
  const mappings = [...new Set(waits.map(({ mapping }) => mapping))].join(', ')
  return {
    message: `${names(waits).join(', ')} refers to a record that is not coupled yet in ${mappings}`,
    remedy: `couple or create that record in ${mappings}`,
  }
}

/** What a query asks for only its mapping knows: what the row says of itself is told with it. */
const unfoundWords = ({ field, mapping, asked = '', about }: Wait): Words => ({
  message: `${field} finds no single record of ${mapping} that fits (${asked})${about === undefined ? '' : `: ${about}`}`,
  remedy: `see what the row ${field} asks for in the mapping`,
})

/** It is to be written as a person who has no user in Sales yet. */
export const callerHold = ({ mapping, column }: Extract<Caller, { kind: 'missing' }>): Hold => ({
  kind: 'waiting',
  fields: [],
  names: [],
  message: `is to be written as the person in ${column}, who has no user coupled in ${mapping}`,
  remedy: `couple the person: couplet couple ${mapping}; or let the integration write as itself: actAs: { whenUncoupled: self }`,
})

/** A person must say what becomes of the record whose partner was deleted. */
export function deletedPartner(
  session: Session,
  who: Who,
  { gone, said, isOutdated }: { readonly gone: Side; readonly said: Said; readonly isOutdated: boolean },
): Hold {
  const where = gone === 'sales' ? 'Sales' : 'Business Central'
  const edited = isOutdated ? '; it was edited since this was held, so it was not deleted' : ''
  return {
    kind: 'deleted',
    fields: [],
    names: [],
    message: `its partner was deleted in ${where}${edited}`,
    remedy: `decide: couplet resolve ${recordArgument(session, who)} --action restore (or delete, or uncouple)`,
    gone,
    said,
  }
}

/** It has no partner, or too many. */
export function loneHold(
  session: Session,
  { side, ...who }: Who & { readonly side: Side },
  because: 'ambiguous' | 'no-partner',
): Hold {
  const other = side === 'sales' ? 'Business Central' : 'Sales'
  if (because === 'ambiguous') {
    return {
      kind: because,
      fields: [],
      names: [],
      message: `several records could be its partner in ${other}, or the one that fits is coupled already`,
      remedy: `choose: couplet couple ${session.mapping.name} ${ends(side, nameOf(who))}; or make the match rule sharper`,
    }
  }
  return {
    kind: because,
    fields: [],
    names: [],
    message: `no record in ${other} matches it, and "create" does not allow creating one there`,
    remedy: `couple it by hand, or allow creating: create: ${side === 'sales' ? 'toBusinessCentral' : 'toSales'} (or both)`,
  }
}

/** It is there already, as a document that was posted since. */
export function postedHold(session: Session, who: Who, entity: string): Hold {
  return {
    kind: 'ambiguous',
    fields: [],
    names: [],
    message: `it stands in Business Central already, among ${entity}, so it is not made again`,
    remedy: `close it in Sales, where it is open; or, if it is really another document, give it a number of its own: ${recordArgument(session, who)}`,
    // What was posted stays.
    rivals: [],
  }
}

/** The document that it was made of is there, where the filter leaves it out, and nobody remembers the pair. */
export const originHold = (
  session: Session,
  { side, ...who }: Who & { readonly side: Side },
  origin: string,
): Hold => ({
  kind: 'no-partner',
  fields: [],
  names: [],
  message: `it names ${origin}, which stands in ${side === 'sales' ? 'Business Central' : 'Sales'} outside the filter of the mapping, so none is made there`,
  remedy: `bring ${origin} back into the filter (submit or release it); or couple the two: couplet couple ${session.mapping.name} ${ends(side, nameOf(who), origin)}`,
})

/** Both records for `couplet couple`; which partner is right only a person knows. */
const ends = (side: Side, name: string, partner = 'PARTNER'): string =>
  side === 'sales' ? `--bc ${partner} --sales ${name}` : `--bc ${name} --sales ${partner}`

function whose({ row }: ExpressionError): string {
  if (row === undefined) return 'an expression of the mapping'
  return Object.values(linesExpressions).includes(row) ? row : `the expression of field row "${row}"`
}

const mending = 'correct the expression in the mapping, or the value in the record'

/** The mapping's own expression failed, and without it nothing of the record can be written. */
export const failedExpression = (error: ExpressionError): Hold => ({
  kind: 'failed',
  fields: [],
  names: error.row === undefined ? [] : [error.row],
  message: `${whose(error)} failed on this record: ${error.message}`,
  remedy: mending,
})

/** The expression failed by which its partner is looked for: whether it has one is not known. */
export const failedMatch = ({ group, error }: Failure): Hold => ({
  ...failedExpression(error),
  message: `${whose(error)}, by which group ${group} of the match rule looks for its partner, failed on this record: ${error.message}`,
})

/** The same on a record of the other side, which may therefore be its partner. */
export const unclearHold = ({ mapping }: Session, { side, name, failure }: UnclearRecord): Hold => ({
  kind: 'waiting',
  fields: [],
  names: failure.error.row === undefined ? [] : [failure.error.row],
  message: `its partner may be ${name} in ${sideName[side]}, so none is made: ${whose(failure.error)}, by which group ${failure.group} of the match rule compares the two, failed on ${name}: ${failure.error.message}`,
  remedy: `correct the expression in the mapping, or the value in ${name} in ${sideName[side]}; or couple ${name}: couplet couple ${mapping.name} ${ends(side, name)}; this one then goes on by itself`,
})

/** Expressions of some field rows failed; the others of the pair travel. */
const failedFields = (failed: readonly FailedField[]): Hold => ({
  kind: 'failed',
  fields: [],
  names: names(failed),
  message: failed
    .map(({ field, message }) => `the expression of field row "${field}" failed on this record: ${message}`)
    .join('; '),
  remedy: `${mending}; the other field rows travel meanwhile`,
})

/** Options of a choice column are part of the organisation's data model: adding one needs the administrator's leave. */
export const metadataHold = (mapping: string): Hold => ({
  kind: 'no-partner',
  fields: [],
  names: [],
  message: 'no option of the choice column stands for it, and the mapping may not add or rename options',
  remedy: `add the option in Sales by hand, or set allowMetadataChanges: true in ${mapping}`,
})

/** It stays without a partner, because the mapping or a person wants no other one made. */
export const aloneHold = (side: Side): Pick<Held, 'kind' | 'fields' | 'message' | 'remedy'> => ({
  kind: 'no-partner',
  fields: [],
  message: `its partner in ${side === 'sales' ? 'Business Central' : 'Sales'} was deleted, and the pair was uncoupled`,
  remedy: 'couple it with another record, delete it too, or edit it: an edited record gets a new partner',
})
