import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answer, api } from './client.ts';
import { forgetOrders, isSettled } from './intentions.ts';
import { problemOf } from './problem.ts';

/** An API that keeps the first body of each key, carries it out once and answers it again, as ours does. */
function standIn() {
  const bodies = new Map<string, string>();
  const answers: number[] = [];
  return {
    bodies,
    /** What comes in between instead of its answers, one a request: by then the order is carried out. */
    lost: (...statuses: readonly number[]) => void answers.push(...statuses),
    async fetch(request: Request): Promise<Response> {
      const key = request.headers.get('Idempotency-Key') ?? '';
      const body = await request.text();
      const first = bodies.get(key) ?? body;
      bodies.set(key, first);
      const lost = answers.shift();
      if (lost !== undefined) return new Response(null, { status: lost });
      if (first === body) return Response.json({ object: 'refund' }, { status: 201 });
      return Response.json({ error: { code: 'idempotency_key_reused' } }, { status: 422 });
    },
  };
}

describe('a refund whose answer was lost', () => {
  let server: ReturnType<typeof standIn>;
  beforeEach(() => {
    forgetOrders();
    server = standIn();
    vi.stubGlobal('fetch', server.fetch);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const refund = (key: string, amount: number, reason: string) =>
    answer(
      api.POST('/v1/operator/payments/{id}/refunds', {
        baseUrl: 'http://console.test',
        params: { path: { id: 'pay_1' }, header: { 'Idempotency-Key': key } },
        body: { amount, reason },
      }),
    );
  const problemOfRefund = (key: string, amount: number, reason: string) =>
    refund(key, amount, reason).then(
      () => undefined,
      (error: unknown) => problemOf(error),
    );
  const amounts = () => [...server.bodies.values()].map((body) => JSON.parse(body).amount);

  it('is answered when it is confirmed again, its reason edited, in its own dialog', async () => {
    server.lost(504);
    expect((await problemOfRefund('dialog', 500, 'broken cup'))?.status).toBe(504);
    await expect(refund('dialog', 500, 'the cup was broken')).resolves.toMatchObject({ object: 'refund' });
    expect(amounts()).toEqual([500]);
    // Answered: what is ordered from now on is another one, in words of its own.
    await refund('next dialog', 500, 'another cup');
    expect(amounts()).toEqual([500, 500]);
  });

  it('is answered in another dialog, too', async () => {
    server.lost(502);
    await problemOfRefund('dialog', 500, 'broken cup');
    await refund('next dialog', 500, 'the cup was broken');
    expect(amounts()).toEqual([500]);
  });

  it('keeps its dialog from another refund, until that is opened again', async () => {
    server.lost(504);
    await problemOfRefund('dialog', 500, 'broken cup');
    for (const _press of [1, 2]) {
      const problem = await problemOfRefund('dialog', 600, 'broken cup');
      expect(problem?.code).toBe('idempotency_key_reused');
      // So the dialog keeps its key, and a press more does no more.
      expect(problem && isSettled(problem)).toBe(false);
    }
    expect(amounts()).toEqual([500]);
    await refund('next dialog', 600, 'broken cup');
    await refund('dialog', 500, 'broken cup');
    expect(amounts()).toEqual([500, 600]);
  });
});
