import type { FeeKind, RowType } from '../../domain/reconciliation/row.ts';

/**
 * A settlement file's layout, as data. Everything that tells one provider's files from another's stands in
 * such a value; the code that reads them (parse.ts and what it uses) knows no provider. Columns are found by
 * their names in the file's own header, whatever their order, case or spacing.
 */
export interface SettlementLayout {
  readonly provider: string;
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly records: RecordRule;
  /** Columns without which the file is refused; of a list, one must be there. */
  readonly required: readonly (string | readonly string[])[];
  /** `major`: 12.34. `minor`: 1234, and a decimal point is refused. */
  readonly units: 'major' | 'minor';
  /** What happens to decimals that the currency doesn't have, where they are not zero. */
  readonly moreDecimals: 'refuse' | 'round';
  readonly types: TypeRule;
  readonly currency: string;
  /** The same as `currency` where it is absent. */
  readonly settlementCurrency?: string;
  readonly gross: AmountSource;
  /** `gross` stands in the settlement currency, and what the payment was made in is told here. */
  readonly charged?: {
    readonly amount: string;
    readonly currency: string;
    /** It is what the payer was shown, which may differ from what the payment was made in (DCC). */
    readonly isPresented?: boolean;
  };
  /** What is left where the file doesn't say it: gross less fees. */
  readonly net?: AmountSource;
  readonly fees: FeeRule;
  readonly texts: Readonly<Partial<Record<TextField, readonly TextChoice[]>>>;
  readonly occurredAt: readonly TimeChoice[];
  readonly availableOn?: readonly TimeChoice[];
  readonly exchangeRate?: string;
  /** Types whose sign the file leaves to the reader. */
  readonly signs?: Readonly<Partial<Record<RowType, 'positive' | 'negative'>>>;
  readonly balance?: BalanceRule;
}

export const TEXT_FIELDS = [
  'providerReference',
  'alternativeReference',
  'operationReference',
  'merchantReference',
  'payoutReference',
  'batch',
  'merchantAccount',
  'description',
] as const;
export type TextField = (typeof TEXT_FIELDS)[number];

/** Of several, the first that applies to the row's type and isn't empty counts. */
export interface TextChoice {
  readonly column: string;
  readonly only?: readonly RowType[];
  /** A regular expression; its first group is the value, and where it doesn't match the next choice is tried. */
  readonly pattern?: string;
}

/** A signed amount, two columns of which one is filled, or an amount beside a word for its direction. */
export type AmountSource =
  | { readonly column: string }
  | { readonly debit: string; readonly credit: string }
  | { readonly column: string; readonly direction: Direction };

export interface Direction {
  readonly column: string;
  readonly credit: string;
  readonly debit: string;
}

export interface TypeRule {
  readonly column: string;
  /** Compared without regard to case. What neither this nor `groups` names is `unknown`. */
  readonly map: Readonly<Record<string, TypeName>>;
  /** By how the word begins, for families of codes. */
  readonly groups?: Readonly<Record<string, TypeName>>;
  /** Rows of these types that move only fees are of type `fee`. */
  readonly feeWithoutGross?: readonly RowType[];
}

/** Some words mean one thing when money comes and another when it goes. */
export type TypeName = RowType | { readonly credit: RowType; readonly debit: RowType };

export interface FeeRule {
  /**
   * Where the total comes from: a column, the sum of the parts, or what gross and net leave between them
   * (the parts then take the sign that agrees with it).
   */
  readonly total: 'column' | 'parts' | 'difference';
  /** For `column`. Positive where it costs, or by its own direction: a debit costs. */
  readonly column?: AmountSource;
  readonly kind?: FeeKind;
  readonly kindByType?: Readonly<Partial<Record<RowType, FeeKind>>>;
  /** A fee in another currency than the row's becomes a row of its own. */
  readonly currency?: string;
  readonly parts?: readonly { readonly kind: FeeKind; readonly column: string }[];
  /** For `difference`: a column of what was held back from the line, which becomes a row of its own. */
  readonly reserve?: string;
}

export interface TimeChoice {
  readonly column: string;
  /** The zone's name stands beside it. */
  readonly zoneColumn?: string;
  /** For times that carry no offset. */
  readonly zone: string;
  readonly order?: 'ymd' | 'dmy' | 'mdy';
}

/** Lines that must cancel out: a payout takes what the rest of its batch has brought. */
export interface BalanceRule {
  readonly by: 'batch' | 'payoutReference';
  /** Some files always hold the line of the payout, others leave it to a report of its own. */
  readonly payoutLine: 'always' | 'expected' | 'never';
}

export type RecordRule =
  | { readonly by: 'header' }
  | { readonly by: 'code'; readonly codes: Readonly<Record<string, CodedRecord>> };

/** Cells of coded records are counted from 0, which is the code; from the end where negative. */
export type CodedRecord =
  | { readonly role: 'open'; readonly closedBy: readonly string[]; readonly accountCell?: number }
  | { readonly role: 'section'; readonly closedBy: readonly string[]; readonly accountCell?: number }
  | { readonly role: 'columns' }
  | { readonly role: 'row' }
  | { readonly role: 'totals'; readonly scope: 'section' | 'file'; readonly cells: TotalsCells }
  | { readonly role: 'count'; readonly scope: 'section' | 'file'; readonly cell: number }
  | { readonly role: 'end' };

export interface TotalsCells {
  readonly currency: number;
  readonly credit: number;
  readonly debit: number;
  readonly feeDebit: number;
  readonly feeCredit: number;
  readonly count: number;
}
