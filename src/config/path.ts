/** Where something stands in a document: keys and list indexes from the root. */
export type Path = readonly (string | number)[]

/** `fields.phone.compute.toSales`, `match[0].sales`. Empty for the whole document. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, step) => {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    return (here as Readonly<Record<string | number, unknown>>)[step]
  }, value)
}

/** True when `inner` is `outer` or stands below it. */
export const isWithin = (inner: Path, outer: Path): boolean =>
  outer.length <= inner.length && outer.every((step, index) => String(step) === String(inner[index]))

/** A plain object, as YAML's mappings become. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
