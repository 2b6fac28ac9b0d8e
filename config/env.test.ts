import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, encodeKeyRing, loadConfig } from './env.ts';

const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
let dir: string;
let complete: Record<string, string>;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'interlock-env-'));
  const secretsPath = join(dir, 'secrets.json');
  writeFileSync(secretsPath, JSON.stringify({ pa_1: { apiKey: 'sk_test_1' } }));
  complete = {
    DATABASE_URL: 'postgres://u:p@127.0.0.1:5432/interlock',
    INTERLOCK_CODEC_KEYS: `k2:${key(2)},k1:${key(1)}`,
    INTERLOCK_VAULT_KEYS: `v1:${key(3)}`,
    INTERLOCK_DIGEST_KEY: key(4),
    INTERLOCK_PROVIDER_SECRETS_FILE: secretsPath,
  };
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a complete environment', () => {
  test('gives the documented defaults', () => {
    const config = loadConfig(complete);
    expect(config.temporal).toEqual({
      address: '127.0.0.1:7233',
      namespace: 'default',
      taskQueue: 'interlock',
    });
    expect(config.timeScale).toBe(1);
    expect(config.providerDeadlineMs).toBe(20_000);
    expect(config.completeByMs).toBe(120_000);
    expect(config.apiWaitMs).toBe(10_000);
    expect(config.webhooks).toEqual({ privateTargets: false, deadlineMs: 10_000 });
    expect(config.api).toEqual({ host: '127.0.0.1', port: 3000 });
    expect(config.providerSecrets).toEqual({ pa_1: { apiKey: 'sk_test_1' } });
    expect(config).not.toHaveProperty('codecServer');
  });

  test('lets webhooks go to private addresses only where it says allow', () => {
    const over = (values: Record<string, string>) => ({ ...complete, ...values });
    expect(loadConfig(over({ INTERLOCK_WEBHOOK_PRIVATE_TARGETS: 'allow' })).webhooks?.privateTargets).toBe(
      true,
    );
    expect(problemsOf(over({ INTERLOCK_WEBHOOK_PRIVATE_TARGETS: 'true' })).join()).toMatch(/refuse or allow/);
    expect(problemsOf(over({ INTERLOCK_WEBHOOK_DEADLINE_MS: '30001' })).join()).toMatch(/at most 30000/);
  });

  test('makes the first key of a ring the active one and keeps the others readable', () => {
    const { codec } = loadConfig(complete).keys;
    expect(codec.activeId).toBe('k2');
    expect(codec.keys.k1?.equals(Buffer.alloc(32, 1))).toBe(true);
    expect(encodeKeyRing(codec)).toBe(complete.INTERLOCK_CODEC_KEYS);
  });

  test('counts an empty variable as not set', () => {
    expect(loadConfig({ ...complete, API_PORT: '', TEMPORAL_API_KEY: '' }).api.port).toBe(3000);
  });

  test('turns TLS on for an API key, and reads certificates from files', () => {
    expect(loadConfig({ ...complete, TEMPORAL_API_KEY: 'k' }).temporal.tls).toEqual({});
    const path = join(dir, 'cert.pem');
    writeFileSync(path, 'PEM');
    const { tls } = loadConfig({ ...complete, TEMPORAL_TLS_CERT: path, TEMPORAL_TLS_KEY: path }).temporal;
    expect(tls?.clientCertPair?.crt.toString()).toBe('PEM');
  });
});

describe('a wrong environment', () => {
  test('names every missing variable at once, with what to do', () => {
    const problems = problemsOf({});
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'DATABASE_URL',
      'INTERLOCK_CODEC_KEYS',
      'INTERLOCK_VAULT_KEYS',
      'INTERLOCK_DIGEST_KEY',
      'INTERLOCK_PROVIDER_SECRETS_FILE',
    ]);
    expect(problems.every((problem) => problem.includes('set it to'))).toBe(true);
  });

  test.each([
    ['DATABASE_URL', 'mysql://x'],
    ['TEMPORAL_ADDRESS', 'http://127.0.0.1:7233'],
    ['INTERLOCK_CODEC_KEYS', `k1:${key(1).slice(4)}`],
    ['INTERLOCK_CODEC_KEYS', `k1:${key(1)},k1:${key(2)}`],
    ['INTERLOCK_VAULT_KEYS', key(1)],
    ['INTERLOCK_DIGEST_KEY', 'short'],
    ['INTERLOCK_PROVIDER_SECRETS_FILE', '/nonexistent/secrets.json'],
    ['INTERLOCK_TIME_SCALE', '0'],
    ['INTERLOCK_TIME_SCALE', 'fast'],
    ['INTERLOCK_PROVIDER_DEADLINE_MS', '1.5'],
    ['INTERLOCK_API_WAIT_MS', '9999999999'],
    ['API_PORT', '70000'],
    ['INTERLOCK_TRUSTED_PROXIES', 'proxy.internal'],
    ['INTERLOCK_TRUSTED_PROXIES', '10.0.0.0/8,10.1'],
    ['LOG_LEVEL', 'loud'],
    ['CODEC_SERVER_TOKEN', 'short'],
  ])('refuses %s=%s, by name and alone', (name, value) => {
    const problems = problemsOf({
      ...complete,
      CODEC_SERVER_PORT: '8081',
      CODEC_SERVER_TOKEN: 'x'.repeat(16),
      [name]: value,
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(`${name} `)).toBe(true);
  });

  test('asks for the other half of a pair', () => {
    expect(problemsOf({ ...complete, CODEC_SERVER_PORT: '8081' })).toEqual([
      'CODEC_SERVER_TOKEN is missing; CODEC_SERVER_PORT needs it',
    ]);
  });

  test('never quotes the secrets file', () => {
    const path = join(dir, 'broken.json');
    writeFileSync(path, '{"pa_1": {"apiKey": "sk_live_secret"');
    const problems = problemsOf({ ...complete, INTERLOCK_PROVIDER_SECRETS_FILE: path });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('sk_live');
  });
});
