import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideCaptureCommand } from '../domain/payment/commands.ts';
import { decideExternalRefund } from '../domain/payment/decide.ts';
import type { Payment } from '../domain/payment/payment.ts';
import { type Transition, transitionOf } from '../domain/payment/transition.ts';
import { expectAuditChain } from '../test/attack/support/checks.ts';
import {
  authorized,
  captured,
  connectorVersionOf,
  type Database,
  draft,
  mustRecord,
  openTestDatabase,
  plan,
  requestOf,
  step,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { loadPayment } from './aggregate.ts';
import { bumpGeneration } from './generations.ts';
import { recordTransition } from './record.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

/** Everything that is stored about one payment, to see that nothing moved. */
async function stored(paymentId: string): Promise<unknown> {
  const tables = [
    'payment',
    'attempt',
    'operation',
    'audit',
    'outbox',
    'ledger_transaction',
    'payment_balance',
  ];
  const parts = await Promise.all(
    [...tables, 'refund_reservation', 'exception'].map((table) =>
      database.sql(
        `SELECT * FROM ${table} WHERE ${table === 'payment' ? 'id' : 'payment_id'} = $1 ORDER BY 1, 2`,
        [paymentId],
      ),
    ),
  );
  const postings = await database.sql(
    `SELECT p.* FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
     WHERE t.payment_id = $1 ORDER BY p.id`,
    [paymentId],
  );
  const requests = await database.sql('SELECT * FROM request WHERE subject_id = $1 ORDER BY id', [paymentId]);
  return { parts, postings, requests };
}

const record = (transition: Transition) => recordTransition(database.db, transition, {});

describe('writing a refund that was made at the provider', () => {
  it('tells the merchant of it, with all that was given back by then, whoever knew of it', async () => {
    const payment = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    await database.sql(
      `UPDATE payment_balance SET refund_reserved_minor = 200, refunded_minor = 200, charged_back_minor = 100
       WHERE payment_id = $1`,
      [payment.id],
    );
    const refund = { providerReference: `re_${payment.id}`, amountMinor: 300 };
    const decision = decideExternalRefund(payment, payment.attempts[0]?.id ?? '', refund);
    if (decision === undefined) throw new Error('nothing was decided');
    const step = transitionOf(payment, decision, { type: 'external_refund', actor: 'test' }, Date.now());
    expect(await record(step)).toEqual({ type: 'recorded', refundedMinor: 500 });
    const [event] = await database.sql(
      `SELECT type, event_sequence, payload->'amountRefundedMinor' AS refunded,
         payload->'amountChargedBackMinor' AS charged_back FROM outbox
       WHERE payment_id = $1 ORDER BY event_sequence DESC LIMIT 1`,
      [payment.id],
    );
    const told = { type: 'payment.refunded_externally', refunded: 500, charged_back: 100 };
    expect(event).toEqual({ ...told, event_sequence: 2 });
  });
});

describe('writing a step', () => {
  it('twice with the same content answers that it stands there already, and writes nothing', async () => {
    const transition = stepAfter(await plan(database.db), captured());
    expect(await record(transition)).toMatchObject({ type: 'recorded' });
    const before = await stored(transition.paymentId);
    // As the second execution gets it: through JSON, from the workflow's history.
    const again = JSON.parse(JSON.stringify(transition)) as Transition;
    expect(await record(again)).toEqual({ type: 'already_recorded' });
    expect(await stored(transition.paymentId)).toEqual(before);
  });

  it('still answers so when later steps have been written', async () => {
    const payment = await plan(database.db, draft({ captureMethod: 'manual' }));
    const first = stepAfter(payment, { type: 'unknown', cause: 'timeout' });
    await record(first);
    await record(stepAfter(first.payment, authorized()));
    expect(await record(first)).toEqual({ type: 'already_recorded' });
  });

  it('with other content under the same number answers that the caller is behind', async () => {
    const payment = await plan(database.db);
    await record(stepAfter(payment, captured()));
    const before = await stored(payment.id);
    const other = stepAfter(payment, { type: 'unknown', cause: 'timeout' });
    expect(await record(other)).toEqual({ type: 'behind' });
    const late = stepAfter(payment, captured(), Date.now() + 5);
    expect(await record(late)).toEqual({ type: 'behind' });
    expect(await stored(payment.id)).toEqual(before);
  });

  it('ahead of its turn, or of a payment that is not there, answers that the caller is behind', async () => {
    const payment = await plan(database.db);
    const ahead = stepAfter({ ...payment, sequence: payment.sequence + 1 }, captured());
    expect(await record(ahead)).toEqual({ type: 'behind' });
    expect(await record(stepAfter(draftWithAttempt(), captured()))).toEqual({ type: 'behind' });
    await expectAuditChain(database, payment.id);
  });

  it('of an older generation answers that it is superseded, and writes nothing', async () => {
    const payment = await plan(database.db);
    expect(await bumpGeneration(database.db, payment.id, 1)).toBe(true);
    const before = await stored(payment.id);
    expect(await record(stepAfter(payment, captured()))).toEqual({ type: 'superseded', generation: 2 });
    expect(await stored(payment.id)).toEqual(before);
    const current = await loadPayment(database.db, payment.id);
    expect(current?.generation).toBe(2);
    expect(await record(stepAfter(current as Payment, captured()))).toEqual({
      type: 'recorded',
      refundedMinor: 0,
    });
    // Even what the older generation did write first is no longer its own to go on from.
    expect(await record(stepAfter(payment, captured()))).toEqual({ type: 'superseded', generation: 2 });
  });

  it('by thirty writers at once is written once', async () => {
    const payment = await plan(database.db);
    const transition = stepAfter(payment, captured());
    const other = stepAfter(payment, { type: 'unknown', cause: 'timeout' });
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) => record(index % 2 === 0 ? transition : other)),
    );
    expect(results.filter((each) => each.type === 'recorded')).toHaveLength(1);
    expect(results.every((each) => each.type !== 'superseded')).toBe(true);
    const audit = await expectAuditChain(database, payment.id);
    expect(audit).toHaveLength(2);
  });
});

describe('bumping a generation', () => {
  it('is won by one of many, and takes the unresolved permits along', async () => {
    const payment = await plan(database.db);
    const won = await Promise.all(
      Array.from({ length: 20 }, () => bumpGeneration(database.db, payment.id, 1)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    const rows = await database.sql<{ generation: number }>(
      'SELECT generation FROM operation WHERE payment_id = $1',
      [payment.id],
    );
    expect(rows).toEqual([{ generation: 2 }]);
  });
});

describe('a step whose one part fails', () => {
  const decision = async () => stepAfter(await plan(database.db), captured());

  it.each([
    ['an event', (t: Transition) => ({ ...t, events: [...t.events, ...t.events] })],
    [
      'a reservation above what was captured',
      (t: Transition) => ({ ...t, reservations: [{ subjectId: 'op_x', amountMinor: 1_001 }] }),
    ],
    ['a posting of nothing', (t: Transition) => ({ ...t, ledger: unbalanced(t, 0) })],
    ['postings that do not balance', (t: Transition) => ({ ...t, ledger: unbalanced(t, 999) })],
    [
      'an amount above what was authorized',
      (t: Transition) => ({ ...t, payment: { ...t.payment, amountCapturedMinor: 2_000 } }),
    ],
    [
      'an edge of an operation',
      (t: Transition) => ({
        ...t,
        operations: t.operations.map((each) => ({ ...each, status: 'lost' as never })),
      }),
    ],
  ])('writes nothing at all: %s', async (_what, spoil) => {
    const transition = await decision();
    const before = await stored(transition.paymentId);
    await expect(record(spoil(transition))).rejects.toThrow();
    expect(await stored(transition.paymentId)).toEqual(before);
    expect(await record(transition)).toMatchObject({ type: 'recorded' });
  });
});

describe('the answers of requests', () => {
  it('are given once, by the step that ends processing, and never changed', async () => {
    const payment = await plan(database.db, draft({ captureMethod: 'manual' }));
    const answers = () =>
      database.sql<{ status: string | null }>(
        `SELECT answer->'payment'->>'status' AS status FROM request WHERE subject_id = $1 ORDER BY created_at`,
        [payment.id],
      );
    expect(await answers()).toEqual([{ status: null }]);
    const unknown = await mustRecord(database.db, stepAfter(payment, { type: 'unknown', cause: 'timeout' }));
    expect(await answers()).toEqual([{ status: null }]);
    const held = await mustRecord(database.db, stepAfter(unknown, authorized()));
    expect(await answers()).toEqual([{ status: 'requires_capture' }]);
    const request = { ...requestOf(held), id: 'req_capture', path: 'POST /capture' };
    const order = { cause: request.id, finalCapture: true };
    const ruling = decideCaptureCommand(held, order, Date.now());
    if (ruling.type !== 'decided') throw new Error(`not decided: ${JSON.stringify(ruling)}`);
    const asked = transitionOf(held, ruling.decision, { type: 'capture', actor: 'test' }, Date.now());
    await recordTransition(database.db, asked, { request });
    expect(await answers()).toEqual([{ status: 'requires_capture' }, { status: null }]);
    await mustRecord(database.db, stepAfter(asked.payment, captured()));
    expect(await answers()).toEqual([{ status: 'requires_capture' }, { status: 'succeeded' }]);
  });
});

describe('the audit chain', () => {
  it('verifies, and any row that was edited, removed or swapped breaks it', async () => {
    const tampered = await openTestDatabase();
    try {
      const payment = await plan(tampered.db, draft({ captureMethod: 'manual' }));
      const unknown = await mustRecord(
        tampered.db,
        stepAfter(payment, { type: 'unknown', cause: 'timeout' }),
      );
      await mustRecord(tampered.db, stepAfter(unknown, authorized()));
      await expectAuditChain(tampered, payment.id);
      // What only somebody with the superuser's rights can do, who turns the triggers off.
      const attempt = async (statement: string) => {
        await tampered.sql(
          `BEGIN; ALTER TABLE audit DISABLE TRIGGER ALL; CREATE TABLE kept AS TABLE audit; ${statement}; COMMIT`,
        );
        await expect(expectAuditChain(tampered, payment.id)).rejects.toThrow();
        await tampered.sql('BEGIN; DELETE FROM audit; INSERT INTO audit TABLE kept; DROP TABLE kept; COMMIT');
        await expectAuditChain(tampered, payment.id);
      };
      for (const sequence of [1, 2, 3]) {
        await attempt(`UPDATE audit SET content_digest = md5('x') WHERE sequence = ${sequence}`);
        await attempt(`UPDATE audit SET previous_hash = md5('x') WHERE sequence = ${sequence}`);
        await attempt(`UPDATE audit SET hash = md5('x') WHERE sequence = ${sequence}`);
        await attempt(`DELETE FROM audit WHERE sequence = ${sequence}`);
      }
      await attempt(
        `UPDATE audit SET sequence = 5 - sequence WHERE sequence IN (2, 3) AND true
        AND set_config('attack.unused', '', true) IS NOT NULL`.replace('5 - sequence', 'sequence + 10'),
      );
    } finally {
      await tampered.close();
    }
  });
});

function unbalanced(transition: Transition, amountMinor: number): Transition['ledger'] {
  return transition.ledger.map((entry) => ({
    ...entry,
    postings: entry.postings.map((posting, index) => (index === 0 ? { ...posting, amountMinor } : posting)),
  }));
}

/** A payment in memory only, with one attempt. */
function draftWithAttempt(): Payment {
  const payment = draft({ route: [step('stripe')] });
  return {
    ...payment,
    sequence: 1,
    attempts: [
      {
        id: 'att_nobody_1',
        number: 1,
        accountId: 'pa_demo_stripe',
        provider: 'stripe',
        connectorVersion: connectorVersionOf('stripe'),
        status: 'created',
        authorizedMinor: 0,
        capturedMinor: 0,
        refundedMinor: 0,
        watched: false,
        undoing: false,
        operations: [
          {
            id: 'op_nobody_1_sale_1',
            kind: 'sale',
            number: 1,
            cause: 'first',
            status: 'created',
            amountMinor: 1_000,
            finalCapture: true,
            closed: false,
            claimed: false,
          },
        ],
      },
    ],
  };
}
