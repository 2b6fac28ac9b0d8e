import { again, arrival, effect, first, later, type Mutation, operation } from './mutation.ts';

/** What providers did, and what the books say of it. */
export const EFFECTS: readonly Mutation[] = [
  {
    name: 'a second authorization under the same reference',
    needs: 'sale',
    flags: 'I1',
    apply: (e) => again(e, effect(e, 'authorized'), { providerReference: 'pi_other' }),
  },
  {
    name: 'a second capture under the same key',
    needs: 'captured',
    flags: 'I1',
    apply: (e) => again(e, effect(e, 'captured')),
  },
  {
    name: 'a second refund of the same refund',
    needs: 'refunded',
    flags: 'I1',
    apply: (e) => again(e, effect(e, 'refunded')),
  },
  {
    name: 'two attempts that both stand',
    needs: 'failover',
    flags: 'I1',
    apply: (e) =>
      again(e, effect(e, 'authorized', 'adyen'), {
        provider: 'stripe',
        reference: effect(e, 'declined').reference,
      }),
  },
  {
    name: 'an arrival under another key',
    needs: 'resent',
    flags: 'I1',
    apply: (e) => again(e, arrival(e), { idempotencyKey: 'made-up' }),
  },
  {
    name: 'an arrival without a key',
    needs: 'sale',
    flags: 'I1',
    apply: (e) => Object.assign(arrival(e), { idempotencyKey: null }),
  },
  {
    name: 'more arrivals than permits',
    needs: 'sale',
    flags: 'I1',
    apply: (e) => again(e, arrival(e)),
  },
  {
    name: 'a first send after its send_by',
    needs: 'sale',
    flags: 'I1',
    apply: (e) =>
      Object.assign(operation(e, 'sale'), { send_by: later(operation(e, 'sale').first_sent_at, -5_000) }),
  },
  {
    name: 'a send long after its claim',
    needs: 'sale',
    flags: 'I1',
    apply: (e) =>
      Object.assign(operation(e, 'sale'), { last_sent_at: later(operation(e, 'sale').last_sent_at, -5_000) }),
  },
  {
    name: 'a resend after its key expired',
    needs: 'resent',
    flags: 'I1',
    apply: (e) =>
      Object.assign(
        first(e.journals.stripe, (line) => line.replay === true),
        { at: '2026-11-21T13:00:00.000Z' },
      ),
  },
  {
    name: 'a resend after the operation was closed',
    needs: 'resent',
    flags: 'I1',
    apply: (e) =>
      Object.assign(operation(e, 'sale'), { closed_at: later(operation(e, 'sale').first_sent_at, -5_000) }),
  },
];

export const BOOKS: readonly Mutation[] = [
  {
    name: 'a capture that was not posted',
    needs: 'sale',
    flags: 'I2',
    apply: (e) => {
      e.tables.ledger_posting = [];
    },
  },
  {
    name: 'an effect for an attempt that nobody knows',
    needs: 'sale',
    flags: 'I2',
    apply: (e) => again(e, effect(e, 'authorized'), { reference: 'att_stranger_1' }),
  },
  {
    name: 'a void that the provider never did',
    needs: 'voided',
    flags: 'I2',
    apply: (e) => {
      e.journals.stripe = e.journals.stripe.filter((line) => line.effect !== 'voided');
    },
  },
  {
    name: 'a late success that was not given back',
    needs: 'late_success',
    flags: 'I2',
    apply: (e) => {
      e.journals.stripe = e.journals.stripe.filter((line) => line.effect !== 'refunded');
    },
  },
  {
    name: 'a success without an effect',
    needs: 'sale',
    flags: 'I3',
    apply: (e) => {
      e.journals.stripe = [];
    },
  },
  {
    name: 'a success that was told before it happened',
    needs: 'sale',
    flags: 'I3',
    apply: (e) => Object.assign(effect(e, 'captured'), { at: '2026-11-21T12:30:00.000Z' }),
  },
  {
    name: 'a capture that was posted before it happened',
    needs: 'captured',
    flags: 'I3',
    apply: (e) => {
      const [posted] = e.tables.ledger_transaction;
      Object.assign(posted ?? {}, { created_at: later(posted?.created_at, -5_000) });
    },
  },
  {
    name: 'a refund without an effect',
    needs: 'refunded',
    flags: 'I3',
    apply: (e) => {
      e.journals.stripe = e.journals.stripe.filter((line) => line.effect !== 'refunded');
    },
  },
  {
    name: 'a posting for what never happened',
    needs: 'voided',
    flags: 'I3',
    apply: (e) => {
      const [payment] = e.tables.payment;
      e.tables.ledger_transaction.push({
        id: 'ltx_x',
        payment_id: payment?.id,
        kind: 'capture',
        created_at: null,
      });
      for (const [account, amount_minor] of [
        ['provider_receivable/pa_demo_stripe', '5'],
        ['merchant_payable/mer_demo', '-5'],
      ])
        e.tables.ledger_posting.push({ transaction_id: 'ltx_x', account, currency: 'USD', amount_minor });
    },
  },
  {
    name: 'an unbalanced posting',
    needs: 'sale',
    flags: 'I5',
    apply: (e) => Object.assign(e.tables.ledger_posting[0] ?? {}, { amount_minor: '999' }),
  },
  {
    name: 'money left in suspense',
    needs: 'late_success',
    flags: 'I5',
    apply: (e) => {
      const undone = first(e.tables.ledger_transaction, (row) => row.kind === 'late_success_undone').id;
      e.tables.ledger_posting = e.tables.ledger_posting.filter((row) => row.transaction_id !== undone);
    },
  },
  {
    name: 'a balance that reserves more than was captured',
    needs: 'refunded',
    flags: 'I5',
    apply: (e) => Object.assign(e.tables.payment_balance[0] ?? {}, { refund_reserved_minor: '1400' }),
  },
  {
    name: 'more asked for in refunds than was captured',
    needs: 'refunded',
    flags: 'I5',
    apply: (e) => {
      for (const row of e.tables.operation) if (row.kind === 'refund') row.amount_minor = '700';
    },
  },
];
