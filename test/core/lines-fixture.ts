/** Documents with lines made ready to be decided from a few words. */
import type { BySide, Field, FirstMatch, Lines, MatchGroup, Side } from '../../src/config/config.ts'
import { noBase } from '../../src/core/base.ts'
import type { Decision } from '../../src/core/coupling.ts'
import { type DecidedLines, type LinePair, type LinesFacts, decideLines } from '../../src/core/decide-lines.ts'
import { lineRows } from '../../src/core/document-lines.ts'
import type { Bindings } from '../../src/core/expression.ts'
import { fingerprinter } from '../../src/core/fingerprint.ts'
import { type CompiledLines, compileMapping } from '../../src/core/mapping.ts'
import type { Deciding } from '../../src/core/offer.ts'
import type { Loaded, Row } from '../../src/core/record.ts'
import { mapping, row, source } from '../engine/project.ts'
import { type Links, described, lookupsOf } from './mapping-fixture.ts'

export interface LinesSketch {
  readonly direction?: 'both' | 'toSales' | 'toBusinessCentral'
  readonly on?: Lines['on']
  readonly compute?: Lines['compute']
  readonly match?: readonly MatchGroup[]
  readonly firstMatch?: FirstMatch
  readonly filter?: Partial<BySide<string>>
  /** Step in which new lines of Business Central are numbered. @default not numbered */
  readonly number?: number
  /** Lines stand in the order in which the services give them. @default false */
  readonly unordered?: boolean
  readonly fields?: Readonly<Record<string, Partial<Field>>>
}

const usual = {
  item: { businessCentral: 'item', sales: 'product' },
  quantity: { businessCentral: 'quantity', sales: 'quantity' },
  price: { businessCentral: 'price', sales: 'price', direction: 'toSales' },
} as const

export function compiledLines(sketch: LinesSketch = {}): CompiledLines {
  const { direction = 'both', on = 'always', compute = {}, match = [], filter = {}, number } = sketch
  const order = sketch.unordered === true ? undefined : 'sequence'
  const firstMatch = sketch.firstMatch ?? { blank: 'fill', different: 'hold' }
  const own = mapping({
    name: 'lines',
    direction,
    match,
    firstMatch,
    businessCentral: source('businessCentral', 'orderLines', { filter: filter.businessCentral }),
    sales: source('sales', 'orderDetails', { filter: filter.sales }),
    fields: Object.entries(sketch.fields ?? usual).map(([name, given]) => row(name, given)),
  })
  const lines: Lines = {
    mapping: own,
    sides: {
      businessCentral: { parent: 'documentId', order, number, select: [] },
      sales: { parent: 'orderId', order, number: undefined, select: [] },
    },
    compute,
    on,
  }
  const header = mapping({
    name: 'orders',
    direction,
    businessCentral: source('businessCentral', 'orders'),
    sales: source('sales', 'salesorders'),
    fields: [],
    lines,
  })
  const head = described('number code(20)')
  const columns = 'sequence integer, quantity decimal.2, price decimal.2, text text(20)'
  const descriptions = {
    businessCentral: { ...head, lines: described(`documentId guid, item code(20), ${columns}`).main },
    sales: { ...head, lines: described(`orderId guid, product code(20), ${columns}`).main },
  }
  const compiled = compileMapping(header, descriptions, 'UTC').lines
  if (compiled === undefined) throw new Error('no lines')
  return compiled
}

export const fingerprint = fingerprinter('key')

export const decidingOf = (lines: CompiledLines, links: Links = {}, bindings: Bindings = {}): Deciding => ({
  compiled: lines.compiled,
  fingerprint,
  lookups: lookupsOf(links),
  bindings,
})

export const documentOf = (lines: readonly Row[], header: Row = {}): Loaded => ({
  kind: 'upsert',
  id: 'document',
  etag: 'etag',
  modified: undefined,
  row: { ...header, lines },
  lines: lines.map((line) => ({
    kind: 'upsert',
    id: String(line['id']),
    etag: `etag ${String(line['id'])}`,
    modified: undefined,
    row: line,
  })),
})

export interface Scene {
  readonly sketch?: LinesSketch
  readonly businessCentral?: readonly Row[]
  readonly sales?: readonly Row[]
  readonly links?: Links
  readonly pairs?: readonly LinePair[]
  readonly meeting?: LinesFacts['meeting']
  /** Lines of Sales whose partners in Business Central a dead runner may have made. */
  readonly sought?: readonly string[]
  readonly decision?: Decision
  readonly writable?: Partial<BySide<boolean>>
  /** The services take keys of ours. @default false */
  readonly keys?: boolean
}

export const ourKey = (on: Side, line: string): string => `${on} of ${line}`

export async function decideScene(scene: Scene): Promise<DecidedLines> {
  const lines = compiledLines(scene.sketch)
  return decideLines(lines, decidingOf(lines, scene.links), {
    rows: {
      businessCentral: await lineRows(lines, 'businessCentral', documentOf(scene.businessCentral ?? []), {}),
      sales: await lineRows(lines, 'sales', documentOf(scene.sales ?? []), {}),
    },
    documents: {
      businessCentral: scene.businessCentral === undefined ? undefined : documentOf(scene.businessCentral),
      sales: scene.sales === undefined ? undefined : documentOf(scene.sales),
    },
    pairs: scene.pairs ?? [],
    meeting: scene.meeting ?? 'known',
    sought: { businessCentral: new Set(scene.sought), sales: new Set() },
    decision: scene.decision,
    writable: { businessCentral: true, sales: true, ...scene.writable },
    deferLater: false,
    keyFor: (on, line) => (scene.keys === true ? ourKey(on, line) : undefined),
  })
}

/** Pairs of lines as they stand when both sides agreed on these rows. */
export async function agreedOn(
  sketch: LinesSketch | undefined,
  both: readonly BySide<Row>[],
): Promise<readonly LinePair[]> {
  const decided = await decideScene({
    ...(sketch === undefined
      ? {}
      : { sketch: { ...sketch, firstMatch: { blank: 'fill', different: 'businessCentral' } } }),
    businessCentral: both.map((pair) => pair.businessCentral),
    sales: both.map((pair) => pair.sales),
    pairs: both.map(({ businessCentral, sales }) => ({
      businessCentral: String(businessCentral['id']),
      sales: String(sales['id']),
      base: noBase,
    })),
  })
  return decided.pairs ?? []
}

/** What is written, in short: `update sales s1 quantity=5`. */
export const told = ({ writes }: DecidedLines): readonly string[] =>
  writes.map(({ kind, to, key, source: from, number, writes: cells }) =>
    [
      kind,
      to,
      kind === 'create' ? `from ${from ?? ''}` : (key ?? ''),
      ...(number === undefined ? [] : [`#${number}`]),
      ...cells.map(({ field, cell }) => `${field.field.name}=${JSON.stringify(cell)}`),
    ].join(' '),
  )
