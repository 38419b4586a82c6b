/**
 * What must be true when the troubles have ended: both sides agree or the difference waits for a person (P3, P5), no
 * edit of a person is lost or overwritten (P2), nothing is there twice (P1), nothing is left to write (P4), and no run
 * asked for more than what happened explains (P10).
 *
 * Whether an echo is told by its version, by fingerprints, or by neither cannot be seen here: each catches what the
 * other misses, and a report that both miss is found in step by the merge. They save reading, not writing; what they save
 * is held by test/mappings/requests.test.ts and by the tests of P10 in test/engine.
 */
import { type BySide, type Side, otherSide, sideName, sides } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import { idOf } from '../engine/stage.ts'
import type { DeletedThing, Picture, Thing } from './ledger.ts'
import type { Story } from './story.ts'
import type { End, SimulatedWorld } from './world.ts'

/** Everything that is wrong; nothing when all is well. */
export function wrongs(world: SimulatedWorld, story: Story, end: End): readonly string[] {
  const { scene, ledger } = world
  const { most } = scene
  const pictures = { businessCentral: scene.picture('businessCentral'), sales: scene.picture('sales') }
  return [
    ...ledger.wrongs,
    ...(scene.wrongs?.() ?? []),
    ...(end.isAtRest ? [] : ['P4: the runs go on writing']),
    ...(end.requests > most.calm + 3 * waiting(world)
      ? [`P10: a run with nothing to do made ${end.requests} requests`]
      : []),
    ...(end.most > most.any ? [`P10: a run made ${end.most} requests`] : []),
    ...twice(pictures),
    ...fields(world, story, pictures),
    ...lines(world, pictures),
    ...ledger.madeAndKept.flatMap(({ side, name }) =>
      pictures[side].some((thing) => thing.name === name) ? [] : [`P2: ${name}, made in ${sideName[side]}, is gone`],
    ),
    ...lonely(world, story),
    ...deleted(world, story, pictures),
  ]
}

const twice = (pictures: BySide<Picture>): readonly string[] =>
  sides.flatMap((side) => {
    const names = pictures[side].map(({ name }) => name)
    return names.filter((name, at) => names.indexOf(name) < at).map((name) => `P1: ${name} is there twice in ${side}`)
  })

function fields(world: SimulatedWorld, story: Story, pictures: BySide<Picture>): readonly string[] {
  const held = heldIds(world)
  return pictures.businessCentral.flatMap((thing) => {
    const partner = pictures.sales.find(({ name }) => name === thing.name)
    if (partner === undefined) return []
    const isHeld = held.has(thing.id) || held.has(partner.id)
    // Outside the filter a pair rests (P9); what says where it belongs may bring it back.
    const rests = isOutside(world, thing.id) || isOutside(world, partner.id)
    const fields = Object.keys(thing.cells).filter((field) => !rests || world.scene.references.has(field))
    return fields.flatMap((field) =>
      fieldWrongs(world, story, { field, things: { businessCentral: thing, sales: partner }, isHeld, pictures }),
    )
  })
}

/** Lines of a document that both sides have. */
function lines(world: SimulatedWorld, pictures: BySide<Picture>): readonly string[] {
  const held = heldIds(world)
  return sides.flatMap((side) => {
    const others = pictures[otherSide(side)]
    return pictures[side].flatMap(({ name, of, id }) => {
      const document = others.find((thing) => thing.name === of)
      const isMissing = document !== undefined && !others.some((thing) => thing.name === name)
      const waits = held.has(id) || (document !== undefined && held.has(document.id))
      return isMissing && !waits ? [`P3: ${name} is in ${sideName[side]} alone and does not wait`] : []
    })
  })
}

interface FieldEnd {
  readonly field: string
  readonly things: BySide<Thing>
  readonly isHeld: boolean
  readonly pictures: BySide<Picture>
}

function fieldWrongs(
  { ledger, scene }: SimulatedWorld,
  story: Story,
  { field, things, isHeld, pictures }: FieldEnd,
): readonly string[] {
  const { name } = things.sales
  const [one, other] = [things.businessCentral.cells[field], things.sales.cells[field]]
  const what = `${field} of ${name}`
  if (one === other) return []
  if (saysNothing({ ledger, scene }, { field, name, said: [one, other] })) return []
  const values = `(${one}, ${other})`
  if (!isHeld) return [`P3: ${what} differs ${values} and does not wait`]
  // What one side said when its partner was deleted meets the other anew.
  if (ledger.wasDeleted(name)) return []
  const cells = wholes(things.sales, field, pictures)
  if (!cells.some((cell) => ledger.isContested(...cell)))
    return [`P3: ${what} waits ${values}, though one side alone was edited`]
  return story.conflicts !== 'hold' && !cells.some((cell) => ledger.isDoubtful(...cell))
    ? [`P3: ${what} waits ${values}, though ${story.conflicts} is right`]
    : []
}

/** A reference that was cleared with what it named is no edit; a blank that does not travel leaves the other side as it is. */
function saysNothing(
  { ledger, scene }: Pick<SimulatedWorld, 'ledger' | 'scene'>,
  { field, name, said }: { readonly field: string; readonly name: string; readonly said: readonly unknown[] },
): boolean {
  const named = [...said, ...sides.map((side) => ledger.open(side, name, field))]
  if (scene.references.has(field) && named.some((text) => typeof text === 'string' && ledger.wasDeleted(text)))
    return true
  return scene.keeping?.has(field) === true && said.includes('') && ledger.wasEmptied(name, field)
}

/** What waits together: a field by itself, a document whole. */
function wholes({ name, of }: Thing, field: string, pictures: BySide<Picture>): readonly (readonly [string, string])[] {
  const document = of ?? name
  const parts = sides.flatMap((side) => pictures[side].filter((thing) => thing.of === document))
  if (parts.length === 0) return [[name, field]]
  const head = pictures.sales.filter((thing) => thing.name === document)
  return [...head, ...parts].flatMap((thing) => Object.keys(thing.cells).map((cell) => [thing.name, cell] as const))
}

/** A record without a partner waits, or is one that policies let stand alone. */
function lonely(world: SimulatedWorld, { deletes }: Story): readonly string[] {
  const held = heldIds(world)
  return world.scene.kinds.flatMap(({ mapping, records, hadPartner, isBegun, isLeft }) =>
    sides.flatMap((side) => {
      const pairs = world.on.couplings(mapping)
      const coupled = new Set(pairs.map((coupling) => coupling[side].id))
      const over = new Set(pairs.filter(({ ended }) => ended === side).map((coupling) => coupling[side].id))
      const rows = records(side)
      const ids = new Set(rows.map((row) => idOf(row)))
      // Its partner was deleted, and that it was there stands in the record: nobody needs to remember the pair.
      const ended = new Set(
        rows.filter((row) => hadPartner?.(row) === true && wasDeletedBeside(world, side, row)).map((row) => idOf(row)),
      )
      // Nobody remembers that it was begun.
      const begun = new Set(
        world.ledger.isOneMemory ? [] : rows.filter((row) => isBegun?.(row)).map((row) => idOf(row)),
      )
      // What nothing is known of and no mapping takes is nobody's.
      const left = new Set(rows.filter((row) => isLeft?.(side, row)).map((row) => idOf(row)))
      const alone = [...ids].filter((id) => ![coupled, held, ended, begun, left].some((known) => known.has(id)))
      const gone = [...coupled].filter((id) => !ids.has(id) && !over.has(id) && !isHeldPair(world, mapping, id))
      return [
        ...(deletes === 'uncouple' ? [] : alone.map((id) => `P3: ${id} in ${side} has no partner and does not wait`)),
        ...gone.map((id) => `P3: ${id} is coupled, is not in ${side}, and does not wait`),
      ]
    }),
  )
}

/** What somebody deleted on one side, and nobody edited on the other: there is one right end for each policy. */
function deleted(world: SimulatedWorld, { deletes }: Story, pictures: BySide<Picture>): readonly string[] {
  const { ledger, scene } = world
  return ledger.deletedPlainly.flatMap((gone) => {
    const { side, thing } = gone
    // What stands outside the filter is deleted or made again by nobody but a person (P9).
    if (waitsOutside(world, pictures[otherSide(side)], thing.name) || waitsForAnother(world, gone.left.id)) return []
    const isThere = (on: Side): boolean => pictures[on].some(({ name }) => name === thing.name)
    // What nobody edits is held to its end by its scene.
    if (Object.keys(thing.cells).length === 0) return []
    // A line goes with the other, while both have its document.
    const { of } = thing
    if (of !== undefined && sides.some((on) => !pictures[on].some(({ name }) => name === of))) return []
    const policy = of === undefined ? deletes : 'delete'
    const isTaken = policy === 'uncouple' && mayBeTaken(scene.references, pictures[otherSide(side)], gone)
    const isRight =
      (isTaken || isThere(side) === (policy === 'restore')) && isThere(otherSide(side)) === (policy !== 'delete')
    return isRight ? [] : [`P3: ${thing.name} was deleted in ${sideName[side]}, which does not end as ${policy} says`]
  })
}

/** What is left alone is made again where something else that travels names it, then or now, and takes it along. */
const mayBeTaken = (
  references: ReadonlySet<string>,
  picture: Picture,
  { left: { name }, wasNamed }: DeletedThing,
): boolean => wasNamed || picture.some(({ cells }) => [...references].some((field) => cells[field] === name))

/** What is made again names something that was deleted since. */
const waitsForAnother = ({ scene, on }: SimulatedWorld, id: string): boolean =>
  scene.kinds.some(({ mapping }) => {
    const pair = on.couplings(mapping).find((coupling) => sides.some((side) => coupling[side].id === id))
    return on.held(mapping).some((held) => held.kind === 'waiting' && held.id === pair?.businessCentral.id)
  })

function waitsOutside(world: SimulatedWorld, picture: Picture, name: string): boolean {
  const thing = picture.find((one) => one.name === name)
  if (thing === undefined || !heldIds(world).has(thing.id)) return false
  return isOutside(world, thing.id)
}

const isOutside = ({ scene }: SimulatedWorld, id: string): boolean =>
  scene.kinds.some(({ records, isBegun, isLeft }) =>
    sides.some((side) =>
      records(side).some((row) => idOf(row) === id && (isBegun?.(row) === true || isLeft?.(side, row) === true)),
    ),
  )

/** Somebody deleted the record of the other side that is called the same. */
function wasDeletedBeside({ scene, ledger }: SimulatedWorld, side: Side, row: Row): boolean {
  const thing = scene.picture(side).find(({ id, of }) => id === idOf(row) && of === undefined)
  return thing !== undefined && ledger.wasDeletedIn(otherSide(side), thing.name)
}

function isHeldPair(world: SimulatedWorld, mapping: string, id: string): boolean {
  const held = heldIds(world)
  const pair = world.on.couplings(mapping).find((coupling) => sides.some((side) => coupling[side].id === id))
  return pair !== undefined && sides.some((side) => held.has(pair[side].id))
}

const heldIds = ({ scene }: SimulatedWorld): ReadonlySet<string> =>
  new Set(scene.kinds.flatMap(({ mapping }) => scene.on.held(mapping).map(({ id }) => id)))

/** Records of all mappings that wait. */
const waiting = ({ on }: SimulatedWorld): number =>
  on.store.mappings().reduce((sum, name) => sum + on.held(name).length, 0)
