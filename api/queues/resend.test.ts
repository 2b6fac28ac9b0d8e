import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDb } from '../../db/client.ts';
import { takeDeliveries } from '../../db/webhooks/index.ts';
import { waitFor } from '../../test/support/harness.ts';
import { post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { signedIn, type Tab, type TestPerson } from '../test-support/people.ts';
import { insertEvent, randomPaymentId } from '../test-support/rows.ts';

/** Dead letters of merchants' webhooks, sent again by operators. The test takes and settles deliveries itself. */
let api: TestApi;
let db: ReturnType<typeof openDb>;
let tab: Tab;
let person: TestPerson;
let endpoint: string;

beforeAll(async () => {
  api = await startTestApi();
  db = openDb(api.ownerUrl);
  ({ tab, person } = await signedIn(api, 'operator'));
});
afterAll(async () => {
  await db.$disconnect();
  await api.close();
});
beforeEach(async () => {
  await api.sql.query('DELETE FROM webhook_endpoint');
  endpoint = (await post(api, '/v1/webhook_endpoints', { url: 'https://hooks.example/' })).body.id;
  api.pokes.length = 0;
});

/** So many events that the endpoint would not take. */
async function dead(count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await insertEvent(api, randomPaymentId()));
  const taken = new Set<string>();
  const take = (settled: Parameters<typeof takeDeliveries>[1]['settled'], chains: number) =>
    takeDeliveries(db, { endpointId: endpoint, claimId: 'test', settled, chains, claimMs: 60_000 });
  await waitFor(
    async () => {
      const result = await take([], 100);
      if (result.type === 'open') for (const { id } of result.chains.flat()) taken.add(id);
      return ids.every((id) => taken.has(id));
    },
    { what: 'deliveries' },
  );
  const status = 'dead';
  await take(
    ids.map(
      (eventId) => ({ type: 'attempted', eventId, status, statusCode: 500, error: 'HTTP 500 <b>' }) as const,
    ),
    0,
  );
  return ids;
}

const queue = async (query = '') => (await tab.get(`/v1/operator/queues/dead-letters${query}`)).body;
const eventsOf = (body: { data: { event: string }[] }) => body.data.map(({ event }) => event);
const statusOf = async (event: string) =>
  (await api.sql.query('SELECT status, attempts FROM webhook_delivery WHERE event_id = $1', [event])).rows[0];

describe('dead letters', () => {
  it('are listed oldest first, in pages, with what the endpoint answered last', async () => {
    const ids = await dead(3);
    const first = await queue('?limit=2');
    expect(first.data[0]).toMatchObject({
      endpoint,
      merchant: 'mer_a',
      mode: 'test',
      type: 'payment.succeeded',
      attempts: 1,
      last_status_code: 500,
      last_error: 'HTTP 500 <b>',
      endpoint_url: 'https://hooks.example/',
    });
    const rest = await queue(`?limit=2&starting_after=${endpoint}/${eventsOf(first).at(-1)}`);
    expect([...eventsOf(first), ...eventsOf(rest)].toSorted()).toEqual([...ids].toSorted());
    expect([first.has_more, rest.has_more]).toEqual([true, false]);
    expect((await queue('?merchant=mer_b')).data).toEqual([]);
    expect((await tab.get('/v1/operator/queues/dead-letters?starting_after=we_x/evt_y')).status).toBe(400);
  });

  it('are sent again one by one: once for one key, and recorded with who asked and why', async () => {
    const [event = ''] = await dead(1);
    const path = `/v1/operator/endpoints/${endpoint}/deliveries/${event}/replay`;
    const key = { 'idempotency-key': 'resend-one' };
    const answer = await tab.post(path, { reason: 'the endpoint is back' }, key);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        object: 'dead_letter_resend',
        endpoint,
        replayed: 1,
        has_more: false,
        by: `operator:${person.id}`,
        reason: 'the endpoint is back',
      },
    ]);
    expect(await statusOf(event)).toEqual({ status: 'pending', attempts: 0 });
    expect(api.pokes).toEqual([endpoint]);
    const repeated = await tab.post(path, { reason: 'the endpoint is back' }, key);
    expect([repeated.body, repeated.headers.get('idempotent-replayed')]).toEqual([answer.body, 'true']);
    expect(api.pokes).toHaveLength(1);
    expect((await tab.post(path, { reason: 'another' }, key)).body.error.code).toBe('idempotency_key_reused');
    const { rows } = await api.sql.query(`SELECT merchant_id, answer FROM request WHERE subject_id = $1`, [
      endpoint,
    ]);
    expect(rows).toContainEqual({
      merchant_id: person.id,
      answer: expect.objectContaining({ by: `operator:${person.id}`, reason: 'the endpoint is back' }),
    });
  });

  it('are sent again together, whoever’s they are, and never one that is pending already', async () => {
    const [first = '', second = '', third = ''] = await dead(3);
    const chosen = [first, second].map((event) => ({ endpoint, event }));
    const deliveries = [...chosen, { endpoint: 'we_of_nobody', event: 'evt_1' }];
    const body = { deliveries, reason: 'all of them' };
    const answer = await tab.post('/v1/operator/queues/dead-letters/replay', body);
    expect(answer.body).toEqual({
      object: 'dead_letter_resend_many',
      replayed: 2,
      data: [
        { endpoint, replayed: 2, has_more: false, error: null },
        { endpoint: 'we_of_nobody', replayed: 0, has_more: false, error: 'there is no such endpoint' },
      ],
    });
    // By another key, what is pending by now is not put back once more.
    expect((await tab.post('/v1/operator/queues/dead-letters/replay', body)).body.replayed).toBe(0);
    expect(eventsOf(await queue())).toEqual([third]);
    const rest = await tab.post('/v1/operator/queues/dead-letters/replay', { endpoint, reason: 'the rest' });
    expect(rest.body.replayed).toBe(1);
    expect((await queue()).data).toEqual([]);
  });

  it('of two people who ask at once are sent by one of them', async () => {
    const ids = await dead(4);
    const other = (await signedIn(api, 'operator')).tab;
    const body = { deliveries: ids.map((event) => ({ endpoint, event })), reason: 'at once' };
    const [mine, theirs] = await Promise.all(
      [tab, other].map((each) => each.post('/v1/operator/queues/dead-letters/replay', body)),
    );
    expect((mine?.body.replayed ?? 0) + (theirs?.body.replayed ?? 0)).toBe(4);
  });

  it('need a reason, and one of the two ways to say which', async () => {
    const path = '/v1/operator/queues/dead-letters/replay';
    for (const body of [{ endpoint }, { reason: 'why not' }, { endpoint, deliveries: [], reason: 'why not' }])
      expect((await tab.post(path, body)).status).toBe(400);
    const unknown = await tab.post(`/v1/operator/endpoints/we_none/deliveries/evt_none/replay`, {
      reason: 'why not',
    });
    expect(unknown.status).toBe(404);
  });
});
