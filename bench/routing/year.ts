/**
 * The part `year`: a simulated year, routed by a fixed order, by success, by cost, and by who knows the true rates. It measures
 * what learning brings, so its figures depend on the seed and on nothing of the machine.
 */
import { figuresOf, simulateYear } from '../../cli/routing/year/year.ts';
import type { Figure } from '../lib/report.ts';
import type { SuiteContext } from '../lib/suite.ts';
import type { Options } from './options.ts';

const PAYMENTS = 1_000_000;
/** Enough to try the bench; too few to learn from, so that goals may be missed. */
const QUICK_PAYMENTS = 50_000;

export async function measureYear(
  { progress }: Pick<SuiteContext, 'progress'>,
  { seed, quick }: Pick<Options, 'seed' | 'quick'>,
): Promise<readonly Figure[]> {
  const payments = quick ? QUICK_PAYMENTS : PAYMENTS;
  return progress.step(`a year of ${payments} payments`, async () => figuresOf(simulateYear(payments, seed)));
}
