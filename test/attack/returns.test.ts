import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { type System, startSystem } from '../support/system.ts';
import { effects, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';

/** Payers' browsers that come back twice, changed, or with what is another payment's: one charge, or none. */
let system: System;
beforeAll(async () => {
  system = await startSystem({ timeScale: 0.02 });
});
afterAll(() => system?.close());
tellOnFailure(() => system);

const CHALLENGED = '4000000003000082';
const RETURN_URL = 'https://shop.example/back';

interface Challenge {
  readonly id: string;
  /** Where the provider sends the browser once its payer has answered. */
  readonly returnTo: string;
}

/** The payer approves; what the browser then does is the test's. Stripe goes on by itself, Adyen only when it is told. */
async function approved(provider: 'stripe' | 'adyen', reference?: string): Promise<Challenge> {
  const { body } = await system.pay({
    amount: 4_200,
    currency: provider === 'adyen' ? 'EUR' : 'USD',
    payment_method: await system.card(CHALLENGED),
    return_url: RETURN_URL,
    ...(reference === undefined ? {} : { reference }),
  });
  expect(body.status).toBe('requires_action');
  const attempt = body.attempts[0].id;
  const answered = await system.admin(provider, 'POST', `/payments/${attempt}/authenticate`, {
    outcome: 'succeeded',
  });
  return { id: body.id, returnTo: (answered as { returnTo: string }).returnTo };
}

const visit = (url: string) => fetch(url, { redirect: 'manual' });
const refusals = (id: string) =>
  system.sql<{ code: string }>('SELECT code FROM return_refusal WHERE payment_id = $1 ORDER BY id', [id]);
const succeeds = (id: string) =>
  waitFor(async () => (await payment(system, id)).status === 'succeeded', { what: `${id} to succeed` });

describe.each(['stripe', 'adyen'] as const)('at %s', (provider) => {
  it('ten browsers that come back at once are one charge', async () => {
    const { id, returnTo } = await approved(provider);
    const answers = await Promise.all(Array.from({ length: 10 }, () => visit(returnTo)));
    for (const answer of answers) {
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe(`${RETURN_URL}?payment=${id}`);
    }
    await succeeds(id);
    expect((await visit(returnTo)).status).toBe(303);
    expect((await effects(system, provider, id)).filter((effect) => effect === 'captured')).toHaveLength(1);
    await expectSound(system, id);
  });

  it('a changed amount is refused and audited, and the true return still counts', async () => {
    const { id, returnTo } = await approved(provider);
    const changed = await visit(`${returnTo}${returnTo.includes('?') ? '&' : '?'}amount=1`);
    expect([changed.status, changed.headers.get('location')]).toEqual([400, null]);
    expect((await refusals(id)).map(({ code }) => code)).toEqual(['amount_changed']);
    expect((await visit(returnTo)).status).toBe(303);
    await succeeds(id);
    expect((await payment(system, id)).amount_captured).toBe(4_200);
    await expectSound(system, id);
  });
});

it('what one payer brought back completes nobody else’s payment', async () => {
  const [mine, theirs] = [await approved('adyen'), await approved('adyen')];
  // My address, with what the provider gave them: nothing of ours can tell, and the adapter's check must.
  const crossed = new URL(mine.returnTo);
  crossed.search = new URL(theirs.returnTo).search;
  expect((await visit(crossed.href)).status).toBe(303);
  await waitFor(
    async () =>
      (
        await system.sql('SELECT 1 FROM inbox WHERE payment_id = $1 AND acknowledged_at IS NOT NULL', [
          mine.id,
        ])
      ).length > 0,
    { what: 'the crossed return to be read' },
  );
  expect((await visit(theirs.returnTo)).status).toBe(303);
  await succeeds(theirs.id);
  await waitFor(
    async () => !['processing', 'requires_action'].includes((await payment(system, mine.id)).status),
    {
      what: 'my own payment to end',
      timeoutMs: 50_000,
    },
  );
  for (const { id } of [mine, theirs]) await expectSound(system, id);
  const captured = (await effects(system, 'adyen', theirs.id)).filter((effect) => effect === 'captured');
  expect(captured).toHaveLength(1);
}, 120_000);

it('another payment’s address with a payment’s own token opens nothing', async () => {
  const [mine, theirs] = [await approved('adyen'), await approved('adyen')];
  const crossed = mine.returnTo.replace(mine.id, theirs.id);
  expect((await visit(crossed)).status).toBe(404);
  expect((await refusals(theirs.id)).map(({ code }) => code)).toEqual(['wrong_token']);
  for (const { id, returnTo } of [mine, theirs]) {
    await visit(returnTo);
    await succeeds(id);
    await expectSound(system, id);
  }
});
