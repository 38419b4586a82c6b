/** Puts the built command where `npx couplet` looks first, as an install of the package would. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..')
const bin = join(folder, 'node_modules', '.bin')
const command = join(folder, 'dist', 'cli.js')
mkdirSync(bin, { recursive: true })
chmodSync(command, 0o755)
if (process.platform === 'win32') writeFileSync(join(bin, 'couplet.cmd'), `@node "${command}" %*\r\n`)
else {
  rmSync(join(bin, 'couplet'), { force: true })
  symlinkSync(join('..', '..', 'dist', 'cli.js'), join(bin, 'couplet'))
}
