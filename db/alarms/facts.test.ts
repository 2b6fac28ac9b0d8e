import { afterAll, beforeAll, expect, it } from 'vitest';
import { type System, startSystem } from '../../test/support/system.ts';
import { type Db, openDb } from '../client.ts';
import { createFactsReader } from './index.ts';

let system: System;
let db: Db;
beforeAll(async () => {
  system = await startSystem();
  db = openDb(system.databaseUrl);
});
afterAll(async () => {
  await db?.$disconnect();
  await system?.close();
});

it('counts an unknown outcome until a person has been given it', async () => {
  await system.pay({ amount: 700, currency: 'USD', confirm: true, payment_method: await system.card() });
  // As if its answer had never come.
  await system.sql(`UPDATE operation SET status = 'unknown', closed_at = NULL,
    first_sent_at = coalesce(first_sent_at, clock_timestamp())`);
  const unknowns = async () => {
    const { facts } = await createFactsReader(db)();
    return facts.unknown?.reduce((sum, { count }) => sum + count, 0);
  };
  expect(await unknowns()).toBeGreaterThan(0);
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
