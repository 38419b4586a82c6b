/**
 * Required before anything else of a test process. tap has each test, and each process that a test starts, note the
 * files that it loads, for `tap --changed`. Nobody asks that here, and it takes a third of a second each time. What
 * finds the notes begun already begins none; the built program runs as it does for users.
 */
globalThis[Symbol.for('@tapjs/processinfo.ProcessInfoNodeData')] = { files: [], sources: {} }
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/^/'
const others = (process.env.NODE_OPTIONS ?? '').replace(/"?--import=\S*@tapjs\/processinfo\S*/, '').trim()
if (others === '') delete process.env.NODE_OPTIONS
else process.env.NODE_OPTIONS = others
