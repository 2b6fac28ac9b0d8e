import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertAttempt, insertPayment, randomPaymentId } from '../test-support/rows.ts';

const DIGEST_KEY = randomBytes(32);
const ring = () => ({ activeId: 'k1', keys: { k1: randomBytes(32) } });
const KEYS = { codec: ring(), vault: ring(), digest: DIGEST_KEY };
const RETURN_URL = 'https://shop.example/back?order=7';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ keys: KEYS });
});
afterAll(() => api.close());
beforeEach(() => {
  api.door.newsOf.length = 0;
});

/** As the vault makes it; the contract with whoever wrote the address that the provider was given. */
function tokenOf(attemptId: string): string {
  const textKey = createHmac('sha256', DIGEST_KEY).update('interlock/vault/text/v1').digest();
  return createHmac('sha256', textKey).update(`return:${attemptId}`).digest('base64url').slice(0, 32);
}

interface Challenge {
  readonly paymentId: string;
  readonly attemptId: string;
  readonly path: string;
}

async function challenge(
  status = 'challenge_required',
  returnUrl: string | null = RETURN_URL,
): Promise<Challenge> {
  const paymentId = await insertPayment(api, { status: 'requires_action' });
  const attemptId = await insertAttempt(api, paymentId, { providerReference: 'pi_mine' });
  await api.sql.query('UPDATE payment SET return_url = $2 WHERE id = $1', [paymentId, returnUrl]);
  await api.sql.query('UPDATE attempt SET authentication = $2 WHERE id = $1', [attemptId, { status }]);
  return { paymentId, attemptId, path: `/v1/returns/${paymentId}/1/${tokenOf(attemptId)}` };
}

const visit = (path: string) => fetch(`${api.url}${path}`, { redirect: 'manual' });
const letters = async (paymentId: string) =>
  (
    await api.sql.query(
      'SELECT provider_event_id AS name, event_type, reference, owner_id, summary FROM inbox WHERE payment_id = $1',
      [paymentId],
    )
  ).rows;
const refusals = async (paymentId: string) =>
  (
    await api.sql.query('SELECT code, detail FROM return_refusal WHERE payment_id = $1 ORDER BY id', [
      paymentId,
    ])
  ).rows;

describe('a browser that comes back', () => {
  it('goes on to the shop, which learns which payment, and not how it ended', async () => {
    const { paymentId, attemptId, path } = await challenge();
    const answer = await visit(`${path}?redirectResult=abc%2Bd&payment_intent=pi_mine`);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`https://shop.example/back?order=7&payment=${paymentId}`);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await letters(paymentId)).toEqual([
      {
        name: expect.stringMatching(new RegExp(`^return_${attemptId}_[0-9a-f]{32}$`)),
        event_type: 'challenge.returned',
        reference: attemptId,
        owner_id: paymentId,
        summary: { redirectResult: 'abc+d', payment_intent: 'pi_mine' },
      },
    ]);
    expect(api.door.newsOf).toEqual([paymentId]);
  });

  it('twice is one letter, in whatever order its parameters stand', async () => {
    const { paymentId, path } = await challenge();
    const answers = await Promise.all(
      ['?a=1&b=2', '?b=2&a=1', '?a=1&b=2', '?a=1&b=2'].map((query) => visit(path + query)),
    );
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    expect(await letters(paymentId)).toHaveLength(1);
    expect(api.door.newsOf).toEqual([paymentId]);
    await visit(`${path}?a=2`);
    expect(await letters(paymentId)).toHaveLength(2);
  });

  it('again and again with something new leaves an end of it', async () => {
    const { paymentId, path } = await challenge();
    for (let n = 0; n < 15; n += 1) expect((await visit(`${path}?n=${n}`)).status).toBe(303);
    expect(await letters(paymentId)).toHaveLength(10);
  });

  it('keeps nothing that could act for the payer', async () => {
    const { paymentId, path } = await challenge();
    await visit(`${path}?payment_intent=pi_mine&payment_intent_client_secret=pi_mine_secret_x`);
    expect((await letters(paymentId))[0]?.summary).toEqual({ payment_intent: 'pi_mine' });
  });

  it('keeps no card number, and is refused for none: what a provider writes may look like one', async () => {
    const { paymentId, path } = await challenge();
    const opaque = `${'x'.repeat(30)}4242424242424242${'x'.repeat(30)}`;
    const answer = await visit(
      `${path}?a=4242424242424242&4242424242424242=b&c=4242%204242%204242%204242&redirectResult=${opaque}`,
    );
    expect(answer.status).toBe(303);
    expect((await letters(paymentId))[0]?.summary).toEqual({ redirectResult: opaque });
  });

  it('is thanked where the shop named no place', async () => {
    const { path } = await challenge('challenge_required', null);
    const answer = await visit(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await answer.text()).toContain('You can close this page');
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });

  it.each(['challenged', 'completed_without_return', 'abandoned', 'failed'])(
    'after it was %s is sent on, and wakes nobody',
    async (status) => {
      const { paymentId, path } = await challenge(status);
      expect((await visit(path)).status).toBe(303);
      expect(await letters(paymentId)).toEqual([]);
      expect(api.door.newsOf).toEqual([]);
    },
  );

  it.each(['returned', 'unknown'])('while it is %s is written down', async (status) => {
    const { paymentId, path } = await challenge(status);
    await visit(path);
    expect(await letters(paymentId)).toHaveLength(1);
  });
});

describe('a return that is refused, and audited', () => {
  it('with another token', async () => {
    const { paymentId, attemptId, path } = await challenge();
    const other = await challenge();
    for (const token of [tokenOf(other.attemptId), 'x'.repeat(32), tokenOf(attemptId).toUpperCase()]) {
      const answer = await visit(path.replace(tokenOf(attemptId), token));
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    }
    expect((await refusals(paymentId)).map(({ code }) => code)).toEqual(Array(3).fill('wrong_token'));
    expect(await letters(paymentId)).toEqual([]);
    expect(api.door.newsOf).toEqual([]);
  });

  it.each([
    ['another attempt', (path: string) => path.replace('/1/', '/2/')],
    ['no number', (path: string) => path.replace('/1/', '/one/')],
    ['a token cut short', (path: string) => path.slice(0, -1)],
    ['another payment', (path: string) => path.replace(/pay_[a-z2-7]{26}/, randomPaymentId())],
    ['something that is no payment', (path: string) => path.replace(/pay_[a-z2-7]{26}/, 'x')],
  ])('for %s', async (_what, changed) => {
    const { paymentId, path } = await challenge();
    expect((await visit(changed(path))).status).toBe(404);
    expect(await letters(paymentId)).toEqual([]);
  });

  const otherPayment = `pay_${'c'.repeat(26)}`;
  it.each([
    ['that names another payment', `payment=${otherPayment}`, 'other_payment'],
    ['with another attempt’s reference', `merchantReference=att_${'c'.repeat(26)}_1`, 'other_payment'],
    ['of another intent', 'payment_intent=pi_other', 'other_payment'],
    ['with a changed amount', 'amount=1', 'amount_changed'],
    ['with a changed currency', 'currency=USD', 'amount_changed'],
    ['with a parameter twice', 'a=1&a=2', 'malformed'],
    ['with an endless parameter', `redirectResult=${'x'.repeat(6_001)}`, 'too_large'],
    ['with too many', Array.from({ length: 21 }, (_, n) => `p${n}=1`).join('&'), 'too_large'],
  ])('%s', async (_what, query, code) => {
    const { paymentId, path } = await challenge();
    const answer = await visit(`${path}?${query}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    const [refusal, ...more] = await refusals(paymentId);
    expect([refusal.code, more]).toEqual([code, []]);
    expect(refusal.detail).not.toContain('ccc');
    expect(await letters(paymentId)).toEqual([]);
    expect(api.door.newsOf).toEqual([]);
  });

  it('but not for saying the same payment, amount and currency once more', async () => {
    const { paymentId, path } = await challenge();
    const answer = await visit(`${path}?payment=${paymentId}&amount=2000&currency=eur`);
    expect(answer.status).toBe(303);
    expect(await refusals(paymentId)).toEqual([]);
  });

  it('and its row takes no change and no removal', async () => {
    await expect(api.sql.query(`UPDATE return_refusal SET code = 'x'`)).rejects.toThrow();
    await expect(api.sql.query('DELETE FROM return_refusal')).rejects.toThrow();
  });
});

it('asks a payer to come again while the database is away', async () => {
  const away = await startTestApi({ keys: KEYS, databaseUrl: 'postgres://nobody@127.0.0.1:1/nowhere' });
  const paymentId = randomPaymentId();
  const token = tokenOf(`att_${paymentId.slice(4)}_1`);
  const answer = await fetch(`${away.url}/v1/returns/${paymentId}/1/${token}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
  await away.close();
});
