import type { Channel } from './facts.ts';

/** What the merchant says of a payment for its policy's sake, and nothing else of ours depends on. */
export interface StatedFacts {
  /** ISO 3166-1 alpha-2: from where the payer buys. */
  readonly billingCountry?: string;
  readonly channel?: Channel;
  /** 0 to 100. */
  readonly riskScore?: number;
}
