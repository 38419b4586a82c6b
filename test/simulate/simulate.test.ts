/** P1 to P5, P10: thousands of stories of people, faults, deaths and second runners, each made from a seed. */
import { parseArgs } from 'node:util'
import t from 'tap'
import { proved } from '../proof.ts'
import { wrongs } from './checker.ts'
import { type SceneName, type Story, afterEachDeath, sceneNamed, storyOf } from './story.ts'
import { shortened, told } from './telling.ts'
import { SimulatedWorld } from './world.ts'

/** The first seed, how many, and where every story plays, if not where its seed says: `--scene orders`. */
const { values: asked } = parseArgs({
  options: { seed: { type: 'string' }, seeds: { type: 'string' }, scene: { type: 'string' } },
})
const first = Number(asked.seed ?? 1)
const seeds = Number(asked.seeds ?? (asked.seed === undefined ? 2000 : 1))
const scene = sceneNamed(asked.scene)
/** Failing seeds that are told; the others are named. */
const mostTold = 3

// A night's worth of seeds takes as long as it takes.
t.setTimeout(0)

/** The scenes, each opened when the first story plays there. Each story begins where they stood then. */
const worlds = new Map<SceneName, Promise<SimulatedWorld>>()
function worldOf({ scene }: Story): Promise<SimulatedWorld> {
  const world = worlds.get(scene) ?? SimulatedWorld.open(t, scene)
  worlds.set(scene, world)
  return world
}

async function wrongIn(world: SimulatedWorld, story: Story): Promise<readonly string[]> {
  try {
    return wrongs(world, story, await world.play(story))
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}

t.test('after any story both sides agree, and nothing is lost, doubled, overwritten or echoed', async (t) => {
  const failing: string[] = []
  let edits = 0
  for (let seed = first; seed < first + seeds; seed++) {
    const story = storyOf(seed, scene)
    const world = await worldOf(story)
    const found = await wrongIn(world, story)
    edits += world.ledger.edits
    if (found.length === 0) continue
    failing.push(`${seed} (${story.scene})`)
    if (failing.length > mostTold) continue
    const shortest = await shortened(story, async (candidate) => (await wrongIn(world, candidate)).length > 0)
    t.fail(
      `seed ${seed}\n${told(shortest)}\n${(await wrongIn(world, shortest)).join('\n')}\nagain: npm run test:simulate -- --seed ${seed} --scene ${story.scene}`,
    )
  }
  t.strictSame(failing, [], `${seeds} seeds`)
  proved('simulation', { seeds, 'edits by people': edits }, failing.length)
})

t.test('a runner that dies anywhere leaves no edit as a conflict with its own write, nor overwrites it', async (t) => {
  let failures = 0
  let played = 0
  for (const story of afterEachDeath()) {
    const found = await wrongIn(await worldOf(story), story)
    played += 1
    if (found.length === 0) continue
    failures += 1
    if (failures <= mostTold) t.fail(`${told(story)}\n${found.join('\n')}`)
  }
  t.equal(failures, 0, `${played} stories`)
  proved('simulation', { 'deaths before a further edit': played }, failures)
})

t.test('the same seed gives the same trace', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const story = storyOf(seed)
    const world = await worldOf(story)
    await world.play(story)
    const trace = normalised(world.trace)
    await world.play(story)
    t.strictSame(normalised(world.trace), trace, `seed ${seed}`)
  }
})

/** Versions of the services go on counting from story to story; names of the first appearance do not. */
function normalised(trace: readonly string[]): readonly string[] {
  const seen = new Map<string, string>()
  return trace.map((line) =>
    line.replaceAll(/\d{6,}|W\/[^,}\s]+/g, (version) => {
      const name = seen.get(version) ?? `v${seen.size}`
      seen.set(version, name)
      return name
    }),
  )
}
