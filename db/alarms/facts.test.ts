import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { boundsOf, dateAt } from '../../domain/reconciliation/day.ts';
import { createEmptyDatabase, waitFor } from '../../test/support/harness.ts';
import { type System, startSystem } from '../../test/support/system.ts';
import { type Db, openDb, poolOf } from '../client.ts';
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

it('counts a payer as answered once, when money is held and not again when it is captured', async () => {
  const answered = async () => (await createFactsReader(db)()).facts.answers?.answered ?? -1;
  const before = await answered();
  const payment_method = await system.card();
  const held = await system.pay({
    ...{ amount: 700, currency: 'USD', confirm: true, payment_method, capture_method: 'manual' },
  });
  expect(held.body.status).toBe('requires_capture');
  expect(await answered()).toBe(before + 1);
  const captured = await system.request('POST', `/v1/payments/${held.body.id}/capture`, {
    key: `capture-${held.body.id}`,
    body: {},
  });
  expect(captured.body.status).toBe('succeeded');
  expect(await answered()).toBe(before + 1);
  await system.pay({ amount: 700, currency: 'USD', confirm: true, payment_method });
  expect(await answered()).toBe(before + 2);
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

it('knows what was sent also where who was answered can’t be found out', async () => {
  await system.sql('ALTER TABLE payment RENAME COLUMN capture_method TO captured_how');
  try {
    const { facts, failures } = await createFactsReader(db)();
    expect(failures.map(({ question }) => question)).toEqual(['answers']);
    expect(facts.answers).toBeUndefined();
    expect(facts.payments?.sentFor).toBeGreaterThan(0);
  } finally {
    await system.sql('ALTER TABLE payment RENAME COLUMN captured_how TO capture_method');
  }
});

it('reads no table of payments from end to end', async () => {
  let mine: unknown;
  poolOf(db).once('acquire', (client) => {
    mine = client;
  });
  const said = vi.spyOn(pg.Client.prototype, 'query');
  await createFactsReader(db)();
  const asked = said.mock.calls
    .filter((_call, index) => said.mock.contexts[index] === mine)
    .map(([first]) => first as unknown as { text?: string; values?: unknown[] })
    .filter(({ text = '' }) => text.trimStart().startsWith('SELECT'));
  said.mockRestore();
  expect(asked.length).toBeGreaterThan(10);
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  try {
    // Of a few rows a table is read as a whole wherever that is not forbidden.
    await client.query('SET enable_seqscan = off');
    for (const { text, values = [] } of asked) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
      const whole = rows.filter((row) =>
        /Seq Scan on (payment|attempt|operation|outbox|ledger_\w+|webhook_delivery)\b/.test(
          row['QUERY PLAN'],
        ),
      );
      expect(whole, text).toEqual([]);
    }
  } finally {
    await client.end();
  }
});

it('goes on with the usual approval that it knew where that question fails, and has none where it never knew', async () => {
  const cell = (approved: number, brand: string) =>
    system.sql(`INSERT INTO routing_window (account_id, grain, bucket_start, method, brand, issuer_country, currency, approved,
        soft_declined, hard_declined, unknown, not_attempted, authorized_minor, latency)
      VALUES ('pa_demo_stripe', 'cell', now(), 'card', '${brand}', 'XX', 'USD', ${approved}, 100, 0, 0, 0, 0, '{}')`);
  await cell(300, 'usual_brand');
  const look = createFactsReader(db, 0);
  const { facts: known } = await look();
  expect(known.usualApproval?.get('pa_demo_stripe')).toBeGreaterThan(0.5);
  // Adding its counts up goes past what a number of theirs holds.
  await cell(2_147_483_647, 'past_bounds');
  try {
    const { facts, failures } = await look();
    expect(failures.map(({ question }) => question)).toEqual(['usual']);
    expect(facts.usualApproval).toEqual(known.usualApproval);
    const { facts: fresh } = await createFactsReader(db)();
    expect(fresh.providers).toBeDefined();
    expect(fresh.usualApproval).toBeUndefined();
  } finally {
    await system.sql(`DELETE FROM routing_window WHERE brand IN ('usual_brand', 'past_bounds')`);
  }
});

describe('settlement of an account', () => {
  const DAY_MS = 86_400_000;
  /** On one of the two it is always another day than in UTC. */
  const ZONES = ['Pacific/Kiritimati', 'Pacific/Pago_Pago'];
  const daysAgo = (zone: string, days: number) => dateAt(Date.now() - days * DAY_MS, zone);
  const close = (account: string, date: string) =>
    system.sql(`INSERT INTO reconciliation_run (id, account_id, business_date, status, step)
      VALUES ('run/${account}/${date}', '${account}', '${date}', 'closed', 'report')`);
  const missed = (account: string, date: string) =>
    system.sql(`INSERT INTO exception (id, kind, subject_id, account_id, summary)
      VALUES ('exc/${account}/${date}', 'settlement_file_missing', 'run/${account}/${date}', '${account}', 'none came')`);
  const factsOf = async (account: string) =>
    (await createFactsReader(db)()).facts.settlement?.find((each) => each.account === account);

  it.each(ZONES)('is counted by its own days: %s', async (zone) => {
    const account = `acc_${zone}`;
    await system.sql(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
      SELECT '${account}', id, 'live', 'stripe', 'https://s.example', '{"time_zone":"${zone}"}' FROM merchant LIMIT 1`);
    expect(await factsOf(account)).toBeUndefined();
    const date = daysAgo(zone, 4);
    const postedAt = new Date(boundsOf(date, zone).toMs + 3_600_000).toISOString();
    await close(account, date);
    await system.sql(`INSERT INTO settlement_file (id, account_id, business_date, format, source, name, sha256, size_bytes,
        content_id, status, posted_at)
      VALUES ('fil_${account}', '${account}', '${date}', 'x', 'uploaded', 'n', '${account}', 1, 'c', 'posted', '${postedAt}')`);
    expect(await factsOf(account)).toMatchObject({ daysBehind: 3, lagSeconds: 3_600, missing: 0 });
  });

  it('is late for as long as its days end without a file, until a person accepts that there is none', async () => {
    const account = 'acc_no_file';
    await system.sql(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
      SELECT '${account}', id, 'live', 'stripe', 'https://s.example', '{"time_zone":"nowhere"}' FROM merchant LIMIT 1`);
    for (const days of [3, 2, 1]) {
      await close(account, daysAgo('UTC', days));
      await missed(account, daysAgo('UTC', days));
    }
    expect(await factsOf(account)).toMatchObject({ daysBehind: 3 });
    await system.sql(
      `UPDATE exception SET closed_at = now() WHERE id = 'exc/${account}/${daysAgo('UTC', 2)}'`,
    );
    expect(await factsOf(account)).toMatchObject({ daysBehind: 1 });
  });
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
