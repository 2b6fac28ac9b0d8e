/**
 * One line of a settlement file, whoever wrote it. Amounts are minor units with the sign of what it does to the
 * merchant's money at the provider: a capture is positive, a refund, chargeback, fee or payout negative.
 */
export interface SettlementRow {
  /**
   * Where the record begins in the file, counted from 1 with its header. Rows that one record makes follow each other; a
   * row of the whole file stands behind its last line.
   */
  readonly line: number;
  readonly type: RowType;
  /** The provider's own word: `charge`, `Settled`, `T0006`. */
  readonly providerType: string;
  /** The payment at the provider, as its answers and webhooks call it (Stripe `pi_…`, Adyen's psp reference). */
  readonly providerReference?: string;
  /** Other names that the provider has for the same payment (Stripe's charge beside its intent). */
  readonly alternativeReference?: string;
  /** This effect's own name at the provider: a refund's id, a modification's psp reference, a dispute. */
  readonly operationReference?: string;
  /** Our name for it, as the provider gives it back: an attempt's or operation's reference, an order number. */
  readonly merchantReference?: string;
  /** What the payment was made in. */
  readonly currency: string;
  readonly grossMinor: number;
  /** What the merchant is paid in; the same as `currency` where nothing is exchanged. */
  readonly settlementCurrency: string;
  /** `netMinor` = gross, exchanged, less `feeMinor`; all fees together, positive where they cost. */
  readonly feeMinor: number;
  readonly netMinor: number;
  /** The parts of `feeMinor` where the file tells them apart. */
  readonly fees: readonly RowFee[];
  /** As the file says it, an exact decimal: settlement units for one unit of `currency`. */
  readonly exchangeRate?: string;
  /** What the payer was shown, where that was another currency (DCC). */
  readonly presented?: { readonly amountMinor: number; readonly currency: string };
  /** ISO 8601 in UTC. */
  readonly occurredAt: string;
  readonly availableOn?: string;
  /** What the payout's bank credit carries too. */
  readonly payoutReference?: string;
  readonly batch?: string;
  /** The account as the provider names it (Adyen's merchant account). */
  readonly merchantAccount?: string;
  readonly description?: string;
  /** Every column as it stood, under the file's own headers: unknown ones are kept. */
  readonly raw: Readonly<Record<string, string>>;
}

/**
 * A line of a type that nobody has mapped is `unknown`: it becomes an exception, never dropped money. `rounding` is what
 * reading the others took away from their sum.
 */
export const ROW_TYPES = [
  'capture',
  'refund',
  'refund_reversed',
  'chargeback',
  'chargeback_reversed',
  'second_chargeback',
  'fee',
  'reserve_held',
  'reserve_released',
  'exchange',
  'adjustment',
  'rounding',
  'payout',
  'payout_reversed',
  'unknown',
] as const;
export type RowType = (typeof ROW_TYPES)[number];

/** Which way money goes where the word for the type says so: the sign of its gross amount. */
export const SIGN_OF_TYPE: Readonly<Partial<Record<RowType, 1 | -1>>> = {
  capture: 1,
  refund: -1,
  refund_reversed: 1,
  chargeback: -1,
  chargeback_reversed: 1,
  second_chargeback: -1,
  reserve_held: -1,
  reserve_released: 1,
  payout: -1,
  payout_reversed: 1,
};

export const FEE_KINDS = [
  'processing',
  'scheme',
  'interchange',
  'markup',
  'dispute',
  'tax',
  'other',
] as const;
export type FeeKind = (typeof FEE_KINDS)[number];

export interface RowFee {
  readonly kind: FeeKind;
  /** In the settlement currency, positive where it costs. */
  readonly amountMinor: number;
}

/** Of what a reader warns of: what says that a file does not add up as a whole. Anything else is about a line of it. */
export const TOTALS_WARNINGS: ReadonlySet<string> = new Set([
  'trailer_differs',
  'count_differs',
  'batch_not_balanced',
  'balance_differs',
]);

/** What a file says of itself, at its end or in its records of totals. */
export interface FileTrailer {
  readonly currency: string;
  readonly rows?: number;
  /** The sum of what was credited and of what was debited, both positive. */
  readonly creditMinor?: bigint;
  readonly debitMinor?: bigint;
  readonly netMinor?: bigint;
}
