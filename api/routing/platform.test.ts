import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post } from '../test-support/harness.ts';
import { openPolicyDesk, type PolicyDesk, told, yaml } from './test-support/policy-desk.ts';

let desk: PolicyDesk;
const key = `iop_${'operator'.repeat(4)}`;
beforeAll(async () => {
  desk = await openPolicyDesk();
  await desk.api.sql.query(
    `INSERT INTO operator (id, name, digest, role) VALUES ('opr_carol', 'carol', $1, 'admin')`,
    [desk.api.vault.keyedDigest(key)],
  );
});
afterAll(() => desk?.close());

const source = (order: string, name = 'Platform') => `format: interlock/routing@1
name: ${name}
requirements:
  - { name: large amounts, when: "amount > minor(10000, currency)", require: challenge }
otherwise: { choose: { order: ${order} } }
`;
const replace = (text: string, more: { readonly key?: string } = {}) =>
  post(
    desk.api,
    '/v1/operator/routing/platform',
    { source: text, mode: 'test', reason: 'for all' },
    { key, ...more },
  );
const read = (mode = 'test') => get(desk.api, `/v1/operator/routing/platform?mode=${mode}`, { key });
const simulate = async (currency: string) =>
  (await post(desk.api, '/v1/routing/simulate', { payment: { amount: 1_100_000, currency } })).body;

describe('the platform’s policy', () => {
  it('counts at once, for every merchant that has none of its own or inherits it', async () => {
    const replaced = await replace(source('all'));
    expect([replaced.status, replaced.body.status, replaced.body.author]).toEqual([
      201,
      'active',
      'operator:opr_carol',
    ]);
    // The code's own is the first version, and stays for the payments that name it.
    expect(replaced.body.version).toBe(2);
    expect((await read()).body.source).toBe(source('all'));
    expect((await read('live')).status).toBe(404);
    expect(await simulate('USD')).toMatchObject({
      policy_version: 0,
      platform_version: 2,
      order: ['acc_a_adyen', 'acc_a_stripe'],
      requirements: ['challenge'],
    });
    const version = await desk.saved();
    await desk.move(version, 'promote');
    await expect.poll(async () => (await simulate('USD')).policy_version, { timeout: 5_000 }).toBe(version);
    // Ours first, and its requirements too.
    expect(await simulate('USD')).toMatchObject({
      order: ['acc_a_stripe', 'acc_a_adyen'],
      requirements: ['challenge'],
    });
  });

  it('is refused where it is wrong, decides nothing at the end, or nobody may say so', async () => {
    expect(told(await replace(yaml('Bad', 'curency == "EUR"')))).toEqual([422, 'policy_invalid']);
    const open = `format: interlock/routing@1\nname: Open\n`;
    expect(told(await replace(open))).toEqual([400, 'parameter_invalid']);
    expect(told(await replace(source('all'), { key: desk.api.keys.a }))).toEqual([
      403,
      'operator_key_required',
    ]);
    expect((await read()).body.version).toBe(2);
  });
});

describe('a merchant’s need of approval', () => {
  it('is ended by an operator only', async () => {
    const settings = (body: object) => post(desk.api, '/v1/settings', body, { key: desk.api.keys.aLive });
    expect((await settings({ routing_approval: true })).body.routing_approval).toBe(true);
    expect((await settings({ routing_approval: false })).status).toBe(400);
    const path = '/v1/operator/routing/mer_a/approval';
    const ended = await post(desk.api, path, { required: false, reason: 'one key is left' }, { key });
    expect([ended.status, ended.body]).toEqual([
      200,
      {
        object: 'routing_approval',
        merchant: 'mer_a',
        required: false,
        reason: 'one key is left',
        by: 'opr_carol',
      },
    ]);
    expect((await get(desk.api, '/v1/settings')).body.routing_approval).toBe(false);
    const nobody = await post(
      desk.api,
      path.replace('mer_a', 'mer_none'),
      { required: true, reason: 'why not' },
      { key },
    );
    expect(nobody.status).toBe(404);
  });
});
