// The simulator's own books, to compare a ledger with: what was executed, what its files have settled, and what
// is still to come. All signed minor units.
import type { Kernel } from '../kernel.ts';
import { unsettled } from './close.ts';
import { addTotals, type EffectLine, lineOf, movesMoney, type Totals, totalsOf } from './lines.ts';
import type { Settler } from './settler.ts';
import { closedDays } from './store.ts';

type ByCurrency = Record<string, Totals>;

export interface SettlementJournal {
  /** By processing currency and without fees: everything that ever moved money, in files or not. */
  executed: ByCurrency;
  /** By settlement currency: every line of every file, payouts too. `net` is 0 unless a payout is wrong. */
  settled: ByCurrency;
  /** By processing currency: what the next file will hold. */
  unsettled: ByCurrency;
  /** By processing currency: what was left out on purpose, for good. */
  withheld: ByCurrency;
}

export function settlementJournal(kernel: Kernel, settler: Settler): SettlementJournal {
  const days = kernel.store.values(closedDays);
  const withheld = new Set(days.flatMap((day) => day.withheld));
  const effects = kernel.log().filter(movesMoney);
  const { account, identify } = settler;
  const rules = { account, identify, fees: () => ({}), exchanges: {} };
  const grossOf = (lines: readonly EffectLine[]) => totalsOf(lines.map((line) => lineOf(line, rules)));
  return {
    executed: grossOf(effects),
    settled: addTotals(days.map((day) => day.totals)),
    unsettled: grossOf(unsettled(kernel)),
    withheld: grossOf(effects.filter((line) => withheld.has(line.seq))),
  };
}
