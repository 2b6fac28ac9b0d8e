import { createHash } from 'node:crypto';
import { attemptIdFor } from '../../../domain/names.ts';
import type {
  DeliveryLine,
  EndpointEvidence,
  JournalLine,
  MerchantLine,
  ProviderName,
  Row,
  StormEvidence,
  TableName,
  WorkflowEvidence,
} from '../evidence-types.ts';
import { ENDPOINTS, TABLES } from '../evidence-types.ts';
import { canonicalOf } from './same.ts';

/**
 * What a storm leaves behind, as it is written down line by line and row by row: the pen of the tiny model
 * (model.ts) that the checker's own tests judge. No code of the platform's is in it.
 */
export const STARTED_AT_MS = Date.parse('2026-11-21T12:00:00Z');
export const ACCOUNTS = { stripe: 'pa_demo_stripe', adyen: 'pa_demo_adyen' } as const;
export const AMOUNT = 1_000;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
export const date = (atMs: number) => new Date(atMs);

interface Part {
  readonly id: string;
  readonly status: string;
}

export interface Step {
  readonly status: string;
  readonly attempts?: readonly Part[];
  readonly operations?: readonly Part[];
}

export class World {
  readonly tables: Record<TableName, Row[]>;
  readonly journals: Record<ProviderName, JournalLine[]> = { stripe: [], adyen: [] };
  readonly merchant: MerchantLine[] = [];
  readonly workflows: WorkflowEvidence[] = [];
  readonly deliveries: DeliveryLine[] = [];
  readonly #endpoints: readonly EndpointEvidence[] = ENDPOINTS.map((name) => ({
    name,
    id: `we_${name}`,
    secret: `whsec_${Buffer.from(`a secret of the ${name} endpoint's`).toString('base64')}`,
  }));
  #nowMs = STARTED_AT_MS;
  #call = 0;

  constructor() {
    this.tables = Object.fromEntries(TABLES.map((name) => [name, []])) as unknown as Record<TableName, Row[]>;
  }

  tick(ms = 10): number {
    this.#nowMs += ms;
    return this.#nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  stem(prefix: string, number: number): string {
    const digits = [...String(number)].map((digit) => ALPHABET[Number(digit)]).join('');
    return `${prefix}${digits}`.padEnd(26, 'z');
  }

  arrival(provider: ProviderName, line: Partial<JournalLine>): void {
    this.#line(provider, { kind: 'arrival', replay: false, amountMinor: AMOUNT, ...line });
  }

  effect(provider: ProviderName, effect: string, line: Partial<JournalLine>): void {
    this.#line(provider, { kind: 'effect', effect, amountMinor: AMOUNT, ...line });
  }

  #line(provider: ProviderName, line: Partial<JournalLine>): void {
    const seq = this.journals[provider].length + 1;
    this.journals[provider].push({
      seq,
      at: date(this.tick()).toISOString(),
      tx: seq,
      kind: 'effect',
      provider,
      account: 'acct',
      reference: null,
      currency: 'USD',
      idempotencyKey: null,
      amountMinor: AMOUNT,
      ...line,
    });
  }

  attempt(
    paymentId: string,
    number: number,
    provider: ProviderName,
    status: string,
    more: object = {},
  ): string {
    const id = attemptIdFor(paymentId, number);
    this.tables.attempt.push({
      id,
      payment_id: paymentId,
      number,
      account_id: ACCOUNTS[provider],
      provider,
      status,
      undoing: false,
      authentication: null,
      ...more,
    });
    return id;
  }

  /** An operation that was sent once and is closed, unless `more` says otherwise. Answers its key. */
  operation(id: string, paymentId: string, attemptId: string, kind: string, more: object = {}): string {
    const key = `key_${id}`;
    this.tables.operation.push({
      id,
      payment_id: paymentId,
      owner_id: paymentId,
      attempt_id: attemptId,
      kind,
      cause: 'first',
      status: 'succeeded',
      amount_minor: String(AMOUNT),
      provider_key: key,
      sends: 1,
      send_by: kind === 'sale' || kind === 'authorize' ? date(this.#nowMs + 120_000) : null,
      first_sent_at: date(this.tick()),
      last_sent_at: date(this.#nowMs),
      closed_at: date(this.#nowMs + 600),
      key_expires_at: date(this.#nowMs + 400_000),
      parameters_expire_at: null,
      sealed_parameters: null,
      outcome: null,
      ...more,
    });
    return key;
  }

  audit(
    ownerId: string,
    paymentId: string,
    steps: readonly Step[],
  ): { sequence: number; audit_head: string } {
    let head = ownerId;
    let fromStatus: string | undefined;
    steps.forEach((step, index) => {
      const sequence = index + 1;
      const { status, attempts = [], operations = [] } = step;
      const content = canonicalOf({ sequence, generation: 1, fromStatus, status, attempts, operations });
      const contentDigest = sha256(content);
      const hash = sha256(`${head}:${sequence}:${contentDigest}`);
      this.tables.audit.push({
        owner_id: ownerId,
        payment_id: paymentId,
        sequence,
        generation: 1,
        from_status: fromStatus ?? null,
        to_status: status,
        content,
        content_digest: contentDigest,
        previous_hash: head,
        hash,
        at: date(this.#nowMs),
      });
      head = hash;
      fromStatus = status;
    });
    return { sequence: steps.length, audit_head: head };
  }

  post(paymentId: string, kind: string, debit: string, credit: string, amount = AMOUNT): void {
    const id = `ltx_${paymentId}_${this.tables.ledger_transaction.length}`;
    this.tables.ledger_transaction.push({
      id,
      payment_id: paymentId,
      owner_id: paymentId,
      kind,
      created_at: date(this.tick()),
    });
    const posting = (account: string, amountMinor: number) =>
      this.tables.ledger_posting.push({
        transaction_id: id,
        account,
        currency: 'USD',
        amount_minor: String(amountMinor),
      });
    posting(debit, amount);
    posting(credit, -amount);
  }

  balance(paymentId: string, captured: number, reserved: number, refunded: number): void {
    this.tables.payment_balance.push({
      payment_id: paymentId,
      captured_minor: String(captured),
      refund_reserved_minor: String(reserved),
      refunded_minor: String(refunded),
      external_refunded_minor: '0',
    });
  }

  reserve(subjectId: string, paymentId: string, amount: number): void {
    this.tables.refund_reservation.push({
      subject_id: subjectId,
      payment_id: paymentId,
      amount_minor: String(amount),
      released_at: null,
    });
  }

  exception(kind: string, subjectId: string, paymentId: string): void {
    this.tables.exception.push({ kind, subject_id: subjectId, payment_id: paymentId, closed_at: null });
  }

  /** An event of the payment or of a refund of its, told to each endpoint, to the flapping one on a second try. */
  event(ownerId: string, paymentId: string, type: string): void {
    const { outbox, webhook_delivery: rows } = this.tables;
    const eventSequence = outbox.filter((row) => row.payment_id === paymentId).length + 1;
    const id = `evt_${paymentId}_${eventSequence}`;
    outbox.push({ id, payment_id: paymentId, owner_id: ownerId, event_sequence: eventSequence, type });
    const event = { id, type, payment: paymentId, sequence: eventSequence, objectId: ownerId };
    for (const { name, id: endpointId } of this.#endpoints) {
      for (const answered of name === 'flapping' ? [503, 200] : [200])
        this.deliveries.push({
          at: this.tick(),
          endpoint: name,
          signature: 'valid',
          eventId: id,
          bodyDigest: sha256(id),
          event,
          answered,
        });
      rows.push({ endpoint_id: endpointId, event_id: id, payment_id: paymentId, status: 'delivered' });
    }
  }

  /** A request and its answer, then the same again with the same key: the same answer. */
  told(path: string, key: string, body: Record<string, unknown>, status = 201): void {
    for (const replayed of [false, true]) {
      this.#call += 1;
      const call = this.#call;
      const written = () => ({ at: this.tick(1), seq: this.merchant.length + 1 });
      const request = { call, scenario: 1, merchant: 'mer_demo', key, path, api: 0, waitMs: 5_000 } as const;
      this.merchant.push({
        kind: 'request',
        method: 'POST',
        body: { amount: AMOUNT },
        ...request,
        ...written(),
      });
      const answer = { call, status, body: { ...body }, replayed, elapsedMs: 20, waitMs: 5_000 } as const;
      this.merchant.push({ kind: 'answer', ...answer, ...written() });
    }
  }

  evidence(): StormEvidence {
    const { tables, journals, merchant, workflows, deliveries } = this;
    const healedAtMs = this.tick(1_000);
    return structuredClone({
      settings: {
        seed: 1,
        payments: tables.payment.length,
        timeScale: 0.005,
        providerDeadlineMs: 3_000,
        completeByMs: 30_000,
        apiWaitMs: 5_000,
        webhookDeadlineMs: 1_500,
        merchantId: 'mer_demo',
        accounts: ACCOUNTS,
        keyWindowMs: { stripe: 86_400_000, adyen: 604_800_000 },
        proxy: 'none',
      },
      journals,
      merchant,
      faults: [],
      disturbances: [],
      forged: [],
      endpoints: this.#endpoints,
      deliveries,
      tables,
      reads: tables.payment.map((row) => ({
        path: `/v1/payments/${row.id}`,
        status: 200,
        body: { object: 'payment', id: row.id, status: row.status, ...amountsOf(tables, row) },
      })),
      workflows,
      timeScale: 0.005,
      startedAtMs: STARTED_AT_MS,
      healedAtMs,
      quietAtMs: healedAtMs + 500,
      restless: [],
    });
  }
}

function amountsOf(tables: Readonly<Record<TableName, readonly Row[]>>, { id, amount_captured_minor }: Row) {
  const balance = tables.payment_balance.find((row) => row.payment_id === id);
  return {
    amount_captured: Number(amount_captured_minor),
    amount_refunded: Number(balance?.refunded_minor ?? 0),
  };
}
