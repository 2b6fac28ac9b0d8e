import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDb } from '../../db/client.ts';
import { makeDueNow } from '../../db/settings/endpoints.ts';
import { createDeliveryRegister } from '../../db/settings/index.ts';
import { type Settled, takeDeliveries } from '../../db/webhooks/index.ts';
import { waitFor } from '../../test/support/harness.ts';
import { type Answer, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertEvent, randomPaymentId } from '../test-support/rows.ts';

/** What a merchant sees of its deliveries, and what a replay does to them. The test takes and settles them itself. */
let api: TestApi;
let db: ReturnType<typeof openDb>;
let endpoint: string;
const admin = { key: `iop_${'x'.repeat(20)}` };

beforeAll(async () => {
  api = await startTestApi();
  db = openDb(api.ownerUrl);
  await api.sql.query(
    "INSERT INTO operator (id, name, digest, role) VALUES ('opr_admin', 'admin', $1, 'admin')",
    [api.vault.keyedDigest(admin.key)],
  );
});
afterAll(async () => {
  await db.$disconnect();
  await api.close();
});
beforeEach(async () => {
  const made = await post(api, '/v1/webhook_endpoints', { url: 'https://hooks.example/' });
  endpoint = made.body.id;
  api.pokes.length = 0;
});

const path = (rest: string) => `/v1/webhook_endpoints/${endpoint}/${rest}`;

/** `chains` 0 takes nothing: it only writes what became of what was taken. */
const take = (settled: readonly Settled[] = [], chains = 100) =>
  takeDeliveries(db, { endpointId: endpoint, claimId: 'test', settled, chains, claimMs: 60_000 });

async function takenNow(): Promise<string[]> {
  const result = await take();
  return result.type === 'open' ? result.chains.flat().map(({ id }) => id) : [];
}

/** Takes what is due until all of these were taken, and answers their order. */
async function takeAll(ids: readonly string[]): Promise<string[]> {
  const taken: string[] = [];
  await waitFor(
    async () => {
      taken.push(...(await takenNow()));
      return ids.every((id) => taken.includes(id));
    },
    { what: 'deliveries' },
  );
  return taken;
}

const settle = (ids: readonly string[], status: 'delivered' | 'dead', statusCode = 200) =>
  take(
    ids.map((eventId) => ({ type: 'attempted', eventId, status, statusCode, error: `HTTP ${statusCode}` })),
    0,
  );

async function events(count: number, payment = randomPaymentId()): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await insertEvent(api, payment));
  return ids;
}

const told = ({ status, body }: Answer) => [status, body.error?.code, body.error?.param];
const list = async (query = '') => (await get(api, `${path('deliveries')}${query}`)).body;
const statusOf = async (id: string) =>
  (await list('?limit=100')).data.find((each: { event: string }) => each.event === id)?.status;

describe('the deliveries of an endpoint', () => {
  it('tell what was sent, what answered and what waits', async () => {
    const [first, second, third] = await events(3);
    await takeAll([first ?? '', second ?? '', third ?? '']);
    await take([
      { type: 'attempted', eventId: first ?? '', status: 'delivered', statusCode: 204 },
      {
        type: 'attempted',
        eventId: second ?? '',
        status: 'pending',
        waitMs: 60_000,
        statusCode: 500,
        error: 'HTTP 500',
      },
      { type: 'unsent', eventId: third ?? '' },
    ]);
    const { data } = await list();
    expect(data.map(({ event }: { event: string }) => event).toSorted()).toEqual(
      [first, second, third].toSorted(),
    );
    const of = (id = '') => data.find(({ event }: { event: string }) => event === id);
    expect(of(first)).toMatchObject({ status: 'delivered', attempts: 1, last_status_code: 204, sequence: 1 });
    expect(of(first).delivered_at).toEqual(expect.any(Number));
    expect(of(second)).toMatchObject({ status: 'pending', attempts: 1, last_error: 'HTTP 500' });
    expect(of(second).next_attempt_at * 1_000).toBeGreaterThan(Date.now() + 50_000);
    // It waits for the one before, so it has no time of its own.
    expect(of(third)).toMatchObject({ status: 'pending', attempts: 0, next_attempt_at: null });
    const { body: document } = await get(api, '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const schema = { $ref: 'api#/components/schemas/WebhookDeliveryList', unevaluatedProperties: false };
    expect(ajv.validate(schema, await list())).toBe(true);
  });

  it('are listed in pages, each once, and by status', async () => {
    const ids = (await Promise.all([events(4), events(5)])).flat();
    await takeAll(ids);
    await settle(ids.slice(0, 3), 'delivered');
    const seen: string[] = [];
    for (let more = true; more; ) {
      const cursor = seen.length === 0 ? '' : `&starting_after=${seen.at(-1)}`;
      const page = await list(`?limit=4${cursor}`);
      seen.push(...page.data.map(({ event }: { event: string }) => event));
      more = page.has_more;
    }
    expect(seen).toHaveLength(9);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect((await list('?status=delivered')).data).toHaveLength(3);
    expect((await list('?status=pending')).data).toHaveLength(6);
    expect((await list('?status=dead')).data).toEqual([]);
    for (const query of ['limit=0', 'status=lost', 'starting_after=evt_none'])
      expect((await get(api, `${path('deliveries')}?${query}`)).status).toBe(400);
  });
});

describe('an endpoint that is enabled again', () => {
  const enabling: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['by its merchant', () => post(api, `/v1/webhook_endpoints/${endpoint}`, { status: 'enabled' })],
    [
      'by an operator',
      () =>
        post(api, `/v1/operator/endpoints/${endpoint}`, { status: 'enabled', reason: 'it is back' }, admin),
    ],
  ];

  it.each(enabling)('%s has what waits sent at once, in order', async (_by, enable) => {
    const [one, two] = [await events(2), await events(1)];
    const heads = [one[0] ?? '', two[0] ?? ''];
    await takeAll([...one, ...two]);
    await take(
      [
        ...heads.map((eventId) => ({
          type: 'attempted' as const,
          eventId,
          status: 'pending' as const,
          waitMs: 86_400_000,
          statusCode: 410,
        })),
        { type: 'unsent', eventId: one[1] ?? '' },
      ],
      0,
    );
    const disabled = { status: 'disabled' };
    expect((await post(api, `/v1/webhook_endpoints/${endpoint}`, disabled)).status).toBe(200);
    api.pokes.length = 0;
    await enable();
    expect(api.pokes).toEqual([endpoint]);
    expect((await takenNow()).toSorted()).toEqual([...one, ...two].toSorted());
  });

  it('has those due at once that would wait longest, where very many wait', async () => {
    const [soon = '', late = ''] = [...(await events(1)), ...(await events(1))];
    await takeAll([soon, late]);
    const waits = (eventId: string, waitMs: number): Settled => ({
      ...{ type: 'attempted', status: 'pending', statusCode: 500 },
      ...{ eventId, waitMs },
    });
    await take([waits(late, 86_400_000), waits(soon, 60_000)], 0);
    await db.$transaction((tx) => makeDueNow(tx, endpoint, 1));
    expect(await takenNow()).toEqual([late]);
  });

  it('keeps the waits of its retries where it was enabled all along', async () => {
    const [id = ''] = await events(1);
    await takeAll([id]);
    await take([{ type: 'attempted', eventId: id, status: 'pending', waitMs: 60_000, statusCode: 500 }], 0);
    await post(api, `/v1/webhook_endpoints/${endpoint}`, { status: 'enabled' });
    expect(await takenNow()).toEqual([]);
  });
});

describe('a replay', () => {
  it('puts one delivery back to pending, due now and with all its attempts before it', async () => {
    const [id = ''] = await events(1);
    await takeAll([id]);
    await settle([id], 'delivered');
    api.pokes.length = 0;
    const answer = await post(api, path(`deliveries/${id}/replay`), {});
    expect([answer.status, answer.body]).toEqual([
      200,
      { object: 'webhook_replay', endpoint, replayed: 1, has_more: false },
    ]);
    expect(api.pokes).toEqual([endpoint]);
    expect((await list()).data[0]).toMatchObject({ status: 'pending', attempts: 0, delivered_at: null });
    expect(await takeAll([id])).toEqual([id]);
  });

  it('is made once for a key', async () => {
    const [id = ''] = await events(1);
    await takeAll([id]);
    await settle([id], 'delivered');
    const key = { idempotencyKey: `replay-${id}` };
    const first = await post(api, path(`deliveries/${id}/replay`), {}, key);
    await takeAll([id]);
    await settle([id], 'delivered');
    const again = await post(api, path(`deliveries/${id}/replay`), {}, key);
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([
      200,
      first.body,
      'true',
    ]);
    expect(await statusOf(id)).toBe('delivered');
  });

  it('of an early event goes out before the later ones of its payment that still wait', async () => {
    const ids = await events(4);
    await takeAll(ids);
    const [first = '', second = '', third = '', fourth = ''] = ids;
    const onTheWire: Settled[] = [
      { type: 'attempted', eventId: first, status: 'delivered', statusCode: 200 },
      { type: 'attempted', eventId: second, status: 'delivered', statusCode: 200 },
    ];
    await take(onTheWire, 0);
    await post(api, path(`deliveries/${first}/replay`), {});
    // The third is on the wire still: what stands before it has to wait for its end.
    expect(await takenNow()).toEqual([]);
    const failed = {
      type: 'attempted',
      eventId: third,
      status: 'pending',
      waitMs: 0,
      statusCode: 500,
    } as const;
    await take([failed, { type: 'unsent', eventId: fourth }], 0);
    expect(await takenNow()).toEqual([first, third, fourth]);
  });

  it('of the dead takes those from an event on, in every payment', async () => {
    const [one, two] = [await events(3), await events(3)];
    const all = [...one, ...two];
    await takeAll(all);
    await settle(all, 'dead', 500);
    const { body: some } = await post(api, path('replay'), { from: two[1] });
    expect(some).toMatchObject({ replayed: 2, has_more: false });
    expect(await statusOf(one[2] ?? '')).toBe('dead');
    const { body: rest } = await post(api, path('replay'), {});
    expect(rest.replayed).toBe(4);
    expect((await list('?status=pending')).data).toHaveLength(6);
    const due = await takeAll(all);
    expect(due.filter((id) => one.includes(id))).toEqual(one);
    expect(due.filter((id) => two.includes(id))).toEqual(two);
  });

  it('of what was delivered needs a beginning', async () => {
    const ids = await events(4);
    await takeAll(ids);
    await settle(ids, 'delivered');
    expect(told(await post(api, path('replay'), { status: 'delivered' }))).toEqual([
      400,
      'parameter_invalid',
      'from',
    ]);
    const { body } = await post(api, path('replay'), { status: 'delivered', from: ids[1] });
    expect(body.replayed).toBe(3);
    expect(await statusOf(ids[0] ?? '')).toBe('delivered');
  });

  it('of more than one request takes names the event with which the next one begins', async () => {
    const ids = await events(3);
    await takeAll(ids);
    await settle(ids, 'delivered');
    const register = createDeliveryRegister(db);
    const replayed = async (fromEventId: string) => {
      const requestId = `req_${fromEventId}`;
      const name = { requestId, path: 'x', idempotencyKey: requestId, bodyDigest: 'x' };
      const owner = { merchantId: 'mer_a', mode: 'test' } as const;
      const selection = { statuses: ['delivered'], fromEventId, limit: 2 } as const;
      const kept = await register.replay(owner, name, endpoint, selection, (done) => done);
      return kept.type === 'done' ? kept.stored.answer : kept;
    };
    expect(await replayed(ids[0] ?? '')).toEqual({ count: 2, nextEventId: ids[2] });
    await takeAll(ids.slice(0, 2));
    await settle(ids.slice(0, 2), 'delivered');
    expect(await replayed(ids[2] ?? '')).toEqual({ count: 1 });
  });

  it('finds only its own merchant’s events, and leaves a key free that found none', async () => {
    const foreign = await insertEvent(api, randomPaymentId(), { merchantId: 'mer_b' });
    expect(told(await post(api, path('replay'), { from: foreign }))).toEqual([
      400,
      'parameter_invalid',
      'from',
    ]);
    const [id = ''] = await events(1);
    const key = { idempotencyKey: `early-${id}` };
    expect((await post(api, path(`deliveries/${id}/replay`), {}, key)).status).toBe(404);
    await takeAll([id]);
    expect((await post(api, path(`deliveries/${id}/replay`), {}, key)).status).toBe(200);
  });
});
