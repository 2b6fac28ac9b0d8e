import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideCaptureCommand } from '../../domain/payment/commands.ts';
import { decideExternalRefund, decideOutcome } from '../../domain/payment/decide.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import { transitionOf } from '../../domain/payment/transition.ts';
import { draft, mustRecord, plan, step, stepAfter } from '../../test/attack/support/rows.ts';
import { mustRecordRefund, refunded, stepUpon } from '../refunds/test-support/rows.ts';
import { refreshBookings } from './index.ts';
import { ACCOUNT, type Day, openDay, startDay } from './test-support/day.ts';
import { charged, held, sale } from './test-support/payments.ts';

/** What is expected to be settled, from payments and refunds as their own steps record them. */
let day: Day;
beforeAll(async () => {
  day = await openDay({ fxRates: { EUR: '1.0825' } });
});
afterAll(() => day?.close());

interface Booked {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly amount_minor: string;
  readonly operation_reference: string | null;
  readonly provider_reference: string | null;
  readonly merchant_reference: string | null;
  readonly reversed: boolean;
}

async function bookingsOf(payment: Payment): Promise<readonly Booked[]> {
  const run = await startDay(day);
  await refreshBookings(day.pool, run);
  return day.database.sql<Booked & Record<string, unknown>>(
    'SELECT * FROM booking WHERE payment_id = $1 ORDER BY kind, id',
    [payment.id],
  );
}

async function then(payment: Payment, operationId: string, outcome: OperationOutcome): Promise<Payment> {
  const decision = decideOutcome(payment, operationId, outcome, Date.now());
  if (decision === undefined) throw new Error('nothing was decided');
  const trigger = { type: outcome.type, actor: 'test' };
  return mustRecord(day.database.db, transitionOf(payment, decision, trigger, Date.now()));
}

const attempt = (payment: Payment) => {
  const last = payment.attempts.at(-1);
  if (last === undefined) throw new Error('the payment has no attempt');
  return last;
};
const lastOf = (payment: Payment) => attempt(payment).operations.at(-1)?.id ?? '';

describe('a sale', () => {
  it('that was captured is one expected capture, called as its attempt', async () => {
    const payment = await sale(day, charged('pi_sale'));
    expect(await bookingsOf(payment)).toMatchObject([
      {
        id: attempt(payment).id,
        kind: 'capture',
        status: 'expected',
        amount_minor: '1000',
        provider_reference: 'pi_sale',
        operation_reference: null,
        merchant_reference: attempt(payment).id,
      },
    ]);
  });

  it.each<[string, OperationOutcome, string]>([
    ['whose outcome is unknown', { type: 'unknown', cause: 'timeout' }, 'unknown'],
    [
      'that was declined',
      { type: 'declined', decline: { reason: 'do_not_honor', providerCode: 'x', message: 'no' } },
      'declined',
    ],
    [
      'that was refused before it was executed',
      { type: 'rejected', code: 'invalid', message: 'no' },
      'declined',
    ],
    [
      'that is confirmed absent: a line would prove more',
      { type: 'not_attempted', proof: 'not_found_confirmed' },
      'unknown',
    ],
    ['that was undone, proven', { type: 'voided' }, 'void'],
  ])('%s is a booking that no money is expected of', async (_what, outcome, status) => {
    const payment = await sale(day, outcome);
    expect(await bookingsOf(payment)).toMatchObject([{ kind: 'capture', status, amount_minor: '1000' }]);
  });

  it('becomes expected when the late success is recorded, and its undoing is a refund', async () => {
    const payment = await sale(day, { type: 'not_attempted', proof: 'not_found_confirmed' });
    await bookingsOf(payment);
    const late = await then(payment, lastOf(payment), charged('pi_late'));
    const undone = await then(late, lastOf(late), {
      type: 'refunded',
      providerReference: 're_undo',
      amountMinor: 1_000,
    });
    expect(await bookingsOf(undone)).toMatchObject([
      { kind: 'capture', status: 'expected', provider_reference: 'pi_late' },
      { kind: 'refund', status: 'expected', operation_reference: 're_undo', amount_minor: '1000' },
    ]);
  });
});

describe('captures of their own', () => {
  const authorized = async (name: string) => {
    const route = [step('stripe')];
    const payment = await plan(day.database.db, draft({ captureMethod: 'manual', route }));
    return mustRecord(day.database.db, stepAfter(payment, held(name)));
  };
  const capture = async (payment: Payment, cause: string, amountMinor: number) => {
    const order = { cause, amountMinor, finalCapture: false };
    const ruling = decideCaptureCommand(payment, order, Date.now());
    if (ruling.type !== 'decided') throw new Error(`not decided: ${JSON.stringify(ruling)}`);
    const trigger = { type: 'capture', actor: 'test' };
    return mustRecord(day.database.db, transitionOf(payment, ruling.decision, trigger, Date.now()));
  };

  it('are each a booking, and stand for their authorization', async () => {
    const payment = await authorized('pi_split');
    expect(await bookingsOf(payment)).toMatchObject([{ id: attempt(payment).id, status: 'unknown' }]);
    const first = await capture(payment, 'req_1', 400);
    const one = await then(first, lastOf(first), charged('pi_split', 400));
    const second = await capture(one, 'req_2', 600);
    const both = await then(second, lastOf(second), charged('cap_2', 600));
    const [whole, ...captures] = await bookingsOf(both);
    expect(whole).toMatchObject({ id: attempt(payment).id, status: 'replaced' });
    expect(captures).toMatchObject([
      { status: 'expected', amount_minor: '400', operation_reference: null, merchant_reference: lastOf(one) },
      { status: 'expected', amount_minor: '600', operation_reference: 'cap_2' },
    ]);
  });

  it('that were refused and made all the same are what was captured', async () => {
    const payment = await authorized('pi_after_all');
    const asked = await capture(payment, 'req_1', 1_000);
    const refused = await then(asked, lastOf(asked), { type: 'rejected', code: 'no', message: 'no' });
    expect((await bookingsOf(refused)).map(({ status }) => status)).toEqual(['replaced', 'declined']);
    const made = await then(refused, lastOf(refused), charged('cap_after_all'));
    expect(await bookingsOf(made)).toMatchObject([
      { id: attempt(payment).id, status: 'replaced' },
      { status: 'expected', amount_minor: '1000', operation_reference: 'cap_after_all' },
    ]);
  });

  it('that are unknown are no money yet', async () => {
    const payment = await authorized('pi_unknown');
    const asked = await capture(payment, 'req_1', 400);
    const lost = await then(asked, lastOf(asked), { type: 'unknown', cause: 'timeout' });
    expect((await bookingsOf(lost)).map(({ status }) => status)).toEqual(['replaced', 'unknown']);
  });
});

describe('a refund', () => {
  const refund = async (name: string) => {
    const payment = await sale(day, charged(name));
    return { payment, refund: await refunded(day.database, payment, { amountMinor: 300 }) };
  };
  const record = (transition: ReturnType<typeof stepUpon>) => mustRecordRefund(day.database, transition);
  const made = (providerReference: string): OperationOutcome => ({
    type: 'refunded',
    providerReference,
    amountMinor: 300,
  });

  it('is unknown while it is asked for, expected when it was made, and still so when it was taken back', async () => {
    const { payment, refund: asked } = await refund('pi_refunded');
    expect((await bookingsOf(payment))[1]).toMatchObject({ kind: 'refund', status: 'unknown' });
    const done = await record(stepUpon(asked, made('re_1')));
    expect((await bookingsOf(payment))[1]).toMatchObject({
      status: 'expected',
      operation_reference: 're_1',
      provider_reference: 'pi_refunded',
      amount_minor: '300',
      reversed: false,
    });
    const decline = { reason: 'processing_error' as const, providerCode: 'x', message: 'no' };
    await record(stepUpon(done, { type: 'declined', decline }));
    expect((await bookingsOf(payment))[1]).toMatchObject({ status: 'expected', reversed: true });
  });

  it('that was refused is not expected', async () => {
    const { payment, refund: asked } = await refund('pi_refused');
    await record(stepUpon(asked, { type: 'rejected', code: 'charged_back', message: 'no' }));
    expect((await bookingsOf(payment))[1]).toMatchObject({ kind: 'refund', status: 'declined' });
  });

  it('that somebody made at the provider is expected under its own name', async () => {
    const payment = await sale(day, charged('pi_outside'));
    const decision = decideExternalRefund(payment, attempt(payment).id, {
      providerReference: 're_outside',
      amountMinor: 250,
    });
    if (decision === undefined) throw new Error('nothing was decided');
    const trigger = { type: 'news', actor: 'test' };
    await mustRecord(day.database.db, transitionOf(payment, decision, trigger, Date.now()));
    expect((await bookingsOf(payment))[1]).toMatchObject({
      kind: 'refund',
      status: 'expected',
      operation_reference: 're_outside',
      amount_minor: '250',
    });
  });
});

describe('a refresh', () => {
  it('writes nothing when it is run again, and only what changed on the next day', async () => {
    const payment = await sale(day, { type: 'unknown', cause: 'timeout' });
    const run = await startDay(day);
    await refreshBookings(day.pool, run);
    expect(await refreshBookings(day.pool, run)).toEqual({ changed: 0 });
    const next = await startDay(day, '2026-11-21');
    expect(await refreshBookings(day.pool, next)).toEqual({ changed: 0 });
    await then(payment, lastOf(payment), charged('pi_resolved'));
    expect(await refreshBookings(day.pool, next)).toEqual({ changed: 1 });
  });

  it('keeps other accounts’ bookings to their own days', async () => {
    const rows = await day.database.sql<{ account_id: string }>('SELECT DISTINCT account_id FROM booking');
    expect(rows).toEqual([{ account_id: ACCOUNT }]);
  });
});
