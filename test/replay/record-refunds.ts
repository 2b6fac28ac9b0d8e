/**
 * Makes a refund for every state and stores its history in workflows/refund/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-refunds`; the README there says when.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { refundIdFor } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey } from '../support/system.ts';
import {
  clearHistories,
  done,
  generationOf,
  keep,
  operate,
  PATIENCE,
  paid,
  refundOutside,
  resolve,
  type Studio,
  studio,
  waiting,
} from './studio.ts';

const REFUND_PENDING_CARD = '4000000000007726';
const REFUND_FAILS_CARD = '4000000000005126';

beforeAll(() => clearHistories('refund'));

/** Asks for a refund and gives its id, whatever the answer is: the id follows from payment and key. */
async function refund({ system }: Studio, paymentId: string, amount = 400): Promise<string> {
  const key = freshKey();
  const headers = { prefer: 'wait=2' };
  const body = { amount, reason: 'requested_by_customer', metadata: { case: '7' } };
  await system.request('POST', `/v1/payments/${paymentId}/refunds`, { key, headers, body });
  return refundIdFor(paymentId, key);
}

async function cancel({ system }: Studio, id: string): Promise<void> {
  const answer = await system.request('POST', `/v1/refunds/${id}/cancel`, { key: freshKey(), body: {} });
  if (answer.status >= 300) throw new Error(`cancel: ${JSON.stringify(answer.body)}`);
}

async function operationsOf({ system }: Studio, id: string): Promise<readonly { status: string }[]> {
  return system.sql('SELECT status, sends FROM operation WHERE owner_id = $1 ORDER BY number', [id]);
}

const hasTried = (at: Studio, id: string, status: string) =>
  waitFor(async () => (await operationsOf(at, id)).some((each) => each.status === status), {
    ...PATIENCE,
    what: `an operation of ${id} to be ${status}`,
  });

/** A refund that a person must make, because its provider can't. */
async function manual(at: Studio): Promise<string> {
  const id = await paid(at, 'USD');
  await at.system.sql(`UPDATE payment SET route = jsonb_set(route, '{0,canRefund}', 'false') WHERE id = $1`, [
    id,
  ]);
  return refund(at, id);
}

describe('ordinary ends', () => {
  const at = studio({});

  it('succeeded', async () => {
    const once = await refund(at, await paid(at, 'USD'));
    await keep(at, 'succeeded-at-once', once, done('succeeded'));
    const told = await refund(at, await paid(at, 'EUR'));
    await keep(at, 'succeeded-by-webhook', told, done('succeeded'));
    const later = await refund(at, await paid(at, 'USD', undefined, REFUND_PENDING_CARD));
    await keep(at, 'succeeded-after-pending', later, done('succeeded'));
  });

  it('succeeded after its answer was lost', async () => {
    const lost = await refund(at, await paid(at, 'USD', 'SANDBOX reset_after_commit on refund'));
    await keep(at, 'succeeded-after-unknown-by-lookup', lost, done('succeeded'));
    const resent = await refund(at, await paid(at, 'EUR', 'SANDBOX reset_after_commit on refund'));
    await keep(at, 'succeeded-after-unknown-by-resend', resent, done('succeeded'));
  });

  it('succeeded or canceled after it could not be sent', async () => {
    const [kept, dropped] = [await paid(at, 'USD'), await paid(at, 'USD')];
    await at.system.fault('stripe', { mode: 'refuse' });
    const retried = await refund(at, kept);
    await hasTried(at, retried, 'not_attempted');
    const canceled = await refund(at, dropped);
    await hasTried(at, canceled, 'not_attempted');
    // While a try is under way nothing can be called back; between two of them it can.
    await waitFor(
      () =>
        cancel(at, canceled).then(
          () => true,
          () => false,
        ),
      { ...PATIENCE, what: 'the refund to be canceled' },
    );
    await at.system.clearFaults();
    await keep(at, 'succeeded-after-not-attempted', retried, done('succeeded'));
    await keep(at, 'canceled-after-not-attempted', canceled, done('canceled'));
  });

  it('failed, because the provider refused it', async () => {
    const id = await paid(at, 'USD');
    await at.system.admin('stripe', 'POST', '/webhooks', { mode: 'hold' });
    try {
      await refundOutside(at, id);
      const failed = await refund(at, id);
      await keep(at, 'failed-refused-by-provider', failed, done('failed'));
    } finally {
      await at.system.admin('stripe', 'POST', '/webhooks', { mode: 'normal' });
      await at.system.admin('stripe', 'POST', '/webhooks/release', {});
    }
  });

  it('requires review, of a provider that cannot refund', async () => {
    const id = await manual(at);
    await keep(at, 'waiting-requires-review-manual', id, waiting('requires_review'));
    await cancel(at, id);
    await keep(at, 'canceled-manual', id, done('canceled'));
  });

  it('requires review, in a later generation, when the provider took it back', async () => {
    const id = await refund(at, await paid(at, 'USD', undefined, REFUND_FAILS_CARD));
    await waitFor(
      async () =>
        (await at.system.request('GET', `/v1/refunds/${id}`)).body.failure?.code === 'refund_reversed',
      { ...PATIENCE, what: 'the refund to be reversed' },
    );
    const generation = await generationOf(at, id);
    expect(generation).toBeGreaterThan(1);
    await keep(at, 'waiting-requires-review-reversed', id, { ...waiting('requires_review'), generation });
  });

  // Last: it opens Stripe's circuit.
  it('pending', async () => {
    const [first, second] = [await paid(at, 'USD'), await paid(at, 'EUR')];
    await at.system.fault('stripe', { mode: 'status', status: 503 });
    const unknown = await refund(at, first);
    await waitFor(
      async () =>
        (await at.system.sql('SELECT 1 FROM operation WHERE owner_id = $1 AND sends >= 3', [unknown]))
          .length > 0,
      { ...PATIENCE, what: 'the resolver to have asked' },
    );
    await keep(at, 'waiting-pending-unknown', unknown, waiting('pending'));
    await at.system.admin('adyen', 'POST', '/webhooks', { mode: 'hold' });
    try {
      const received = await refund(at, second);
      await hasTried(at, received, 'pending');
      await keep(at, 'waiting-pending-received', received, waiting('pending'));
    } finally {
      await at.system.admin('adyen', 'POST', '/webhooks', { mode: 'normal' });
      await at.system.admin('adyen', 'POST', '/webhooks/release', {});
    }
  });
});

describe('what operators do', () => {
  const at = studio({});

  it('resolves by two of them', async () => {
    const given = await manual(at);
    await resolve(at, `refunds/${given}`, { outcome: 'succeeded' });
    await keep(at, 'succeeded-resolved-by-operators', given, done('succeeded'));
    const dropped = await manual(at);
    await resolve(at, `refunds/${dropped}`, { outcome: 'not_executed' });
    await keep(at, 'failed-given-up-by-operators', dropped, done('failed'));
  });

  it('hurries and cancels', async () => {
    const [kept, dropped] = [await paid(at, 'USD'), await paid(at, 'USD')];
    await at.system.fault('stripe', { mode: 'refuse' });
    const hurried = await refund(at, kept);
    await hasTried(at, hurried, 'not_attempted');
    const canceled = await refund(at, dropped);
    await hasTried(at, canceled, 'not_attempted');
    await waitFor(() => operate(at, `refunds/${canceled}/cancel`).then(Boolean, () => false), {
      ...PATIENCE,
      what: 'the refund to be canceled',
    });
    await at.system.clearFaults();
    await operate(at, `refunds/${hurried}/retry`);
    await keep(at, 'canceled-by-operator', canceled, done('canceled'));
    await keep(at, 'succeeded-hurried-by-operator', hurried, done('succeeded'));
  });
});

describe('ends that take days, scaled', () => {
  const at = studio({ timeScale: 0.000_01 });

  it('requires review, because nobody could say', async () => {
    const id = await paid(at, 'USD');
    await at.system.fault('stripe', { operation: 'any', mode: 'status', status: 503 });
    const parked = await refund(at, id);
    await keep(at, 'waiting-requires-review-unknown', parked, waiting('requires_review'));
  });
});

describe('two at once, judged by no worker yet', () => {
  const at = studio({ worker: false, apiWaitMs: 500 });

  it('refused, because the other took what there was', async () => {
    const first = await at.system.startWorker();
    const id = await paid(at, 'USD');
    await first.stop();
    const both = await Promise.all([refund(at, id, 700), refund(at, id, 700)]);
    await at.system.startWorker();
    const [made] = await waitFor(
      async () => {
        const rows = await at.system.sql<{ id: string }>('SELECT id FROM refund WHERE payment_id = $1', [id]);
        return rows.length > 0 ? rows : undefined;
      },
      { ...PATIENCE, what: 'one of them to be made' },
    );
    const refused = both.find((each) => each !== made?.id) ?? '';
    await keep(at, 'refused-by-the-balance', refused, done('refused'));
  });
});
