import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../test/support/harness.ts';
import { startTestApi, type TestApi } from './test-support/harness.ts';

/** Bodies that come slowly, or not at all. */
const WHOLE_MS = 400;
const IDLE_MS = 1_500;
const operatorKey = `iop_${randomBytes(18).toString('base64url')}`;
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({}, {}, { wholeMs: WHOLE_MS, idleMs: IDLE_MS });
  await api.sql.query(`INSERT INTO operator (id, name, digest) VALUES ('opr_ann', 'ann', $1)`, [
    api.vault.keyedDigest(operatorKey),
  ]);
});
afterAll(() => api?.close());

/** A POST whose head is on its way, with the answer that it will get. */
function begin(path: string, key: string, headers: Record<string, string> = {}) {
  const sent = request(`${api.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': randomBytes(8).toString('hex'),
      ...headers,
    },
  });
  // Cut off, it is only told so when it writes again.
  sent.on('error', () => undefined);
  const answer = once(sent, 'response').then(async ([response]: IncomingMessage[]) => ({
    status: response?.statusCode,
    body: response === undefined ? undefined : JSON.parse(await text(response)),
  }));
  return { sent, answer };
}

const isClosed = (sent: ClientRequest) =>
  waitFor(async () => sent.socket?.destroyed === true, { what: 'the connection to end' });

describe('a body that does not come in time', () => {
  it('is answered 408 where it was waited for, and its connection ends', async () => {
    const { sent, answer } = begin('/v1/payments', api.keys.a, { 'content-length': '100' });
    sent.write('{"amount":');
    const { status, body } = await answer;
    expect([status, body.error.code]).toEqual([408, 'request_timeout']);
    await isClosed(sent);
  });

  it('ends its connection where it was answered before', async () => {
    const { sent, answer } = begin('/v1/payments', 'sk_test_nobody', { 'content-length': '100' });
    sent.write('{"amount":');
    expect((await answer).status).toBe(401);
    await isClosed(sent);
  });
});

describe('an upload', () => {
  const HEADER =
    'Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,' +
    'Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),' +
    'Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,' +
    'Modification Merchant Reference,Batch Number\n';
  const lines = (count: number) =>
    Array.from(
      { length: count },
      (_, n) =>
        `Co,Shop,PSP${String(n).padStart(13, '0')},att_x,visa,2026-11-20 10:00:00,UTC,Settled,M${n},EUR,,1.00,1,EUR,,1.00,0.00,0.00,0.00,0.00,visa,,1\n`,
    ).join('');
  const path = (name: string) =>
    `/v1/settlements?account=acc_a_stripe&format=adyen&business_date=2026-11-20&name=${name}`;
  const stored = async (name: string) =>
    (await api.sql.query('SELECT id FROM settlement_file WHERE name = $1', [name])).rows.length;
  const csv = { 'content-type': 'text/csv' };

  it('may take longer than other bodies, and until it is whole no transaction waits for it', async () => {
    const beganAt = performance.now();
    const { sent, answer } = begin(path('slow.csv'), operatorKey, csv);
    // More than a beginning: what is stored as it comes would be in Postgres by now.
    sent.write(HEADER + lines(20_000));
    await waitFor(async () => performance.now() - beganAt > 2 * WHOLE_MS, { what: 'the usual time to pass' });
    const { rows } = await api.sql.query(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL',
    );
    expect(rows).toEqual([]);
    sent.end(
      'Co,Shop,PSPLAST0000000,att_x,visa,2026-11-20 10:00:00,UTC,Settled,ML,EUR,,1.00,1,EUR,,1.00,0.00,0.00,0.00,0.00,visa,,1\n',
    );
    expect(await answer).toMatchObject({ status: 201, body: { name: 'slow.csv' } });
    expect(await stored('slow.csv')).toBe(1);
  });

  it('of which nothing more comes is answered 408, and leaves nothing', async () => {
    const { sent, answer } = begin(path('stalled.csv'), operatorKey, csv);
    sent.write(HEADER + lines(20_000));
    const { status, body } = await answer;
    expect([status, body.error.code]).toEqual([408, 'request_timeout']);
    await isClosed(sent);
    expect(await stored('stalled.csv')).toBe(0);
  });
});
