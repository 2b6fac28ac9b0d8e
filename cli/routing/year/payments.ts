import { normalDraw } from '../../../domain/routing/learning/draw.ts';
import { derivedDraw } from '../../../domain/routing/learning/index.ts';
import { DAY_MS, DAYS, YEAR_START_MS } from './calendar.ts';
import { BRANDS, COUNTRIES } from './people.ts';

export interface YearPayment {
  readonly index: number;
  readonly atMs: number;
  /** Index into the world's kinds: country and brand. */
  readonly kind: number;
  readonly amountMinor: number;
  /** The recorded draw that routing strategies use. */
  readonly draw: number;
}

const AMOUNT_SPREAD = 0.8;

/** Payments one after another, more by day than by night, from the seed alone. */
export function* paymentsOf(seed: number, count: number): Generator<YearPayment> {
  const meanGapMs = (DAYS * DAY_MS) / count;
  let atMs = YEAR_START_MS;
  for (let index = 0; index < count; index += 1) {
    const draw = derivedDraw(seed, `payment/${index}`);
    const hours = (atMs % DAY_MS) / 3_600_000;
    // Three times as many at 18:00 UTC as at 06:00.
    const busy = 1 + 0.5 * Math.sin(((hours - 12) / 12) * Math.PI);
    const jitter = 0.5 + uniform(draw, 'gap');
    atMs = Math.min(END_MS - 1, atMs + (meanGapMs * jitter) / busy);
    const country = pick(COUNTRIES, uniform(draw, 'country'));
    const brand = pick(BRANDS, uniform(draw, 'brand'));
    const { medianMinor = 1 } = COUNTRIES[country] ?? {};
    const amountMinor = Math.round(medianMinor * Math.exp(AMOUNT_SPREAD * normalDraw(draw, 'amount')));
    yield { index, atMs: Math.floor(atMs), kind: country * BRANDS.length + brand, amountMinor, draw };
  }
}

const END_MS = YEAR_START_MS + DAYS * DAY_MS;

/** The payer's luck at the first attempt, the second...: the same whoever is asked, so that strategies meet the same year. */
export function luckOf({ draw }: YearPayment, attempt: number, about: string): number {
  return uniform(draw, `luck/${attempt}/${about}`);
}

function uniform(draw: number, word: string): number {
  return derivedDraw(draw, word) / 0x1_0000_0000;
}

function pick(from: readonly { readonly share: number }[], luck: number): number {
  let rest = luck;
  const index = from.findIndex(({ share }) => {
    rest -= share;
    return rest < 0;
  });
  return index === -1 ? from.length - 1 : index;
}
