/** What becomes of one field, of one pair, and of records without a partner: whole tables, and laws over all of them. */
import { deepStrictEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import {
  type BySide,
  type ConflictPolicy,
  type DeletePolicy,
  type Direction,
  type FirstMatch,
  type Side,
  otherSide,
  sides,
  travelsTo,
} from '../../src/config/config.ts'
import { type Candidate, matchRecords } from '../../src/core/match.ts'
import { type Did, type FieldFacts, type FieldVerdict, mergeField } from '../../src/core/merge.ts'
import {
  type Found,
  type PairPolicy,
  type PairVerdict,
  type Standing,
  reconcile,
  reconcileLone,
} from '../../src/core/reconcile.ts'
import { forAll, tried } from '../property.ts'

// Words for verdicts

const fieldWords = (verdict: FieldVerdict): string => {
  switch (verdict.kind) {
    case 'write':
      return `${verdict.to} ${verdict.why}`
    case 'hold':
      return `hold ${verdict.because}`
    case 'in-step':
    case 'leave':
      return verdict.kind
  }
}
const pairWords = (verdict: PairVerdict): string => {
  switch (verdict.kind) {
    case 'delete':
    case 'restore':
      return `${verdict.kind} ${verdict.on}`
    case 'hold':
      return `hold, gone in ${verdict.gone}`
    case 'in-step':
    case 'merge':
    case 'pause':
    case 'uncouple':
    case 'over':
      return verdict.kind
    case 'end':
      return `end ${verdict.because}, left in ${verdict.survivor}`
  }
}

const mirroredDirection: Record<Direction, Direction> = {
  both: 'both',
  toSales: 'toBusinessCentral',
  toBusinessCentral: 'toSales',
}
const mirrored = <T>(value: BySide<T>): BySide<T> => ({ businessCentral: value.sales, sales: value.businessCentral })
const mirroredText = (text: string): string =>
  text.replaceAll(/businessCentral|sales/g, (side) => otherSide(side as Side))
const mirroredSide = <T extends string>(value: T): T => mirroredText(value) as T

// Fields

const base: FieldFacts = {
  direction: 'both',
  did: { businessCentral: 'same', sales: 'same' },
  agree: false,
  blank: { businessCentral: false, sales: false },
  meeting: 'row',
  firstMatch: { blank: 'fill', different: 'hold' },
  conflicts: 'hold',
  newest: undefined,
}
const merged = (facts: Partial<FieldFacts>): string => fieldWords(mergeField({ ...base, ...facts }))

/** What each side did, and what follows where nothing agrees, everything is filled and every policy is to hold. */
const known: Record<Direction, Record<Did, Record<Did, string>>> = {
  both: {
    same: { same: 'leave', changed: 'businessCentral edit', new: 'hold different' },
    changed: { same: 'sales edit', changed: 'hold conflict', new: 'hold different' },
    new: { same: 'hold different', changed: 'hold different', new: 'hold different' },
  },
  toSales: {
    same: { same: 'leave', changed: 'leave', new: 'leave' },
    changed: { same: 'sales edit', changed: 'sales edit', new: 'sales edit' },
    new: { same: 'sales first', changed: 'sales first', new: 'sales first' },
  },
  toBusinessCentral: {
    same: { same: 'leave', changed: 'businessCentral edit', new: 'businessCentral first' },
    changed: { same: 'leave', changed: 'businessCentral edit', new: 'businessCentral first' },
    new: { same: 'leave', changed: 'businessCentral edit', new: 'businessCentral first' },
  },
}

t.test('P2, C-08: a field is merged three ways, and in one direction its source always wins', async (t) => {
  for (const direction of Object.keys(known) as Direction[]) {
    for (const businessCentral of Object.keys(known[direction]) as Did[]) {
      for (const sales of Object.keys(known[direction][businessCentral]) as Did[]) {
        const did = { businessCentral, sales }
        t.equal(
          merged({ direction, did }),
          known[direction][businessCentral][sales],
          `${direction} ${businessCentral} ${sales}`,
        )
      }
    }
  }
})

/** Both edited the same field: who wins, when the later edit was made on that side or cannot be told. */
const conflicts: Record<ConflictPolicy, Record<Side | 'unknown', string>> = {
  hold: { businessCentral: 'hold conflict', sales: 'hold conflict', unknown: 'hold conflict' },
  businessCentral: { businessCentral: 'sales edit', sales: 'sales edit', unknown: 'sales edit' },
  sales: { businessCentral: 'businessCentral edit', sales: 'businessCentral edit', unknown: 'businessCentral edit' },
  newest: { businessCentral: 'sales edit', sales: 'businessCentral edit', unknown: 'hold conflict' },
}

t.test('C-03: a conflict is held, or won by the side that the policy names', async (t) => {
  for (const policy of Object.keys(conflicts) as ConflictPolicy[]) {
    for (const [later, expected] of Object.entries(conflicts[policy])) {
      const newest = later === 'unknown' ? undefined : (later as Side)
      const did = { businessCentral: 'changed', sales: 'changed' } as const
      t.equal(merged({ did, conflicts: policy, newest }), expected, `${policy}, ${later}`)
    }
  }
})

t.test(
  'a side that was emptied is filled again where the row says so, but nothing is at a first meeting',
  async (t) => {
    const emptied = { refill: true, blank: { businessCentral: false, sales: true } } as const
    const table: readonly (readonly [Partial<FieldFacts>, string])[] = [
      [{ ...emptied, did: { businessCentral: 'same', sales: 'changed' } }, 'sales fill'],
      [{ ...emptied, did: { businessCentral: 'changed', sales: 'changed' } }, 'sales fill'],
      [
        { ...emptied, did: { businessCentral: 'same', sales: 'changed' }, direction: 'toBusinessCentral' },
        'businessCentral edit',
      ],
      [
        { ...emptied, did: { businessCentral: 'new', sales: 'changed' }, direction: 'toBusinessCentral' },
        'businessCentral edit',
      ],
      [{ ...emptied, did: { businessCentral: 'changed', sales: 'new' }, direction: 'toSales' }, 'sales edit'],
      [{ refill: true, did: { businessCentral: 'same', sales: 'changed' } }, 'businessCentral edit'],
      [{ ...emptied, refill: false, did: { businessCentral: 'same', sales: 'changed' } }, 'businessCentral edit'],
    ]
    for (const [facts, expected] of table) t.equal(merged(facts), expected, JSON.stringify(facts))
  },
)

type Filled = 'both filled' | 'only Business Central' | 'only Sales' | 'neither'
type Different = FirstMatch['different']
/** Two records meet: by what is filled, by direction, by the policy for different values; blanks are filled. */
const firstMatches: Record<Filled, Record<Direction, Record<Different, string>>> = {
  neither: {
    both: { hold: 'in-step', businessCentral: 'in-step', sales: 'in-step' },
    toSales: { hold: 'in-step', businessCentral: 'in-step', sales: 'in-step' },
    toBusinessCentral: { hold: 'in-step', businessCentral: 'in-step', sales: 'in-step' },
  },
  'both filled': {
    both: { hold: 'hold different', businessCentral: 'sales first', sales: 'businessCentral first' },
    toSales: { hold: 'hold different', businessCentral: 'sales first', sales: 'in-step' },
    toBusinessCentral: { hold: 'hold different', businessCentral: 'in-step', sales: 'businessCentral first' },
  },
  'only Business Central': {
    both: { hold: 'sales fill', businessCentral: 'sales fill', sales: 'sales fill' },
    toSales: { hold: 'sales fill', businessCentral: 'sales fill', sales: 'sales fill' },
    toBusinessCentral: { hold: 'in-step', businessCentral: 'in-step', sales: 'in-step' },
  },
  'only Sales': {
    both: { hold: 'businessCentral fill', businessCentral: 'businessCentral fill', sales: 'businessCentral fill' },
    toSales: { hold: 'in-step', businessCentral: 'in-step', sales: 'in-step' },
    toBusinessCentral: {
      hold: 'businessCentral fill',
      businessCentral: 'businessCentral fill',
      sales: 'businessCentral fill',
    },
  },
}
const blanks: Record<Filled, BySide<boolean>> = {
  neither: { businessCentral: true, sales: true },
  'both filled': { businessCentral: false, sales: false },
  'only Business Central': { businessCentral: false, sales: true },
  'only Sales': { businessCentral: true, sales: false },
}

t.test(
  'P9: at a first match blanks are filled, differences held or decided, and nothing filled is wiped',
  async (t) => {
    const did = { businessCentral: 'new', sales: 'new' } as const
    for (const filled of Object.keys(firstMatches) as Filled[]) {
      for (const direction of Object.keys(firstMatches[filled]) as Direction[]) {
        for (const [different, expected] of Object.entries(firstMatches[filled][direction])) {
          const policy = { blank: 'fill', different: different as Different } as const
          const facts = { did, direction, meeting: 'first', blank: blanks[filled], firstMatch: policy } as const
          t.equal(merged(facts), expected, `${filled}, ${direction}, ${different}`)
          const held = merged({ ...facts, firstMatch: { ...policy, blank: 'hold' } })
          t.equal(
            held,
            expected.endsWith('fill') ? 'hold different' : expected,
            `${filled}, ${direction}, ${different}, blanks held`,
          )
        }
      }
    }
  },
)

t.test("a person's decision is carried out where the direction allows, whatever anybody did", async (t) => {
  const decided: Record<Direction, Record<Side, string>> = {
    both: { businessCentral: 'sales resolved', sales: 'businessCentral resolved' },
    toSales: { businessCentral: 'sales resolved', sales: 'in-step' },
    toBusinessCentral: { businessCentral: 'in-step', sales: 'businessCentral resolved' },
  }
  for (const facts of everyField()) {
    if (facts.decision === undefined || facts.agree) continue
    const expected = decided[facts.direction][facts.decision]
    if (merged(facts) !== expected) t.fail(`${JSON.stringify(facts)}: ${merged(facts)}, not ${expected}`)
  }
})

/** Every combination of all that decides about a field: about ninety thousand. */
function* everyField(): Generator<FieldFacts> {
  const dids: readonly Did[] = ['same', 'changed', 'new']
  const either = [false, true]
  const choices = [
    ['both', 'toSales', 'toBusinessCentral'] satisfies Direction[],
    dids,
    dids,
    either,
    either,
    either,
    ['first', 'row'],
    ['fill', 'hold'],
    ['hold', 'businessCentral', 'sales'],
    ['hold', 'businessCentral', 'sales', 'newest'],
    [undefined, 'businessCentral', 'sales'],
    [undefined, 'businessCentral', 'sales'],
  ] as const
  for (const pick of product(choices)) {
    const [direction, bc, sales, agree, bcBlank, salesBlank, meeting, blank, different, conflicts, newest, decision] =
      pick
    yield {
      direction,
      did: { businessCentral: bc, sales },
      agree,
      blank: { businessCentral: bcBlank, sales: salesBlank },
      meeting,
      firstMatch: { blank, different },
      conflicts,
      newest,
      decision,
    } as FieldFacts
  }
}

function* product(choices: readonly (readonly unknown[])[]): Generator<readonly unknown[]> {
  const [first, ...rest] = choices
  if (first === undefined) yield []
  else for (const value of first) for (const others of product(rest)) yield [value, ...others]
}

const fieldLaws: Record<string, (facts: FieldFacts, verdict: FieldVerdict) => boolean> = {
  'nothing is written against the direction': ({ direction }, verdict) =>
    verdict.kind !== 'write' || travelsTo(direction, verdict.to),
  'what agrees is in step': ({ agree }, verdict) => !agree || verdict.kind === 'in-step',
  'a field of both directions is in step only if it agrees, or is blank on both sides at a first match': (
    facts,
    verdict,
  ) =>
    facts.direction !== 'both' ||
    (verdict.kind === 'in-step') === (facts.agree || (facts.decision === undefined && isBlankMeeting(facts))),
  'P2: a conflict is never written under hold': (facts, verdict) =>
    facts.direction !== 'both' ||
    facts.agree ||
    facts.decision !== undefined ||
    facts.conflicts !== 'hold' ||
    facts.did.businessCentral !== 'changed' ||
    facts.did.sales !== 'changed' ||
    fieldWords(verdict) === 'hold conflict',
  'P2: an edit is carried only from a side that edited': ({ did }, verdict) =>
    verdict.kind !== 'write' || verdict.why !== 'edit' || did[otherSide(verdict.to)] === 'changed',
  'P2: an edit is never overwritten by a side that did nothing': ({ did, direction }, verdict) =>
    verdict.kind !== 'write' ||
    verdict.why === 'resolved' ||
    direction !== 'both' ||
    did[verdict.to] !== 'changed' ||
    did[otherSide(verdict.to)] !== 'same',
  'P9: a blank never wipes a filled value at a first match': ({ meeting, blank, did }, verdict) =>
    verdict.kind !== 'write' ||
    verdict.why === 'resolved' ||
    verdict.why === 'edit' ||
    meeting !== 'first' ||
    did[otherSide(verdict.to)] !== 'new' ||
    !(blank[otherSide(verdict.to)] && !blank[verdict.to]),
  'P9: clearing a field is an edit like any other': (facts, verdict) =>
    facts.did.businessCentral === 'new' ||
    facts.did.sales === 'new' ||
    fieldWords(verdict) ===
      fieldWords(
        mergeField({ ...facts, blank: { businessCentral: !facts.blank.businessCentral, sales: facts.blank.sales } }),
      ),
  'only a person decides what is held': ({ decision }, verdict) => decision === undefined || verdict.kind !== 'hold',
  'the sides are alike': (facts, verdict) =>
    fieldWords(mergeField(mirroredFacts(facts))) === mirroredText(fieldWords(verdict)),
}

const isBlankMeeting = ({ did, blank }: FieldFacts): boolean =>
  (did.businessCentral === 'new' || did.sales === 'new') && blank.businessCentral && blank.sales

const mirroredFacts = (facts: FieldFacts): FieldFacts => ({
  ...facts,
  direction: mirroredDirection[facts.direction],
  did: mirrored(facts.did),
  blank: mirrored(facts.blank),
  firstMatch: { ...facts.firstMatch, different: mirroredSide(facts.firstMatch.different) },
  conflicts: mirroredSide(facts.conflicts),
  newest: facts.newest && otherSide(facts.newest),
  decision: facts.decision && otherSide(facts.decision),
})

t.test('laws of merging hold for every combination of facts', async (t) => {
  const cases = [...everyField()].map((facts) => ({ facts, verdict: mergeField(facts) }))
  t.equal(cases.length, 93_312)
  for (const [name, law] of Object.entries(fieldLaws)) {
    tried(cases.length)
    t.strictSame(
      cases.find(({ facts, verdict }) => !law(facts, verdict)),
      undefined,
      name,
    )
  }
})

/** A field of two records over time: what stands on each side, and what stood there when they last agreed. */
interface Field {
  readonly stands: BySide<string>
  readonly base: BySide<string> | undefined
}
const edit = (field: Field, side: Side, value: string): Field => ({
  ...field,
  stands: side === 'sales' ? { ...field.stands, sales: value } : { ...field.stands, businessCentral: value },
})
const did = ({ stands, base }: Field, side: Side): Did =>
  base === undefined ? 'new' : base[side] === stands[side] ? 'same' : 'changed'

/** What a run makes of the field. */
function synced(field: Field, policy: Pick<FieldFacts, 'direction' | 'conflicts' | 'firstMatch'>) {
  const { stands } = field
  const verdict = mergeField({
    ...base,
    ...policy,
    did: { businessCentral: did(field, 'businessCentral'), sales: did(field, 'sales') },
    agree: stands.businessCentral === stands.sales,
    blank: { businessCentral: stands.businessCentral === '', sales: stands.sales === '' },
    meeting: field.base === undefined ? 'first' : 'row',
  })
  if (verdict.kind === 'in-step') return { verdict, field: { stands, base: stands } }
  if (verdict.kind !== 'write') return { verdict, field }
  const after = edit(field, verdict.to, stands[otherSide(verdict.to)]).stands
  return { verdict, field: { stands: after, base: after } }
}

/** Nobody edited it, or it is nothing, or a policy says that the other side wins; a blank wins no first meeting. */
function mayBeOverwritten(
  field: Field,
  side: Side,
  policy: Pick<FieldFacts, 'direction' | 'conflicts' | 'firstMatch'>,
) {
  if (field.base !== undefined)
    return policy.direction !== 'both' || did(field, side) === 'same' || policy.conflicts === otherSide(side)
  if (field.stands[otherSide(side)] === '') return false
  return field.stands[side] === '' || policy.firstMatch.different === otherSide(side)
}

t.test('P2 P3 P9 whatever people do to a field and whenever it runs, nothing of theirs is dropped', async (t) => {
  const told = { write: 0, hold: 0 }
  const value = fc.constantFrom('', 'a', 'b', 'c')
  const side = fc.constantFrom<Side>('businessCentral', 'sales')
  const steps = fc.array(fc.option(fc.tuple(side, value), { freq: 3 }), { minLength: 1, maxLength: 12 })
  const policies = fc.record({
    direction: fc.constantFrom<Direction>('both', 'toSales', 'toBusinessCentral'),
    conflicts: fc.constantFrom<ConflictPolicy>('hold', 'businessCentral', 'sales'),
    firstMatch: fc.record({
      blank: fc.constantFrom('fill' as const, 'hold' as const),
      different: fc.constantFrom<FirstMatch['different']>('hold', 'businessCentral', 'sales'),
    }),
  })
  forAll(
    fc.property(fc.record({ businessCentral: value, sales: value }), steps, policies, (stands, story, policy) => {
      let field: Field = { stands, base: undefined }
      for (const step of [...story, null]) {
        const before = field
        if (step !== null) {
          field = edit(field, ...step)
          continue
        }
        const run = synced(field, policy)
        field = run.field
        if (run.verdict.kind === 'write') told.write += 1
        if (run.verdict.kind === 'hold') told.hold += 1
        const again = synced(field, policy)
        deepStrictEqual(again.field, field, 'a second run changes nothing')
        for (const each of ['businessCentral', 'sales'] as const)
          if (before.stands[each] !== field.stands[each] && !mayBeOverwritten(before, each, policy))
            throw new Error(`an edit in ${each} is gone`)
        if (policy.direction === 'both' && run.verdict.kind !== 'hold')
          deepStrictEqual(field.stands.businessCentral, field.stands.sales, 'in step')
      }
    }),
    { numRuns: 2000 },
  )
  t.ok(told.write > 300 && told.hold > 300, JSON.stringify(told))
})

// Pairs

type Here = Exclude<Standing, 'gone'>
/** Both records are there. */
const present: Record<Here, Record<Here, string>> = {
  same: { same: 'in-step', edited: 'merge', outside: 'pause' },
  edited: { same: 'merge', edited: 'merge', outside: 'pause' },
  outside: { same: 'pause', edited: 'pause', outside: 'pause' },
}

const held = 'hold, gone in sales'
const over = 'end deleted, left in businessCentral'
/** The record in Sales is gone: by the policy of Sales, by direction, by how the record in Business Central stands. */
const goneInSales: Record<DeletePolicy, Record<Direction, Record<Here, string>>> = {
  hold: {
    both: { same: held, edited: held, outside: held },
    toSales: { same: held, edited: held, outside: held },
    toBusinessCentral: { same: held, edited: held, outside: held },
  },
  uncouple: {
    both: { same: 'uncouple', edited: 'uncouple', outside: 'uncouple' },
    toSales: { same: 'uncouple', edited: 'uncouple', outside: 'uncouple' },
    toBusinessCentral: { same: 'uncouple', edited: 'uncouple', outside: 'uncouple' },
  },
  end: {
    both: { same: over, edited: over, outside: over },
    toSales: { same: over, edited: over, outside: over },
    toBusinessCentral: { same: over, edited: over, outside: over },
  },
  restore: {
    both: { same: 'restore sales', edited: 'restore sales', outside: held },
    toSales: { same: 'restore sales', edited: 'restore sales', outside: held },
    toBusinessCentral: { same: held, edited: held, outside: held },
  },
  delete: {
    both: { same: 'delete businessCentral', edited: 'restore sales', outside: held },
    toSales: { same: held, edited: 'restore sales', outside: held },
    toBusinessCentral: { same: 'delete businessCentral', edited: held, outside: held },
  },
}

/** A person decided what becomes of the survivor; what it looks like and what the policy says matters no more. */
const decidedWhenGoneInSales: Record<'restore' | 'delete' | 'uncouple', Record<Direction, string>> = {
  restore: { both: 'restore sales', toSales: 'restore sales', toBusinessCentral: held },
  delete: { both: 'delete businessCentral', toSales: held, toBusinessCentral: 'delete businessCentral' },
  uncouple: { both: 'uncouple', toSales: 'uncouple', toBusinessCentral: 'uncouple' },
}

const standings: readonly Standing[] = ['same', 'edited', 'outside', 'gone']
const deletePolicies = Object.keys(goneInSales) as DeletePolicy[]
const decisions = [undefined, 'restore', 'delete', 'uncouple'] as const

interface PairCase {
  readonly standing: BySide<Standing>
  readonly policy: PairPolicy
}
function* everyPair(): Generator<PairCase> {
  const choices = [
    standings,
    standings,
    ['both', 'toSales', 'toBusinessCentral'],
    deletePolicies,
    deletePolicies,
    decisions,
  ]
  for (const [bc, sales, direction, inBc, inSales, decision] of product(choices)) {
    yield {
      standing: { businessCentral: bc, sales } as BySide<Standing>,
      policy: { direction, deletes: { businessCentral: inBc, sales: inSales, sweepMs: 1 }, decision } as PairPolicy,
    }
  }
}

/** What the tables above say about a case. */
function expectedOf({ standing, policy }: PairCase): string {
  const { businessCentral, sales } = standing
  if (businessCentral === 'gone') {
    if (sales === 'gone') return 'uncouple'
    return mirroredText(expectedOf(mirroredPair({ standing, policy })))
  }
  if (sales !== 'gone') return present[businessCentral][sales]
  return policy.decision === undefined
    ? goneInSales[policy.deletes.sales][policy.direction][businessCentral]
    : decidedWhenGoneInSales[policy.decision][policy.direction]
}

const mirroredPair = ({ standing, policy }: PairCase): PairCase => ({
  standing: mirrored(standing),
  policy: {
    ...policy,
    direction: mirroredDirection[policy.direction],
    deletes: { ...mirrored(policy.deletes), sweepMs: policy.deletes.sweepMs },
  },
})

t.test('P9: what becomes of a pair, for every standing, policy, direction and decision', async (t) => {
  const cases = [...everyPair()]
  t.equal(cases.length, 4 * 4 * 3 * 5 * 5 * 4)
  const wrong = cases.filter((each) => pairWords(reconcile(each.standing, each.policy)) !== expectedOf(each))
  t.strictSame(wrong, [])
})

t.test(
  'L-13 B-07: a record that was posted is not deleted, and a pair that is over stays so, whatever the policy',
  async (t) => {
    for (const { standing, policy } of everyPair()) {
      const gone = sides.filter((side) => standing[side] === 'gone')
      const posted = reconcile(standing, { ...policy, posted: true })
      const ended = reconcile(standing, { ...policy, posted: true, ended: true })
      const [one] = gone
      const usual = reconcile(standing, policy)
      t.same(posted, gone.length === 1 && one ? { kind: 'end', because: 'posted', survivor: otherSide(one) } : usual)
      t.same(ended, gone.length === 1 ? { kind: 'over' } : usual)
    }
  },
)

const pairLaws: Record<string, (given: PairCase, verdict: PairVerdict) => boolean> = {
  'P9: a record outside the filter is never deleted or created again unless a person says so': (
    { standing, policy },
    verdict,
  ) =>
    policy.decision !== undefined ||
    !sides.some((side) => standing[side] === 'outside') ||
    !['delete', 'restore', 'merge'].includes(verdict.kind),
  'an edit beats a delete': ({ standing, policy }, verdict) =>
    policy.decision !== undefined || verdict.kind !== 'delete' || standing[verdict.on] !== 'edited',
  'one-way mappings never delete or create where they read': ({ policy }, verdict) =>
    (verdict.kind !== 'delete' && verdict.kind !== 'restore') || travelsTo(policy.direction, verdict.on),
  'the sides are alike': (given, verdict) => {
    const { standing, policy } = mirroredPair(given)
    return pairWords(reconcile(standing, policy)) === mirroredText(pairWords(verdict))
  },
  'nothing is deleted that is gone, and nothing restored that is there': ({ standing }, verdict) =>
    (verdict.kind !== 'delete' || standing[verdict.on] !== 'gone') &&
    (verdict.kind !== 'restore' || standing[verdict.on] === 'gone'),
}

t.test('laws of pairs hold for every combination', async (t) => {
  const cases = [...everyPair()]
  for (const [name, law] of Object.entries(pairLaws)) {
    tried(cases.length)
    const broken = cases.find((each) => !law(each, reconcile(each.standing, each.policy)))
    t.strictSame(broken, undefined, name)
  }
})

t.test(
  'P1: a record without a coupling is coupled, created or held, and never created where several fit',
  async (t) => {
    const found: Record<Found['kind'], Record<'may' | 'may not', unknown>> = {
      outside: { may: { kind: 'ignore' }, 'may not': { kind: 'ignore' } },
      one: { may: { kind: 'couple', with: 'a1' }, 'may not': { kind: 'couple', with: 'a1' } },
      several: { may: { kind: 'hold', because: 'ambiguous' }, 'may not': { kind: 'hold', because: 'ambiguous' } },
      none: { may: { kind: 'create', on: 'sales' }, 'may not': { kind: 'hold', because: 'no-partner' } },
    }
    for (const kind of Object.keys(found) as Found['kind'][]) {
      const given = { kind, id: 'a1', rivals: { businessCentral: [], sales: ['a1', 'a2'] } } as Found
      t.strictSame(reconcileLone('businessCentral', given, true), found[kind].may, kind)
      t.strictSame(reconcileLone('businessCentral', given, false), found[kind]['may not'], kind)
    }
    t.strictSame(reconcileLone('sales', { kind: 'none' }, true), { kind: 'create', on: 'businessCentral' })
  },
)

// Matching

const candidate = (id: string, keys: readonly (string | undefined)[], coupled = false): Candidate => ({
  id,
  keys,
  coupled,
})
const firstsApart = (bc: string, sales: string): boolean => bc === 'b1' && sales === 's1'
const never = (): boolean => false
const byId = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
const shown = (found: Map<string, Found>): Record<string, string> =>
  Object.fromEntries([...found].sort(byId).map(([id, each]) => [id, each.kind === 'one' ? each.id : each.kind]))
const match = (
  candidates: BySide<readonly Candidate[]>,
  groups = 2,
  apart: (bc: string, sales: string) => boolean = never,
) => {
  const found = matchRecords(candidates, groups, apart)
  return { businessCentral: shown(found.businessCentral), sales: shown(found.sales) }
}

t.test('K-03: groups are tried in order, and a blank value matches nothing', async (t) => {
  const found = match({
    businessCentral: [
      candidate('b1', ['10000', 'adatum']),
      candidate('b2', [undefined, 'contoso']),
      candidate('b3', [undefined, undefined]),
    ],
    sales: [
      candidate('s1', ['10000', 'contoso ltd']),
      candidate('s2', ['20000', 'contoso']),
      candidate('s3', [undefined, undefined]),
    ],
  })
  t.strictSame(found, {
    businessCentral: { b1: 's1', b2: 's2', b3: 'none' },
    sales: { s1: 'b1', s2: 'b2', s3: 'none' },
  })
})

t.test(
  'K-03, P1: several candidates, or one that is coupled or taken already, are held and not tried further',
  async (t) => {
    t.strictSame(
      match({
        businessCentral: [candidate('b1', ['x', 'only']), candidate('b2', ['x'])],
        sales: [candidate('s1', ['x']), candidate('s2', ['y', 'only'])],
      }),
      { businessCentral: { b1: 'several', b2: 'several' }, sales: { s1: 'several', s2: 'several' } },
      'two here',
    )
    t.strictSame(
      match({ businessCentral: [candidate('b1', ['x'])], sales: [candidate('s1', ['x'], true)] }),
      { businessCentral: { b1: 'several' }, sales: {} },
      'coupled there',
    )
    t.strictSame(
      match({
        businessCentral: [candidate('b1', ['x'])],
        sales: [candidate('s1', ['x']), candidate('s2', ['x'], true)],
      }),
      { businessCentral: { b1: 'several' }, sales: { s1: 'several' } },
      'one of two coupled',
    )
    t.strictSame(
      match({
        businessCentral: [candidate('b1', ['x', 'p']), candidate('b2', [undefined, 'q'])],
        sales: [candidate('s1', ['x', 'q'])],
      }),
      { businessCentral: { b1: 's1', b2: 'several' }, sales: { s1: 'b1' } },
      'taken by an earlier group',
    )
  },
)

t.test('P1: records that a person took apart are not matched with each other again', async (t) => {
  t.strictSame(
    match({ businessCentral: [candidate('b1', ['x', 'p'])], sales: [candidate('s1', ['x'])] }, 2, firstsApart),
    {
      businessCentral: { b1: 'none' },
      sales: { s1: 'none' },
    },
  )
  t.strictSame(
    match(
      { businessCentral: [candidate('b1', ['x', 'p'])], sales: [candidate('s1', ['x']), candidate('s2', ['y', 'p'])] },
      2,
      firstsApart,
    ),
    { businessCentral: { b1: 's2' }, sales: { s1: 'none', s2: 'b1' } },
    'but may find another partner',
  )
})

/** The rules of matching, said once more in the slowest way: each open record looks at every record. */
function naive(
  candidates: BySide<readonly Candidate[]>,
  groups: number,
  apart: (bc: string, sales: string) => boolean,
) {
  const found = { businessCentral: new Map<string, string>(), sales: new Map<string, string>() }
  const fill = (side: Side, record: Candidate, group: number): string | undefined => {
    const alike = (on: Side): Candidate[] =>
      candidates[on].filter(({ keys }) => keys[group] !== undefined && keys[group] === record.keys[group])
    const [mate, ...more] = alike(otherSide(side))
    if (mate === undefined) return undefined
    if (more.length > 0 || alike(side).length > 1) return 'several'
    if (side === 'sales' ? apart(mate.id, record.id) : apart(record.id, mate.id)) return undefined
    return mate.coupled || found[otherSide(side)].has(mate.id) ? 'several' : mate.id
  }
  for (let group = 0; group < groups; group++) {
    const news = sides.flatMap((side) =>
      candidates[side]
        .filter((record) => !record.coupled && !found[side].has(record.id))
        .map((record) => ({ side, id: record.id, is: fill(side, record, group) })),
    )
    for (const { side, id, is } of news) if (is !== undefined) found[side].set(id, is)
  }
  for (const side of sides) {
    for (const { id, coupled } of candidates[side]) if (!coupled && !found[side].has(id)) found[side].set(id, 'none')
  }
  return {
    businessCentral: Object.fromEntries([...found.businessCentral].sort(byId)),
    sales: Object.fromEntries([...found.sales].sort(byId)),
  }
}

const keyArb = fc.option(fc.constantFrom('p', 'q', 'r', 's', 't'), { nil: undefined })
const candidatesOf = (letter: string): fc.Arbitrary<readonly Candidate[]> =>
  fc
    .array(
      fc.record({
        keys: fc.tuple(keyArb, keyArb, keyArb),
        coupled: fc.oneof({ arbitrary: fc.constant(false), weight: 4 }, fc.boolean()),
      }),
      {
        maxLength: 7,
      },
    )
    .map((list) => list.map((each, index) => ({ id: `${letter}${index}`, ...each })))
const bothSides = fc.record({ businessCentral: candidatesOf('b'), sales: candidatesOf('s') })
const apartArb = fc.func<[string, string], boolean>(fc.integer({ min: 0, max: 5 }).map((n) => n === 0))

t.test('K-03, P1: matching does what a search of every record against every other would do', async (t) => {
  let pairs = 0
  forAll(
    fc.property(bothSides, fc.nat(3), apartArb, (candidates, groups, apart) => {
      const found = match(candidates, groups, apart)
      pairs += Object.values(found.sales).filter((each) => each.startsWith('b')).length
      return JSON.stringify(found) === JSON.stringify(naive(candidates, groups, apart))
    }),
    { numRuns: 1500 },
  )
  t.ok(pairs > 300, 'the samples do match')
})

t.test('P1: nobody is matched twice, partners name each other, and only the uncoupled are asked about', async () => {
  forAll(
    fc.property(bothSides, (candidates) => {
      const found = matchRecords(candidates, 3, never)
      return sides.every((side) => {
        const partners = [...found[side].values()].flatMap((each) => (each.kind === 'one' ? [each.id] : []))
        const mutual = [...found[side]].every(([id, each]) => {
          if (each.kind !== 'one') return true
          const back = found[otherSide(side)].get(each.id)
          return back?.kind === 'one' && back.id === id
        })
        const open = candidates[side].filter(({ coupled }) => !coupled)
        return (
          mutual &&
          new Set(partners).size === partners.length &&
          open.length === found[side].size &&
          open.every(({ id }) => found[side].has(id))
        )
      })
    }),
  )
})

t.test('P10: as long as its rivals stand, a record stays undecided, whoever else goes', async (t) => {
  let undecided = 0
  const going = fc.tuple(bothSides, apartArb, fc.infiniteStream(fc.boolean()))
  forAll(
    fc.property(going, ([candidates, apart, goes]) => {
      const before = matchRecords(candidates, 3, apart)
      return sides.every((side) =>
        [...before[side]].every(([id, found]) => {
          if (found.kind !== 'several') return true
          undecided++
          const stays = (on: Side, one: string): boolean =>
            (on === side && one === id) || found.rivals[on].includes(one) || goes.next().value === true
          const left = {
            businessCentral: candidates.businessCentral.filter((each) => stays('businessCentral', each.id)),
            sales: candidates.sales.filter((each) => stays('sales', each.id)),
          }
          return matchRecords(left, 3, apart)[side].get(id)?.kind === 'several'
        }),
      )
    }),
    { numRuns: 1500 },
  )
  t.ok(undecided > 300, 'the samples have such records')
  const crowd = Array.from({ length: 50 }, (_, at) => candidate(`s${at}`, ['x']))
  const found = matchRecords({ businessCentral: [candidate('b1', ['x'])], sales: crowd }, 1, never)
  const one = found.businessCentral.get('b1')
  t.match(one, { kind: 'several', rivals: { businessCentral: ['b1'], sales: { length: 4 } } }, 'few stand for many')
})

t.test('matching does not depend on the order in which records are read', async () => {
  const shuffled = bothSides.chain((given) =>
    fc.record({
      given: fc.constant(given),
      other: fc.record({
        businessCentral: fc.shuffledSubarray([...given.businessCentral], { minLength: given.businessCentral.length }),
        sales: fc.shuffledSubarray([...given.sales], { minLength: given.sales.length }),
      }),
    }),
  )
  forAll(
    fc.property(shuffled, ({ given, other }) => JSON.stringify(match(given, 3)) === JSON.stringify(match(other, 3))),
  )
})
