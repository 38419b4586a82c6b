/** `$metadata` of a route: what a client may believe about entities, types and lengths. */

import type { Property, View } from './business-central-schema.ts'

/** The document of a route that shows these views. */
export function metadata(views: Iterable<View>): string {
  const shown = [...views]
  const types = [...shown.map(entityType), ...enumTypes(shown)].join('\n')
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

/** `entityDefinitions` of an API route: what people call its sets and properties. The captions are the names in words. */
export function entityDefinitions(views: Iterable<View>): readonly object[] {
  return [...views].map((view) => ({
    entityName: view.name,
    entitySetName: view.set,
    entityCaptions: inEnglish(view.name),
    entitySetCaptions: inEnglish(view.set),
    properties: [...view.properties.keys()].map((name) => ({ name, captions: inEnglish(name) })),
    actions: [],
    enumMembers: [],
  }))
}

/** `displayName` is `Display Name`. */
const inEnglish = (name: string): readonly object[] => [
  {
    languageCode: 1033,
    caption: name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase()),
  },
]

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
  const type = edmType(view, property)
  const length = property.length === undefined ? '' : ` MaxLength="${property.length}"`
  const nullable = view.key.includes(property.name) ? ' Nullable="false"' : ''
  const open = `<Property Name="${property.name}" Type="${type}"${nullable}${length}`
  if (property.readOnly !== true && view.modify) return `${open}/>`
  return `${open}><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>`
}

/** API pages have enumeration types; published pages show the member names as plain texts. */
function edmType(view: View, property: Property): string {
  if (property.type === 'Enum' && view.surface === 'api') return `Microsoft.NAV.${property.enum ?? property.name}`
  return property.type === 'Enum' || property.type === 'Option' ? 'Edm.String' : `Edm.${property.type}`
}

function enumTypes(views: readonly View[]): string[] {
  const values = new Map<string, readonly string[]>()
  for (const view of views.filter((each) => each.surface === 'api')) {
    for (const { type, name, enum: known = name, values: members = [] } of view.properties.values()) {
      if (type === 'Enum') values.set(known, [...new Set([...(values.get(known) ?? []), ...members])])
    }
  }
  return [...values].map(([name, members]) => {
    const inner = members.map((member, at) => `<Member Name="${member}" Value="${at}"/>`).join('')
    return `<EnumType Name="${name}">${inner}</EnumType>`
  })
}

function boundAction(view: View, name: string): string {
  return `<Action Name="${name}" IsBound="true"><Parameter Name="bindingParameter" Type="Microsoft.NAV.${view.name}"/></Action>`
}
