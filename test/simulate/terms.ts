/**
 * Customers with their payment terms, by the mappings of the standard set: a code of Business Central is an option of a
 * choice column in Sales, people rename either and delete codes, and customers of both sides refer to it.
 */
import type { BySide, Config, Mapping, Side } from '../../src/config/config.ts'
import type { Row } from '../../src/simulator/table.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { only, standardSet } from '../engine/standard-set.ts'
import { type Stage, idOf, stage, theKey } from '../engine/stage.ts'
import type { Picture } from './ledger.ts'
import { type OpenScene, perPolicies, stampOf, textOf, unlimited } from './scene.ts'
import type { Deed, Story } from './story.ts'

const mapping = 'payment-terms'
const column = 'paymenttermscode'
/** The rows of the standard mappings that are played with. */
const kept: Readonly<Record<string, readonly string[]>> = {
  [mapping]: ['code', 'mirrored'],
  'customer-account': ['name', 'phone', 'paymentTerms'],
}

export const openTerms: OpenScene = async (t, options) => {
  const config = await lean(t)
  const configFor = perPolicies((story) => ({
    ...config,
    mappings: config.mappings.map((one) => withPolicies(one, story)),
  }))
  const on = await stage(t, { ...options, sales: { baseSolution: false } })
  // What a service makes of itself at the first record is no part of any story, and stays.
  on.simulator.sales.delete('accounts', idOf(on.account({ name: 'the first that a person makes' })))
  for (const row of on.simulator.businessCentral.rows('paymentTerms'))
    on.simulator.businessCentral.delete('paymentTerms', idOf(row))
  const known = new Names(on)
  return {
    on,
    kinds: [{ mapping: 'customer-account', records: (side) => (side === 'sales' ? on.accounts() : on.customers()) }],
    references: new Set(['terms']),
    fieldsOf: { paymentTerms: 'terms' },
    most: { calm: 7, any: 60 },
    run: (story, more) => on.run(configFor(story), more),
    freshStore: async () => openMemoryStore(theKey),
    begin: (story) => {
      known.forget()
      for (let n = 0; n < story.records; n++) {
        const { id } = known.create(`b${n}`)
        on.customer({ number: `C${n}`, displayName: `Customer C${n}`, phoneNumber: 'p0', paymentTermsId: id })
      }
    },
    act: (deed) => act(known, deed),
    picture: (side) => [...customersIn(known, side), ...known.in(side)],
    wrongs: () => known.wrongs(),
  }
}

async function lean(t: Parameters<OpenScene>[0]): Promise<Config> {
  const config = only(await standardSet(t), ...Object.keys(kept))
  const mappings = config.mappings.map((one): Mapping => ({
    ...one,
    fields: one.fields.filter(({ name }) => kept[one.name]?.includes(name)),
    businessCentral: { ...one.businessCentral, with: [] },
    limits: unlimited,
    ...(one.name === mapping && { allowMetadataChanges: true }),
  }))
  return { ...config, mappings }
}

const withPolicies = (one: Mapping, { conflicts, deletes }: Story): Mapping =>
  one.name === mapping ? one : { ...one, conflicts, deletes: { businessCentral: deletes, sales: deletes, sweepMs: 1 } }

/** What a code and an option were called first: who renames one side changes nothing of what belongs together. */
class Names {
  readonly on: Stage
  /** By id in Business Central, and by value in Sales. */
  readonly #names: BySide<Map<string, string>> = { businessCentral: new Map(), sales: new Map() }
  /** Everything a code was ever called: an option bears one of that when it is made. */
  readonly #codes = new Map<string, string>()
  /** Codes that people have deleted, by id. */
  readonly #deleted = new Map<string, string>()
  /** Labels that people gave. */
  readonly #labels = new Map<string, string>()
  readonly #ask: Stage['simulator']['sales']['service']['handle']

  constructor(on: Stage) {
    this.on = on
    const { service } = on.simulator.sales
    this.#ask = service.handle.bind(service)
  }

  forget(): void {
    const { businessCentral, sales } = this.#names
    for (const names of [businessCentral, sales, this.#codes, this.#labels, this.#deleted]) names.clear()
  }

  create(text: string): Row {
    const row = this.on.simulator.businessCentral.create('paymentTerms', { code: codeOf(text), displayName: text })
    this.#names.businessCentral.set(idOf(row), text)
    this.#codes.set(codeOf(text), text)
    return row
  }

  rename(side: Side, which: number, text: string): void {
    const name = this.nth(which)
    const id = name === undefined ? undefined : this.idOf(side, name)
    if (name === undefined || id === undefined) return
    if (side === 'businessCentral') {
      this.on.simulator.businessCentral.edit('paymentTerms', id, { code: codeOf(text) })
      this.#codes.set(codeOf(text), name)
    } else {
      const label = { LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] }
      const option = { EntityLogicalName: 'account', AttributeLogicalName: column, Value: Number(id), Label: label }
      this.#say('UpdateOptionValue', { ...option, MergeLabels: true })
      this.#say('PublishXml', {
        ParameterXml: '<importexportxml><entities><entity>account</entity></entities></importexportxml>',
      })
      this.#labels.set(name, text)
    }
  }

  /** A code that no customer has; an emptied table stops every run on purpose. */
  delete(which: number): void {
    const name = this.nth(which)
    const id = name === undefined ? undefined : this.idOf('businessCentral', name)
    const { size } = this.#names.businessCentral
    if (name === undefined || id === undefined || size < 3) return
    if (this.on.customers().some((row) => row['paymentTermsId'] === id)) return
    this.on.simulator.businessCentral.delete('paymentTerms', id)
    this.#names.businessCentral.delete(id)
    this.#deleted.set(id, name)
  }

  nth(n: number): string | undefined {
    const names = [...this.#names.businessCentral.values()]
    return names[n % Math.max(1, names.length)]
  }

  /** Its code's id or its option's value; undefined where there is none. */
  idOf(side: Side, name: string): string | undefined {
    if (side === 'sales') this.#options()
    return [...this.#names[side]].find(([, known]) => known === name)?.[0]
  }

  nameOf(side: Side, id: unknown): string {
    if (side === 'sales') this.#options()
    return this.#names[side].get(textOf(id)) ?? ''
  }

  in(side: Side): Picture {
    const ids = side === 'sales' ? [...this.#options().keys()] : [...this.#names.businessCentral.keys()]
    return ids.flatMap((id) => {
      const name = this.#names[side].get(id)
      return name === undefined ? [] : [{ name, id, modified: '', version: 0, cells: {} }]
    })
  }

  wrongs(): readonly string[] {
    const options = this.#options()
    const held = new Set(this.on.held(mapping).map(({ id }) => id))
    return [...this.#called(options, held), ...this.#left(options, held)]
  }

  /** An option is called as its code is, or as people have called it. */
  #called(options: ReadonlyMap<string, string>, held: ReadonlySet<string>): readonly string[] {
    return this.on.simulator.businessCentral.rows('paymentTerms').flatMap((row) => {
      const name = this.nameOf('businessCentral', row['id'])
      const label = options.get(this.idOf('sales', name) ?? '')
      return held.has(idOf(row)) || label === row['code'] || label === this.#labels.get(name)
        ? []
        : [`P3: the option of ${name} is called ${label ?? 'nothing'} instead of ${textOf(row['code'])}`]
    })
  }

  /** What becomes of the option of a deleted code is asked; records may have it. */
  #left(options: ReadonlyMap<string, string>, held: ReadonlySet<string>): readonly string[] {
    return this.on.couplings(mapping).flatMap(({ businessCentral: { id }, sales }) => {
      const name = this.#deleted.get(id)
      if (name === undefined) return []
      return [
        ...(options.has(sales.id) ? [] : [`P2: the option of ${name} is gone with its code, and nobody said so`]),
        ...(held.has(id) ? [] : [`P3: the code of ${name} is gone, and its option does not wait`]),
      ]
    })
  }

  /** The labels of all options; new ones get the name of their code. */
  #options(): ReadonlyMap<string, string> {
    const path = `/api/data/v9.2/EntityDefinitions(LogicalName='account')/Attributes(LogicalName='${column}')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata`
    const { OptionSet } = JSON.parse(this.#send('GET', path, '$select=LogicalName&$expand=OptionSet($select=Options)'))
    const labels = new Map<string, string>()
    for (const { Value, Label } of OptionSet.Options) {
      const [value, label] = [String(Value), String(Label.UserLocalizedLabel.Label)]
      labels.set(value, label)
      const name = this.#codes.get(label)
      if (name !== undefined && !this.#names.sales.has(value)) this.#names.sales.set(value, name)
    }
    return labels
  }

  #say(action: string, body: unknown): void {
    this.#send('POST', `/api/data/v9.2/${action}`, '', JSON.stringify(body))
  }

  #send(method: string, path: string, query: string, body = ''): string {
    const headers = { 'content-type': 'application/json' }
    const request = { method, path, query, headers, body, origin: 'http://127.0.0.1', caller: 'a person' }
    const answer = this.#ask(request, { part: () => undefined })
    if (answer.status >= 400) throw new Error(`${path}: ${answer.body ?? ''}`)
    return answer.body ?? ''
  }
}

/** Codes are written in capitals. */
const codeOf = (text: string): string => text.toUpperCase()

const columns: BySide<Readonly<Record<'name' | 'phone' | 'terms', string>>> = {
  businessCentral: { name: 'displayName', phone: 'phoneNumber', terms: 'paymentTermsId' },
  sales: { name: 'name', phone: 'telephone1', terms: column },
}

const customersIn = (known: Names, side: Side): Picture =>
  rowsOf(known, side).map((row) => ({
    name: textOf(row[columns[side].name]),
    id: idOf(row),
    ...stampOf(known.on, { side, set: side === 'sales' ? 'accounts' : 'customers' }, row),
    cells: {
      phone: textOf(row[columns[side].phone]),
      terms: known.nameOf(side, row[columns[side].terms]),
    },
  }))

const rowsOf = ({ on }: Names, side: Side): readonly Row[] => (side === 'sales' ? on.accounts() : on.customers())

function act(known: Names, deed: Deed): void {
  if (deed.of === 'terms') actOnTerms(known, deed)
  else if (deed.kind === 'create') createCustomer(known, deed)
  else {
    const rows = rowsOf(known, deed.side)
    const row = rows[deed.which % Math.max(1, rows.length)]
    // An emptied side stops every run on purpose, until a person says that it is right.
    if (row === undefined || (deed.kind === 'delete' && rows.length < 3)) return
    actOnCustomer(known, deed, idOf(row))
  }
}

function actOnTerms(known: Names, deed: Deed): void {
  if (deed.kind === 'create') known.create(deed.text)
  else if (deed.kind === 'edit') known.rename(deed.side, deed.which, deed.text)
  else known.delete(deed.which)
}

function createCustomer({ on }: Names, { side, text }: Extract<Deed, { kind: 'create' }>): void {
  if (side === 'businessCentral') on.customer({ displayName: text, phoneNumber: text })
  else on.account({ name: text, telephone1: text })
}

function actOnCustomer(known: Names, deed: Exclude<Deed, { kind: 'create' }>, customer: string): void {
  const { side } = deed
  const hand = known.on.simulator[side]
  const set = side === 'sales' ? 'accounts' : 'customers'
  if (deed.kind === 'delete') return hand.delete(set, customer)
  const { phone, terms } = columns[side]
  if (deed.field === 'phone') return void hand.edit(set, customer, { [phone]: deed.text })
  const id = known.idOf(side, known.nth(Number(deed.text)) ?? '')
  // An option that is not there cannot be chosen.
  if (id !== undefined) hand.edit(set, customer, { [terms]: side === 'sales' ? Number(id) : id })
}
