import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword, isPassword } from '../db/settings/index.ts';
import { createTestDatabase, type TestDatabase } from '../test/support/harness.ts';
import { seedDemo } from './seed.ts';

let database: TestDatabase;
let sql: pg.Client;
const digestKey = randomBytes(32);
const CHEAP = { ln: 10, r: 8, p: 1 };

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new pg.Client({ connectionString: database.ownerUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const seed = () =>
  seedDemo({
    databaseUrl: database.ownerUrl,
    accounts: [],
    apiKeySecret: 'a-secret-of-the-stack',
    digestKey,
    passwordCost: CHEAP,
  });
const hashes = async () =>
  (await sql.query(`SELECT id, role, email, password_hash FROM operator WHERE email IS NOT NULL ORDER BY id`))
    .rows;

it('lets in one person of each role, with passwords that are the same at every start of one stack', async () => {
  const { people } = await seed();
  const rows = await hashes();
  expect(rows.map(({ id, role, email }) => [id, role, email])).toEqual([
    ['opr_alice', 'admin', 'alice@demo.example'],
    ['opr_bob', 'operator', 'bob@demo.example'],
    ['opr_carol', 'analyst', 'carol@demo.example'],
    ['opr_dave', 'read_only', 'dave@demo.example'],
  ]);
  expect(await isPassword(people.alice.password, rows[0].password_hash)).toBe(true);
  expect(new Set(Object.values(people).map(({ password }) => password)).size).toBe(4);
  expect((await seed()).people).toEqual(people);
  expect(await hashes()).toEqual(rows);
});

it('leaves what somebody has changed since', async () => {
  const own = await hashPassword('a password of my own', CHEAP);
  await sql.query(`UPDATE operator SET password_hash = $1, role = 'read_only' WHERE id = 'opr_bob'`, [own]);
  await seed();
  expect((await hashes()).find(({ id }) => id === 'opr_bob')).toMatchObject({
    password_hash: own,
    role: 'read_only',
  });
});
