import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import { accepted, payment } from '../../attack/support/checks.ts';
import { addEndpoint, freshSecret } from '../../attack/support/endpoints.ts';
import { startReceiver } from '../../attack/support/receiver.ts';
import { operatorOf } from '../../attack/support/temporal.ts';
import { waitFor } from '../../support/harness.ts';
import { freshKey, type System } from '../../support/system.ts';

/**
 * Twelve things that go wrong with payments, brought about as they come about: by what merchants ask for, and by what the
 * providers' simulators are told to do. Each is known by nothing but its order's reference.
 */
export interface Incident {
  readonly name: string;
  /** What somebody who looks into it must read: the fact that explains it. */
  readonly explained: RegExp;
  /** The pace that it needs: authorizations and retries that last for days, or not. */
  readonly pace: 'usual' | 'brief';
  happen(system: System, reference: string): Promise<void>;
}

const USD = { amount: 4_200, currency: 'USD' } as const;
const CARDS = {
  declined: '4000000000009995',
  failedOver: '4000000000000119',
  challenged: '4000000003000082',
};
const PATIENCE = { timeoutMs: 60_000 };

async function pay(system: System, reference: string, more: Record<string, unknown> = {}, card?: string) {
  const order = { ...USD, reference, payment_method: await system.card(card), ...more };
  const { body } = await system.pay(order);
  return { id: (body.id ?? body.error.payment.id) as string, order };
}

const becomes = (system: System, id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, {
    what: `${id} to be ${status}`,
    ...PATIENCE,
  });

const attemptOf = (id: string) => `att_${id.replace(/^pay_/, '')}_1`;

const doubleSubmit: Incident = {
  name: 'a double submit',
  explained: /Double submit: the same request .* came again under the same Idempotency-Key/,
  pace: 'usual',
  async happen(system, reference) {
    const order = { ...USD, reference, payment_method: await system.card() };
    const key = freshKey();
    const answers = [await system.pay(order, { key }), await system.pay(order, { key })];
    expect(answers.map(({ body }) => body.id)).toEqual([answers[0]?.body.id, answers[0]?.body.id]);
  },
};

const abandoned: Incident = {
  name: 'an abandoned 3DS2 challenge',
  explained: /the payer abandoned the authentication/,
  pace: 'usual',
  async happen(system, reference) {
    const { id } = await pay(
      system,
      reference,
      { return_url: 'https://shop.example/back' },
      CARDS.challenged,
    );
    await becomes(system, id, 'failed');
  },
};

const failover: Incident = {
  name: 'a failover',
  explained: /Adyen.* after Stripe declined it/,
  pace: 'usual',
  async happen(system, reference) {
    const { id } = await pay(system, reference, {}, CARDS.failedOver);
    await becomes(system, id, 'succeeded');
  },
};

const unknownResolved: Incident = {
  name: 'an unknown outcome that was resolved',
  explained:
    /was unknown \(the connection broke before the answer came\); Stripe was asked until it was proven/,
  pace: 'usual',
  async happen(system, reference) {
    await system.fault('stripe', { operation: 'authorize', mode: 'reset_after_commit', times: 1 });
    await system.fault('stripe', { operation: 'any', mode: 'status' });
    const order = { ...USD, reference, payment_method: await system.card() };
    const { body } = await accepted(system, order, freshKey());
    await system.clearFaults();
    await becomes(system, body.id, 'succeeded');
  },
};

const lateSuccess: Incident = {
  name: 'a late success',
  explained: /Late success: Stripe charged the payer after/,
  pace: 'usual',
  async happen(system, reference) {
    const { id } = await pay(system, reference, {}, CARDS.declined);
    await becomes(system, id, 'failed');
    await system.admin('stripe', 'POST', `/payments/${attemptOf(id)}/late-success`, {});
    await waitFor(async () => (await payment(system, id)).attempts[0]?.status === 'refunded', {
      what: 'the late charge to be given back',
      ...PATIENCE,
    });
  },
};

const overRefund: Incident = {
  name: 'a refund of more than was captured, refused',
  explained: /Refused: a request for a refund.*amount too large/,
  pace: 'usual',
  async happen(system, reference) {
    const { id } = await pay(system, reference);
    const refused = await system.request('POST', `/v1/payments/${id}/refunds`, {
      key: freshKey(),
      body: { amount: USD.amount + 1 },
    });
    expect([refused.status, refused.body.error.code]).toEqual([409, 'amount_too_large']);
  },
};

const settledShort: Incident = {
  name: 'a payment settled short',
  explained: /Settled too little/,
  pace: 'usual',
  happen: (system, reference) => settledWith(system, reference, 'AMOUNT_UNDER'),
};

const duplicateLine: Incident = {
  name: 'a duplicate settlement line',
  explained: /The same line again/,
  pace: 'usual',
  happen: (system, reference) => settledWith(system, reference, 'DUPLICATE_LINE'),
};

/** Workflows of days are named by account and date, and every test's accounts have the same names. */
const DAY_MS = 86_400_000;
let latestDayMs = Date.UTC(2001, 0, 1 + randomInt(9_000));

async function settledWith(system: System, reference: string, type: string): Promise<void> {
  const { id } = await pay(system, reference);
  await becomes(system, id, 'succeeded');
  latestDayMs += DAY_MS;
  const date = new Date(latestDayMs).toISOString().slice(0, 10);
  const breaks = [{ type, reference: attemptOf(id) }];
  const day = await system.admin('stripe', 'POST', '/settlement', { businessDate: date, breaks });
  expect(day).toMatchObject({ planted: [{ type }], unplanted: [] });
  const asAlice = { apiKey: system.operatorKeys.alice };
  const body = { account: 'pa_demo_stripe', business_date: date };
  await system.request('POST', '/v1/reconciliations', { ...asAlice, key: freshKey(), body });
  await waitFor(
    async () => {
      const run = await system.request('GET', `/v1/reconciliations/pa_demo_stripe/${date}`, asAlice);
      return typeof run.body.finished_at === 'string';
    },
    { what: `${date} to be reconciled`, ...PATIENCE },
  );
}

const deadLetter: Incident = {
  name: 'a webhook that became a dead letter',
  explained: /never reached the merchant: given up after \d+ tries.*503.*dead letter/,
  pace: 'brief',
  async happen(system, reference) {
    const receiver = await startReceiver(freshSecret());
    receiver.behave(() => 503);
    try {
      const endpoint = await addEndpoint(system, receiver.url, receiver.secret);
      await pay(system, reference);
      await waitFor(
        async () => {
          const [row] = await system.sql<{ status: string }>(
            'SELECT status FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY event_sequence LIMIT 1',
            [endpoint],
          );
          return row?.status === 'dead';
        },
        { what: 'the delivery to be given up', timeoutMs: 90_000 },
      );
    } finally {
      await receiver.close();
    }
  },
};

const expired: Incident = {
  name: 'an expired authorization',
  explained: /Expired: the authorization of .* was never captured/,
  pace: 'brief',
  async happen(system, reference) {
    const { id } = await pay(system, reference, { capture_method: 'manual' });
    await becomes(system, id, 'expired');
  },
};

const workflowReset: Incident = {
  name: 'a workflow that was reset',
  explained: /The workflow ran again \(a reset.*nothing was sent twice/,
  pace: 'usual',
  async happen(system, reference) {
    const operator = await operatorOf(system);
    try {
      await system.fault('stripe', { operation: 'authorize', mode: 'latency', latencyMs: 1_500, times: 1 });
      const asked = pay(system, reference);
      const id = await waitFor(
        async () => {
          const [row] = await system.sql<{ id: string }>(
            `SELECT p.id FROM payment p JOIN operation o ON o.payment_id = p.id
             WHERE p.reference = $1 AND o.first_sent_at IS NOT NULL`,
            [reference],
          );
          return row?.id;
        },
        { what: 'the permit to be claimed' },
      );
      await waitFor(async () => (await system.journal('stripe', id)).length > 0, { what: 'it to arrive' });
      await operator.resetToStart(id);
      await asked;
      await becomes(system, id, 'succeeded');
    } finally {
      await operator.close();
    }
  },
};

const operatorVoid: Incident = {
  name: "an operator's void",
  explained: /Voided by alice.*fraud team/s,
  pace: 'usual',
  async happen(system, reference) {
    const { id } = await pay(system, reference, { capture_method: 'manual' });
    const voided = await system.request('POST', `/v1/operator/payments/${id}/void`, {
      apiKey: system.operatorKeys.alice,
      key: freshKey(),
      body: { reason: 'fraud team' },
    });
    expect(voided.body.status).toBe('canceled');
  },
};

export const INCIDENTS: readonly Incident[] = [
  doubleSubmit,
  abandoned,
  failover,
  unknownResolved,
  lateSuccess,
  overRefund,
  settledShort,
  duplicateLine,
  deadLetter,
  expired,
  workflowReset,
  operatorVoid,
];
