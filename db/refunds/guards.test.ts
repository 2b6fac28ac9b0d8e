import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REFUND_STATUSES } from '../../domain/refund/states.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { paid, refunded } from './test-support/rows.ts';

/** What Postgres refuses of refunds and operators' words, whoever asks. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const made = async () => refunded(database, await paid(database), { amountMinor: 400 });

describe('a refund', () => {
  const move = (id: string, set: string) =>
    database.asApplication(`UPDATE refund SET ${set} WHERE id = $1`, [id]);

  it.each([
    ['a status of no table', `status = 'paid', sequence = sequence + 1`, /may not become/],
    ['a new status without a new sequence', `status = 'succeeded'`, /without a new sequence/],
    ['a jump of the sequence', 'sequence = sequence + 2', /does not follow/],
    ['a step back of the sequence', 'sequence = sequence - 1', /does not follow/],
    ['a step back of the generation', 'generation = generation - 1', /may not go back/],
    ['another amount', 'amount_minor = amount_minor + 1', /does not change/],
    ['another currency', `currency = 'EUR'`, /does not change/],
    ['another payment', `payment_id = 'pay_other'`, /does not change|foreign key/],
    ['another merchant', `merchant_id = 'mer_other'`, /does not change/],
    ['another attempt', `attempt_id = 'att_other'`, /does not change/],
  ])('refuses %s', async (_what, set, message) => {
    const { id } = await made();
    await expect(move(id, set)).rejects.toThrow(message);
  });

  it.each([
    ['canceled', ''],
    ['succeeded', 'requires_review'],
    ['failed', 'requires_review succeeded'],
  ])('that is %s becomes nothing but: %s', async (from, allowed) => {
    const became: string[] = [];
    for (const to of REFUND_STATUSES.filter((status) => status !== from)) {
      const { id } = await made();
      await move(id, `status = '${from}', sequence = 2`);
      const moved = await move(id, `status = '${to}', sequence = 3`).then(
        () => true,
        () => false,
      );
      if (moved) became.push(to);
    }
    expect(became.sort().join(' ')).toBe(allowed);
  });

  it('is of a positive amount, belongs to a payment that exists, and is not deleted', async () => {
    const { id } = await made();
    await expect(database.asApplication('DELETE FROM refund WHERE id = $1', [id])).rejects.toThrow(
      /permission denied/,
    );
    const copy = (paymentId: string, amount: string) =>
      database.asApplication(
        `INSERT INTO refund (id, payment_id, merchant_id, mode, attempt_id, attempt_number, account_id, provider, status,
           sequence, generation, amount_minor, currency, step, audit_head)
         SELECT 'ref_copy', ${paymentId}, merchant_id, mode, attempt_id, attempt_number, account_id, provider, status,
           1, 1, ${amount}, currency, step, '' FROM refund WHERE id = $1`,
        [id],
      );
    await expect(copy('payment_id', '0')).rejects.toThrow(/refund_amount/);
    await expect(copy(`'pay_nobody'`, 'amount_minor')).rejects.toThrow(/refund_payment_id_fkey/);
  });
});

describe('an operation', () => {
  it('keeps its owner, payment or refund', async () => {
    const refund = await made();
    await expect(
      database.asApplication('UPDATE operation SET owner_id = payment_id WHERE owner_id = $1', [refund.id]),
    ).rejects.toThrow(/its owner does not change/);
  });
});

describe('a reservation', () => {
  const edit = (id: string, set: string) =>
    database.asApplication(`UPDATE refund_reservation SET ${set} WHERE subject_id = $1`, [id]);

  it('is made once for each refund', async () => {
    const refund = await made();
    await expect(
      database.asApplication(
        'INSERT INTO refund_reservation (subject_id, payment_id, amount_minor) VALUES ($1, $2, 1)',
        [refund.id, refund.paymentId],
      ),
    ).rejects.toThrow(/refund_reservation_pkey/);
  });

  it('keeps its amount, and is released once', async () => {
    const { id } = await made();
    await expect(edit(id, 'amount_minor = 1')).rejects.toThrow(/released once and does not change/);
    await edit(id, 'released_at = clock_timestamp()');
    await expect(edit(id, `released_at = released_at + interval '1 second'`)).rejects.toThrow(/once/);
    await expect(edit(id, 'released_at = NULL')).rejects.toThrow(/once/);
  });
});

describe('a balance', () => {
  const set = (id: string, change: string) =>
    database.asApplication(`UPDATE payment_balance SET ${change} WHERE payment_id = $1`, [id]);

  it('has refunded at most what is reserved, and reserved at most what was captured', async () => {
    const { paymentId } = await made();
    await expect(set(paymentId, 'refunded_minor = 401')).rejects.toThrow(/payment_balance_refunded/);
    await expect(set(paymentId, 'refunded_minor = -1')).rejects.toThrow(/payment_balance_refunded/);
    await expect(set(paymentId, 'refund_reserved_minor = 1001')).rejects.toThrow(/payment_balance_bound/);
    await set(paymentId, 'refunded_minor = 400');
    await expect(set(paymentId, 'refund_reserved_minor = 399')).rejects.toThrow(/payment_balance_refunded/);
  });
});

describe('a resolution', () => {
  const propose = async (columns: string, values: string) => {
    const refund = await made();
    const id = `res_${refund.id.slice(4)}`;
    await database.asApplication(
      `INSERT INTO resolution (id, owner_id, payment_id, outcome, evidence, reason, proposed_at, proposed_by, ${columns})
       VALUES ($1, $2, $3, '{}', 'seen', 'why', now(), 'opr_alice', ${values})`,
      [id, refund.id, refund.paymentId],
    );
    return id;
  };
  const approve = (id: string, by: string) =>
    database.asApplication(
      `UPDATE resolution SET status = 'approved', approved_by = ${by}, approved_at = now() WHERE id = $1`,
      [id],
    );

  it('is approved by another operator than the one who proposed it, or not at all', async () => {
    const id = await propose('status', `'proposed'`);
    await expect(approve(id, `'opr_alice'`)).rejects.toThrow(/resolution_two_operators/);
    await expect(approve(id, 'NULL')).rejects.toThrow(/resolution_two_operators/);
    await approve(id, `'opr_bob'`);
  });

  it.each([
    ['approved at once by its proposer', 'status, approved_by', `'approved', 'opr_alice'`],
    ['approved by nobody', 'status', `'approved'`],
    ['proposed, and approved by somebody', 'status, approved_by', `'proposed', 'opr_bob'`],
    ['in a status of no table', 'status', `'performed'`],
  ])('is not written as %s', async (_what, columns, values) => {
    await expect(propose(columns, values)).rejects.toThrow(/resolution_two_operators/);
  });
});

describe('what proves something', () => {
  const PROOFS = {
    external_refund: 'amount_minor = amount_minor + 1',
    operator_refusal: `code = 'another'`,
  } as const;
  beforeAll(async () => {
    const payment = await paid(database);
    await database.asApplication(
      `INSERT INTO external_refund (id, payment_id, account_id, provider_reference, amount_minor, currency)
       VALUES ('ext_1', $1, 'pa_demo_stripe', 're_outside', 100, 'USD')`,
      [payment.id],
    );
    await database.asApplication(
      `INSERT INTO operator_refusal (operator_id, method, path, status, code, detail, request_id)
       VALUES ('opr_alice', 'POST', '/v1/operator/x', 409, 'no', 'No.', 'hreq_1')`,
    );
  });

  it.each(Object.entries(PROOFS))('is not rewritten or removed: %s', async (table, set) => {
    const content = () => database.sql(`SELECT * FROM ${table} ORDER BY 1`);
    const before = await content();
    expect(before).toHaveLength(1);
    await expect(database.asApplication(`UPDATE ${table} SET ${set}`)).rejects.toThrow(/permission denied/);
    await expect(database.asApplication(`DELETE FROM ${table}`)).rejects.toThrow(/permission denied/);
    await expect(database.sql(`UPDATE ${table} SET ${set}`)).rejects.toThrow(/append-only/);
    await expect(database.sql(`DELETE FROM ${table}`)).rejects.toThrow(/append-only/);
    expect(await content()).toEqual(before);
  });

  it('is told once: the same refund at the same account is one fact', async () => {
    await expect(
      database.asApplication(
        `INSERT INTO external_refund (id, payment_id, account_id, provider_reference, amount_minor, currency)
         SELECT 'ext_2', payment_id, account_id, provider_reference, amount_minor, currency FROM external_refund`,
      ),
    ).rejects.toThrow(/external_refund_account_id_provider_reference_key/);
  });
});
