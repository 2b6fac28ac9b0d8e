import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../config/env.ts';
import { type System, startSystem } from '../../test/support/system.ts';
import type { Finding } from './finding.ts';
import { examine, render } from './run.ts';

/** A whole Interlock is examined: healthy, then broken in one way after another. */
let system: System;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'interlock-doctor-'));
  writeFileSync(join(dir, 'secrets.json'), '{}', { mode: 0o600 });
  system = await startSystem({ apiMetrics: true });
  const payment_method = await system.card();
  await system.pay({ amount: 500, currency: 'USD', confirm: true, payment_method });
});
afterAll(async () => {
  await system.close();
  rmSync(dir, { recursive: true, force: true });
});

const env = () => ({
  INTERLOCK_DATA_DIR: dir,
  INTERLOCK_PROVIDER_SECRETS_FILE: join(dir, 'secrets.json'),
});

/** As the schema's owner would run it, whom migrations need. */
function examined(changes: Partial<Config> = {}): Promise<readonly Finding[]> {
  return examine({ ...system.config, databaseUrl: system.ownerUrl, ...changes }, env());
}

const of = (findings: readonly Finding[], check: string | RegExp) =>
  findings.find((finding) =>
    typeof check === 'string' ? finding.check === check : check.test(finding.check),
  );
const broken = (findings: readonly Finding[]) =>
  findings.filter(({ result }) => result === 'failed').map(({ area, check }) => `${area}: ${check}`);

describe('a healthy installation', () => {
  it('has nothing broken, and each area is looked at', async () => {
    const findings = await examined();
    expect(broken(findings)).toEqual([]);
    expect(of(findings, 'payload keys')?.detail).toContain('they read payment/');
    for (const account of ['pa_demo_stripe', 'pa_demo_adyen'])
      expect(of(findings, account)?.detail).toBe('the provider took the key and answered');
    expect(of(findings, /^queue .*, workflows$/)?.detail).toMatch(/^1 worker/);
    expect(of(findings, 'guards')?.detail).toMatch(/^\d+ triggers/);
    const text = render(findings);
    expect(text).toMatch(/✓ database: reachable/);
    expect(text).toMatch(/\d+ in order, \d+ to look at, 0 broken$/);
  });

  it('tells no secret', async () => {
    const text = JSON.stringify(await examined());
    for (const secret of ['sk_test_simulated', 'whsec_simulated', 'adyen-simulated', system.apiKey])
      expect(text).not.toContain(secret);
  });
});

describe('a broken one', () => {
  it('without Postgres says so once, and still asks Temporal', async () => {
    const findings = await examined({ databaseUrl: 'postgres://nobody:x@127.0.0.1:1/none' });
    expect(of(findings, 'reachable')).toMatchObject({ area: 'database', result: 'failed' });
    expect(of(findings, 'reachable')?.todo).toContain('DATABASE_URL');
    expect(of(findings, 'namespace')?.result).toBe('ok');
    expect(broken(findings)).toEqual(['database: reachable']);
  });

  it('without Temporal names the address', async () => {
    const temporal = { ...system.config.temporal, address: '127.0.0.1:1' };
    const findings = await examined({ temporal });
    expect(broken(findings)).toEqual(['temporal: reachable']);
    expect(findings.find(({ area }) => area === 'temporal')?.todo).toContain('127.0.0.1:1');
  });

  it('in another namespace, or on a queue that nobody polls', async () => {
    const elsewhere = await examined({ temporal: { ...system.config.temporal, namespace: 'nowhere' } });
    expect(of(elsewhere, 'namespace')?.todo).toContain('namespace create nowhere');
    const unpolled = await examined({ temporal: { ...system.config.temporal, taskQueue: 'nobody-here' } });
    expect(broken(unpolled)).toEqual(
      expect.arrayContaining([
        'workers: queue nobody-here, workflows',
        'workers: queue nobody-here, activities',
      ]),
    );
  });

  it('with a provider key that the provider refuses, or none at all', async () => {
    const { pa_demo_adyen } = system.config.providerSecrets;
    const wrong = { apiKey: 'sk_test_of_somebody_else', webhookSecret: 'whsec_x' };
    const findings = await examined({ providerSecrets: { pa_demo_stripe: wrong } });
    expect(of(findings, 'pa_demo_stripe')).toMatchObject({ result: 'failed', detail: 'http_401' });
    expect(of(findings, 'pa_demo_adyen')).toMatchObject({ result: 'failed', detail: 'it has no secrets' });
    expect(pa_demo_adyen).toBeDefined();
    const other = { ...pa_demo_adyen, apiKey: 'another-key' };
    const refused = await examined({ providerSecrets: { pa_demo_adyen: other } });
    expect(of(refused, 'pa_demo_adyen')).toMatchObject({ result: 'failed', detail: 'http_401' });
  });

  it('with codec keys that do not open its histories', async () => {
    const { keys } = system.config;
    const codec = { activeId: 'k9', keys: { k9: randomBytes(32) } };
    const findings = await examined({ keys: { ...keys, codec } });
    expect(of(findings, 'payload keys')).toMatchObject({ result: 'failed' });
  });

  it('with a key that is not random, or used twice', async () => {
    const { keys } = system.config;
    const zeros = await examined({ keys: { ...keys, digest: Buffer.alloc(32) } });
    expect(of(zeros, 'keys')?.detail).toContain('INTERLOCK_DIGEST_KEY');
    const twice = await examined({ keys: { ...keys, vault: { activeId: 'v1', keys: { v1: keys.digest } } } });
    expect(twice.find(({ detail }) => detail.includes('the same key'))?.result).toBe('failed');
  });

  it('with a migration missing, a guard disabled, a right too many', async () => {
    const [last] = await system.sql<{ name: string }>(
      `DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)
       RETURNING migration_name AS name`,
    );
    expect(of(await examined(), 'migrations')).toMatchObject({
      result: 'failed',
      todo: 'run: ./interlock migrate',
      detail: `1 not applied: ${last?.name}`,
    });
    await system.sql('ALTER TABLE ledger_posting DISABLE TRIGGER ledger_posting_balanced');
    expect(of(await examined(), 'guards')?.detail).toContain('ledger_posting_balanced');
    await system.sql('GRANT DELETE ON audit TO interlock_app');
    const findings = await examined();
    expect(of(findings, 'append-only tables')?.todo).toContain('REVOKE DELETE ON audit');
  });

  it('with an API that does not answer', async () => {
    const findings = await examined({ publicUrl: 'http://127.0.0.1:1' });
    expect(of(findings, 'API')).toMatchObject({ result: 'failed' });
  });
});
