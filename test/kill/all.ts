/** All files of kills in one process: `npm run test:kill`, with `--all` or `--scenario NAME`. */
import './kill.test.ts'
import './process.test.ts'
import './standard.test.ts'
