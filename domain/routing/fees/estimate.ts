import { AssertionFailure } from '../../machine.ts';
import type { RoutingFacts } from '../facts.ts';
import { convertMinor, dividedHalvesUp } from './rates.ts';
import type { CardRegion, FeeSchedule, OwnLine, PriceLine, ReferenceRates } from './schedule.ts';

/** What a fee depends on. An unknown country counts as abroad, unknown funding as credit: the dearer guess. */
export type FeeFacts = Pick<
  RoutingFacts,
  'amountMinor' | 'currency' | 'brand' | 'funding' | 'issuerCountry' | 'buyerCountry'
> & {
  /** Processed this month so far, minor units of the schedule's currency; else what the schedule expects. */
  readonly monthlyVolumeMinor?: number;
};

export type FeePartKind = 'percentage' | 'fixed' | 'interchange' | 'scheme' | 'markup' | 'fx';

export interface FeePart {
  readonly kind: FeePartKind;
  /** Minor units of the payment's currency. */
  readonly amountMinor: number;
}

export interface FeeEstimate {
  readonly totalMinor: number;
  /** They sum to the total: each is rounded by itself, halves up. Parts of nothing are left out. */
  readonly parts: readonly FeePart[];
}

const PPM = 1_000_000n;

/** What a sale of this amount is expected to cost at this account. Throws `UnknownRate` where it can't be said. */
export function estimateFee(schedule: FeeSchedule, facts: FeeFacts, rates: ReferenceRates): FeeEstimate {
  const region = regionOf(schedule, facts);
  const own = schedule.own.find((line) => matches(line, facts, region));
  if (own === undefined) throw new AssertionFailure('the last line of a fee schedule matches every card');
  const parts = [
    ...ownParts(schedule, own, facts, rates),
    ...(own.model === 'blended' ? [] : passedOn(schedule, facts, region, rates)),
    ...exchangePart(schedule, facts),
  ].filter(({ amount }) => amount > 0n);
  const total = parts.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    totalMinor: Number(total),
    parts: parts.map(({ kind, amount }) => ({ kind, amountMinor: Number(amount) })),
  };
}

interface Part {
  readonly kind: FeePartKind;
  readonly amount: bigint;
}

function ownParts(schedule: FeeSchedule, own: OwnLine, facts: FeeFacts, rates: ReferenceRates): Part[] {
  const discount = discountOf(schedule, facts.monthlyVolumeMinor ?? schedule.expectedMonthlyMinor);
  const kind = own.model === 'blended' ? 'percentage' : 'markup';
  return [
    { kind, amount: share(facts.amountMinor, Math.max(0, own.ppm - discount)) },
    { kind: 'fixed', amount: fixedOf(own, schedule, facts.currency, rates) },
  ];
}

/** What the issuer and the scheme take, handed on as it is. */
function passedOn(
  schedule: FeeSchedule,
  facts: FeeFacts,
  region: CardRegion,
  rates: ReferenceRates,
): readonly Part[] {
  return (['interchange', 'scheme'] as const).map((kind) => {
    const line = schedule[kind].find((each) => matches(each, facts, region));
    if (line === undefined) return { kind, amount: 0n };
    const fixed = fixedOf(line, schedule, facts.currency, rates);
    return { kind, amount: share(facts.amountMinor, line.ppm) + fixed };
  });
}

function exchangePart(schedule: FeeSchedule, { amountMinor, currency }: FeeFacts): readonly Part[] {
  if (schedule.settles.includes(currency)) return [];
  return [{ kind: 'fx', amount: share(amountMinor, schedule.fxMarginPpm) }];
}

function share(amountMinor: number, ppm: number): bigint {
  return dividedHalvesUp(BigInt(amountMinor) * BigInt(ppm), PPM);
}

function fixedOf(line: PriceLine, schedule: FeeSchedule, currency: string, rates: ReferenceRates): bigint {
  const quoted = line.fixed?.[currency];
  if (quoted !== undefined) return BigInt(quoted);
  const own = line.fixed?.[schedule.currency];
  return own === undefined ? 0n : convertMinor(BigInt(own), schedule.currency, currency, rates);
}

/** The highest tier that the volume has reached; the order in which tiers are written doesn't matter. */
function discountOf(schedule: FeeSchedule, monthlyMinor: number): number {
  const reached = schedule.tiers.filter(({ fromMonthlyMinor }) => fromMonthlyMinor <= monthlyMinor);
  return reached.reduce((best, tier) => (tier.fromMonthlyMinor >= best.fromMonthlyMinor ? tier : best), {
    fromMonthlyMinor: -1,
    discountPpm: 0,
  }).discountPpm;
}

function regionOf(schedule: FeeSchedule, facts: FeeFacts): CardRegion {
  const country = facts.issuerCountry ?? facts.buyerCountry;
  if (country === schedule.establishedIn) return 'domestic';
  return country !== undefined && schedule.regionalCountries.includes(country) ? 'regional' : 'international';
}

function matches({ when }: PriceLine, facts: FeeFacts, region: CardRegion): boolean {
  if (when === undefined) return true;
  const { brands, funding, regions, currencies } = when;
  return (
    (brands === undefined || (facts.brand !== undefined && brands.includes(facts.brand))) &&
    (funding === undefined || funding.includes(facts.funding ?? 'credit')) &&
    (regions === undefined || regions.includes(region)) &&
    (currencies === undefined || currencies.includes(facts.currency))
  );
}
