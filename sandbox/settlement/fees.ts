// What each simulator charges. The schedules are documented in sandbox/README.md: a contract to check against.
import { divideHalfUp, exchange, referenceRate, sum } from './money.ts';

/** The parts in which files show fees; `fee` where they show one sum. Positive where they cost. */
export type FeePart = 'fee' | 'commission' | 'markup' | 'scheme' | 'interchange';
export type Fees = Readonly<Partial<Record<FeePart, bigint>>>;

/** The fees of a line that settles `settledMinor` in `currency`; both signs of a line cost the same. */
export type FeeSchedule = (kind: string, settledMinor: bigint, currency: string) => Fees;

export function feeTotal(fees: Fees): bigint {
  return sum(Object.values(fees));
}

function share(amountMinor: bigint, millionths: bigint): bigint {
  return divideHalfUp((amountMinor < 0n ? -amountMinor : amountMinor) * millionths, 1_000_000n);
}

/** 2.9% and 30 minor units a charge; 15.00 a dispute; refunds are free, and give no fee back. */
export const stripeFees: FeeSchedule = (kind, settledMinor) => {
  if (kind === 'capture') return { fee: share(settledMinor, 29_000n) + 30n };
  if (kind === 'chargeback') return { fee: 1_500n };
  return {};
};

/**
 * 0.4% and 10 minor units of processing, 0.12% scheme and 0.3% interchange a capture; a chargeback costs 15.00 of
 * processing; refunds are free, and give no fee back.
 */
export const checkoutFees: FeeSchedule = (kind, settledMinor) => {
  if (kind === 'chargeback' || kind === 'second_chargeback') return { commission: 1_500n };
  if (kind !== 'capture') return {};
  const processing = share(settledMinor, 4_000n) + 10n;
  return {
    commission: processing,
    scheme: share(settledMinor, 1_200n),
    interchange: share(settledMinor, 3_000n),
  };
};

const PROCESSING_EURO_CENTS = 13n;

/** €0.13 in the settlement currency; 13 minor units where the sandbox has no rate. */
function processingFee(currency: string): bigint {
  const rate = referenceRate('EUR', currency);
  return rate === undefined ? PROCESSING_EURO_CENTS : exchange(PROCESSING_EURO_CENTS, 'EUR', currency, rate);
}

/**
 * €0.13 commission and 0.6% a capture: 0.3% interchange, 0.12% scheme, the rest is markup, so that the parts
 * always add up to the rounded 0.6%. A chargeback costs 2.00 of markup; refunds are free.
 */
export const adyenFees: FeeSchedule = (kind, settledMinor, currency) => {
  if (kind === 'chargeback' || kind === 'second_chargeback') return { markup: 200n };
  if (kind !== 'capture') return {};
  const whole = share(settledMinor, 6_000n);
  const interchange = share(settledMinor, 3_000n);
  const scheme = share(settledMinor, 1_200n);
  return { commission: processingFee(currency), markup: whole - interchange - scheme, scheme, interchange };
};
