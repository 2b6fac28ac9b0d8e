import type { AuthenticationStatus } from './states.ts';

/**
 * EMV 3-D Secure as Interlock speaks of it. The provider runs the protocol; what it tells of it is kept
 * verbatim here, and what follows is decided in the folder's other files. Next to read: states.ts (what an
 * authentication can come to), policy.ts (when one is asked for), decide.ts (what follows).
 */

/** EMV 3DS `transStatus`: Y authenticated, A attempted, N not, R rejected, U unavailable, C challenge, D decoupled, I informational. */
export type TransStatus = 'Y' | 'A' | 'N' | 'R' | 'U' | 'C' | 'D' | 'I';

/** Reasons of the RTS on SCA (articles 10 to 18) for not authenticating; `merchant_initiated` is out of its scope. */
export type Exemption =
  | 'low_value'
  | 'transaction_risk_analysis'
  | 'trusted_beneficiary'
  | 'secure_corporate'
  | 'recurring'
  | 'merchant_initiated';

/** `automatic`: as the issuer wants it. `any`: 3DS always, without friction where possible. `challenge`: the payer must act. */
export type ChallengeRequest = 'automatic' | 'any' | 'challenge';

/** What a provider is asked about authentication; it travels with the authorization. */
export interface AuthenticationRequest {
  readonly request: ChallengeRequest;
  readonly exemption?: Exemption;
}

/** What a provider told of an authentication, codes verbatim. What it did not tell is absent, never guessed. */
export interface AuthenticationFacts {
  readonly flow?: 'frictionless' | 'challenge';
  readonly transStatus?: TransStatus;
  /** Two digits of EMV 3DS, e.g. `14`: the payer's time at the issuer ran out. */
  readonly transStatusReason?: string;
  /** Two digits of EMV 3DS, e.g. `01`: the payer pressed cancel. */
  readonly challengeCancel?: string;
  /** The electronic commerce indicator, two digits, as the scheme of the card counts it. */
  readonly eci?: string;
  /** The protocol's version, e.g. `2.2.0`. */
  readonly version?: string;
  readonly dsTransactionId?: string;
  /** Whether the issuer bears the loss of a fraud, as the provider says. */
  readonly liabilityShift?: boolean;
  /** The exemption that was granted. */
  readonly exemption?: Exemption;
}

/**
 * Why a card is charged that was kept: the schemes want to know whether its holder is there, and, where not, which
 * earlier payment gave the consent (by the network's name of it).
 */
export interface StoredCredential {
  readonly initiator: 'cardholder' | 'merchant';
  readonly usage: 'recurring' | 'unscheduled';
  readonly networkTransactionId?: string;
}

/** The authentication of one attempt: one record, whichever way it went. Instants are epoch milliseconds. */
export interface Authentication {
  readonly status: AuthenticationStatus;
  readonly asked: AuthenticationRequest;
  /** Why it was asked for in this way: the rules that spoke, in their order. */
  readonly reasons: readonly string[];
  readonly facts: AuthenticationFacts;
  /** Where the payer must go. Only while a challenge waits. */
  readonly redirectUrl?: string;
  readonly challengedAtMs?: number;
  /** Until when the payer may take; after that the intent is canceled at the provider. */
  readonly challengeEndsAtMs?: number;
  /** When the payer's browser first came back; a hint, never a proof. */
  readonly returnedAtMs?: number;
  readonly endedAtMs?: number;
}
