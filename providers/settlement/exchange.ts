import { exponentOf } from '../../domain/money/currency.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { parseDecimal, roundTo } from './decimal.ts';

/** In words, where a line's own rate does not lead from its gross to its net and fees. */
export function exchangeError(row: SettlementRow, text: string): string | undefined {
  const rate = parseDecimal(text);
  if (rate === undefined) return undefined;
  const exponents = (exponentOf(row.settlementCurrency) ?? 2) - (exponentOf(row.currency) ?? 2);
  const scale = rate.scale - exponents;
  const product = rate.digits * BigInt(row.grossMinor) * (scale < 0 ? 10n ** BigInt(-scale) : 1n);
  const exchanged = roundTo({ digits: product, scale: Math.max(0, scale) }, 0);
  const off = exchanged - BigInt(row.netMinor + row.feeMinor);
  // A rate written with few decimals is itself off by half of its last one.
  const slack = 1n + BigInt(Math.abs(row.grossMinor)) / 10n ** BigInt(Math.max(0, scale));
  if (off <= slack && off >= -slack) return undefined;
  return `${row.grossMinor} ${row.currency} at ${text} is ${exchanged}, not ${row.netMinor + row.feeMinor} ${row.settlementCurrency} (minor units)`;
}
