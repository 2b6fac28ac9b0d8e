import { randomBytes } from 'node:crypto';
import type { Mode } from '../../domain/ids.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import type { RefundSnapshot } from '../../domain/refund/refund.ts';
import type { TestApi } from './harness.ts';

export interface PaymentRowOptions {
  readonly id?: string;
  readonly merchantId?: string;
  readonly mode?: string;
  readonly status?: string;
  readonly amountMinor?: number;
  readonly capturedMinor?: number;
  readonly currency?: string;
  readonly reference?: string;
  readonly createdAt?: Date;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function randomPaymentId(): string {
  return `pay_${[...randomBytes(26)].map((byte) => BASE32.charAt(byte & 31)).join('')}`;
}

/** A payment's row and its balance, as the workflow's record would leave them. */
export async function insertPayment(api: TestApi, options: PaymentRowOptions = {}): Promise<string> {
  const id = options.id ?? randomPaymentId();
  const amount = options.amountMinor ?? 2000;
  const createdAt = options.createdAt ?? new Date();
  await api.sql.query(
    `WITH paid AS (
       INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
         amount_authorized_minor, amount_captured_minor, reference, complete_by, audit_head, created_at)
       VALUES ($1, $2, $3, $4, 1, 1, $5, $6, 'manual', $5, $10, $7, $8, '', $9) RETURNING id, currency)
     INSERT INTO payment_balance (payment_id, currency, captured_minor) SELECT id, currency, $10::bigint FROM paid`,
    [
      id,
      options.merchantId ?? 'mer_a',
      options.mode ?? 'test',
      options.status ?? 'requires_capture',
      amount,
      options.currency ?? 'EUR',
      options.reference ?? null,
      new Date(createdAt.getTime() + 120_000),
      createdAt,
      options.capturedMinor ?? 0,
    ],
  );
  return id;
}

export async function insertAttempt(
  api: TestApi,
  paymentId: string,
  options: { readonly accountId?: string; readonly providerReference?: string } = {},
): Promise<string> {
  const id = `att_${paymentId.slice(4)}_1`;
  await api.sql.query(
    `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, provider_reference,
       authorized_minor)
     VALUES ($1, $2, 1, $3, 'stripe', 'stripe-1', 'authorized', $4, 2000)`,
    [id, paymentId, options.accountId ?? 'acc_a_stripe', options.providerReference ?? 'pi_known'],
  );
  return id;
}

export interface RefundRowOptions {
  readonly id?: string;
  readonly merchantId?: string;
  readonly mode?: string;
  readonly status?: string;
  readonly amountMinor?: number;
  readonly createdAt?: Date;
}

/** A refund's row as its workflow's record would leave it: nothing of it sent. */
export async function insertRefund(
  api: TestApi,
  paymentId: string,
  options: RefundRowOptions = {},
): Promise<string> {
  const id = options.id ?? `ref_${randomPaymentId().slice(4)}`;
  const step = { accountId: 'acc_a_stripe', provider: 'stripe', canRefund: true };
  await api.sql.query(
    `INSERT INTO refund (id, payment_id, merchant_id, mode, attempt_id, attempt_number, account_id, provider, status,
       sequence, generation, amount_minor, currency, step, audit_head, created_at)
     VALUES ($1, $2, $3, $4, $5, 1, 'acc_a_stripe', 'stripe', $6, 1, 1, $7, 'EUR', $8, '', $9)`,
    [
      id,
      paymentId,
      options.merchantId ?? 'mer_a',
      options.mode ?? 'test',
      `att_${paymentId.slice(4)}_1`,
      options.status ?? 'succeeded',
      options.amountMinor ?? 400,
      step,
      options.createdAt ?? new Date(),
    ],
  );
  return id;
}

export interface EventRowOptions {
  readonly merchantId?: string;
  readonly mode?: string;
  readonly type?: string;
  /** The refund that it tells of; absent: the payment. */
  readonly refundId?: string;
}

/** An event as a step's record writes it, with the payment's next number. Answers its id. */
export async function insertEvent(
  api: TestApi,
  paymentId: string,
  options: EventRowOptions = {},
): Promise<string> {
  const [text, values] = eventInsert(paymentId, options);
  const { rows } = await api.sql.query(text, values);
  return rows[0].id;
}

/** The statement itself, for tests that hold its transaction open. */
export function eventInsert(paymentId: string, options: EventRowOptions = {}): [string, unknown[]] {
  const { merchantId = 'mer_a', mode = 'test', refundId } = options;
  const type = options.type ?? (refundId === undefined ? 'payment.succeeded' : 'refund.succeeded');
  const ownerId = refundId ?? paymentId;
  const payload =
    refundId === undefined
      ? paymentSnapshot(paymentId, merchantId, mode)
      : refundSnapshot(refundId, paymentId, merchantId, mode);
  return [
    `WITH counter AS (
       INSERT INTO event_counter (payment_id, last, transaction_id)
       VALUES ($1, 1, pg_current_xact_id()::text::bigint)
       ON CONFLICT (payment_id) DO UPDATE SET last = event_counter.last + 1,
         transaction_id = greatest(event_counter.transaction_id, excluded.transaction_id)
       RETURNING last, transaction_id)
     INSERT INTO outbox (id, merchant_id, mode, payment_id, owner_id, sequence, type, payload, event_sequence, transaction_id)
     SELECT 'evt_' || substr($2, 5) || '_' || counter.last || '_0', $3, $4, $1, $2, counter.last, $5, $6, counter.last,
       counter.transaction_id
     FROM counter RETURNING id`,
    [paymentId, ownerId, merchantId, mode, type, payload],
  ];
}

function paymentSnapshot(id: string, merchantId: string, mode: string): PaymentSnapshot {
  return {
    id,
    merchantId,
    mode: mode as Mode,
    status: 'succeeded',
    sequence: 2,
    amountMinor: 2000,
    currency: 'EUR',
    captureMethod: 'automatic',
    amountAuthorizedMinor: 2000,
    amountCapturableMinor: 0,
    amountCapturedMinor: 2000,
    amountRefundedMinor: 0,
    createdAtMs: 1_800_000_000_000,
    metadata: {},
    attempts: [],
    allowed: [],
  };
}

function refundSnapshot(id: string, paymentId: string, merchantId: string, mode: string): RefundSnapshot {
  return {
    id,
    paymentId,
    merchantId,
    mode: mode as Mode,
    amountMinor: 400,
    currency: 'EUR',
    status: 'succeeded',
    sequence: 2,
    provider: 'stripe',
    outcomeUnknown: false,
    createdAtMs: 1_800_000_000_000,
    metadata: {},
    allowed: [],
  };
}
