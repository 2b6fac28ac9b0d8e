import type { RouteStep } from '../../domain/payment/payment.ts';
import type { Random } from './random.ts';

/** A model provider: the facts that its adapter declares, and how it really behaves, always within them. */
export interface Profile {
  readonly step: RouteStep;
  readonly webhookIs: 'hint' | 'evidence';
  /** `pending`: captures, voids and refunds are received at once and settled by webhook. */
  readonly modifications: 'immediate' | 'pending';
  /** A look-up by our reference doesn't see what is younger. */
  readonly indexLagMs: number;
  /** The longest that a request is worked on before it has its effect. */
  readonly slowestMs: number;
  /** How long an authorization can really be captured. */
  readonly lifetimeMs: number;
  /** A decline is an HTTP 4xx, so on a resend it proves nothing to the adapter. */
  readonly declinesAre4xx: boolean;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** Classes of reliability.md, section 5: S is A with a look-up, N is A with void by reference. */
export type ProviderClass = 'S' | 'N' | 'A' | 'B' | 'C' | 'D';

export function profileOf(kind: ProviderClass, number: number, timeScale: number, random: Random): Profile {
  const looksUp = kind === 'S' || kind === 'B';
  const replays = kind === 'S' || kind === 'N' || kind === 'A';
  const voidsByReference = kind === 'N' || kind === 'C';
  const horizonMs = (looksUp ? HOUR : 0) * timeScale;
  const lifetimeMs = 7 * DAY * timeScale;
  const immediate = kind === 'S' || kind === 'B' || (kind === 'A' && random.chance(0.5));
  return {
    step: {
      accountId: `pa_${kind}${number}`,
      provider: `${kind}${number}`,
      connectorVersion: '1',
      automaticCapture: voidsByReference || random.chance(0.2) ? 'authorize_then_capture' : 'sale',
      multipleCaptures: immediate,
      authorizationLifetimeMs: lifetimeMs,
      replaysByKey: replays,
      keyWindowMs: (kind === 'N' ? 7 * DAY : DAY) * timeScale,
      visibilityHorizonMs: horizonMs,
      canLookup: looksUp,
      canVoidByReference: voidsByReference,
      canRefund: random.chance(0.9),
    },
    webhookIs: looksUp ? 'hint' : 'evidence',
    modifications: immediate ? 'immediate' : 'pending',
    indexLagMs: Math.floor(horizonMs * random.pick([0, 1 / 60, 0.5])),
    slowestMs: Math.floor(horizonMs * 0.4),
    // A provider without a look-up tells no date; its own is the declared one at least.
    lifetimeMs: looksUp ? lifetimeMs : lifetimeMs * random.pick([1, 4]),
    declinesAre4xx: kind === 'S',
  };
}
