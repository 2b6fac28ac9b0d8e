import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALARMS } from '../domain/alarms/index.ts';
import { waitFor } from '../test/support/harness.ts';
import { type System, startSystem } from '../test/support/system.ts';

/** A whole Interlock is scraped as Prometheus would, and its alarms are read as the console does. */
const HEALTH_PORT = 20_000 + (process.pid % 10_000);
let system: System;
let running: { stop(): Promise<void> };

beforeAll(async () => {
  system = await startSystem({ worker: false, apiMetrics: true, providerDeadlineMs: 1_000 });
  const { config, apiUrl, apiKey } = system;
  config.workerHealthPort = HEALTH_PORT;
  config.canary = { url: apiUrl, apiKey, everyMs: 2_000 };
  running = await system.startWorker();
});

afterAll(() => system.close());

const scrape = async (url: string) => (await fetch(url)).text();
const workerPage = () => scrape(`http://127.0.0.1:${HEALTH_PORT}/metrics`);
const apiPage = () => scrape(system.apiMetricsUrl ?? '');

async function alarms() {
  const { body } = await system.request('GET', '/v1/operator/alarms?past=true', {
    apiKey: system.operatorKeys.alice,
  });
  return body.data as { name: string; subject: string | null; resolved_at: string | null; runbook: string }[];
}

describe('what Prometheus is shown', () => {
  it('counts payments, provider calls and requests by bounded labels only', async () => {
    const payment = await system.pay({
      amount: 700,
      currency: 'USD',
      confirm: true,
      payment_method: await system.card(),
    });
    expect(payment.body.status).toBe('succeeded');
    const worker = await waitFor(
      async () => {
        const text = await workerPage();
        return /interlock_payments_total\{outcome="succeeded",reason="none"\} [1-9]/.test(text) && text;
      },
      { what: 'the payment is counted' },
    );
    expect(worker).toMatch(
      /interlock_provider_calls_total\{provider="stripe",account="pa_demo_stripe",operation="sale"/,
    );
    expect(worker).toContain('interlock_provider_call_duration_seconds_bucket{le="');
    const api = await apiPage();
    expect(api).toContain(
      'interlock_http_request_duration_seconds_count{method="POST",route="/v1/payments",status_class="2xx"}',
    );
    expect(api).toContain('process_cpu_seconds_total');
    expect(worker).toMatch(/interlock_payments_answered_total\{outcome="succeeded",reason="none"\} [1-9]/);
    for (const text of [worker, api]) {
      expect(text).not.toContain('mer_demo');
      expect(text).not.toContain(payment.body.id);
    }
  });

  it('names what nobody routed `none`, whoever invents paths', async () => {
    await system.request('GET', '/v1/pay_of_somebody_else');
    const api = await waitFor(
      async () => {
        const text = await apiPage();
        return text.includes('route="none",status_class="4xx"') && text;
      },
      { what: 'the request is counted' },
    );
    expect(api).not.toContain('pay_of_somebody_else');
  });

  it('shows how things stand: circuits, unknowns, queues, dependencies', async () => {
    const text = await waitFor(
      async () => {
        const page = await workerPage();
        return page.includes('interlock_dependency_up{dependency="postgres"} 1') && page;
      },
      { what: 'the first look' },
    );
    expect(text).toContain('interlock_dependency_up{dependency="temporal"} 1');
    expect(text).toMatch(
      /interlock_provider_circuit_state\{provider="adyen",account="pa_demo_adyen",state="closed"\} 1/,
    );
    expect(text).toMatch(/interlock_task_queue_backlog\{queue="test-[0-9a-f]+",kind="workflow"\} \d/);
    expect(text).toMatch(/interlock_clock_skew_seconds -?\d/);
    expect(await apiPage()).toMatch(/interlock_worker_last_look_age_seconds [0-9.]+/);
  });
});

describe('alarms', () => {
  it('fire while a circuit is open, name the account, and are over when it closes', async () => {
    await system.fault('stripe', { mode: 'refuse' });
    const card = await system.card();
    for (let index = 0; index < 8; index += 1)
      await system.pay({ amount: 100 + index, currency: 'USD', confirm: true, payment_method: card });
    const fired = await waitFor(
      async () => (await alarms()).find(({ name }) => name === 'ProviderCircuitOpen'),
      {
        what: 'the alarm',
      },
    );
    expect(fired).toMatchObject({
      subject: 'pa_demo_stripe',
      resolved_at: null,
      runbook: 'docs/runbooks/provider-circuit-open.md',
    });
    // Each of those payments went to a second account: its answer took two attempts.
    const page = await workerPage();
    const [, sum, count] =
      /interlock_payment_attempts_sum (\d+)\n.*?interlock_payment_attempts_count (\d+)/s.exec(page) ?? [];
    expect(Number(sum)).toBeGreaterThan(Number(count));
    await system.clearFaults();
    await waitFor(
      async () => {
        await system.pay({ amount: 100, currency: 'USD', confirm: true, payment_method: card });
        return (await alarms()).some(
          ({ name, resolved_at }) => name === 'ProviderCircuitOpen' && resolved_at !== null,
        );
      },
      { what: 'its end', intervalMs: 500 },
    );
  });

  it('that are past are told for a week after their end, however long they had fired', async () => {
    const past = (name: string, ended: string) =>
      system.sql(`INSERT INTO alarm (name, subject, severity, detail, since, fired_at, resolved_at)
        VALUES ('${name}', 'past', 'ticket', 'as seen', now() - interval '9 days', now() - interval '9 days',
          now() - interval '${ended}')`);
    await past('DeadLetters', '1 hour');
    await past('FiguresStale', '8 days');
    const told = (await alarms()).filter(({ subject }) => subject === 'past').map(({ name }) => name);
    expect(told).toEqual(['DeadLetters']);
  });

  it('say nothing to merchants', async () => {
    const { status } = await system.request('GET', '/v1/operator/alarms');
    expect(status).toBe(403);
  });
});

describe('the canary', () => {
  it('goes the whole way, again and again', async () => {
    const runs = await waitFor(
      async () => {
        const rows = await system.sql<{ succeeded: boolean; steps: object; payment_id: string }>(
          'SELECT succeeded, steps, payment_id FROM canary_run WHERE succeeded ORDER BY id DESC',
        );
        return rows.length >= 2 ? rows : undefined;
      },
      { what: 'two canaries' },
    );
    expect(Object.keys(runs[0]?.steps ?? {})).toEqual(
      expect.arrayContaining(['card', 'payment', 'event', 'ledger', 'refund']),
    );
    const { body } = await system.request('GET', `/v1/payments/${runs[0]?.payment_id}`);
    expect(body).toMatchObject({ status: 'succeeded', amount_refunded: 100 });
    expect(await workerPage()).toMatch(/interlock_canary_interval_seconds 2/);
  });

  it('writes down at which step it failed', async () => {
    for (const provider of ['stripe', 'adyen'] as const) await system.fault(provider, { mode: 'refuse' });
    // One that was under way already fails where it was; each that begins from now on does at its payment.
    const beganMs = Date.now();
    const failed = await waitFor(
      async () => {
        const rows = await system.sql<{ failed_step: string; started_at: Date }>(
          'SELECT failed_step, started_at FROM canary_run WHERE NOT succeeded ORDER BY id DESC',
        );
        return rows.find(({ started_at: at }) => at.getTime() >= beganMs);
      },
      { what: 'a canary that fails' },
    );
    expect(failed.failed_step).toBe('payment');
    await system.clearFaults();
  });
});

describe('what nobody may end but who knows', () => {
  it('a proof of damage stands until a person clears it, with a reason', async () => {
    await system.sql(`INSERT INTO alarm (name, subject, severity, detail, fired_at)
      VALUES ('LedgerUnbalanced', '', 'page', 'as seen', clock_timestamp())`);
    await waitFor(
      async () => (await workerPage()).includes('interlock_alarm_uncleared{alarm="LedgerUnbalanced"} 1'),
      { what: 'a look that finds it standing' },
    );
    const standing = async () =>
      (await alarms()).some(({ name, resolved_at: at }) => name === 'LedgerUnbalanced' && at === null);
    expect(await standing()).toBe(true);
    const clear = (name: string) =>
      system.request('POST', '/v1/operator/alarms/clear', {
        key: `clear-${name}`,
        apiKey: system.operatorKeys.alice,
        body: { name, reason: 'the trigger is back, the transaction corrected' },
      });
    expect((await clear('CanaryFailing')).status).toBe(400);
    expect((await clear('LedgerUnbalanced')).status).toBe(200);
    expect(await standing()).toBe(false);
    const [act] = await system.sql<{ subject: string }>(
      `SELECT subject FROM admin_audit WHERE action = 'alarm.cleared'`,
    );
    expect(act?.subject).toBe('LedgerUnbalanced');
  });

  it("another worker's own alarm stands while it looks, and is over when it looks no more", async () => {
    await system.sql(`INSERT INTO alarm (name, subject, severity, detail, fired_at, seen_at) VALUES
      ('ClockSkewed', 'elsewhere:1', 'ticket', 'as seen', clock_timestamp(), clock_timestamp() + interval '1 hour'),
      ('ClockSkewed', 'elsewhere:2', 'ticket', 'as seen', clock_timestamp(), clock_timestamp() - interval '1 hour')`);
    await waitFor(
      async () =>
        (await alarms()).some((each) => each.subject === 'elsewhere:2' && each.resolved_at !== null),
      { what: 'the end of the one that is gone' },
    );
    const other = (await alarms()).find(({ subject }) => subject === 'elsewhere:1');
    expect(other?.resolved_at).toBeNull();
  });
});

describe('a look that is troubled', () => {
  it('keeps to what it could ask: one question that fails is neither Postgres nor the others', async () => {
    await system.sql('ALTER TABLE inbox RENAME TO inbox_elsewhere');
    try {
      await system.sql(`UPDATE alarm_look SET looked_at = clock_timestamp() - interval '10 minutes'`);
      await system.sql(`INSERT INTO alarm (name, subject, severity, detail, fired_at) VALUES
        ('InboxStale', '', 'page', 'as seen', clock_timestamp()),
        ('ProviderCircuitOpen', 'pa_gone', 'ticket', 'as seen', clock_timestamp())`);
      await waitFor(
        async () => (await alarms()).some((each) => each.subject === 'pa_gone' && each.resolved_at !== null),
        { what: 'a look that judges the rest' },
      );
      const standing = (await alarms()).filter(({ resolved_at: at }) => at === null).map(({ name }) => name);
      expect(standing).toContain('InboxStale');
      expect(standing).not.toContain('WorkersAbsent');
      expect(await workerPage()).toContain('interlock_dependency_up{dependency="postgres"} 1');
    } finally {
      await system.sql('ALTER TABLE inbox_elsewhere RENAME TO inbox');
    }
  });
});

describe('without a worker', () => {
  it('the API says so, when the last look is old', async () => {
    await running.stop();
    await system.sql(`UPDATE alarm_look SET looked_at = clock_timestamp() - interval '10 minutes'`);
    const [first] = await alarms();
    expect(first).toMatchObject({ name: 'WorkersAbsent', subject: null, resolved_at: null });
    expect(ALARMS.map(({ name }) => name)).toContain('WorkersAbsent');
  });
});
