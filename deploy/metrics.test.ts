import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeKeyRing } from '../config/env.ts';
import { ALARMS, recordings } from '../domain/alarms/index.ts';
import { waitFor } from '../test/support/harness.ts';
import { type System, startSystem } from '../test/support/system.ts';
import { DASHBOARDS } from './grafana/dashboards.ts';

/** Rules and dashboards are held against what processes really show: an API, and a worker as it runs in production. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HEALTH_PORT = 30_000 + (process.pid % 2_000);
let system: System;
let worker: ChildProcess;
let dir: string;
let pages: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'interlock-metrics-'));
  system = await startSystem({ worker: false, apiMetrics: true });
  // As if the figures had been brought up to date once: their workflow has a pace of its own.
  await system.sql('UPDATE rollup_standing SET complete_until = clock_timestamp()');
  // And a canary had gone the whole way: how long ago is told only where one has.
  await system.sql(
    `INSERT INTO canary_run (started_at, ended_at, succeeded, steps) VALUES (clock_timestamp(), clock_timestamp(), true, '{}')`,
  );
  worker = spawn(process.execPath, ['--import', 'tsx', 'worker/main.ts'], {
    cwd: ROOT,
    env: environment(),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // It has to compile first, and a payment's deadline does not wait for that.
  await waitFor(async () => (await fetch(`http://127.0.0.1:${HEALTH_PORT}/healthz`)).ok, {
    what: 'the worker',
    timeoutMs: 100_000,
  });
  const payment_method = await system.card();
  const { body } = await system.pay(
    { amount: 900, currency: 'USD', confirm: true, payment_method },
    { headers: { prefer: 'wait=10' } },
  );
  await waitFor(
    async () => (await system.request('GET', `/v1/payments/${body.id}`)).body.status === 'succeeded',
    {
      what: 'a payment by the worker',
    },
  );
  pages = await waitFor(
    async () => {
      const [own, api] = await Promise.all(
        [`http://127.0.0.1:${HEALTH_PORT}/metrics`, system.apiMetricsUrl ?? ''].map(async (url) =>
          (await fetch(url)).text(),
        ),
      );
      return own?.includes('interlock_canary_last_success_age_seconds') &&
        own.includes('temporal_sticky_cache_size')
        ? `${own}\n${api}`
        : undefined;
    },
    { what: 'both pages' },
  );
});

afterAll(async () => {
  if (worker.exitCode === null) {
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGTERM');
    await ended;
  }
  await system.close();
  rmSync(dir, { recursive: true, force: true });
});

function environment(): NodeJS.ProcessEnv {
  const { databaseUrl, keys, providerSecrets, temporal, timeScale, workflowBundle, providerDeadlineMs } =
    system.config;
  const secrets = join(dir, 'secrets.json');
  writeFileSync(secrets, JSON.stringify(providerSecrets), { mode: 0o600 });
  return {
    PATH: process.env.PATH,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_TASK_QUEUE: temporal.taskQueue,
    INTERLOCK_CODEC_KEYS: encodeKeyRing(keys.codec),
    INTERLOCK_VAULT_KEYS: encodeKeyRing(keys.vault),
    INTERLOCK_DIGEST_KEY: keys.digest.toString('base64'),
    INTERLOCK_PROVIDER_SECRETS_FILE: secrets,
    INTERLOCK_PROVIDER_DEADLINE_MS: String(providerDeadlineMs),
    INTERLOCK_TIME_SCALE: String(timeScale),
    INTERLOCK_WEBHOOK_PRIVATE_TARGETS: 'allow',
    INTERLOCK_AUDIT_ANCHOR_FILE: join(dir, 'anchor.jsonl'),
    INTERLOCK_CANARY_KEY: system.apiKey,
    INTERLOCK_CANARY_URL: system.apiUrl,
    INTERLOCK_PUBLIC_URL: system.apiUrl,
    ...(workflowBundle === undefined ? {} : { INTERLOCK_WORKFLOW_BUNDLE: workflowBundle }),
    WORKER_HEALTH_PORT: String(HEALTH_PORT),
    LOG_LEVEL: 'warn',
  };
}

/** What PromQL names: metrics of ours, of Temporal's SDK, of processes. */
function named(expr: string): readonly string[] {
  const withoutText = expr.replace(/"[^"]*"/g, '');
  return withoutText.match(/\b(interlock|temporal|process|nodejs)[_:][a-z0-9_:]+/gi) ?? [];
}

function shown(): ReadonlySet<string> {
  const names = new Set<string>(recordings.map(({ record }) => record));
  for (const [, name = '', type] of pages.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    names.add(name);
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`);
  }
  return names;
}

describe('metrics that are asked for', () => {
  it('by alerts and recordings are all shown', () => {
    const there = shown();
    const asked = [...ALARMS.map(({ expr }) => expr), ...recordings.map(({ expr }) => expr)].flatMap(named);
    expect(asked.length).toBeGreaterThan(40);
    expect(asked.filter((name) => !there.has(name))).toEqual([]);
  });

  it('by dashboards are all shown', () => {
    const there = shown();
    const asked = DASHBOARDS.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.flatMap(([expr]) => named(expr)))),
    );
    expect(asked.filter((name) => !there.has(name))).toEqual([]);
  });

  it('have no label that grows with payments, merchants or people', () => {
    const labels = new Set([...pages.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label));
    for (const unbounded of [
      'payment',
      'payment_id',
      'merchant',
      'merchant_id',
      'url',
      'path',
      'reference',
      'workflow_id',
    ])
      expect([...labels]).not.toContain(unbounded);
    expect(pages).not.toMatch(/pay_[a-z2-7]{26}|mer_demo|sk_test_/);
  });

  it.skipIf(spawnSync('promtool', ['--version']).error !== undefined && !process.env.CI)(
    'are named as Prometheus would have it',
    () => {
      const ours = pages
        .split('\n')
        .filter((line) => /^(# (HELP|TYPE) )?interlock_/.test(line))
        // A gauge that both processes show is one metric to Prometheus, and twice in our text.
        .filter((line, index, all) => !line.startsWith('# ') || all.indexOf(line) === index)
        .join('\n');
      const unique = [
        ...new Map(ours.split('\n').map((line) => [line.replace(/ [-0-9.e+]+$/, ''), line])).values(),
      ];
      const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: `${grouped(unique)}\n`,
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toBe('');
    },
  );
});

/** Lines of one metric together, as the text format wants them. */
function grouped(lines: readonly string[]): string {
  const nameOf = (line: string) => /^(?:# \w+ )?(\w+)/.exec(line)?.[1] ?? '';
  const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
  const order = [...new Set(lines.map((line) => base(nameOf(line))))];
  return order.flatMap((name) => lines.filter((line) => base(nameOf(line)) === name)).join('\n');
}
