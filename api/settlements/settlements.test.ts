import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';

/** Settlement files by upload: taken in whole, once, by operators, and never what is no file of its format. */
let api: TestApi;
const key = `iop_${randomBytes(18).toString('base64url')}`;

beforeAll(async () => {
  api = await startTestApi();
  await api.sql.query(`INSERT INTO operator (id, name, digest) VALUES ('opr_ann', 'ann', $1)`, [
    api.vault.keyedDigest(key),
  ]);
});
afterAll(() => api?.close());

const HEADER =
  'Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,' +
  'Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),' +
  'Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,' +
  'Modification Merchant Reference,Batch Number';

function line(reference: string, gross: string): string {
  return `Co,Shop,${reference},att_x,visa,2026-11-20 10:00:00,UTC,Settled,${reference}M,EUR,,${gross},1,EUR,,${gross},0.00,0.00,0.00,0.00,visa,,1`;
}

const fileOf = (...lines: string[]) => `${[HEADER, ...lines].join('\n')}\n`;

const QUERY = { account: 'acc_a_stripe', format: 'adyen', business_date: '2026-11-20', name: 'batch 1.csv' };

function upload(
  content: string | Uint8Array,
  query: Record<string, string> = {},
  options = {},
): Promise<Answer> {
  const search = new URLSearchParams({ ...QUERY, ...query });
  return post(api, `/v1/settlements?${search}`, undefined, {
    key,
    raw: content,
    headers: { 'content-type': 'text/csv' },
    ...options,
  });
}

const read = (path: string) => get(api, path, { key });

describe('a settlement file', () => {
  it('is stored once, whatever it is called, and its day is run each time', async () => {
    const content = fileOf(line('PSPAAAAAAAAAAAA1', '10.00'));
    const first = await upload(content);
    expect([first.status, first.headers.get('location')]).toEqual([
      201,
      '/v1/reconciliations/acc_a_stripe/2026-11-20',
    ]);
    expect(first.body).toMatchObject({
      object: 'settlement_file',
      account: 'acc_a_stripe',
      business_date: '2026-11-20',
      source: 'uploaded',
      status: 'received',
      size: content.length,
      refusal: null,
    });
    const again = await upload(content, { name: 'a copy.csv', business_date: '2026-11-21' });
    expect([again.status, again.body.id]).toEqual([200, first.body.id]);
    expect(again.body.duplicates).toMatchObject([{ name: 'a copy.csv', business_date: '2026-11-21' }]);
    expect(api.runs.slice(-2)).toEqual(['acc_a_stripe/2026-11-20', 'acc_a_stripe/2026-11-20']);
    expect((await read(`/v1/settlements/${first.body.id}`)).body).toEqual(again.body);
    const listed = await read('/v1/settlements?account=acc_a_stripe&business_date=2026-11-20');
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([first.body.id]);
  });

  it('of many megabytes is kept byte for byte, and read as it comes', async () => {
    const rows = Array.from({ length: 30_000 }, (_, index) =>
      line(`PSP${String(index).padStart(13, '0')}`, '1.00'),
    );
    const content = fileOf(...rows);
    const { status, body } = await upload(content);
    expect([status, body.size]).toEqual([201, content.length]);
    const { rows: stored } = await api.sql.query(
      `SELECT string_agg(c.content, '' ORDER BY c.number) AS content, count(*)::int AS chunks
       FROM settlement_file f JOIN settlement_file_chunk c ON c.content_id = f.content_id WHERE f.id = $1`,
      [body.id],
    );
    expect(Buffer.compare(stored[0].content, Buffer.from(content))).toBe(0);
    expect(stored[0].chunks).toBeGreaterThan(3);
  });

  it.each([
    ['no file of its format', 'a,b,c\n1,2,3\n', /line 1.*\(missing_column\)/],
    ['a decimal comma', fileOf(line('PSPAAAAAAAAAAAA2', '"10,00"')), /line 2.*\(decimal_comma\)/],
    ['packed', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), /\(compressed\)/],
    ['cut off', `${fileOf(line('PSPAAAAAAAAAAAA3', '10.00'))}Co,Shop,"PSP`, /line 3.*\(unterminated_quote\)/],
    ['empty', '', /empty/],
  ])('that is %s is refused with its line and reason, and not stored', async (_what, content, message) => {
    const before = await count();
    const { status, body } = await upload(content);
    expect([status, body.error.code]).toEqual([422, 'settlement_file_refused']);
    expect(body.error.message).toMatch(message);
    expect(await count()).toBe(before);
  });

  it('is listed with the others of its status after one that has another by now', async () => {
    for (const n of [1, 2, 3]) {
      const content = fileOf(line(`PSPPAGE${n}AAAAAAAA`, '10.00'));
      expect((await upload(content, { name: `page ${n}.csv`, business_date: '2026-08-01' })).status).toBe(
        201,
      );
    }
    const page = (query: string) =>
      read(`/v1/settlements?business_date=2026-08-01&status=received&limit=1${query}`);
    const { body: first } = await page('');
    const [{ id }] = first.data;
    await api.sql.query(`UPDATE settlement_file SET status = 'staged' WHERE id = $1`, [id]);
    const { body: second } = await page(`&starting_after=${id}`);
    const { body: third } = await page(`&starting_after=${second.data[0].id}`);
    const names = [first, second, third].flatMap(({ data }) =>
      data.map((each: { name: string }) => each.name),
    );
    expect(names).toEqual(['page 3.csv', 'page 2.csv', 'page 1.csv']);
  });

  it('for nobody, of no format, on no day, or by nobody is refused', async () => {
    const content = fileOf(line('PSPAAAAAAAAAAAA4', '10.00'));
    const codes = async (query: Record<string, string>, options = {}) => {
      const { status, body } = await upload(content, query, options);
      return [status, body.error.code, body.error.param];
    };
    expect(await codes({ account: 'acc_none' })).toEqual([404, 'provider_account_unknown', 'account']);
    expect(await codes({ format: 'nobodys' })).toEqual([400, 'parameter_invalid', 'format']);
    expect(await codes({ business_date: '2026-02-30' })).toEqual([400, 'parameter_invalid', 'business_date']);
    expect(await codes({ name: '../../etc/passwd' })).toEqual([400, 'parameter_invalid', 'name']);
    expect(await codes({}, { idempotencyKey: null })).toEqual([400, 'idempotency_key_missing', undefined]);
    expect(await codes({}, { key: api.keys.a })).toEqual([403, 'operator_key_required', undefined]);
    expect(await codes({}, { headers: { 'content-encoding': 'gzip' } })).toEqual([
      415,
      'media_type_unsupported',
      undefined,
    ]);
  });

  const count = async () => (await api.sql.query('SELECT count(*)::int AS n FROM settlement_file')).rows[0].n;
});

describe('a day', () => {
  it('is run on command, and read with its report', async () => {
    const body = { account: 'acc_b_stripe', business_date: '2026-11-19' };
    const started = await post(api, '/v1/reconciliations', body, { key });
    expect([started.status, started.body]).toEqual([
      202,
      {
        object: 'reconciliation_start',
        workflow: 'reconciliation/acc_b_stripe/2026-11-19',
        url: '/v1/reconciliations/acc_b_stripe/2026-11-19',
      },
    ]);
    expect(api.runs.at(-1)).toBe('acc_b_stripe/2026-11-19');
    expect((await read(started.body.url)).status).toBe(404);
    await api.sql.query(
      `INSERT INTO reconciliation_run (id, account_id, business_date, status, step, report, finished_at)
       VALUES ('reconciliation/acc_b_stripe/2026-11-19', 'acc_b_stripe', '2026-11-19', 'closed', 'done', '{"a":1}', now())`,
    );
    expect((await read(started.body.url)).body).toMatchObject({
      object: 'reconciliation',
      account: 'acc_b_stripe',
      business_date: '2026-11-19',
      status: 'closed',
      report: { a: 1 },
    });
    const listed = await read('/v1/reconciliations?status=closed&limit=5');
    expect(listed.body.data).toHaveLength(1);
    expect((await read('/v1/reconciliations/acc_b_stripe/19-11-2026')).status).toBe(400);
  });

  it('is listed page by page, with every account of a day', async () => {
    await api.sql.query(
      `INSERT INTO reconciliation_run (id, account_id, business_date, status, step)
       SELECT 'reconciliation/' || a.id || '/' || d, a.id, d, 'running', 'staged'
       FROM provider_account a, unnest('{2026-10-01,2026-10-02}'::date[]) d`,
    );
    const places: string[] = [];
    for (let after = '', more = true; more; ) {
      const { body } = await read(`/v1/reconciliations?limit=1&before=2026-10-03${after}`);
      const [run] = body.data;
      places.push(`${run.business_date} ${run.account}`);
      after = `&starting_after=${run.id}`;
      more = body.has_more;
    }
    const { rows } = await api.sql.query('SELECT id FROM provider_account ORDER BY id');
    expect(rows.length).toBeGreaterThan(1);
    expect(places).toEqual(
      ['2026-10-02', '2026-10-01'].flatMap((day) => rows.map(({ id }) => `${day} ${id}`)),
    );
    const unknown = await read('/v1/reconciliations?starting_after=run_none');
    expect([unknown.status, unknown.body.error.param]).toEqual([400, 'starting_after']);
  });

  it('of an account that is not there is refused', async () => {
    const body = { account: 'acc_none', business_date: '2026-11-19' };
    const { status, body: answer } = await post(api, '/v1/reconciliations', body, { key });
    expect([status, answer.error.code]).toEqual([404, 'provider_account_unknown']);
  });
});
