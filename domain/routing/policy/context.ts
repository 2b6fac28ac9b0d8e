import type { Context } from '@marcbachmann/cel-js';
import type { RoutingFacts } from '../facts.ts';
import { Known } from './cel.ts';
import { OPTIONAL_NAMES } from './variables.ts';

const DAY_MS = 86_400_000;

/**
 * The facts as conditions see them, made once a decision and clock. Whole numbers are bigint to CEL. What isn't known is not
 * there at all: guards (certain.ts) keep every comparison from asking for it.
 */
export function contextOf(facts: RoutingFacts, clock: Clock): Context {
  const { customer, riskScore } = facts;
  const values: Record<string, unknown> = {
    amount: BigInt(facts.amountMinor),
    currency: facts.currency,
    method: facts.method,
    merchant: facts.merchantId,
    risk: facts.risk,
    merchant_initiated: facts.merchantInitiated,
    recurring: facts.recurring,
    // A map has no inherited keys, whatever a payment calls its own.
    metadata: new Map(Object.entries(facts.metadata)),
    buyer_country: facts.buyerCountry,
    issuer_country: facts.issuerCountry,
    brand: facts.brand,
    funding: facts.funding,
    bin: facts.bin,
    merchant_category: facts.merchantCategory,
    merchant_country: facts.merchantCountry,
    channel: facts.channel,
    risk_score: riskScore === undefined ? undefined : BigInt(riskScore),
    customer_payments_succeeded: customer && BigInt(customer.paymentsSucceeded),
    customer_payments_failed: customer && BigInt(customer.paymentsFailed),
    customer_days: customer && BigInt(Math.max(0, Math.floor((facts.atMs - customer.firstSeenMs) / DAY_MS))),
    ...clock(facts.atMs),
  };
  const known = new Known();
  for (const name of OPTIONAL_NAMES) known[name] = values[name] !== undefined;
  values.known = known;
  return values;
}

/** A decision's facts by the clocks that its conditions are read with: one context each, made when it is first asked for. */
export function contextsOf(facts: RoutingFacts): (clock: Clock) => Context {
  const made = new Map<Clock, Context>();
  return (clock) => {
    const known = made.get(clock);
    if (known !== undefined) return known;
    const context = contextOf(facts, clock);
    made.set(clock, context);
    return context;
  };
}

/** The hour and the day of the week at an instant, as a time zone has them; 1 is Monday. */
export type Clock = (atMs: number) => { readonly hour: bigint; readonly weekday: bigint };

const HOUR_MS = 3_600_000;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

export function clockFor(timeZone: string): Clock {
  if (timeZone === 'UTC') return utcClock;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    hourCycle: 'h23',
  });
  // Formatting costs microseconds, and time zones change by quarters of an hour: the last one is kept.
  let quarter = Number.NaN;
  let kept: ReturnType<Clock> = utcClock(0);
  return (atMs) => {
    const asked = Math.floor(atMs / (HOUR_MS / 4));
    if (asked === quarter) return kept;
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const weekday = WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1;
    kept = { hour: BigInt(parts.get('hour') ?? 0), weekday: BigInt(weekday) };
    quarter = asked;
    return kept;
  };
}

/** 1 January 1970 was a Thursday. */
const utcClock: Clock = (atMs) => ({
  hour: BigInt(Math.floor((((atMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS)),
  weekday: BigInt(((((Math.floor(atMs / DAY_MS) + 3) % 7) + 7) % 7) + 1),
});
