/** What is known of a payment when it is routed. Everything that a policy may ask about comes from here. */
export interface RoutingFacts {
  readonly merchantId: string;
  /** Minor units of `currency`. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: PaymentMethodKind;
  /** When it is routed, epoch milliseconds: hours and weekdays are read in the policy's time zone. */
  readonly atMs: number;
  /** ISO 3166-1 alpha-2, where the merchant said from where the payer buys. */
  readonly buyerCountry?: string;
  /** The card's, where it is known. */
  readonly issuerCountry?: string;
  readonly brand?: string;
  readonly funding?: CardFunding;
  /** The card's first six or eight digits. */
  readonly bin?: string;
  /** Where the merchant is established, ISO 3166-1 alpha-2. */
  readonly merchantCountry?: string;
  /** The merchant's category code (ISO 18245), four digits. */
  readonly merchantCategory?: string;
  readonly channel?: Channel;
  readonly risk: 'normal' | 'elevated' | 'highest';
  /** 0 to 100, from the merchant's own risk engine. */
  readonly riskScore?: number;
  /** The payer is not there. */
  readonly merchantInitiated: boolean;
  readonly recurring: boolean;
  readonly customer?: CustomerHistory;
  readonly metadata: Readonly<Record<string, string>>;
}

export type PaymentMethodKind = 'card';
export type CardFunding = 'credit' | 'debit' | 'prepaid';
export type Channel = 'web' | 'app' | 'pos' | 'phone';

/** What this merchant knows of the payer, as of the moment of routing. */
export interface CustomerHistory {
  /** Counted up to 1,000, as the failed ones are: 1,000 means that many or more. */
  readonly paymentsSucceeded: number;
  readonly paymentsFailed: number;
  /** When the customer was created; rows of decisions keep the name. */
  readonly firstSeenMs: number;
}
