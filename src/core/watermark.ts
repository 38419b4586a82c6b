/** How far one side of one mapping has been read. */

export type Watermark =
  /** Opaque link of the service's change tracking. */
  | { readonly kind: 'delta'; readonly link: string }
  /** The largest time of change seen, by the server's own clock, ISO 8601. */
  | { readonly kind: 'stamp'; readonly at: string }
  /** The entity has neither: each read is whole, and compared by fingerprint. */
  | { readonly kind: 'scan' }
