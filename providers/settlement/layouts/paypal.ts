import type { RowType } from '../../../domain/reconciliation/row.ts';
import type { SettlementLayout, TotalsCells, TypeName } from '../layout.ts';

const TOTALS: TotalsCells = { currency: 1, credit: 2, debit: 3, feeDebit: 4, feeCredit: 5, count: -1 };
/** Their own transaction is the payment; all others name the payment that they change as their reference. */
const PAYMENTS: readonly RowType[] = ['capture', 'unknown'];
const CHANGES: readonly RowType[] = [
  'refund',
  'refund_reversed',
  'chargeback',
  'chargeback_reversed',
  'second_chargeback',
  'reserve_held',
  'reserve_released',
  'exchange',
  'fee',
  'adjustment',
];

const HOLD: TypeName = { debit: 'reserve_held', credit: 'reserve_released' };
const DISPUTED: TypeName = { debit: 'chargeback', credit: 'chargeback_reversed' };

/**
 * PayPal's settlement report (STL): records by code, amounts in minor units beside a word for their direction,
 * and transactions told apart by event codes (T-codes), of which the first two digits are a family.
 */
export const paypalSettlement: SettlementLayout = {
  provider: 'paypal',
  delimiter: ',',
  records: {
    by: 'code',
    codes: {
      RH: { role: 'open', closedBy: ['RF', 'RC'] },
      FH: { role: 'open', closedBy: ['FF'] },
      SH: { role: 'section', closedBy: ['SF', 'SC'], accountCell: 3 },
      CH: { role: 'columns' },
      SB: { role: 'row' },
      SF: { role: 'totals', scope: 'section', cells: TOTALS },
      SC: { role: 'count', scope: 'section', cell: 1 },
      RF: { role: 'totals', scope: 'file', cells: TOTALS },
      RC: { role: 'count', scope: 'file', cell: 1 },
      FF: { role: 'end' },
    },
  },
  required: [
    'Transaction ID',
    'Invoice ID',
    'PayPal Reference ID',
    'Transaction Event Code',
    'Transaction Initiation Date',
    'Transaction Completion Date',
    'Transaction Debit or Credit',
    'Gross Transaction Amount',
    'Gross Transaction Currency',
    'Fee Debit or Credit',
    'Fee Amount',
    'Fee Currency',
  ],
  units: 'minor',
  moreDecimals: 'refuse',
  types: {
    column: 'Transaction Event Code',
    map: {
      T1106: DISPUTED,
      T1107: { debit: 'refund', credit: 'refund_reversed' },
      T1108: 'fee',
      T1109: 'fee',
      T1110: 'reserve_held',
      T1111: 'reserve_released',
      T1201: DISPUTED,
      T1202: 'chargeback_reversed',
      T1205: 'chargeback_reversed',
      T1207: 'second_chargeback',
      T1208: 'chargeback_reversed',
    },
    groups: {
      T00: { credit: 'capture', debit: 'adjustment' },
      T01: 'fee',
      T02: 'exchange',
      T03: 'adjustment',
      T04: { debit: 'payout', credit: 'payout_reversed' },
      T05: 'adjustment',
      T06: 'adjustment',
      T07: 'adjustment',
      T08: 'adjustment',
      T09: 'adjustment',
      T10: 'adjustment',
      T11: 'adjustment',
      T12: 'adjustment',
      T14: 'adjustment',
      T15: HOLD,
      T16: 'adjustment',
      T17: 'adjustment',
      T18: 'adjustment',
      T19: 'adjustment',
      T20: 'adjustment',
      T21: HOLD,
      T22: 'adjustment',
      T30: 'adjustment',
      T97: 'adjustment',
    },
  },
  currency: 'Gross Transaction Currency',
  gross: {
    column: 'Gross Transaction Amount',
    direction: { column: 'Transaction Debit or Credit', credit: 'CR', debit: 'DR' },
  },
  fees: {
    total: 'column',
    column: {
      column: 'Fee Amount',
      direction: { column: 'Fee Debit or Credit', credit: 'CR', debit: 'DR' },
    },
    kind: 'processing',
    kindByType: { chargeback: 'dispute', chargeback_reversed: 'dispute', second_chargeback: 'dispute' },
    currency: 'Fee Currency',
  },
  texts: {
    providerReference: [
      { column: 'Transaction ID', only: PAYMENTS },
      { column: 'PayPal Reference ID', only: CHANGES },
    ],
    alternativeReference: [{ column: 'PayPal Reference ID', only: PAYMENTS }],
    operationReference: [{ column: 'Transaction ID' }],
    merchantReference: [{ column: 'Invoice ID' }, { column: 'Custom Field' }],
    payoutReference: [
      { column: 'Bank Reference ID', only: ['payout', 'payout_reversed'] },
      { column: 'Transaction ID', only: ['payout', 'payout_reversed'] },
    ],
  },
  occurredAt: [
    { column: 'Transaction Initiation Date', zone: 'UTC' },
    { column: 'Transaction Completion Date', zone: 'UTC' },
  ],
  availableOn: [{ column: 'Transaction Completion Date', zone: 'UTC' }],
};
