import { formatCount, formatCounted, type Tone } from '../../kit/index.ts';
import type { Backtest } from './backtests.tsx';
import { pointsText } from './parts.tsx';

type Progress = Backtest['progress'];
type Result = NonNullable<Backtest['result']>;
type Cost = Result['costs'][number];

/** How much of it is done, from 0 to 1; undefined where nobody knows of how much. */
export function shareRead({ read, total, at_least: isAtLeast }: Progress): number | undefined {
  if (isAtLeast) return undefined;
  return total === 0 ? 1 : Math.min(1, read / total);
}

/** How many payments were read, of how many. */
export function readText({ read, total, at_least: isAtLeast }: Progress): string {
  return `${formatCount(read)} of ${isAtLeast ? 'at least ' : ''}${formatCounted(total, 'payment')}`;
}

/** What it found, with how sure that is; where nothing was compared, that nothing was found. */
export function verdictOf(success: Result['success']): {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
} {
  if (success === null)
    return {
      tone: 'info',
      title: 'No payment could be compared.',
      text: 'Nothing is known of how success or cost would change.',
    };
  const { low, high, expected } = success.change_ppm;
  const isSure = low > 0 || high < 0;
  const unsure = isSure ? '' : ' That holds nothing at all, too: these payments cannot tell the two apart.';
  return {
    tone: isSure ? (expected > 0 ? 'good' : 'bad') : 'info',
    title: `Success would change by ${pointsText(expected)} percentage points.`,
    text: `In 95 of 100 cases between ${pointsText(low)} and ${pointsText(high)}.${unsure}`,
  };
}

/** Not one payment of this currency had a fee on both sides: its sums are of nothing, and no zeros. */
export function isUnpriced(cost: Pick<Cost, 'unpriced' | 'actual_rate_ppm' | 'draft_rate_ppm'>): boolean {
  return cost.unpriced > 0 && cost.actual_rate_ppm === null && cost.draft_rate_ppm === null;
}
