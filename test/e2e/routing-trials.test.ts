import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { versionFor } from '../../domain/routing/experiment/assign.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

/** Policies held against the past, and against each other on the payments of now, through the whole system. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system?.close();
});

const SOON = { timeoutMs: 30_000, intervalMs: 100 };
const REASON = { reason: 'for a test' };

async function post(path: string, body: object, key = freshKey()) {
  return system.request('POST', path, { key, body });
}

async function posted(path: string, body: object) {
  const answer = await post(path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const textOf = (order: string) =>
  `format: interlock/routing@1\nname: ${freshKey()}\nrules: []\notherwise: { choose: { order: [${order}] } }\n`;
const save = async (order: string): Promise<number> =>
  (await posted('/v1/routing/policies', { source: textOf(order), ...REASON })).version;
const get = async (path: string) => (await system.request('GET', path)).body;

async function pay(): Promise<{ id: string; provider: string; status: string; version: number }> {
  const payment_method = await system.card();
  const { body } = await system.pay({ amount: 1_200, currency: 'USD', payment_method });
  const routing = await get(`/v1/payments/${body.id}/routing`);
  const [row] = await system.sql<{ version: number }>(
    'SELECT policy_version AS version FROM payment WHERE id = $1',
    [body.id],
  );
  return {
    id: body.id,
    status: body.status,
    provider: routing.decision.order[0],
    version: row?.version ?? -1,
  };
}

const ended = (path: string) =>
  waitFor(
    async () => {
      const body = await get(path);
      return body.status === 'running' ? undefined : body;
    },
    { ...SOON, what: `the end of ${path}` },
  );

describe('a back-test', () => {
  it('is begun once, goes on by itself, and says where payments would have gone', async () => {
    for (let made = 0; made < 3; made += 1) expect((await pay()).status).toBe('succeeded');
    const key = freshKey();
    const asked = { source: textOf('adyen, stripe') };
    const begun = await post('/v1/routing/backtests', asked, key);
    expect(begun.status).toBe(202);
    expect(begun.body).toMatchObject({ object: 'routing_backtest', version: null, progress: { total: 3 } });
    const again = await post('/v1/routing/backtests', asked, key);
    expect(again.body.id).toBe(begun.body.id);
    const path = `/v1/routing/backtests/${begun.body.id}`;
    const found = await ended(path);
    expect(found).toMatchObject({
      status: 'completed',
      progress: { read: 3, total: 3 },
      result: {
        compared: 3,
        elsewhere: 3,
        pairs: [{ from: 'stripe', to: 'adyen', payments: 3, approved: 3 }],
        success: { actual_ppm: 1_000_000 },
        costs: [{ currency: 'USD', unpriced: 0 }],
      },
    });
    const { low, high } = found.result.success.change_ppm;
    expect(low).toBeLessThan(high);
    expect((await get('/v1/routing/backtests')).data).toMatchObject([{ id: begun.body.id }]);
    expect((await post(`${path}/cancel`, {})).body.status).toBe('completed');
  });

  it('of a text that is no policy, of a version that is not there, or of no time at all is refused', async () => {
    const broken = await post('/v1/routing/backtests', { source: 'format: interlock/routing@1\nrules: 7\n' });
    expect(broken.status).toBe(422);
    expect(broken.body.error.code).toBe('policy_invalid');
    expect(broken.body.error.problems.length).toBeGreaterThan(0);
    expect((await post('/v1/routing/backtests', { version: 999 })).status).toBe(404);
    expect((await post('/v1/routing/backtests', {})).status).toBe(400);
    const never = { version: 1, from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' };
    expect((await post('/v1/routing/backtests', never)).body.error.param).toBe('from');
    const other = await system.request('GET', `/v1/routing/backtests/rbt_${'a'.repeat(26)}`);
    expect(other.status).toBe(404);
  });
});

/** Payments as they would be after some weeks: so many by each version, of which so many were approved. */
async function happened(version: number, count: number, approved: number): Promise<void> {
  const names = `lpad(translate(to_hex(i), '0189', 'xyzw'), 24, 'q') || translate('${version}', '0123456789', 'abcdefghij')`;
  const rows = `(SELECT i, rpad(${names}, 26, 'z') AS body, i <= ${approved} AS approved FROM generate_series(1, ${count}) i) r`;
  await system.sql(`BEGIN; SET LOCAL session_replication_role = replica;
    INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method, policy_version,
      complete_by, audit_head) SELECT 'pay_' || body, 'mer_demo', 'test', CASE WHEN approved THEN 'succeeded' ELSE 'failed' END, 2, 1, 100,
      'EUR', 'automatic', ${version}, now(), body FROM ${rows};
    INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, decline)
      SELECT 'att_' || body || '_1', 'pay_' || body, 1, 'pa_demo_stripe', 'stripe', '1', CASE WHEN approved THEN 'captured' ELSE 'declined' END,
      CASE WHEN approved THEN NULL ELSE '{"reason":"generic_decline"}'::jsonb END FROM ${rows};
    COMMIT`);
}

describe('an experiment', () => {
  it('divides the payments by their ids, as its control and its treatment say, until it is stopped', async () => {
    const { version: control } = await get('/v1/routing/policies/active');
    const treatment = await save('adyen, stripe');
    const begun = await post('/v1/routing/experiments', { treatment, percent: 50, ...REASON });
    expect(begun.body).toMatchObject({
      status: 'running',
      control: { version: control },
      treatment: { version: treatment },
      percent: 50,
    });
    const { id } = begun.body;
    const experiment = { id, controlVersion: control, treatmentVersion: treatment, percent: 50 };
    const seen = new Set<number>();
    await waitFor(
      async () => {
        const paid = await pay();
        if (paid.version === treatment) expect(paid.provider).toBe('pa_demo_adyen');
        seen.add(paid.version);
        return seen.size === 2 && paid.version === versionFor(paid.id, experiment);
      },
      { ...SOON, what: 'both versions to decide' },
    );
    for (let made = 0; made < 5; made += 1) {
      const paid = await pay();
      expect(paid.version).toBe(versionFor(paid.id, experiment));
    }
    const second = await post('/v1/routing/experiments', { treatment, ...REASON });
    expect(second.body.error.code).toBe('experiment_running');
    const canary = await post(`/v1/routing/policies/${treatment}/canary`, { percent: 5, ...REASON });
    expect(canary.body.error.code).toBe('experiment_running');
    const stopped = await posted(`/v1/routing/experiments/${id}/stop`, REASON);
    expect(stopped).toMatchObject({ status: 'stopped', stop_reason: 'for a test' });
    await waitFor(
      async () => {
        const paid = await pay();
        return versionFor(paid.id, experiment) === treatment && paid.version === control;
      },
      { ...SOON, what: 'the control to decide what would have been the treatment’s' },
    );
  });

  it('ends by itself when a guard rail is breached, and the control decides again', async () => {
    const treatment = await save('adyen, stripe');
    const { id, control } = await posted('/v1/routing/experiments', { treatment, ...REASON });
    await happened(control.version, 400, 370);
    await happened(treatment, 400, 250);
    const found = await ended(`/v1/routing/experiments/${id}`);
    expect(['guard_rail_breached', 'control_better']).toContain(found.status);
    expect(found.treatment).toMatchObject({ version: treatment, attempts: 400, successes: 250 });
    expect(found.test.high_ppm).toBeLessThan(0);
    expect(found.ended_at).not.toBeNull();
    const running = await system.sql(`SELECT id FROM routing_experiment WHERE status = 'running'`);
    expect(running).toEqual([]);
  });

  it('names a winner, and leaves its promotion to a person', async () => {
    const treatment = await save('adyen, stripe');
    const { id } = await posted('/v1/routing/experiments', { treatment, ...REASON });
    const [{ version } = expect.fail('a control')] = await system.sql<{ version: number }>(
      'SELECT control_version AS version FROM routing_experiment WHERE id = $1',
      [id],
    );
    await system.sql(`UPDATE payment SET created_at = now() - interval '1 day' WHERE policy_version = $1`, [
      version,
    ]);
    await system.sql(
      `UPDATE payment SET created_at = now() WHERE policy_version = $1 AND id LIKE 'pay_qq%'`,
      [version],
    );
    await happened(treatment, 400, 400);
    expect(await ended(`/v1/routing/experiments/${id}`)).toMatchObject({ status: 'treatment_better' });
    expect((await get('/v1/routing/policies/active')).version).toBe(version);
  });

  it('ends when its control is rolled back under it', async () => {
    const next = await save('stripe, adyen');
    await posted(`/v1/routing/policies/${next}/promote`, REASON);
    const treatment = await save('adyen, stripe');
    const { id } = await posted('/v1/routing/experiments', { treatment, ...REASON });
    await posted('/v1/routing/rollback', REASON);
    const found = await ended(`/v1/routing/experiments/${id}`);
    expect(found).toMatchObject({ status: 'stopped', stopped_by: 'system' });
  });

  it.each([
    [{ treatment: 999 }, 'treatment_unknown'],
    [{ treatment: 1 }, 'treatment_is_active'],
  ])('is refused: %j (%s)', async (asked, code) => {
    const answer = await post('/v1/routing/experiments', { ...asked, ...REASON });
    expect(answer.body.error.code).toBe(code);
  });
});
