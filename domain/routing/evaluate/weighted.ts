import type { CandidateInputs } from '../decision.ts';
import type { FeeEstimate } from '../fees/index.ts';
import { expectedPpm } from '../learning/index.ts';
import type { Choice } from '../policy/index.ts';
import { type CandidateNumbers, feeOf, type Question, type Ranking } from './numbers.ts';

const PPM = 1_000_000;

/** One account by everything that a composition may weigh. What isn't known of it is undefined. */
interface Measured {
  readonly candidate: CandidateInputs;
  readonly success: number;
  readonly fee: FeeEstimate | undefined;
  readonly latencyMs: number | undefined;
  readonly valueMinor: number | undefined;
}

/**
 * A weighted mean of scores, each a share of the best one there is (1,000,000): success by success, cost by the lowest
 * fee over its own, latency likewise, value by expected value. Shares of the best, and not of the range between best
 * and worst, so that a tenth of a point doesn't decide because nothing else differs, and nobody's place depends on a
 * third that was added. Whole numbers throughout: the order is the same on every machine.
 */
export function weightedOrder(
  choice: Extract<Choice, { weighted: unknown }>,
  { listed, inputs, catalogue }: Question,
): Ranking {
  const { success = 0, cost = 0, latency = 0, value = 0 } = choice.weighted;
  const measured = listed.map((candidate): Measured => {
    const fee = feeOf(candidate, inputs, catalogue);
    return {
      candidate,
      success: expectedPpm(candidate),
      fee,
      latencyMs: candidate.health.latencyP95Ms,
      valueMinor: expectedValue(candidate, fee, inputs.facts.amountMinor, choice.margin_percent),
    };
  });
  const bestSuccess = Math.max(0, ...measured.map((each) => each.success));
  const lowestFee = least(measured.map(({ fee }) => fee?.totalMinor));
  const lowestLatency = least(measured.map(({ latencyMs }) => latencyMs));
  const bestValue = Math.max(0, ...measured.map(({ valueMinor }) => valueMinor ?? 0));
  const scored = measured.map((each) => ({
    ...each,
    score: mean([
      [success, shareOf(each.success, bestSuccess)],
      [cost, inverseShare(lowestFee, each.fee?.totalMinor)],
      [latency, inverseShare(lowestLatency, each.latencyMs)],
      [value, shareOf(Math.max(0, each.valueMinor ?? 0), bestValue)],
    ]),
  }));
  const sorted = scored.toSorted((a, b) => b.score - a.score || (b.valueMinor ?? 0) - (a.valueMinor ?? 0));
  return {
    order: sorted.map(({ candidate }) => candidate),
    because: `its weighted score is the highest, ${sorted[0]?.score ?? 0} of ${PPM}`,
    numbers: new Map(sorted.map((each) => [each.candidate.accountId, numbersOf(each)])),
  };
}

function numbersOf({ score, fee, valueMinor }: Measured & { readonly score: number }): CandidateNumbers {
  return {
    score,
    ...(fee === undefined ? {} : { fee }),
    ...(valueMinor === undefined ? {} : { expectedValueMinor: valueMinor }),
  };
}

/** What the payment is expected to earn the merchant: how likely it is, times the margin, less the fee. Halves up. */
function expectedValue(
  candidate: CandidateInputs,
  fee: FeeEstimate | undefined,
  amountMinor: number,
  marginPercent: number | undefined,
): number | undefined {
  if (marginPercent === undefined || fee === undefined) return undefined;
  const margin = BigInt(amountMinor) * BigInt(Math.round(marginPercent * 10_000));
  const earned = margin * BigInt(expectedPpm(candidate));
  const scale = BigInt(PPM) * BigInt(PPM);
  return Number((2n * earned + scale) / (2n * scale)) - fee.totalMinor;
}

function mean(parts: readonly (readonly [weight: number, score: number])[]): number {
  const total = parts.reduce((sum, [weight]) => sum + weight, 0);
  const sum = parts.reduce((each, [weight, score]) => each + weight * score, 0);
  return total === 0 ? 0 : Math.round(sum / total);
}

function shareOf(value: number, best: number): number {
  return best === 0 ? PPM : Number((BigInt(value) * BigInt(PPM)) / BigInt(best));
}

/** Half the best for what isn't known: neither a reason for it nor a bar. */
function inverseShare(lowest: number | undefined, value: number | undefined): number {
  if (value === undefined || lowest === undefined) return PPM / 2;
  return value <= lowest
    ? PPM
    : Number((BigInt(Math.round(lowest)) * BigInt(PPM)) / BigInt(Math.round(value)));
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
