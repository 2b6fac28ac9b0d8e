// EMV 3-D Secure as issuers and directory servers speak it: what an authentication came to, in its own codes.
import { randomUUID } from 'node:crypto';
import type { Brand } from '../test-values.ts';

/** Y authenticated, A attempted, N not, R rejected, U unavailable, C challenge required, I informational. */
export type TransStatus = 'Y' | 'A' | 'N' | 'R' | 'U' | 'C' | 'I';

/** What the journal, the providers' objects and the admin server say of an authentication. */
export interface Authentication {
  flow: 'frictionless' | 'challenge' | null;
  transStatus: TransStatus;
  transStatusReason?: string;
  challengeCancel?: string;
  eci: string;
  version: string;
  dsTransactionId: string;
  liabilityShift: boolean;
  /** The exemption that the issuer accepted, in the provider's own word. */
  exemption?: string;
}

export const VERSION = '2.2.0';

/** Authenticated, attempted, neither: Mastercard counts differently from everybody else. */
function eciOf(brand: Brand, status: TransStatus): string {
  const [full, attempt, none] = brand === 'mastercard' ? ['02', '01', '00'] : ['05', '06', '07'];
  // Mastercard has a code of its own for an exemption that was granted.
  if (status === 'I') return brand === 'mastercard' ? '06' : '07';
  return { Y: full, A: attempt }[status as 'Y' | 'A'] ?? none ?? '07';
}

// transStatusReason: 01 card authentication failed, 11 suspected fraud, 14 timed out, 22 the ACS's trouble.
const REASONS: Partial<Record<TransStatus, string>> = { N: '01', R: '11', U: '22' };

export interface AuthenticationDetails {
  flow?: Authentication['flow'];
  transStatusReason?: string | undefined;
  challengeCancel?: string | undefined;
  exemption?: string;
  dsTransactionId?: string;
}

export function authentication(
  brand: Brand,
  transStatus: TransStatus,
  details: AuthenticationDetails = {},
): Authentication {
  const { challengeCancel, exemption, dsTransactionId = randomUUID() } = details;
  const reason =
    details.transStatusReason ?? (challengeCancel === undefined ? REASONS[transStatus] : undefined);
  const silent = transStatus === 'U' || transStatus === 'I';
  return {
    flow: details.flow ?? (silent ? null : 'frictionless'),
    transStatus,
    ...(reason === undefined ? {} : { transStatusReason: reason }),
    ...(challengeCancel === undefined ? {} : { challengeCancel }),
    eci: eciOf(brand, transStatus),
    version: VERSION,
    dsTransactionId,
    liabilityShift: transStatus === 'Y' || transStatus === 'A',
    ...(exemption === undefined ? {} : { exemption }),
  };
}

/** Whether the payment may go on to its authorization: R and N end it, and only Y and A shift liability. */
export function mayAuthorize({ transStatus }: Authentication): boolean {
  return transStatus !== 'N' && transStatus !== 'R' && transStatus !== 'C';
}

/** What may come of a challenge, and the issuer's word (RReq) for it. */
export type ChallengeOutcome = 'approved' | 'failed' | 'canceled' | 'timed_out' | 'never_shown';

const RESULTS: Readonly<Record<ChallengeOutcome, readonly [TransStatus, AuthenticationDetails]>> = {
  approved: ['Y', {}],
  failed: ['N', {}],
  canceled: ['N', { challengeCancel: '01' }],
  // EMV 3DS 2.2.0, requirements 226 and 227: ten minutes after the last interface was shown.
  timed_out: ['N', { transStatusReason: '14' }],
  // Requirements 219 to 222: the first CReq did not come within 30 seconds of the ARes.
  never_shown: ['N', { transStatusReason: '14', challengeCancel: '05' }],
};

export function resultOf(brand: Brand, outcome: ChallengeOutcome, dsTransactionId: string): Authentication {
  const [transStatus, details] = RESULTS[outcome];
  return authentication(brand, transStatus, { ...details, flow: 'challenge', dsTransactionId });
}
