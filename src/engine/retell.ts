/**
 * Couplings over the same records in other words: what agreed with the base still agrees with it, and what was edited
 * since still differs from it, with fingerprints made of the other words.
 */
import { type BySide, type Side, otherSide } from '../config/config.ts'
import { type Prints, packBase, unpackBase } from '../core/base.ts'
import type { CoupledLines, Coupling } from '../core/coupling.ts'
import { lineRows } from '../core/document-lines.ts'
import { ExpressionError } from '../core/expression.ts'
import { shortHash } from '../core/fingerprint.ts'
import type { CompiledField } from '../core/mapping.ts'
import { type Deciding, printOf } from '../core/offer.ts'
import type { Loaded, Row } from '../core/record.ts'
import { type RunContext, prepare, sessionOf } from './prepare.ts'
import { type Session, isHere } from './session.ts'

/** Pairs that are read together. */
const windowSize = 2000

/** One and the same mapping over the records as they are, and in other words. */
type Both = { readonly real: Session; readonly retold: Session }

/** The couplings of a mapping, retold. Without a base where the mapping cannot be run. Throws ConnectorError. */
export async function retell(
  contexts: { readonly real: RunContext; readonly retold: RunContext },
  name: string,
): Promise<readonly Coupling[]> {
  const couplings = [...contexts.real.ports.store.mapping(name).couplings()]
  const [real, retold] = [await sessionIn(contexts.real, name), await sessionIn(contexts.retold, name)]
  if (real === undefined || retold === undefined) return couplings.map(withoutBase)
  const told: Coupling[] = []
  for (let start = 0; start < couplings.length; start += windowSize) {
    const window = couplings.slice(start, start + windowSize)
    const pairs = { real: await pairsOf(real, window), retold: await pairsOf(retold, window) }
    for (const coupling of window)
      told.push(
        await retoldCoupling({ real, retold }, coupling, {
          real: pairs.real(coupling),
          retold: pairs.retold(coupling),
        }),
      )
  }
  return told
}

/** A coupling of which nothing is known but who belongs together. */
export const withoutBase = ({ businessCentral, sales, ended, outside }: Coupling): Coupling => ({
  businessCentral,
  sales,
  layout: '',
  base: '',
  ...(ended !== undefined && { ended }),
  ...(outside !== undefined && { outside }),
})

async function sessionIn(context: RunContext, name: string): Promise<Session | undefined> {
  const mapping = context.order.includes(name) ? context.byName.get(name) : undefined
  const prepared = mapping === undefined ? undefined : await prepare(context, mapping, context.ports.store)
  if (prepared === undefined) return undefined
  const session = sessionOf(context, prepared, context.ports.overlay(context.ports.store), 'plan')
  session.lookups.allHaveRun()
  return session
}

type Pair = BySide<Loaded | undefined>

/** The records of the couplings with what hangs on them; undefined for one that is gone. */
async function pairsOf(session: Session, couplings: readonly Coupling[]): Promise<(coupling: Coupling) => Pair> {
  const read = async (side: Side): Promise<ReadonlyMap<string, Loaded>> => {
    const reader = session.readers[side]
    const found = (await reader.read(couplings.map((coupling) => coupling[side].id))).filter(isHere)
    return new Map((await reader.attach(found)).map((row) => [row.id, row]))
  }
  const rows = { businessCentral: await read('businessCentral'), sales: await read('sales') }
  return ({ businessCentral, sales }) => ({
    businessCentral: rows.businessCentral.get(businessCentral.id),
    sales: rows.sales.get(sales.id),
  })
}

interface Pairs {
  readonly real: Pair
  readonly retold: Pair
}

async function retoldCoupling(both: Both, coupling: Coupling, pairs: Pairs): Promise<Coupling> {
  const { fields } = both.real.compiled
  const rows = (side: Side): RowIn => ({ real: pairs.real[side]?.row, retold: pairs.retold[side]?.row })
  const { layout, base, lines } = coupling
  return {
    ...coupling,
    base: await retoldBase(both, { layout, base, fields, rows }),
    ...(lines !== undefined && { lines: await retoldLines(both, lines, pairs) }),
  }
}

/** A row as it is and in other words; undefined where it is gone. */
interface RowIn {
  readonly real: Row | undefined
  readonly retold: Row | undefined
}

interface Agreement {
  readonly layout: string
  readonly base: string
  readonly fields: readonly CompiledField[]
  readonly rows: (side: Side) => RowIn
}

/** The base in other words; a field row that the mapping does not have any more stays apart from everything. */
async function retoldBase(both: Both, { layout, base, fields, rows }: Agreement): Promise<string> {
  const order = both.real.state.layout(layout)
  if (order === undefined) return ''
  const told = new Map<string, Prints>()
  for (const [rowId, prints] of unpackBase(base, order)) {
    const field = fields.find((one) => one.rowId === rowId)
    const now = field && {
      businessCentral: await saidNow(both, field, 'businessCentral', rows('businessCentral')),
      sales: await saidNow(both, field, 'sales', rows('sales')),
    }
    const retold = (side: Side): string | undefined => {
      const print = prints[side]
      if (print === undefined || print === printOfNothing) return print
      const same = [now?.[side], now?.[otherSide(side)]].find((said) => said?.real === print)
      return same?.retold ?? shortHash(print)
    }
    told.set(rowId, { businessCentral: retold('businessCentral'), sales: retold('sales') })
  }
  return packBase(told, order)
}

const printOfNothing = '-'

/** The fingerprints of what a side says in a field now; undefined where it says nothing. */
async function saidNow(
  { real, retold }: Both,
  field: CompiledField,
  side: Side,
  row: RowIn,
): Promise<{ readonly real: string; readonly retold: string } | undefined> {
  const before = await printed(real.deciding, field, side, row.real)
  const after = await printed(retold.deciding, field, side, row.retold)
  return before === undefined || after === undefined ? undefined : { real: before, retold: after }
}

/** Undefined where there is no row, or the expression fails on it: then a run holds the record, whatever its base is. */
async function printed(
  deciding: Deciding,
  field: CompiledField,
  side: Side,
  row: Row | undefined,
): Promise<string | undefined> {
  return row === undefined ? undefined : orNothing(() => printOf(deciding, field, side, row))
}

async function orNothing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ExpressionError) return undefined
    throw error
  }
}

async function retoldLines(both: Both, lines: CoupledLines, documents: Pairs): Promise<CoupledLines> {
  const fields = both.real.compiled.lines?.compiled.fields ?? []
  const real = await linesOf(both.real, documents.real)
  const retold = await linesOf(both.retold, documents.retold)
  const { layout, pairs } = lines
  const told: CoupledLines['pairs'][number][] = []
  for (const [businessCentral, sales, base] of pairs) {
    const ids = { businessCentral, sales }
    const rows = (side: Side): RowIn => ({ real: real[side].get(ids[side]), retold: retold[side].get(ids[side]) })
    told.push([businessCentral, sales, await retoldBase(both, { layout, base, fields, rows })])
  }
  return { ...lines, pairs: told }
}

/** The lines of both documents, by key. */
async function linesOf(session: Session, pair: Pair): Promise<BySide<ReadonlyMap<string, Row>>> {
  const { lines } = session.compiled
  const { bindings } = session.deciding
  const read = async (side: Side): Promise<ReadonlyMap<string, Row>> => {
    const document = pair[side]
    if (document === undefined || lines === undefined) return new Map()
    const rows = await orNothing(() => lineRows(lines, side, document, bindings))
    return new Map(rows?.map(({ id, row }) => [id, row]))
  }
  return { businessCentral: await read('businessCentral'), sales: await read('sales') }
}
