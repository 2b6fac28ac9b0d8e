import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertMerchant, type PostedRow, postInThePast } from '../../db/ledger/test-support/rows.ts';
import { type Answer, get, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment, randomPaymentId } from '../test-support/rows.ts';

/** The books over HTTP: what each key reads, and that it is its own. */
let api: TestApi;
let paymentId: string;
const REFUND_ID = `ref_${randomPaymentId().slice(4)}`;

const transfer = (debit: string, credit: string, minor: bigint | number, currency = 'EUR') =>
  [
    [debit, currency, minor],
    [credit, currency, -BigInt(minor)],
  ] as const;

function rows(): readonly PostedRow[] {
  const a = { merchantId: 'mer_a', mode: 'test' };
  const receivable = 'provider_receivable/acc_a_stripe';
  return [
    {
      id: 'ltx_a_1',
      ...a,
      at: new Date('2026-10-05T10:00:00Z'),
      paymentId,
      ownerId: paymentId,
      postings: transfer(receivable, 'merchant_payable/mer_a', 2_000),
    },
    {
      id: 'ltx_a_2',
      ...a,
      at: new Date('2026-10-31T23:59:59.999Z'),
      kind: 'refund',
      paymentId,
      ownerId: REFUND_ID,
      postings: transfer('merchant_payable/mer_a', receivable, 400),
    },
    {
      id: 'ltx_a_3',
      ...a,
      at: new Date('2026-11-01T00:00:00Z'),
      postings: transfer(receivable, 'merchant_payable/mer_a', 2n ** 60n, 'JPY'),
    },
    {
      id: 'ltx_a_4',
      ...a,
      at: new Date('2026-11-02T00:00:00Z'),
      kind: 'settled',
      ownerId: 'sf_1',
      description: '=1+1',
      postings: transfer('fees/scheme/acc_a_stripe', receivable, 7),
    },
    {
      id: 'ltx_a_live',
      merchantId: 'mer_a',
      mode: 'live',
      at: new Date('2026-10-06T00:00:00Z'),
      postings: transfer('provider_receivable/acc_a_live', 'merchant_payable/mer_a', 5),
    },
    {
      id: 'ltx_b_1',
      merchantId: 'mer_b',
      mode: 'test',
      at: new Date('2026-10-07T00:00:00Z'),
      postings: transfer('provider_receivable/acc_b_stripe', 'merchant_payable/mer_b', 77),
    },
  ];
}

beforeAll(async () => {
  api = await startTestApi();
  paymentId = await insertPayment(api, { status: 'succeeded', capturedMinor: 2_000 });
  await insertMerchant((text, values) => api.sql.query(text, values), 'mer_a', 'live', ['acc_a_live']);
  await postInThePast(api.ownerUrl, rows());
});
afterAll(() => api.close());

/** As it came: the harness would read a journal's first line for all of it. */
async function file(
  path: string,
  key = api.keys.a,
): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

const balancesOf = ({ body }: Answer) =>
  Object.fromEntries(
    (body.data as Record<string, string>[]).map(({ account, currency, balance }) => [
      `${account} ${currency}`,
      balance,
    ]),
  );
const refusal = ({ status, body }: Answer) => [status, body.error?.code, body.error?.param];
const postings = (account: string, query = '') =>
  `/v1/ledger/accounts/${encodeURIComponent(account)}/postings${query}`;

describe('accounts', () => {
  it('are those that have postings, with their entry of the chart', async () => {
    const { status, body } = await get(api, '/v1/ledger/accounts');
    expect([status, body.object, body.has_more, body.url]).toEqual([
      200,
      'list',
      false,
      '/v1/ledger/accounts',
    ]);
    expect(body.data.map(({ account }: { account: string }) => account).toSorted()).toEqual([
      'fees/scheme/acc_a_stripe',
      'merchant_payable/mer_a',
      'provider_receivable/acc_a_stripe',
    ]);
    expect(body.data.find(({ kind }: { kind: string }) => kind === 'fees')).toMatchObject({
      object: 'ledger_account',
      class: 'expense',
      normal_side: 'debit',
      provider_account: 'acc_a_stripe',
      fee_kind: 'scheme',
      livemode: false,
    });
  });
});

describe('balances', () => {
  it('are those of now, in strings of digits, however large', async () => {
    expect(balancesOf(await get(api, '/v1/ledger/balances'))).toEqual({
      'fees/scheme/acc_a_stripe EUR': '7',
      'merchant_payable/mer_a EUR': '-1600',
      'merchant_payable/mer_a JPY': '-1152921504606846976',
      'provider_receivable/acc_a_stripe EUR': '1593',
      'provider_receivable/acc_a_stripe JPY': '1152921504606846976',
    });
    const { body } = await get(api, '/v1/ledger/balances?account=merchant_payable&currency=eur');
    expect(body.data).toEqual([
      {
        object: 'ledger_balance',
        account: 'merchant_payable/mer_a',
        currency: 'EUR',
        debit: '400',
        credit: '2000',
        balance: '-1600',
        livemode: false,
      },
    ]);
  });

  it.each([
    ['2026-10-05T10:00:00Z', undefined],
    ['2026-10-05T10:00:00.001Z', '-2000'],
    ['2026-10-31T23:59:59.999Z', '-2000'],
    ['2026-11-01T00:00:00Z', '-1600'],
    [String(Date.UTC(2026, 9, 6) / 1_000), '-2000'],
  ])('as of %s are what was posted before', async (asOf, balance) => {
    const answer = await get(api, `/v1/ledger/balances?as_of=${asOf}&account=merchant_payable/mer_a`);
    expect(balancesOf(answer)['merchant_payable/mer_a EUR']).toBe(balance);
  });

  it.each([
    ['as_of=yesterday', 'as_of'],
    ['as_of=2026-11-01', 'as_of'],
    ['as_of=2999-01-01T00:00:00Z', 'as_of'],
    ['account=cash', 'account'],
    ['account=fees/tips', 'account'],
    ['account=', 'account'],
    ['currency=QQQ', 'currency'],
    ['merchant=mer_b', 'merchant'],
    ['mode=live', 'mode'],
  ])('of ?%s are refused, by its name', async (query, param) => {
    const answer = await get(api, `/v1/ledger/balances?${query}`);
    expect([answer.status, answer.body.error.type, answer.body.error.param]).toEqual([
      400,
      'invalid_request_error',
      param,
    ]);
  });
});

describe('a statement', () => {
  it('is read page by page, newest first', async () => {
    const path = postings('provider_receivable/acc_a_stripe', '?limit=3');
    const first = await get(api, path);
    expect(first.body.data.map(({ id, amount }: Record<string, string>) => [id, amount])).toEqual([
      ['ltx_a_4_2', '-7'],
      ['ltx_a_3_1', '1152921504606846976'],
      ['ltx_a_2_2', '-400'],
    ]);
    expect(first.body).toMatchObject({ has_more: true, url: postings('provider_receivable/acc_a_stripe') });
    const rest = await get(api, `${path}&starting_after=ltx_a_2_2`);
    expect(rest.body).toMatchObject({ has_more: false });
    expect(rest.body.data).toEqual([
      {
        id: 'ltx_a_1_1',
        object: 'ledger_posting',
        account: 'provider_receivable/acc_a_stripe',
        currency: 'EUR',
        amount: '2000',
        transaction: 'ltx_a_1',
        kind: 'capture',
        description: null,
        created: Date.UTC(2026, 9, 5, 10) / 1_000,
        posted_at: '2026-10-05T10:00:00.000Z',
        livemode: false,
      },
    ]);
    const yen = await get(api, postings('provider_receivable/acc_a_stripe', '?currency=JPY'));
    expect(yen.body.data.map(({ id }: Record<string, string>) => id)).toEqual(['ltx_a_3_1']);
  });

  it('goes on after none that isn’t its own', async () => {
    for (const cursor of ['ltx_b_1_1', 'ltx_a_1_2', 'ltx_a_live_1', 'nothing'])
      expect(
        refusal(await get(api, postings('provider_receivable/acc_a_stripe', `?starting_after=${cursor}`))),
      ).toEqual([400, 'parameter_invalid', 'starting_after']);
  });
});

describe('a transaction', () => {
  it('tells its postings and what it belongs to', async () => {
    const told = async (id: string) => {
      const { body } = await get(api, `/v1/ledger/transactions/${id}`);
      return [body.kind, body.payment, body.refund, body.settlement_file, body.postings?.length];
    };
    expect(await told('ltx_a_1')).toEqual(['capture', paymentId, null, null, 2]);
    expect(await told('ltx_a_2')).toEqual(['refund', paymentId, REFUND_ID, null, 2]);
    expect(await told('ltx_a_4')).toEqual(['settled', null, null, 'sf_1', 2]);
  });
});

describe('another’s books', () => {
  it('are as absent as what never was', async () => {
    const absent = await get(api, '/v1/ledger/transactions/ltx_none');
    const { request_id: _id, ...nothing } = absent.body.error;
    const paths = [
      '/v1/ledger/transactions/ltx_b_1',
      '/v1/ledger/transactions/ltx_a_live',
      postings('merchant_payable/mer_b'),
      postings('provider_receivable/acc_b_stripe'),
      postings('provider_receivable/acc_a_live'),
      postings('merchant_payable/mer_none'),
      postings('nothing'),
    ];
    for (const path of paths) {
      const answer = await get(api, path);
      const { request_id: _request, ...error } = answer.body.error;
      expect([path, answer.status, error]).toEqual([path, 404, nothing]);
    }
    for (const account of [
      'merchant_payable/mer_b',
      'provider_receivable/acc_b_stripe',
      'provider_receivable/acc_a_live',
    ])
      expect((await get(api, `/v1/ledger/balances?account=${account}`)).body.data).toEqual([]);
  });

  it('stand in none of a key’s answers, also where both modes share an account', async () => {
    const everything = async (key: string) => {
      const paths = [
        '/v1/ledger/accounts',
        '/v1/ledger/balances',
        postings('merchant_payable/mer_a'),
        postings('merchant_payable/mer_b'),
        '/v1/ledger/exports?period=2026-10',
        '/v1/ledger/exports?period=2026-10&format=journal',
        ...rows().map(({ id }) => `/v1/ledger/transactions/${id}`),
      ];
      const answers = await Promise.all(paths.map((path) => file(path, key)));
      return answers.map(({ text }) => text).join('\n');
    };
    const own = { a: /ltx_a_1/, b: /ltx_b_1/, aLive: /ltx_a_live/ };
    const foreign = {
      a: /mer_b|acc_b|ltx_b|acc_a_live|ltx_a_live/,
      b: /mer_a|acc_a|ltx_a/,
      aLive: /mer_b|acc_b|ltx_b|acc_a_stripe|ltx_a_\d|2000|"-1600"/,
    };
    for (const who of ['a', 'b', 'aLive'] as const) {
      const said = await everything(api.keys[who]);
      expect(said).toMatch(own[who]);
      expect(said).not.toMatch(foreign[who]);
    }
    const live = await get(api, '/v1/ledger/balances', { key: api.keys.aLive });
    expect(balancesOf(live)).toEqual({
      'merchant_payable/mer_a EUR': '-5',
      'provider_receivable/acc_a_live EUR': '5',
    });
  });
});

describe('an export', () => {
  it('is a file with the period’s postings, its totals and its hash, and the same each time', async () => {
    const answer = await get(api, '/v1/ledger/exports?period=2026-10');
    expect([
      answer.status,
      answer.headers.get('content-type'),
      answer.headers.get('ledger-export-id'),
    ]).toEqual([200, 'text/csv; charset=utf-8; header=present', 'lex_mer_a_test_2026-10_csv']);
    expect(answer.headers.get('content-disposition')).toBe(
      'attachment; filename="lex_mer_a_test_2026-10_csv.csv"',
    );
    const lines = answer.text.trimEnd().split('\r\n');
    expect(lines.map((line) => line.slice(0, line.indexOf(',')))).toEqual([
      'record',
      ...Array(4).fill('posting'),
      ...Array(2).fill('total'),
      'control',
      'end',
    ]);
    const end = lines.at(-1) ?? '';
    const hash = createHash('sha256')
      .update(answer.text.slice(0, answer.text.lastIndexOf(end)))
      .digest('hex');
    expect(end).toContain(`transactions=2 postings=4 sha256=${hash}`);
    expect((await get(api, '/v1/ledger/exports?period=2026-10')).text).toBe(answer.text);
  });

  it('as a journal has a transaction in each line', async () => {
    const answer = await file('/v1/ledger/exports?period=2026-11-02&format=journal');
    expect(answer.type).toBe('application/x-ndjson; charset=utf-8');
    const lines = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ record }) => record)).toEqual([
      'header',
      'transaction',
      ...Array(5).fill('total'),
      ...Array(2).fill('control'),
      'end',
    ]);
    expect(lines[1]).toMatchObject({ id: 'ltx_a_4', description: '=1+1' });
  });

  it('of a period that is not over is refused, as a conflict', async () => {
    const today = new Date().toISOString().slice(0, 10);
    for (const period of [today, today.slice(0, 7), '2999-01'])
      expect(refusal(await get(api, `/v1/ledger/exports?period=${period}`))).toEqual([
        409,
        'period_open',
        undefined,
      ]);
  });

  it.each([
    ['', 'period'],
    ['?period=2026', 'period'],
    ['?period=2026-02-30', 'period'],
    ['?period=2026-10&format=xml', 'format'],
    ['?period=2026-10&merchant=mer_b', 'merchant'],
  ])('asked for as %j is refused, by the parameter’s name', async (query, param) => {
    const answer = await get(api, `/v1/ledger/exports${query}`);
    expect([answer.status, answer.body.error.type, answer.body.error.param]).toEqual([
      400,
      'invalid_request_error',
      param,
    ]);
  });
});

it('the OpenAPI document describes what is really answered', async () => {
  const { body: document } = await get(api, '/openapi.json');
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ $id: 'api', ...document });
  const checked: readonly (readonly [string, string])[] = [
    ['LedgerAccountList', '/v1/ledger/accounts'],
    ['LedgerBalanceList', '/v1/ledger/balances'],
    ['LedgerStatement', postings('merchant_payable/mer_a')],
    ['LedgerTransaction', '/v1/ledger/transactions/ltx_a_2'],
    ['Error', '/v1/ledger/exports?period=2999-01'],
  ];
  for (const [schema, path] of checked) {
    const { body } = await get(api, path);
    const valid = ajv.validate(
      { $ref: `api#/components/schemas/${schema}`, unevaluatedProperties: false },
      body,
    );
    expect([schema, valid, ajv.errorsText()]).toEqual([schema, true, 'No errors']);
  }
  const { get: described } = document.paths['/v1/ledger/exports'];
  expect(Object.keys(described.responses['200'].content)).toEqual(['*/*']);
});
