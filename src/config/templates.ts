/** Templates for new records as they were written. */
import { otherSide, sides, type Side } from './config.ts'
import { entriesOf } from './merge.ts'
import { towards } from './rules-rows.ts'
import type { MappingFile, Template } from './schema-types.ts'

/** A template with the side on which it makes records, and its name. */
export interface WrittenTemplate {
  readonly on: Side
  readonly name: string
  readonly template: Template
}

/** The templates of a mapping. */
export const templatesOf = ({ defaults = {} }: Pick<MappingFile, 'defaults'>): readonly WrittenTemplate[] =>
  sides.flatMap((on) => entriesOf(defaults[towards(on)]).map(([name, template]) => ({ on, name, template })))

/** The side whose record a template's filter and expressions read. */
export const readBy = ({ on }: Pick<WrittenTemplate, 'on'>): Side => otherSide(on)

/** Where a template stands in the file. */
export const templatePath = ({ on, name }: Pick<WrittenTemplate, 'on' | 'name'>): readonly string[] => [
  'defaults',
  towards(on),
  name,
]
