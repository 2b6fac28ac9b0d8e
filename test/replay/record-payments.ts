/**
 * Makes a payment for every state and stores its history in workflows/payment/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-payments`; the README there says when.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import {
  ADDITIONS,
  ADYEN_CARD,
  clearHistories,
  closed,
  command,
  done,
  eur,
  generationOf,
  keep,
  PATIENCE,
  pay,
  reached,
  STRIPE_CARD,
  studio,
  usd,
  waiting,
} from './studio.ts';

const HELD = { capture_method: 'manual' };
const LATER = { confirm: false };

beforeAll(() => clearHistories('payment', ADDITIONS));

describe('ordinary ends', () => {
  const at = studio({});

  it('succeeded', async () => {
    await keep(at, 'succeeded-by-sale', await pay(at, usd(1250)), done('succeeded'));
    await keep(
      at,
      'succeeded-by-authorize-then-capture',
      await pay(at, eur(1250), ADYEN_CARD),
      done('succeeded'),
    );
    const later = (await at.system.pay({ ...usd(1300, LATER), payment_method: await at.system.card() })).body
      .id;
    await command(at, later, 'confirm');
    await keep(at, 'succeeded-after-confirm', later, done('succeeded'));
    const partly = await pay(at, usd(5000, HELD));
    await command(at, partly, 'capture', { amount: 1500, final_capture: false });
    await keep(at, 'waiting-partially-captured', partly, waiting('partially_captured'));
    await command(at, partly, 'capture');
    await keep(at, 'succeeded-by-two-captures', partly, done('succeeded'));
    const over = await pay(at, usd(1100), '4000000000000119');
    await keep(at, 'succeeded-after-failover', over, done('succeeded'));
    const lost = await pay(at, usd(4400), STRIPE_CARD, 'SANDBOX reset_after_commit');
    await keep(at, 'succeeded-after-unknown-by-lookup', lost, done('succeeded'));
    const resent = await pay(at, eur(4500), ADYEN_CARD, 'SANDBOX reset_after_commit');
    await keep(at, 'succeeded-after-unknown-by-resend', resent, done('succeeded'));
  });

  it('failed', async () => {
    await keep(at, 'failed-by-decline', await pay(at, usd(900), '4000000000009995'), done('failed'));
    const both = await pay(at, usd(901), '4000000000000119', 'DECLINED');
    await keep(at, 'failed-after-failover', both, done('failed'));
    await at.system.sql('UPDATE provider_account SET enabled = false');
    const nowhere = await pay(at, usd(903)).finally(() =>
      at.system.sql('UPDATE provider_account SET enabled = true'),
    );
    await keep(at, 'failed-no-route', nowhere, done('failed'));
  });

  it('canceled', async () => {
    const held = await pay(at, usd(700, HELD));
    await keep(at, 'waiting-requires-capture', held, waiting('requires_capture'));
    await command(at, held, 'void');
    await keep(at, 'canceled-by-void', held, done('canceled'));
    const pending = await pay(at, eur(701, HELD), ADYEN_CARD);
    await command(at, pending, 'void');
    await keep(at, 'canceled-by-void-settled-by-webhook', pending, done('canceled'));
    const early = (await at.system.pay({ ...usd(702, LATER), payment_method: await at.system.card() })).body
      .id;
    await keep(at, 'waiting-requires-confirmation', early, waiting('requires_confirmation'));
    await command(at, early, 'void');
    await keep(at, 'canceled-before-confirmation', early, done('canceled'));
    const bare = (await at.system.pay(usd(703, LATER))).body.id;
    await keep(at, 'waiting-requires-payment-method', bare, waiting('requires_payment_method'));
  });

  it('late success, in a later generation', async () => {
    for (const [provider, body, number, holder, way] of [
      ['stripe', usd(904), '4000000000009995', undefined, 'refund'],
      ['adyen', eur(904), ADYEN_CARD, 'DECLINED', 'void'],
    ] as const) {
      const id = await pay(at, body, number, holder);
      await closed(at, paymentWorkflowId(id, 1));
      const reference = `att_${id.slice(4)}_1`;
      await at.system.admin(provider, 'POST', `/payments/${reference}/late-success`, {});
      await waitFor(
        async () =>
          (
            await at.system.sql(
              `SELECT 1 FROM attempt WHERE payment_id = $1 AND undoing AND status IN ('voided', 'refunded')`,
              [id],
            )
          ).length > 0,
        { ...PATIENCE, what: 'the late success to be undone' },
      );
      // The second, or a later one where the provider's search did not show it at once.
      const generation = await generationOf(at, id);
      expect(generation).toBeGreaterThan(1);
      await keep(at, `failed-late-success-undone-by-${way}`, id, { ...done('failed'), generation });
    }
  });

  // Last: it opens Stripe's circuit.
  it('processing', async () => {
    const unknown = await pay(at, usd(5500), STRIPE_CARD, 'SANDBOX status 503 always');
    await waitFor(
      async () =>
        (await at.system.sql(`SELECT 1 FROM operation WHERE payment_id = $1 AND sends >= 3`, [unknown]))
          .length > 0,
      { ...PATIENCE, what: 'the resolver to have asked' },
    );
    await keep(at, 'waiting-processing-unknown', unknown, waiting('processing'));
    await at.system.admin('adyen', 'POST', '/webhooks', { mode: 'hold' });
    try {
      const pending = await pay(at, eur(5600), ADYEN_CARD);
      await keep(at, 'waiting-processing-capture-pending', pending, waiting('processing'));
    } finally {
      await at.system.admin('adyen', 'POST', '/webhooks', { mode: 'normal' });
      await at.system.admin('adyen', 'POST', '/webhooks/release', {});
    }
  });
});

describe('ends that take days, scaled', () => {
  const at = studio({ timeScale: 0.000_01, completeByMs: 2_000 });

  it('expired', async () => {
    const held = await pay(at, usd(800, HELD));
    const partly = await pay(at, usd(810, HELD));
    await command(at, partly, 'capture', { amount: 10, final_capture: false });
    await keep(at, 'expired', held, done('expired'));
    await keep(at, 'succeeded-when-the-rest-lapsed', partly, done('succeeded'));
  });

  it('canceled too late', async () => {
    const absent = await pay(at, eur(820), ADYEN_CARD, 'SANDBOX status 503 always');
    await keep(at, 'canceled-unknown-voided-by-reference', absent, done('canceled'));
    const early = (await at.system.pay({ ...usd(821, LATER), payment_method: await at.system.card() })).body
      .id;
    await keep(at, 'canceled-not-confirmed-in-time', early, done('canceled'));
  });

  it('requires review', async () => {
    await at.system.fault('stripe', { operation: 'any', mode: 'status', status: 503 });
    const parked = await pay(at, usd(830));
    await reached(at, parked, 'requires_review');
    await keep(at, 'waiting-requires-review', parked, waiting('requires_review'));
  });
});

describe('without a worker for too long', () => {
  const at = studio({ worker: false, completeByMs: 700, apiWaitMs: 500 });

  it('canceled unsent', async () => {
    const startedMs = Date.now();
    const id = await pay(at, usd(840));
    await waitFor(() => Date.now() > startedMs + 1_500, { what: 'complete_by to pass' });
    await at.system.startWorker();
    await keep(at, 'canceled-too-late-unsent', id, done('canceled'));
  });
});
