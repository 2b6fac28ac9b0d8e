import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post } from '../test-support/harness.ts';
import { openPolicyDesk, type PolicyDesk, told, yaml } from './test-support/policy-desk.ts';

let desk: PolicyDesk;
beforeAll(async () => {
  desk = await openPolicyDesk();
});
afterAll(() => desk?.close());

const count = async () =>
  Number((await desk.api.sql.query('SELECT count(*) AS n FROM routing_policy')).rows[0]?.n);

describe('saving a policy', () => {
  it('keeps the text as it was written, and decides nothing yet', async () => {
    const source = `# ours\n${yaml()}`;
    const { status, body } = await desk.save({ source });
    expect([status, body.status]).toEqual([201, 'validated']);
    expect(body.allowed).toEqual(['shadow', 'canary', 'promote', 'archive', 'experiment']);
    const whole = await desk.read(body.version);
    expect(whole.source).toBe(source);
    expect(whole.document.rules[0].when).toBe('currency == "EUR"');
    expect(whole.events.map(({ kind, from, to }: Record<string, string>) => [kind, from, to])).toEqual([
      ['saved', null, 'draft'],
      ['moved', 'draft', 'validated'],
    ]);
    expect(whole.events[0]).toMatchObject({ actor: whole.author, reason: 'a test' });
  });

  it('takes a JSON document as well', async () => {
    const document = {
      format: 'interlock/routing@1',
      name: 'As JSON',
      otherwise: { choose: { order: ['adyen', 'stripe'] } },
    };
    const { body } = await post(desk.api, '/v1/routing/policies', { document, reason: 'a test' });
    expect((await desk.read(body.version)).document).toEqual(document);
    const both = await post(desk.api, '/v1/routing/policies', { document, source: yaml(), reason: 'a test' });
    expect(told(both)).toEqual([400, 'parameter_invalid']);
  });

  it('answers a repetition as the first one, and saves nothing more', async () => {
    const first = await desk.save({}, { idempotencyKey: 'save-once' });
    const before = await count();
    const again = await desk.save({}, { idempotencyKey: 'save-once' });
    expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
    expect(told(await desk.save({ source: yaml('Other') }, { idempotencyKey: 'save-once' }))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
    expect(await count()).toBe(before);
  });

  it('numbers versions without gaps, however many come at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, at) => desk.save({ source: yaml(`At once ${at}`) })),
    );
    const versions = all.map(({ body }) => body.version).toSorted((a, b) => a - b);
    expect(versions).toEqual(versions.map((_, at) => versions[0] + at));
  });

  it.each([
    ['text that is no YAML', 'rules: [', 1, /flow|end|\]/i],
    ['an unknown variable', yaml('Bad', 'curency == "EUR"'), 5, /curency/],
    ['an unknown provider', yaml().replace('[stripe, adyen]', '[strip]'), 7, /strip/],
    ['a condition that is no yes or no', yaml('Bad', 'amount + 1'), 5, /true or false/],
    ['a comparison of different types', yaml('Bad', 'amount > "x"'), 5, /./],
    ['a rule that can never match', yaml('Bad', 'currency == "EUR" && currency == "USD"'), 5, /never/],
    ['an unknown key', yaml().replace('rules:', 'ruels:'), 3, /ruels/],
    ['a currency that nobody can take', `${yaml()}currencies: [KPW]\n`, 7, /KPW/],
  ])(
    'refuses %s with line, reason and hint, and keeps nothing of it',
    async (_what, source, line, message) => {
      const before = await count();
      const refused = await desk.save({ source });
      expect(told(refused)).toEqual([422, 'policy_invalid']);
      const [first] = refused.body.error.problems;
      expect(first).toMatchObject({ line, message: expect.stringMatching(message) });
      expect(first.hint.length).toBeGreaterThan(5);
      expect(refused.body.error.message).toContain(`Line ${line}`);
      const checked = await post(desk.api, '/v1/routing/policies/validate', { source });
      expect([checked.status, checked.body.valid]).toEqual([200, false]);
      expect(checked.body.problems).toEqual(refused.body.error.problems);
      expect(await count()).toBe(before);
    },
  );

  it('tells every problem at once', async () => {
    const source = yaml('Bad', 'curency == "EUR"').replace('[stripe, adyen]', '[strip, adien]');
    const { body } = await desk.save({ source });
    expect(body.error.problems.length).toBe(3);
    expect(body.error.message).toMatch(/and 2 more/);
  });

  it('keeps a draft that does not fit the accounts, which is used for nothing until it does', async () => {
    const source = yaml().replace('[stripe, adyen]', '[stripe, checkout]');
    expect(told(await desk.save({ source }))).toEqual([422, 'policy_invalid']);
    const { body: draft } = await desk.save({ source, draft: true });
    expect(draft.status).toBe('draft');
    for (const word of ['shadow', 'promote']) {
      expect(told(await desk.move(draft.version, word))).toEqual([409, 'policy_not_movable']);
    }
    expect(told(await desk.move(draft.version, 'validate'))).toEqual([422, 'policy_invalid']);
    await desk.api.sql.query(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url)
      VALUES ('acc_a_checkout', 'mer_a', 'test', 'checkout', 'http://127.0.0.1:1')`);
    expect((await desk.move(draft.version, 'validate')).body.status).toBe('validated');
    await desk.api.sql.query(`DELETE FROM provider_account WHERE id = 'acc_a_checkout'`);
    expect(told(await desk.move(draft.version, 'promote'))).toEqual([422, 'policy_invalid']);
  });
});

describe('the answers about policies', () => {
  it('are what the OpenAPI document says', async () => {
    const { body: document } = await get(desk.api, '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const fits = (name: string, value: unknown) => {
      const ok = ajv.validate(
        { $ref: `api#/components/schemas/${name}`, unevaluatedProperties: false },
        value,
      );
      expect([ok, ajv.errorsText()]).toEqual([true, 'No errors']);
    };
    const version = await desk.saved();
    fits('RoutingPolicyWithEvents', await desk.read(version));
    fits('RoutingPolicyVersion', (await desk.move(version, 'promote')).body);
    fits('RoutingPolicyList', (await get(desk.api, '/v1/routing/policies')).body);
    fits('RoutingHealth', (await get(desk.api, '/v1/routing/health')).body);
    fits('RoutingCatalogue', (await get(desk.api, '/v1/routing/catalogue')).body);
    fits('RoutingComparison', (await get(desk.api, `/v1/routing/policies/${version}/comparison`)).body);
    const payment = { amount: 1000, currency: 'EUR' };
    fits('RoutingSimulation', (await post(desk.api, '/v1/routing/simulate', { payment })).body);
    fits('Error', (await desk.save({ source: 'rules: [' })).body);
  });
});
