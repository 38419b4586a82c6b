import * as fc from 'fast-check'
import t from 'tap'
import { sides } from '../../src/config/config.ts'
import { evaluateFilter } from '../../src/core/filter-evaluation.ts'
import { compareFilters, implies, type FilterChange } from '../../src/core/filter-implication.ts'
import { parseFilter } from '../../src/core/filter.ts'
import { forAll } from '../property.ts'

const table: readonly (readonly [before: string | undefined, after: string | undefined, FilterChange])[] = [
  [undefined, undefined, 'same'],
  [undefined, 'a eq 1', 'narrower'],
  ['a eq 1', undefined, 'wider'],
  ['a eq 1 and b eq 2', 'b eq 2  and  a eq 1', 'same'],
  ['a eq 1 and b eq 2', 'a eq 1', 'wider'],
  ['a eq 1', 'a eq 1 and b eq 2', 'narrower'],
  ['a eq 1', 'a eq 1 or b eq 2', 'wider'],
  ['a eq 1 or b eq 2', 'b eq 2', 'narrower'],
  ['a eq 1 or a eq 2', 'a in (2,1)', 'same'],
  ['a eq 1', 'a eq 2', 'other'],
  ['a eq 1', 'b eq 1', 'other'],
  ['a gt 5', 'a ge 5', 'wider'],
  ['a gt 5', 'a gt 3', 'wider'],
  ['a lt 5', 'a lt 3', 'narrower'],
  ['a eq 7', 'a gt 5', 'wider'],
  ['a eq 5', 'a ge 5', 'wider'],
  ['a eq 5', 'a gt 5', 'other'],
  ["a eq '7'", 'a gt 5', 'other'],
  ['a gt 2024-01-01', 'a gt 2023-01-01', 'other'],
  ['a ne null', "a ne ''", 'same'],
  ['a ne 1', 'a ne 2', 'other'],
  ['a eq true', 'a ne false', 'wider'],
  ["a eq 'x'", "a ne 'y'", 'wider'],
  // The same in Dataverse; in Business Central, where a text is as it is written, not.
  ["a eq 'X'", "a eq 'x'", 'other'],
  ["a eq 'X'", "a ne 'x'", 'other'],
  // Two spellings of one moment, or a text that may be a number, are never held to differ.
  ["a eq '2024-01-01'", "a ne '2024-01-01T00:00Z'", 'other'],
  ["a eq '1'", 'a ne 1', 'other'],
  ['(a eq 1 and c eq 1) or (b eq 1 and c eq 1)', 'c eq 1', 'wider'],
  ['_owner_value eq null', 'owner eq null', 'same'],
  ['not (a eq 1)', 'not (a eq 2)', 'other'],
  // What is computed, or known only while running, is the same only where it is written the same.
  ["tolower(a) eq 'x'", "tolower(a) eq 'y'", 'other'],
  ["tolower(a) ne 'x'", "tolower(a) ne 'y'", 'other'],
  ['a eq {coupled.x}', 'a eq {coupled.y}', 'other'],
  ['a ne {coupled.x}', 'a ne {coupled.y}', 'other'],
]

t.test('a filter is wider, narrower or other', (t) => {
  for (const [before, after, expected] of table)
    t.equal(compareFilters(before, after), expected, `${before ?? 'all'} → ${after ?? 'all'}`)
  t.end()
})

const value = fc.constantFrom('1', '2', '3', "'x'", "'X'", "'y'", "''", 'null', '2024-01-01', "'2024-01-01'", 'true')
const column = fc.constantFrom('a', 'b')
const operator = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le')
const atom = fc.oneof(
  fc.tuple(column, operator, value).map((parts) => parts.join(' ')),
  fc
    .tuple(column, fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([name, values]) => `${name} in (${values.join(',')})`),
)
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter')).map(([a, word, b]) => `(${a}) ${word} (${b})`),
    tie('filter').map((text) => `not (${text})`),
  ),
}))
/** A filter, and another that is often made of it. */
const pair = fc
  .tuple(filter, filter, fc.constantFrom('', 'and', 'or'))
  .map(([one, other, word]): [string, string] => [one, word === '' ? other : `(${other}) ${word} (${one})`])
const cell = fc.constantFrom(1, 2, 3, 2.5, 'x', 'X', 'y', '', null, '2024-01-01', '2024-01-01T00:00:00Z', true, false)

t.test('what implies another filter takes none that the other leaves', (t) => {
  let implied = 0
  forAll(
    fc.property(
      pair,
      fc.array(fc.record({ a: cell, b: cell }), { minLength: 8, maxLength: 8 }),
      ([one, other], rows) => {
        const [a, b] = [parseFilter(one), parseFilter(other)]
        if (!implies(a, b)) return true
        implied += 1
        return sides.every((side) => rows.every((row) => !evaluateFilter(a, row, side) || evaluateFilter(b, row, side)))
      },
    ),
    { numRuns: 4000 },
  )
  t.ok(implied > 200, `${implied} pairs implied one another`)
  t.end()
})
