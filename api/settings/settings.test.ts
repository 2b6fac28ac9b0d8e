import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { createCard, get, post, type Sending, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment } from '../test-support/rows.ts';

let api: TestApi;
let theirCard: string;

beforeAll(async () => {
  api = await startTestApi();
  theirCard = await createCard(api, { key: api.keys.b });
});
afterAll(() => api.close());

// Merchant B has no live key; A has one.
const theirs = (more: Sending = {}): Sending => ({ key: api.keys.b, ...more });
const change = (body: unknown, more: Sending = {}) => post(api, '/v1/settings', body, theirs(more));
const payTo = (returnUrl: string) =>
  post(
    api,
    '/v1/payments',
    { amount: 100, currency: 'EUR', payment_method: theirCard, return_url: returnUrl },
    theirs(),
  );

describe('settings', () => {
  it('begin with nothing, change by what is sent, and are read back', async () => {
    const unset = {
      object: 'settings',
      return_origins: [],
      authentication_rules: {},
      duplicate_reference_guard: false,
      category: null,
      country: null,
      routing_approval: false,
    };
    expect((await get(api, '/v1/settings', theirs())).body).toEqual(unset);
    const rules = {
      challenge_from: { EUR: 25_000 },
      challenge_countries: ['BR'],
      authenticate_countries: ['DE'],
      claim_low_value: true,
      claim_risk_analysis_up_to: { EUR: 10_000 },
    };
    const changed = await change({ authentication_rules: rules });
    expect([changed.status, changed.body]).toEqual([200, { ...unset, authentication_rules: rules }]);
    const origins = await change({
      return_origins: ['https://shop.example', 'https://shop.example/', 'http://a.example:8080'],
    });
    expect(origins.body).toEqual({
      ...unset,
      authentication_rules: rules,
      return_origins: ['https://shop.example', 'http://a.example:8080'],
    });
    expect((await get(api, '/v1/settings', theirs())).body).toEqual(origins.body);
    const { rows } = await api.sql.query(`SELECT authentication_rules FROM merchant WHERE id = 'mer_b'`);
    expect(rows[0].authentication_rules).toEqual({
      challengeFromMinor: { EUR: 25_000 },
      challengeCountries: ['BR'],
      authenticateCountries: ['DE'],
      claimLowValue: true,
      claimRiskAnalysisUpToMinor: { EUR: 10_000 },
    });
    expect((await change({ authentication_rules: {} })).body.authentication_rules).toEqual({});
  });

  it('answer a repetition as the first one, and refuse the key with another body', async () => {
    const first = await change({ duplicate_reference_guard: true }, { idempotencyKey: 'guard' });
    await change({ duplicate_reference_guard: false });
    const again = await change({ duplicate_reference_guard: true }, { idempotencyKey: 'guard' });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await get(api, '/v1/settings', theirs())).body.duplicate_reference_guard).toBe(false);
    expect((await change({}, { idempotencyKey: 'guard' })).body.error.code).toBe('idempotency_key_reused');
  });

  it('are changed by a live key only, once there is one', async () => {
    const refused = await post(api, '/v1/settings', { return_origins: ['https://evil.example'] });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'live_key_required']);
    const body = { return_origins: ['https://a.example'] };
    expect((await post(api, '/v1/settings', body, { key: api.keys.aLive })).status).toBe(200);
    expect((await get(api, '/v1/settings')).body.return_origins).toEqual(['https://a.example']);
  });

  it('say what licences ask for, and who has to approve a routing policy', async () => {
    const { body } = await change({ category: '5732', country: 'DE', routing_approval: true });
    expect(body).toMatchObject({ category: '5732', country: 'DE', routing_approval: true });
    // Whoever wants to get round a second person must not be able to abolish it alone.
    const alone = await change({ routing_approval: false });
    expect([alone.status, alone.body.error.param]).toEqual([400, 'routing_approval']);
    expect((await get(api, '/v1/settings', theirs())).body.routing_approval).toBe(true);
  });

  it.each([
    ['a path', { return_origins: ['https://shop.example/back'] }, 'return_origins.0'],
    ['credentials', { return_origins: ['https://a:b@shop.example'] }, 'return_origins.0'],
    ['a script', { return_origins: ['javascript:alert(1)'] }, 'return_origins.0'],
    ['no origin at all', { return_origins: ['shop.example'] }, 'return_origins.0'],
    ['a rule that there isn’t', { authentication_rules: { always: true } }, 'authentication_rules.always'],
    ['a currency that there isn’t', { authentication_rules: { challenge_from: { XYZ: 1 } } }, undefined],
    ['part of a minor unit', { authentication_rules: { challenge_from: { EUR: 1.5 } } }, undefined],
  ])('refuse %s', async (_what, body, param) => {
    const { status, body: answer } = await change(body);
    expect(status).toBe(400);
    if (param !== undefined) expect(answer.error.param).toBe(param);
  });
});

describe('a return URL', () => {
  it('is refused until its origin is registered, and taken at once when it is', async () => {
    const refused = await payTo('https://new.example/back?order=1');
    expect([refused.status, refused.body.error.code, refused.body.error.param]).toEqual([
      400,
      'return_url_not_registered',
      'return_url',
    ]);
    expect(refused.body.error.message).toContain('POST /v1/settings');
    await change({ return_origins: ['https://new.example'] });
    expect((await payTo('https://new.example/back?order=1')).status).toBe(201);
  });

  it.each([
    'http://new.example/',
    'https://new.example:8443/',
    'https://new.example.evil.example/',
    'https://evil.example/?https://new.example',
    'http://127.0.0.1.evil.example/',
  ])('%s is another origin than https://new.example', async (url) => {
    await change({ return_origins: ['https://new.example'] });
    expect((await payTo(url)).body.error?.code).toBe('return_url_not_registered');
  });

  it.each(['http://127.0.0.1:5173/back', 'http://localhost/back', 'http://[::1]:80/'])(
    '%s needs no registration in test mode, and does in live mode',
    async (url) => {
      expect((await payTo(url)).status).toBe(201);
      const key = api.keys.aLive;
      const card = await createCard(api, { key });
      const order = { amount: 100, currency: 'EUR', payment_method: card, return_url: url };
      expect((await post(api, '/v1/payments', order, { key })).body.error.code).toBe(
        'return_url_not_registered',
      );
    },
  );
});

describe('the guard against a second payment of one order', () => {
  const order = (reference: string) => ({
    amount: 100,
    currency: 'EUR',
    payment_method: theirCard,
    reference,
  });
  const existing = (reference: string, status: string) =>
    insertPayment(api, { merchantId: 'mer_b', reference, status });
  const pay = (reference: string, more: Sending = {}) =>
    post(api, '/v1/payments', order(reference), theirs(more));

  it('is off by default', async () => {
    await change({ duplicate_reference_guard: false });
    await existing('order 1', 'succeeded');
    expect((await pay('order 1')).status).toBe(201);
  });

  it('answers 409 and names the payment, while that is open or has succeeded', async () => {
    await change({ duplicate_reference_guard: true });
    await existing('until it holds', 'succeeded');
    // Older settings may be seen for two seconds; until then the plan is what refuses.
    await waitFor(async () => (await pay('until it holds')).status === 409, { what: 'the guard to hold' });
    for (const status of ['requires_action', 'processing', 'requires_review', 'succeeded']) {
      const id = await existing(`is ${status}`, status);
      const { status: answered, body } = await pay(`is ${status}`);
      expect([answered, body.error.code, body.error.param]).toEqual([
        409,
        'duplicate_reference',
        'reference',
      ]);
      expect(body.error.message).toContain(id);
    }
    for (const status of ['failed', 'canceled', 'expired']) {
      await existing(`has ${status}`, status);
      expect((await pay(`has ${status}`)).status).toBe(201);
    }
  }, 20_000);

  it('gives the same answer where the plan refused it, and to its repetition', async () => {
    await change({ duplicate_reference_guard: true });
    const other = `pay_${'b'.repeat(26)}`;
    api.door.outcome = (payment) => ({
      ...payment,
      status: 'canceled',
      cancellationReason: `duplicate_of_${other}`,
    });
    for (const _ of ['first', 'again']) {
      const { status, body } = await pay('raced', { idempotencyKey: 'raced' });
      expect([status, body.error.code]).toEqual([409, 'duplicate_reference']);
      expect(body.error.message).toContain(other);
    }
  });
});
