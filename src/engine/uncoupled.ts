/**
 * Records of one side that have no partner, as they stand now (native: the lists of Sales with their "Coupled" column).
 * Reads the side whole and keeps those records only; writes nothing.
 */
import type { Config, Side } from '../config/config.ts'
import type { HeldKind } from '../core/coupling.ts'
import { type Canonical, canonical } from '../core/values.ts'
import { chosen, contextOf } from './context.ts'
import { defaultRunOptions, type Ports } from './ports.ts'
import { prepareOne, sessionOf } from './prepare.ts'
import { isAdmitted, numberOf } from './session.ts'
import { isConstant } from './side-reader.ts'

export interface UncoupledRecord {
  readonly mapping: string
  readonly side: Side
  readonly id: string
  readonly number: string | undefined
  /** What people call it; a business value. */
  readonly name: Canonical
  /** Why the last run left it without a partner, if one looked at it. */
  readonly held: HeldKind | undefined
}

/** Records of that side inside the mapping's filter, without a partner. Throws ConfigError, ConnectorError, StateError. */
export async function uncoupled(
  config: Config,
  ports: Ports,
  asked: { readonly mapping: string; readonly side: Side },
): Promise<readonly UncoupledRecord[]> {
  const options = { ...defaultRunOptions, dry: true, mappings: [asked.mapping] }
  const mapping = chosen(config, options).find(({ name }) => name === asked.mapping)
  if (mapping === undefined) throw new Error(`no mapping is called ${asked.mapping}`)
  const context = await contextOf(config, ports, options, [mapping])
  const session = sessionOf(
    context,
    await prepareOne(context, mapping, ports.store),
    ports.overlay(ports.store),
    'plan',
  )
  const { side } = asked
  const nameColumn = mapping.fields.find((field) => field.name === 'name')?.[side]
  const found: UncoupledRecord[] = []
  for await (const { changes } of session.readers[side].changes(undefined)) {
    const rows = changes.filter((change) => change.kind === 'upsert')
    const alone = rows.filter(({ id }) => session.state.bySide(side, id) === undefined && !isConstant(id))
    for (const loaded of await session.readers[side].attach(alone)) {
      if (!isAdmitted(session, side, loaded)) continue
      const { id, row } = loaded
      const name = nameColumn === undefined ? null : canonical(row[nameColumn], { type: 'text' })
      const held = session.state.held(side, id)?.kind
      found.push({ mapping: mapping.name, side, id, number: numberOf(session, side, row), name, held })
    }
  }
  return found
}
