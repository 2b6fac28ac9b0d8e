import type { FeeContract } from './fees.ts';
import type { FileTrailer, SettlementRow } from './row.ts';

/**
 * What did not match cleanly, with everything that the table's detectors look at, as SQL collects it. One value
 * a settlement line, unsettled booking, file, payout or bank line; `table.ts` gives it exactly one type, or
 * `clean`, so handing in too much costs time and nothing else.
 *
 * A line that is *not* handed in is clean. SQL may leave a line out when all of this holds: it is a `capture` or
 * `refund` and the only one of its booking, ever; the booking is `expected`, of the same kind, account and currency,
 * with the line's amount, found by a reference of the provider or the operation; `merchantAccount` is the account's;
 * it occurred before `presentableUntil`; its fee is the contract's (fees.ts) where there is one; its exchange rate
 * is `agreedRate` where there is one; in one currency its net is its gross less its fee, and over an exchange its net and
 * fee are its gross at its own rate. Also left out: a `payout`, an `exchange` and a `rounding`.
 */
export type Comparison =
  | LineComparison
  | BookingComparison
  | FileComparison
  | PayoutComparison
  | BankComparison;

/** The provider account that the file was fetched or uploaded for. */
export interface AccountFacts {
  readonly accountId: string;
  readonly merchantId: string;
  /** What the provider calls it (Adyen's merchant account); absent: not configured, not checked. */
  readonly merchantAccounts?: readonly string[];
  /** `provider_account.settings.fees`; absent: fees are not checked. */
  readonly fees?: FeeContract;
}

export type LineFacts = Omit<SettlementRow, 'raw'>;

export interface LineComparison {
  readonly compares: 'line';
  readonly account: AccountFacts;
  readonly fileId: string;
  readonly line: LineFacts;
  /** What this line settles, found by the strongest reference that names any. A dispute or fee names its capture. */
  readonly booking?: BookingFacts;
  readonly matchedBy?: MatchedBy;
  /** The payment of ours that its references name, where no booking of this effect was found. */
  readonly paymentId?: string;
  /** The line's own amount in the booking's kind and currency is judged together with the others of that booking. */
  readonly beside: LinesBeside;
}

/** Strongest first: the effect's own name, the payment's at the provider, ours as the provider gave it back. */
export const MATCHED_BY = ['operation', 'provider', 'merchant'] as const;
export type MatchedBy = (typeof MATCHED_BY)[number];

/** `before` is: in an earlier file of this account, or in this file on a lower line. */
export interface LinesBeside {
  /** Lines before with the same references (provider, operation; at least one given), type, currency and gross amount. */
  readonly equalBefore: number;
  /** One of these stands in an earlier file and its record is the same, column by column: it was delivered again. */
  readonly deliveredBefore: boolean;
  /**
   * Lines of this booking and this type, in this file and earlier ones, this one included. Sums are of the gross
   * amount, without sign. All null-safe: 0 where there is no booking.
   */
  readonly count: number;
  readonly sumMinor: bigint;
  /** The same, of this line and those before it alone. */
  readonly countSoFar: number;
  readonly sumSoFarMinor: bigint;
  /** The sum with equal lines (as in `equalBefore`) counted once. */
  readonly distinctSumMinor: bigint;
  /** Other names at providers under which captures of the same payment were booked (`expected`), or settled by lines before. */
  readonly otherCaptures: readonly string[];
  /** Chargebacks of the same payment on lines before, less those that were reversed. */
  readonly openChargebacks: number;
  /** Held so far at this account in the line's settlement currency, lines before included. Only for reserve lines. */
  readonly reserveHeldMinor?: bigint;
}

/**
 * `expected`: its money moved, as far as we know. `void` and `declined`: proven that it did not. `unknown`: nobody
 * knows yet, or it failed without a proof.
 */
export const BOOKING_STATUSES = ['expected', 'void', 'declined', 'unknown'] as const;
export type BookingStatus = (typeof BOOKING_STATUSES)[number];

export interface BookingFacts {
  readonly id: string;
  readonly accountId: string;
  readonly merchantId: string;
  readonly paymentId: string;
  /** The payment or refund. */
  readonly ownerId: string;
  readonly kind: 'capture' | 'refund';
  readonly status: BookingStatus;
  readonly providerReference?: string;
  readonly operationReference?: string;
  readonly merchantReference?: string;
  readonly currency: string;
  /** Positive, for refunds too. */
  readonly amountMinor: number;
  /** ISO 8601 in UTC, as every instant here. */
  readonly bookedAt: string;
  /** The authorization's expiry; absent where there is no such window. The policy's grace is added by the rule. */
  readonly presentableUntil?: string;
  /** The payer chose another currency at the till, so the provider processed that one. */
  readonly dcc?: boolean;
  /** Agreed when it was booked: settlement units for one unit of `currency`, an exact decimal. */
  readonly agreedRate?: string;
  /** A refund that counted and was taken back since: its own line is still right. */
  readonly reversed?: boolean;
  /** What else was captured of this payment by bookings of their own, still unsettled. */
  readonly sisterAmountsMinor?: readonly number[];
}

/** A booking that is `expected` and that no line has settled. */
export interface BookingComparison {
  readonly compares: 'booking';
  readonly account: AccountFacts;
  readonly booking: BookingFacts;
  /** Between its booking and the end of the business day that is reconciled. */
  readonly ageMs: number;
}

/** One file, after staging and before its lines are matched. */
export interface FileComparison {
  readonly compares: 'file';
  readonly account: AccountFacts;
  readonly file: {
    readonly id: string;
    readonly name: string;
    readonly sha256: string;
    readonly businessDate: string;
    readonly rows: number;
  };
  /** An earlier file of this account (not refused) with the same bytes. */
  readonly sameBytesAs?: string;
  /** An earlier, posted file of this account with a batch or payout of the same name. */
  readonly sameBatch?: {
    readonly fileId: string;
    readonly name: string;
    /** Whether it has as many lines with the same sums: the same content in other bytes. */
    readonly sameTotals: boolean;
  };
  /** By `currency`; credit and debit are sums of the gross amounts of lines that are no payouts, without sign. */
  readonly totals: readonly FileTotals[];
  /** For people. The parser holds them against the lines as their layout counts, and warns. */
  readonly trailers: readonly FileTrailer[];
  /** What the parser saw that does not add up (its `warnings` of totals), and how many lines it says it gave. */
  readonly totalWarnings: readonly string[];
  readonly parsedRows: number;
  /** One for each payout line, or for each payout that lines name. */
  readonly payouts: readonly FilePayout[];
  /** Every account that its lines name, each once. */
  readonly merchantAccounts: readonly string[];
}

export interface FileTotals {
  readonly currency: string;
  readonly rows: number;
  readonly creditMinor: bigint;
  readonly debitMinor: bigint;
  /** The sum of `netMinor` of lines whose *settlement* currency this is, payouts not counted. */
  readonly netMinor: bigint;
}

export interface FilePayout {
  readonly reference: string;
  readonly currency: string;
  /** As the payout's line says it, positive where the merchant is paid; absent: the file has no such line. */
  readonly amountMinor?: bigint;
  /** The sum of the nets of the lines that it pays. */
  readonly netMinor: bigint;
  readonly lines: number;
}

/** A payout that was announced, beside what the bank has seen. */
export interface PayoutComparison {
  readonly compares: 'payout';
  readonly account: AccountFacts;
  readonly payout: {
    readonly id: string;
    readonly reference: string;
    readonly currency: string;
    /** Positive where the merchant is paid. */
    readonly amountMinor: number;
    readonly announcedAt: string;
  };
  readonly ageMs: number;
  /** Bank lines that were linked to it: its credit, and perhaps what the bank gave back. */
  readonly bank: readonly BankLineFacts[];
}

export interface BankLineFacts {
  readonly id: string;
  readonly bankAccount: string;
  readonly currency: string;
  /** Signed: positive is a credit. */
  readonly amountMinor: number;
  readonly bookedOn: string;
  readonly text: string;
  readonly reference?: string;
  readonly endToEnd?: string;
  /** The bank itself calls it a reversal. */
  readonly reversal?: boolean;
}

/** A bank line that no payout names. */
export interface BankComparison {
  readonly compares: 'bank';
  readonly merchantId: string;
  readonly bank: BankLineFacts;
  /** Payouts without a bank credit that it could be. */
  readonly candidates: readonly PayoutCandidate[];
}

export interface PayoutCandidate {
  readonly payoutId: string;
  readonly reference: string;
  /** The provider account whose payout it is. */
  readonly accountId: string;
  readonly currency: string;
  readonly amountMinor: number;
  /** `text`: the reference or batch stands in the bank's text; `amount`: only the sum is the same. */
  readonly by: 'reference' | 'text' | 'amount';
}

/** The row that a break is about: with its type, an exception's identity. The same in every run. */
export function subjectOf(comparison: Comparison): string {
  switch (comparison.compares) {
    case 'line':
      return `${comparison.fileId}_${comparison.line.line}`;
    case 'booking':
      return comparison.booking.id;
    case 'file':
      return comparison.file.id;
    case 'payout':
      return comparison.payout.id;
    case 'bank':
      return comparison.bank.id;
  }
}
