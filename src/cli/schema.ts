/** `couplet schema`: the schemas of a project for its editors, and the line in each YAML file that names them. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { editedKinds, editorSchemas } from '../config/editor-schemas.ts'
import type { EditedKind, JsonSchema, KnownCollection } from '../config/editor-schemas.ts'
import type { BySide } from '../config/config.ts'
import { withSchemaLine } from '../config/schema-line.ts'
import { ConfigError } from '../errors.ts'
import { count } from '../report/words.ts'
import { examples } from './context.ts'
import type { AddCommand, Context } from './context.ts'
import { didYouMean } from './did-you-mean.ts'
import { exits } from './exit.ts'
import { UsageError } from './usage-error.ts'

interface SchemaArguments {
  readonly out: string
  readonly live?: boolean
  readonly entity?: readonly string[]
  readonly lines: boolean
}

export const addSchema: AddCommand = (command, act) => {
  command
    .option('--out <folder>', 'where they go; below the project', 'schemas')
    .option('--live', 'also ask both services for their entities and columns')
    .option('--entity <name...>', 'with --live: columns of these too, e.g. leads (others: what the mappings use)')
    .option('--no-lines', 'leave the # yaml-language-server line of the YAML files as it is')
    .addHelpText('after', examples('couplet schema', 'couplet schema --live', 'couplet schema --live --entity leads'))
    .action((given: SchemaArguments) => act((context) => schema(context, given)))
}

/** Writes schemas and lines. Throws ConfigError, ConnectorError, UsageError. */
async function schema(context: Context, given: SchemaArguments): Promise<number> {
  const { entity: named = [], live = false } = given
  if (named.length > 0 && !live) throw new UsageError('--entity is for --live.', 'couplet schema --live --entity leads')
  const { askServices } = await import('./known.ts')
  const collections = live ? await context.withProject((project) => askServices(project, named)) : undefined
  refuseUnknown(named, collections)
  const schemas = await projectSchemas(context, collections)
  const folder = resolve(context.folder, given.out)
  const files = new Map(editedKinds.map((kind) => [join(folder, `${kind}.schema.json`), asText(schemas[kind])]))
  const lines = given.lines ? await linesOf(context.folder, folder) : new Map<string, string>()
  const written = await writeChanged(new Map([...files, ...lines]))
  const shown = (path: string): string => relative(context.folder, path).replaceAll('\\', '/')
  const pointed = written.filter((path) => lines.has(path)).map(shown)
  context.print(
    () =>
      [
        `${count(files.size, 'schema')} in ${shown(folder) || '.'}: ${written.length - pointed.length} written.`,
        ...(pointed.length === 0
          ? []
          : [
              `${count(pointed.length, 'file')} now ${pointed.length === 1 ? 'names' : 'name'} them: ${pointed.join(', ')}`,
            ]),
      ].join('\n'),
    () => ({ schemas: [...files.keys()].map(shown), written: written.map(shown), live }),
  )
  return exits.done
}

const asText = (value: JsonSchema): string => `${JSON.stringify(value, null, 1)}\n`

async function projectSchemas(
  { folder, target }: Context,
  collections: BySide<readonly KnownCollection[]> | undefined,
): Promise<Readonly<Record<EditedKind, JsonSchema>>> {
  const [{ checkProject }, { documentMappings }, { knownOf }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/document.ts'),
    import('./known.ts'),
  ])
  const reading = { env: {}, needSecrets: false, ...(target !== undefined && { target }) }
  const { config, draft, problems } = await checkProject(folder, reading)
  if (config === undefined) throw new ConfigError(problems)
  return editorSchemas(
    await ownSchemas(),
    knownOf(documentMappings(draft, config), config, { includes: draft.includes, collections }),
  )
}

/** The product's own. */
async function ownSchemas(): Promise<Readonly<Record<EditedKind, JsonSchema>>> {
  const read = editedKinds.map(async (kind) => {
    const text = await readFile(new URL(`../../schemas/${kind}.schema.json`, import.meta.url), 'utf8')
    return [kind, JSON.parse(text) as JsonSchema] as const
  })
  return Object.fromEntries(await Promise.all(read)) as Record<EditedKind, JsonSchema>
}

function refuseUnknown(named: readonly string[], collections: BySide<readonly KnownCollection[]> | undefined): void {
  const known = [...(collections?.businessCentral ?? []), ...(collections?.sales ?? [])].map(({ name }) => name)
  const unknown = named.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `Neither service has ${unknown}${didYouMean(unknown, known)}.`,
      'Name an entity set, e.g. leads.',
    )
}

/** Folders of a project and what their YAML files are. */
const places: readonly (readonly [folder: string, kind: EditedKind, file?: RegExp])[] = [
  ['.', 'project', /^couplet\.ya?ml$/],
  ['.', 'jobs', /^jobs\.ya?ml$/],
  ['targets', 'project'],
  ['mappings', 'mapping'],
  ['mappings/include', 'include'],
  ['tests', 'test'],
]

/** Every YAML file of a project with its line, by path. */
async function linesOf(root: string, schemas: string): Promise<ReadonlyMap<string, string>> {
  const found = places.map(async ([folder, kind, file = /\.ya?ml$/]) => {
    const names = (await readdir(join(root, folder)).catch(() => [])).filter((name) => file.test(name))
    return Promise.all(
      names.map(async (name) => {
        const path = join(root, folder, name)
        const address = relative(dirname(path), join(schemas, `${kind}.schema.json`)).replaceAll('\\', '/')
        const text = await readFile(path, 'utf8')
        return [path, withSchemaLine(text, address.startsWith('.') ? address : `./${address}`)] as const
      }),
    )
  })
  return new Map((await Promise.all(found)).flat())
}

/** Writes the files that say something else now; gives their paths. */
async function writeChanged(files: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const written: string[] = []
  for (const [path, text] of files) {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause'
      throw new UsageError(`${path} cannot be written (${code}).`, 'Name a folder that is yours: --out FOLDER')
    }
    written.push(path)
  }
  return written
}
