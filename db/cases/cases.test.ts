import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseCommand } from '../../domain/cases/case.ts';
import { entriesOf, openCase, postedBy } from '../../test/attack/support/cases.ts';
import {
  captured,
  type Database,
  mustRecord,
  openTestDatabase,
  plan,
  stepAfter,
} from '../../test/attack/support/rows.ts';
import { poolOf } from '../client.ts';
import { type CaseOrder, commandCase } from './command.ts';
import { escalateCase, lookAfterCase } from './look-after.ts';
import { readCase } from './row.ts';
import { stakesOf } from './stakes.ts';
import { casesToTell } from './start.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
  await database.sql(`INSERT INTO merchant (id, name) VALUES ('mer_demo', 'demo')`);
  await database.sql(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url)
    VALUES ('pa_demo_adyen', 'mer_demo', 'test', 'adyen', 'http://127.0.0.1:1')`);
  await database.sql(
    `INSERT INTO operator (id, name, digest) VALUES ('opr_alice', 'alice', 'a'), ('opr_bob', 'bob', 'b')`,
  );
});
afterAll(() => database?.close());

const unique = () => randomBytes(8).toString('hex');

function order(exceptionId: string, command: CaseCommand, over: Partial<CaseOrder> = {}): CaseOrder {
  const id = `req_${unique()}`;
  const request = {
    id,
    path: `POST /v1/exceptions/${exceptionId}/${command.type}`,
    idempotencyKey: id,
    bodyDigest: 'd',
  };
  return { exceptionId, command, operator: 'opr_alice', reason: 'because', request, ...over };
}

const tell = (exceptionId: string, command: CaseCommand, over?: Partial<CaseOrder>) =>
  commandCase(database.db, order(exceptionId, command, over), 1);
const look = (id: string) => lookAfterCase(database.db, id, 1);
const stakes = async (id: string) => {
  const row = await readCase(poolOf(database.db), id);
  if (row === undefined) throw new Error(id);
  return stakesOf(poolOf(database.db), row);
};
const dispose: CaseCommand = { type: 'dispose', disposition: 'accept' };

describe('the owner of a case', () => {
  it.each([
    ['with a key that works', { digest: 'k' }, true],
    ['with a password alone', { password_hash: 'h' }, true],
    [
      'whose key was revoked, with a password',
      { digest: 'r', revoked_at: '2026-01-01', password_hash: 'h' },
      true,
    ],
    ['whose key was revoked', { digest: 's', revoked_at: '2026-01-01' }, false],
    ['who was disabled', { digest: 'd', disabled_at: '2026-01-01' }, false],
    ['who may only read', { password_hash: 'h', role: 'read_only' }, false],
    ['who may only draft and export', { password_hash: 'h', role: 'analyst' }, false],
    ['who administers', { password_hash: 'h', role: 'admin' }, true],
  ])('may be somebody %s: %#', async (_who, columns, may) => {
    const owner = `opr_${unique()}`;
    const row = { created_at: '2026-01-01', role: 'operator', password_expired: false, ...columns };
    await database.sql('INSERT INTO operator SELECT (jsonb_populate_record(NULL::operator, $1)).*', [
      JSON.stringify({ ...row, id: owner, name: owner }),
    ]);
    const id = await openCase(database);
    await look(id);
    const answer = await tell(id, { type: 'assign', owner });
    expect(JSON.stringify(answer).includes('operator_unknown')).toBe(!may);
    expect((await readCase(poolOf(database.db), id))?.owner).toBe(may ? owner : null);
  });
});

describe('looking after a case', () => {
  it('takes it once, however often and by however many it is asked', async () => {
    const id = await openCase(database);
    const seen = await Promise.all(Array.from({ length: 10 }, () => look(id)));
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(await entriesOf(database, id)).toEqual(['opened by case']);
    expect(await look('exc_not_there')).toEqual({ type: 'gone' });
  });

  it('tells a level once, also where two timers fire', async () => {
    const id = await openCase(database);
    await look(id);
    await Promise.all([escalateCase(database.db, id, 1, 1), escalateCase(database.db, id, 1, 1)]);
    expect(await entriesOf(database, id)).toEqual(['opened by case', 'escalated by clock']);
  });

  it('finds out what an exception is about that was opened with a subject only', async () => {
    const payment = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    const id = `exc_workflow_stuck_${payment.id}`;
    await database.sql(
      `INSERT INTO exception (id, kind, subject_id, summary) VALUES ($1, 'workflow_stuck', $2, 'stuck'), ($3, 'late_success', $4, 'late')`,
      [id, payment.id, `exc_late_success_${payment.attempts[0]?.id}`, payment.attempts[0]?.id],
    );
    expect(await look(id)).toMatchObject({
      file: { paymentId: payment.id, merchantId: payment.merchantId, team: 'engineering' },
    });
    expect(await look(`exc_late_success_${payment.attempts[0]?.id}`)).toMatchObject({
      file: {
        paymentId: payment.id,
        accountId: payment.attempts[0]?.accountId,
        amountMinor: payment.amountMinor,
        currency: payment.currency,
      },
    });
  });

  it('is wanted for cases that nobody holds, and for held ones that were closed', async () => {
    const [fresh, held, closed] = [
      await openCase(database),
      await openCase(database),
      await openCase(database),
    ];
    await look(held);
    await look(closed);
    await database.sql(`UPDATE exception SET closed_at = now() WHERE id = $1`, [closed]);
    const ids = async (which: boolean) =>
      (await casesToTell(database.db, { afterId: '', limit: 1_000, held: which })).map((each) => each.id);
    const told = await ids(false);
    expect([fresh, held, closed].map((id) => told.includes(id))).toEqual([true, false, true]);
    const alone = await ids(true);
    expect([fresh, held, closed].map((id) => alone.includes(id))).toEqual([false, true, false]);
    expect(await look(closed)).toMatchObject({ type: 'left' });
    expect(await ids(false)).not.toContain(closed);
  });
});

describe('a command', () => {
  it('is answered by its request for ever, and done once', async () => {
    const id = await openCase(database, { suspendedMinor: 70, amountMinor: 70 });
    await look(id);
    const one = order(id, dispose);
    const answers = await Promise.all(Array.from({ length: 6 }, () => commandCase(database.db, one, 1)));
    expect(answers.filter((each) => !('again' in each))).toHaveLength(1);
    for (const each of answers) expect({ ...each, again: true }).toEqual({ ...answers[0], again: true });
    expect(answers[0]).toMatchObject({ type: 'done', file: { status: 'resolved' } });
    expect(await postedBy(database, id)).toEqual({
      'suspense/mer_demo': -70,
      'merchant_payable/mer_demo': 70,
    });
    const refused = order(id, { type: 'approve' });
    const first = await commandCase(database.db, refused, 1);
    expect(first).toMatchObject({ type: 'refused', refusal: { code: 'case_resolved' } });
    await database.sql('UPDATE exception SET closed_at = NULL WHERE id = $1', [id]);
    expect(await commandCase(database.db, refused, 1)).toEqual(first);
  });

  it('that the books refuse leaves nothing at all', async () => {
    const id = await openCase(database, { suspendedMinor: 30, amountMinor: 30 });
    await look(id);
    // Somebody has taken the id of its transaction.
    await database.sql(
      `INSERT INTO ledger_transaction (id, owner_id, sequence, kind) VALUES ($1, 'another', 1, 'capture')`,
      [`lt_case_${id}_1`],
    );
    await expect(tell(id, dispose)).rejects.toThrow();
    expect(await entriesOf(database, id)).toEqual(['opened by case']);
    expect(await database.sql('SELECT 1 FROM request WHERE subject_id = $1', [id])).toEqual([]);
  });

  it('does not hear of money before its line is posted', async () => {
    const id = await openCase(database, { suspendedMinor: 40, amountMinor: 40 });
    await database.sql('UPDATE exception SET file_id = $2, line = 7 WHERE id = $1', [id, 'sf_not_posted']);
    expect(await stakes(id)).toEqual([]);
    await database.sql('UPDATE exception SET file_id = NULL, line = NULL WHERE id = $1', [id]);
    expect(await stakes(id)).toEqual([{ account: 'suspense/mer_demo', currency: 'EUR', amountMinor: 40 }]);
  });

  it('of a late success waits for what its payment holds in suspense', async () => {
    const payment = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    const id = `exc_late_success_${payment.id}`;
    await database.sql(
      `INSERT INTO exception (id, kind, subject_id, payment_id, summary) VALUES ($1, 'late_success', $2, $2, 'late')`,
      [id, payment.id],
    );
    await look(id);
    const post = async (amount: number) => {
      await database.sql(
        `WITH t AS (INSERT INTO ledger_transaction (id, payment_id, owner_id, sequence, kind)
           VALUES ('lt_' || $3::text, $1, $1, 9, 'late_success') RETURNING id)
         INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
         SELECT t.id, p.account, 'EUR', p.amount FROM t,
           (VALUES ('suspense/' || $4::text, $2::bigint), ('provider_receivable/pa_demo_adyen', -$2::bigint)) AS p(account, amount)`,
        [payment.id, amount, unique(), payment.merchantId],
      );
    };
    await post(-55);
    const accept: CaseCommand = { type: 'propose', disposition: 'accept' };
    expect(await tell(id, accept)).toMatchObject({ refusal: { code: 'money_suspended' } });
    await post(55);
    expect(await tell(id, accept)).toMatchObject({ file: { status: 'proposed' } });
  });
});

describe('what was said about a case', () => {
  it.each(['UPDATE exception_entry SET reason = NULL', 'DELETE FROM exception_entry'])(
    'stays said: %s',
    async (sql) => {
      await look(await openCase(database));
      await expect(database.sql(sql)).rejects.toThrow(/append-only/);
      await expect(database.asApplication(sql)).rejects.toThrow(/permission denied/);
    },
  );
});
