import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiRoutes, createApp } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { openApiPath } from './openapi.ts';
import { permissionFor } from './route.ts';
import { createCard, get, post, startTestApi, type TestApi } from './test-support/harness.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** What Express would really serve, read from its own stack. */
function routerOf(): string[] {
  const access = { settings: {}, publicUrl: 'http://127.0.0.1', trustedProxies: [] };
  const deps = { vault: {}, settings: {}, access } as unknown as ApiDeps;
  const layers = createApp(deps).router.stack as unknown as {
    route?: { path: string; methods: Record<string, boolean> };
  }[];
  return layers.flatMap(({ route }) =>
    route === undefined
      ? []
      : Object.keys(route.methods).map((method) => `${method} ${openApiPath(route.path)}`),
  );
}

function concrete(path: string): string {
  return path
    .replace(/:id/, `pay_${'a'.repeat(26)}`)
    .replace(/:provider/, 'stripe')
    .replace(/:account/, 'acc');
}

describe('the OpenAPI document', () => {
  it('lists exactly the routes that the router serves', async () => {
    const { status, body } = await get(api, '/openapi.json', { key: null });
    expect([status, body.openapi]).toEqual([200, '3.1.0']);
    const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(documented.sort()).toEqual(routerOf().sort());
    expect(documented).toEqual(expect.arrayContaining(['post /v1/payments', 'get /v1/refunds/{id}']));
  });

  it('names its schemas, asks for the key where the route does, and requires Idempotency-Key on POST', async () => {
    const { body } = await get(api, '/openapi.json');
    const create = body.paths['/v1/payments'].post;
    expect(create.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/PaymentCreate',
    });
    expect(create.responses['201'].content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/Payment',
    });
    expect(body.components.schemas.PaymentCreate).toMatchObject({
      additionalProperties: false,
      required: ['amount', 'currency'],
    });
    for (const route of apiRoutes()) {
      const operation = body.paths[openApiPath(route.path)][route.method];
      const headers = (operation.parameters ?? []).filter((each: { in: string }) => each.in === 'header');
      const required = headers.filter((each: { required: boolean }) => each.required);
      const isCommand =
        (route.access === 'merchant' || route.access === 'operator') && route.method === 'post';
      expect(required.map((each: { name: string }) => each.name)).toEqual(
        isCommand ? ['Idempotency-Key'] : [],
      );
      const people = permissionFor(route) === undefined ? [] : [{ consoleSession: [] }];
      expect(operation.security).toEqual(
        {
          merchant: [{ secretKey: [] }, ...people],
          operator: [{ operatorKey: [] }, ...people],
          session: [{ consoleSession: [] }],
          public: [],
        }[route.access],
      );
    }
  });

  it('describes what is really answered', async () => {
    const { body: document } = await get(api, '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const check = (schema: string, value: unknown) => {
      const valid = ajv.validate(
        { $ref: `api#/components/schemas/${schema}`, unevaluatedProperties: false },
        value,
      );
      expect([schema, valid, ajv.errorsText()]).toEqual([schema, true, 'No errors']);
    };
    const card = await createCard(api);
    const payment = await post(api, '/v1/payments', { amount: 100, currency: 'EUR', payment_method: card });
    check('Payment', payment.body);
    check('PaymentMethod', (await get(api, `/v1/payment_methods/${card}`)).body);
    check('PaymentList', (await get(api, '/v1/payments')).body);
    check('Error', (await get(api, '/v1/payments/pay_none')).body);
    check('Health', (await get(api, '/healthz')).body);
    check('Readiness', (await get(api, '/readyz')).body);
    expect(
      ajv.validate({ $ref: 'api#/components/schemas/Payment' }, { ...payment.body, amount: 'a lot' }),
    ).toBe(false);
  });
});

describe('a bearer key', () => {
  const merchantRoutes = apiRoutes().filter(({ access }) => access === 'merchant');

  it.each(merchantRoutes.map(({ method, path }) => [method, path] as const))(
    'is needed for %s %s',
    async (method, path) => {
      const ask = (headers: Record<string, string>) =>
        method === 'get'
          ? get(api, concrete(path), { key: null, headers })
          : post(api, concrete(path), {}, { key: null, headers });
      const codes: unknown[] = [];
      for (const headers of [
        {},
        { authorization: 'Bearer' },
        { authorization: `Basic ${api.keys.a}` },
        { authorization: `Bearer ${api.keys.a.slice(0, -1)}` },
        { authorization: `Bearer ${api.keys.a.replace('test', 'live')}` },
        { authorization: `Bearer ${api.keys.revoked}` },
      ] as Record<string, string>[]) {
        const { status, body, headers: sent } = await ask(headers);
        codes.push([status, body.error.type, sent.get('www-authenticate')]);
      }
      expect(codes).toEqual(Array.from({ length: 6 }, () => [401, 'authentication_error', 'Bearer']));
      // Of the answer itself nothing is awaited: a stream's has no end.
      const welcome = await fetch(`${api.url}${concrete(path)}`, {
        method,
        headers: { authorization: `Bearer ${api.keys.a}` },
      });
      await welcome.body?.cancel();
      expect(welcome.status).not.toBe(401);
    },
  );

  it('decides the mode', async () => {
    const card = await createCard(api, { key: api.keys.aLive });
    expect((await get(api, `/v1/payment_methods/${card}`, { key: api.keys.aLive })).body.livemode).toBe(true);
    expect((await get(api, `/v1/payment_methods/${card}`)).status).toBe(404);
  });

  it('that says another mode than its row is nobody’s', async () => {
    await api.sql.query(`UPDATE api_key SET mode = 'live' WHERE merchant_id = 'mer_b'`);
    const mixed = await get(api, '/v1/payments', { key: api.keys.b });
    await api.sql.query(`UPDATE api_key SET mode = 'test' WHERE merchant_id = 'mer_b'`);
    expect(mixed.status).toBe(401);
  });

  it('stops working within two seconds of being revoked', async () => {
    const { url, keys, sql } = api;
    await expect
      .poll(async () => (await get(api, '/v1/payments', { key: keys.b })).status, { timeout: 4_000 })
      .toBe(200);
    await sql.query(`UPDATE api_key SET revoked_at = now() WHERE merchant_id = 'mer_b'`);
    const revokedAt = Date.now();
    await expect
      .poll(
        async () =>
          (await fetch(`${url}/v1/payments`, { headers: { authorization: `Bearer ${keys.b}` } })).status,
        {
          timeout: 4_000,
          interval: 50,
        },
      )
      .toBe(401);
    expect(Date.now() - revokedAt).toBeLessThan(3_000);
  });
});

describe('health', () => {
  it('is alive whatever depends on it, and ready only with Postgres and Temporal', async () => {
    expect((await get(api, '/readyz', { key: null })).body).toEqual({
      status: 'ready',
      checks: { postgres: 'ok', temporal: 'ok' },
    });
    api.temporal = () => Promise.reject(new Error('gone'));
    const { status, body } = await get(api, '/readyz', { key: null });
    expect([status, body.checks]).toEqual([503, { postgres: 'ok', temporal: 'failed' }]);
    api.temporal = () => new Promise(() => undefined);
    expect((await get(api, '/readyz', { key: null })).status).toBe(503);
    expect((await get(api, '/healthz', { key: null })).body.status).toBe('ok');
    api.temporal = async () => undefined;
  });
});
