/** What the README counts and lists is what the files hold. */
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
