/** The moments of doubt of a mapping, and what happens in each. */
import { otherSide, sideName, sides, travelsTo } from '../config/config.ts'
import type { DeletePolicy, Mapping, Side } from '../config/config.ts'
import { durationText, limitText } from '../core/mapping-words.ts'
import { code, markdownTable } from './markdown.ts'
import { conflictWords, firstMatchWords } from './page-rows.ts'

/** A line a moment. */
export function policySection(mapping: Mapping): readonly string[] {
  const { conflicts, firstMatch, deletes, limits, direction, follows } = mapping
  const rows: readonly (readonly [string, string])[] = [
    ['two existing records become partners', firstMatchWords(firstMatch)],
    ...(direction === 'both'
      ? [['the same field was edited on both sides', conflictWords(conflicts)] as const]
      : [['the target was edited', 'it is left alone until the source changes'] as const]),
    ['a field was emptied', 'it is emptied on the other side too, where its row says nothing else'],
    ['a record leaves the filter', 'its pair is paused and goes on when it returns; nothing is deleted'],
    ...sides.map((side) => deletedRow(mapping, side)),
    [
      'a run would do more than is usual',
      `it stops before the first write, and the numbers must be given back: more than ${code(limitText(limits.deletes))} deletes, ${code(limitText(limits.updates))} updates, ${code(limitText(limits.creates))} creates on one side`,
    ],
  ]
  const sweep = `Deletes are looked for at least every ${durationText(deletes.sweepMs)} where a side does not report them.`
  return [
    ...markdownTable(['when', 'then'], rows),
    '',
    follows === undefined ? sweep : `${sweep} A pair ends with the one it follows.`,
  ]
}

/** What a delete does: the partner stands on the other side. */
function deletedRow({ deletes, direction }: Mapping, side: Side): readonly [string, string] {
  const partner = sideName[otherSide(side)]
  const words: Readonly<Record<DeletePolicy, string>> = {
    hold: 'the pair is held for a person',
    uncouple: 'the pair is forgotten, the partner stays',
    end: 'the pair is over: nothing of it travels or is made again',
    restore: travelsTo(direction, side)
      ? `it is created again from its partner in ${partner}`
      : 'the pair is held for a person',
    delete: `its partner in ${partner} is deleted, unless that was edited since`,
  }
  return [`a coupled record was deleted in ${sideName[side]}`, words[deletes[side]]]
}
