import { expect, test } from 'vitest';
import {
  admin,
  adyenBody,
  adyenRequest,
  effectsOf,
  journalOf,
  type RawAnswer,
  raw,
  receiver,
  simulator,
  stripePayment,
  stripeRequest,
} from '../testing.ts';
import { money } from './page.ts';

type Sim = Awaited<ReturnType<typeof simulator>>;

const CHALLENGED = '4000000003000082';
const PROVIDERS = ['stripe', 'adyen'] as const;
type Provider = (typeof PROVIDERS)[number];

function pay(sim: Sim, provider: Provider, reference: string, number = CHALLENGED, name = 'Ada Lovelace') {
  if (provider === 'stripe') {
    return stripePayment(sim, reference, {
      'payment_method_data[card][number]': number,
      'payment_method_data[billing_details][name]': name,
      return_url: 'https://merchant.example/return',
      statement_descriptor_suffix: '<b>Tom & Jerry</b>',
    });
  }
  const { paymentMethod } = adyenBody('', {}, name);
  const authenticationData = { threeDSRequestData: { nativeThreeDS: 'disabled' } };
  const change = { paymentMethod: { ...paymentMethod, number }, authenticationData };
  return adyenRequest(
    sim,
    '/payments',
    adyenBody(reference, { ...change, shopperStatement: '<b>Tom & Jerry</b>' }),
  );
}

interface Listed {
  id: string;
  state: string;
  pageUrl: string;
  deadlineAt: string | null;
  result: { transStatus: string; transStatusReason?: string; challengeCancel?: string } | null;
}

async function listed(sim: Sim, reference: string, all = true): Promise<Listed | undefined> {
  const query = `?reference=${reference}${all ? '&all=1' : ''}`;
  return (await admin(sim, 'GET', `/challenges${query}`)).body[0];
}

async function pageOf(sim: Sim, reference: string): Promise<string> {
  return (await listed(sim, reference))?.pageUrl ?? expect.fail('a challenge');
}

/** As a browser: the provider's redirect, then the issuer's page. */
async function open(url: string): Promise<RawAnswer> {
  const redirect = await raw(url);
  expect(redirect.status).toBe(303);
  return await raw(String(redirect.headers.location));
}

function press(url: string, outcome: string): Promise<RawAnswer> {
  return raw(url, { method: 'POST', body: `outcome=${outcome}` });
}

test.each(PROVIDERS)(
  '%s: the page shows who is paid what, runs no script, and takes nothing for markup',
  async (provider) => {
    const sim = await simulator(provider);
    await pay(sim, provider, 'r1');
    const page = await open(await pageOf(sim, 'r1'));
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.body).toContain('EUR 10.00');
    expect(page.body).toContain('•••• 0082');
    expect(page.body).toContain('&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;');
    expect(page.body).not.toMatch(/<b>Tom|<script/);
    for (const outcome of ['approve', 'fail', 'cancel'])
      expect(page.body).toContain(`name="outcome" value="${outcome}"`);
  },
);

test('amounts read as the currency writes them', () => {
  expect(money(5, 'EUR')).toBe('EUR 0.05');
  expect(money(123_456_789, 'EUR')).toBe('EUR 1,234,567.89');
  expect(money(1_200, 'JPY')).toBe('JPY 1,200');
  expect(money(1_234, 'KWD')).toBe('KWD 1.234');
});

test.each(PROVIDERS)(
  '%s: the first answer counts, and each press leads back to the merchant',
  async (provider) => {
    const sim = await simulator(provider);
    await pay(sim, provider, 'r1');
    const url = await pageOf(sim, 'r1');
    const first = await press(url, 'fail');
    const second = await press(url, 'approve');
    expect([first.status, second.status]).toEqual([303, 303]);
    expect(second.headers.location).toBe(first.headers.location);
    expect(first.headers.location).toMatch(/^https:\/\/merchant\.example\/return\?/);
    expect(await effectsOf(sim, 'r1')).toEqual(['requires_action', 'declined']);
    const effect = (await journalOf(sim, 'r1')).find((line) => line.effect === 'declined');
    expect(effect?.authentication).toMatchObject({ flow: 'challenge', transStatus: 'N', eci: '07' });
    expect((await press(url, 'nonsense')).status).toBe(400);
    expect((await raw(`${sim.apiUrl}/3ds/${'A'.repeat(22)}`)).status).toBe(404);
  },
);

test.each(PROVIDERS)('%s: a challenge survives its provider being started again', async (provider) => {
  const sim = await simulator(provider);
  await pay(sim, provider, 'r1');
  const path = new URL(await pageOf(sim, 'r1')).pathname;
  await open(`${sim.apiUrl}${path}`);
  await sim.close();
  const again = await simulator(provider, { dataDir: sim.dataDir });
  expect((await listed(again, 'r1', false))?.state).toBe('shown');
  expect((await press(`${again.apiUrl}${path}`, 'approve')).status).toBe(303);
  expect((await listed(again, 'r1'))?.result).toMatchObject({ transStatus: 'Y' });
});

test('each page shown gives the cardholder ten minutes anew, and thirty seconds to get there', async () => {
  const sim = await simulator('stripe');
  await pay(sim, 'stripe', 'r1');
  const url = await pageOf(sim, 'r1');
  const left = async () =>
    Date.parse((await listed(sim, 'r1', false))?.deadlineAt ?? expect.fail('a deadline')) - Date.now();
  expect((await listed(sim, 'r1', false))?.deadlineAt).toBeNull();
  const redirect = await raw(url);
  expect(await left()).toBeGreaterThan(20_000);
  expect(await left()).toBeLessThanOrEqual(30_000);
  await raw(String(redirect.headers.location));
  const first = await listed(sim, 'r1', false);
  expect(await left()).toBeGreaterThan(590_000);
  await expect
    .poll(async () => {
      await raw(String(redirect.headers.location));
      return (await listed(sim, 'r1', false))?.deadlineAt;
    })
    .not.toBe(first?.deadlineAt);
});

test.each(PROVIDERS)('%s: time that ran out is the issuer’s N with reason 14', async (provider) => {
  const endpoint = await receiver();
  const sim = await simulator(provider, { webhookUrl: endpoint.url });
  // 600 s, scaled to 60 ms; a redirect that nobody follows never falls under a second.
  await admin(sim, 'POST', '/settings', { challengeTimeScale: 1e-4 });
  await pay(sim, provider, 'left');
  await open(await pageOf(sim, 'left'));
  await pay(sim, provider, 'lost');
  await raw(await pageOf(sim, 'lost'));
  await expect.poll(() => effectsOf(sim, 'left')).toEqual(['requires_action', 'declined']);
  await expect
    .poll(() => effectsOf(sim, 'lost'), { timeout: 5_000 })
    .toEqual(['requires_action', 'declined']);
  expect((await listed(sim, 'left'))?.result).toMatchObject({ transStatus: 'N', transStatusReason: '14' });
  expect((await listed(sim, 'lost'))?.result).toMatchObject({
    transStatusReason: '14',
    challengeCancel: '05',
  });
  const page = await raw(await pageOf(sim, 'left'));
  expect([page.status, page.body.includes('Time ran out')]).toEqual([410, true]);
  await expect.poll(() => endpoint.deliveries.length).toBeGreaterThanOrEqual(2);
});

test('without a browser: open challenges are listed, answered by reference, and reported late on request', async () => {
  const sim = await simulator('stripe');
  for (const reference of ['ok', 'no', 'late']) await pay(sim, 'stripe', reference);
  expect((await admin(sim, 'GET', '/challenges')).body).toHaveLength(3);
  const done = await admin(sim, 'POST', '/payments/ok/authenticate', {});
  expect(done.body.returnTo).toMatch(/^https:\/\/merchant\.example\/return\?payment_intent=pi_/);
  expect(await effectsOf(sim, 'ok')).toEqual(['requires_action', 'authorized']);
  await admin(sim, 'POST', '/payments/no/authenticate', { outcome: 'canceled' });
  expect((await listed(sim, 'no'))?.result).toMatchObject({ challengeCancel: '01' });
  await admin(sim, 'POST', '/payments/late/authenticate', { reportDelayMs: 100 });
  expect((await listed(sim, 'late'))?.state).toBe('answered');
  expect((await admin(sim, 'POST', '/payments/late/authenticate', {})).status).toBe(404);
  await expect.poll(() => effectsOf(sim, 'late')).toEqual(['requires_action', 'authorized']);
  expect((await admin(sim, 'GET', '/challenges')).body).toEqual([]);
});

test('a result that is reported after the payment was canceled changes nothing', async () => {
  const sim = await simulator('stripe');
  const { id } = JSON.parse((await pay(sim, 'stripe', 'r1')).body);
  await admin(sim, 'POST', '/payments/r1/authenticate', { reportDelayMs: 100 });
  await stripeRequest(sim, `/v1/payment_intents/${id}/cancel`, new URLSearchParams(), 'c1');
  await expect.poll(async () => (await listed(sim, 'r1'))?.state).toBe('reported');
  expect(await effectsOf(sim, 'r1')).toEqual(['requires_action', 'canceled']);
});

test('adyen: details say that the report is still under way, and nothing but the issuer’s word authorizes', async () => {
  const sim = await simulator('adyen');
  await pay(sim, 'adyen', 'r1');
  const done = await admin(sim, 'POST', '/payments/r1/authenticate', { reportDelayMs: 100 });
  const redirectResult = new URL(done.body.returnTo).searchParams.get('redirectResult');
  const details = () => adyenRequest(sim, '/payments/details', { details: { redirectResult } });
  expect(JSON.parse((await details()).body)).toMatchObject({
    resultCode: 'Pending',
    merchantReference: 'r1',
  });
  await expect.poll(() => effectsOf(sim, 'r1')).toEqual(['requires_action', 'authorized']);
  expect(JSON.parse((await details()).body)).toMatchObject({
    resultCode: 'Authorised',
    additionalData: { threeDAuthenticated: 'true', liabilityShift: 'true', eci: '05' },
  });
  // What a native challenge would bring back says who was authenticated; here it must not count.
  await pay(sim, 'adyen', 'r2');
  const { payment } = (await admin(sim, 'GET', '/challenges?reference=r2')).body[0];
  const forged = Buffer.from(JSON.stringify({ payment, transStatus: 'Y' })).toString('base64url');
  const body = { paymentData: forged, details: { threeDSResult: forged } };
  expect((await adyenRequest(sim, '/payments/details', body)).status).toBe(422);
  expect(await effectsOf(sim, 'r2')).toEqual(['requires_action']);
});

test('stripe: what it is asked about 3DS is checked and repeated', async () => {
  const sim = await simulator('stripe');
  const send = (fields: Record<string, string>) =>
    stripePayment(sim, 'r1', { key: Math.random().toString(), ...fields });
  const card = 'payment_method_options[card]';
  expect((await send({ [`${card}[request_three_d_secure]`]: 'sometimes' })).status).toBe(400);
  const mit = { [`${card}[mit_exemption][network_transaction_id]`]: '705462025680611' };
  expect((await send(mit)).status).toBe(400);
  expect((await send({ ...mit, off_session: 'true' })).status).toBe(200);
  const answered = await send({ [`${card}[request_three_d_secure]`]: 'any', 'expand[]': 'latest_charge' });
  expect(JSON.parse(answered.body)).toMatchObject({
    payment_method_options: { card: { request_three_d_secure: 'any' } },
    latest_charge: {
      payment_method_details: { card: { three_d_secure: { result: 'attempt_acknowledged' } } },
    },
  });
});
