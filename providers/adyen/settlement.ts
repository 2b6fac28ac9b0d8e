import type { RowType } from '../../domain/reconciliation/row.ts';
import type { SettlementLayout } from '../settlement/layout.ts';

const OF_PAYMENTS: readonly RowType[] = [
  'capture',
  'refund',
  'refund_reversed',
  'chargeback',
  'chargeback_reversed',
  'second_chargeback',
  'unknown',
];
const OF_ACCOUNTS: readonly RowType[] = ['fee', 'adjustment', 'reserve_held', 'reserve_released', 'unknown'];
const PAYOUTS: readonly RowType[] = ['payout', 'payout_reversed'];

/**
 * Adyen's settlement details report, in major units. Every batch ends with its payout, whose modification
 * reference carries what the bank statement shows too: `TX3488899933XT batch 3, ...`.
 */
export const adyenSettlement: SettlementLayout = {
  provider: 'adyen',
  delimiter: ',',
  records: { by: 'header' },
  required: [
    'Merchant Account',
    'Psp Reference',
    'Merchant Reference',
    'Creation Date',
    'TimeZone',
    'Type',
    'Modification Reference',
    'Gross Currency',
    'Gross Debit (GC)',
    'Gross Credit (GC)',
    'Net Currency',
    'Net Debit (NC)',
    'Net Credit (NC)',
    'Commission (NC)',
    'Markup (NC)',
    'Scheme Fees (NC)',
    'Interchange (NC)',
    'Batch Number',
  ],
  units: 'major',
  moreDecimals: 'refuse',
  types: {
    column: 'Type',
    map: {
      Settled: 'capture',
      SettledBulk: 'capture',
      SettledReversed: 'adjustment',
      Refunded: 'refund',
      RefundedBulk: 'refund',
      RefundedReversed: 'refund_reversed',
      Chargeback: 'chargeback',
      ChargebackReversed: 'chargeback_reversed',
      SecondChargeback: 'second_chargeback',
      Fee: 'fee',
      MiscCosts: 'fee',
      InvoiceDeduction: 'fee',
      PaymentCost: 'fee',
      DepositCorrection: { debit: 'reserve_held', credit: 'reserve_released' },
      // What a batch leaves for the next one, or takes over from the last.
      Balancetransfer: 'adjustment',
      ManualCorrected: 'adjustment',
      // Paid to a shopper, not to the merchant's bank.
      PaidOut: 'adjustment',
      PaidOutReversed: 'adjustment',
      MerchantPayout: { debit: 'payout', credit: 'payout_reversed' },
    },
  },
  currency: 'Gross Currency',
  settlementCurrency: 'Net Currency',
  gross: { debit: 'Gross Debit (GC)', credit: 'Gross Credit (GC)' },
  net: { debit: 'Net Debit (NC)', credit: 'Net Credit (NC)' },
  fees: {
    total: 'parts',
    parts: [
      { kind: 'processing', column: 'Commission (NC)' },
      { kind: 'markup', column: 'Markup (NC)' },
      { kind: 'scheme', column: 'Scheme Fees (NC)' },
      { kind: 'interchange', column: 'Interchange (NC)' },
    ],
  },
  texts: {
    providerReference: [{ column: 'Psp Reference' }],
    operationReference: [{ column: 'Modification Reference', only: OF_PAYMENTS }],
    merchantReference: [
      { column: 'Modification Merchant Reference', only: ['refund', 'refund_reversed'] },
      { column: 'Merchant Reference' },
    ],
    payoutReference: [
      { column: 'Modification Reference', only: PAYOUTS, pattern: '\\b(TX[0-9A-Za-z]+)\\b' },
      { column: 'Modification Reference', only: PAYOUTS },
    ],
    batch: [
      { column: 'Batch Number' },
      { column: 'Modification Reference', only: PAYOUTS, pattern: '\\bbatch (\\d+)' },
    ],
    merchantAccount: [{ column: 'Merchant Account' }],
    description: [{ column: 'Modification Reference', only: [...OF_ACCOUNTS, ...PAYOUTS] }],
  },
  occurredAt: [{ column: 'Creation Date', zoneColumn: 'TimeZone', zone: 'UTC' }],
  exchangeRate: 'Exchange Rate',
  balance: { by: 'batch', payoutLine: 'always' },
};
