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
  /** Processor time of the client and of the services, milliseconds. */
  readonly cpuMs: number
  readonly requests: number
  readonly records: number
  /** Highest resident memory of the process so far, MB. */
  readonly peakMb: number
}

/** What a client itself knows of it. */
export type Spent = Omit<Figures, 'peakMb' | 'cpuMs'>

/** What the state of many couplings cost. */
export interface StateFigures {
  readonly couplings: number
  readonly loadMs: number
  /** One per cent of them, committed in windows. */
  readonly changeMs: number
  readonly saveMs: number
  readonly cpuMs: number
  /** Resident memory after reading, MB. */
  readonly loadedMb: number
  /** Highest resident memory, MB. */
  readonly peakMb: number
}

/** What one run of the whole standard set cost. */
export interface StandardFigures {
  readonly run: string
  readonly ms: number
  readonly cpuMs: number
  readonly requests: number
  readonly records: number
  readonly peakMb: number
}
