/** Setting a watermark back, so that older changes are read again. Pure; never moves a watermark forward. */
import { instantOf } from './instant.ts'
import type { Watermark } from './watermark.ts'

/** What setting back comes to: `watermark` null means that the next run reads everything. */
export type Rewound =
  | { readonly kind: 'moved'; readonly watermark: Watermark | null }
  /** Nothing to do: read whole in each run anyway, or stands earlier already. */
  | { readonly kind: 'same'; readonly because: string }

/**
 * A watermark set back to a moment (ISO 8601). A change token cannot be set back: it is dropped, the next run reads
 * everything and merges, which finds the older changes too.
 */
export function rewound(watermark: Watermark | undefined, to: string): Rewound {
  if (watermark === undefined) return { kind: 'same', because: 'has not been read yet; the next run reads everything' }
  switch (watermark.kind) {
    case 'scan':
      return { kind: 'same', because: 'is read whole in every run' }
    case 'delta':
      return { kind: 'moved', watermark: null }
    case 'stamp':
      return isLater(watermark.at, to)
        ? { kind: 'moved', watermark: { kind: 'stamp', at: to } }
        : { kind: 'same', because: `stands at ${watermark.at} already` }
  }
}

const isLater = (at: string, than: string): boolean => (instantOf(at) as number) > (instantOf(than) as number)
