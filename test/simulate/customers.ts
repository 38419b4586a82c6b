/** Customers and accounts: made, edited and deleted on both sides. */
import type { BySide, Side } from '../../src/config/config.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { configOf, customerAccount } from '../engine/project.ts'
import { idOf, stage, theKey } from '../engine/stage.ts'
import type { Picture } from './ledger.ts'
import { type OpenScene, type Scene, perPolicies, recordId, stampOf, textOf } from './scene.ts'

/** What people edit, by the columns of each side. */
const columns: BySide<Readonly<Record<string, string>>> = {
  businessCentral: { phone: 'phoneNumber', city: 'city', email: 'email' },
  sales: { phone: 'telephone1', city: 'address1_city', email: 'emailaddress1' },
}
const names: BySide<string> = { businessCentral: 'displayName', sales: 'name' }
const sets: BySide<string> = { businessCentral: 'customers', sales: 'accounts' }

const configFor = perPolicies(({ conflicts, deletes }) =>
  configOf([
    customerAccount({
      createOn: { businessCentral: true, sales: true },
      conflicts,
      deletes: { businessCentral: deletes, sales: deletes, sweepMs: 1 },
    }),
  ]),
)

export const openCustomers: OpenScene = async (t, options) => {
  const on = await stage(t, options)
  const records: Scene['kinds'][number]['records'] = (side) =>
    side === 'businessCentral' ? on.customers() : on.accounts()
  // What a service makes of itself at the first record is no part of any story, and stays.
  on.simulator.sales.delete('accounts', idOf(on.account({ name: 'the first that a person makes' })))
  return {
    on,
    kinds: [{ mapping: 'customer-account', records }],
    references: new Set(),
    most: { calm: 4, any: 40 },
    run: (story, more) => on.run(configFor(story), more),
    freshStore: async () => openMemoryStore(theKey),
    begin: (story) => {
      for (let n = 0; n < story.records; n++)
        on.customer({ id: recordId(1, n), number: `C${n}`, phoneNumber: 'p0', city: 'c0', email: 'e0' })
    },
    act: (deed) => {
      const { side } = deed
      const hand = on.simulator[side]
      if (deed.kind === 'create') {
        const { text } = deed
        if (side === 'businessCentral') on.customer({ displayName: text, phoneNumber: text })
        else on.account({ name: text, telephone1: text })
        return
      }
      const rows = records(side)
      const row = rows[deed.which % Math.max(1, rows.length)]
      // An emptied side stops every run on purpose, until a person says that it is right.
      if (row === undefined || (deed.kind === 'delete' && rows.length < 3)) return
      if (deed.kind === 'delete') hand.delete(sets[side], idOf(row))
      else hand.edit(sets[side], idOf(row), { [columns[side][deed.field] ?? '']: deed.text })
    },
    picture: (side: Side): Picture =>
      records(side).map((row) => ({
        name: textOf(row[names[side]]),
        id: idOf(row),
        ...stampOf(on, { side, set: sets[side] }, row),
        cells: Object.fromEntries(Object.entries(columns[side]).map(([field, column]) => [field, textOf(row[column])])),
      })),
  }
}
