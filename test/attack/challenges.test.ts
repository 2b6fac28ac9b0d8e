import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { challengeWorkflowId, paymentWorkflowId } from '../../domain/names.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';

/** 3DS2 challenges through the whole stack: each way in which one can end, and what payers do to it. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());
tellOnFailure(() => system);

/** What the issuer does with each card: sandbox/README.md. Euros go to Adyen, dollars to Stripe. */
const AT = {
  stripe: { currency: 'USD', challenged: '4000000003000082' },
  adyen: { currency: 'EUR', challenged: '5200000003000087' },
} as const;
type Name = keyof typeof AT;
const PROVIDERS = Object.keys(AT) as readonly Name[];

async function pay(provider: Name, card: string, body: Record<string, unknown> = {}) {
  const answer = await system.pay({
    amount: 2_500,
    currency: AT[provider].currency,
    capture_method: 'manual',
    payment_method: await system.card(card),
    ...body,
  });
  return answer.body;
}

async function challenged(provider: Name): Promise<string> {
  const body = await pay(provider, AT[provider].challenged);
  expect(body, JSON.stringify(body)).toMatchObject({
    status: 'requires_action',
    next_action: { type: 'redirect_to_url' },
  });
  return body.id;
}

const authenticationOf = async (id: string) => (await payment(system, id)).attempts.at(-1).authentication;
const reference = (id: string, number = 1) => `att_${id.slice(4)}_${number}`;

/** The payer at the issuer's page, without a browser; answers where the browser would be sent back to. */
async function act(provider: Name, id: string, outcome: string, number = 1): Promise<string> {
  const path = `/payments/${reference(id, number)}/authenticate`;
  const { returnTo } = (await system.admin(provider, 'POST', path, { outcome })) as { returnTo: string };
  return returnTo;
}

const browse = (url: string) => fetch(url, { redirect: 'manual' });

const become = (id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, {
    what: `${id} to be ${status}`,
    timeoutMs: 30_000,
  });

describe.each(PROVIDERS)('a challenge at %s', (provider) => {
  it('approved by a payer who comes back, twice even, authorizes once', async () => {
    const id = await challenged(provider);
    const back = await act(provider, id, 'succeeded');
    const answers = await Promise.all([browse(back), browse(back)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await become(id, 'requires_capture');
    expect(await authenticationOf(id)).toMatchObject({
      status: 'challenged',
      trans_status: 'Y',
      eci: provider === 'stripe' ? '05' : '02',
      liability_shift: true,
    });
    const letters = await system.sql(
      `SELECT id FROM inbox WHERE owner_id = $1 AND event_type = 'challenge.returned'`,
      [id],
    );
    expect(letters).toHaveLength(1);
    await expectSound(system, id);
  });

  it('failed by the payer fails the payment', async () => {
    const id = await challenged(provider);
    await browse(await act(provider, id, 'failed'));
    await become(id, 'failed');
    expect(await authenticationOf(id)).toMatchObject({ status: 'failed', trans_status: 'N' });
    await expectSound(system, id);
  });

  it('that nobody opens is canceled there, proven, and abandoned', async () => {
    const id = await challenged(provider);
    await become(id, 'failed');
    expect(await payment(system, id)).toMatchObject({ failure: { code: 'authentication_abandoned' } });
    expect(await authenticationOf(id)).toMatchObject({ status: 'abandoned' });
    const late = await act(provider, id, 'succeeded').catch(() => undefined);
    if (late !== undefined) await browse(late);
    expect(await payment(system, id)).toMatchObject({ status: 'failed', amount_authorized: 0 });
    await expectSound(system, id);
  });

  it('left open at the issuer’s page times out', async () => {
    const id = await challenged(provider);
    await act(provider, id, 'timed_out');
    await become(id, 'failed');
    expect((await authenticationOf(id)).status).toMatch(/timed_out|abandoned/);
  });

  it('is given up by the merchant', async () => {
    const id = await challenged(provider);
    const { status, body } = await system.request('POST', `/v1/payments/${id}/void`, {
      key: freshKey(),
      body: {},
    });
    expect([200, 202], JSON.stringify(body)).toContain(status);
    await become(id, 'canceled');
    expect(await authenticationOf(id)).toMatchObject({ status: 'abandoned' });
  });

  it('of which the wrong browser brings a return is refused, and written down', async () => {
    const id = await challenged(provider);
    const answer = await browse(
      `${system.apiUrl}/v1/returns/${id}/1/${'x'.repeat(32)}?redirectResult=forged`,
    );
    expect(answer.status).toBe(404);
    const [refusal] = await system.sql('SELECT code FROM return_refusal WHERE payment_id = $1', [id]);
    expect(refusal).toBeDefined();
    expect(await payment(system, id)).toMatchObject({ status: 'requires_action' });
  });
});

describe('a challenge', () => {
  it('completed at Stripe by a payer who never comes back is found out', async () => {
    const id = await challenged('stripe');
    await act('stripe', id, 'succeeded');
    await become(id, 'requires_capture');
    expect(await authenticationOf(id)).toMatchObject({
      status: 'completed_without_return',
      trans_status: 'Y',
    });
  });

  it('is not completed by what another payment’s browser brought', async () => {
    const [mine, others] = [await challenged('adyen'), await challenged('adyen')];
    const theirs = new URL(await act('adyen', others, 'succeeded'));
    const back = new URL(await act('adyen', mine, 'succeeded'));
    const forged = new URL(back);
    forged.search = theirs.search;
    await browse(forged.href);
    await waitFor(
      async () =>
        (
          await system.sql(
            `SELECT 1 FROM operation WHERE payment_id = $1 AND cause LIKE 'returned_%' AND closed_at IS NOT NULL`,
            [mine],
          )
        ).length === 1,
      { what: 'the foreign return to be refused' },
    );
    expect(await payment(system, mine)).toMatchObject({ status: 'requires_action', amount_authorized: 0 });
    await browse(back.href);
    await become(mine, 'requires_capture');
    await expectSound(system, mine);
  });

  it('outlives its own workflow’s end by hand, and the payment’s reset', async () => {
    const { temporal, keys } = system.config;
    const client = await connectClient(temporal, createDataConverter(keys.codec));
    try {
      const ended = await challenged('stripe');
      await client.workflow.getHandle(challengeWorkflowId(ended, 1)).terminate('by hand');
      await become(ended, 'failed');
      expect(await authenticationOf(ended)).toMatchObject({ status: 'abandoned' });
      const reset = await challenged('stripe');
      await client.workflow.getHandle(paymentWorkflowId(reset, 1)).terminate('by hand');
      await browse(await act('stripe', reset, 'succeeded'));
      await become(reset, 'requires_capture');
      expect(await authenticationOf(reset)).toMatchObject({ status: 'challenged' });
      await expectSound(system, reset);
    } finally {
      await client.connection.close();
    }
  });
});

describe.each(PROVIDERS)('without a challenge, %s', (provider) => {
  const card = { stripe: (visa: string) => visa, adyen: (_: string, mastercard: string) => mastercard }[
    provider
  ];

  it.each([
    [
      'is frictionless',
      card('4000000003000017', '5200000003000012'),
      { three_ds: { request: 'any' } },
      'requires_capture',
      'frictionless',
    ],
    [
      'is attempted',
      card('4000000003000025', '5200000003000020'),
      { three_ds: { request: 'any' } },
      'requires_capture',
      'frictionless',
    ],
    [
      'is rejected by the issuer',
      card('4000000003000033', '5200000003000038'),
      { three_ds: { request: 'any' } },
      'failed',
      'rejected',
    ],
    ['is exempted', card('4000000003000074', '5200000003000079'), {}, 'requires_capture', 'exempted'],
  ])('%s', async (_what, number, body, status, authentication) => {
    const paid = await pay(provider, number, body);
    const id = paid.id ?? paid.error?.payment?.id;
    await become(id, status);
    expect(await authenticationOf(id)).toMatchObject({ status: authentication });
  });

  it('steps up after a soft decline, at the same provider', async () => {
    const body = await pay(provider, card('4000000003000058', '5200000003000053'));
    expect(body, JSON.stringify(body)).toMatchObject({ status: 'requires_action' });
    await browse(await act(provider, body.id, 'succeeded', 2));
    await become(body.id, 'requires_capture');
    const { attempts } = await payment(system, body.id);
    expect(attempts.map((each: { provider: string }) => each.provider)).toEqual([provider, provider]);
    expect(attempts[1].authentication).toMatchObject({ request: 'challenge', reasons: ['soft_decline'] });
  });
});
