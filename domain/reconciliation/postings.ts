import { type AccountKind, CHART, printAccount } from '../ledger/chart.ts';
import type { AccountFacts, LineComparison } from './comparison.ts';
import type { Judged, Parts } from './parts.ts';
import { FEE_KINDS, type FeeKind, type RowType } from './row.ts';
import type { AutoAction } from './terms.ts';

/**
 * What settled lines mean for the books. Lines of one type, verdict, action and currencies are posted together, by
 * their sums; a group of one line is a group. Debits are positive. Each currency balances, because what nothing else
 * explains is one last posting to suspense; and payout clearing moves by the sum of the nets, whatever they are.
 */
export interface LineGroup extends Judged {
  readonly account: Pick<AccountFacts, 'accountId' | 'merchantId'>;
  readonly type: RowType;
  readonly currency: string;
  readonly settlementCurrency: string;
  /** Of what was booked; the same as `currency` but where the payer chose another one. */
  readonly settlesCurrency: string;
  readonly sums: LineSums;
}

export interface LineSums {
  readonly grossMinor: bigint;
  readonly feeMinor: bigint;
  readonly netMinor: bigint;
  readonly fees: Readonly<Partial<Record<FeeKind, bigint>>>;
  /** Both as classify.ts says them in `parts`; of clean captures and refunds, `settlesMinor` is the gross. */
  readonly settlesMinor: bigint;
  readonly unexplainedMinor: bigint;
}

export interface GroupEntry {
  readonly currency: string;
  readonly postings: readonly GroupPosting[];
}

export interface GroupPosting {
  readonly account: string;
  readonly amountMinor: bigint;
}

export function postingsOf(group: LineGroup): readonly GroupEntry[] {
  // Delivered twice and paid once: the earlier line's posting is this one's.
  if (group.action === 'ignore_duplicate') return [];
  const { sums, settlementCurrency, settlesCurrency } = group;
  const books = new Books(group.account);
  const home = books.of(settlementCurrency);
  home.debit('payout_clearing', sums.netMinor);
  if ((group.type === 'payout' || group.type === 'payout_reversed') && !isOthers(group.verdict)) {
    postFees(home, sums);
    home.debit('bank_in_transit', -(sums.netMinor + sums.feeMinor));
  } else if (isFee(group)) {
    postFees(home, sums);
    home.debitFee('other', -sums.netMinor - sums.feeMinor);
  } else if (group.verdict !== 'UNEXPECTED_FEE_TYPE' && group.type !== 'unknown') {
    postFees(home, sums);
    postEffect(group, books);
  }
  const difference = group.action === 'post_rounding' || group.action === 'post_within_tolerance';
  home.rest(difference ? 'rounding' : 'suspense');
  if (settlesCurrency !== settlementCurrency) books.of(settlesCurrency).rest('suspense');
  return books.entries();
}

/** A group of one line. */
export function postingsOfLine(
  { account, line }: LineComparison,
  judged: Judged,
  parts: Parts,
): readonly GroupEntry[] {
  const fees: Partial<Record<FeeKind, bigint>> = {};
  for (const { kind, amountMinor } of line.fees) fees[kind] = (fees[kind] ?? 0n) + BigInt(amountMinor);
  return postingsOf({
    ...judged,
    account,
    type: line.type,
    currency: line.currency,
    settlementCurrency: line.settlementCurrency,
    settlesCurrency: parts.settlesCurrency,
    sums: {
      grossMinor: BigInt(line.grossMinor),
      feeMinor: BigInt(line.feeMinor),
      netMinor: BigInt(line.netMinor),
      fees,
      settlesMinor: BigInt(parts.settlesMinor),
      unexplainedMinor: BigInt(parts.unexplainedMinor),
    },
  });
}

/** What the lines did, beside their fees: each side of an exchange is booked against `fx` in its own currency. */
function postEffect(group: LineGroup, books: Books): void {
  const { type, verdict, action, settlementCurrency, sums } = group;
  const home = books.of(settlementCurrency);
  const wholeMinor = sums.netMinor + sums.feeMinor;
  switch (type) {
    case 'chargeback':
    case 'second_chargeback':
    case 'chargeback_reversed':
      if (!isOthers(verdict)) home.debit('disputes', -wholeMinor);
      return;
    case 'reserve_held':
    case 'reserve_released':
      if (action === 'post_reserve') home.debit('reserves', -wholeMinor);
      return;
    case 'rounding':
      home.debit('rounding', -wholeMinor);
      return;
    case 'exchange':
      home.debit('fx', -wholeMinor);
      return;
    case 'capture':
    case 'refund':
    case 'refund_reversed':
      postSettled(group, books);
      return;
    default:
      // An adjustment says nothing of itself: it rests in suspense.
      return;
  }
}

function postSettled({ verdict, settlementCurrency, settlesCurrency, sums }: LineGroup, books: Books): void {
  const home = books.of(settlementCurrency);
  const isFeeVariance = verdict === 'FEE_VARIANCE';
  if (isFeeVariance) home.debitFee(mainKind(sums), sums.unexplainedMinor);
  if (settlesCurrency === settlementCurrency) {
    home.debit('provider_receivable', -sums.settlesMinor);
    return;
  }
  const booked = books.of(settlesCurrency);
  booked.debit('provider_receivable', -sums.settlesMinor);
  booked.debit('fx', sums.settlesMinor);
  home.debit('fx', -(sums.netMinor + sums.feeMinor - (isFeeVariance ? 0n : sums.unexplainedMinor)));
}

function isFee({ type, verdict }: LineGroup): boolean {
  return (type === 'fee' && !isOthers(verdict)) || verdict === 'BATCH_FEE_UNALLOCATED';
}

/** Of verdicts whose line says nothing about this account's own business. */
function isOthers(verdict: LineGroup['verdict']): boolean {
  return (
    verdict === 'DUPLICATE_LINE' || verdict === 'WRONG_MERCHANT_ACCOUNT' || verdict === 'MISSING_IN_LEDGER'
  );
}

function postFees(home: Book, { fees, feeMinor }: LineSums): void {
  let told = 0n;
  for (const kind of FEE_KINDS) {
    home.debitFee(kind, fees[kind] ?? 0n);
    told += fees[kind] ?? 0n;
  }
  // What the file does not tell apart.
  home.debitFee('processing', feeMinor - told);
}

/** The kind that most was paid of; the first of several. */
function mainKind({ fees }: LineSums): FeeKind {
  const first: FeeKind = 'processing';
  return FEE_KINDS.reduce((best, kind) => ((fees[kind] ?? 0n) > (fees[best] ?? 0n) ? kind : best), first);
}

export interface BankGroup {
  readonly merchantId: string;
  /** The provider account of the payout that was found; absent: none was. */
  readonly accountId?: string;
  readonly currency: string;
  /** As the bank's lines say it, signed. */
  readonly amountMinor: bigint;
  readonly action: AutoAction | null;
  /** What the bank kept, where it is known to (`post_bank_fee`). */
  readonly bankFeeMinor?: bigint;
}

/** What a bank line means: it takes a payout out of transit, or waits in suspense. */
export function postingsOfBank(group: BankGroup): GroupEntry {
  const { merchantId, accountId, currency, amountMinor, action, bankFeeMinor = 0n } = group;
  const books = new Books({ merchantId, accountId: accountId ?? '' });
  const book = books.of(currency);
  book.debit('bank', amountMinor);
  if (accountId !== undefined) {
    const keptMinor = action === 'post_bank_fee' ? bankFeeMinor : 0n;
    book.debitFee('other', keptMinor);
    book.debit('bank_in_transit', -amountMinor - keptMinor);
  }
  book.rest('suspense');
  return { currency, postings: book.postings() };
}

/** One currency's side of a transaction: an account once, in the order in which it was first met. */
class Book {
  readonly #account: LineGroup['account'];
  readonly #sums = new Map<string, bigint>();

  constructor(account: LineGroup['account']) {
    this.#account = account;
  }

  debit(kind: Exclude<AccountKind, 'fees'>, amountMinor: bigint): void {
    const { accountId, merchantId } = this.#account;
    this.#add(
      printAccount({ kind, holder: CHART[kind].holder === 'merchant' ? merchantId : accountId }),
      amountMinor,
    );
  }

  debitFee(feeKind: FeeKind, amountMinor: bigint): void {
    this.#add(printAccount({ kind: 'fees', feeKind, holder: this.#account.accountId }), amountMinor);
  }

  /** Whatever is missing to zero. */
  rest(kind: 'suspense' | 'rounding'): void {
    this.debit(kind, -[...this.#sums.values()].reduce((sum, each) => sum + each, 0n));
  }

  postings(): readonly GroupPosting[] {
    return [...this.#sums].flatMap(([account, amountMinor]) =>
      amountMinor === 0n ? [] : [{ account, amountMinor }],
    );
  }

  #add(account: string, amountMinor: bigint): void {
    this.#sums.set(account, (this.#sums.get(account) ?? 0n) + amountMinor);
  }
}

class Books {
  readonly #account: LineGroup['account'];
  readonly #books = new Map<string, Book>();

  constructor(account: LineGroup['account']) {
    this.#account = account;
  }

  of(currency: string): Book {
    const book = this.#books.get(currency) ?? new Book(this.#account);
    this.#books.set(currency, book);
    return book;
  }

  entries(): readonly GroupEntry[] {
    return [...this.#books].flatMap(([currency, book]) => {
      const postings = book.postings();
      return postings.length === 0 ? [] : [{ currency, postings }];
    });
  }
}
