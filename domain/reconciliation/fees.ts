import type { LineFacts } from './comparison.ts';
import type { FeeKind, RowType } from './row.ts';

/**
 * What was agreed with the provider, as `provider_account.settings.fees` has it. The rules of a line's type and
 * settlement currency are added up; where there is none, its fee is not judged.
 */
export type FeeContract = readonly FeeRule[];

export interface FeeRule {
  readonly on: RowType;
  /** Of the settlement; the fixed part is in it too. */
  readonly currency: string;
  readonly kind: FeeKind;
  /** Of the gross amount in the settlement currency (net and fee together), rounded half up. May be negative: given back. */
  readonly bps: number;
  readonly fixedMinor: number;
}

export interface ExpectedFee {
  readonly totalMinor: number;
  readonly byKind: ReadonlyMap<FeeKind, number>;
}

/** In SQL: sum over the rules of `div(abs(net + fee) * bps + 5000, 10000) + fixed`, with the sign of `bps` apart. */
export function expectedFee(contract: FeeContract | undefined, line: LineFacts): ExpectedFee | undefined {
  const rules = contract?.filter(
    ({ on, currency }) => on === line.type && currency === line.settlementCurrency,
  );
  if (rules === undefined || rules.length === 0) return undefined;
  const base = BigInt(Math.abs(line.netMinor + line.feeMinor));
  const byKind = new Map<FeeKind, number>();
  for (const { kind, bps, fixedMinor } of rules) {
    const share = Number((base * BigInt(Math.abs(bps)) + 5_000n) / 10_000n) * Math.sign(bps);
    byKind.set(kind, (byKind.get(kind) ?? 0) + share + fixedMinor);
  }
  return { totalMinor: [...byKind.values()].reduce((sum, each) => sum + each, 0), byKind };
}

export interface FeeDifference {
  /** Absent: the fee as a whole, because one side does not tell its parts apart. */
  readonly kind?: FeeKind;
  readonly expectedMinor: number;
  /** Positive: more was taken than agreed. */
  readonly differenceMinor: number;
}

/** Where the line's fees are not the contract's: by kind where both sides tell the kinds apart. */
export function feeDifferences(contract: FeeContract | undefined, line: LineFacts): readonly FeeDifference[] {
  const expected = expectedFee(contract, line);
  if (expected === undefined || expected.totalMinor === line.feeMinor) return [];
  const actual = new Map<FeeKind, number>();
  for (const { kind, amountMinor } of line.fees) actual.set(kind, (actual.get(kind) ?? 0) + amountMinor);
  const told = [...actual.values()].reduce((sum, each) => sum + each, 0) === line.feeMinor;
  const comparable = told && [...actual].every(([kind, amount]) => amount === 0 || expected.byKind.has(kind));
  if (!comparable) {
    return [{ expectedMinor: expected.totalMinor, differenceMinor: line.feeMinor - expected.totalMinor }];
  }
  return [...expected.byKind].flatMap(([kind, expectedMinor]) => {
    const differenceMinor = (actual.get(kind) ?? 0) - expectedMinor;
    return differenceMinor === 0 ? [] : [{ kind, expectedMinor, differenceMinor }];
  });
}
