/**
 * A file's value against its JSON Schema. Each mistake is told once, at the node that is wrong; what is left without
 * the mistakes goes on to the rules, so that all problems of a file come at once.
 */
import { createRequire } from 'node:module'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { ConfigProblem } from '../errors.ts'
import { formatPath, isRecord, isWithin, valueAt, type Path } from './path.ts'
import type { Files } from './schema-types.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'

/** A file whose value fits its schema. */
export interface Checked<T> {
  readonly source: Source
  /** The value without the parts that are wrong; undefined where nothing of it can be used. */
  readonly value: T | undefined
  readonly problems: readonly ConfigProblem[]
  /** Where the schema found mistakes: a rule says nothing about a node that holds one. */
  readonly wrong: readonly Path[]
}

const require = createRequire(import.meta.url)
const kinds = ['mapping', 'project', 'include', 'jobs', 'standard', 'test'] as const satisfies (keyof Files)[]

/** Of all schemas; each is compiled when a file of its kind is met. That they are right themselves is for a test to say. */
let compiled: Ajv2020 | undefined

function validator(kind: keyof Files): ValidateFunction {
  compiled ??= withSchemas(
    new Ajv2020({
      allErrors: true,
      verbose: true,
      strict: false,
      validateSchema: false,
      // For a few short files, making code fast takes longer than running it.
      code: { optimize: false },
    }),
  )
  return compiled.getSchema(`${kind}.schema.json`) as ValidateFunction
}

function withSchemas(ajv: Ajv2020): Ajv2020 {
  for (const kind of kinds) ajv.addSchema(require(`../../schemas/${kind}.schema.json`) as object)
  return ajv
}

/** Checks a file that was read. */
export function checkSchema<K extends keyof Files>(kind: K, source: Source): Checked<NonNullable<Files[K]>> {
  if (source.value === undefined) return { source, value: undefined, problems: source.problems, wrong: [[]] }
  const validate = validator(kind)
  const mistakes = mistakesIn(validate, source.value)
  const problems = mistakes.map(({ path, message, key }): ConfigProblem => {
    const at = key ? source.locateKey(path) : source.locate(path).position
    return { at, path: formatPath(path), message }
  })
  const wrong = mistakes.map(({ path }) => path)
  const value = withoutMistakes(validate, source.value, wrong) as NonNullable<Files[K]> | undefined
  return { source, value, problems: [...source.problems, ...problems], wrong }
}

interface Mistake {
  readonly path: Path
  readonly message: string
  /** The key itself is what is wrong. */
  readonly key: boolean
}

function mistakesIn(validate: ValidateFunction, value: unknown): readonly Mistake[] {
  if (validate(value)) return []
  // What is wrong with a name is told by the error of its map.
  const told = (validate.errors as ErrorObject[]).filter(
    ({ keyword, propertyName }) => propertyName === undefined || keyword === 'propertyNames',
  )
  const errors = narrowed(told, value)
  const mistakes = errors.map((error) => mistakeOf(error, value))
  return mistakes.filter(
    (mistake, index) =>
      mistakes.findIndex(
        ({ path, message }) =>
          message === mistake.message && isWithin(path, mistake.path) && isWithin(mistake.path, path),
      ) === index,
  )
}

/** Values without the wrong nodes, until the rest fits; undefined where the root itself does not. */
function withoutMistakes(validate: ValidateFunction, value: unknown, wrong: readonly Path[]): unknown {
  let rest = structuredClone(value)
  for (let paths = wrong, round = 0; paths.length > 0; round += 1) {
    if (round > 20 || paths.some((path) => path.length === 0)) return undefined
    for (const path of paths) remove(rest, path)
    paths = mistakesIn(validate, rest).map(({ path }) => path)
    rest = structuredClone(rest)
  }
  return rest
}

function remove(root: unknown, path: Path): void {
  const parent = valueAt(root, path.slice(0, -1))
  const last = path.at(-1)
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (isRecord(parent) && last !== undefined) delete (parent as Record<string, unknown>)[last]
}

/** Of the branches of an `anyOf`, only the one that was meant is of interest; that all failed is told where none was. */
function narrowed(errors: readonly ErrorObject[], value: unknown): readonly ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf')
  return choices.reduce<readonly ErrorObject[]>((left, choice) => {
    const inside = left.filter((error) => error !== choice && isInside(error, choice))
    const outside = left.filter((error) => error !== choice && !isInside(error, choice))
    const meant = meantBranch(inside, choice, valueAt(value, pathOf(choice.instancePath, value)))
    return meant.length > 0 ? [...outside, ...meant] : [...outside, choice]
  }, errors)
}

const isInside = (error: ErrorObject, choice: ErrorObject): boolean =>
  error.instancePath === choice.instancePath || error.instancePath.startsWith(`${choice.instancePath}/`)

/** The errors of the branch that was meant: of those for a map of keys, the one that knows most of its keys. */
function meantBranch(inside: readonly ErrorObject[], choice: ErrorObject, value: unknown): readonly ErrorObject[] {
  const deeper = inside.filter(({ instancePath }) => instancePath !== choice.instancePath)
  const here = inside.filter(({ instancePath }) => instancePath === choice.instancePath)
  const schemas = [...new Set(here.map(({ parentSchema }) => parentSchema))]
  const groups = schemas
    .map((schema) => [schema, here.filter(({ parentSchema }) => parentSchema === schema)] as const)
    .filter(([, group]) => !group.some(({ keyword }) => keyword === 'type'))
  if (!isRecord(value) || groups.length <= 1) return [...groups.flatMap(([, group]) => group), ...deeper]
  const keys = Object.keys(value)
  const ranked = groups
    .map(([schema, group]) => ({
      group,
      knows: keys.filter((key) => Object.hasOwn((schema?.['properties'] ?? {}) as object, key)).length,
    }))
    .sort((one, other) => other.knows - one.knows)
  return ranked[0] !== undefined && ranked[0].knows > 0 ? ranked[0].group : deeper
}

function pathOf(pointer: string, value: unknown): Path {
  const steps = pointer.split('/').slice(1)
  return steps.reduce<Path>((path, raw) => {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~')
    return [...path, Array.isArray(valueAt(value, path)) ? Number(step) : step]
  }, [])
}

function mistakeOf(error: ErrorObject, value: unknown): Mistake {
  const path = pathOf(error.instancePath, value)
  const read = readings[error.keyword as keyof typeof readings] as Reading
  return read(error, path, valueAt(value, path))
}

type Reading = (error: ErrorObject, path: Path, value: unknown) => Mistake

/** What each keyword of the schemas that can be broken says. */
export const readings = {
  additionalProperties: ({ params, parentSchema }, path) => {
    const key = String(params['additionalProperty'])
    const known = Object.keys((parentSchema as { readonly properties: object }).properties)
    const hint =
      didYouMean(key, known) ||
      (known.length <= 8 ? `; known: ${known.filter((each) => each !== '$schema').join(', ')}` : '')
    return { path: [...path, key], message: `unknown key "${key}"${hint}`, key: true }
  },
  enum: ({ params }, path, value) => {
    const allowed = (params['allowedValues'] as unknown[]).map(String)
    return {
      path,
      message: `${shown(value)} is none of ${allowed.join(', ')}${typeof value === 'string' ? didYouMean(value, allowed) : ''}`,
      key: false,
    }
  },
  const: ({ params }, path) => ({ path, message: `must be ${String(params['allowedValue'])}`, key: false }),
  required: ({ params }, path) => ({ path, message: `"${String(params['missingProperty'])}" is missing`, key: false }),
  type: ({ params }, path, value) => ({
    path,
    message: `must be ${kindName(params['type'])}, not ${kindOf(value)}`,
    key: false,
  }),
  pattern: ({ parentSchema }, path, value) => ({
    path,
    message: `${shown(value)} does not fit: ${described(parentSchema)}`,
    key: false,
  }),
  propertyNames: ({ params }, path) => {
    const name = String(params['propertyName'])
    return {
      path: [...path, name],
      message: `"${name}" cannot be a name here: letters, digits and hyphens or underscores`,
      key: true,
    }
  },
  anyOf: ({ parentSchema }, path, value) => ({
    path,
    message: `${shown(value)} does not fit: ${alternatives(parentSchema)}`,
    key: false,
  }),
  uniqueItems: (_error, path) => ({ path, message: 'an item stands twice', key: false }),
  minItems: (_error, path) => ({ path, message: 'must not be empty', key: false }),
  minLength: (_error, path) => ({ path, message: 'must not be empty', key: false }),
  minProperties: (_error, path) => ({ path, message: 'too few keys', key: false }),
  maxItems: ({ params }, path) => ({ path, message: `more than ${String(params['limit'])} items`, key: false }),
  maxLength: ({ params }, path) => ({ path, message: `longer than ${String(params['limit'])} letters`, key: false }),
  maxProperties: ({ params }, path) => ({ path, message: `more than ${String(params['limit'])} keys`, key: false }),
  minimum: ({ params }, path, value) => ({
    path,
    message: `${shown(value)} is less than ${String(params['limit'])}`,
    key: false,
  }),
  maximum: ({ params }, path, value) => ({
    path,
    message: `${shown(value)} is more than ${String(params['limit'])}`,
    key: false,
  }),
} satisfies Readonly<Record<string, Reading>>

const described = (schema: unknown): string => (schema as { readonly description: string }).description

const alternatives = (schema: unknown): string =>
  (schema as { readonly anyOf: readonly { readonly title: string }[] }).anyOf.map(({ title }) => title).join(', or ')

/** A value as a message shows it. */
const shown = (value: unknown): string =>
  isRecord(value) || Array.isArray(value) ? kindOf(value) : JSON.stringify(value)

const names: Readonly<Record<string, string>> = {
  object: 'a map of keys',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'empty',
}
const kindName = (type: unknown): string =>
  (Array.isArray(type) ? type : [type]).map((each) => names[String(each)] as string).join(' or ')

function kindOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map of keys'
  return `the ${typeof value === 'string' ? 'text' : typeof value} ${JSON.stringify(value)}`
}
