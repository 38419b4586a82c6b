/**
 * The second door: everything that can be wrong with a project, told at once. A rule is a small function that gives
 * findings; here is the list of all of them.
 */
import type { ConfigProblem } from '../errors.ts'
import type { Draft, MappingDraft, MappingRule, ProjectRule } from './draft.ts'
import { placeAll, type Finding } from './layers.ts'
import { checkLines, linesOf } from './lines.ts'
import { checkDefaults } from './rules-defaults.ts'
import { checkFollows } from './rules-follows.ts'
import { checkJobs, checkServe } from './rules-jobs.ts'
import { checkReplace } from './replace.ts'
import { checkCycles, checkLookups, checkNames, checkSwitches } from './rules-references.ts'
import { checkPages, checkRows, checkTargets } from './rules-rows.ts'
import {
  checkMatch,
  checkOne,
  checkPolicies,
  checkProjectLimits,
  checkQuantities,
  checkSources,
} from './rules-sources.ts'
import { checkCoupled, checkExpressions, checkFilters } from './rules-texts.ts'
import { checkSettings } from './rules-settings.ts'
import { misplacedReferences } from './secrets.ts'
import { checkTimeZone } from './setting-values.ts'

const noReferences: MappingRule = ({ value }) => misplacedReferences(value, () => false)
const merging: MappingRule = ({ findings }) => findings

const aboutFiles = [merging, noReferences]
const aboutSides = [checkSources, checkOne, checkMatch, checkPolicies, checkFollows, checkQuantities, checkLines]
const aboutRows = [checkRows, checkTargets, checkPages, checkDefaults]
const aboutTexts = [checkExpressions, checkFilters, checkCoupled]
const aboutNames = [checkNames, checkLookups, checkCycles, checkReplace]
const mappingRules: readonly MappingRule[] = [aboutFiles, aboutSides, aboutRows, aboutTexts, aboutNames].flat()
const lineRules: readonly MappingRule[] = [
  checkSources,
  checkMatch,
  aboutRows,
  aboutTexts,
  checkNames,
  checkLookups,
].flat()

const referencesInPlace: ProjectRule = ({ project }) =>
  misplacedReferences(
    project.value,
    ([first, second]) => first === 'connections' || (first === 'state' && second === 'key'),
  )

const projectRules: readonly ProjectRule[] = [
  referencesInPlace,
  checkProjectLimits,
  checkSwitches,
  checkTimeZone,
  checkSettings,
  checkServe,
]

/** All problems that the rules find. The schema's are told with the files. */
export function validate(draft: Draft, connections: readonly Finding[]): readonly ConfigProblem[] {
  const { project, jobs } = draft
  const ofProject = [...projectRules.flatMap((rule) => rule(draft)), ...connections]
  return [
    ...placeAll(ofProject, project.layers),
    ...draft.mappings.flatMap((mapping) => placeAll(rulesOf(mapping, draft), mapping.layers)),
    ...(jobs.layers.length === 0 ? [] : placeAll(checkJobs(draft), jobs.layers)),
  ]
}

const rulesOf = (mapping: MappingDraft, draft: Draft): readonly Finding[] =>
  mapping.incomplete
    ? mapping.findings
    : [...mappingRules.flatMap((rule) => rule(mapping, draft)), ...rulesOfLines(mapping, draft)]

/** A document's lines keep the rules of every mapping, at their own place. */
function rulesOfLines(mapping: MappingDraft, draft: Draft): readonly Finding[] {
  const { lines } = mapping.value
  const value = linesOf(mapping.value)
  if (value === undefined || lines?.businessCentral?.entity === undefined || lines.sales?.entity === undefined)
    return []
  return lineRules
    .flatMap((rule) => rule({ ...mapping, value, own: mapping.ownLines }, draft))
    .map((finding) => ({ ...finding, path: ['lines', ...finding.path] }))
}
