// What issuers do about authentication. The sandbox's own test cards stand here: they behave alike at every
// provider, so that a payment may be routed anywhere. Published cards are in each provider's folder.
import type { TransStatus } from './emv.ts';

export interface Issuer {
  /** `always`: the provider's own rules ask for 3DS. `on_request`: only the merchant's request does. */
  threeDs: 'always' | 'on_request' | 'unsupported';
  /** What the access control server answers at first (ARes). */
  ares: TransStatus;
  /** Where a challenge is demanded, a card that would pass without friction is challenged. */
  challengeable?: true;
  /** The answer comes only once the cardholder's browser has been to the provider's page. */
  browserFirst?: true;
  /** Refuses an authorization that comes without authentication, or with an exemption. */
  softDecline?: true;
  /** The provider itself claims a low risk, and the issuer accepts. */
  lowRisk?: true;
  /** Needs no challenge once the first payment was authenticated and this one names it. */
  unlessSetUp?: true;
}

/** Any card without a row: 3DS is tried where it is asked for, and the scheme stands in for the issuer. */
export const NOT_ENROLLED: Issuer = { threeDs: 'on_request', ares: 'A' };
export const CHALLENGED: Issuer = { threeDs: 'always', ares: 'C' };

const OWN: readonly (readonly [visa: string, mastercard: string, issuer: Issuer])[] = [
  ['4000000003000017', '5200000003000012', { threeDs: 'on_request', ares: 'Y', challengeable: true }],
  ['4000000003000025', '5200000003000020', { threeDs: 'always', ares: 'A' }],
  ['4000000003000033', '5200000003000038', { threeDs: 'always', ares: 'R' }],
  ['4000000003000041', '5200000003000046', { threeDs: 'always', ares: 'U' }],
  ['4000000003000058', '5200000003000053', { threeDs: 'on_request', ares: 'C', softDecline: true }],
  ['4000000003000066', '5200000003000061', { threeDs: 'always', ares: 'N' }],
  ['4000000003000074', '5200000003000079', { ...NOT_ENROLLED, lowRisk: true }],
  ['4000000003000082', '5200000003000087', CHALLENGED],
  ['4000000003000090', '5200000003000095', { threeDs: 'always', ares: 'Y', browserFirst: true }],
];

const BY_NUMBER = new Map(
  OWN.flatMap(([visa, mastercard, issuer]) => [
    [visa, issuer],
    [mastercard, issuer],
  ]),
);

export function ownCard(number: string): Issuer | undefined {
  return BY_NUMBER.get(number);
}

export interface ThreeDsQuestion {
  issuer: Issuer;
  asked: 'automatic' | 'any' | 'challenge';
}

/** What 3DS comes to at first: undefined where it isn't tried. */
export function firstAnswer({ issuer, asked }: ThreeDsQuestion): TransStatus | undefined {
  if (issuer.threeDs === 'unsupported') return undefined;
  if (issuer.threeDs === 'on_request' && asked === 'automatic') return undefined;
  return asked === 'challenge' && issuer.challengeable === true ? 'C' : issuer.ares;
}
