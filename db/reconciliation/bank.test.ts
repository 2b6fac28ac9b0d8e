import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classify } from '../../domain/reconciliation/classify.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { DEFAULT_POLICY } from '../../domain/reconciliation/tolerance.ts';
import { type BankFormat, parseBankStatement } from '../../providers/settlement/bank/parse.ts';
import { pieces } from '../../providers/settlement/test-support/read.ts';
import { type BankLine, bankComparisonsOf, postBank, receiveBankLines, storeVerdicts } from './index.ts';
import { decideAll, proposeAll, stakes } from './test-support/cases.ts';
import {
  ACCOUNT,
  balances,
  capture,
  closeDay,
  type Day,
  openDay,
  payout,
  row,
  startDay,
} from './test-support/day.ts';
import { sales } from './test-support/payments.ts';

/** The third side: what the bank has seen of what providers say that they paid out. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

describe('the bank', () => {
  const credit = (line: number, amountMinor: number, text: string) => ({
    account: 'DE1',
    statement: '1',
    line,
    amountMinor,
    currency: 'USD',
    bookedOn: '2026-11-21',
    text,
    reversal: false,
  });
  const settle = async (lines: ReturnType<typeof credit>[]) => {
    const { run } = await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await receiveBankLines(day.pool, 'mer_demo', lines);
    const judge = async () => {
      for await (const page of bankComparisonsOf(day.pool, run))
        await storeVerdicts(
          day.pool,
          run,
          page.map((comparison) => ({ comparison, classified: classify(comparison, DEFAULT_POLICY) })),
        );
      await postBank(day.pool, run);
    };
    await judge();
    return judge;
  };

  it('confirms a payout that its text names, and books it out of transit, once', async () => {
    await sales(day, 'pi_1');
    const again = await settle([credit(1, 941, 'STRIPE PAYOUT PO_1')]);
    await again();
    const after = await balances(day);
    expect(after['bank/mer_demo USD']).toBe(941);
    expect(after[`bank_in_transit/${ACCOUNT} USD`]).toBeUndefined();
    const open = await day.database.sql('SELECT kind FROM exception WHERE closed_at IS NULL');
    expect(open).toEqual([]);
  });

  it('is not waited for where a payout comes to nothing', async () => {
    await closeDay(day, [payout(2, 0)]);
    const later = await startDay(day, '2026-11-30');
    for await (const page of bankComparisonsOf(day.pool, later))
      await storeVerdicts(
        day.pool,
        later,
        page.map((comparison) => ({ comparison, classified: classify(comparison, DEFAULT_POLICY) })),
      );
    expect(await day.database.sql('SELECT verdict FROM payout')).toEqual([{ verdict: 'clean' }]);
    expect(await day.database.sql('SELECT 1 FROM exception')).toEqual([]);
  });

  const judgeOn = async (date: string) => {
    const run = await startDay(day, date);
    for await (const page of bankComparisonsOf(day.pool, run))
      await storeVerdicts(
        day.pool,
        run,
        page.map((comparison) => ({ comparison, classified: classify(comparison, DEFAULT_POLICY) })),
      );
    await postBank(day.pool, run);
  };
  const cases = () =>
    day.database.sql('SELECT kind, amount_minor::int AS amount FROM exception WHERE closed_at IS NULL');
  const seen = (statement: string, amountMinor: number) =>
    receiveBankLines(day.pool, 'mer_demo', [
      { ...credit(1, amountMinor, 'x'), statement, reference: 'po_1', reversal: amountMinor < 0 },
    ]);

  it('that takes a payout back that it had credited opens its case, also one that was closed', async () => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await judgeOn('2026-11-30');
    expect(await cases()).toEqual([{ kind: 'payout_bank_mismatch', amount: 941 }]);
    await seen('1', 941);
    await judgeOn('2026-12-01');
    expect(await cases()).toEqual([]);
    await seen('2', -941);
    await judgeOn('2026-12-02');
    await judgeOn('2026-12-03');
    expect(await cases()).toEqual([{ kind: 'payout_bank_mismatch', amount: 941 }]);
    expect((await balances(day))[`bank_in_transit/${ACCOUNT} USD`]).toBe(941);
  });

  it('opens a case that somebody has decided only where another amount is missing by now', async () => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await seen('1', 900);
    await judgeOn('2026-11-30');
    await day.database.sql(
      `UPDATE exception SET closed_at = now(), disposition = '{"status":"carried_out","type":"accept"}'`,
    );
    await judgeOn('2026-12-01');
    expect(await cases()).toEqual([]);
    await seen('2', -900);
    await judgeOn('2026-12-02');
    expect(await cases()).toEqual([{ kind: 'payout_bank_mismatch', amount: 941 }]);
  });

  const back = (over: Partial<SettlementRow> = {}) =>
    row(2, {
      type: 'payout_reversed',
      grossMinor: 941,
      payoutReference: 'po_1',
      operationReference: 'back_1',
      ...over,
    });

  it.each<[string, readonly number[]]>([
    ['before the bank saw it', []],
    ['and the bank took it back', [941, -941]],
  ])('is not waited for where the provider says that the payout came back, %s', async (_what, seenMinor) => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    for (const [index, amountMinor] of seenMinor.entries()) await seen(String(index), amountMinor);
    await closeDay(day, [back()], { name: 'b.csv', date: '2026-11-21' });
    await judgeOn('2026-11-30');
    expect(await cases()).toEqual([{ kind: 'payout_bank_mismatch', amount: -941 }]);
    expect(await day.database.sql('SELECT verdict FROM payout')).toEqual([{ verdict: 'clean' }]);
    expect((await balances(day))[`bank_in_transit/${ACCOUNT} USD`]).toBeUndefined();
  });

  it.each<[string, Partial<SettlementRow>, string[]]>([
    ['delivered twice', {}, ['payout_bank_mismatch']],
    ['told twice', { description: 'again' }, ['duplicate_line', 'payout_bank_mismatch']],
  ])('hears once that a payout came back, where that is %s', async (_what, over, kinds) => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await closeDay(day, [back()], { name: 'b.csv', date: '2026-11-21' });
    await closeDay(day, [back(over)], { name: 'c.csv', date: '2026-11-22' });
    await judgeOn('2026-11-30');
    const after = await balances(day);
    expect(after[`bank_in_transit/${ACCOUNT} USD`]).toBeUndefined();
    expect(after['suspense/mer_demo USD']).toBe(kinds.length > 1 ? -941 : undefined);
    const open = await day.database.sql<{ kind: string }>(
      'SELECT kind FROM exception WHERE closed_at IS NULL ORDER BY 1',
    );
    expect(open.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('that came before the file waits in suspense; the file takes it out, and ends its case, whatever was proposed', async () => {
    await sales(day, 'pi_1');
    await seen('1', 941);
    await judgeOn('2026-11-19');
    await proposeAll(day);
    const [held] = await stakes(day);
    expect(held?.stakes).toEqual([{ account: 'suspense/mer_demo', currency: 'USD', amountMinor: -941 }]);
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await judgeOn('2026-11-20');
    expect(await cases()).toEqual([]);
    expect((await balances(day))['suspense/mer_demo USD']).toBeUndefined();
    expect((await stakes(day))[0]?.stakes).toMatchObject([{ amountMinor: 0 }]);
  });

  it('that somebody has accepted is its payout’s once that comes: the decision’s posting is taken back, once', async () => {
    await sales(day, 'pi_1');
    const owed = (await balances(day))['merchant_payable/mer_demo USD'];
    await seen('1', 941);
    await judgeOn('2026-11-19');
    expect(await decideAll(day, 'accept')).toEqual(['done']);
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await judgeOn('2026-11-20');
    await judgeOn('2026-11-21');
    const after = await balances(day);
    expect(after['bank/mer_demo USD']).toBe(941);
    expect(after['suspense/mer_demo USD']).toBeUndefined();
    expect(after[`bank_in_transit/${ACCOUNT} USD`]).toBeUndefined();
    expect(after['merchant_payable/mer_demo USD']).toBe(owed);
  });

  it('that somebody has linked is not booked over again when its payout comes', async () => {
    await sales(day, 'pi_1');
    await seen('1', 941);
    await judgeOn('2026-11-19');
    await day.database.sql(
      `UPDATE exception SET closed_at = now(), disposition = '{"status":"carried_out","type":"link"}'`,
    );
    await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await judgeOn('2026-11-20');
    expect((await balances(day))['suspense/mer_demo USD']).toBe(-941);
    expect(await cases()).toEqual([]);
  });

  it('that says less, or something that no payout explains, opens a case; what is unexplained waits in suspense', async () => {
    await sales(day, 'pi_1');
    await settle([credit(1, 900, 'po_1'), credit(2, 77, 'a gift')]);
    const open = await day.database.sql('SELECT kind FROM exception WHERE closed_at IS NULL ORDER BY 1');
    expect(open).toEqual([{ kind: 'payout_bank_mismatch' }, { kind: 'unidentified_bank_credit' }]);
    const after = await balances(day);
    expect(after).toMatchObject({
      'bank/mer_demo USD': 977,
      [`bank_in_transit/${ACCOUNT} USD`]: 41,
      'suspense/mer_demo USD': -77,
    });
  });
});

describe('lines of statements', () => {
  const read = async (format: BankFormat, text: string) => {
    const lines: BankLine[] = [];
    for await (const each of parseBankStatement(pieces(Buffer.from(text)), format))
      if (each.type === 'line') lines.push(each.line);
    return lines;
  };
  const keep = async (format: BankFormat, text: string) =>
    receiveBankLines(day.pool, 'mer_demo', await read(format, text));
  const entry = (amount: string, inner = '') =>
    `<Ntry><Amt Ccy="USD">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-21</Dt></BookgDt><NtryDtls>${inner}</NtryDtls></Ntry>`;
  const part = (amount: string) => `<TxDtls><Amt Ccy="USD">${amount}</Amt></TxDtls>`;
  const camt = (id: string, ...entries: string[]) =>
    `<Document><BkToCstmrStmt><Stmt><Id>${id}</Id><Acct><Id><IBAN>DE1</IBAN></Id></Acct>${entries.join('')}</Stmt></BkToCstmrStmt></Document>`;
  const mt940 = (year: string, amount: string) =>
    `:20:REF\n:25:DE02120300000000202051\n:28C:00005/001\n:60F:C${year}0105USD1000,00\n:61:${year}0105C${amount}NTRFNONREF\n:86:x\n:62F:C${year}0105USD2000,00\n-\n`;

  it('are all kept where they stand on one line of text, or are parts of one entry, and once however they are written', async () => {
    expect(await keep('camt053', camt('S1', entry('5.00'), entry('7.00'), entry('7.00')))).toBe(3);
    expect(await keep('camt053', camt('S1', entry('5.00'), '\n', entry('7.00'), '\n', entry('7.00')))).toBe(
      0,
    );
    expect(
      await keep('camt053', camt('S1', entry('5.00'), entry('7.00'), entry('7.00'), entry('9.00'))),
    ).toBe(1);
    expect(await keep('camt053', camt('S2', entry('120.00', part('60.00') + part('60.00'))))).toBe(2);
  });

  it('of a statement whose number begins again each year, or never changes, are other lines', async () => {
    expect(await keep('mt940', mt940('26', '10,00'))).toBe(1);
    expect(await keep('mt940', mt940('27', '10,00'))).toBe(1);
    expect(await keep('mt940', mt940('27', '10,00'))).toBe(0);
  });

  it('that were stored when their line of text told them apart do not come twice; what was lost then comes', async () => {
    const lines = await read('camt053', camt('S3', entry('5.00'), entry('5.00'), entry('9.00')));
    // The name of ["mer_demo","DE1","S3",1], as it was.
    await day.database.sql(
      `INSERT INTO bank_statement_line (id, merchant_id, bank_account, statement, line, currency, amount_minor, booked_on, text)
       VALUES ('bl_' || left(encode(sha256('["mer_demo","DE1","S3",1]'::bytea), 'hex'), 26), 'mer_demo', 'DE1', 'S3', 1,
         'USD', 500, '2026-11-21', '')`,
    );
    expect(await receiveBankLines(day.pool, 'mer_demo', lines)).toBe(2);
    expect(await receiveBankLines(day.pool, 'mer_demo', lines)).toBe(0);
    const sums = await day.database.sql('SELECT sum(amount_minor)::int AS sum FROM bank_statement_line');
    expect(sums).toEqual([{ sum: 1_900 }]);
  });
});
