/** A pure function of a text that remembers its answers: each run compiles its mappings anew, out of the same few hundred texts. */
export function remembered<T extends object | string>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const made = read(text)
    if (known.size >= mostRemembered) known.clear()
    known.set(text, made)
    return made
  }
}

/** Texts; more than any project has. */
const mostRemembered = 2000
