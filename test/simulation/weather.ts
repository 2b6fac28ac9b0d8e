import type { Random } from './random.ts';

/**
 * What goes wrong in one schedule, and how often. Each kind of fault is away in half of the schedules, so that
 * rare ones are also met alone, and nothing goes wrong any more once the weather is calm.
 */
export const FAULTS = [
  'noConnection',
  'requestLost',
  'requestLate',
  'answerLost',
  'serverError',
  'lookupFails',
  'crashBeforeClaim',
  'crashAfterClaim',
  'crashAfterSend',
  'crashAfterAnswer',
  'freezeBeforeClaim',
  'freezeAfterClaim',
  'freezeAfterAnswer',
  'noWorker',
  'slowDatabase',
  'writeRepeated',
  'webhookLost',
  'webhookLate',
  'webhookTwice',
  'signalLost',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What happens to a whole workflow, at a random moment. */
export const UPHEAVALS = ['terminate', 'reset', 'resetFarBack', 'splitBrain'] as const;
export type Upheaval = (typeof UPHEAVALS)[number];

/** What providers, their mail and operators do to refunds at their worst. */
export const HARDSHIPS = [
  /** A refund is made after its own refusal, and the letters cross. */
  'successOvertakesRefusal',
  /** The refund that undid a late success is taken back. */
  'undoTakenBack',
  /** A hint is read while something is open: a send, whose answer says less, or another try than the one it names. */
  'hintsWhileOpen',
  /** Somebody refunds, at the provider, a late success that is being undone. */
  'outsideWhileUndoing',
  /** Somebody refunds at a provider that tells nothing but the total of what was refunded. */
  'outsideInTotals',
  /** Two tries of one refund are both made late. */
  'lateTwice',
  /** Two tries of the refund that undoes a late success are both made late. */
  'undoLateTwice',
  /** A letter about our refund names the charge, not the refund. */
  'namelessLetters',
  /** An operator sends a refund again that was made late, after its release, and then taken back. */
  'retryAfterRelease',
  /** A reset tells a refund's workflow an operator's retry again, when that has been made and taken back. */
  'retryToldAgain',
] as const;
export type Hardship = (typeof HARDSHIPS)[number];

export type Fate =
  | 'approved'
  | 'declined'
  | 'rejected'
  | 'challenge'
  | 'pending'
  | 'failsBefore'
  | 'failsAfter'
  | 'swallowed';

export interface Weather {
  readonly faults: Readonly<Record<Fault, number>>;
  readonly upheavals: readonly { readonly kind: Upheaval; readonly atMs: number }[];
  readonly calmAtMs: number;
  readonly fates: Readonly<Record<Fate, number>>;
  /** Of declined and swallowed requests: how many come to life when nobody expects it. */
  readonly lateSuccess: number;
  /** Of modifications: how many are refused, and how many of the done are taken back. */
  readonly refusals: number;
  readonly takenBack: number;
  readonly hardships: ReadonlySet<Hardship>;
  /** The furthest that any two clocks are apart. */
  readonly skewMs: number;
}

const MINUTE = 60_000;

/** `fromMs`: when there is something that can go wrong. */
export function drawWeather(
  random: Random,
  timeScale: number,
  hardships: ReadonlySet<Hardship>,
  fromMs: number,
): Weather {
  const faults = {} as Record<Fault, number>;
  const fair = random.chance(0.05);
  for (const fault of FAULTS) faults[fault] = fair || random.chance(0.5) ? 0 : random.pick([0.05, 0.2, 0.5]);
  const upheavals = Array.from({ length: random.pick([0, 0, 0, 1, 1, 2, 3]) }, () => ({
    kind: random.pick(UPHEAVALS),
    atMs: fromMs + random.magnitude(random.pick([10_000, 10 * MINUTE, 3 * 1_440 * MINUTE])),
  }));
  const usual = random.chance(0.3);
  return {
    faults,
    upheavals,
    calmAtMs: random.pick([MINUTE, 10 * MINUTE, 120 * MINUTE, 3 * 1_440 * MINUTE]),
    fates: {
      approved: random.pick([1, 5, 10]),
      declined: random.pick([0, 1, 5]),
      rejected: random.pick([0, 1]),
      challenge: usual ? 0 : random.pick([0, 1]),
      pending: usual ? 0 : random.pick([0, 1]),
      failsBefore: usual ? 0 : random.pick([0, 1, 5]),
      failsAfter: usual ? 0 : random.pick([0, 1, 5]),
      swallowed: usual ? 0 : random.pick([0, 1, 5]),
    },
    lateSuccess: random.pick(fromMs > 0 ? [0, 0.2, 0.8] : [0, 0, 0.1, 0.5]),
    refusals: random.pick([0, 0, 0.05, 0.3]),
    hardships,
    takenBack: random.pick(fromMs > 0 ? [0, 0.05, 0.2] : [0, 0, 0, 0.1]),
    // The claim's allowance of 2 s is what a provider without a horizon has for clocks that disagree.
    skewMs: random.pick([0, 500, timeScale === 1 ? 2_000 : 1_000]),
  };
}
