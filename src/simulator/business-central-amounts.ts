/** What the lines of a sales document come to. Amounts are rounded to the places of the document's currency. */

import type { Company } from './business-central-company.ts'
import type { Fields } from './business-central-input.ts'
import { textOf } from './business-central-value.ts'
import type { Row } from './table.ts'

/** The amounts of a line. Prices of a document that includes VAT have it in them, and it is taken out. */
export function lineAmounts(company: Company, header: Row, line: Fields): Fields {
  const money = moneyOf(company, header)
  const gross = product(number(line, 'Quantity'), number(line, 'Unit Price'))
  const percent = line['Line Discount %']
  const discount =
    typeof percent === 'number' ? money(product(gross, percent) / 100) : number(line, 'Line Discount Amount')
  const own = taxed(money, header, line, gross - discount)
  return {
    ...line,
    'Line Discount Amount': discount,
    'Line Discount %': percent ?? (gross === 0 ? 0 : rounded((discount / gross) * 100, 5)),
    'Line Amount Excluding Tax': own.Amount,
    'Line Tax Amount': own['Tax Amount'],
    'Line Amount Including Tax': own['Amount Including VAT'],
    ...own,
  }
}

/**
 * The totals of a document with these lines, and what its invoice discount leaves of each. It is taken off what prices
 * are, with VAT or without; the last line takes what rounding left over.
 */
export function documentAmounts(
  company: Company,
  header: Row,
  lines: readonly Row[],
): { readonly totals: Fields; readonly ofLines: readonly Fields[] } {
  const money = moneyOf(company, header)
  const isWithTax = header['Prices Including VAT'] === true
  const before = isWithTax ? 'Line Amount Including Tax' : 'Line Amount Excluding Tax'
  const whole = lines.reduce((all, line) => all + number(line, before), 0)
  const last = lines.findLastIndex((line) => number(line, before) !== 0)
  let left = whole === 0 ? 0 : number(header, 'Invoice Discount Amount')
  const ofLines = lines.map((line, index) => {
    const share = number(header, 'Invoice Discount Amount') * (number(line, before) / (whole || 1))
    const part = index === last ? left : money(share)
    left = money(left - part)
    const own = taxed(money, header, line, number(line, before) - part)
    return { ...own, 'Inv. Discount Amount Excl. VAT': money(number(line, 'Line Amount Excluding Tax') - own.Amount) }
  })
  const sum = (field: string): number => money(ofLines.reduce((all, line: Fields) => all + number(line, field), 0))
  const totals = {
    Amount: sum('Amount'),
    'Total Tax Amount': sum('Tax Amount'),
    'Amount Including VAT': sum('Amount Including VAT'),
  }
  return { totals, ofLines }
}

/** An amount as the document has it, without VAT and with it. */
function taxed(money: (value: number) => number, header: Row, line: Row, amount: number) {
  const rate = number(line, 'VAT %') / 100
  const isWithTax = header['Prices Including VAT'] === true
  const net = money(isWithTax ? amount / (1 + rate) : amount)
  const whole = money(isWithTax ? amount : net + money(net * rate))
  return { Amount: net, 'Tax Amount': money(whole - net), 'Amount Including VAT': whole }
}

/** Rounds as the currency does: two places, or as many as it has. */
function moneyOf(company: Company, header: Row): (value: number) => number {
  const code = header['Currency Code']
  const currency = code === undefined || code === '' ? undefined : company.find('Currency', code)
  const [, most] = textOf(currency?.row['Amount Decimal Places']).split(':')
  const places = most === undefined ? 2 : Number(most)
  return (value) => rounded(value, places)
}

/** The nearest, halves away from zero. What a double cannot hold of a decimal is put right before. */
function rounded(value: number, places: number): number {
  const shifted = Number(`${Math.abs(value).toFixed(9)}e${places}`)
  return Math.sign(value) * Number(`${Math.round(shifted)}e-${places}`) || 0
}

const product = (a: number, b: number): number => Number((a * b).toPrecision(15))

/** A field of a row as a number; 0 where it has none. */
function number(row: Row, field: string): number {
  const value = row[field]
  return typeof value === 'number' ? value : 0
}
