/** `$metadata` of a route: what a client may believe about entities, types and lengths. */

import type { Property, View } from './business-central-schema.ts'

const blankType: Readonly<Record<string, string>> = { Enum: 'Edm.String', Option: 'Edm.String', Stream: 'Edm.Stream' }

/** The document of a route that shows these views. */
export function metadata(views: Iterable<View>): string {
  const shown = [...views]
  const types = shown.map(entityType).join('\n')
  const actions = shown.flatMap((view) => view.actions.map((name) => boundAction(view, name))).join('\n')
  const sets = shown.map((view) => `<EntitySet Name="${view.set}" EntityType="Microsoft.NAV.${view.name}"/>`).join('\n')
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>',
    '<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
    types,
    actions,
    `<EntityContainer Name="NAV">\n${sets}\n</EntityContainer>`,
    '</Schema></edmx:DataServices></edmx:Edmx>',
  ].join('\n')
}

function entityType(view: View): string {
  const key = view.key.map((name) => `<PropertyRef Name="${name}"/>`).join('')
  const properties = [...view.properties.values()].map((property) => element(view, property)).join('')
  const navigation = Object.entries(view.children).map(
    ([name, set]) =>
      `<NavigationProperty Name="${name}" Type="Collection(Microsoft.NAV.${set})" ContainsTarget="true"/>`,
  )
  return `<EntityType Name="${view.name}"><Key>${key}</Key>${properties}${navigation.join('')}</EntityType>`
}

function element(view: View, property: Property): string {
  const type = blankType[property.type] ?? `Edm.${property.type}`
  const length = property.length === undefined ? '' : ` MaxLength="${property.length}"`
  const nullable = view.key.includes(property.name) ? ' Nullable="false"' : ''
  const open = `<Property Name="${property.name}" Type="${type}"${nullable}${length}`
  if (property.readOnly !== true && view.modify) return `${open}/>`
  return `${open}><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>`
}

function boundAction(view: View, name: string): string {
  return `<Action Name="${name}" IsBound="true"><Parameter Name="bindingParameter" Type="Microsoft.NAV.${view.name}"/></Action>`
}
