import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { PostedRow, PostingRow } from './rows.ts';

/** Books of two merchants in both modes over a few days, for properties: any transactions, as long as they balance. */
export interface RandomBooks {
  readonly merchants: readonly [string, string];
  readonly rows: readonly PostedRow[];
}

export const DAY_MS = 86_400_000;
export const FIRST_DAY_MS = Date.UTC(2026, 9, 30);
export const DAYS = 4;

/** On a day's first and last millisecond more often than chance would have it. */
export const instant: fc.Arbitrary<number> = fc
  .tuple(
    fc.integer({ min: 0, max: DAYS - 1 }),
    fc.oneof(fc.constantFrom(0, 1, DAY_MS - 1), fc.integer({ min: 0, max: DAY_MS - 1 })),
  )
  .map(([day, ms]) => FIRST_DAY_MS + day * DAY_MS + ms);

const MODES = ['test', 'live'] as const;

/** Provider accounts are a mode's own; a merchant's own accounts are shared by both. */
export function providerAccountsOf(merchantId: string, mode: string): readonly string[] {
  return [`pa_${merchantId}_${mode}_1`, `pa_${merchantId}_${mode}_2`];
}

export interface Draft {
  readonly merchant: number;
  readonly mode: 'test' | 'live';
  readonly atMs: number;
  readonly transfers: readonly (readonly [number, number, string, bigint])[];
}

const draft: fc.Arbitrary<Draft> = fc.record({
  merchant: fc.integer({ min: 0, max: 1 }),
  mode: fc.constantFrom(...MODES),
  atMs: instant,
  transfers: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 5 }),
      fc.constantFrom('EUR', 'JPY'),
      // Sums of these are more than a JSON number carries, and single ones too.
      fc.oneof(fc.bigInt({ min: 1n, max: 9_999n }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n })),
    ),
    { minLength: 1, maxLength: 3 },
  ),
});

export const drafts: fc.Arbitrary<readonly Draft[]> = fc.array(draft, { minLength: 1, maxLength: 25 });

/** Under names of their own each time: what is being shrunk is stored again. */
export function booksOf(drafts: readonly Draft[]): RandomBooks {
  const run = randomBytes(6).toString('hex');
  const merchants = [`mer_${run}_a`, `mer_${run}_b`] as const;
  const rows = drafts.map(({ merchant, mode, atMs, transfers }, n) => {
    const merchantId = merchants[merchant] ?? merchants[0];
    const [first = '', second = ''] = providerAccountsOf(merchantId, mode);
    const accounts = [
      `provider_receivable/${first}`,
      `provider_receivable/${second}`,
      `payout_clearing/${first}`,
      `fees/scheme/${first}`,
      `merchant_payable/${merchantId}`,
      `suspense/${merchantId}`,
    ];
    const postings = transfers.flatMap(([debit, credit, currency, minor]): PostingRow[] => [
      [accounts[debit] ?? '', currency, minor],
      [accounts[credit] ?? '', currency, -minor],
    ]);
    return { id: `ltx_${run}_${n}`, merchantId, mode, at: new Date(atMs), postings };
  });
  return { merchants, rows };
}

export interface Whose {
  readonly merchantId: string;
  readonly mode: 'test' | 'live';
}

export function owners({ merchants }: RandomBooks): readonly Whose[] {
  return merchants.flatMap((merchantId) => MODES.map((mode) => ({ merchantId, mode })));
}

/** Posting by posting, as nobody would compute it in SQL: what stands in each account before that instant. */
export function replay(
  rows: readonly PostedRow[],
  whose: Whose,
  beforeMs: number,
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const row of rows) {
    if (row.merchantId !== whose.merchantId || row.mode !== whose.mode || row.at.getTime() >= beforeMs)
      continue;
    for (const [account, currency, minor] of row.postings) {
      const name = `${account} ${currency}`;
      sums.set(name, (sums.get(name) ?? 0n) + BigInt(minor));
    }
  }
  return sums;
}
