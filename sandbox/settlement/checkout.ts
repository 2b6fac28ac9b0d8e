// Checkout.com's side of a settlement: the settlement breakdown, and what Checkout.com can do to a payment.
import { acceptAction, carryOut, takeRefundBack } from '../checkout/actions.ts';
import { fromMinor } from '../checkout/currencies.ts';
import { lateSuccess } from '../checkout/late.ts';
import { type PaymentRow, payments } from '../checkout/objects.ts';
import { type CheckoutContext, captureAll } from '../checkout/payments.ts';
import { object, string } from '../checkout/request.ts';
import { base32Id, digits } from '../ids.ts';
import type { Kernel, Transaction } from '../kernel.ts';
import { Refusal } from '../pipeline.ts';
import { publishReports } from './checkout-reports.ts';
import { checkoutFees, feeTotal } from './fees.ts';
import { type EffectLine, type Line, type LineKind, netOf } from './lines.ts';
import { major, rateText } from './money.ts';
import type { Acts, AskedCharge, FileFacts, Layout, Settler } from './settler.ts';

const COLUMNS = [
  ...['Client Entity ID', 'Client Entity Name', 'Processing Channel ID', 'Processing Channel Name', 'Type'],
  ...[
    'Payment ID',
    'Action ID',
    'Reference',
    'Processed On',
    'Available On',
    'Holding Currency',
    'Payout ID',
  ],
  ...['Gross In Holding Currency', 'Deduction In Holding Currency', 'Net In Holding Currency'],
  ...['Processing Fee In Holding Currency', 'Scheme Fee In Holding Currency'],
  ...['Interchange In Holding Currency', 'Tax In Holding Currency', 'Reserve In Holding Currency'],
  ...['Processing Currency', 'Gross In Processing Currency', 'FX Rate Applied', 'Payment Method'],
];

const TYPES: Readonly<Record<Exclude<LineKind, 'reserve'>, string>> = {
  capture: 'Capture',
  capture_reversed: 'Capture Reversal',
  refund: 'Refund',
  refund_reversed: 'Refund Reversal',
  chargeback: 'Chargeback',
  chargeback_reversed: 'Chargeback Reversal',
  second_chargeback: 'Second Chargeback',
  fee: 'Fee',
  // In no list.
  unmapped: 'Terminal Surcharge',
  payout: 'Payout',
};

function typeOf({ kind, settledMinor }: Line): string {
  if (kind !== 'reserve') return TYPES[kind];
  return settledMinor < 0n ? 'Security Deposit Reservation' : 'Security Deposit Release';
}

function checkoutLayout(kernel: Kernel): Layout {
  return {
    columns: () => COLUMNS,
    cells(line, { payouts, businessDate }) {
      const row = line.payment === null ? undefined : kernel.store.get(payments, line.payment);
      return {
        'Client Entity ID': line.account,
        'Client Entity Name': 'Sandbox',
        'Processing Channel ID': 'pc_sandbox',
        'Processing Channel Name': 'Sandbox web',
        Type: typeOf(line),
        'Payment ID': line.payment ?? '',
        'Action ID': line.payment === null ? '' : (line.operation ?? ''),
        Reference: line.reference ?? '',
        'Processed On': line.at,
        'Available On': `${businessDate}T00:00:00.000Z`,
        'Holding Currency': line.settlementCurrency,
        'Payout ID': payouts.get(line.settlementCurrency)?.reference ?? '',
        'Payment Method': row?.card.scheme.toUpperCase() ?? '',
        ...moneyCells(line),
      };
    },
  };
}

/** Amounts carry the sign of what they do to the merchant's balance, fees too; a fee's line has no gross. */
function moneyCells(line: Line): Record<string, string> {
  const { settlementCurrency: currency, fees, kind } = line;
  const cost = (amount: bigint | undefined) => major(-(amount ?? 0n), currency);
  const isFee = kind === 'fee';
  const deduction = isFee ? line.settledMinor : -feeTotal(fees);
  return {
    'Gross In Holding Currency': major(isFee ? 0n : line.settledMinor, currency),
    'Deduction In Holding Currency': major(deduction, currency),
    'Net In Holding Currency': major(netOf(line), currency),
    'Processing Fee In Holding Currency': isFee ? major(deduction, currency) : cost(fees.commission),
    'Scheme Fee In Holding Currency': cost(fees.scheme),
    'Interchange In Holding Currency': cost(fees.interchange),
    'Tax In Holding Currency': cost(undefined),
    'Reserve In Holding Currency': cost(undefined),
    'Processing Currency': line.currency,
    'Gross In Processing Currency': major(isFee ? 0n : line.grossMinor, line.currency),
    'FX Rate Applied': line.rateMillionths === null ? '1' : rateText(line.rateMillionths),
  };
}

/** Authorized by this very transaction, and captured in full. */
function captureAuthorized(ctx: CheckoutContext, tx: Transaction): boolean {
  const effect = tx.drafts.findLast((draft) => draft.kind === 'effect' && draft.effect === 'authorized');
  const row = tx.get(payments, String(effect?.providerReference));
  if (row !== undefined && row.captured === 0) captureAll(ctx, tx, row);
  return row !== undefined;
}

function checkoutActs(ctx: CheckoutContext): Acts {
  const rowsOf = (reference: string) =>
    ctx.kernel.store.values(payments).filter((row) => row.reference === reference);
  const succeed = (tx: Transaction, rows: PaymentRow[], asked: AskedCharge) =>
    lateSuccess(ctx, tx, rows, { ...asked, capture: true }) === 'succeeded' && captureAuthorized(ctx, tx);
  return {
    charge: (tx, asked) => succeed(tx, rowsOf(asked.reference), asked),
    chargeAgain: (tx, asked) => succeed(tx, [], asked),
    refund(tx, payment, amountMinor) {
      const currency = tx.get(payments, payment)?.currency ?? '';
      try {
        const answer = acceptAction(ctx, tx, payment, 'Refund', { amount: fromMinor(amountMinor, currency) });
        carryOut(ctx, tx, string(object(answer.body)?.action_id) ?? '');
        return true;
      } catch (error) {
        if (error instanceof Refusal) return false;
        throw error;
      }
    },
    takeRefundBack: (tx, refund) => takeRefundBack(tx, refund),
    dispute: (tx, capture) => disputed(tx, capture, 'disputed'),
    reverseDispute: (tx, dispute) => disputed(tx, dispute, 'dispute_reversed'),
    disputeAgain: (tx, dispute) => disputed(tx, dispute, 'disputed_again'),
  };
}

/** Disputes live in the journal only; each step has a reference of its own. */
function disputed(tx: Transaction, of: EffectLine, effect: string): boolean {
  const { reference, amountMinor, currency } = of;
  const parentReference = of.parentReference ?? of.providerReference;
  const providerReference = base32Id('dsp');
  tx.effect({ effect, reference, providerReference, parentReference, amountMinor, currency });
  return true;
}

export function checkoutSettler(ctx: CheckoutContext): Settler {
  return {
    account: ctx.account,
    fees: checkoutFees,
    layout: checkoutLayout(ctx.kernel),
    acts: checkoutActs(ctx),
    authorizationDays: 7,
    cannotShow: {
      BATCH_TOTAL_BREAK: 'a breakdown has no total of its own to hold its lines against',
    },
    identify: ({ providerReference, parentReference }) => ({
      payment: parentReference ?? providerReference,
      operation: providerReference,
    }),
    inventIds: () => ({ payment: base32Id('pay'), operation: base32Id('act') }),
    payoutReference: () => `${digits(8)}CFJU`,
    bankAccount: 'NL47SAND0000000056',
    payer: 'CHECKOUT LTD',
    remittance: ({ reference }, _file: FileFacts) => `CHECKOUT ${reference}`,
    announce: (tx, published, again) => publishReports(ctx, tx, published, again),
  };
}
