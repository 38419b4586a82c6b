/** Replaying a journal, in memory: what a start reads is what was committed, wherever a snapshot was taken. */
import { deepStrictEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { type JournalLine, linesAfter } from '../../src/store/journal.ts'
import type { MappingContent } from '../../src/store/mapping-content.ts'
import { MappingMemory } from '../../src/store/mapping-memory.ts'
import type { Entry } from '../../src/store/store.ts'
import { forAll } from '../property.ts'
import { commit, picture } from './picture.ts'

const commits = fc.array(commit, { minLength: 1, maxLength: 12 })
const folded = (all: readonly (readonly Entry[])[], from?: MappingContent): MappingMemory => {
  const memory = new MappingMemory('m')
  if (from !== undefined) memory.load(from)
  for (const entries of all) memory.apply(entries)
  return memory
}

t.test('P7 a snapshot at any commit and the lines behind it are the whole', (t) => {
  forAll(
    fc.property(commits, fc.nat(12), (all, at) => {
      const whole = folded(all)
      const content = folded(all.slice(0, at)).content()
      const stored = JSON.parse(JSON.stringify(content)) as MappingContent
      const again = folded(all.slice(at), stored)
      deepStrictEqual(picture(again), picture(whole))
      // A further fold goes on from there, and what was taken out of it is not touched by that.
      deepStrictEqual(picture(folded(all, again.content())), picture(folded(all, whole.content())))
      deepStrictEqual(JSON.parse(JSON.stringify(content)), stored)
    }),
    { numRuns: 600 },
  )
  t.end()
})

t.test('P1 P7 after any history nobody has two partners, and each is found by both ids', (t) => {
  forAll(
    fc.property(commits, (all) => {
      const memory = folded(all)
      const pairs = [...memory.couplings()]
      for (const side of ['businessCentral', 'sales'] as const) {
        deepStrictEqual(new Set(pairs.map((pair) => pair[side].id)).size, memory.size)
        for (const pair of pairs) deepStrictEqual(memory.bySide(side, pair[side].id), pair)
      }
    }),
    { numRuns: 300 },
  )
  t.end()
})

/** Runners that follow one another, each with a higher lock; those that lost theirs may still append. */
const runners = fc.array(
  fc.record({
    commits: fc.nat(4),
    late: fc.array(fc.record({ commit: fc.integer({ min: 1, max: 12 }) }), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 4 },
)

t.test('P7 lines of runners that lost their lock never count, wherever they stand among the others', (t) => {
  forAll(
    fc.property(runners, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const good: JournalLine[] = []
      const file: JournalLine[] = []
      all.forEach(({ commits, late }, index) => {
        for (let count = 0; count < commits; count++) {
          const line = { commit: good.length + 1, fence: index + 1, entries: [] }
          good.push(line)
          file.push(line)
          if (index > 0) file.push(...late.map(({ commit }) => ({ commit, fence: index, entries: [] })))
        }
      })
      const upTo = Math.floor(share * good.length)
      const fence = good[upTo - 1]?.fence ?? 0
      deepStrictEqual(linesAfter('journal', upTo, fence, file), good.slice(upTo))
      // Lines that a snapshot already holds may be gone, or may be there still.
      const rest = file.filter((line) => line.commit > upTo || line.fence < fence)
      deepStrictEqual(linesAfter('journal', upTo, fence, rest), good.slice(upTo))
    }),
    { numRuns: 600 },
  )
  t.end()
})
