import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { type Answer, createCard, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment, randomPaymentId } from '../test-support/rows.ts';

let api: TestApi;
let card: string;
let release: () => void;

beforeAll(async () => {
  api = await startTestApi({ apiWaitMs: 700 });
  card = await createCard(api);
});
afterAll(() => api.close());
beforeEach(() => {
  const hanging = new Promise<void>((resolve) => {
    release = resolve;
  });
  api.door.before = () => hanging;
});
afterEach(() => release());

/**
 * The promise is 250 ms. What a busy machine adds must not fail the build; a door that is waited for without
 * end takes far longer than this.
 */
const SLACK_MS = 250 + 350;

const order = () => ({ amount: 2000, currency: 'EUR', payment_method: card });

/** By the server's own clock, from its log: what the test's process does meanwhile is not the API's time. */
async function timed(sending: Promise<Answer>): Promise<Answer & { readonly tookMs: number }> {
  const answer = await sending;
  const requestId = answer.headers.get('request-id') ?? 'none';
  const line = await waitFor(
    () => api.logs.find((each) => each.includes(requestId) && each.includes('duration_ms')),
    {
      what: `the log line of ${requestId}`,
    },
  );
  return { ...answer, tookMs: Number(JSON.parse(line).duration_ms) };
}

const send = (path: string, body: object, prefer?: string) =>
  timed(post(api, path, body, { headers: prefer === undefined ? {} : { prefer } }));

describe('a door that hangs', () => {
  it.each([
    [undefined, 700],
    ['wait=0', 0],
    ['wait=1', 1_000],
    ['respond-async, wait=1', 1_000],
    ['wait=never', 700],
  ])('is given up on in time with Prefer: %s', async (prefer, waitMs) => {
    const { status, body, tookMs } = await send('/v1/payments', order(), prefer);
    expect([status, body.error.code]).toEqual([503, 'outcome_unknown']);
    expect(tookMs).toBeGreaterThanOrEqual(waitMs);
    expect(tookMs).toBeLessThan(waitMs + SLACK_MS);
  });

  it('holds up neither captures for longer, nor the ninth of them', async () => {
    const id = await insertPayment(api);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => send(`/v1/payments/${id}/capture`, { amount: n + 1 }, 'wait=1')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(1_000 + SLACK_MS);
    release();
    api.door.before = async () => undefined;
    api.door.payments.set(id, { ...(await anyPayment()), id });
    const after = await send(`/v1/payments/${id}/capture`, {});
    expect(after.status).toBe(200);
  });

  it('does not hold up a reader: a row is there at once, and without one 503 is honest', async () => {
    const id = await insertPayment(api);
    const read = await timed(get(api, `/v1/payments/${id}`));
    expect([read.status, read.tookMs < SLACK_MS]).toEqual([200, true]);
    const snapshot = api.door.snapshot;
    api.door.snapshot = () => new Promise(() => undefined);
    const unknown = await timed(get(api, `/v1/payments/${randomPaymentId()}`));
    api.door.snapshot = snapshot;
    expect([unknown.status, unknown.body.error.code]).toEqual([503, 'unavailable']);
    expect(unknown.tookMs).toBeLessThan(2_200 + SLACK_MS);
  });
});

describe('the wait', () => {
  it('bounds the door’s time and the workflow’s own, and says that it was applied', async () => {
    api.door.before = async () => undefined;
    let answerByMs = 0;
    const create = api.door.create;
    api.door.create = (paymentId, paymentOrder, timeoutMs) => {
      answerByMs = paymentOrder.request.answerByMs;
      return create(paymentId, paymentOrder, timeoutMs);
    };
    const startedMs = Date.now();
    const { headers, status } = await send('/v1/payments', order(), 'wait=60');
    api.door.create = create;
    expect([status, headers.get('preference-applied')]).toEqual([201, 'wait=60']);
    expect(answerByMs - startedMs).toBeGreaterThanOrEqual(59_900);
    expect(answerByMs - startedMs).toBeLessThan(60_500);
    expect(api.door.calls.at(-1)?.timeoutMs).toBeGreaterThan(59_000);
    const plain = await send('/v1/payments', order());
    expect(plain.headers.get('preference-applied')).toBe(null);
    expect(api.door.calls.at(-1)?.timeoutMs).toBeLessThan(1_000);
  });

  it('of another caller with the same request does not shorten one’s own', async () => {
    // The first caller's time is up at once; the second waits on and gets the outcome.
    let turn = 0;
    const outcome = new Promise<void>((resolve) => {
      setTimeout(resolve, 600);
    });
    const create = api.door.create;
    api.door.before = async () => undefined;
    api.door.create = async (paymentId, paymentOrder, timeoutMs) => {
      turn += 1;
      if (turn === 1) {
        await new Promise((resolve) => setTimeout(resolve, timeoutMs));
        return { type: 'accepted' };
      }
      await outcome;
      return create(paymentId, paymentOrder, timeoutMs);
    };
    const same = (prefer: string) =>
      post(api, '/v1/payments', order(), { idempotencyKey: 'two waits', headers: { prefer } });
    const first = same('wait=0');
    // Which of two requests at once reaches the door first is nobody's promise.
    await vi.waitFor(() => expect(turn).toBe(1));
    const [hasty, patient] = await Promise.all([first, same('wait=5')]);
    api.door.create = create;
    const statuses = [hasty.status, patient.status].sort();
    expect(statuses).toEqual([201, 202]);
    expect(hasty.status).toBe(202);
  });
});

async function anyPayment() {
  const { body } = await post(api, '/v1/payments', { ...order(), capture_method: 'manual' });
  const payment = api.door.payments.get(body.id);
  if (payment === undefined) throw new Error('the door has not seen the payment');
  return payment;
}
