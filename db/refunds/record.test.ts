import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { decideRefundCancel } from '../../domain/refund/commands.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { expectAuditChain } from '../../test/attack/support/checks.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { bumpGeneration } from '../generations.ts';
import { loadRefund } from './aggregate.ts';
import { recordRefundTransition } from './record.ts';
import {
  balanceOf,
  mustRecordRefund,
  paid,
  planRefund,
  refunded,
  refundStep,
  requestOf,
  stepUpon,
} from './test-support/rows.ts';

/** Writing a refund's steps: each once, by the generation that has it, and whole or not at all. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const DONE: OperationOutcome = { type: 'refunded', providerReference: 're_1', amountMinor: 400 };
const REFUSED: OperationOutcome = { type: 'rejected', code: 'no', message: 'No.' };
const UNKNOWN: OperationOutcome = { type: 'unknown', cause: 'timeout' };
const TAKEN_BACK: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'invalid_account', providerCode: 'expired_or_canceled_card', message: 'No.' },
};

const record = (step: RefundTransition) => recordRefundTransition(database.db, step, {});
const made = async () => refunded(database, await paid(database), { amountMinor: 400 });

async function stored(refundId: string): Promise<unknown> {
  const [row] = await database.sql<{ paymentId: string }>(
    'SELECT payment_id AS "paymentId" FROM refund WHERE id = $1',
    [refundId],
  );
  const rows = (table: string, order: string) =>
    database.sql(`SELECT * FROM ${table} WHERE owner_id = $1 ORDER BY ${order}`, [refundId]);
  return {
    refund: await database.sql('SELECT * FROM refund WHERE id = $1', [refundId]),
    balance: await balanceOf(database, row?.paymentId ?? ''),
    operations: await rows('operation', 'number'),
    audit: await rows('audit', 'sequence'),
    outbox: await rows('outbox', 'sequence'),
    ledger: await rows('ledger_transaction', 'id'),
  };
}

describe('a step', () => {
  it('written twice is written once, also when later ones have followed', async () => {
    const refund = await made();
    const first = stepUpon(refund, UNKNOWN);
    expect(await record(first)).toMatchObject({ type: 'recorded' });
    const last = stepUpon(first.refund, DONE);
    expect(await record(last)).toMatchObject({ type: 'recorded' });
    const before = await stored(refund.id);
    // As the second execution gets them: through JSON, from the workflow's history.
    expect(await record(JSON.parse(JSON.stringify(last)))).toEqual({ type: 'already_recorded' });
    expect(await record(JSON.parse(JSON.stringify(first)))).toEqual({ type: 'already_recorded' });
    expect(await stored(refund.id)).toEqual(before);
    expect(await balanceOf(database, refund.paymentId)).toMatchObject({ reserved: 400, refunded: 400 });
    await expectAuditChain(database, refund.id);
  });

  it('with other content, or ahead of its turn, answers that the caller is behind', async () => {
    const refund = await made();
    await record(stepUpon(refund, UNKNOWN));
    const before = await stored(refund.id);
    expect(await record(stepUpon(refund, REFUSED))).toEqual({ type: 'behind' });
    expect(await record(stepUpon(refund, UNKNOWN, 1_800_000_000_501))).toEqual({ type: 'behind' });
    expect(await record(stepUpon({ ...refund, sequence: 5 }, DONE))).toEqual({ type: 'behind' });
    expect(await stored(refund.id)).toEqual(before);
  });

  it('of an older generation is superseded, and its permits are the new one’s', async () => {
    const refund = await made();
    expect(await bumpGeneration(database.db, refund.id, 1)).toBe(true);
    const before = await stored(refund.id);
    expect(await record(stepUpon(refund, DONE))).toEqual({ type: 'superseded', generation: 2 });
    expect(await stored(refund.id)).toEqual(before);
    const current = await loadRefund(database.db, refund.id);
    if (current === undefined) throw new Error('lost');
    const rows = await database.sql('SELECT generation FROM operation WHERE owner_id = $1', [refund.id]);
    expect(rows).toEqual([{ generation: 2 }]);
    expect(await record(stepUpon(current, DONE))).toMatchObject({ type: 'recorded' });
  });

  it('by thirty writers at once is written once, and counts its money once', async () => {
    const refund = await made();
    const [yes, no] = [stepUpon(refund, DONE), stepUpon(refund, REFUSED)];
    const results = await Promise.all(Array.from({ length: 30 }, (_, n) => record(n % 2 === 0 ? yes : no)));
    expect(results.filter(({ type }) => type === 'recorded')).toHaveLength(1);
    const current = await loadRefund(database.db, refund.id);
    const balance = await balanceOf(database, refund.paymentId);
    expect(balance).toMatchObject(
      current?.status === 'succeeded' ? { reserved: 400, refunded: 400 } : { reserved: 0, refunded: 0 },
    );
    expect(await expectAuditChain(database, refund.id)).toHaveLength(2);
  });

  it('that the balance cannot bear is not written at all', async () => {
    const refund = await made();
    const step = stepUpon(refund, DONE);
    const before = await stored(refund.id);
    const tooMuch = { ...step, balance: { ...step.balance, refundedMinor: 401 } };
    await expect(record(tooMuch)).rejects.toThrow(/payment_balance_refunded/);
    const unbalanced = step.ledger.map((entry) => ({ ...entry, postings: entry.postings.slice(0, 1) }));
    await expect(record({ ...step, ledger: unbalanced })).rejects.toThrow(/does not balance/);
    expect(await stored(refund.id)).toEqual(before);
  });
});

describe('a reservation', () => {
  it('is given back with the refusal, and may then be taken by another refund', async () => {
    const payment = await paid(database);
    const refund = await refunded(database, payment, { amountMinor: 1_000 });
    expect(await planRefund(database, payment, { amountMinor: 1 })).toMatchObject({ type: 'refused' });
    await mustRecordRefund(database, stepUpon(refund, REFUSED));
    expect(await balanceOf(database, payment.id)).toMatchObject({ reserved: 0 });
    expect(await planRefund(database, payment, { amountMinor: 1_000 })).toMatchObject({ type: 'refund' });
  });

  it('is given back once, whatever happens to the refund afterwards', async () => {
    const refund = await made();
    const failed = await mustRecordRefund(database, stepUpon(refund, REFUSED));
    const late = await mustRecordRefund(database, stepUpon(failed, DONE));
    expect(await balanceOf(database, refund.paymentId)).toMatchObject({
      reserved: 0,
      refunded: 0,
      external: 400,
    });
    // Even a step that says so once more finds nothing to release.
    const again = refundStep(late, { after: late, reason: 'a test' });
    await mustRecordRefund(database, { ...again, balance: { ...again.balance, release: true } });
    expect(await balanceOf(database, refund.paymentId)).toMatchObject({ reserved: 0, external: 400 });
  });

  it('stays where the provider took the refund back: the payer is still owed it', async () => {
    const refund = await made();
    const done = await mustRecordRefund(database, stepUpon(refund, DONE));
    const reversed = await mustRecordRefund(database, stepUpon(done, TAKEN_BACK));
    expect(reversed.status).toBe('requires_review');
    expect(await balanceOf(database, refund.paymentId)).toMatchObject({ reserved: 400, refunded: 0 });
    const [exception] = await database.sql<{ kind: string; open: boolean }>(
      'SELECT kind, closed_at IS NULL AS open FROM exception WHERE subject_id = $1',
      [refund.id],
    );
    expect(exception).toEqual({ kind: 'refund_reversed', open: true });
  });
});

describe('what was asked', () => {
  const answers = (refundId: string) =>
    database.sql<{ status: string | null }>(
      `SELECT answer->'refund'->>'status' AS status FROM request WHERE subject_id = $1 ORDER BY created_at`,
      [refundId],
    );

  it('is answered by the step that ends pending, for every request about it', async () => {
    const payment = await paid(database);
    const refund = await refunded(database, payment, { amountMinor: 400 });
    expect(await answers(refund.id)).toEqual([{ status: null }]);
    const ruling = decideRefundCancel(refund, true, 'the merchant');
    const step = refundStep(refund, ruling.type === 'decided' ? ruling.decision : undefined);
    const request = requestOf(payment, 'cancel');
    await recordRefundTransition(database.db, step, { request });
    expect(await answers(refund.id)).toEqual([{ status: 'canceled' }, { status: 'canceled' }]);
  });
});
