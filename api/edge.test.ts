import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_AMOUNT_MINOR } from '../domain/money/money.ts';
import {
  type Answer,
  CARD,
  createCard,
  get,
  post,
  type Sending,
  startTestApi,
  type TestApi,
} from './test-support/harness.ts';

let api: TestApi;
let card: string;

beforeAll(async () => {
  api = await startTestApi();
  card = await createCard(api);
});
afterAll(() => api.close());

const PAN = '4242424242424242';
const order = (more: object = {}) => ({ amount: 2000, currency: 'EUR', payment_method: card, ...more });
const sendRaw = (raw: string | Uint8Array, options: Sending = {}) =>
  post(api, '/v1/payments', undefined, { ...options, raw });

function expectProblem(
  { status, body, headers }: Answer,
  expected: { status: number; code: string; param?: string },
) {
  expect({ status, code: body.error.code, param: body.error.param }).toEqual({
    param: undefined,
    ...expected,
  });
  expect(body.error.message.length).toBeGreaterThan(5);
  expect(body.error.request_id).toBe(headers.get('request-id'));
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:|at [A-Z]\w+\./);
}

describe('text that no row could hold', () => {
  it.each([
    ['/v1/payments/pay_%00', 'id'],
    ['/v1/payments?starting_after=%00', 'starting_after'],
    ['/v1/payments?%00=1', undefined],
  ])('is refused wherever it stands: %s', async (path, param) => {
    const { status, body } = await get(api, path);
    expect([status, body.error.param]).toEqual([400, param]);
  });
});

describe('a bad body is a 4xx that names the field, and nothing reaches the door', () => {
  const wrong: [string, object, string, string][] = [
    ['an unknown field', { status: 'succeeded' }, 'parameter_unknown', 'status'],
    ['a merchant', { merchantId: 'mer_b' }, 'parameter_unknown', 'merchantId'],
    ['a fraction', { amount: 1.5 }, 'parameter_invalid', 'amount'],
    ['a fraction of yen', { amount: 0.5, currency: 'JPY' }, 'parameter_invalid', 'amount'],
    ['a negative amount', { amount: -1 }, 'parameter_invalid', 'amount'],
    ['zero', { amount: 0 }, 'parameter_invalid', 'amount'],
    ['text for an amount', { amount: '100' }, 'parameter_invalid', 'amount'],
    ['2^53', { amount: 2 ** 53 }, 'parameter_invalid', 'amount'],
    ['one more than networks carry', { amount: MAX_AMOUNT_MINOR + 1 }, 'parameter_invalid', 'amount'],
    ['no amount', { amount: undefined }, 'parameter_missing', 'amount'],
    ['null for an amount', { amount: null }, 'parameter_invalid', 'amount'],
    ['no currency', { currency: undefined }, 'parameter_missing', 'currency'],
    ['an unknown currency', { currency: 'XXQ' }, 'parameter_invalid', 'currency'],
    ['gold', { currency: 'XAU' }, 'parameter_invalid', 'currency'],
    ['a capture method that is none', { capture_method: 'later' }, 'parameter_invalid', 'capture_method'],
    ['confirm as text', { confirm: 'yes' }, 'parameter_invalid', 'confirm'],
    ['a list for a reference', { reference: ['a'] }, 'parameter_invalid', 'reference'],
    ['a number in metadata', { metadata: { a: 1 } }, 'parameter_invalid', 'metadata.a'],
    ['a long metadata value', { metadata: { a: 'x'.repeat(501) } }, 'parameter_invalid', 'metadata.a'],
    [
      'a long metadata key',
      { metadata: { ['k'.repeat(41)]: '' } },
      'parameter_invalid',
      `metadata.${'k'.repeat(41)}`,
    ],
    [
      '51 metadata keys',
      { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, ''])) },
      'parameter_invalid',
      'metadata',
    ],
    ['a script for a return URL', { return_url: 'javascript:alert(1)' }, 'parameter_invalid', 'return_url'],
    [
      'credentials in a return URL',
      { return_url: 'https://a:b@example.com/' },
      'parameter_invalid',
      'return_url',
    ],
    ['a null character', { reference: 'a\u0000b' }, 'parameter_invalid', 'reference'],
    ['half a surrogate pair', { description: 'a\ud800b' }, 'parameter_invalid', 'description'],
  ];
  it.each(wrong)('%s', async (_what, more, code, param) => {
    const calls = api.door.calls.length;
    expectProblem(await post(api, '/v1/payments', order(more)), { status: 400, code, param });
    expect(api.door.calls.length).toBe(calls);
  });

  it('bounds captures and voids too', async () => {
    const path = `/v1/payments/pay_${'a'.repeat(26)}`;
    const capture = await post(api, `${path}/capture`, { amount: 0 });
    expectProblem(capture, { status: 400, code: 'parameter_invalid', param: 'amount' });
    const voided = await post(api, `${path}/void`, { amount: 1 });
    expectProblem(voided, { status: 400, code: 'parameter_unknown', param: 'amount' });
  });

  it('2 MB', async () => {
    const answer = await sendRaw(JSON.stringify(order({ description: 'x'.repeat(2_000_000) })));
    expectProblem(answer, { status: 413, code: 'body_too_large' });
  });

  it('nested deeper than 32, whether or not that field is known', async () => {
    const deep = `{"amount":${'['.repeat(1000)}${']'.repeat(1000)}}`;
    expectProblem(await sendRaw(deep), { status: 400, code: 'json_too_deep' });
    const brackets = JSON.stringify(order({ description: '[{'.repeat(40), reference: '"[[' }));
    expect((await sendRaw(brackets)).status).toBe(201);
  });

  it.each([
    ['no JSON', '{"amount":'],
    ['a list', '[]'],
    ['text', '"pay"'],
    ['null', 'null'],
    ['not UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('%s', async (_what, raw) => {
    expectProblem(await sendRaw(raw), { status: 400, code: 'json_invalid' });
  });

  it('a member named __proto__, at any depth', async () => {
    const top = await sendRaw(`{"amount":1,"currency":"EUR","__proto__":{"confirm":false}}`);
    expectProblem(top, { status: 400, code: 'parameter_unknown', param: '__proto__' });
    const inner = await sendRaw(`{"amount":1,"currency":"EUR","metadata":{"__proto__":"x"}}`);
    expectProblem(inner, { status: 400, code: 'parameter_unknown', param: 'metadata.__proto__' });
    const { status, body } = await post(
      api,
      '/v1/payments',
      order({ metadata: { constructor: 'Hochtief' } }),
    );
    expect([status, body.metadata]).toEqual([201, { constructor: 'Hochtief' }]);
  });

  it('another media type, or a compressed body', async () => {
    const form = await sendRaw('amount=1', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expectProblem(form, { status: 415, code: 'media_type_unsupported' });
    const zipped = await sendRaw('{}', { headers: { 'content-encoding': 'gzip' } });
    expectProblem(zipped, { status: 415, code: 'media_type_unsupported' });
  });

  it('a path that cannot be decoded, a route that is none', async () => {
    expectProblem(await get(api, '/v1/payments/%ff'), { status: 400, code: 'request_invalid' });
    expectProblem(await get(api, '/v1/payment'), { status: 404, code: 'route_missing' });
    expectProblem(await get(api, '/v1/payments/'), { status: 404, code: 'route_missing' });
  });
});

describe('a card number outside a card', () => {
  const places: [string, object, string | undefined][] = [
    ['the reference', { reference: PAN }, 'reference'],
    ['the description', { description: `charge 4242 4242 4242 4242 please` }, 'description'],
    ['with dots and dashes', { description: '4242-4242.4242-4242' }, 'description'],
    ['in full-width digits', { description: '４２４２４２４２４２４２４２４２' }, 'description'],
    ['a metadata value', { metadata: { note: `pan${PAN}x` } }, 'metadata.note'],
    ['a metadata key', { metadata: { [PAN]: 'x' } }, 'metadata'],
    ['the return URL', { return_url: `https://example.com/?c=${PAN}` }, 'return_url'],
    [
      'the return URL, encoded',
      { return_url: `https://example.com/?c=4242%204242%204242%204242` },
      'return_url',
    ],
    ['the payment method', { payment_method: PAN }, 'payment_method'],
    ['the name of a field', { [PAN]: 1 }, undefined],
    ['American Express', { reference: '378282246310005' }, 'reference'],
    ['Mastercard’s 2 series', { reference: '2223003122003222' }, 'reference'],
  ];
  it.each(places)('is refused in %s and never echoed', async (_what, more, param) => {
    const answer = await post(api, '/v1/payments', order(more));
    expectProblem(answer, {
      status: 422,
      code: 'card_number_in_text',
      ...(param === undefined ? {} : { param }),
    });
    expect(answer.text.replace(/\D/g, '')).not.toContain(PAN);
  });

  it('is refused in keys, URLs, queries, holder names and reasons, and logged nowhere', async () => {
    const holder = { ...CARD, card: { ...CARD.card, holder_name: `JANE ${PAN}` } };
    const answers = [
      await post(api, '/v1/payments', order(), { idempotencyKey: `k-${PAN}` }),
      await get(api, `/v1/payments/${PAN}`),
      await get(api, `/v1/payments?reference=4242%204242%204242%204242`),
      await get(api, `/v1/payments?reference=4242+4242+4242+4242`),
      await post(api, '/v1/payment_methods', holder),
      await post(api, `/v1/payments/pay_${'a'.repeat(26)}/void`, { reason: PAN }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422, 422]);
    await get(api, '/v1/payments', { headers: { 'x-correlation-id': PAN } });
    expect(api.logs.join('').replace(/[^\d]{1,3}/g, '')).not.toContain(PAN);
    const { rows } = await api.sql.query(
      `SELECT (SELECT count(*) FROM payment)::int + (SELECT count(*) FROM request WHERE path LIKE '%void')::int AS n`,
    );
    expect(rows).toEqual([{ n: 0 }]);
  });

  it.each([
    ['a timestamp', '20261121075204'],
    ['epoch milliseconds', '1795247524000'],
    ['a UUID with many digits', '55555555-4242-4242-8242-424242424242'],
    ['a digest', 'a1234567890123456789012345678901b4242424242424242c'],
    ['a long number that fails the check', '4242424242424241'],
  ])('is not seen in %s', async (_what, reference) => {
    expect((await post(api, '/v1/payments', order({ reference }))).status).toBe(201);
  });
});

describe('every answer', () => {
  it('has a request id and closed headers, and says nothing of what serves it', async () => {
    const { headers } = await get(api, '/v1/payments');
    expect(headers.get('request-id')).toMatch(/^hreq_[0-9a-f]{32}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBe(null);
  });

  it('leaves a log line with ids and the caller’s trace, without secrets', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = { 'x-correlation-id': 'cart-17', traceparent: trace };
    const { body, headers: sent } = await post(api, '/v1/payments', order(), { headers });
    const line = api.logs
      .map((text) => JSON.parse(text))
      .find((each) => each.request_id === sent.get('request-id'));
    expect(line).toMatchObject({
      route: '/v1/payments',
      status: 201,
      merchant_id: 'mer_a',
      payment_id: body.id,
      workflow_id: `payment/${body.id}/g1`,
      correlation_id: 'cart-17',
      traceparent: trace,
    });
    expect(api.logs.join('')).not.toContain(api.keys.a);
    // By name: three digits are in some identifier or time stamp by chance.
    expect(api.logs.join('')).not.toMatch(/"(cvc|cvv|security_?code)":"?\d/i);
  });

  it('to a bug is a plain 500, while the log has the frames', async () => {
    const create = api.door.create;
    api.door.create = async () => {
      throw new Error(`broken by ${PAN}`);
    };
    const answer = await post(api, '/v1/payments', order());
    api.door.create = create;
    expectProblem(answer, { status: 500, code: 'internal_error' });
    const line = api.logs.map((text) => JSON.parse(text)).find((each) => each.err !== undefined);
    expect(line.err).toMatchObject({ message: '[redacted]', stack: expect.stringContaining('edge.test.ts') });
  });

  it('is still given to others after a caller hung up in the middle of its body', async () => {
    const code = await new Promise<string>((resolve) => {
      const request = httpRequest(`${api.url}/v1/payments`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${api.keys.a}`,
          'content-type': 'application/json',
          'content-length': '100',
        },
      });
      request.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'closed'));
      request.write('{"amount":');
      request.destroy();
    });
    expect(code).toBe('ECONNRESET');
    expect((await get(api, '/healthz')).status).toBe(200);
  });
});
