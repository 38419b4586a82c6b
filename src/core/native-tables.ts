/**
 * Tables of Business Central by the number under which the native integration keeps its couplings, with the native
 * mappings over each. Facts of the Base Application, version 29; see data/native.
 */

export interface NativeTable {
  /** English caption, with which an exported record id begins. */
  readonly caption: string
  readonly mappings: readonly string[]
}

/** By table number. */
export const nativeTables: Readonly<Record<number, NativeTable>> = {
  3: { caption: 'Payment Terms', mappings: ['PAYMENT TERMS'] },
  4: { caption: 'Currency', mappings: ['CURRENCY'] },
  6: { caption: 'Customer Price Group', mappings: ['CUSTPRCGRP-PRICE'] },
  10: { caption: 'Shipment Method', mappings: ['SHIPMENT METHOD'] },
  13: { caption: 'Salesperson/Purchaser', mappings: ['SALESPEOPLE'] },
  18: { caption: 'Customer', mappings: ['CUSTOMER'] },
  23: { caption: 'Vendor', mappings: ['VENDOR'] },
  27: { caption: 'Item', mappings: ['ITEM-PRODUCT'] },
  36: { caption: 'Sales Header', mappings: ['SALESORDER-ORDER'] },
  37: { caption: 'Sales Line', mappings: ['SOLINE-ORDERDETAIL'] },
  112: { caption: 'Sales Invoice Header', mappings: ['POSTEDSALESINV-INV'] },
  113: { caption: 'Sales Invoice Line', mappings: ['POSTEDSALESLINE-INV'] },
  156: { caption: 'Resource', mappings: ['RESOURCE-PRODUCT'] },
  204: { caption: 'Unit of Measure', mappings: ['UNIT OF MEASURE'] },
  205: { caption: 'Resource Unit of Measure', mappings: ['RESOURCE UOM'] },
  291: { caption: 'Shipping Agent', mappings: ['SHIPPING AGENT'] },
  5050: { caption: 'Contact', mappings: ['CONTACT'] },
  5092: { caption: 'Opportunity', mappings: ['OPPORTUNITY'] },
  5402: { caption: 'Unit Group', mappings: ['UNIT GROUP'] },
  5404: { caption: 'Item Unit of Measure', mappings: ['ITEM UOM'] },
  7000: { caption: 'Price List Header', mappings: ['PLHEADER-PRICE'] },
  7001: { caption: 'Price List Line', mappings: ['PLLINE-PRODPRICE'] },
  7002: { caption: 'Sales Price', mappings: ['SALESPRC-PRODPRICE'] },
}
