/**
 * Pure: what people call Business Central's collections and columns. `entityDefinitions` at the root of an API route
 * lists captions in several languages; published pages have no such list.
 */

/** The captions of one collection; a column without one is not in the list. */
export interface Captions {
  readonly title: string | undefined
  readonly columns: Readonly<Record<string, string>>
}

/** English (United States), the language in which requests ask for everything else. */
const english = 1033

/** By entity set. What is not in the known form is left out. */
export function captionsOf(body: unknown): ReadonlyMap<string, Captions> {
  const found = new Map<string, Captions>()
  for (const entity of listIn(body, 'value')) {
    const set = textIn(entity, 'entitySetName')
    if (set === undefined) continue
    const columns = listIn(entity, 'properties').flatMap((property) => {
      const [name, caption] = [textIn(property, 'name'), captionIn(property, 'captions')]
      return name === undefined || caption === undefined ? [] : [[name, caption] as const]
    })
    found.set(set, { title: captionIn(entity, 'entitySetCaptions'), columns: Object.fromEntries(columns) })
  }
  return found
}

/** The English caption, else the first. */
function captionIn(value: unknown, key: string): string | undefined {
  const captions = listIn(value, key)
  const chosen = captions.find((each) => partOf(each, 'languageCode') === english) ?? captions[0]
  const text = textIn(chosen, 'caption')?.trim()
  return text === '' ? undefined : text
}

const partOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined

function listIn(value: unknown, key: string): readonly unknown[] {
  const list = partOf(value, key)
  return Array.isArray(list) ? list : []
}

function textIn(value: unknown, key: string): string | undefined {
  const text = partOf(value, key)
  return typeof text === 'string' ? text : undefined
}
