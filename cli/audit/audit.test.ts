import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Db, openDb } from '../../db/client.ts';
import { type System, startSystem } from '../../test/support/system.ts';
import { verifyAll } from '../verbs/audit.ts';

let system: System;
let db: Db;
beforeAll(async () => {
  system = await startSystem();
  db = openDb(system.databaseUrl, { maxConnections: 2 });
});
afterAll(async () => {
  await db?.$disconnect();
  await system?.close();
});

async function pay(body: Record<string, unknown> = {}): Promise<string> {
  const answer = await system.pay({
    amount: 900,
    currency: 'USD',
    payment_method: await system.card(),
    ...body,
  });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

/** As somebody could who owns the database: with the triggers out of the way. */
async function tamper(sql: string, paymentId: string): Promise<void> {
  await system.sql('ALTER TABLE audit DISABLE TRIGGER USER');
  await system.sql(sql, [paymentId]);
  await system.sql('ALTER TABLE audit ENABLE TRIGGER USER');
}

it('finds nothing in payments that nobody has touched', async () => {
  await pay();
  await pay({ capture_method: 'manual' });
  await pay({ confirm: false });
  const { payments, rows, problems } = await verifyAll(db);
  expect(problems).toEqual([]);
  expect(payments).toBe(3);
  expect(rows).toBeGreaterThanOrEqual(4);
});

it.each([
  ['a reason', `UPDATE audit SET reason = 'nothing to see' WHERE payment_id = $1 AND sequence = 2`],
  ['an actor', `UPDATE audit SET actor = 'somebody' WHERE payment_id = $1 AND sequence = 1`],
  ['a date', `UPDATE audit SET at = at - interval '1 day' WHERE payment_id = $1 AND sequence = 2`],
  ['the content', `UPDATE audit SET content = replace(content, '900', '901') WHERE payment_id = $1`],
  [
    'content and digest',
    `UPDATE audit SET content = '{}', content_digest = encode(sha256('{}'), 'hex') WHERE payment_id = $1`,
  ],
  ['a row taken from the middle', 'DELETE FROM audit WHERE payment_id = $1 AND sequence = 1'],
  ['a row cut from the end', 'DELETE FROM audit WHERE payment_id = $1 AND sequence = 2'],
  ['all rows', 'DELETE FROM audit WHERE payment_id = $1'],
])('finds %s altered', async (_what, sql) => {
  const id = await pay();
  expect((await verifyAll(db, id)).problems).toEqual([]);
  await tamper(sql, id);
  const { problems } = await verifyAll(db, id);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.every(({ owner }) => owner === id)).toBe(true);
});
