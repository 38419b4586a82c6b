/** The first page: all mappings in the order of a run, how they hang together, and when they run. */
import type { Config, Job } from '../config/config.ts'
import { written } from '../core/change.ts'
import type { DocumentedMapping } from '../core/documentation.ts'
import { durationText } from '../core/mapping-words.ts'
import { mappingGraph } from './mapping-graph.ts'
import { page, pageLink } from './mapping-page.ts'
import type { PageContext } from './mapping-page.ts'
import { code, markdownTable, prose } from './markdown.ts'
import { count, firstSentence, wayName } from './words.ts'

/** The whole page. */
export function overviewPage(
  mappings: readonly DocumentedMapping[],
  { settings, target }: Pick<Config, 'settings' | 'target'>,
  context: PageContext,
): string {
  const shared = context.shared === true
  const used = mappings.filter(({ mapping }) => shared || mapping.enabled)
  const off = mappings.filter((each) => !used.includes(each))
  const drawn = used.map(({ mapping }) => ({ ...mapping, enabled: true }))
  const title = shared ? 'The standard set' : `Mappings${target === undefined ? '' : ` of ${code(target)}`}`
  return page([
    [`# ${title}`],
    [`${count(used.length, 'mapping')} between Business Central and Sales, in the order of a run.`],
    markdownTable(
      ['mapping', 'Business Central', 'Sales', 'values travel', 'what for'],
      used.map((each) => overviewRow(each, context)),
    ),
    ...(off.length === 0
      ? []
      : [
          ['Switched off:'],
          markdownTable(
            ['mapping', 'because'],
            off.map(({ mapping }) => [pageLink(mapping.name, context), prose(mapping.reason ?? '')]),
          ),
        ]),
    ...(used.length === 0 ? [] : [['## What runs after what'], mappingGraph(drawn, new Map())]),
    ['## Timetable'],
    ...timetable(context),
    ...(shared ? [] : [['## Settings'], settingsTable(settings)]),
  ])
}

function overviewRow({ mapping, title, about }: DocumentedMapping, context: PageContext): readonly string[] {
  const [businessCentral, sales] = [mapping.businessCentral, mapping.sales].map(({ entity }) =>
    entity === undefined ? 'fixed rows' : code(entity.entity),
  )
  const what = title ?? about[0] ?? ''
  return [
    pageLink(mapping.name, context),
    businessCentral ?? '',
    sales ?? '',
    wayName[mapping.direction],
    prose(firstSentence(what)),
  ]
}

function timetable(context: PageContext): readonly (readonly string[])[] {
  if (context.jobs.length === 0) return [['No job: mappings run when somebody starts them.']]
  return [
    [
      'A job runs again so long after its last run has ended. After a run that found nothing it sleeps; an edit on either side wakes it.',
    ],
    markdownTable(
      ['job', 'mappings', 'every', 'sleeps', 'looks for edits', 'not together with'],
      context.jobs.map((job) => jobRow(job, context)),
    ),
  ]
}

function jobRow(job: Job, context: PageContext): readonly string[] {
  const { name, mappings, enabled, reason, everyMs, inactivityMs, wakeMs, category } = job
  const others = context.jobs.filter(
    (each) => each.name !== name && category !== undefined && each.category === category,
  )
  const every = enabled ? durationText(everyMs) : `switched off${reason === undefined ? '' : `: ${prose(reason)}`}`
  return [
    code(name),
    mappings.map((each) => pageLink(each, context)).join(', '),
    every,
    inactivityMs === undefined ? 'never' : durationText(inactivityMs),
    wakeMs === undefined ? 'never' : `every ${durationText(wakeMs)}`,
    others.map((each) => code(each.name)).join(', '),
  ]
}

const settingsTable = (settings: Config['settings']): readonly string[] =>
  markdownTable(
    ['setting', 'value'],
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, value]) => [code(name), code(written(value))]),
  )
