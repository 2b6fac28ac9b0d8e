import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post } from '../test-support/harness.ts';
import { openPolicyDesk, type PolicyDesk, told, yaml } from './test-support/policy-desk.ts';

let desk: PolicyDesk;
beforeAll(async () => {
  desk = await openPolicyDesk();
});
afterAll(() => desk?.close());

const begin = (name: string, options = {}) =>
  post(desk.api, '/v1/routing/backtests', { source: yaml(name) }, options);

describe('back-tests', () => {
  it('run two at a time for a merchant: each keeps a worker busy', async () => {
    // Nothing reads on here, so all of them go on running.
    const first = await begin('First', { idempotencyKey: 'first' });
    const atOnce = await Promise.all(['Second', 'Third', 'Fourth'].map((name) => begin(name)));
    expect(first.status).toBe(202);
    expect(atOnce.map(told).toSorted()).toEqual([
      [202, undefined],
      [409, 'backtests_running'],
      [409, 'backtests_running'],
    ]);
    expect((await begin('First', { idempotencyKey: 'first' })).body.id).toBe(first.body.id);
    await post(desk.api, `/v1/routing/backtests/${first.body.id}/cancel`, {});
    expect((await begin('Fifth')).status).toBe(202);
  });

  it('are canceled under a key, like every command', async () => {
    const [running] = (await desk.api.sql.query(`SELECT id FROM routing_backtest WHERE status = 'running'`))
      .rows;
    const path = `/v1/routing/backtests/${running?.id}/cancel`;
    expect(told(await post(desk.api, path, {}, { idempotencyKey: null }))[0]).toBe(400);
  });
});
