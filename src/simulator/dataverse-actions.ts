/** Actions: several rows at once, closing documents, adding options to choices. */

import { locate, resolveReference } from './dataverse-address.ts'
import { badPayload, DataverseError, refused } from './dataverse-error.ts'
import type { Body, Writer } from './dataverse-body.ts'
import type { Organization } from './dataverse-organization.ts'
import type { Column, TableSchema } from './dataverse-schema.ts'
import { importSolution } from './dataverse-solutions.ts'
import { createRow, existing, updateRow, upsertRow } from './dataverse-write.ts'

/** What an action gives back; undefined = 204. */
export type ActionResult = Record<string, unknown> | undefined

/** Tables that have no CreateMultiple, UpdateMultiple and UpsertMultiple by the reference. */
const WITHOUT_MULTIPLE: ReadonlySet<string> = new Set(['uom', 'productpricelevel', 'transactioncurrency'])

/** An action bound to a collection: `accounts/Microsoft.Dynamics.CRM.CreateMultiple`. */
export function collectionAction(writer: Writer, schema: TableSchema, name: string, body: Body): ActionResult {
  if (name === 'FulfillSalesOrder') return closeOrder(writer, body, 3)
  if (name === 'DeleteMultiple') throw refused('DeleteMultiple has not yet been implemented.', '0x80040265')
  const multiple = MULTIPLE[name]
  if (multiple === undefined || WITHOUT_MULTIPLE.has(schema.logical)) throw noAction(name)
  const targets = body['Targets']
  if (!Array.isArray(targets)) throw badPayload(schema.set, 'Targets is missing.')
  for (const target of targets as Body[]) {
    if (target['@odata.type'] !== `Microsoft.Dynamics.CRM.${schema.logical}`) {
      throw badPayload(schema.set, `'@odata.type' of a target is missing or is not ${schema.logical}.`)
    }
  }
  return multiple(writer, schema, targets as Body[])
}

/** An action that stands alone: `WinOpportunity`. */
export function freeAction(writer: Writer, name: string, body: Body): ActionResult {
  const action = ACTIONS[name]
  if (action === undefined) throw noAction(name)
  return action(writer, body)
}

/** An action bound to one row: `products(…)/Microsoft.Dynamics.CRM.PublishProductHierarchy`. */
export function rowAction(writer: Writer, schema: TableSchema, id: string, name: string): ActionResult {
  if (name !== 'PublishProductHierarchy' || schema.logical !== 'product') throw noAction(name)
  updateRow(writer, schema, existing(writer.organization, schema, id), { statecode: 0, statuscode: 1 })
  return undefined
}

function noAction(name: string): DataverseError {
  return new DataverseError(404, '0x80060888', `Resource not found for the segment '${name}'.`)
}

type Multiple = (writer: Writer, schema: TableSchema, targets: readonly Body[]) => ActionResult

const MULTIPLE: Readonly<Record<string, Multiple>> = {
  CreateMultiple: (writer, schema, targets) => ({
    Ids: targets.map((target) => createRow(writer, schema, target).key),
  }),
  UpdateMultiple: (writer, schema, targets) => {
    for (const target of targets) {
      updateRow(writer, schema, existing(writer.organization, schema, idOf(schema, target)), target)
    }
    return undefined
  },
  UpsertMultiple: (writer, schema, targets) => {
    for (const target of targets) {
      const address = target['@odata.id'] as string | undefined
      const key =
        address === undefined ? idOf(schema, target) : (/\((?<key>.*)\)$/su.exec(address)?.groups?.['key'] ?? '')
      upsertRow(writer, locate(writer.organization, schema, key), target)
    }
    return undefined
  },
}

function idOf(schema: TableSchema, target: Body): string {
  const id = target[schema.id]
  if (typeof id !== 'string') throw badPayload(schema.set, `${schema.id} of a target is missing.`)
  return id
}

const ACTIONS: Readonly<Record<string, (writer: Writer, body: Body) => ActionResult>> = {
  ImportSolutionAsync: importSolution,
  WinOpportunity: (writer, body) => closeOpportunity(writer, body, 1),
  LoseOpportunity: (writer, body) => closeOpportunity(writer, body, 2),
  CancelSalesOrder: (writer, body) => closeOrder(writer, body, 2),
  LockSalesOrderPricing: (writer, body) => lockPricing(writer, 'salesorder', body['SalesOrderId'], true),
  UnlockSalesOrderPricing: (writer, body) => lockPricing(writer, 'salesorder', body['SalesOrderId'], false),
  LockInvoicePricing: (writer, body) => lockPricing(writer, 'invoice', body['InvoiceId'], true),
  UnlockInvoicePricing: (writer, body) => lockPricing(writer, 'invoice', body['InvoiceId'], false),
  InsertOptionValue: ({ organization }, body) => ({ NewOptionValue: insertOption(organization, body) }),
  UpdateOptionValue: ({ organization }, body) =>
    changeOption(organization, body, (options, value) => {
      options[value] = labelOf(body)
    }),
  DeleteOptionValue: ({ organization }, body) =>
    changeOption(organization, body, (options, value) => {
      delete options[value]
    }),
  PublishXml: ({ organization }, body) => {
    const named = (body['ParameterXml'] as string).matchAll(/<entity>(?<name>[^<]+)<\/entity>/gu)
    return publish(
      organization,
      [...named].map(({ groups }) => groups?.['name'] ?? ''),
    )
  },
  PublishAllXml: ({ organization }) => publish(organization, [...organization.schema.tables.keys()]),
}

function closeOpportunity(writer: Writer, body: Body, statecode: number): ActionResult {
  return close(writer, body['OpportunityClose'] as Body, 'opportunityid', { statecode, statuscode: body['Status'] })
}

function closeOrder(writer: Writer, body: Body, statecode: number): ActionResult {
  return close(writer, body['OrderClose'] as Body, 'salesorderid', { statecode, statuscode: body['Status'] })
}

/** Closing writes a state; `-1` stands for the state's first status. */
function close(writer: Writer, activity: Body | undefined, column: string, state: Body): ActionResult {
  const address = activity?.[`${column}@odata.bind`]
  if (typeof address !== 'string') throw refused(`${column}@odata.bind is missing.`)
  const { table, entry } = resolveReference(writer.organization, address, writer.contentIds)
  const schema = writer.organization.describe(table)
  const changes = state['statuscode'] === -1 ? { statecode: state['statecode'] } : state
  updateRow(writer, schema, entry, changes)
  return undefined
}

function lockPricing(writer: Writer, table: string, id: unknown, locked: boolean): ActionResult {
  const { key } = writer.organization.row(table, id as string)
  writer.organization.table(table).update(key, { ispricelocked: locked })
  return undefined
}

/** Option values of the publisher's own range begin here. */
const FIRST_OWN_OPTION = 100_000_000

function insertOption(organization: Organization, body: Body): number {
  const { pending, options } = choice(organization, body)
  const own = Object.keys(options).map(Number)
  const value = (body['Value'] as number | undefined) ?? Math.max(FIRST_OWN_OPTION - 1, ...own) + 1
  if (String(value) in options) {
    throw new DataverseError(400, '0x80048403', `An option with the value ${value} already exists.`)
  }
  pending.set({ ...options, [String(value)]: labelOf(body) })
  return value
}

function changeOption(
  organization: Organization,
  body: Body,
  change: (options: Record<string, string>, value: string) => void,
): undefined {
  const { pending, options } = choice(organization, body)
  const value = `${body['Value'] as number}`
  if (!(value in options)) throw new DataverseError(400, '0x80048403', `There is no option with the value ${value}.`)
  const changed = { ...options }
  change(changed, value)
  pending.set(changed)
  return undefined
}

function labelOf(body: Body): string {
  const text = body['Label'] as { LocalizedLabels?: { Label?: string }[] } | undefined
  const found = text?.LocalizedLabels?.[0]?.Label
  if (found === undefined) throw refused('Label is missing.')
  return found
}

/** Options that are changed but not published, by organisation and column. */
const unpublished = new WeakMap<Organization, Map<Column, { table: string; options: Record<string, string> }>>()

function choice(organization: Organization, body: Body) {
  const table = body['EntityLogicalName'] as string
  const column = organization.describe(table).columns[body['AttributeLogicalName'] as string]
  if (column?.options === undefined) throw refused(`${table} has no such choice column.`, '0x80060888')
  const waiting = unpublished.get(organization) ?? new Map<Column, { table: string; options: Record<string, string> }>()
  unpublished.set(organization, waiting)
  return {
    options: waiting.get(column)?.options ?? column.options,
    pending: {
      set: (options: Record<string, string>) => {
        const before = waiting.get(column)
        const change = (): void => void waiting.set(column, { table, options })
        organization.world.onUndo(
          () => (before === undefined ? waiting.delete(column) : waiting.set(column, before)),
          change,
        )
        change()
      },
    },
  }
}

/** Makes changed options real. Change tokens of the table are worth nothing from then on. */
function publish(organization: Organization, tables: readonly string[]): undefined {
  const waiting = unpublished.get(organization)
  for (const [column, { table, options }] of waiting ?? []) {
    if (!tables.includes(table)) continue
    const before = column.options
    const change = (): void => {
      column.options = options
      waiting?.delete(column)
    }
    organization.world.onUndo(() => {
      if (before !== undefined) column.options = before
      waiting?.set(column, { table, options })
    }, change)
    change()
    organization.metadataChanged.set(table, organization.world.nextVersion())
  }
  return undefined
}
