import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { consentedCard, decides, movePolicy, promotePolicy, savePolicy } from '../support/policies.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

/** What a policy does to payments, through the whole system: no process is restarted in here. */
let system: System;
beforeAll(async () => {
  system = await startSystem({ countTestDeclines: true });
});
afterAll(async () => {
  await system?.close();
});

const INSUFFICIENT_FUNDS = '4000000000009995';
const PROCESSING_ERROR = '4000000000000119';
async function post(path: string, body: object, apiKey?: string) {
  const options = { key: freshKey(), body, ...(apiKey === undefined ? {} : { apiKey }) };
  const answer = await system.request('POST', path, options);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const promote = (rest: string) => promotePolicy(system, rest);
const save = (rest: string) => savePolicy(system, rest);

const card = (number?: string) => system.card(number);
let amount = 1_000;
const pay = (body: Record<string, unknown>) => {
  amount += 1;
  return system.pay({ amount, currency: 'USD', ...body });
};
const read = async (id: string) => (await system.request('GET', `/v1/payments/${id}`)).body;
const providersOf = (payment: { attempts: { provider: string }[] }) =>
  payment.attempts.map(({ provider }) => provider);
const until = (id: string, status: string) =>
  waitFor(
    async () => {
      const payment = await read(id);
      return payment.status === status ? payment : undefined;
    },
    { timeoutMs: 30_000, what: `${id} is ${status}` },
  );

/** What its operator is answered is the payment, be it paid or failed by then. */
const operate = (id: string, verb: string) =>
  system.request('POST', `/v1/operator/payments/${id}/${verb}`, {
    key: freshKey(),
    body: { reason: 'for a test' },
    apiKey: system.operatorKeys.alice,
  });
const retryNow = (id: string) => operate(id, 'retry');
const consented = (number: string) => consentedCard(system, number);

describe('a policy', () => {
  it('takes effect without a restart, and is rolled back by one call', async () => {
    const first = await promote('otherwise: { choose: { order: [stripe, adyen] } }');
    expect(providersOf((await pay({ payment_method: await card() })).body)).toEqual(['stripe']);
    await promote('otherwise: { choose: { order: [adyen, stripe] } }');
    expect(providersOf((await pay({ payment_method: await card() })).body)).toEqual(['adyen']);
    await post('/v1/routing/rollback', { reason: 'the old one was better' });
    await decides(system, first);
  });

  it('sees what the merchant says of a payment', async () => {
    await promote(`
rules:
  - { name: north america, when: 'buyer_country in ["US", "CA"] && channel == "app"', choose: { order: [adyen] } }
requirements:
  - { name: risky, when: risk_score > 80, require: challenge }
otherwise: { choose: { order: [stripe] } }`);
    const from = async (more: object) => (await pay({ payment_method: await card(), ...more })).body;
    expect(providersOf(await from({ billing_country: 'CA', channel: 'app' }))).toEqual(['adyen']);
    expect(providersOf(await from({ billing_country: 'CA', channel: 'web' }))).toEqual(['stripe']);
    const risky = await from({ risk_score: 81, return_url: 'https://shop.example/back' });
    expect(risky.attempts[0].authentication).toMatchObject({
      request: 'challenge',
      reasons: ['policy:risky'],
    });
  });

  it('is compared with its shadow on every payment, which decides none', async () => {
    const active = await promote('otherwise: { choose: { order: [stripe, adyen] } }');
    const shadow = await save('otherwise: { choose: { order: [adyen, stripe] } }');
    await movePolicy(system, shadow, 'shadow');
    const counted = await waitFor(
      async () => {
        const { body } = await pay({ payment_method: await card() });
        expect(providersOf(body)).toEqual(['stripe']);
        const rows = await system.sql<{ evaluated: string; differed: string }>(
          'SELECT evaluated, differed FROM routing_comparison WHERE decided_by = $1 AND compared = $2',
          [active, shadow],
        );
        return Number(rows[0]?.evaluated ?? 0) >= 3 ? rows[0] : undefined;
      },
      { timeoutMs: 20_000, what: 'differences are counted' },
    );
    expect(counted.differed).toBe(counted.evaluated);
  });

  it('decides its share as a canary, and the active one the rest', async () => {
    const active = await promote('otherwise: { choose: { order: [stripe] } }');
    const canary = await save('otherwise: { choose: { order: [adyen] } }');
    await movePolicy(system, canary, 'canary', { percent: 50 });
    await decides(system, canary);
    const method = await card();
    const paid = await Promise.all(Array.from({ length: 40 }, () => pay({ payment_method: method })));
    await movePolicy(system, canary, 'withdraw');
    expect(paid.map(({ status }) => status)).toEqual(paid.map(() => 201));
    const versions = await system.sql<{ policy_version: number }>(
      'SELECT policy_version FROM payment WHERE id = ANY($1)',
      [paid.map(({ body }) => body.id)],
    );
    const share = versions.filter(({ policy_version: version }) => version === canary).length;
    // Of 40 at 50 %, fewer than 8 or more than 32 come about once in 20,000 runs.
    expect(share).toBeGreaterThanOrEqual(8);
    expect(share).toBeLessThanOrEqual(32);
    expect(versions.filter(({ policy_version: version }) => version === active)).toHaveLength(40 - share);
  });
});

describe('after a decline', () => {
  it('another provider is asked where the policy says so, and not where it doesn’t', async () => {
    await promote(`
otherwise: { choose: { order: [stripe, adyen] } }
retries: { max_attempts: 2, fail_over_after: [insufficient_funds] }`);
    const gone = await read((await pay({ payment_method: await card(INSUFFICIENT_FUNDS) })).body.id);
    expect(providersOf(gone)).toEqual(['stripe', 'adyen']);
    const kept = await read(
      (await pay({ payment_method: await card(PROCESSING_ERROR) })).body.error.payment.id,
    );
    expect(providersOf(kept)).toEqual(['stripe']);
  });

  it('nobody is asked any more where the network’s budget for the card is used up', async () => {
    await promote('otherwise: { choose: { order: [stripe] } }');
    const body = { amount: 77, payment_method: await card(INSUFFICIENT_FUNDS) };
    for (let each = 0; each < 20; each += 1) {
      const { body: answer } = await pay(body);
      expect(answer.error.decline_code).toBe('insufficient_funds');
    }
    const [{ declined } = { declined: '' }] = await system.sql<{ declined: string }>(
      `SELECT count(*) AS declined FROM card_decline WHERE amount_minor = 77`,
    );
    expect(declined).toBe('20');
    const refused = await pay(body);
    expect(refused.status).toBe(402);
    expect(refused.body.error).toMatchObject({ decline_code: 'retry_limit_reached' });
    const payment = await read(refused.body.error.payment.id);
    expect(payment).toMatchObject({ status: 'failed', attempts: [] });
    expect(await system.journal('stripe', payment.id)).toEqual([]);
    // Another amount is another transaction to Visa.
    expect((await pay({ ...body, amount: 78 })).body.error.decline_code).toBe('insufficient_funds');
  });
});

describe('a merchant-initiated payment', () => {
  const later = (order: string) => `
otherwise: { choose: { order: [${order}] } }
retries: { later: [10m, 20m] }`;

  it('waits after a decline that may pass, and is then tried by the policy of then', async () => {
    await promote(later('stripe'));
    const method = await consented(INSUFFICIENT_FUNDS);
    const { status, body } = await pay({ payment_method: method, off_session: true });
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'processing', allowed: ['void'] });
    expect(body.next_retry_at).toBeGreaterThan(body.created);
    await promote(later('adyen'));
    const paid = await until(body.id, 'succeeded');
    expect(providersOf(paid)).toEqual(['stripe', 'adyen']);
    expect(paid.next_retry_at).toBeNull();
    const rounds = await system.sql('SELECT attempt_id FROM retry_explanation WHERE payment_id = $1', [
      body.id,
    ]);
    expect(rounds).toHaveLength(1);
  });

  it('is not sent again once the payer has taken their consent back', async () => {
    await promote('otherwise: { choose: { order: [stripe] } }\nretries: { later: [5h] }');
    const method = await consented(INSUFFICIENT_FUNDS);
    const { body } = await pay({ payment_method: method, off_session: true });
    expect(body.status).toBe('processing');
    await post(`/v1/mandates/man_${method}/revoke`, {});
    await retryNow(body.id);
    const failed = await until(body.id, 'failed');
    expect(failed.failure.decline).toMatchObject({ reason: 'stop_payment' });
    expect(providersOf(failed)).toEqual(['stripe']);
  });

  it('may be canceled while it waits', async () => {
    await promote(later('stripe'));
    const method = await consented(INSUFFICIENT_FUNDS);
    const { body } = await pay({ payment_method: method, off_session: true });
    const canceled = await post(`/v1/payments/${body.id}/void`, {});
    expect(canceled).toMatchObject({ status: 'canceled', next_retry_at: null });
  });

  it('fails after its last try', async () => {
    await promote(later('stripe'));
    const method = await consented(INSUFFICIENT_FUNDS);
    const { body } = await pay({ payment_method: method, off_session: true });
    const failed = await until(body.id, 'failed');
    expect(providersOf(failed)).toEqual(['stripe', 'stripe', 'stripe']);
    expect(failed.failure.decline.reason).toBe('insufficient_funds');
  });
});

describe('a payment that its policy wants reviewed', () => {
  const POLICY = `
requirements: [{ name: very large, when: amount > 90000, require: review }]
otherwise: { choose: { order: [stripe] } }`;

  it('waits unsent until an operator releases it', async () => {
    await promote(POLICY);
    const { body } = await pay({ amount: 95_000, payment_method: await card() });
    expect(body).toMatchObject({ status: 'requires_review', attempts: [], allowed: ['void'] });
    expect(await system.journal('stripe', body.id)).toEqual([]);
    const [exception] = await system.sql<{ summary: string }>(
      `SELECT summary FROM exception WHERE kind = 'payment_review' AND subject_id = $1 AND closed_at IS NULL`,
      [body.id],
    );
    expect(exception?.summary).toContain('very large');
    const released = await post(
      `/v1/operator/payments/${body.id}/release`,
      { reason: 'known customer' },
      system.operatorKeys.alice,
    );
    expect(released).toMatchObject({ status: 'succeeded', amount_captured: 95_000 });
    const open = await system.sql('SELECT 1 FROM exception WHERE subject_id = $1 AND closed_at IS NULL', [
      body.id,
    ]);
    expect(open).toEqual([]);
  });

  it('goes, when it is released, where it would go now, and nowhere without the payer’s consent', async () => {
    await promote(POLICY);
    const { body: moved } = await pay({ amount: 95_002, payment_method: await card() });
    const method = await consented('4242424242424242');
    const off = { amount: 95_003, payment_method: method, off_session: true };
    const { body: stopped } = await pay(off);
    expect([moved.status, stopped.status]).toEqual(['requires_review', 'requires_review']);
    await promote('otherwise: { choose: { order: [adyen] } }');
    await operate(moved.id, 'release');
    expect(providersOf(await until(moved.id, 'succeeded'))).toEqual(['adyen']);
    const rows = await system.sql('SELECT 1 FROM retry_explanation WHERE payment_id = $1', [moved.id]);
    expect(rows).toHaveLength(1);
    await post(`/v1/mandates/man_${method}/revoke`, {});
    await operate(stopped.id, 'release');
    const failed = await until(stopped.id, 'failed');
    expect(failed).toMatchObject({ attempts: [], failure: { decline: { reason: 'stop_payment' } } });
  });

  it('is given up by its merchant, and nothing was sent', async () => {
    await promote(POLICY);
    const { body } = await pay({ amount: 95_001, payment_method: await card(), confirm: false });
    const held = await post(`/v1/payments/${body.id}/confirm`, {});
    expect(held).toMatchObject({ status: 'requires_review' });
    expect(await post(`/v1/payments/${body.id}/void`, {})).toMatchObject({ status: 'canceled' });
    expect(await system.journal('stripe', body.id)).toEqual([]);
  });
});
