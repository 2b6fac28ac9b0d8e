import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decideExternalRefund } from '../../domain/payment/decide.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { loadPayment } from '../aggregate.ts';
import {
  balanceOf,
  lateSuccessNotUndone,
  moved,
  mustRecordRefund,
  paid,
  refunded,
  stepUpon,
} from '../refunds/test-support/rows.ts';
import { asOwner, insertMerchant, postInThePast } from './test-support/rows.ts';
import { verifyLedger } from './verify.ts';

/** Books that real steps wrote, and then somebody who owns the tables. */
let database: Database;
let payment: Payment;
let refundId: string;
beforeAll(async () => {
  database = await openTestDatabase();
  await insertMerchant(database.sql, 'mer_demo', 'test', ['pa_demo_stripe', 'pa_demo_adyen']);
  await insertMerchant(database.sql, 'mer_other', 'live', ['pa_other']);
});
afterAll(() => database?.close());

beforeEach(async () => {
  payment = await paid(database);
  const refund = await refunded(database, payment, { amountMinor: 400 });
  const done = stepUpon(refund, {
    type: 'refunded',
    providerReference: 're_1',
    amountMinor: 400,
  });
  refundId = (await mustRecordRefund(database, done)).id;
});

const problems = async () => (await verifyLedger(database.db)).problems;
const about = async () => (await problems()).map(({ subject }) => subject);

it('finds nothing in what payments and refunds recorded, and counts it', async () => {
  const verdict = await verifyLedger(database.db);
  expect(verdict.problems).toEqual([]);
  expect(verdict).toMatchObject({ payments: 1, refunds: 1, transactions: 2, postings: 4 });
  expect(verdict.currencies).toEqual([{ currency: 'USD', debitMinor: 1_400n, creditMinor: 1_400n }]);
});

describe('finds', () => {
  /** With the guards out of the way, for that moment, as only the owner can; and back as it was afterwards. */
  async function tampered(statements: readonly string[], look: () => Promise<void>): Promise<void> {
    const TABLES = ['ledger_transaction', 'ledger_posting'];
    const keep = TABLES.map((table) => `CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
    const off = ['SET LOCAL session_replication_role = replica'];
    await asOwner(database.ownerUrl, async (client) => {
      for (const statement of [...keep, ...off, ...statements]) await client.query(statement);
    });
    try {
      await look();
    } finally {
      await asOwner(database.ownerUrl, async (client) => {
        const back = TABLES.toReversed().map((table) => `DELETE FROM ${table}`);
        const again = TABLES.flatMap((table) => [
          `INSERT INTO ${table} SELECT * FROM kept_${table}`,
          `DROP TABLE kept_${table}`,
        ]);
        for (const statement of [...off, ...back, ...again]) await client.query(statement);
      });
    }
    expect(await problems()).toEqual([]);
  }

  const posting = (account: string) =>
    `(SELECT min(p.id) FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
      WHERE t.payment_id = '${payment.id}' AND t.kind = 'capture' AND starts_with(p.account, '${account}'))`;

  it('a posting whose amount was altered, with its payment and its currency', async () => {
    const statement = `UPDATE ledger_posting SET amount_minor = 999 WHERE id = ${posting('provider_receivable')}`;
    await tampered([statement], async () => {
      const subjects = await about();
      expect(subjects).toEqual(expect.arrayContaining(['USD', payment.id]));
      expect(subjects.filter((subject) => subject.startsWith('ltx_'))).toHaveLength(1);
    });
  });

  it('a whole transaction that was altered, so that it balances', async () => {
    const statement = `UPDATE ledger_posting SET amount_minor = sign(amount_minor) * 999
      WHERE transaction_id = (SELECT transaction_id FROM ledger_posting WHERE id = ${posting('provider_receivable')})`;
    await tampered([statement], async () => {
      expect(await problems()).toEqual([
        { subject: payment.id, problem: expect.stringContaining('1000 captured and 400 refunded') },
      ]);
    });
  });

  it('a transaction that was removed, whole or but for its head', async () => {
    const own = `(SELECT id FROM ledger_transaction WHERE owner_id = '${refundId}')`;
    await tampered([`DELETE FROM ledger_posting WHERE transaction_id IN ${own}`], async () => {
      expect((await about()).map((subject) => subject.slice(0, 4)).toSorted()).toEqual([
        'ltx_',
        'pay_',
        'ref_',
      ]);
    });
    const both = [
      `DELETE FROM ledger_posting WHERE transaction_id IN ${own}`,
      `DELETE FROM ledger_transaction WHERE owner_id = '${refundId}'`,
    ];
    await tampered(both, async () => {
      expect(await about()).toEqual([payment.id, refundId]);
    });
  });

  it('a refund that is booked as another payment’s, or twice', async () => {
    const copy = [
      `INSERT INTO ledger_transaction (id, payment_id, owner_id, sequence, kind, merchant_id, mode)
       SELECT id || 'again', payment_id, owner_id, sequence, kind, merchant_id, mode FROM ledger_transaction WHERE owner_id = '${refundId}'`,
      `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
       SELECT transaction_id || 'again', account, currency, amount_minor FROM ledger_posting
       WHERE transaction_id = (SELECT id FROM ledger_transaction WHERE owner_id = '${refundId}' AND id NOT LIKE '%again')`,
    ];
    await tampered(copy, async () => {
      expect(await about()).toEqual([payment.id, refundId]);
    });
  });

  it.each([
    ['an account of no chart', `account = 'cash/mer_demo'`, 'is no account of the chart'],
    [
      'an account of a merchant that there is not',
      `account = 'suspense/mer_nobody'`,
      'of a merchant that there is not',
    ],
    [
      'an account of a provider account that there is not',
      `account = 'reserves/pa_none'`,
      'of a provider account that there is not',
    ],
    ['another merchant’s account', `account = 'merchant_payable/mer_other'`, 'has postings of mer_demo'],
    ['another mode’s account', `account = 'reserves/pa_other'`, 'has postings of mer_demo in test mode'],
  ])('%s', async (_what, set, said) => {
    await tampered(
      [`UPDATE ledger_posting SET ${set} WHERE id = ${posting('merchant_payable')}`],
      async () => {
        expect(await problems()).toEqual([
          { subject: expect.stringContaining('/'), problem: expect.stringContaining(said) },
        ]);
      },
    );
  });

  it('a transaction that is nobody’s', async () => {
    const statement = `UPDATE ledger_transaction SET merchant_id = NULL WHERE owner_id = '${refundId}'`;
    await tampered([statement], async () => {
      const found = await problems();
      expect(found.length).toBeGreaterThan(0);
      expect(found.every(({ problem }) => problem.includes('no merchant’s'))).toBe(true);
    });
  });
});

it('has nothing to say against a settlement’s transaction: it belongs to no payment', async () => {
  await postInThePast(database.ownerUrl, [
    {
      id: 'lt_file_capture_USD',
      merchantId: 'mer_demo',
      mode: 'test',
      kind: 'settled_capture',
      ownerId: 'sf_1',
      at: new Date('2026-11-20T00:00:00Z'),
      postings: [
        ['payout_clearing/pa_demo_stripe', 'USD', 970],
        ['fees/processing/pa_demo_stripe', 'USD', 30],
        ['provider_receivable/pa_demo_stripe', 'USD', -1_000],
      ],
    },
  ]);
  expect(await problems()).toEqual([]);
});

describe('a late success that was given back by hand', () => {
  const outside = (before: Payment, attempt: number, providerReference: string, amountMinor: number) =>
    moved(
      database,
      before,
      decideExternalRefund(before, before.attempts[attempt]?.id ?? '', { providerReference, amountMinor }),
    );

  it('agrees with its books, in parts or whole, and leaves the merchant all of the other to refund', async () => {
    const late = await lateSuccessNotUndone(database);
    const partly = await outside(late, 0, `${late.id}_1`, 400);
    expect(await balanceOf(database, late.id)).toMatchObject({
      captured: 2_000,
      reserved: 1_000,
      external: 0,
    });
    const wholly = await outside(partly, 0, `${late.id}_2`, 600);
    expect(await loadPayment(database.db, late.id)).toMatchObject({
      amountRefundedMinor: 0,
      externalRefunds: [{ amountMinor: 400 }, { amountMinor: 600 }],
      attempts: [{ refundedMinor: 1_000 }, { refundedMinor: 0 }],
    });
    expect(await problems()).toEqual([]);
    const ofTheOther = await outside(wholly, 1, `${late.id}_3`, 300);
    expect(ofTheOther.amountRefundedMinor).toBe(300);
    expect((await refunded(database, ofTheOther)).amountMinor).toBe(700);
    expect(await balanceOf(database, late.id)).toEqual({
      captured: 2_000,
      reserved: 1_700,
      refunded: 0,
      external: 300,
    });
    expect(await problems()).toEqual([]);
  });
});
