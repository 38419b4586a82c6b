/** What the README counts and lists is what the files hold. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { countOf } from './mappings/native-places.ts'
import { inReadme } from './mappings/readme.ts'
import { list, mappings, nativeRows } from './mappings/standard-files.ts'

t.test('the README tells how much of the native integration is there', (t) => {
  const open = countOf('open') === 0 ? '' : `, ${countOf('open')} belong to mappings that are not written yet`
  const text = [
    `Of the ${nativeRows.length} native field rows (10 of them natively switched off) ${countOf('present')} stand in the`,
    `mappings, ${countOf('constant of a lookup')} are said by the type of a reference, ${countOf('not reachable')} cannot be`,
    `reached from outside${open}.`,
  ].join(' ')
  inReadme(t, 'figures', text)
  t.end()
})

t.test('the README lists everything that cannot be reached, with the reason', (t) => {
  const rows = [...mappings]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, file]) =>
      (file.notReachable ?? []).map(({ field, reason, native }) => {
        const labels = list(native)
        return `| ${name} | ${field}${labels.length === 0 ? '' : ` (${labels.join(', ')})`} | ${reason.trim()} |`
      }),
    )
  inReadme(
    t,
    'not reachable',
    ['| mapping | what | why, and what instead |', '| --- | --- | --- |', ...rows].join('\n'),
  )
  t.end()
})

t.test('the README tells no more than each run of the tests demands', (t) => {
  const [, promises = ''] = /<!-- promises -->([^]*)<!-- \/promises -->/.exec(readFileSync('README.md', 'utf8')) ?? []
  const demanded = JSON.parse(readFileSync('scripts/proof.json', 'utf8')) as Record<string, Record<string, number>>
  const most = new Map(Object.values(demanded).flatMap((figures) => Object.entries(figures)))
  const told = [
    ...promises.matchAll(
      /([\d,]+) (kills|processes killed|flipped bytes|seeds|edits by people|tricks|throttled runs|damaged projects|hostile files|awkward values|command lines searched)/g,
    ),
  ]
  t.ok(told.length > 10, 'figures are told')
  for (const [whole, number = '', name = ''] of told) t.equal(Number(number.replaceAll(',', '')), most.get(name), whole)
  t.end()
})
