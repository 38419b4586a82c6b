/** Reading zip files: as much as a solution file needs. */

import { inflateRawSync } from 'node:zlib'

/** The texts of a zip file by name, from its central directory; undefined for what is no zip file. */
export function unzip(file: Buffer): ReadonlyMap<string, string> | undefined {
  const end = file.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'))
  if (end < 0) return undefined
  const texts = new Map<string, string>()
  let at = file.readUInt32LE(end + 16)
  for (let left = file.readUInt16LE(end + 10); left > 0; left--) {
    const lengths = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset))
    const [nameLength = 0] = lengths
    const name = file.toString('utf8', at + 46, at + 46 + nameLength)
    const content = contentAt(file, file.readUInt32LE(at + 42), file.readUInt32LE(at + 20))
    texts.set(name, (file.readUInt16LE(at + 10) === 8 ? inflateRawSync(content) : content).toString('utf8'))
    at += 46 + lengths.reduce((sum, length) => sum + length, 0)
  }
  return texts
}

/** The stored bytes behind a local header. */
function contentAt(file: Buffer, local: number, size: number): Buffer {
  const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
  return file.subarray(start, start + size)
}
