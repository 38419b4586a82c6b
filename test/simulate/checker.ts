/**
 * What must be true when the troubles have ended: both sides agree or the difference waits for a person (P3, P5), no
 * edit of a person is lost or overwritten (P2), nothing is there twice (P1), nothing is left to write (P4).
 */
import type { Row } from '../../src/simulator/table.ts'
import { idOf } from '../engine/stage.ts'
import type { EditedField, SideName, Story } from './story.ts'
import { type Edit, type SimulatedWorld, columns } from './world.ts'

const fields: readonly EditedField[] = ['phone', 'city', 'email']
const sides: readonly SideName[] = ['businessCentral', 'sales']

/** Everything that is wrong; nothing when all is well. */
export function wrongs(
  world: SimulatedWorld,
  story: Story,
  end: { readonly isAtRest: boolean; readonly requests: number },
): readonly string[] {
  return [
    ...(end.isAtRest ? [] : ['P4: the runs go on writing']),
    ...(end.requests > mostRequests ? [`P10: a run with nothing to do made ${end.requests} requests`] : []),
    ...twice(world),
    ...pairs(world, story),
    ...lost(world),
    ...lonely(world, story),
  ]
}

/** Of a run with nothing to do: who they are, what changed, the keys, and the few that wait. */
const mostRequests = 16

function twice(world: SimulatedWorld): readonly string[] {
  return sides.flatMap((side) => {
    const names = world.rows(side).map((row) => textOf(row[columns[side].name]))
    return names.filter((name, at) => names.indexOf(name) < at).map((name) => `P1: "${name}" is there twice in ${side}`)
  })
}

/** A run was forgotten, or two did not know of each other: what one of them carried counts as that side's own edit. */
const isForgetful = ({ steps }: Story): boolean =>
  steps.some((step) => step.kind === 'run' && (step.second || step.death?.disk === 'lost'))

function pairs(world: SimulatedWorld, story: Story): readonly string[] {
  const held = new Set(world.on.held().map(({ id }) => id))
  return world.on.couplings().flatMap((coupling) => {
    const rows = {
      businessCentral: world.rows('businessCentral').find((row) => idOf(row) === coupling.businessCentral.id),
      sales: world.rows('sales').find((row) => idOf(row) === coupling.sales.id),
    }
    const { businessCentral, sales } = rows
    const isHeld = held.has(coupling.businessCentral.id) || held.has(coupling.sales.id)
    if (businessCentral === undefined || sales === undefined)
      return isHeld ? [] : [`P3: ${coupling.businessCentral.id} has no partner and does not wait`]
    return fields.flatMap((field) => {
      const name = textOf(businessCentral[columns.businessCentral.name])
      // What was written into a record that somebody deleted is gone with it, or stands in the other one.
      const wasDeleted = world.history.deleted.some((one) => one.name === name)
      const own = (side: SideName): Edit | undefined =>
        wasDeleted
          ? undefined
          : world.history.edits.findLast((edit) => edit.field === field && edit.side === side && edit.name === name)
      return fieldWrongs({
        field: `${field} of ${coupling.businessCentral.keys['number'] ?? coupling.businessCentral.id}`,
        values: {
          businessCentral: valueIn(businessCentral, 'businessCentral', field),
          sales: valueIn(sales, 'sales', field),
        },
        last: { businessCentral: own('businessCentral'), sales: own('sales') },
        isHeld,
        isOneSided: !wasDeleted && !isForgetful(story) && (!own('businessCentral') || !own('sales')),
        isStrict: story.conflicts === 'hold',
        written: isForgetful(story)
          ? world.history.edits.filter((edit) => edit.field === field && edit.name === name).map(({ text }) => text)
          : [],
      })
    })
  })
}

interface FieldEnd {
  readonly field: string
  readonly values: Readonly<Record<SideName, string>>
  /** The last edit of a person on each side. */
  readonly last: Readonly<Record<SideName, Edit | undefined>>
  readonly isHeld: boolean
  /** No two people can contradict each other: what is written on one side alone always travels. */
  readonly isOneSided: boolean
  /** Conflicts wait for a person, so the last of all edits stands wherever both sides agree. */
  readonly isStrict: boolean
  /** What else a policy may have chosen. */
  readonly written: readonly string[]
}

function fieldWrongs({ field, values, last, isHeld, isOneSided, isStrict, written }: FieldEnd): readonly string[] {
  const { businessCentral, sales } = values
  if (businessCentral !== sales) {
    if (!isHeld) return [`P3: ${field} differs (${businessCentral}, ${sales}) and does not wait`]
    if (isOneSided) return [`P3: ${field} waits (${businessCentral}, ${sales}), though one side alone was edited`]
    return sides.flatMap((side) =>
      last[side] === undefined || [last[side].text, ...written].includes(values[side])
        ? []
        : [`P2: ${field} in ${side} is ${values[side]}, though somebody wrote ${last[side].text}`],
    )
  }
  const [one, other] = [last.businessCentral, last.sales]
  const latest = one === undefined || (other !== undefined && other.order > one.order) ? other : one
  if (latest === undefined) return []
  const right = isStrict ? [latest.text] : [one?.text, other?.text, ...written]
  return right.includes(businessCentral)
    ? []
    : [`P2: ${field} is ${businessCentral} on both sides; ${right.join(' or ')} was written last`]
}

/** Records that people made are there, on their side, unless somebody deleted them. */
function lost(world: SimulatedWorld): readonly string[] {
  const deleted = world.history.deleted.length
  if (deleted > 0) return []
  return world.history.created.flatMap(({ side, text }) =>
    world.rows(side).some((row) => row[columns[side].name] === text) ? [] : [`P2: "${text}", made in ${side}, is gone`],
  )
}

/** A record without a partner waits, or is one that policies let stand alone. */
function lonely(world: SimulatedWorld, { deletes }: Story): readonly string[] {
  if (deletes === 'uncouple' && world.history.deleted.length > 0) return []
  const held = new Set(world.on.held().map(({ id }) => id))
  return sides.flatMap((side) => {
    const coupled = new Set(world.on.couplings().map((coupling) => coupling[side].id))
    return world
      .rows(side)
      .map((row) => idOf(row))
      .filter((id) => !coupled.has(id) && !held.has(id))
      .map((id) => `P3: ${id} in ${side} has no partner and does not wait`)
  })
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const valueIn = (row: Row, side: SideName, field: EditedField): string => textOf(row[columns[side][field]])
