import { byItsRate } from '../../domain/reconciliation/exchange.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { parseDecimal } from './decimal.ts';

/** In words, where a line's own rate does not lead from its gross to its net and fees. */
export function exchangeError(row: SettlementRow, text: string): string | undefined {
  if (parseDecimal(text) === undefined) return undefined;
  const { expectedMinor, offMinor } = byItsRate(row, text);
  if (offMinor === 0n) return undefined;
  return `${row.grossMinor} ${row.currency} at ${text} is ${expectedMinor}, not ${row.netMinor + row.feeMinor} ${row.settlementCurrency} (minor units)`;
}
