/**
 * Records what payments do because a routing policy says so: a review before anything is sent, a later try, a card whose
 * network allows none. Files of their own among those in workflows/payment/histories/ (`-by-policy` and
 * `released-by-operator`); nothing else is replaced. Run by
 * `npx vitest run --config test/replay/record.config.ts record-policies`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { consentedCard, promotePolicy } from '../support/policies.ts';
import { insist } from './insist.ts';
import {
  type Body,
  command,
  done,
  generationOf,
  keep,
  operate,
  PATIENCE,
  pay,
  reached,
  type Studio,
  studio,
  usd,
  waiting,
} from './studio.ts';

const INSUFFICIENT_FUNDS = '4000000000009995';

const sent = ({ system }: Studio, body: Body) => insist((key) => system.pay(body, { key }));

describe('a payment that is held for a review', () => {
  const at = studio({});
  beforeAll(() =>
    promotePolicy(
      at.system,
      `
requirements: [{ name: very large, when: amount > 90000, require: review }]
otherwise: { choose: { order: [stripe, adyen] } }`,
    ),
  );

  it('waits, is released, or is given up', async () => {
    const held = await pay(at, usd(95_000));
    await keep(at, 'waiting-requires-review-by-policy', held, waiting('requires_review'));
    await operate(at, `payments/${held}/release`);
    await keep(at, 'succeeded-released-by-operator', held, done('succeeded'));
    const unconfirmed = await pay(at, usd(95_001, { confirm: false }));
    await command(at, unconfirmed, 'confirm');
    await command(at, unconfirmed, 'void');
    await keep(at, 'canceled-while-held-by-policy', unconfirmed, done('canceled'));
  });
});

describe('a later try', () => {
  const at = studio({ countTestDeclines: true });
  const later = (order: string, times: string) =>
    promotePolicy(
      at.system,
      `
otherwise: { choose: { order: [${order}] } }
retries: { later: [${times}] }`,
    );
  const declined = async () =>
    sent(
      at,
      usd(700, { payment_method: await consentedCard(at.system, INSUFFICIENT_FUNDS), off_session: true }),
    );
  const waits = (id: string) =>
    waitFor(async () => (await at.system.request('GET', `/v1/payments/${id}`)).body.next_retry_at !== null, {
      ...PATIENCE,
      what: `${id} to wait for its next try`,
    });

  it('is waited for, hurried, canceled, and made by a later generation', async () => {
    await later('stripe', '5h');
    const [hurried, canceled, orphan] = [await declined(), await declined(), await declined()];
    for (const id of [hurried, canceled, orphan]) await waits(id);
    await keep(at, 'waiting-processing-retry-by-policy', hurried, waiting('processing'));
    await command(at, canceled, 'void');
    await keep(at, 'canceled-before-its-retry-by-policy', canceled, done('canceled'));
    await at.client.workflow.getHandle(paymentWorkflowId(orphan, 1)).terminate('a recording');
    await later('adyen', '5h');
    await operate(at, `payments/${hurried}/retry`);
    await reached(at, hurried, 'succeeded');
    await keep(at, 'succeeded-retried-at-once-by-operator', hurried, done('succeeded'));
    await operate(at, `payments/${orphan}/retry`);
    await reached(at, orphan, 'succeeded');
    const generation = await generationOf(at, orphan);
    expect(generation).toBeGreaterThan(1);
    await keep(at, 'succeeded-retried-in-a-later-generation-by-operator', orphan, {
      ...done('succeeded'),
      generation,
    });
  });

  it('fails when it was the last, or where the card’s network allows none', async () => {
    await later('stripe', '5m, 10m');
    const failed = await declined();
    await keep(at, 'failed-retried-by-policy', failed, done('failed'));
    await at.system.sql(
      `INSERT INTO card_decline (attempt_id, payment_id, mode, fingerprint, amount_minor, currency, merchant_initiated)
       SELECT 'att_' || n, 'pay_other', m.mode, m.fingerprint, 700, 'USD', true
       FROM generate_series(1, 20) n, payment p JOIN payment_method m ON m.id = p.payment_method_id WHERE p.id = $1`,
      [failed],
    );
    await keep(at, 'failed-budget-used-up-by-policy', await declined(), done('failed'));
  });
});
