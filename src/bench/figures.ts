/** What the bench's processes tell each other. */

export type Phase = 'first' | 'drain' | 'nothing' | 'changed'

/** Where the simulated services listen. */
export interface Addresses {
  readonly businessCentral: string
  readonly sales: string
  readonly authority: string
  readonly company: string
}

/** What one phase cost. */
export interface Figures {
  readonly ms: number
  readonly requests: number
  readonly records: number
  /** Highest resident memory of the process so far, MB. */
  readonly peakMb: number
}
