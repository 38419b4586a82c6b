/**
 * `${env:NAME}` and `${file:PATH}`. They are read under `connections` and `state.key` alone, so that no other part of
 * a project can carry a secret anywhere; a secret itself never stands in a file, and never in a message.
 */
import type { Finding } from './layers.ts'
import { isRecord, type Path } from './path.ts'

/** What references stand for. Both give undefined for what is not there. */
export interface Secrets {
  env(name: string): string | undefined
  file(path: string): string | undefined
}

const reference = /\$\{(env|file):([^}]+)\}/g

/** True when the text is one reference and nothing else. */
export const isReference = (text: string): boolean => /^\$\{(?:env|file):[^}]+\}$/.test(text)
/** True when a reference stands anywhere in the text. */
const hasReference = (text: string): boolean => text.search(reference) >= 0

/** Paths of `${file:…}` in a value, each once. */
export function filesIn(value: unknown): readonly string[] {
  const paths = textsIn(value).flatMap(({ text }) =>
    [...text.matchAll(reference)].flatMap(([, kind, name]) => (kind === 'file' && name ? [name] : [])),
  )
  return [...new Set(paths)]
}

/** The text with its references filled in; what is not there becomes an empty text. */
export const expand = (text: string, secrets: Secrets): string =>
  text.replaceAll(
    reference,
    (_all, kind: string, name: string) => (kind === 'env' ? secrets.env(name) : secrets.file(name)) ?? '',
  )

/** References of a text that stand for nothing, in words. */
export function unset(text: string, secrets: Secrets): readonly string[] {
  return [...text.matchAll(reference)].flatMap(([, kind, name = '']) => {
    const value = kind === 'env' ? secrets.env(name) : secrets.file(name)
    if (value !== undefined && value !== '') return []
    return [
      kind === 'env' ? `the environment variable ${name} is not set` : `the file ${name} cannot be read, or is empty`,
    ]
  })
}

/** Every text below a value, with its path. */
export function textsIn(value: unknown, path: Path = []): readonly { readonly path: Path; readonly text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (Array.isArray(value)) return value.flatMap((item, index) => textsIn(item, [...path, index]))
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, [...path, key]))
}

/** References where none are read. */
export function misplacedReferences(value: unknown, allowed: (path: Path) => boolean): readonly Finding[] {
  return textsIn(value)
    .filter(({ path, text }) => hasReference(text) && !allowed(path))
    .map(({ path }) => ({
      path,
      message: '${env:…} and ${file:…} are read only under `connections` and in `state.key`',
    }))
}

/** Keys that hold a secret and nothing else. */
export const secretKeys: readonly string[] = ['clientSecret', 'certificate', 'password', 'assertion', 'key']

/** What to say of a secret that stands in a file. It is never repeated. */
export const literalSecret =
  'a secret must not stand in a file: write ${env:NAME} or ${file:PATH}, and change the one that stood here'
