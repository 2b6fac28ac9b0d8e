import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUTHENTICATION_EDGES } from '../domain/authentication/states.ts';
import type { Edges } from '../domain/machine.ts';
import { ATTEMPT_EDGES, OPERATION_EDGES, PAYMENT_EDGES } from '../domain/payment/states.ts';
import { REFUND_EDGES } from '../domain/refund/states.ts';
import {
  authorized,
  captured,
  type Database,
  draft,
  lastOperation,
  mustRecord,
  openTestDatabase,
  plan,
  stepAfter,
} from '../test/attack/support/rows.ts';

/** What Postgres refuses, whoever asks: the application by its grants, everybody by triggers and checks. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

describe('the tables of states', () => {
  const inDomain = (edges: Edges<string>) =>
    Object.entries(edges).flatMap(([from, targets]) => targets.map((to) => `${from} > ${to}`));

  it.each([
    ['payment', PAYMENT_EDGES],
    ['attempt', ATTEMPT_EDGES],
    ['operation', OPERATION_EDGES],
    ['authentication', AUTHENTICATION_EDGES],
    ['refund', REFUND_EDGES],
  ] as const)('of a %s are the same in Postgres and in the domain', async (name, edges) => {
    const rows = await database.sql<{ edge: string }>(
      `SELECT from_status || ' > ' || to_status AS edge FROM interlock_${name}_edges()`,
    );
    expect(rows.map((row) => row.edge).sort()).toEqual(inDomain(edges as Edges<string>).sort());
  });
});

describe('a payment', () => {
  const move = (id: string, set: string) =>
    database.asApplication(`UPDATE payment SET ${set} WHERE id = $1`, [id]);

  it.each([
    [
      'an edge that is not listed',
      `status = 'requires_confirmation', sequence = sequence + 1`,
      /may not become/,
    ],
    ['a status of no table', `status = 'paid', sequence = sequence + 1`, /may not become/],
    ['a new status without a new sequence', `status = 'succeeded'`, /without a new sequence/],
    ['a jump of the sequence', 'sequence = sequence + 2', /does not follow/],
    ['a step back of the sequence', 'sequence = sequence - 1', /does not follow/],
    ['a step back of the generation', 'generation = generation - 1', /may not go back/],
    ['another amount', 'amount_minor = amount_minor + 1', /does not change/],
    ['another currency', `currency = 'EUR'`, /does not change/],
    ['another merchant', `merchant_id = 'mer_other'`, /does not change/],
    ['a later complete_by', `complete_by = complete_by + interval '1 hour'`, /does not change/],
    ['more captured than authorized', 'amount_captured_minor = 1', /payment_amounts/],
    ['more authorized than asked for', 'amount_authorized_minor = amount_minor + 1', /payment_amounts/],
  ])('refuses %s', async (_what, set, message) => {
    const { id } = await plan(database.db);
    const before = await database.sql('SELECT * FROM payment WHERE id = $1', [id]);
    await expect(move(id, set)).rejects.toThrow(message);
    expect(await database.sql('SELECT * FROM payment WHERE id = $1', [id])).toEqual(before);
  });

  it.each(['succeeded', 'failed', 'canceled', 'expired'])('never leaves %s', async (terminal) => {
    const { id } = await plan(database.db);
    await move(id, `status = '${terminal}', sequence = 2`);
    for (const status of Object.keys(PAYMENT_EDGES).filter((each) => each !== terminal))
      await expect(move(id, `status = '${status}', sequence = 3`)).rejects.toThrow(/may not become/);
  });

  it('is not deleted by the application', async () => {
    const { id } = await plan(database.db);
    await expect(database.asApplication('DELETE FROM payment WHERE id = $1', [id])).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('a permit', () => {
  const edit = (id: string, set: string) =>
    database.asApplication(`UPDATE operation SET ${set} WHERE id = $1`, [id]);
  const CLAIM = 'first_sent_at = clock_timestamp(), last_sent_at = clock_timestamp(), sends = 1';

  it.each([
    ['its key', `provider_key = 'another'`],
    ['its amount', 'amount_minor = 1'],
    ['its currency', `currency = 'EUR'`],
    ['its cause', `cause = 'another'`],
    ['its number', 'number = 9'],
    ['its kind', `kind = 'refund'`],
    ['its send_by', `send_by = send_by + interval '1 hour'`],
    ['its send_by, taken away', 'send_by = NULL'],
  ])('never changes %s', async (_what, set) => {
    const { id } = lastOperation(await plan(database.db));
    await expect(edit(id, set)).rejects.toThrow(/does not change/);
  });

  it('once claimed stays claimed, and is not revoked', async () => {
    const { id } = lastOperation(await plan(database.db));
    await edit(id, CLAIM);
    await expect(edit(id, 'first_sent_at = NULL, last_sent_at = NULL, sends = 0')).rejects.toThrow(
      /stays sent/,
    );
    await expect(edit(id, `first_sent_at = first_sent_at + interval '1 second'`)).rejects.toThrow(
      /stays sent/,
    );
    await expect(edit(id, `last_sent_at = last_sent_at - interval '1 second'`)).rejects.toThrow(/stays sent/);
    await expect(edit(id, 'revoked_at = clock_timestamp()')).rejects.toThrow(/stays sent/);
  });

  it('once revoked stays revoked, and is not claimed', async () => {
    const { id } = lastOperation(await plan(database.db));
    await edit(id, 'revoked_at = clock_timestamp()');
    await expect(edit(id, CLAIM)).rejects.toThrow(/stays revoked/);
    await expect(edit(id, 'revoked_at = NULL')).rejects.toThrow(/stays revoked/);
  });

  it('once closed is never opened, and never counts another send', async () => {
    const { id } = lastOperation(await plan(database.db));
    await edit(id, CLAIM);
    await edit(id, `status = 'succeeded', closed_at = clock_timestamp()`);
    await expect(edit(id, 'closed_at = NULL')).rejects.toThrow(/never sent again/);
    await expect(edit(id, 'sends = sends + 1')).rejects.toThrow(/never sent again/);
    await expect(edit(id, `status = 'unknown'`)).rejects.toThrow(/may not become/);
  });

  it('counts a send exactly when it has one, and goes back no generation', async () => {
    const { id } = lastOperation(await plan(database.db));
    await expect(edit(id, 'sends = 1')).rejects.toThrow(/operation_sent_whole/);
    await expect(edit(id, 'first_sent_at = clock_timestamp()')).rejects.toThrow(/operation_sent_whole/);
    await expect(edit(id, 'generation = 0')).rejects.toThrow(/may not go back/);
  });
});

describe('an attempt', () => {
  it('moves along listed edges only, and keeps its account', async () => {
    const [attempt] = (await plan(database.db)).attempts;
    const edit = (set: string) =>
      database.asApplication(`UPDATE attempt SET ${set} WHERE id = $1`, [attempt?.id]);
    await expect(edit(`status = 'refunded'`)).rejects.toThrow(/may not become/);
    await expect(edit(`account_id = 'pa_demo_adyen'`)).rejects.toThrow(/does not change/);
    await edit(`status = 'declined'`);
    await expect(edit(`status = 'voided'`)).rejects.toThrow(/may not become/);
    await edit(`status = 'captured'`);
  });
});

describe('what proves something', () => {
  const PROOFS = {
    audit: `reason = 'another'`,
    observation: `source = 'another'`,
    ledger_transaction: `kind = 'another'`,
    ledger_posting: 'amount_minor = amount_minor + 1',
    outbox: `type = 'another'`,
    route_explanation: `document = '{}'`,
  } as const;
  let paymentId: string;
  beforeAll(async () => {
    const payment = await plan(database.db);
    paymentId = payment.id;
    await mustRecord(database.db, stepAfter(payment, captured()));
    await database.asApplication(
      `INSERT INTO observation (owner_id, payment_id, operation_id, source, generation, outcome) VALUES ($1, $1, $2, 'test', 1, '{}')`,
      [paymentId, lastOperation(payment).id],
    );
    await database.asApplication(
      `INSERT INTO route_explanation (payment_id, document) VALUES ($1, '{"a":1}')`,
      [paymentId],
    );
  });

  it.each(Object.entries(PROOFS))('is not rewritten or removed: %s', async (table, set) => {
    const content = () => database.sql(`SELECT * FROM ${table} ORDER BY 1, 2`);
    const before = await content();
    expect(before.length).toBeGreaterThan(0);
    await expect(database.asApplication(`UPDATE ${table} SET ${set}`)).rejects.toThrow(/permission denied/);
    await expect(database.asApplication(`DELETE FROM ${table}`)).rejects.toThrow(/permission denied/);
    await expect(database.asApplication(`TRUNCATE ${table} CASCADE`)).rejects.toThrow(/permission denied/);
    await expect(database.sql(`UPDATE ${table} SET ${set}`)).rejects.toThrow(/append-only/);
    await expect(database.sql(`DELETE FROM ${table}`)).rejects.toThrow(/append-only/);
    expect(await content()).toEqual(before);
  });

  it('cannot be freed of its triggers by the application', async () => {
    await expect(database.asApplication('ALTER TABLE audit DISABLE TRIGGER ALL')).rejects.toThrow(
      /must be owner/,
    );
    await expect(database.asApplication('SET session_replication_role = replica')).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('the ledger', () => {
  const post = async (postings: readonly (readonly [string, string, number])[]) => {
    const { id } = await plan(database.db);
    const values = postings.map(
      ([account, currency, amount]) => `('ltx_${id}', '${account}', '${currency}', ${amount})`,
    );
    await database.asApplication(`
      BEGIN;
      INSERT INTO ledger_transaction (id, owner_id, payment_id, sequence, kind)
        VALUES ('ltx_${id}', '${id}', '${id}', 1, 'test');
      INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor) VALUES ${values.join(', ')};
      COMMIT;`);
    return database.sql(`SELECT 1 FROM ledger_posting WHERE transaction_id = $1`, [`ltx_${id}`]);
  };

  it('takes postings that sum to zero in each currency, and no others', async () => {
    expect(
      await post([
        ['a', 'USD', 5],
        ['b', 'USD', -5],
        ['a', 'EUR', 7],
        ['b', 'EUR', -7],
      ]),
    ).toHaveLength(4);
    await expect(post([['a', 'USD', 5]])).rejects.toThrow(/does not balance/);
    await expect(
      post([
        ['a', 'USD', 5],
        ['b', 'USD', -4],
      ]),
    ).rejects.toThrow(/does not balance/);
    await expect(
      post([
        ['a', 'USD', 5],
        ['b', 'EUR', -5],
      ]),
    ).rejects.toThrow(/does not balance/);
    await expect(post([['a', 'USD', 0]])).rejects.toThrow(/ledger_posting_amount/);
  });

  it('cannot be topped up later: a balanced transaction stays balanced', async () => {
    const payment = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    const [transaction] = await database.sql<{ id: string }>(
      'SELECT id FROM ledger_transaction WHERE payment_id = $1',
      [payment.id],
    );
    await expect(
      database.asApplication(
        `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor) VALUES ($1, 'a', 'USD', 1)`,
        [transaction?.id],
      ),
    ).rejects.toThrow(/does not balance/);
  });
});

describe('what may be refunded', () => {
  it('is never more than what was captured, however many reserve at once', async () => {
    const manual = await plan(database.db, draft({ captureMethod: 'manual' }));
    const { id } = await mustRecord(database.db, stepAfter(manual, authorized()));
    const reserve = (amount: number) =>
      database.asApplication(
        'UPDATE payment_balance SET refund_reserved_minor = refund_reserved_minor + $2 WHERE payment_id = $1',
        [id, amount],
      );
    await expect(reserve(1)).rejects.toThrow(/payment_balance_bound/);
    await database.asApplication('UPDATE payment_balance SET captured_minor = 1000 WHERE payment_id = $1', [
      id,
    ]);
    const tried = await Promise.allSettled(Array.from({ length: 50 }, () => reserve(40)));
    expect(tried.filter((each) => each.status === 'fulfilled')).toHaveLength(25);
    await expect(reserve(-1_001)).rejects.toThrow(/payment_balance_bound/);
  });

  it('does not bound what others refunded: that is a fact', async () => {
    const { id } = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    await database.asApplication(
      'UPDATE payment_balance SET external_refunded_minor = 5000 WHERE payment_id = $1',
      [id],
    );
    const rows = await database.sql<{ n: string }>(
      'SELECT external_refunded_minor::text AS n FROM payment_balance WHERE payment_id = $1',
      [id],
    );
    expect(rows).toEqual([{ n: '5000' }]);
  });
});
