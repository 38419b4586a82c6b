/** The service document and the CSDL document. */

import { edmType } from './dataverse-schema.ts'
import type { Column, Schema, TableSchema } from './dataverse-schema.ts'

const CRM = 'Microsoft.Dynamics.CRM'

/** The service document. */
export function serviceDocument(schema: Schema): object {
  return { value: [...schema.bySet.keys()].map((name) => ({ name, kind: 'EntitySet', url: name })) }
}

/** The CSDL document: enough for a client to learn sets, keys, properties and navigation. */
export function csdl(schema: Schema): string {
  const types = [...schema.tables.values()].map(entityType)
  const sets = [...schema.tables.values()].map(
    (table) =>
      `<EntitySet Name="${table.set}" EntityType="${CRM}.${table.logical}">${bindings(schema, table)}</EntitySet>`,
  )
  const edmx = 'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"'
  const edm = 'xmlns="http://docs.oasis-open.org/odata/ns/edm"'
  return `<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" ${edmx}><edmx:DataServices><Schema Namespace="${CRM}" Alias="mscrm" ${edm}><EntityType Name="crmbaseentity" Abstract="true" />${types.join('')}<EntityContainer Name="System">${sets.join('')}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`
}

function entityType(table: TableSchema): string {
  const properties = [...table.properties].map(([property, name]) => {
    const column = table.columns[name] as Column
    return `<Property Name="${property}" Type="${edmType(column)}" />`
  })
  const navigations = [...table.navigations].map(
    ([name, { column, targets }]) =>
      `<NavigationProperty Name="${name}" Type="mscrm.${targets.length === 1 ? targets[0] : 'crmbaseentity'}" Nullable="true"><ReferentialConstraint Property="_${column}_value" ReferencedProperty="${targets[0]}id" /></NavigationProperty>`,
  )
  const collections = Object.entries(table.collections ?? {}).map(
    ([name, [target]]) => `<NavigationProperty Name="${name}" Type="Collection(mscrm.${target})" />`,
  )
  const inside = [...properties, ...navigations, ...collections].join('')
  return `<EntityType Name="${table.logical}" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="${table.id}" /></Key>${inside}</EntityType>`
}

function bindings(schema: Schema, table: TableSchema): string {
  return [...table.navigations]
    .map(([name, { targets }]) => ({ name, set: schema.tables.get(targets[0] ?? '')?.set }))
    .filter(({ set }) => set !== undefined)
    .map(({ name, set }) => `<NavigationPropertyBinding Path="${name}" Target="${set}" />`)
    .join('')
}
