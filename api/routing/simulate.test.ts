import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDb } from '../../db/client.ts';
import { flushWindows, storeCatalogue } from '../../db/routing/index.ts';
import { createRoutingReader } from '../../db/settings/index.ts';
import { candidatesOf } from '../../domain/routing/assemble.ts';
import { choose } from '../../domain/routing/choose.ts';
import { LATENCY_BUCKETS, NO_COUNTS, type WindowRow } from '../../domain/routing/learning/index.ts';
import { get, post } from '../test-support/harness.ts';
import { insertPayment } from '../test-support/rows.ts';
import { openPolicyDesk, type PolicyDesk, told, yaml } from './test-support/policy-desk.ts';
import { nameOfView, readRoutingView } from './view.ts';

let desk: PolicyDesk;
let db: ReturnType<typeof openDb>;
beforeAll(async () => {
  desk = await openPolicyDesk();
  db = openDb(desk.api.ownerUrl);
});
afterAll(async () => {
  await db?.$disconnect();
  await desk?.close();
});

const simulate = (payment: object, more: object = {}) =>
  post(desk.api, '/v1/routing/simulate', {
    payment: { amount: 1_000, currency: 'EUR', ...payment },
    ...more,
  });

describe('a hypothetical payment', () => {
  it('is decided by the active policy, and the platform’s where there is none', async () => {
    const { body: before } = await simulate({});
    expect([before.policy_version, before.strategy]).toEqual([0, 'best_success']);
    const version = await desk.saved();
    await desk.move(version, 'promote');
    // What was read for the question before counts for two seconds.
    await expect.poll(async () => (await simulate({})).body.policy_version, { timeout: 5_000 }).toBe(version);
    const { body } = await simulate({});
    expect(body).toMatchObject({
      order: ['acc_a_adyen', 'acc_a_stripe'],
      chosen_rule: 'euros',
      rules: [{ name: 'euros', matched: true, when: 'currency == "EUR"' }],
      facts: { amount: 1_000, currency: 'EUR', merchant: 'mer_a' },
    });
    expect((await simulate({ currency: 'usd' })).body).toMatchObject({
      order: ['acc_a_stripe', 'acc_a_adyen'],
      chosen_rule: 'otherwise',
    });
  });

  it('is decided by a version that is named, or by a text that is not saved', async () => {
    const source = yaml('Unsaved', 'buyer_country == "BR" && metadata["tier"] == "gold"');
    const brazil = { currency: 'USD', buyer_country: 'BR', metadata: { tier: 'gold' } };
    expect((await simulate(brazil, { source })).body.order[0]).toBe('acc_a_adyen');
    expect((await simulate({ ...brazil, buyer_country: 'MX' }, { source })).body.order[0]).toBe(
      'acc_a_stripe',
    );
    const { body: saved } = await desk.save({ source });
    const { body } = await simulate(brazil, { version: saved.version });
    expect([body.policy_version, body.order[0]]).toEqual([saved.version, 'acc_a_adyen']);
    expect(told(await simulate(brazil, { version: 999 }))).toEqual([400, 'parameter_invalid']);
    expect(told(await simulate(brazil, { version: saved.version, source }))).toEqual([
      400,
      'parameter_invalid',
    ]);
    expect(told(await simulate(brazil, { source: 'rules: [' }))).toEqual([422, 'policy_invalid']);
  });

  it('draws the same for the same payment, and what it is told to', async () => {
    const source = yaml().replace(
      '{ order: [adyen, stripe] }',
      '{ split: [{ to: adyen, weight: 1 }, { to: stripe, weight: 1 }] }',
    );
    const first = async (more: object) => (await simulate({}, { source, ...more })).body.order[0];
    expect(await first({})).toBe(await first({}));
    const draws = await Promise.all([0, 1, 2, 3].map((n) => first({ draw: n * 1_073_741_824 })));
    expect(new Set(draws)).toEqual(new Set(['acc_a_adyen', 'acc_a_stripe']));
  });

  it.each([
    ['a country in small letters', { buyer_country: 'de' }, 'payment.buyer_country'],
    ['no amount', { amount: 0 }, 'payment.amount'],
    ['a score over 100', { risk_score: 101 }, 'payment.risk_score'],
    ['a fact that there isn’t', { weather: 'rain' }, 'payment.weather'],
  ])('with %s is refused', async (_what, payment, param) => {
    const { status, body } = await simulate(payment);
    expect([status, body.error.param]).toEqual([400, param]);
  });

  it('sees what was learnt and who is well', async () => {
    const bucketStartMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const row = (accountId: string, approved: number, hardDeclined: number): WindowRow => ({
      accountId,
      grain: 'cell',
      method: 'card',
      brand: 'visa',
      issuerCountry: 'DE',
      currency: 'EUR',
      bucketStartMs,
      counts: { ...NO_COUNTS, approved, hardDeclined, latency: Array(LATENCY_BUCKETS).fill(0) },
    });
    await flushWindows(db, [row('acc_a_stripe', 950, 50), row('acc_a_adyen', 500, 500)]);
    await desk.api.sql.query(
      `INSERT INTO circuit (account_id, state, consecutive_failures, opened_at, probe_after)
       VALUES ('acc_a_adyen', 'open', 5, now(), now() + interval '1 minute')`,
    );
    const best = yaml().replace('{ order: [adyen, stripe] }', '{ best_success: all }');
    const ask = async () => (await simulate({ brand: 'visa', issuer_country: 'DE' }, { source: best })).body;
    await expect
      .poll(async () => (await ask()).candidates[1].success.samples, { timeout: 5_000 })
      .toBe(1_000);
    const { candidates, order } = await ask();
    expect(order).toEqual(['acc_a_stripe', 'acc_a_adyen']);
    const [adyen, stripe] = candidates;
    expect([adyen.verdict, adyen.circuit, adyen.success.cell]).toEqual([
      'last_resort',
      'open',
      'brand+country+currency',
    ]);
    expect(stripe.success.rate_ppm).toBeGreaterThan(adyen.success.rate_ppm);
    const { body: health } = await get(desk.api, '/v1/routing/health');
    expect(health.accounts).toMatchObject([
      {
        account: 'acc_a_adyen',
        circuit: 'open',
        consecutive_failures: 5,
        window: { attempts: 1_000, approved: 500 },
      },
      {
        account: 'acc_a_stripe',
        circuit: 'closed',
        cells: [{ brand: 'visa', issuer_country: 'DE', currency: 'EUR', attempts: 1_000, approved: 950 }],
      },
    ]);
  });
});

describe('why a payment went where it went', () => {
  /** A payment with the decision that a worker would have stored for it. */
  async function routed(): Promise<string> {
    const id = await insertPayment(desk.api);
    const view = await readRoutingView(
      nameOfView({ merchantId: 'mer_a', mode: 'test' }),
      createRoutingReader(db),
    );
    if (view === undefined) throw new Error('no merchant');
    const facts = {
      merchantId: 'mer_a',
      amountMinor: 700,
      currency: 'EUR',
      method: 'card',
      atMs: Date.now(),
      risk: 'normal',
      merchantInitiated: false,
      recurring: false,
      metadata: {},
    } as const;
    const decided = choose(
      view.routing,
      id,
      facts,
      candidatesOf(view.routing, facts, view.numbers, view.atMs),
    );
    await storeCatalogue(db, view.routing.catalogueId, view.routing.catalogue);
    await explain(id, decided);
    return id;
  }
  const explain = (id: string, document: object) =>
    desk.api.sql.query('INSERT INTO route_explanation (payment_id, document) VALUES ($1, $2)', [
      id,
      JSON.stringify(document),
    ]);
  const why = (id: string, key?: string) =>
    get(desk.api, `/v1/payments/${id}/routing`, key === undefined ? {} : { key });

  it('is evaluated again from what was stored, whatever became of the policy and its accounts since', async () => {
    const version = await desk.saved('Deciding');
    await desk.move(version, 'promote');
    const id = await routed();
    const { body } = await why(id);
    expect(body).toMatchObject({ reproduced: true, again: null, decision: { policy_version: version } });
    // Replaced, archived, its account disabled and dearer: the payment says what it said.
    await desk.move(await desk.saved('Next'), 'promote');
    await desk.api.sql.query(
      `UPDATE provider_account SET enabled = false, catalogue = '{"dailyLimitsMinor":{"EUR":1}}' WHERE id = 'acc_a_stripe'`,
    );
    expect((await desk.read(version)).status).toBe('archived');
    expect((await why(id)).body).toEqual(body);
    await desk.api.sql.query(
      `UPDATE provider_account SET enabled = true, catalogue = '{}' WHERE id = 'acc_a_stripe'`,
    );
  });

  it('stands in its timeline, in the same words', async () => {
    const id = await routed();
    const { data } = (await get(desk.api, `/v1/payments/${id}/timeline`)).body;
    const entry = data.find(({ type }: { type: string }) => type === 'route.explained');
    expect(entry.details.explanation).toEqual((await why(id)).body.decision);
  });

  it('has every round: each later one by the attempt that it began with, evaluated again as well', async () => {
    const id = await routed();
    const other = await routed();
    const attempt = `${id.replace('pay_', 'att_')}_2`;
    await desk.api.sql.query(
      `INSERT INTO retry_explanation (attempt_id, payment_id, document, created_at)
        SELECT $1, $2, document || '{"order":["acc_a_other"]}', now() + interval '1 day'
        FROM route_explanation WHERE payment_id = $3`,
      [attempt, id, other],
    );
    const { rounds, ...first } = (await why(id)).body;
    expect(rounds).toHaveLength(2);
    expect(rounds[0]).toMatchObject({ attempt: null, reproduced: true, decision: first.decision });
    expect(rounds[1]).toMatchObject({ attempt, reproduced: false, decision: { order: ['acc_a_other'] } });
    expect(rounds[1].again.order).not.toEqual(['acc_a_other']);
    const { data } = (await get(desk.api, `/v1/payments/${id}/timeline`)).body;
    const told = data.filter(({ type }: { type: string }) => type === 'route.explained');
    expect(told.map(({ details }: { details: object }) => details)).toEqual([
      { explanation: first.decision },
      { explanation: rounds[1].decision, attempt },
    ]);
  });

  it('shows both answers where they are not the same', async () => {
    const id = await insertPayment(desk.api);
    const other = await routed();
    const { rows } = await desk.api.sql.query(
      'SELECT document FROM route_explanation WHERE payment_id = $1',
      [other],
    );
    const document = rows[0]?.document;
    await explain(id, { ...document, order: document.order.toReversed() });
    const { body } = await why(id);
    expect(body.reproduced).toBe(false);
    expect(body.again.order).toEqual(body.decision.order.toReversed());
  });

  it('is read as it stands where it is older than whole decisions, and belongs to its merchant', async () => {
    const id = await insertPayment(desk.api);
    await explain(id, { policyVersion: 1, order: ['acc_a_stripe'] });
    expect((await why(id)).body).toMatchObject({
      reproduced: null,
      decision: null,
      stored: { policyVersion: 1 },
    });
    expect((await why(id, desk.api.keys.b)).status).toBe(404);
    expect((await why(await insertPayment(desk.api))).status).toBe(404);
  });
});
