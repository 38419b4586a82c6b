/** Properties of the pure core: what fast-check tries, and what is tried case by case, is counted for people. */
import * as fc from 'fast-check'
import { proved } from './proof.ts'

let properties = 0
let inputs = 0
let failures = 0

/** Counts a property that was held against each of so many inputs. */
export function tried(count: number): void {
  if (properties === 0) process.on('exit', () => proved('pure core', { properties, 'inputs tried': inputs }, failures))
  properties += 1
  inputs += count
}

/** Tries a property on inputs of fast-check's choice. Throws with the smallest one for which it does not hold. */
export function forAll<T>(property: fc.IProperty<T>, { numRuns = 100 }: { readonly numRuns?: number } = {}): void {
  tried(numRuns)
  told(fc.check(property, { numRuns }))
}

/** The same for a property that takes its time. */
export async function forAllAsync<T>(
  property: fc.IAsyncProperty<T>,
  { numRuns = 100 }: { readonly numRuns?: number } = {},
): Promise<void> {
  tried(numRuns)
  told(await fc.check(property, { numRuns }))
}

function told<T>(details: fc.RunDetails<T>): void {
  if (!details.failed) return
  failures += 1
  const { seed, counterexamplePath, counterexample, errorInstance } = details
  const place = `seed ${seed}, path ${counterexamplePath ?? ''}`
  throw new Error(`does not hold of ${fc.stringify(counterexample)} (${place}): ${String(errorInstance)}`)
}
