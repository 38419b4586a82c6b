/** The length of a state branch, which its commits tell themselves (`History: 412`), so that a shallow checkout knows it. */
import type { Remote } from './git.ts'
import { fetchDeep } from './git.ts'

interface Asked {
  readonly ref: string
  readonly tip: string | undefined
  /** Commits that are kept at most. @default all */
  readonly most: number | undefined
}

/**
 * What the next commit stands upon, and how many commits that is: the tip, or where the history is full a copy of its
 * newer half that begins from nothing.
 */
export async function cutHistory(
  at: Remote,
  { ref, tip, most }: Asked,
): Promise<{ readonly parent: string | undefined; readonly length: number }> {
  if (tip === undefined) return { parent: undefined, length: 0 }
  const length = await lengthOf(at, tip)
  if (most === undefined || length < most) return { parent: tip, length }
  const kept = Math.floor(most / 2)
  if (kept > 0 && (await at.git(['rev-parse', '--is-shallow-repository'])).text === 'true')
    await fetchDeep(at, ref, kept)
  const newest = kept === 0 ? [] : await newestOf(at, tip, kept)
  let parent: string | undefined
  for (const commit of newest.toReversed()) parent = await copyUpon(at, commit, parent)
  return { parent, length: newest.length }
}

async function newestOf({ git }: Remote, tip: string, most: number): Promise<readonly string[]> {
  return (await git(['rev-list', '--first-parent', `--max-count=${most}`, tip])).text.split('\n')
}

async function lengthOf({ git }: Remote, tip: string): Promise<number> {
  const { text } = await git(['show', '--no-patch', '--format=%(trailers:key=History,valueonly)', tip])
  return Number(/^\d+/.exec(text.trim())?.[0] ?? 1)
}

/** The same commit upon another one: its tree, people, times and words. */
async function copyUpon({ git }: Remote, commit: string, parent: string | undefined): Promise<string> {
  const { text } = await git(['cat-file', 'commit', commit])
  const [head = '', ...words] = text.split('\n\n')
  const [tree = '', ...lines] = head.split('\n')
  const own = lines.filter((line) => !line.startsWith('parent '))
  const again = [tree, ...(parent === undefined ? [] : [`parent ${parent}`]), ...own].join('\n')
  const input = `${[again, ...words].join('\n\n')}\n`
  return (await git(['hash-object', '-t', 'commit', '-w', '--stdin'], { input })).text
}
