/**
 * A routing policy held against the past: each payment's stored inputs are decided once more, and what would have gone
 * elsewhere is valued with the estimates as they stood then. What it can't know is said in docs/routing-backtests.md.
 */
export {
  type Elsewhere,
  effectiveSamples,
  type Judged,
  judgePayment,
  posteriorDeviation,
  type Side,
} from './judge.ts';
export { type PastPayment, SKIP_REASONS, type SkipReason } from './past.ts';
export {
  type BacktestResult,
  type CurrencyCost,
  type Interval,
  type ProviderPair,
  resultOf,
} from './result.ts';
export { countPayment, emptyTally, type Tally, tallySchema } from './tally.ts';
