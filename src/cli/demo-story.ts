/** The story of the demo, chapter by chapter. Each claim is checked against what the simulators really hold. */
import type { Coupling } from '../core/coupling.ts'
import { afterDelete, recordsNamed, take } from '../engine/decisions.ts'
import type { Decided } from '../engine/decisions.ts'
import type { RunReport } from '../engine/ports.ts'
import { countsText } from '../report/run-text.ts'
import { reasonOf } from '../report/reasons.ts'
import { count, duration } from '../report/words.ts'
import { tellOrder } from './demo-order.ts'
import { numberOf, quietPairs, runAll, valueOf } from './demo-stage.ts'
import type { Stage } from './demo-stage.ts'

const customers = 'customer-account'

/** Tells everything. */
export async function tellStory(stage: Stage): Promise<void> {
  whatIsThere(stage)
  await firstSync(stage)
  await lostAnswer(stage)
  const pairs = await edits(stage)
  await decisions(stage, pairs)
  await tellOrder(stage)
  await lastRun(stage)
}

function whatIsThere({ simulator, company, chapter, say }: Stage): void {
  const rows = (side: 'businessCentral' | 'sales', set: string): number => simulator[side].rows(set).length
  chapter('What is there')
  const ours = ['customers', 'contacts', 'items'].map((set) => `${rows('businessCentral', set)} ${set}`)
  say(`Business Central, ${company}: ${ours.join(', ')}.`)
  const theirs = ['accounts', 'contacts', 'products'].map((set) => `${rows('sales', set)} ${set}`)
  say(`Sales: ${theirs.join(', ')}. Half of the customers were typed in there by hand, years ago.`)
}

async function firstSync(stage: Stage): Promise<void> {
  const { chapter, say, claim, paint, simulator } = stage
  chapter('First sync: match what exists, create what is missing')
  const before = simulator.businessCentral.rows('customers').length
  const report = await runAll(stage)
  for (const line of countsText(report.mappings, paint).split('\n')) sayRaw(stage, line)
  say(`${duration(report.ms)}, ${count(report.requests, 'request')}.`)
  const pairs = stage.project.ports.store.mapping(customers).size
  const coupled = sum(report, customers, 'coupled')
  const created = sum(report, customers, 'created')
  const isWhole = pairs === coupled + created && simulator.businessCentral.rows('customers').length === before
  claim(
    `Of ${before} customers ${coupled} were matched with an account that existed, ${created} got a new one.`,
    isWhole,
  )
  claim('Where both sides were filled differently, neither was overwritten.', nothingOverwritten(stage))
  say(`What was not clear waits for a person (couplet held): ${waiting(report)}.`)
}

/** A line that is aligned already. */
const sayRaw = (stage: Stage, line: string): void => stage.tell(`   ${line}`)

function sum({ mappings }: RunReport, mapping: string, counter: 'created' | 'coupled'): number {
  return mappings.filter((one) => one.mapping === mapping).reduce((total, one) => total + one[counter], 0)
}

/** `14 records unequal …; 6 records with …`, over all mappings. */
function waiting({ problems }: RunReport): string {
  const records = problems.filter(({ id }) => id !== undefined)
  const kinds = [...new Set(records.map(({ kind }) => kind))]
  return kinds
    .map(
      (kind) => `${count(records.filter((record) => record.kind === kind).length, 'record')} ${reasonOf(kind).title}`,
    )
    .join('; ')
}

/** Where phone or city stood in both and differed, both still stand. */
function nothingOverwritten(stage: Stage): boolean {
  const state = stage.project.ports.store.mapping(customers)
  const different = [...state.allHeld()].filter(({ kind }) => kind === 'different')
  return different.every(({ side, id, fields }) => {
    const pair = state.bySide(side, id)
    if (pair === undefined || !fields.includes('phone')) return true
    const ours = valueOf(stage, 'businessCentral', pair.businessCentral.id, 'phoneNumber')
    return ours !== valueOf(stage, 'sales', pair.sales.id, 'telephone1')
  })
}

const newNames = ['Harbour Lights Hotel', 'Meadow Bakery', 'Quarry Engineering']

async function lostAnswer(stage: Stage): Promise<void> {
  const { chapter, say, claim, simulator } = stage
  chapter('A lost answer')
  for (const displayName of newNames)
    simulator.businessCentral.create('customers', { displayName, city: 'London', country: 'GB' })
  const accounts = (): number => simulator.sales.rows('accounts').length
  const before = accounts()
  simulator.faults.add({
    match: { service: 'sales', method: 'POST', path: '\\$batch', times: 1 },
    do: { drop: 'after' },
  })
  say(`Three new customers in Business Central. Sales stores their accounts, and the line breaks before it can say so.`)
  await runAll(stage, [customers])
  const isLost = simulator.requests().latest.some(({ status }) => status === 0)
  simulator.faults.clear()
  await runAll(stage, [customers])
  const isOnce = newNames.every(
    (name) => simulator.sales.rows('accounts').filter((row) => row['name'] === name).length === 1,
  )
  claim(
    'Each has exactly one account: the new keys tell what was stored, and nothing is sent twice.',
    isLost && isOnce && accounts() === before + newNames.length,
  )
}

interface Pairs {
  readonly merged: Coupling
  readonly conflict: Coupling
  readonly deleted: Coupling
}

async function edits(stage: Stage): Promise<Pairs> {
  const { chapter, say, claim, simulator, project } = stage
  const [merged, conflict, deleted] = quietPairs(stage)
  if (merged === undefined || conflict === undefined || deleted === undefined)
    throw new Error('the demo company is too small')
  const named = (pair: Coupling): string =>
    `${numberOf(pair)} ${valueOf(stage, 'businessCentral', pair.businessCentral.id, 'displayName')}`
  chapter('People at work on both sides')
  simulator.businessCentral.edit('customers', merged.businessCentral.id, { phoneNumber: '+44 20 7946 0101' })
  simulator.sales.edit('accounts', merged.sales.id, { websiteurl: 'https://cannon.example.com' })
  simulator.businessCentral.edit('customers', conflict.businessCentral.id, { phoneNumber: '+44 20 7946 0111' })
  simulator.sales.edit('accounts', conflict.sales.id, { telephone1: '+44 20 7946 0222' })
  const gone = named(deleted)
  simulator.sales.delete('accounts', deleted.sales.id)
  await runAll(stage, [customers])
  say(`${named(merged)}: a new phone number in Business Central, a new website in Sales.`)
  claim('Merged: both sides have both.', isMerged(stage, merged))
  say(`${named(conflict)}: another phone number in each.`)
  const state = project.ports.store.mapping(customers)
  const held = state.held('businessCentral', conflict.businessCentral.id)
  const ours = valueOf(stage, 'businessCentral', conflict.businessCentral.id, 'phoneNumber')
  const theirs = valueOf(stage, 'sales', conflict.sales.id, 'telephone1')
  claim(
    `Held: ${ours} in Business Central, ${theirs} in Sales; neither is overwritten.\n→ couplet resolve ${customers} --record ${numberOf(conflict)} --take sales`,
    held?.kind === 'conflict' && ours.endsWith('0111') && theirs.endsWith('0222'),
  )
  say(`${gone}: its account was deleted in Sales.`)
  const lone = state.held('businessCentral', deleted.businessCentral.id)
  claim(
    `Held, as the mapping says (deletes: hold): the customer stays.\n→ couplet resolve ${customers} --record ${numberOf(deleted)} --action restore`,
    lone?.kind === 'deleted' && simulator.businessCentral.row('customers', deleted.businessCentral.id) !== undefined,
  )
  return { merged, conflict, deleted }
}

function isMerged(stage: Stage, { businessCentral, sales }: Coupling): boolean {
  const same = (ours: string, theirs: string): boolean =>
    valueOf(stage, 'businessCentral', businessCentral.id, ours) === valueOf(stage, 'sales', sales.id, theirs)
  const phone = valueOf(stage, 'sales', sales.id, 'telephone1')
  return same('phoneNumber', 'telephone1') && same('website', 'websiteurl') && phone === '+44 20 7946 0101'
}

async function decisions(stage: Stage, { conflict, deleted }: Pairs): Promise<void> {
  const { chapter, claim, simulator, project } = stage
  chapter('Two decisions')
  const state = project.ports.store.mapping(customers)
  const known = (pair: Coupling) => recordsNamed(state, pair.businessCentral.id)
  await decide(stage, take(state, known(conflict), { side: 'sales', fields: [] }))
  await decide(stage, afterDelete(state, known(deleted), { action: 'restore', direction: 'both' }))
  await runAll(stage, [customers])
  const phone = valueOf(stage, 'businessCentral', conflict.businessCentral.id, 'phoneNumber')
  claim(`${numberOf(conflict)}: Business Central now has ${phone}, as in Sales.`, phone === '+44 20 7946 0222')
  const pair = state.bySide('businessCentral', deleted.businessCentral.id)
  const restored = pair !== undefined && simulator.sales.row('accounts', pair.sales.id) !== undefined
  claim(`${numberOf(deleted)}: its account is there again.`, restored)
}

async function decide({ project }: Stage, decided: Decided): Promise<void> {
  if (decided.kind === 'problem') return
  const { store } = project.ports
  await store.lock('demo')
  await store.commit(customers, decided.entries)
  await store.unlock()
}

async function lastRun(stage: Stage): Promise<void> {
  const { chapter, claim, project } = stage
  chapter('The last run')
  await runAll(stage)
  const { connectors } = project.ports
  const writes = (): number => connectors.businessCentral.usage().writes + connectors.sales.usage().writes
  const before = writes()
  const report = await runAll(stage)
  const changed = report.mappings.reduce((total, one) => total + one.created + one.updated + one.deleted, 0)
  const written = writes() - before
  claim(`Nobody edited anything: ${count(written, 'write')}.`, changed + written === 0)
  const accounts = stage.simulator.sales.rows('accounts')
  const partners = [...project.ports.store.mapping(customers).couplings()].map(({ sales }) => sales.id)
  const unique = new Set(partners).size === partners.length
  claim(`${count(accounts.length, 'account')} in Sales, and no two customers share one.`, unique)
}
