import { expect } from 'vitest';
import type { Operator } from '../attack/support/temporal.ts';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System } from '../support/system.ts';
import { CHALLENGES } from './challenge-faults.ts';

/** What a fault came to: the payment that it happened to, and what its merchant saw, in order. */
export interface Seen {
  readonly paymentId: string;
  readonly merchant: readonly (string | number)[];
}

export interface Stage {
  readonly system: System;
  /** Terminates and resets workflows, as Temporal's own tools do. */
  readonly temporal: Operator;
}

export type Drive = (stage: Stage) => Promise<Seen>;

const ADYEN = '4111111111111111';
const AMOUNT = 1_000;

interface Wish {
  readonly currency?: 'USD' | 'EUR';
  readonly card?: string;
  readonly body?: Record<string, unknown>;
  readonly key?: string;
  readonly wait?: number;
}

async function pay({ system }: Stage, wish: Wish = {}): Promise<Answer> {
  const { currency = 'USD', card, body = {}, key = freshKey(), wait } = wish;
  const number = card ?? (currency === 'EUR' ? ADYEN : undefined);
  const order = { amount: AMOUNT, currency, payment_method: await system.card(number), ...body };
  return system.pay(order, { key, ...(wait === undefined ? {} : { headers: { prefer: `wait=${wait}` } }) });
}

const MANUAL = { capture_method: 'manual' } as const;

const paymentIn = ({ body }: Answer) => body.error?.payment ?? body;

async function statusOf({ system }: Stage, id: string): Promise<string> {
  const path = id.startsWith('ref_') ? 'refunds' : 'payments';
  return (await system.request('GET', `/v1/${path}/${id}`)).body.status;
}

async function becomes(stage: Stage, id: string, status: string): Promise<string> {
  await waitFor(async () => (await statusOf(stage, id)) === status, {
    what: `${id} to be ${status}`,
    timeoutMs: 40_000,
  });
  return status;
}

const command = ({ system }: Stage, id: string, name: 'capture' | 'void', wait?: number) =>
  system.request('POST', `/v1/payments/${id}/${name}`, {
    key: freshKey(),
    body: {},
    ...(wait === undefined ? {} : { headers: { prefer: `wait=${wait}` } }),
  });

const refund = ({ system }: Stage, id: string, body: object = {}, key = freshKey(), wait = 10) =>
  system.request('POST', `/v1/payments/${id}/refunds`, { key, body, headers: { prefer: `wait=${wait}` } });

async function paid(stage: Stage, wish: Wish = {}): Promise<string> {
  const { id } = paymentIn(await pay(stage, wish));
  await becomes(stage, id, 'succeeded');
  return id;
}

async function held(stage: Stage, currency: 'USD' | 'EUR' = 'USD'): Promise<string> {
  const { body } = await pay(stage, { currency, body: MANUAL });
  expect(body.status).toBe('requires_capture');
  return body.id;
}

/** Pays while something is wrong; what the answer says and what a later look does. */
function paying(
  fault: (stage: Stage) => Promise<unknown>,
  ends: string,
  wish: Wish & { readonly says?: boolean; readonly heals?: boolean } = {},
): Drive {
  return async (stage) => {
    await fault(stage);
    const answer = await pay(stage, wish);
    const { id, status } = paymentIn(answer);
    const said = wish.says === false ? [answer.status] : [answer.status, status];
    if (wish.heals !== false) await stage.system.clearFaults();
    const last = await becomes(stage, id, ends);
    return { paymentId: id, merchant: said.at(-1) === last && said.length > 1 ? said : [...said, last] };
  };
}

const once = (provider: 'stripe' | 'adyen', operation: string, mode: string) => (stage: Stage) =>
  stage.system.fault(provider, { operation, mode, times: 1 });

/** Commands an authorized payment while something is wrong. */
function commanding(name: 'capture' | 'void', fault: Record<string, unknown>, ends: string): Drive {
  return async (stage) => {
    const id = await held(stage);
    await stage.system.fault('stripe', fault);
    const { status } = await command(stage, id, name, 2);
    await stage.system.clearFaults();
    return { paymentId: id, merchant: [status, await becomes(stage, id, ends)] };
  };
}

/** Refunds a sale while something is wrong. */
function refunding(
  ends: string,
  { card, says = true, fault }: { card?: string; says?: boolean; fault?: Record<string, unknown> } = {},
): Drive {
  return async (stage) => {
    const id = await paid(stage, card === undefined ? {} : { card });
    if (fault !== undefined) await stage.system.fault('stripe', fault);
    const answer = await refund(stage, id);
    await stage.system.clearFaults();
    const said = says ? [answer.status, answer.body.status] : [answer.status];
    return { paymentId: id, merchant: [...said, await becomes(stage, answer.body.id, ends)] };
  };
}

/** A refund that the rules forbid. */
function refused(body: object, prepare: (stage: Stage) => Promise<string> = paid): Drive {
  return async (stage) => {
    const id = await prepare(stage);
    const answer = await refund(stage, id, body);
    return { paymentId: id, merchant: [answer.status, await statusOf(stage, id)] };
  };
}

async function voided(stage: Stage): Promise<string> {
  const id = await held(stage);
  await command(stage, id, 'void');
  return id;
}

const adyenWebhooks = ({ system }: Stage, mode: Record<string, unknown>) =>
  system.admin('adyen', 'POST', '/webhooks', mode);

const lateAndShuffled: Drive = async (stage) => {
  await adyenWebhooks(stage, { mode: 'hold' });
  const { status, body } = await pay(stage, { currency: 'EUR' });
  const isHeld = async () =>
    ((await stage.system.admin('adyen', 'GET', '/webhooks')) as { held: number }).held === 2;
  await waitFor(isHeld, { what: 'both webhooks to be held' });
  await adyenWebhooks(stage, { mode: 'normal' });
  await stage.system.admin('adyen', 'POST', '/webhooks/release', { order: 'reverse' });
  return { paymentId: body.id, merchant: [status, body.status, await becomes(stage, body.id, 'succeeded')] };
};

const fiveTimes: Drive = async (stage) => {
  await adyenWebhooks(stage, { mode: 'duplicate', copies: 5 });
  const { status, body } = await pay(stage, { currency: 'EUR' });
  const last = await becomes(stage, body.id, 'succeeded');
  await adyenWebhooks(stage, { mode: 'normal' });
  return { paymentId: body.id, merchant: [status, last] };
};

const forged: Drive = async (stage) => {
  const id = await held(stage, 'EUR');
  const genuine = await waitFor(
    async () =>
      (
        await stage.system.sql<{ raw_body: Buffer }>('SELECT raw_body FROM inbox WHERE payment_id = $1', [id])
      )[0]?.raw_body,
    { what: 'a webhook to forge from' },
  );
  const { status } = await fetch(`${stage.system.apiUrl}/v1/webhooks/adyen/pa_demo_adyen`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: genuine.toString('utf8').replace('AUTHORISATION', 'CAPTURE'),
  });
  expect(status).toBe(401);
  const answer = await stage.system.request('GET', `/v1/payments/${id}`);
  return { paymentId: id, merchant: [answer.status, answer.body.status] };
};

const lateSuccess: Drive = async (stage) => {
  const answer = await pay(stage, { card: '4000000000009995' });
  const { id, status, attempts } = paymentIn(answer);
  await stage.system.admin('stripe', 'POST', `/payments/${attempts[0].id}/late-success`, {});
  await waitFor(
    async () =>
      (await stage.system.request('GET', `/v1/payments/${id}`)).body.attempts[0].status === 'refunded',
    { what: 'the late success to be given back' },
  );
  return { paymentId: id, merchant: [answer.status, status, await statusOf(stage, id)] };
};

const adapterCannotRefund: Drive = async (stage) => {
  const id = await paid(stage);
  const cannot = `UPDATE payment SET route = jsonb_set(route, '{0,canRefund}', 'false') WHERE id = $1`;
  await stage.system.sql(cannot, [id]);
  const { status, body } = await refund(stage, id);
  return { paymentId: id, merchant: [status, body.status] };
};

const refundedInDashboard: Drive = async (stage) => {
  const id = await paid(stage);
  const [intent] = (await stage.system.journal('stripe', id)).filter(({ effect }) => effect === 'authorized');
  const secrets = stage.system.config.providerSecrets.pa_demo_stripe;
  await fetch(`${stage.system.providerUrls.stripe}/v1/refunds`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secrets?.apiKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ payment_intent: intent?.providerReference ?? '' }),
  });
  const look = () => stage.system.request('GET', `/v1/payments/${id}`);
  await waitFor(async () => (await look()).body.amount_refunded === AMOUNT, { what: 'it to be shown' });
  const { status, body } = await look();
  return { paymentId: id, merchant: [status, body.status] };
};

const tenTimes: Drive = async (stage) => {
  const order = { amount: AMOUNT, currency: 'USD', payment_method: await stage.system.card() };
  const key = freshKey();
  const answers = await Promise.all(Array.from({ length: 10 }, () => stage.system.pay(order, { key })));
  const told = new Set(answers.map(({ status, body }) => `${status} ${body.id} ${body.status}`));
  expect(told.size).toBe(1);
  const [first] = answers;
  return { paymentId: first?.body.id, merchant: [first?.status ?? 0, first?.body.status] };
};

const refundTenTimes: Drive = async (stage) => {
  const id = await paid(stage);
  const key = freshKey();
  const answers = await Promise.all(Array.from({ length: 10 }, () => refund(stage, id, {}, key)));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
  const refundId = answers[0]?.body.id;
  return { paymentId: id, merchant: [answers[0]?.status ?? 0, await becomes(stage, refundId, 'succeeded')] };
};

const otherBody: Drive = async (stage) => {
  const order = { amount: AMOUNT, currency: 'USD', payment_method: await stage.system.card() };
  const key = freshKey();
  const first = await stage.system.pay(order, { key });
  const { status } = await stage.system.pay({ ...order, amount: AMOUNT + 1 }, { key });
  return { paymentId: first.body.id, merchant: [status, await statusOf(stage, first.body.id)] };
};

const fiftyRefunds: Drive = async (stage) => {
  const id = await paid(stage);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => refund(stage, id, { amount: AMOUNT / 25 }, freshKey(), 30)),
  );
  const made = answers.filter(({ status }) => status === 201);
  expect(made).toHaveLength(25);
  await Promise.all(made.map(({ body }) => becomes(stage, body.id, 'succeeded')));
  const codes = [...new Set(answers.map(({ status }) => status))];
  return { paymentId: id, merchant: codes.toSorted((a, b) => a - b) };
};

const terminated: Drive = async (stage) => {
  const id = await held(stage);
  await stage.temporal.terminate(id);
  const { status, body } = await command(stage, id, 'capture');
  return { paymentId: id, merchant: [status, body.status] };
};

const reset: Drive = async (stage) => {
  const id = await paid(stage);
  const closed = async () => (await stage.temporal.statusOf(id)) === 'COMPLETED';
  await waitFor(closed, { what: 'the workflow to close' });
  await stage.temporal.resetToStart(id);
  await waitFor(closed, { what: 'the workflow to close again' });
  const { status, body } = await stage.system.request('GET', `/v1/payments/${id}`);
  return { paymentId: id, merchant: [status, body.status] };
};

const refundTerminated: Drive = async (stage) => {
  const id = await paid(stage);
  await stage.system.fault('stripe', { operation: 'refund', mode: 'hang_after_commit' });
  await stage.system.fault('stripe', { operation: 'lookup', mode: 'status' });
  const key = freshKey();
  // Where the machine is too busy to say within the two seconds what became of it, the same key asks again, as merchants do.
  const { status, body } = await waitFor(
    async () => {
      const answer = await refund(stage, id, {}, key, 2);
      return answer.body.id === undefined ? undefined : answer;
    },
    { what: 'an answer that names the refund' },
  );
  await stage.temporal.terminate(body.id);
  // Tried again like the worker's own: another system of this run may hold workflows that no key here opens.
  const swept = async () => (await stage.temporal.sweep()).reopened.closed === 1;
  await waitFor(swept, { what: 'the sweeper to find it' });
  await stage.system.clearFaults();
  return { paymentId: id, merchant: [status, body.status, await becomes(stage, body.id, 'succeeded')] };
};

const canceledByOperator: Drive = async (stage) => {
  await stage.system.fault('stripe', { mode: 'status' });
  const { status, body } = await pay(stage, { wait: 1 });
  const command = await stage.system.request('POST', `/v1/operator/payments/${body.id}/cancel`, {
    key: freshKey(),
    body: { reason: 'the shopper called' },
    apiKey: stage.system.operatorKeys.alice,
  });
  expect(command.status).toBe(409);
  await stage.system.clearFaults();
  return { paymentId: body.id, merchant: [status, body.status, await becomes(stage, body.id, 'succeeded')] };
};

const bothRefuse = async ({ system }: Stage) => {
  await system.fault('stripe', { mode: 'refuse' });
  await system.fault('adyen', { mode: 'refuse' });
};

/** Faults that a test in one process can bring about, by the first cell of their rows. */
export const DRIVEN: Readonly<Record<string, Drive>> = {
  ...CHALLENGES,
  'One provider refuses connections': paying(
    ({ system }) => system.fault('stripe', { mode: 'refuse' }),
    'succeeded',
  ),
  'All providers refuse connections': paying(bothRefuse, 'failed'),
  'It refuses connections when a capture is due': commanding('capture', { mode: 'refuse' }, 'succeeded'),
  'It refuses connections when a refund is due': refunding('succeeded', { fault: { mode: 'refuse' } }),
  'It charges, and its answer is lost': paying(
    once('stripe', 'authorize', 'reset_after_commit'),
    'succeeded',
    {
      says: false,
    },
  ),
  'It captures, and its answer is lost': commanding(
    'capture',
    { operation: 'capture', mode: 'reset_after_commit', times: 1 },
    'succeeded',
  ),
  'It voids, and its answer is lost': commanding(
    'void',
    { operation: 'void', mode: 'reset_after_commit', times: 1 },
    'canceled',
  ),
  'It refunds, and its answer is lost': refunding('succeeded', {
    says: false,
    fault: { operation: 'refund', mode: 'reset_after_commit', times: 1 },
  }),
  'It answers only 503 for a while': paying(
    ({ system }) => system.fault('stripe', { mode: 'status' }),
    'succeeded',
    {
      wait: 1,
    },
  ),
  'A declined charge turns out to have succeeded': lateSuccess,
  'It takes a refund back after it succeeded': refunding('requires_review', { card: '4000000000005126' }),
  'Its adapter cannot refund': adapterCannotRefund,
  'Somebody refunds in its dashboard': refundedInDashboard,
  "Somebody terminates a payment's workflow": terminated,
  "Somebody resets a payment's workflow": reset,
  "Somebody terminates a refund's workflow": refundTerminated,
  'Webhooks come five times each': fiveTimes,
  'Webhooks come late and in the wrong order': lateAndShuffled,
  'A webhook is forged': forged,
  'One request comes ten times at once': tenTimes,
  'A key comes again with another body': otherBody,
  'One refund request comes ten times at once': refundTenTimes,
  'Fifty refunds of a twenty-fifth come at once': fiftyRefunds,
  'A refund of more than was captured': refused({ amount: AMOUNT + 1 }),
  'A refund in another currency': refused({ amount: 1, currency: 'EUR' }),
  'A refund of a voided payment': refused({}, voided),
  'An operator cancels what may have been charged': canceledByOperator,
};

/** These need a resolver that soon has nothing left to ask. */
export const DRIVEN_TO_PARKING: Readonly<Record<string, Drive>> = {
  'Nobody can say what it did': paying(
    async ({ system }) => {
      await system.fault('stripe', { operation: 'authorize', mode: 'hang_after_commit' });
      await system.fault('stripe', { operation: 'lookup', mode: 'status' });
    },
    'requires_review',
    { wait: 1, heals: false },
  ),
};
