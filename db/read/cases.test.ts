import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseCommand } from '../../domain/cases/case.ts';
import { openCase } from '../../test/attack/support/cases.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { createCaseReader } from './cases.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
  await database.sql(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url)
    VALUES ('pa_demo_adyen', 'mer_demo', 'test', 'adyen', 'http://127.0.0.1:1')`);
});
afterAll(() => database?.close());

/** A posted file with one line, and the booking that it settled so many hours after it was booked. */
async function settled(hours: number): Promise<{ file: string; booking: string }> {
  const name = randomBytes(6).toString('hex');
  const [file, booking] = [`sf_${name}`, `bk_${name}`];
  await database.sql(
    `INSERT INTO settlement_file (id, account_id, business_date, format, source, name, sha256, size_bytes, content_id, status, posted_at, received_at)
     VALUES ($1, 'pa_demo_adyen', '2026-11-20', 'adyen', 'uploaded', $1, $1, 1, $1, 'posted', now(), now())`,
    [file],
  );
  await database.sql(
    `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, currency, amount_minor, booked_at)
     VALUES ($1, 'pa_demo_adyen', 'mer_demo', 'pay_1', 'pay_1', 'att_1', 'capture', 'expected', 'EUR', 1000, now() - $2::int * interval '1 hour')`,
    [booking, hours],
  );
  await database.sql(
    `INSERT INTO settlement_row (file_id, line, account_id, type, provider_type, currency, gross_minor, settlement_currency, fee_minor,
       net_minor, occurred_at, raw, booking_id, verdict)
     VALUES ($1, 2, 'pa_demo_adyen', 'capture', 'Settled', 'EUR', 990, 'EUR', 0, 990, now(), '{"Type": "Settled"}', $2, 'AMOUNT_UNDER')`,
    [file, booking],
  );
  return { file, booking };
}

describe('an exception about a line', () => {
  it('is shown with the line, the booking that it was held against and the file', async () => {
    const reader = createCaseReader(database.db);
    const { file, booking } = await settled(2);
    const id = await openCase(database, { subject: `${file}_2` });
    await database.sql('UPDATE exception SET file_id = $2, line = 2 WHERE id = $1', [id, file]);
    const whole = await reader.whole(id);
    expect(whole?.rows).toMatchObject({
      line: { line: 2, gross_minor: 990, raw: { Type: 'Settled' } },
      booking: { id: booking, amount_minor: 1000 },
      file: { id: file, status: 'posted' },
    });
    expect(whole?.details).toMatchObject({ cause: 'short by ten cents' });
    expect(await reader.whole('exc_not_there')).toBeUndefined();
  });

  it('about a booking is shown with that', async () => {
    const { booking } = await settled(2);
    const id = await openCase(database, { kind: 'missing_in_file_overdue', subject: booking });
    expect((await createCaseReader(database.db).whole(id))?.rows).toMatchObject({ booking: { id: booking } });
  });
});

describe('a settlement file’s exceptions', () => {
  it('are those of its lines, of itself and of its payouts, and of no other file', async () => {
    const reader = createCaseReader(database.db);
    const [{ file }, { file: other }] = [await settled(2), await settled(2)];
    const payout = `po_${file}`;
    await database.sql(
      `INSERT INTO payout (id, account_id, reference, file_id, currency, amount_minor, announced_at)
       VALUES ($1, 'pa_demo_adyen', $1, $2, 'EUR', 990, now())`,
      [payout, file],
    );
    const opened = (kind: string, subject: string) => openCase(database, { kind, subject });
    const line = await opened('amount_under', `${file}_2`);
    await database.sql('UPDATE exception SET file_id = $2, line = 2 WHERE id = $1', [line, file]);
    const whole = await opened('file_copied', file);
    const ofPayout = await opened('payout_not_received', payout);
    const elsewhere = await opened('amount_under', `${other}_2`);
    await database.sql('UPDATE exception SET file_id = $2, line = 2 WHERE id = $1', [elsewhere, other]);
    const idsOf = async (fileId: string) => {
      const page = await reader.list({ limit: 10, fileId });
      return page.type === 'page' ? page.cases.map(({ id }) => id) : [];
    };
    expect(await idsOf(file)).toEqual([line, whole, ofPayout]);
    expect(await idsOf(other)).toEqual([elsewhere]);
    expect(await idsOf('sf_not_there')).toEqual([]);
  });
});

describe('what a command to many is about', () => {
  it('takes the command as it stands, so that what was told is not chosen again, and goes on from any', async () => {
    const { select } = createCaseReader(database.db);
    const cause = `batch ${randomBytes(6).toString('hex')}`;
    const ids: string[] = [];
    for (const agoMs of [4_000, 3_000, 2_000, 1_000]) ids.push(await openCase(database, { cause, agoMs }));
    const [first = '', second = '', third = '', fourth = ''] = ids;
    await database.sql(`UPDATE exception SET disposition = '{"status": "proposed"}' WHERE id = $1`, [first]);
    await database.sql(`UPDATE exception SET owner = 'opr_bob' WHERE id = $1`, [second]);
    await database.sql('UPDATE exception SET closed_at = now() WHERE id = $1', [third]);
    const wanted = (command: CaseCommand, startingAfter?: string) =>
      select(
        { kind: 'amount_under', cause, command, ...(startingAfter === undefined ? {} : { startingAfter }) },
        10,
      );
    for (const type of ['propose', 'dispose'] as const)
      expect(await wanted({ type, disposition: 'ignore' }), type).toEqual([second, fourth]);
    for (const type of ['approve', 'reject'] as const) expect(await wanted({ type }), type).toEqual([first]);
    expect(await wanted({ type: 'assign', owner: 'opr_bob' })).toEqual([first, fourth]);
    expect(await wanted({ type: 'assign' })).toEqual([second]);
    expect(await wanted({ type: 'comment' })).toEqual([first, second, fourth]);
    expect(await wanted({ type: 'comment' }, first)).toEqual([second, fourth]);
    expect(await wanted({ type: 'comment' }, 'exc_not_there')).toBeUndefined();
  });
});

describe('figures', () => {
  it('say how long settlement takes, and how much resolves itself', async () => {
    const other = await openTestDatabase();
    const before = database;
    database = other;
    try {
      for (const hours of [10, 20, 30, 40, 50]) await settled(hours);
      for (let made = 0; made < 4; made += 1) await openCase(other);
      await other.sql(`UPDATE exception SET closed_at = now(), auto_resolved = true
        WHERE id IN (SELECT id FROM exception ORDER BY id LIMIT 3)`);
      await openCase(other, { kind: 'fee_variance', agoMs: 80 * 3_600_000 });
      const figures = await createCaseReader(other.db).figures(30);
      expect(figures).toMatchObject({
        opened: 5,
        autoResolved: 3,
        resolvedByPeople: 0,
        explained: 0,
        unowned: 2,
      });
      expect(figures.open).toEqual([
        { kind: 'amount_under', age: 'under_1d', count: 1, escalated: 0 },
        { kind: 'fee_variance', age: '3d_to_7d', count: 1, escalated: 0 },
      ]);
      expect(figures.lag).toHaveLength(1);
      const [lag] = figures.lag;
      expect([lag?.accountId, lag?.settled]).toEqual(['pa_demo_adyen', 5]);
      expect((lag?.p50Ms ?? 0) / 3_600_000).toBeCloseTo(30, 2);
      expect((lag?.p95Ms ?? 0) / 3_600_000).toBeCloseTo(48, 2);
    } finally {
      database = before;
      await other.close();
    }
  });
});
