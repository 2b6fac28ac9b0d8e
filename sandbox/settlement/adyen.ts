// Adyen's side of a settlement: the settlement detail report, and what Adyen can do to a payment.
import { fromMinor } from '../adyen/currencies.ts';
import { lateSuccess } from '../adyen/late.ts';
import { failAfterwards, receiveModification, settleModification } from '../adyen/modifications.ts';
import { notify } from '../adyen/notifications.ts';
import { modifications, type PaymentRow, payments } from '../adyen/objects.ts';
import { type AdyenContext, captureAll } from '../adyen/payments.ts';
import { object, string } from '../adyen/request.ts';
import { digits, pspReference } from '../ids.ts';
import type { Kernel, Transaction } from '../kernel.ts';
import { reportName } from './adyen-reports.ts';
import { adyenFees } from './fees.ts';
import { type EffectLine, type Line, type LineKind, netOf } from './lines.ts';
import { major, rateText } from './money.ts';
import type { Acts, AskedCharge, FileFacts, Layout, Payout, Settler } from './settler.ts';

const COMPANY = 'SandboxCompany';
const TIME_ZONE = 'Europe/Amsterdam';

const COLUMNS = [
  ...['Company Account', 'Merchant Account', 'Psp Reference', 'Merchant Reference', 'Payment Method'],
  ...['Creation Date', 'TimeZone', 'Type', 'Modification Reference', 'Gross Currency', 'Gross Debit (GC)'],
  ...['Gross Credit (GC)', 'Exchange Rate', 'Net Currency', 'Net Debit (NC)', 'Net Credit (NC)'],
  ...['Commission (NC)', 'Markup (NC)', 'Scheme Fees (NC)', 'Interchange (NC)', 'Payment Method Variant'],
  ...['Modification Merchant Reference', 'Batch Number', 'Reserved4', 'Reserved5', 'Reserved6', 'Reserved7'],
  ...['Reserved8', 'Reserved9', 'Reserved10'],
];

const TYPES: Readonly<Record<LineKind, string>> = {
  capture: 'Settled',
  capture_reversed: 'SettledReversed',
  refund: 'Refunded',
  refund_reversed: 'RefundedReversed',
  chargeback: 'Chargeback',
  chargeback_reversed: 'ChargebackReversed',
  second_chargeback: 'SecondChargeback',
  fee: 'Fee',
  reserve: 'DepositCorrection',
  // In none of Adyen's lists.
  unmapped: 'TerminalSurcharge',
  payout: 'MerchantPayout',
};

const clock = new Intl.DateTimeFormat('sv-SE', {
  timeZone: TIME_ZONE,
  dateStyle: 'short',
  timeStyle: 'medium',
});
const zone = new Intl.DateTimeFormat('en-US', { timeZone: TIME_ZONE, timeZoneName: 'longOffset' });

/** The account's own wall clock, and what it is called on that day. */
export function localTime(iso: string): { date: string; timeZone: 'CET' | 'CEST' } {
  const at = new Date(iso);
  const summer = zone.format(at).endsWith('GMT+02:00');
  return { date: clock.format(at), timeZone: summer ? 'CEST' : 'CET' };
}

function adyenLayout(kernel: Kernel): Layout {
  return {
    columns: () => COLUMNS,
    cells(line, file) {
      const { date, timeZone } = localTime(line.at);
      const row = line.payment === null ? undefined : kernel.store.get(payments, line.payment);
      return {
        'Company Account': COMPANY,
        'Merchant Account': line.account,
        'Psp Reference': line.payment ?? '',
        'Merchant Reference': line.reference ?? '',
        'Payment Method': row?.card.brand ?? '',
        'Payment Method Variant': row?.card.brand ?? '',
        'Creation Date': date,
        TimeZone: timeZone,
        Type: TYPES[line.kind],
        'Modification Reference': modificationCell(line, file),
        'Modification Merchant Reference': line.operationReference ?? '',
        'Batch Number': String(file.batch),
        ...moneyCells(line),
      };
    },
  };
}

/** Where a line is about no payment, this column says in words what it is. */
function modificationCell(line: Line, file: FileFacts): string {
  const payout = line.kind === 'payout' ? file.payouts.get(line.settlementCurrency) : undefined;
  return payout === undefined ? (line.operation ?? line.description ?? '') : payoutText(payout, file, line);
}

function payoutText({ reference }: Payout, { batch }: FileFacts, { account }: Pick<Line, 'account'>): string {
  return `${reference} batch ${batch}, ${account} batch ${batch}, ${account}`;
}

/** Two columns a side instead of a sign. */
function sides(name: string, suffix: string, amountMinor: bigint, currency: string): Record<string, string> {
  const side = amountMinor < 0n ? 'Debit' : 'Credit';
  return { [`${name} ${side} (${suffix})`]: major(amountMinor < 0n ? -amountMinor : amountMinor, currency) };
}

function moneyCells(line: Line): Record<string, string> {
  const { settlementCurrency: currency, fees } = line;
  const fee = (amount: bigint | undefined) => (amount === undefined ? '' : major(amount, currency));
  const cells = {
    'Gross Currency': line.currency,
    'Net Currency': currency,
    ...sides('Net', 'NC', netOf(line), currency),
  };
  if (line.payment === null) return cells;
  return {
    ...cells,
    ...sides('Gross', 'GC', line.grossMinor, line.currency),
    'Exchange Rate': line.rateMillionths === null ? '1' : rateText(line.rateMillionths),
    'Commission (NC)': fee(fees.commission),
    'Markup (NC)': fee(fees.markup),
    'Scheme Fees (NC)': fee(fees.scheme),
    'Interchange (NC)': fee(fees.interchange),
  };
}

/** Authorized by this very transaction, and captured in full. */
function captureAuthorized(tx: Transaction): boolean {
  const effect = tx.drafts.findLast((draft) => draft.kind === 'effect' && draft.effect === 'authorized');
  const row = tx.get(payments, String(effect?.providerReference));
  if (row !== undefined) captureAll(tx, row);
  return row !== undefined;
}

function adyenActs(ctx: AdyenContext): Acts {
  const rowsOf = (reference: string) =>
    ctx.kernel.store.values(payments).filter((row) => row.reference === reference);
  const succeed = (tx: Transaction, rows: PaymentRow[], asked: AskedCharge) =>
    lateSuccess(ctx, tx, rows, { ...asked, capture: true }) === 'succeeded' && captureAuthorized(tx);
  return {
    charge: (tx, asked) => succeed(tx, rowsOf(asked.reference), asked),
    chargeAgain: (tx, asked) => succeed(tx, [], asked),
    refund(tx, payment, amountMinor) {
      const row = tx.get(payments, payment);
      if (row === undefined) return false;
      const { currency } = row.amount;
      const value = fromMinor(amountMinor, currency);
      if (value > row.captured - row.refunded) return false;
      const asked = { type: 'refund' as const, payment, paymentReference: null };
      const answer = receiveModification(ctx, tx, { amount: { value, currency } }, asked);
      const id = string(object(answer.body)?.pspReference) ?? '';
      settleModification(ctx, tx, id, () => []);
      return true;
    },
    takeRefundBack(tx, refund) {
      if (tx.get(modifications, refund) === undefined) return false;
      failAfterwards(ctx, tx, refund, 'reversal');
      return true;
    },
    dispute: (tx, capture) => disputed(tx, capture, 'disputed'),
    reverseDispute: (tx, dispute) => disputed(tx, dispute, 'dispute_reversed'),
    disputeAgain: (tx, dispute) => disputed(tx, dispute, 'disputed_again'),
  };
}

/** Adyen's disputes live in the journal only; each step has a reference of its own. */
function disputed(tx: Transaction, of: EffectLine, effect: string): boolean {
  const { reference, amountMinor, currency } = of;
  const parentReference = of.parentReference ?? of.providerReference;
  tx.effect({
    effect,
    reference,
    providerReference: pspReference(),
    parentReference,
    amountMinor,
    currency,
  });
  return true;
}

export function adyenSettler(ctx: AdyenContext): Settler {
  const { account } = ctx;
  return {
    account,
    fees: adyenFees,
    layout: adyenLayout(ctx.kernel),
    acts: adyenActs(ctx),
    authorizationDays: 28,
    cannotShow: {},
    // An automatic capture has no modification of its own: the payment stands in for it.
    identify: ({ providerReference, parentReference }) => ({
      payment: parentReference ?? providerReference,
      operation: providerReference,
    }),
    inventIds: () => ({ payment: pspReference(), operation: pspReference() }),
    bankAccount: 'NL59SAND0000000034',
    payer: 'ADYEN NV',
    payoutReference: () => `TX${digits(10)}XT`,
    remittance: (payout, file) => payoutText(payout, file, { account }),
    announce(tx, { batch }) {
      const name = reportName(batch);
      notify(ctx, tx, {
        eventCode: 'REPORT_AVAILABLE',
        amount: { value: 0, currency: 'EUR' },
        merchantReference: '',
        pspReference: name,
        success: true,
        reason: `${ctx.publicUrl()}/reports/download/MerchantAccount/${account}/${name}`,
      });
      return name;
    },
  };
}
