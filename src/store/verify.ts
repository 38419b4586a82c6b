/** Looks through state for what must not be, and writes nothing. */
import { join } from 'node:path'
import type { BySide, Side } from '../config/config.ts'
import type { Coupling, HeldKind } from '../core/coupling.ts'
import { LockedError, StateError } from '../errors.ts'
import { explained } from './durable-file.ts'
import { linesAfter, readJournal } from './journal.ts'
import { idsOf } from './coupling-line.ts'
import { emptyContent } from './mapping-content.ts'
import type { MappingContent } from './mapping-content.ts'
import { folderName, mappingFolders } from './mapping-folders.ts'
import { MappingMemory } from './mapping-memory.ts'
import { SnapshotFolder } from './snapshot.ts'
import type { WriteGuard } from './snapshot.ts'
import { readKey, readStateFile, refuseOtherKey } from './state-file.ts'

export interface Finding {
  /** An error makes wrong decisions likely; a warning is worth a look. */
  readonly severity: 'error' | 'warning'
  /** File, or mapping and record. */
  readonly place: string
  readonly message: string
  readonly remedy: string
}

/** Refuses to write: what is verified stays as it is. */
const readOnly: WriteGuard = {
  assertHeld: () => Promise.reject(new LockedError('Verifying writes nothing.')),
  fence: 0,
  fault: () => Promise.resolve(),
}

/**
 * Everything that is wrong in a state folder: files that do not fit together, damaged lines, records coupled twice or
 * crosswise, and so on. `key`: the configured fingerprint key, if any. A run that is writing at the same time can make it
 * report what a second look does not show.
 */
export async function verifyState(folder: string, key?: string): Promise<readonly Finding[]> {
  return explained(folder, async () => {
    const findings = await asFindings(folder, async () => {
      const state = await readStateFile(folder)
      refuseOtherKey(folder, state, key ?? (await readKey(folder)))
      return []
    })
    for (const name of await mappingFolders(folder)) {
      const place = join(folder, folderName(name))
      findings.push(...(await asFindings(place, () => verifyMapping(name, place))))
    }
    return findings
  })
}

async function asFindings(place: string, look: () => Promise<readonly Finding[]>): Promise<Finding[]> {
  try {
    return [...(await look())]
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    return [{ severity: 'error', place, message: error.message, remedy: error.remedy }]
  }
}

async function verifyMapping(name: string, folder: string): Promise<readonly Finding[]> {
  const snapshot = await new SnapshotFolder(folder, readOnly).read()
  const { upTo, fence, content } = snapshot ?? { upTo: 0, fence: 0, content: emptyContent }
  const path = join(folder, 'journal.jsonl')
  const journal = await readJournal(path)
  const memory = new MappingMemory(name)
  memory.load(content)
  for (const line of linesAfter(path, upTo, fence, journal.lines)) memory.apply(line.entries)
  const torn: Finding = {
    severity: 'warning',
    place: path,
    message: 'the last line was cut off by a crash',
    remedy: 'Nothing to do: its commit was never acknowledged, and the next run drops it.',
  }
  // Twice in the snapshot is once in memory, where the later coupling ends the former: so both are looked at.
  return [
    ...(journal.torn ? [torn] : []),
    ...coupledTwice(name, content.couplings.map(idsOf)),
    ...checkContent(name, memory.content()),
  ]
}

/** What is wrong in the facts of one mapping. */
export function checkContent(name: string, content: MappingContent): readonly Finding[] {
  const ids = content.couplings.map(({ businessCentral, sales }) => ({
    businessCentral: businessCentral.id,
    sales: sales.id,
  }))
  const checks = [crossed, unknownLayouts, heldWithoutReason].flatMap((check) => check(name, content))
  return [...coupledTwice(name, ids), ...checks]
}

const bothSides: readonly Side[] = ['businessCentral', 'sales']

/** A record has at most one partner. */
function coupledTwice(name: string, couplings: readonly BySide<string>[]): readonly Finding[] {
  return bothSides.flatMap((side) => {
    const seen = new Set<string>()
    const twice = couplings.map(({ [side]: id }) => id).filter((id) => seen.has(id) || !seen.add(id))
    return twice.map((id) => ({
      severity: 'error' as const,
      place: `${name} ${side} ${id}`,
      message: 'is coupled with more than one record',
      remedy: 'Decide which pair is right, uncouple the other, or import the couplings anew.',
    }))
  })
}

/** The natural keys of one side as one text, whatever their columns are called. */
const number = (coupling: Coupling, side: Side): string => Object.values(coupling[side].keys).toSorted(byText).join('|')
const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** Two pairs whose natural keys say that their partners were swapped. */
function crossed(name: string, { couplings }: MappingContent): readonly Finding[] {
  const byNumber = new Map(couplings.map((coupling) => [number(coupling, 'businessCentral'), coupling]))
  return couplings.flatMap((coupling) => {
    const [own, partner] = [number(coupling, 'businessCentral'), number(coupling, 'sales')]
    const other = byNumber.get(partner)
    if (own >= partner || other === undefined || number(other, 'sales') !== own || own === '') return []
    return {
      severity: 'error' as const,
      place: `${name} ${coupling.businessCentral.id}, ${other.businessCentral.id}`,
      message: `${own} and ${partner} are coupled crosswise`,
      remedy: 'Look at both pairs in both services; uncouple them and couple them the other way round.',
    }
  })
}

/** The base of a coupling is read by its layout. */
function unknownLayouts(name: string, { couplings, layouts }: MappingContent): readonly Finding[] {
  const fits = (layout: string, base: string): boolean =>
    base === '' || (Object.hasOwn(layouts, layout) && base.split(',').length === layouts[layout]?.length)
  const wrong = couplings.filter(
    ({ layout, base, lines }) =>
      !fits(layout, base) || (lines?.pairs ?? []).some(([, , ofLine]) => !fits(lines?.layout ?? '', ofLine)),
  )
  return wrong.map(({ businessCentral, layout }) => ({
    severity: 'error',
    place: `${name} businessCentral ${businessCentral.id}`,
    message: `its fingerprints do not fit layout ${layout}, or that layout is unknown`,
    remedy: 'Forget the record (couplet state forget); the next run matches it again and holds what differs.',
  }))
}

/** Kinds that are about a pair, and kinds that are about a record without a partner. */
const needsPartner: Partial<Record<HeldKind, boolean>> = {
  conflict: true,
  deleted: true,
  moving: true,
  'no-partner': false,
  ambiguous: false,
}

function heldWithoutReason(name: string, { couplings, held }: MappingContent): readonly Finding[] {
  const coupled = new Set(couplings.flatMap((pair) => bothSides.map((side) => `${side}|${pair[side].id}`)))
  const wrong = held.filter(({ side, id, kind }) => {
    const needs = needsPartner[kind]
    return needs !== undefined && needs !== coupled.has(`${side}|${id}`)
  })
  return wrong.map(({ side, id, kind }) => ({
    severity: 'warning',
    place: `${name} ${side} ${id}`,
    message:
      needsPartner[kind] === true ? `is held (${kind}) but not coupled` : `is held (${kind}) although it is coupled`,
    remedy: 'Retry it (couplet retry); the next run looks at it again.',
  }))
}
