import type { AuthenticationRules } from '../authentication/rules.ts';
import type { Mode } from '../names.ts';
import type { Catalogue } from './catalogue/index.ts';
import type { CandidateInputs, CircuitState, RoutingDecision } from './decision.ts';
import type { RunningExperiment } from './experiment/assign.ts';
import type { RoutingFacts } from './facts.ts';
import type { Observation } from './learning/index.ts';
import type { CompiledPolicy } from './policy/index.ts';

/**
 * What a worker keeps at hand to route by: each merchant's compiled policies, the catalogue, what was learned, and
 * who is well. Activities see this interface; worker/routing-book.ts keeps it warm, so that a decision costs no
 * round trip.
 */
export interface RoutingBook {
  /** Undefined for a merchant that isn't there, or has no account in this mode. */
  snapshot(merchantId: string, mode: Mode): Promise<MerchantRouting | undefined>;
  /** The numbers of every account for a payment like this one, as they stand now. */
  candidates(routing: MerchantRouting, facts: RoutingFacts): readonly CandidateInputs[];
  /** What an authorization or a sale came to. Returns at once, never throws. */
  observed(observation: Observation): void;
  /** What the shadow would have done beside the policy that decided. Returns at once, never throws. */
  compared(comparison: PolicyComparison): void;
  circuitOf(accountId: string): Circuit;
  /** This worker has just written of a circuit: all are read again, at once. Never throws. */
  circuitTouched(): Promise<void>;
}

/** A merchant's routing in one mode, as of the last change. Replaced whole, never edited. */
export interface MerchantRouting {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly active: VersionedPolicy;
  /** Of the platform's document, which merchants' inherit. */
  readonly platformVersion: number;
  readonly canary?: VersionedPolicy & { readonly percent: number };
  readonly shadow?: VersionedPolicy;
  readonly experiment?: RunningExperiment & { readonly treatment: VersionedPolicy };
  readonly accounts: readonly RoutingAccount[];
  readonly catalogue: Catalogue;
  readonly catalogueId: string;
  /** ISO 18245. */
  readonly merchantCategory?: string;
  readonly merchantCountry?: string;
  readonly authenticationRules: AuthenticationRules;
  /** On trial by what is stored, and not here, because it couldn't be read. */
  readonly leftOut?: readonly LeftOut[];
  /** Is told of a version on trial that couldn't be evaluated. Never throws. */
  readonly failed?: (version: number, error: unknown) => void;
}

/** A version that a merchant's payments go on without. */
export interface LeftOut {
  readonly role: 'canary' | 'shadow' | 'treatment';
  readonly version: number;
  readonly error: unknown;
}

/** Version 0 is the platform's: what decides where a merchant has no policy of its own. */
export interface VersionedPolicy {
  readonly version: number;
  readonly policy: CompiledPolicy;
}

export interface RoutingAccount {
  readonly id: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  /** The adapter's version that the catalogue has active for it. */
  readonly connectorVersion: string;
}

/** The health of an account as all workers share it. */
export interface Circuit {
  readonly state: CircuitState;
  /** Its time is up: the next payment may try to win the probe. */
  readonly probeDue: boolean;
}

/** Two versions' answers to one payment. */
export interface PolicyComparison {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly paymentId: string;
  readonly deciding: number;
  readonly compared: number;
  readonly decided: Pick<RoutingDecision, 'order' | 'requirements'>;
  readonly wouldHave: Pick<RoutingDecision, 'order' | 'requirements'>;
}
