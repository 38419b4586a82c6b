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
  const amount = money(gross - discount)
  const rate = number(line, 'VAT %') / 100
  const isWithTax = header['Prices Including VAT'] === true
  const net = isWithTax ? money(amount / (1 + rate)) : amount
  const whole = isWithTax ? amount : money(net + money(net * rate))
  const tax = money(whole - net)
  return {
    ...line,
    'Line Discount Amount': discount,
    'Line Discount %': percent ?? (gross === 0 ? 0 : rounded((discount / gross) * 100, 5)),
    'Line Amount Excluding Tax': net,
    'Line Tax Amount': tax,
    'Line Amount Including Tax': whole,
    Amount: net,
    'Tax Amount': tax,
    'Amount Including VAT': whole,
  }
}

/** The totals of a document with these lines. Its invoice discount lowers what its prices are: with VAT, or without. */
export function documentAmounts(company: Company, header: Row, lines: readonly Row[]): Fields {
  const money = moneyOf(company, header)
  const sum = (field: string): number => money(lines.reduce((all, line) => all + number(line, field), 0))
  const isWithTax = header['Prices Including VAT'] === true
  const before = sum(isWithTax ? 'Amount Including VAT' : 'Amount')
  const after = money(before - number(header, 'Invoice Discount Amount'))
  const share = before === 0 ? 0 : after / before
  const net = isWithTax ? money(sum('Amount') * share) : after
  const whole = isWithTax ? after : money(net + money(sum('Tax Amount') * share))
  return { Amount: net, 'Total Tax Amount': money(whole - net), 'Amount Including VAT': whole }
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
