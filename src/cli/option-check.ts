/**
 * Options that the mirrors of a choice lack, or call otherwise: a document that needs one is refused by Sales, which a
 * person had better know before the first run.
 */
import type { EntityRef, Mapping } from '../config/config.ts'
import { count, firstOf } from '../report/words.ts'
import type { Project } from '../main.ts'

type Choice = Extract<EntityRef, { readonly kind: 'choice' }>

/** What one mirror has not as the column has it. */
export interface OptionGap {
  /** Place of the mirror in the mapping's list. */
  readonly at: number
  /** What is wrong, with numbers and labels: `invoices.paymenttermscode lacks 2 options of …: NET30, NET60`. */
  readonly message: string
  readonly remedy: string
}

/** One for each mirror that is not in line. Throws ConnectorError. */
export async function optionGaps({ ports }: Project, mapping: Mapping): Promise<readonly OptionGap[]> {
  const { entity } = mapping.sales
  if (entity?.kind !== 'choice' || entity.mirror.length === 0) return []
  const labelsOf = async (choice: Choice): Promise<ReadonlyMap<string, string>> => {
    const labels = new Map<string, string>()
    for await (const { changes } of ports.connectors.sales.changes({ entity: choice, select: ['label'] }, undefined))
      for (const change of changes) if (change.kind === 'upsert') labels.set(change.id, String(change.row['label']))
    return labels
  }
  const of = `${entity.entity}.${entity.column}`
  const mirrors = entity.mirror.map((name) => mirrorOf(entity, name))
  const [own = new Map<string, string>(), ...theirs] = await Promise.all([entity, ...mirrors].map(labelsOf))
  return theirs.flatMap((there, at) => {
    const lacks = [...own].filter(([value]) => !there.has(value)).map(([, label]) => label)
    const renamed = [...own].filter(([value, label]) => (there.get(value) ?? label) !== label).map(([, label]) => label)
    if (lacks.length + renamed.length === 0) return []
    const parts = [
      ...(lacks.length === 0 ? [] : [`lacks ${count(lacks.length, 'option')} of ${of}: ${firstOf(lacks, 10)}`]),
      ...(renamed.length === 0
        ? []
        : [`calls ${count(renamed.length, 'option')} of ${of} otherwise: ${firstOf(renamed, 10)}`]),
    ]
    const message = `${entity.mirror[at]} ${parts.join('; it ')}`
    return [{ at, message, remedy: remedyOf(mapping, lacks.length) }]
  })
}

function mirrorOf(entity: Choice, name: string): Choice {
  const [table = '', column = ''] = name.split('.', 2)
  return { ...entity, entity: table, column, mirror: [] }
}

function remedyOf({ name, allowMetadataChanges }: Mapping, lacking: number): string {
  const cost = lacking === 0 ? '' : 'Sales refuses a record that needs a missing one. '
  return allowMetadataChanges
    ? `${cost}The next run brings those of coupled options in line.`
    : `${cost}Put them right in Sales, or let the next run bring those of coupled options in line: allowMetadataChanges: true in ${name}.`
}
