/** P2 and P4: what a side whose lines come from an expression says of lines that we have just written there. */
import t from 'tap'
import type { LinePair } from '../../src/core/decide-lines.ts'
import type { Row } from '../../src/core/record.ts'
import { type LinesSketch, type Scene, agreedOn, decideScene, fingerprint } from './lines-fixture.ts'

/** Business Central says the texts of its lines in capitals, and knows how many lines there are. */
const sketch = (given: Partial<LinesSketch> = {}, toSales = 'said', said = '$uppercase(text)'): LinesSketch => ({
  compute: { toSales: `($n := $count(lines); lines[text != 'unsaid'].{ 'key': id, 'n': $n, 'said': ${said} })` },
  fields: {
    text: { businessCentral: 'text', sales: 'text', compute: { toSales } },
    quantity: { businessCentral: 'quantity', sales: 'quantity' },
  },
  ...given,
})

const line = (id: string, text: string, more: Row = {}): Row => ({ id, text, quantity: 1, ...more })

/** Prints of the text that each line of Business Central is written with, as base and in the write itself. */
async function printsAfter(scene: Scene): Promise<readonly unknown[]> {
  const { writes } = await decideScene(scene)
  return writes
    .filter(({ to, kind }) => to === 'businessCentral' && kind !== 'delete')
    .map(({ base, writes: cells }) => {
      const [write] = cells.filter(({ field }) => field.field.name === 'text')
      const print = write?.prints.businessCentral
      if (write !== undefined) t.equal(base.get(write.field.rowId)?.businessCentral, print, 'the base is the same')
      return print
    })
}

const agreed = (given: LinesSketch, ...texts: readonly string[]): Promise<readonly LinePair[]> =>
  agreedOn(
    given,
    texts.map((text, n) => ({ businessCentral: line(`b${n}`, text), sales: line(`s${n}`, text) })),
  )

t.test('an edited line is said as the expression will say it', async (t) => {
  const usual = sketch()
  const pairs = await agreed(usual, 'one', 'two', 'three')
  const businessCentral = [line('b0', 'one'), line('b1', 'two'), line('b2', 'three')]
  const sales = [line('s0', 'new'), line('s1', 'two')]
  t.same(await printsAfter({ sketch: usual, pairs, businessCentral, sales }), [fingerprint('NEW')])
  const counting = sketch({}, "said & ' of ' & n")
  t.same(
    await printsAfter({
      sketch: counting,
      pairs: await agreed(counting, 'one', 'two', 'three'),
      businessCentral,
      sales,
    }),
    [fingerprint('NEW of 2')],
  )
})

t.test('a new line is said so too, whoever chooses its key and its number', async (t) => {
  const sales = [line('s0', 'new'), line('s1', 'newer')]
  const both = [fingerprint('NEW'), fingerprint('NEWER')]
  const made = (given: LinesSketch, keys: boolean) => printsAfter({ sketch: given, sales, keys, meeting: 'new' })
  t.same(await made(sketch({ number: 10_000 }), false), both)
  t.same(await made(sketch({ unordered: true }), true), both)
})

t.test(
  'what the expression does not say any more is nothing; what it fails on is left as it was foreseen',
  async (t) => {
    const businessCentral = [line('b0', 'one')]
    const written = async (given: LinesSketch, text: string): Promise<readonly unknown[]> =>
      printsAfter({ sketch: given, pairs: await agreed(given, 'one'), businessCentral, sales: [line('s0', text)] })
    const foreseen = fingerprint('ONE')
    t.same(await written(sketch(), 'unsaid'), [fingerprint(null)], 'it says nothing of it any more')
    t.same(await written(sketch({}, 'said', "text = 'bad' ? $error('no') : $uppercase(text)"), 'bad'), [foreseen])
    t.same(await written(sketch({}, "said = 'BAD' ? $error('no') : said"), 'bad'), [foreseen])
  },
)

t.test('what is written to the other side is no line of this one', async (t) => {
  const usual = sketch()
  const pairs = await agreed(usual, 'one', 'two')
  const businessCentral = [line('b0', 'one'), line('b1', 'two', { quantity: 5 }), line('b2', 'added')]
  const sales = [line('s0', 'new'), line('s1', 'two')]
  t.same(await printsAfter({ sketch: usual, pairs, businessCentral, sales }), [fingerprint('NEW')])
})

t.test('a side that only listens says nothing of its lines', async (t) => {
  const given = sketch({ direction: 'toBusinessCentral' })
  const [print] = await printsAfter({ sketch: given, sales: [line('s0', 'new')], meeting: 'new' })
  t.not(print, fingerprint('NEW'))
})
