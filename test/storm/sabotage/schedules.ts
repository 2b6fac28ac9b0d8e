import { WorkflowNotFoundError } from '@temporalio/client';
import { freezeAfterClaim } from '../nemesis/freezes.ts';
import { killAtPoint } from '../nemesis/kills.ts';
import { reset, terminate } from '../nemesis/resets.ts';
import { forgeWebhooks } from '../nemesis/webhooks.ts';
import { WORKERS } from '../rig/rig.ts';
import type { Schedule } from './sabotage.ts';
import type { Stage } from './stage.ts';

/** Directed schedules: each leads a build into the one situation that tells a sound one from a broken one. */

/** A provider's day is less than nine seconds, so that a key can be outlived. */
const SHORT_DAYS = { timeScale: 0.0001 };
const STRIPE_KEY_LIVES_MS = 86_400_000 * SHORT_DAYS.timeScale;
const DOLLARS = { currency: 'USD' } as const;
const EUROS = { currency: 'EUR' } as const;

const workflowOf = (paymentId: string, generation = 1) => `payment/${paymentId}/g${generation}`;

async function workflowStatus(stage: Stage, paymentId: string): Promise<string> {
  try {
    const { status } = await stage.rig.temporal.workflow.getHandle(workflowOf(paymentId)).describe();
    return status.name;
  } catch (error) {
    // A request that found no worker may have come to nothing.
    if (error instanceof WorkflowNotFoundError) return 'NONE';
    throw error;
  }
}

/** Everything went well, everywhere. */
export const FAIR_DAY: Schedule = {
  name: 'fair day',
  what: 'sales at both providers, a capture and a void; nothing goes wrong',
  pace: {},
  async run(stage) {
    await stage.pay(3, DOLLARS);
    await stage.pay(2, EUROS);
    const held = await stage.pay(2, { ...DOLLARS, capture_method: 'manual' });
    await stage.mustSee('two authorizations', () => stage.are(held, 'requires_capture'));
    await stage.post(`/v1/payments/${held[0]}/capture`, {});
    await stage.post(`/v1/payments/${held[1]}/void`, {});
  },
};

/** Executed, unanswered, and no look-up for a while: only a resend under the same key can tell. */
export const LOST_ANSWERS: Schedule = {
  name: 'lost answers',
  what: 'Stripe executes four charges and resets the connections; look-ups fail, webhooks are lost',
  pace: {},
  async run(stage) {
    await stage.rig.admin('stripe', 'POST', '/webhooks', { mode: 'drop' });
    await stage.fault('stripe', { operation: 'lookup', mode: 'status' });
    const orders = await stage.prepare(4, DOLLARS);
    await stage.faultEach(orders, { operation: 'authorize', mode: 'reset_after_commit' });
    const ids = await stage.place(orders);
    await stage.mustSee('four charges', () => stage.effects('stripe', ids, 'captured').length >= 4);
    await stage.maySee(() => stage.are(ids, 'succeeded'), 4_000);
    await stage.clearFaults();
  },
};

/** Executed and unanswered until the key is dead; then somebody resets the workflows. */
export const RESET_AFTER_KEY_EXPIRED: Schedule = {
  name: 'reset after the key expired',
  what: 'three charges hang at Stripe and nothing can be asked; their keys expire; their workflows are reset',
  pace: SHORT_DAYS,
  async run(stage) {
    await stage.fault('stripe', { operation: 'lookup', mode: 'status' });
    const orders = await stage.prepare(3, DOLLARS);
    await stage.faultEach(orders, { operation: 'authorize', mode: 'hang_after_commit' });
    await stage.fault('stripe', { operation: 'authorize', mode: 'status' });
    const ids = await stage.place(orders);
    await stage.mustSee('three charges', () => stage.effects('stripe', ids, 'captured').length >= 3);
    const chargedAtMs = Date.now();
    await stage.maySee(() => Date.now() > chargedAtMs + STRIPE_KEY_LIVES_MS, 2 * STRIPE_KEY_LIVES_MS);
    for (const id of ids) await reset(stage.nemesis, workflowOf(id));
    await stage.clearFaults();
  },
};

/** The plan was made, the charge is under way; the workflow is reset when the route would be another. */
export const RESET_WITH_OTHER_HEALTH: Schedule = {
  name: 'reset with other health',
  what: "three charges are slow at Stripe; Stripe's circuit opens; their workflows are reset",
  pace: {},
  async run(stage) {
    const orders = await stage.prepare(3, DOLLARS);
    const ids = orders.map(({ id }) => id);
    await stage.faultEach(orders, { operation: 'authorize', mode: 'latency', latencyMs: 1_500 });
    const paying = stage.place(orders);
    await stage.mustSee('three arrivals', () => stage.arrivals('stripe', ids, 'authorize').length >= 3);
    await stage.rig.sql(
      `INSERT INTO circuit (account_id, state, consecutive_failures, opened_at, probe_after)
       VALUES ('pa_demo_stripe', 'open', 9, clock_timestamp(), clock_timestamp() + interval '1 hour')
       ON CONFLICT (account_id) DO UPDATE SET state = 'open', probe_after = excluded.probe_after`,
    );
    for (const id of ids) await reset(stage.nemesis, workflowOf(id));
    await paying;
    await stage.maySee(() => stage.are(ids, 'succeeded'), 6_000);
    await stage.rig.sql('DELETE FROM circuit');
  },
};

/** Executed and unanswered; the resend is told a plain 400, which says nothing of the first. */
export const REFUSED_RESENDS: Schedule = {
  name: 'refused resends',
  what: 'three charges hang at Stripe; look-ups fail, and resends are answered 400',
  pace: {},
  async run(stage) {
    await stage.fault('stripe', { operation: 'lookup', mode: 'status' });
    const orders = await stage.prepare(3, DOLLARS);
    await stage.faultEach(orders, { operation: 'authorize', mode: 'hang_after_commit' });
    await stage.fault('stripe', { operation: 'authorize', mode: 'status', status: 400 });
    const ids = await stage.place(orders);
    await stage.mustSee('three charges', () => stage.effects('stripe', ids, 'captured').length >= 3);
    await stage.maySee(() => stage.arrivals('stripe', ids, 'authorize').length >= 6, 15_000);
    await stage.maySee(() => stage.are(ids, 'succeeded', 'failed'), 2_000);
    await stage.clearFaults();
  },
};

/** Three times as long as a permit is good for. */
const FROZEN_FOR_MS = 6_000;

/** A worker stops between claim and first byte, and goes on when its permit is long stale. */
export const FREEZE_AFTER_CLAIM: Schedule = {
  name: 'freeze after the claim',
  what: 'a worker stops with a claimed permit, and goes on after six seconds',
  pace: {},
  async run(stage) {
    const orders = await stage.prepare(1, DOLLARS);
    // Armed before it returns, and so before the order is placed.
    const frozen = freezeAfterClaim(stage.nemesis, FROZEN_FOR_MS, '^sale ');
    const [ids] = await Promise.all([stage.place(orders), frozen]);
    if (stage.log.count('freeze') === 0) throw new Error('no worker came by the claim');
    await stage.maySee(() => stage.are(ids, 'succeeded'), 4_000);
  },
};

/** A look-up finds nothing, because the provider is still at it. */
export const SLOW_EXECUTION: Schedule = {
  name: 'slow execution',
  what: 'Stripe takes three charges and executes them after everybody has given up waiting',
  pace: {},
  async run(stage) {
    const latencyMs = stage.rig.pace.providerDeadlineMs + 1_500;
    await stage.rig.admin('stripe', 'POST', '/webhooks', { mode: 'drop' });
    const orders = await stage.prepare(3, DOLLARS);
    await stage.faultEach(orders, { operation: 'authorize', mode: 'latency', latencyMs });
    const ids = await stage.place(orders);
    await stage.mustSee('three charges', () => stage.effects('stripe', ids, 'captured').length >= 3);
    await stage.maySee(() => stage.are(ids, 'succeeded', 'failed'), 4_000);
  },
};

/** Declined, told so, and charged after all. */
export const LATE_SUCCESS: Schedule = {
  name: 'late success',
  what: 'three charges are declined by Stripe, and turn out to have gone through',
  pace: {},
  async run(stage) {
    const ids = await stage.pay(3, { ...DOLLARS, card: '4000000000009995' });
    await stage.mustSee('three declines', () => stage.are(ids, 'failed'));
    const rows = await stage.rig.sql<{ id: string }>('SELECT id FROM attempt WHERE payment_id = ANY($1)', [
      ids,
    ]);
    for (const { id } of rows) await stage.rig.admin('stripe', 'POST', `/payments/${id}/late-success`, {});
    await stage.maySee(() => stage.effects('stripe', ids, 'refunded').length >= 3, 6_000);
  },
};

/** Held payments whose workflows are ended, taken over, and then brought back to life. */
export const OLD_GENERATION_RESET: Schedule = {
  name: 'an old generation is reset',
  what: 'two held payments lose their workflow, the next generation takes over, the first one is reset',
  pace: {},
  async run(stage) {
    const ids = await stage.pay(2, { ...DOLLARS, amount: 2_000, capture_method: 'manual' });
    await stage.mustSee('two authorizations', () => stage.are(ids, 'requires_capture'));
    for (const id of ids) await terminate(stage.nemesis, workflowOf(id));
    const second = async () => {
      // Refused, and yet it makes the door open the next generation.
      for (const id of ids) await stage.post(`/v1/payments/${id}/capture`, { amount: 9_999 });
      const rows = await stage.rig.sql('SELECT 1 FROM payment WHERE id = ANY($1) AND generation > 1', [ids]);
      return rows.length === ids.length;
    };
    await stage.mustSee('the next generation', second);
    for (const id of ids) await reset(stage.nemesis, workflowOf(id));
    const ended = async () => {
      const all = await Promise.all(ids.map((id) => workflowStatus(stage, id)));
      return all.every((status) => status === 'COMPLETED');
    };
    await stage.maySee(ended, 4_000);
  },
};

/** The step is committed and the worker dies before it can say so: the step is written again. */
export const KILLED_AFTER_COMMIT: Schedule = {
  name: 'killed after the commit',
  what: 'a worker dies when Postgres has committed a success that the workflow has not heard of',
  pace: {},
  async run(stage) {
    const orders = await stage.prepare(3, DOLLARS);
    const killing = killAtPoint(stage.nemesis, 'postgres_committed', WORKERS, '^succeeded ');
    const [ids, killed] = await Promise.all([stage.place(orders), killing]);
    if (!killed) throw new Error('no worker came by the crash point');
    const ended = async () => {
      const all = await Promise.all(ids.map((id) => workflowStatus(stage, id)));
      return !all.includes('RUNNING');
    };
    await stage.maySee(ended, 25_000);
  },
};

/** Webhooks by somebody who knows our references and amounts, and not the secret. */
export const FORGERIES: Schedule = {
  name: 'forgeries',
  what: 'sixty forged webhooks about declined, held and paid payments at both providers',
  pace: {},
  async run(stage) {
    const declined = await stage.pay(2, { ...EUROS, holder: 'NOT_ENOUGH_BALANCE' });
    const held = await stage.pay(2, { ...EUROS, capture_method: 'manual' });
    const paid = await stage.pay(2, DOLLARS);
    await stage.mustSee('two declines', () => stage.are(declined, 'failed'));
    await stage.mustSee('two authorizations', () => stage.are(held, 'requires_capture'));
    await stage.mustSee('two sales', () => stage.are(paid, 'succeeded'));
    await forgeWebhooks(stage.nemesis, 60);
  },
};

/** Every webhook comes five times. */
export const DUPLICATES: Schedule = {
  name: 'duplicated webhooks',
  what: 'sales at both providers, whose webhooks come five times each',
  pace: {},
  async run(stage) {
    for (const provider of ['stripe', 'adyen'] as const)
      await stage.rig.admin(provider, 'POST', '/webhooks', { mode: 'duplicate', copies: 5 });
    const ids = await Promise.all([stage.pay(3, DOLLARS), stage.pay(3, EUROS)]);
    await stage.mustSee('six sales', () => stage.are(ids.flat(), 'succeeded'));
  },
};

/** A capture is only received, and settles a good while later. */
export const SLOW_SETTLEMENT: Schedule = {
  name: 'slow settlement',
  what: 'three sales at Adyen whose captures settle six seconds after they were received',
  pace: {},
  async run(stage) {
    await stage.rig.admin('adyen', 'POST', '/settings', { settleDelayMs: 6_000 });
    const ids = await stage.pay(3, EUROS);
    await stage.maySee(() => stage.are(ids, 'succeeded'), 3_000);
    for (const id of ids) await stage.read(`/v1/payments/${id}`);
    await stage.mustSee('three captures', () => stage.effects('adyen', ids, 'captured').length >= 3);
    await stage.rig.admin('adyen', 'POST', '/settings', { settleDelayMs: 30 });
  },
};

/** One key, two bodies. */
export const OTHER_BODY: Schedule = {
  name: 'another body',
  what: 'three keys are used a second time with another amount',
  pace: {},
  async run(stage) {
    const orders = await stage.prepare(3, DOLLARS);
    const ids = await stage.place(orders);
    await stage.mustSee('three sales', () => stage.are(ids, 'succeeded'));
    for (const { key, body } of orders) {
      await stage.post('/v1/payments', body, key);
      await stage.post('/v1/payments', { ...body, amount: Number(body.amount) + 1 }, key);
    }
  },
};

const PARTS = 25;
const ASKED_AT_ONCE = 50;

/** Twice as many refunds at once as there is money for. */
export const FIFTY_REFUNDS: Schedule = {
  name: 'fifty refunds',
  what: 'fifty refunds of a twenty-fifth each, at once',
  pace: {},
  async run(stage) {
    const ids = await stage.pay(1, { ...DOLLARS, amount: 100 * PARTS });
    await stage.mustSee('the sale', () => stage.are(ids, 'succeeded'));
    const [id] = ids;
    await Promise.all(
      Array.from({ length: ASKED_AT_ONCE }, () =>
        stage.post(`/v1/payments/${id}/refunds`, { amount: 100 }, stage.key(), 5),
      ),
    );
  },
};
