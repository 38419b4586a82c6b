/** One half of the scenarios; see test/scenario/README.md. */
import t from 'tap'
import { playHalf } from './scenario-runner/all.ts'

playHalf(t, 1)
