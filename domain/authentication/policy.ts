import type { StatedFacts } from '../routing/stated.ts';
import type { AuthenticationRequest, ChallengeRequest, Exemption } from './authentication.ts';
import type { AuthenticationRules } from './rules.ts';

/** What the merchant says of a payment's authentication and of the card that is kept, as the order carries it. */
export interface AuthenticationWish {
  /** What the merchant asks for. */
  readonly threeDs?: { readonly request?: ChallengeRequest; readonly exemption?: Exemption };
  /** The merchant's own signal of risk. */
  readonly risk?: 'normal' | 'elevated' | 'highest';
  /** The payer is not there: a merchant-initiated payment, by a mandate of the payment method. */
  readonly offSession?: boolean;
  /** The card is to be kept for later merchant-initiated payments (first payment), or is charged by that consent. */
  readonly usage?: 'recurring' | 'unscheduled';
  /** What a policy may ask about, beside. */
  readonly stated?: StatedFacts;
}

export interface AuthenticationQuestion {
  readonly amountMinor: number;
  readonly currency: string;
  /** The issuer's country, where it is known. */
  readonly country?: string;
  /** What the merchant asks for this payment. */
  readonly asked?: ChallengeRequest;
  readonly exemption?: Exemption;
  readonly risk?: 'normal' | 'elevated' | 'highest';
  /** The payer is not there: nobody can be challenged. */
  readonly offSession: boolean;
  /** The card is kept with this payment, to be charged later without the payer: their consent takes SCA. */
  readonly keepsCard?: boolean;
  readonly rules: AuthenticationRules;
  /** What the routing policy requires, by the names of its requirements. */
  readonly required?: readonly {
    readonly name: string;
    readonly request: Exclude<ChallengeRequest, 'automatic'>;
  }[];
}

export interface PlannedAuthentication {
  readonly asked: AuthenticationRequest;
  /** The rules that spoke, in the order in which they were asked. */
  readonly reasons: readonly string[];
  readonly offSession: boolean;
}

/**
 * RTS on SCA, article 16: remote payments of up to EUR 30. In other currencies what the schemes publish as its
 * equivalent; a currency that is not here has none.
 */
const LOW_VALUE_UP_TO_MINOR: Readonly<Record<string, number>> = { EUR: 3_000, GBP: 2_500 };

const STRENGTH: Readonly<Record<ChallengeRequest, number>> = { automatic: 0, any: 1, challenge: 2 };

/** Which authentication a payment is sent with, and why. The strongest rule wins; a challenge claims no exemption. */
export function planAuthentication(question: AuthenticationQuestion): PlannedAuthentication {
  const { offSession } = question;
  if (offSession) {
    const asked = { request: 'automatic', exemption: 'merchant_initiated' } as const;
    return { asked, reasons: ['off_session'], offSession };
  }
  const demands = demandsOf(question);
  const request = demands.reduce<ChallengeRequest>(
    (strongest, [, each]) => (STRENGTH[each] > STRENGTH[strongest] ? each : strongest),
    'automatic',
  );
  const reasons = demands.filter(([, each]) => each === request).map(([reason]) => reason);
  const exemption = request === 'automatic' ? exemptionOf(question) : undefined;
  if (exemption === undefined) return { asked: { request }, reasons, offSession };
  return { asked: { request, exemption: exemption[1] }, reasons: [...reasons, exemption[0]], offSession };
}

type Reasoned<T> = readonly [reason: string, value: T];

function demandsOf({
  amountMinor,
  currency,
  country,
  asked,
  risk,
  keepsCard,
  rules,
  required = [],
}: AuthenticationQuestion): readonly Reasoned<ChallengeRequest>[] {
  const demands: Reasoned<ChallengeRequest>[] = [];
  if (asked !== undefined && asked !== 'automatic') demands.push(['requested_by_merchant', asked]);
  const fromMinor = rules.challengeFromMinor?.[currency];
  if (fromMinor !== undefined && amountMinor >= fromMinor) demands.push(['amount', 'challenge']);
  if (country !== undefined && rules.challengeCountries?.includes(country) === true)
    demands.push(['region', 'challenge']);
  if (country !== undefined && rules.authenticateCountries?.includes(country) === true)
    demands.push(['region', 'any']);
  if (keepsCard === true) demands.push(['card_is_kept', 'any']);
  if (risk === 'highest') demands.push(['risk', 'challenge']);
  if (risk === 'elevated') demands.push(['risk', 'any']);
  demands.push(...required.map(({ name, request }) => [`policy:${name}`, request] as const));
  return demands;
}

function exemptionOf(question: AuthenticationQuestion): Reasoned<Exemption> | undefined {
  const { amountMinor, currency, rules, exemption } = question;
  if (exemption !== undefined) return ['exemption_requested_by_merchant', exemption];
  const lowUpTo = LOW_VALUE_UP_TO_MINOR[currency];
  if (rules.claimLowValue === true && lowUpTo !== undefined && amountMinor <= lowUpTo)
    return ['low_value_rule', 'low_value'];
  const analysedUpTo = rules.claimRiskAnalysisUpToMinor?.[currency];
  if (analysedUpTo !== undefined && amountMinor <= analysedUpTo)
    return ['risk_analysis_rule', 'transaction_risk_analysis'];
  return undefined;
}

/** After a soft decline: the same payment once more, with the payer challenged. */
export function steppedUp(planned: PlannedAuthentication): PlannedAuthentication {
  return { ...planned, asked: { request: 'challenge' }, reasons: ['soft_decline'] };
}
