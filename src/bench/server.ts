/** The simulated services in a process of their own: the same for our sync and for the bare loop. */
import { businessCentral } from '../simulator/business-central.ts'
import { dataverse } from '../simulator/dataverse.ts'
import { seed } from '../simulator/seed.ts'
import { startSimulator } from '../simulator/simulator.ts'

const customers = Number(process.argv[2] ?? 1000)
const latencyMs = Number(process.argv[3] ?? 0)
const seeded = seed({ company: 'empty', overlap: 0, sizes: { customers } })
const simulator = await startSimulator({
  sales: dataverse({ baseCurrency: seeded.baseCurrency, choices: seeded.choices }),
  businessCentral: businessCentral({ company: seeded.company, rows: seeded.businessCentral }),
  latencyMs,
})
for (const [set, rows] of seeded.sales) simulator.sales.service.load(set, rows)

process.on('message', (message: { readonly edit?: number; readonly stop?: boolean; readonly cost?: boolean }) => {
  if (message.edit !== undefined) editSome(message.edit)
  if (message.cost === true) process.send?.(process.cpuUsage())
  if (message.stop === true) void simulator.stop().then(() => process.exit(0))
})
process.send?.({
  businessCentral: simulator.businessCentral.url,
  sales: simulator.sales.url,
  authority: simulator.authority,
  company: seeded.company,
})

/** People edit so many customers. */
function editSome(count: number): void {
  const rows = simulator.businessCentral.rows('customers')
  for (let index = 0; index < count; index++) {
    const row = rows[Math.floor((index * rows.length) / count)]
    if (row !== undefined)
      simulator.businessCentral.edit('customers', String(row['id']), { phoneNumber: `0${Date.now() % 1e9}${index}` })
  }
  process.send?.({ edited: count })
}
