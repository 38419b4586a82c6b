/** What a run counts of each mapping and direction, in the order in which people read it. */
export const counters = [
  'created',
  'updated',
  'deleted',
  'coupled',
  'uncoupled',
  'unchanged',
  'held',
  'failed',
] as const
export type Counter = (typeof counters)[number]
