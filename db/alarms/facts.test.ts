import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEmptyDatabase, waitFor } from '../../test/support/harness.ts';
import { type System, startSystem } from '../../test/support/system.ts';
import { type Db, openDb } from '../client.ts';
import { createFactsReader } from './index.ts';

let system: System;
let db: Db;
beforeAll(async () => {
  system = await startSystem({ providerDeadlineMs: 1_000 });
  db = openDb(system.databaseUrl);
});
afterAll(async () => {
  await db?.$disconnect();
  await system?.close();
});

it('counts an unknown outcome until a person has been given it', async () => {
  for (const provider of ['stripe', 'adyen'] as const)
    await system.fault(provider, { operation: 'any', mode: 'hang' });
  const card = await system.card();
  await system.pay(
    { amount: 700, currency: 'USD', confirm: true, payment_method: card },
    { headers: { prefer: 'wait=1' } },
  );
  const unknowns = async () => {
    const { facts } = await createFactsReader(db)();
    return facts.unknown?.reduce((sum, { count }) => sum + count, 0);
  };
  await waitFor(async () => (await unknowns()) === 1, { what: 'an outcome that nobody knows' });
  await system.sql(`INSERT INTO exception (id, kind, subject_id, summary)
    SELECT 'exc_' || id, 'unknown_outcome_parked', id, 'as parked' FROM operation`);
  expect(await unknowns()).toBe(0);
});

it('answers the other questions where one fails, and says which', async () => {
  await system.sql('ALTER TABLE inbox RENAME TO inbox_elsewhere');
  try {
    const { facts, failures } = await createFactsReader(db)();
    expect(failures.map(({ question }) => question)).toEqual(['inbox']);
    expect(facts.inbox).toBeUndefined();
    expect(facts.deliveries).toBeDefined();
    expect(facts.unbalanced).toBe(0);
  } finally {
    await system.sql('ALTER TABLE inbox_elsewhere RENAME TO inbox');
  }
});

it('tells how long events are held by a transaction that was left open in another database of the server', async () => {
  const elsewhere = await createEmptyDatabase();
  const stranger = new pg.Client({ connectionString: elsewhere.ownerUrl });
  await stranger.connect();
  const heldSeconds = async () => (await createFactsReader(db)()).facts.eventsHeldSeconds ?? -1;
  try {
    await system.clearFaults();
    await stranger.query('BEGIN');
    await stranger.query('SELECT pg_current_xact_id()');
    await system.pay({ amount: 700, currency: 'USD', confirm: true, payment_method: await system.card() });
    const first = await heldSeconds();
    expect(first).toBeGreaterThan(0);
    expect(await heldSeconds()).toBeGreaterThan(first);
  } finally {
    await stranger.end();
    await elsewhere.drop();
  }
  await waitFor(async () => (await heldSeconds()) === 0, { what: 'that its end lets them go' });
});
