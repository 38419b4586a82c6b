/**
 * Loaded before each test file. tap follows every promise with async hooks, to blame an error that nobody catches on
 * the test that began it; that takes a third of the time of tests that do much. Without them such an error ends the
 * process, and the file fails all the same.
 */
import asyncHooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

const idle = { enable: () => idle, disable: () => idle }
asyncHooks.createHook = () => idle
syncBuiltinESMExports()
