/**
 * What alarms are judged by: how things stand now, as one look at Postgres, Temporal and this process finds them. The same facts
 * become the gauges that Prometheus scrapes, so that its rules and ours speak of the same numbers. Ages are seconds.
 */
export interface Facts {
  readonly providers: readonly ProviderFacts[];
  /** By account: approved of answered over the last days; an account that had no answers has none. */
  readonly usualApproval: ReadonlyMap<string, number>;
  readonly unknown: readonly UnknownFacts[];
  /** Operations that were sent and are not closed: what the resolver has before it. */
  readonly openOperations: number;
  readonly payments: PaymentFacts;
  readonly answers: AnswerFacts;
  readonly inbox: { readonly unacknowledged: number; readonly oldestSeconds: number };
  readonly deliveries: DeliveryFacts;
  /** The age of the oldest event that nobody may read yet, because an older transaction is still under way; 0: none. */
  readonly eventsHeldSeconds: number;
  readonly exceptions: readonly ExceptionFacts[];
  readonly settlement: readonly SettlementFacts[];
  /** Ledger transactions of the last minute whose postings don't come to nothing. */
  readonly unbalanced: number;
  /** Alarms that fired and that no person has ended yet, of those that stay. */
  readonly uncleared: readonly string[];
  /** Payments and refunds whose workflow could not go on, until a person has looked. */
  readonly stuckWorkflows: number;
  /** Our clock less Postgres's. */
  readonly clockSkewSeconds: number;
  /** Since the rollups that figures are read from were brought up to date; null where none are kept. */
  readonly rollupAgeSeconds: number | null;
  /** Null where this process anchors nothing. */
  readonly anchor: { readonly ageSeconds: number; readonly disowned: number } | null;
  /** Null where canary payments are switched off. */
  readonly canary: CanaryFacts | null;
  readonly queues: readonly QueueFacts[];
  /** For how long it could not be asked; 0 where it could. */
  readonly temporalAwaySeconds: number;
}

/** What one look found out. What it could not ask is absent, which says nothing about it. */
export type Look = { readonly [K in keyof Facts]?: Facts[K] | undefined };

/** One enabled provider account over the last minutes. */
export interface ProviderFacts {
  readonly provider: string;
  readonly account: string;
  readonly circuit: 'closed' | 'open' | 'half_open';
  readonly recent: RecentFacts;
}

export interface RecentFacts {
  readonly attempts: number;
  /** The provider said yes or no. */
  readonly answered: number;
  readonly approved: number;
  readonly unknown: number;
  readonly latencyP95Seconds?: number;
}

/** Operations whose outcome nobody knows yet, and that no person has been given: those are exceptions. */
export interface UnknownFacts {
  readonly provider: string;
  readonly count: number;
  readonly oldestSeconds: number;
}

export interface PaymentFacts {
  /** Of the last minutes: sends that could charge, and the payments that they were for. */
  readonly sends: number;
  readonly sentFor: number;
}

export interface AnswerFacts {
  /** Payments of the last minutes: answered at all, each payment once, and failed for another reason than a decline or the payer. */
  readonly answered: number;
  readonly failed: number;
}

export interface DeliveryFacts {
  /** Due, and not yet sent: how far delivery itself is behind, whatever endpoints answer. */
  readonly due: number;
  readonly oldestDueSeconds: number;
  /** Given up: in all, and within the last hour. */
  readonly dead: number;
  readonly deadLately: number;
}

export interface ExceptionFacts {
  readonly kind: string;
  readonly open: number;
  readonly oldestSeconds: number;
  /** Past the time they were to be resolved in. */
  readonly overdue: number;
}

/** One account that has been reconciled before. */
export interface SettlementFacts {
  readonly provider: string;
  readonly account: string;
  /** Whole business days of its own since the last one that was closed with a file, or that a person said needs none. */
  readonly daysBehind: number;
  /** From the end of the last settled business day until its file was booked. */
  readonly lagSeconds?: number;
  /** Bookings that the files of their days passed over. */
  readonly missing: number;
}

export interface CanaryFacts {
  /** Infinity where none has succeeded yet: it counts from when this was first looked at. */
  readonly lastSuccessSeconds: number;
  /** How often one is made. */
  readonly everySeconds: number;
}

export interface QueueFacts {
  readonly queue: string;
  readonly kind: 'workflow' | 'activity';
  readonly backlog: number;
  readonly backlogSeconds: number;
  readonly pollers: number;
}
