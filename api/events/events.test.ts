import { Ajv2020 } from 'ajv/dist/2020.js';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { type Answer, get, startTestApi, type TestApi } from '../test-support/harness.ts';
import { eventInsert, insertEvent, randomPaymentId } from '../test-support/rows.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const randomRefundId = () => `ref_${randomPaymentId().slice(4)}`;
const idsIn = ({ body }: Answer): string[] => body.data.map(({ id }: { id: string }) => id);

/** An event is listed once no older transaction runs anywhere on the server; other tests share it. */
async function listed(ids: readonly string[], query: string): Promise<Answer> {
  return waitFor(
    async () => {
      const answer = await get(api, `/v1/events?limit=100&${query}`);
      return ids.every((id) => idsIn(answer).includes(id)) ? answer : undefined;
    },
    { what: `${ids.length} events in the list` },
  );
}

describe('an event', () => {
  it('is the payment or refund of that moment, numbered within its payment', async () => {
    const payment = randomPaymentId();
    const refundId = randomRefundId();
    const first = await insertEvent(api, payment, { type: 'payment.succeeded' });
    const second = await insertEvent(api, payment, { refundId, type: 'refund.created' });
    const { status, body } = await get(api, `/v1/events/${first}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: first,
      object: 'event',
      type: 'payment.succeeded',
      created: expect.any(Number),
      api_version: '2026-11-21',
      livemode: false,
      payment,
      sequence: 1,
      data: { object: expect.objectContaining({ id: payment, object: 'payment', amount_captured: 2000 }) },
    });
    expect((await get(api, `/v1/events/${second}`)).body).toMatchObject({
      type: 'refund.created',
      payment,
      sequence: 2,
      data: { object: { id: refundId, object: 'refund', amount: 400 } },
    });
  });

  it('is what the document says', async () => {
    const payment = randomPaymentId();
    const id = await insertEvent(api, payment);
    const refund = await insertEvent(api, payment, { refundId: randomRefundId() });
    const list = await listed([id, refund], `payment=${payment}`);
    const { body: document } = await get(api, '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const errors = (schema: string, value: unknown) =>
      ajv.validate({ $ref: `api#/components/schemas/${schema}` }, value) ? '' : ajv.errorsText();
    expect(errors('EventList', list.body)).toBe('');
    expect(errors('Event', (await get(api, `/v1/events/${refund}`)).body)).toBe('');
    expect(errors('Event', { ...list.body.data[0], data: { object: {} } })).not.toBe('');
  });

  it('of another merchant or mode is not there', async () => {
    const id = await insertEvent(api, randomPaymentId());
    await listed([id], '');
    for (const key of [api.keys.b, api.keys.aLive]) {
      expect((await get(api, `/v1/events/${id}`, { key })).status).toBe(404);
      expect(idsIn(await get(api, '/v1/events', { key }))).toEqual([]);
      const after = await get(api, `/v1/events?starting_after=${id}`, { key });
      expect([after.status, after.body.error.param]).toEqual([400, 'starting_after']);
      const stream = await get(api, `/v1/events/stream?starting_after=${id}`, { key });
      expect([stream.status, stream.body.error.param]).toEqual([400, 'starting_after']);
    }
    expect((await get(api, '/v1/events/evt_none')).status).toBe(404);
  });
});

describe('the list', () => {
  it('pages through everything once, oldest first', async () => {
    const payment = randomPaymentId();
    const ids: string[] = [];
    for (let n = 0; n < 13; n += 1) ids.push(await insertEvent(api, payment));
    await listed(ids, `payment=${payment}`);
    const seen: string[] = [];
    for (let more = true; more; ) {
      const cursor = seen.length === 0 ? '' : `&starting_after=${seen.at(-1)}`;
      const answer = await get(api, `/v1/events?payment=${payment}&limit=4${cursor}`);
      seen.push(...idsIn(answer));
      more = answer.body.has_more;
    }
    expect(seen).toEqual(ids);
  });

  it('filters by type, and by all types of an object', async () => {
    const payment = randomPaymentId();
    const authorized = await insertEvent(api, payment, { type: 'payment.authorized' });
    const captured = await insertEvent(api, payment, { type: 'payment.captured' });
    const refunded = await insertEvent(api, payment, { refundId: randomRefundId() });
    await listed([authorized, captured, refunded], `payment=${payment}`);
    const of = async (type: string) => idsIn(await get(api, `/v1/events?payment=${payment}&type=${type}`));
    expect(await of('payment.captured')).toEqual([captured]);
    expect(await of('payment.*')).toEqual([authorized, captured]);
    expect(await of('refund.*')).toEqual([refunded]);
    expect(await of('*')).toEqual([authorized, captured, refunded]);
  });

  it.each(['limit=0', 'limit=101', 'type=payment.gone', 'type=', 'colour=red', 'starting_after=evt_none'])(
    'refuses %s',
    async (query) => {
      expect((await get(api, `/v1/events?${query}`)).status).toBe(400);
    },
  );

  it('shows nothing that an event still being written will stand before', async () => {
    const writer = new pg.Client({ connectionString: api.ownerUrl });
    await writer.connect();
    try {
      await writer.query('BEGIN');
      const [text, values] = eventInsert(randomPaymentId());
      const early = (await writer.query(text, values)).rows[0].id;
      const late = await insertEvent(api, randomPaymentId());
      // A cursor that had passed `late` would never see `early`, whose place is before it.
      expect(idsIn(await get(api, '/v1/events?limit=100'))).not.toContain(late);
      expect((await get(api, `/v1/events/${late}`)).status).toBe(200);
      await writer.query('COMMIT');
      const after = idsIn(await listed([early, late], ''));
      expect(after.indexOf(early)).toBeLessThan(after.indexOf(late));
    } finally {
      await writer.end();
    }
  });
});
