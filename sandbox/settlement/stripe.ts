// Stripe's side of a settlement: the itemized payout reconciliation report, and what Stripe can do to a charge.
import { prefixedId } from '../ids.ts';
import type { Kernel, Transaction } from '../kernel.ts';
import { Refusal } from '../pipeline.ts';
import { dispute, type StripeContext } from '../stripe/authorize.ts';
import { fromMinor } from '../stripe/currencies.ts';
import { emit } from '../stripe/events.ts';
import { parseForm } from '../stripe/form.ts';
import { captureIntent } from '../stripe/intents.ts';
import { lateSuccess } from '../stripe/late.ts';
import { charges, disputes, type IntentRow, intents, refunds } from '../stripe/objects.ts';
import { createRefund, settleRefund } from '../stripe/refunds.ts';
import { feeTotal, stripeFees } from './fees.ts';
import { type Line, type LineKind, netOf } from './lines.ts';
import { major } from './money.ts';
import type { Acts, AskedCharge, FileFacts, Layout, Settler } from './settler.ts';
import { scheduledRun } from './stripe-reports.ts';

const COLUMNS = `balance_transaction_id automatic_payout_id automatic_payout_effective_at created
  available_on currency gross fee net reporting_category source_id description charge_id payment_intent_id
  customer_facing_amount customer_facing_currency payment_method_type card_brand card_funding card_country
  statement_descriptor trace_id trace_id_status`.split(/\s+/);

const CATEGORIES: Readonly<Record<LineKind, string>> = {
  capture: 'charge',
  capture_reversed: 'charge_failure',
  refund: 'refund',
  refund_reversed: 'refund_failure',
  chargeback: 'dispute',
  chargeback_reversed: 'dispute_reversal',
  second_chargeback: 'dispute',
  fee: 'fee',
  reserve: 'risk_reserved_funds',
  // In none of Stripe's lists.
  unmapped: 'terminal_surcharge',
  payout: 'payout',
};

/** `2026-11-21 16:58:03`, in UTC. */
function moment(iso: string): string {
  return new Date(iso).toISOString().slice(0, 19).replace('T', ' ');
}

/** What the merchant attached: columns `payment_metadata[key]` and, where a line is a refund's, `refund_metadata[key]`. */
function metadataCells(kernel: Kernel, line: Line): Record<string, string> {
  const known = kernel.store.get(intents, line.payment ?? '')?.intent.metadata;
  const payment = known ?? (line.reference === null ? {} : referenceMetadata(kernel, line.reference));
  const refund = kernel.store.get(refunds, line.operation ?? '')?.metadata ?? {};
  return {
    ...named('payment', payment),
    ...named('refund', refund),
  };
}

function named(owner: string, metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [`${owner}_metadata[${key}]`, value]),
  );
}

function stripeLayout(kernel: Kernel): Layout {
  return {
    columns(lines) {
      const attached = new Set(lines.flatMap((line) => Object.keys(metadataCells(kernel, line))));
      return [...COLUMNS, ...[...attached].sort()];
    },
    cells(line, file) {
      const row = kernel.store.get(intents, line.payment ?? '');
      return {
        ...metadataCells(kernel, line),
        ...cardCells(row),
        ...moneyCells(line, file),
        ...chargeCells(line, row),
      };
    },
  };
}

function moneyCells(line: Line, { payouts, businessDate }: FileFacts): Record<string, string> {
  const { settlementCurrency: currency } = line;
  const payout = payouts.get(currency);
  return {
    balance_transaction_id: `txn_${line.key}`,
    automatic_payout_id: payout?.reference ?? '',
    automatic_payout_effective_at: `${businessDate} 12:00:00`,
    created: moment(line.at),
    available_on: `${businessDate} 00:00:00`,
    currency: currency.toLowerCase(),
    gross: major(line.settledMinor, currency),
    fee: major(feeTotal(line.fees), currency),
    net: major(netOf(line), currency),
    reporting_category: CATEGORIES[line.kind],
    source_id: (line.kind === 'payout' ? payout?.reference : line.operation) ?? '',
    description: line.description ?? '',
    ...(line.kind === 'payout' ? { trace_id: payout?.traceId ?? '', trace_id_status: 'supported' } : {}),
  };
}

function chargeCells(line: Line, row: IntentRow | undefined): Record<string, string> {
  if (line.payment === null) return {};
  return {
    charge_id: line.kind === 'capture' ? (line.operation ?? '') : (row?.intent.latest_charge ?? ''),
    payment_intent_id: line.payment,
    customer_facing_amount: major(line.grossMinor, line.currency),
    customer_facing_currency: line.currency.toLowerCase(),
    payment_method_type: 'card',
    statement_descriptor: 'SANDBOX',
  };
}

function cardCells(row: IntentRow | undefined): Record<string, string> {
  if (row?.card == null) return {};
  return { card_brand: row.card.brand, card_funding: 'credit', card_country: 'US' };
}

/** The intent that a transaction has just authorized is captured in full. */
function captureAuthorized(kernel: Kernel, tx: Transaction, reference: string): boolean {
  const effect = tx.drafts.findLast((draft) => draft.kind === 'effect' && draft.effect === 'authorized');
  const id = String(effect?.providerReference);
  const row = tx.get(intents, id);
  if (row === undefined) return false;
  row.intent.metadata = { ...row.intent.metadata, ...referenceMetadata(kernel, reference) };
  tx.put(intents, id, row);
  if (row.intent.status === 'requires_capture') captureIntent(tx, id, parseForm(''));
  return true;
}

/** A reference under the keys where the merchant's own payments have theirs: one that was made up has none. */
function referenceMetadata(kernel: Kernel, reference: string): Record<string, string> {
  const like = kernel.store.values(intents).find((row) => row.reference !== null);
  const keys = Object.entries(like?.intent.metadata ?? {}).filter(([, value]) => value === like?.reference);
  return Object.fromEntries(keys.map(([key]) => [key, reference]));
}

function stripeActs(ctx: StripeContext): Acts {
  const rowsOf = (reference: string) =>
    ctx.kernel.store.values(intents).filter((row) => row.reference === reference);
  const succeed = (tx: Transaction, rows: IntentRow[], asked: AskedCharge) =>
    lateSuccess(ctx, tx, rows, { ...asked, capture: true }) === 'succeeded' &&
    captureAuthorized(ctx.kernel, tx, asked.reference);
  return {
    charge: (tx, asked) => succeed(tx, rowsOf(asked.reference), asked),
    chargeAgain: (tx, asked) => succeed(tx, [], asked),
    refund(tx, payment, amountMinor) {
      const currency = tx.get(intents, payment)?.intent.currency ?? '';
      const form = parseForm(`payment_intent=${payment}&amount=${fromMinor(amountMinor, currency)}`);
      try {
        return createRefund(ctx, tx, form).status === 200;
      } catch (error) {
        if (error instanceof Refusal) return false;
        throw error;
      }
    },
    takeRefundBack(tx, refund) {
      if (tx.get(refunds, refund)?.status !== 'succeeded') return false;
      settleRefund(tx, { id: '', dueAt: 0, type: 'refund_fails', payload: { refund } });
      return true;
    },
    dispute(tx, capture) {
      const row = tx.get(intents, capture.parentReference ?? '');
      const charge = tx.get(charges, capture.providerReference);
      // A dispute takes the whole charge, so one that was captured in part would take too much.
      const whole = charge?.amount_captured === charge?.amount;
      if (row === undefined || charge === undefined || charge.disputed || !whole) return false;
      dispute(tx, row, charge.id);
      return true;
    },
    reverseDispute(tx, disputed) {
      const { reference, providerReference, parentReference = '', amountMinor, currency } = disputed;
      const found = tx.get(disputes, providerReference);
      if (found === undefined) return false;
      const won = { ...found, status: 'won' };
      tx.put(disputes, providerReference, won);
      emit(tx, 'charge.dispute.closed', won);
      const money = { amountMinor, currency };
      tx.effect({ effect: 'dispute_reversed', reference, providerReference, parentReference, ...money });
      return true;
    },
  };
}

export function stripeSettler(ctx: StripeContext): Settler {
  return {
    account: ctx.account,
    fees: stripeFees,
    layout: stripeLayout(ctx.kernel),
    acts: stripeActs(ctx),
    authorizationDays: 7,
    cannotShow: {
      SECOND_CHARGEBACK: 'Stripe reports no second chargeback: a dispute ends with its reversal',
      WRONG_MERCHANT_ACCOUNT: 'a line of this report names no account',
    },
    identify: ({ providerReference, parentReference }) => ({
      payment: parentReference ?? providerReference,
      operation: providerReference,
    }),
    inventIds: () => ({ payment: prefixedId('pi'), operation: prefixedId('ch') }),
    payoutReference: () => prefixedId('po'),
    bankAccount: 'NL71SAND0000000012',
    payer: 'STRIPE PAYMENTS',
    remittance: ({ reference, traceId }) => `STRIPE ${traceId} ${reference}`,
    // Stripe makes a report when it is asked for one; a second delivery can only be a report of a schedule.
    announce: (tx, published, again) =>
      again
        ? scheduledRun(ctx, tx, published)
        : `payout_reconciliation.itemized.5-${published.businessDate}.csv`,
  };
}
