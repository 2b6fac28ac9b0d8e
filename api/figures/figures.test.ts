import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeNext, noteChanges } from '../../db/rollups/index.ts';
import { FROM_MS, makePayments, randomFrom } from '../../db/rollups/test-support/random-payments.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { cell } from './csv.ts';

let api: TestApi;
const keys: Record<string, string> = {};

beforeAll(async () => {
  api = await startTestApi();
  const owner = new pg.Client({ connectionString: api.ownerUrl });
  await owner.connect();
  await owner.query('SET session_replication_role = replica');
  await makePayments(owner, randomFrom(11), 1, 300);
  for (const role of ['read_only', 'analyst']) {
    const key = `iop_${role.padEnd(24, 'x')}`;
    keys[role] = key;
    await owner.query('INSERT INTO operator (id, name, digest, role) VALUES ($1, $1, $2, $1)', [
      role,
      api.vault.keyedDigest(key),
    ]);
  }
  await owner.query(
    `UPDATE attempt SET account_id = '=cmd()', provider = '=cmd()' WHERE id = (SELECT min(id) FROM attempt)`,
  );
  await owner.end();
  const pool = new pg.Pool({ connectionString: api.ownerUrl, max: 1 });
  await noteChanges(pool);
  for (let more = true; more; ) ({ more } = await computeNext(pool));
  await pool.end();
});

afterAll(() => api.close());

const FROM = new Date(FROM_MS).toISOString();
const TO = new Date(FROM_MS + 9 * 86_400_000).toISOString();

async function ask(path: string, role = 'analyst') {
  const answer = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${keys[role]}` } });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

const figures = (report: string, terms: Readonly<Record<string, string>> = {}) =>
  ask(
    `/v1/operator/analytics/${report}?${new URLSearchParams({ mode: 'test', from: FROM, to: TO, ...terms })}`,
  );

async function count(sql: string): Promise<number> {
  const { rows } = await api.sql.query(`SELECT count(*)::int AS n FROM payment p ${sql}`);
  return rows[0].n;
}

const total = (body: { data: { figures: Record<string, number> }[] }, name: string) =>
  body.data.reduce((sum, row) => sum + Number(row.figures[name] ?? 0), 0);

describe('analytics', () => {
  it('count the same payments whichever way they are told apart', async () => {
    const payments = await count(`WHERE mode = 'test'`);
    for (const by of [
      '',
      'merchant',
      'provider,country',
      'brand,currency',
      'account,method',
      'merchant,brand',
      'provider,country,brand',
    ]) {
      for (const bucket of ['', 'hour', 'day', 'week']) {
        const { status, body } = await figures('approval', { by, ...(bucket === '' ? {} : { bucket }) });
        expect(status).toBe(200);
        expect(total(body, 'payments')).toBe(payments);
      }
    }
  });

  it('keep to what is asked for', async () => {
    const { body } = await figures('approval', { merchant: 'mer_one', currency: 'EUR', by: 'brand' });
    expect(total(body, 'payments')).toBe(
      await count(`WHERE mode = 'test' AND merchant_id = 'mer_one' AND currency = 'EUR'`),
    );
    const half = {
      from: new Date(FROM_MS + 30.5 * 3_600_000).toISOString(),
      to: new Date(FROM_MS + 99 * 3_600_000).toISOString(),
    };
    const part = await figures('volume', half);
    // Widened to whole hours.
    expect(total(part.body, 'payments')).toBe(
      await count(
        `WHERE mode = 'test' AND created_at >= '${new Date(FROM_MS + 30 * 3_600_000).toISOString()}' AND created_at < '${half.to}'`,
      ),
    );
    const live = await figures('approval', { mode: 'live' });
    expect(total(live.body, 'payments')).toBe(await count(`WHERE mode = 'live'`));
  });

  it('never add amounts across currencies', async () => {
    for (const report of ['fees', 'volume']) {
      const { body } = await figures(report, { by: 'provider' });
      expect(body.group_by).toEqual(['provider', 'currency']);
      for (const { group } of body.data) expect(['EUR', 'USD', 'JPY']).toContain(group.currency);
    }
  });

  it('have a share of fees of the payments that have one, and none where no payment has', async () => {
    const asked = [{ by: 'account', bucket: 'hour' }, { by: 'provider' }];
    const answers = await Promise.all(asked.map((terms) => figures('fees', terms)));
    const rows: Record<string, string | number | null>[] = answers.flatMap(({ body }) =>
      body.data.map((row: { figures: Record<string, string | number | null> }) => row.figures),
    );
    const captured = rows.filter((row) => Number(row.captured_minor) > 0);
    const without = captured.filter(({ fee_payments }) => fee_payments === 0);
    const partly = captured.filter(
      ({ captured_minor, fee_captured_minor, fee_payments }) =>
        fee_payments !== 0 && Number(fee_captured_minor) < Number(captured_minor),
    );
    expect(Math.min(without.length, partly.length)).toBeGreaterThan(0);
    expect(new Set(without.map(({ fee_ppm }) => fee_ppm))).toEqual(new Set([null]));
    for (const { fee_ppm, fee_minor, fee_captured_minor } of partly)
      expect(fee_ppm).toBe(Math.floor((Number(fee_minor) * 1_000_000) / Number(fee_captured_minor)));
  });

  it('have reasons for declines, and for nothing else', async () => {
    const { body } = await figures('declines', { by: 'reason' });
    const { rows } = await api.sql.query(
      `SELECT count(*)::int AS n FROM attempt a JOIN payment p ON p.id = a.payment_id WHERE p.mode = 'test' AND a.status = 'declined'`,
    );
    expect(total(body, 'declined')).toBe(rows[0].n);
    expect((await figures('approval', { by: 'reason' })).status).toBe(400);
    expect((await figures('declines', { by: 'reason', reason: 'do_not_honor' })).body.data).toHaveLength(1);
  });

  it.each([
    ['four dimensions', { by: 'merchant,brand,country,provider' }],
    ['one dimension twice', { by: 'brand,brand' }],
    ['a dimension that is none', { by: 'id; DROP TABLE payment' }],
    ['a period that ends before it begins', { from: TO, to: FROM }],
    ['hours of a year', { from: '2025-01-01T00:00:00Z', bucket: 'hour' }],
    ['an instant that is none', { from: 'yesterday' }],
    ['an unknown term', { colour: 'red' }],
  ])('refuse %s', async (_what, terms) => {
    const { status, body } = await figures('approval', terms);
    expect(status).toBe(400);
    expect(body.error.type).toBe('invalid_request_error');
  });

  it('treat what is asked for as text', async () => {
    const { status, body } = await figures('approval', {
      merchant: `' OR 1=1 --`,
      provider: `'; SELECT pg_sleep(10)`,
    });
    expect(status).toBe(200);
    expect(body.data).toEqual([]);
  });

  it('say until when they are complete', async () => {
    const { body } = await figures('routing');
    expect(Date.parse(body.complete_until)).toBeGreaterThan(Date.now() - 600_000);
  });
});

describe('files of figures', () => {
  const path = `/v1/operator/analytics/approval.csv?mode=test&by=provider,brand&bucket=day&from=${FROM}&to=${TO}`;

  it('have a line for each row, and the same figures', async () => {
    const { status, text, headers } = await ask(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/csv/);
    expect(headers.get('content-disposition')).toContain('attachment');
    const [head, ...lines] = text.trimEnd().split('\r\n');
    expect(head).toMatch(/^from,provider,brand,sample,payments,/);
    const { body } = await figures('approval', { by: 'provider,brand', bucket: 'day' });
    expect(lines).toHaveLength(body.data.length);
    const payments = (head ?? '').split(',').indexOf('payments');
    expect(lines.reduce((sum, line) => sum + Number(line.split(',')[payments]), 0)).toBe(
      total(body, 'payments'),
    );
  });

  it('run nothing in a spreadsheet', async () => {
    const { text } = await ask(
      `/v1/operator/analytics/approval.csv?mode=test&by=account&from=${FROM}&to=${TO}`,
    );
    const live = await ask(`/v1/operator/analytics/approval.csv?mode=live&by=account&from=${FROM}&to=${TO}`);
    expect(text + live.text).toContain("'=cmd()");
    expect(text + live.text).not.toMatch(/(^|,)=/m);
    expect(['=1', '+1', '-x', '@a', '\tx'].map(cell)).toEqual(["'=1", "'+1", "'-x", "'@a", "'\tx"]);
    expect([cell('-12'), cell('a,"b"')]).toEqual(['-12', '"a,""b"""']);
  });

  it('are for those who may take figures away', async () => {
    expect((await ask(path, 'read_only')).status).toBe(403);
    expect((await ask(path.replace('.csv', ''), 'read_only')).status).toBe(200);
    const merchant = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${api.keys.a}` } });
    expect(merchant.status).toBe(403);
  });
});

describe('the overview', () => {
  it('says how payments, providers and open work stand', async () => {
    await api.sql.query(
      `INSERT INTO exception (id, kind, subject_id, summary, opened_at) VALUES ('exc_a', 'k', 'a', 's', now() - interval '2 days')`,
    );
    await api.sql.query(
      `INSERT INTO circuit (account_id, state, opened_at) VALUES ('acc_a_stripe', 'open', now())`,
    );
    const { status, body } = await ask('/v1/operator/overview?mode=test&hours=720');
    expect(status).toBe(200);
    expect(body.exceptions).toContainEqual({ age: '1d_to_3d', count: 1, overdue: 0 });
    const [account] = body.providers.filter((each: { account: string }) => each.account === 'acc_a_stripe');
    expect(account).toMatchObject({
      provider: 'stripe',
      circuit: 'open',
      now: { answered: 0, approval_ppm: null },
    });
    expect(body.freshness.hours_waiting).toBe(0);
    expect((await ask('/v1/operator/overview?hours=0')).status).toBe(400);
    expect((await ask('/v1/operator/overview?merchant=mer_nobody')).body.providers).toEqual([]);
  });

  it('counts exceptions of its own mode, by their payment or else their account, and those that have neither, as their list shows them', async () => {
    const { rows } = await api.sql.query(
      `SELECT min(id) FILTER (WHERE mode = 'live') AS live, min(id) FILTER (WHERE mode = 'test') AS test FROM payment`,
    );
    const open = async (id: string, paymentId: string | null, accountId: string | null) =>
      api.sql.query(
        `INSERT INTO exception (id, kind, subject_id, summary, payment_id, account_id, opened_at)
         VALUES ($1, 'of_a_mode', $1, 's', $2, $3, now() - interval '5 days')`,
        [id, paymentId, accountId],
      );
    await open('exc_live', rows[0].live, 'acc_a_stripe');
    await open('exc_test', rows[0].test, null);
    await open('exc_account', null, 'acc_a_stripe');
    await open('exc_neither', null, null);
    const aged = async (mode: string) => {
      const { body } = await ask(`/v1/operator/overview?mode=${mode}`);
      return body.exceptions.find(({ age }: { age: string }) => age === '3d_to_7d').count;
    };
    const listed = async (mode: string) => {
      const { body } = await ask(`/v1/exceptions?kind=of_a_mode&status=unresolved${mode}`);
      return body.data.map(({ id }: { id: string }) => id).sort();
    };
    expect(await aged('test')).toBe(3);
    expect(await listed('&mode=test')).toEqual(['exc_account', 'exc_neither', 'exc_test']);
    expect(await aged('live')).toBe(2);
    expect(await listed('&mode=live')).toEqual(['exc_live', 'exc_neither']);
    expect(await listed('')).toHaveLength(4);
    expect((await ask('/v1/exceptions?mode=both')).status).toBe(400);
  });

  it('counts the unknowns of its mode, as their queue shows them', async () => {
    await api.sql.query(
      `INSERT INTO operation (id, payment_id, owner_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor,
         currency, provider_key, generation, first_sent_at, last_sent_at, sends)
       SELECT 'op_' || p.mode || '_' || d.status || d.ago, p.id, p.id, a.id, a.number, 'sale', d.number, d.status || d.ago, d.status,
         2000, 'EUR', 'key_' || p.mode || d.number, 1, now() - d.ago::int * interval '1 second', now(), 1
       FROM (SELECT p.mode, min(a.id) AS attempt FROM attempt a JOIN payment p ON p.id = a.payment_id
           WHERE a.status = 'unknown' AND a.provider = 'stripe' GROUP BY p.mode) one
         JOIN attempt a ON a.id = one.attempt JOIN payment p ON p.id = a.payment_id,
         (VALUES ('unknown', 400, 11), ('created', 300, 12), ('pending', 200, 13), ('created', 0, 14)) d(status, ago, number)`,
    );
    for (const mode of ['test', 'live']) {
      const { body } = await ask(`/v1/operator/overview?mode=${mode}`);
      const queue = await ask(`/v1/operator/queues/unknowns?mode=${mode}&status=unknown&limit=100`);
      const ids = queue.body.data.map(({ id }: { id: string }) => id);
      expect(ids).toEqual([`op_${mode}_unknown400`, `op_${mode}_created300`]);
      expect(body.unknown).toEqual({ count: 2, oldest_at: queue.body.data[0].first_sent_at });
    }
  });
});
