import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeKeyRing } from '../../config/env.ts';
import { isPassword } from '../../db/settings/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/harness.ts';
import { runUser } from './run.ts';

let database: TestDatabase;
let sql: pg.Client;
let env: Record<string, string>;
const dataDir = mkdtempSync(join(tmpdir(), 'interlock-user-'));

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new pg.Client({ connectionString: database.ownerUrl });
  await sql.connect();
  writeFileSync(join(dataDir, 'secrets.json'), '{}');
  const ring = () => encodeKeyRing({ activeId: 'k1', keys: { k1: randomBytes(32) } });
  env = {
    DATABASE_URL: database.url,
    INTERLOCK_CODEC_KEYS: ring(),
    INTERLOCK_VAULT_KEYS: ring(),
    INTERLOCK_DIGEST_KEY: randomBytes(32).toString('base64'),
    INTERLOCK_PROVIDER_SECRETS_FILE: join(dataDir, 'secrets.json'),
    INTERLOCK_DATA_DIR: dataDir,
  };
});
afterAll(async () => {
  await sql?.end();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function user(...argv: string[]) {
  const lines: string[] = [];
  expect(await runUser([...argv, '--json'], env, (line) => lines.push(line))).toBe(0);
  return JSON.parse(lines.join(''));
}

async function rowOf(email: string) {
  const { rows } = await sql.query('SELECT * FROM operator WHERE email = $1', [email]);
  return rows[0];
}

describe('./interlock user', () => {
  it('lets the first administrator in, with a password that has to be changed', async () => {
    const made = await user('add', 'Ada@Example.com', '--role', 'admin', '--name', 'Ada');
    expect(made).toMatchObject({ email: 'ada@example.com', role: 'admin', name: 'Ada' });
    const row = await rowOf('ada@example.com');
    expect(row).toMatchObject({ id: made.id, role: 'admin', password_expired: true, digest: null });
    expect(row.password_hash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$/);
    expect(await isPassword(made.one_time_password, row.password_hash)).toBe(true);
    const { rows } = await sql.query('SELECT actor, action, subject, reason FROM admin_audit');
    expect(rows).toEqual([
      { actor: 'cli', action: 'person.created', subject: made.id, reason: 'on the command line' },
    ]);
  });

  it('keeps the last administrator, and takes no e-mail twice', async () => {
    await expect(runUser(['disable', 'ada@example.com'], env, () => undefined)).rejects.toThrow(
      /nobody would be left/,
    );
    await expect(
      runUser(['role', 'ada@example.com', '--role', 'analyst'], env, () => undefined),
    ).rejects.toThrow(/nobody would be left/);
    await expect(
      runUser(['add', 'ADA@example.com', '--role', 'admin'], env, () => undefined),
    ).rejects.toThrow(/somebody has this/);
    expect(await rowOf('ada@example.com')).toMatchObject({ role: 'admin', disabled_at: null });
  });

  it('brings somebody back who is locked out, and signs them out everywhere', async () => {
    await user('add', 'ben@example.com', '--role', 'operator');
    const before = await rowOf('ben@example.com');
    await sql.query(
      `INSERT INTO console_session (digest, operator_id, expires_at) VALUES ('d', $1, now() + interval '1 hour')`,
      [before.id],
    );
    await sql.query(
      `UPDATE operator SET sealed_totp = '\\x00', totp_confirmed_at = now(), totp_last_step = 7 WHERE id = $1`,
      [before.id],
    );
    const { one_time_password: password } = await user(
      'reset',
      'ben@example.com',
      '--totp',
      '--reason',
      'lost phone',
    );
    const row = await rowOf('ben@example.com');
    expect(await isPassword(password, row.password_hash)).toBe(true);
    expect(row).toMatchObject({ sealed_totp: null, totp_confirmed_at: null, totp_last_step: null });
    const { rows } = await sql.query('SELECT revoked_because FROM console_session');
    expect(rows).toEqual([{ revoked_because: 'password' }]);
  });

  it('disables and enables, and lists who is what', async () => {
    await user('disable', 'ben@example.com');
    const lines: string[] = [];
    await runUser(['list'], env, (line) => lines.push(line));
    expect(lines.join('\n')).toMatch(
      /opr_\w+ +operator +ben@example\.com +ben +\(one-time password, disabled\)/,
    );
    await user('enable', 'ben@example.com');
    expect(await rowOf('ben@example.com')).toMatchObject({ disabled_at: null });
  });

  it.each([
    [[], /say one of/],
    [['add', 'a@b.example'], /--role is one of/],
    [['add', 'a@b.example', '--role', 'root'], /--role is one of/],
    [['reset'], /needs an e-mail/],
    [['disable', 'nobody@example.com'], /nobody has the e-mail/],
    [['list', 'x', 'y'], /too much/],
  ])('is told plainly where it is wrong: %j', async (argv, says) => {
    await expect(runUser(argv, env, () => undefined)).rejects.toThrow(says);
  });
});
