import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyAnchor } from '../cli/verbs/audit.ts';
import { type Db, openDb } from '../db/client.ts';
import { type System, startSystem } from '../test/support/system.ts';
import { startAuditAnchor } from './audit-anchor.ts';

let system: System;
let db: Db;
let folder: string;
beforeAll(async () => {
  system = await startSystem();
  db = openDb(system.databaseUrl);
  folder = await mkdtemp(join(tmpdir(), 'interlock-anchor-'));
});
afterAll(async () => {
  await db?.$disconnect();
  await system?.close();
  await rm(folder, { recursive: true, force: true });
});

it('anchors every chain, so that a cut end is found although the rest is consistent', async () => {
  const key = system.config.keys.digest;
  const file = join(folder, 'anchor.jsonl');
  const payment_method = await system.card();
  const { body } = await system.pay({ amount: 100, currency: 'USD', payment_method });
  const options = { db, file, key, intervalMs: 60_000, log: pino({ level: 'silent' }) };
  await startAuditAnchor(options).stop();
  await system.pay({ amount: 200, currency: 'USD', payment_method });
  await startAuditAnchor(options).stop();
  expect(await verifyAnchor(db, file, key)).toEqual([]);

  // As somebody would who may do anything in Postgres: the last step never happened.
  await system.sql('ALTER TABLE audit DISABLE TRIGGER audit_immutable');
  await system.sql('DELETE FROM audit WHERE payment_id = $1 AND sequence = 2', [body.id]);
  expect(await verifyAnchor(db, file, key)).toEqual([
    { owner: body.id, problem: 'step 2 was anchored and is no longer there, or is another' },
  ]);
});
