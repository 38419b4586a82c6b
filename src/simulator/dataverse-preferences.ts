/** The Prefer header of a request, and what an answer says of it. */

/** What a client asks for beside the data. */
export interface Preferences {
  readonly representation: boolean
  /** Rows a page, 1 to 5000; undefined = not asked. */
  readonly pageSize: number | undefined
  readonly trackChanges: boolean
  readonly continueOnError: boolean
  /** Whether an annotation is wanted, by its name without the property. */
  readonly annotation: (name: string) => boolean
  /** The preferences that were understood, as `Preference-Applied` gives them back. */
  readonly applied: string
}

const MAX_PAGE = 5000

/** Reads the header. */
export function readPreferences(header: string | undefined): Preferences {
  const parts = [...(header ?? '').matchAll(/[^,\s"]+(?:"[^"]*")?/gu)].map(([part]) => part)
  const value = (name: string) => parts.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1)
  const size = Number(value('odata.maxpagesize') ?? Number.NaN)
  const wanted = value('odata.include-annotations')?.replaceAll('"', '')
  const trackChanges = parts.includes('odata.track-changes')
  return {
    representation: parts.includes('return=representation'),
    pageSize: size >= 1 ? Math.min(size, MAX_PAGE) : undefined,
    trackChanges,
    continueOnError: parts.some((part) => part.startsWith('odata.continue-on-error') && !part.endsWith('=false')),
    annotation: annotationTest(wanted),
    applied: parts
      .filter((part) =>
        /^(?:odata\.(?:maxpagesize|include-annotations|track-changes)|return=representation)/u.test(part),
      )
      .join(','),
  }
}

function annotationTest(wanted: string | undefined): (name: string) => boolean {
  if (wanted === undefined) return () => false
  const patterns = wanted.split(',').map((name) => {
    const escaped = name.trim().replaceAll(/[.+?^${}()|[\]\\]/gu, String.raw`\$&`)
    return new RegExp(`^${escaped.replaceAll('*', '.*')}$`, 'u')
  })
  return (name) => patterns.some((pattern) => pattern.test(name))
}
