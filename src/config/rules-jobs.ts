/** Rules about jobs, and about the service that runs them. */
import type { Draft } from './draft.ts'
import { isLoopback } from './hosts.ts'
import type { Finding } from './layers.ts'
import { entriesOf } from './merge.ts'
import { durationMs } from './quantities.ts'
import { unknownMapping } from './rules-references.ts'
import type { Job } from './schema-types.ts'

/** Shortest times a job may have, milliseconds; shorter ones would only keep the services busy. */
const shortest = { every: 1000, wake: 1000, delay: 5000 } as const

/** Jobs name mappings that are there, and have times that a service can keep. */
export function checkJobs(draft: Draft): readonly Finding[] {
  return entriesOf(draft.jobs.value.jobs).flatMap(([name, job]) => [
    ...checkMappings(name, job, draft),
    ...checkTimes(name, job),
  ])
}

function checkMappings(name: string, { mappings }: Job, draft: Draft): readonly Finding[] {
  if (mappings === undefined)
    return [{ path: ['jobs', name], key: true, message: '"mappings" is missing: say which run' }]
  return mappings.flatMap((mapping, index) => unknownMapping(['jobs', name, 'mappings', index], mapping, draft))
}

function checkTimes(name: string, job: Job): readonly Finding[] {
  return (['every', 'wake', 'delay'] as const).flatMap((key) => {
    const written = job[key]
    const ms = written === undefined ? undefined : durationMs(written)
    if (ms === undefined || ms >= shortest[key]) return []
    return [{ path: ['jobs', name, key], message: `${written} is too short; at least ${shortest[key] / 1000} s` }]
  })
}

/** Addresses of `serve`: reachable in the form given, and without anything secret in them. */
export function checkServe({ project }: Draft): readonly Finding[] {
  const { publicUrl, heartbeat } = project.value.serve ?? {}
  return [...addressFinding('publicUrl', publicUrl), ...addressFinding('heartbeat', heartbeat)]
}

function addressFinding(key: 'publicUrl' | 'heartbeat', text: string | undefined): readonly Finding[] {
  const wrong = text === undefined ? undefined : wrongIn(text)
  return wrong === undefined ? [] : [{ path: ['serve', key], message: wrong }]
}

function wrongIn(text: string): string | undefined {
  // References are told by the rule about secrets.
  if (text.includes('${')) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'this is no address; write https://…'
  if (url.username !== '' || url.password !== '') return 'an address must not hold a user or password'
  return url.protocol === 'http:' && !isLoopback(url.hostname)
    ? 'plain http is for loopback addresses only; write https://'
    : undefined
}
