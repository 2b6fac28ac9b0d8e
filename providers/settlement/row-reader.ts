import { type RowType, type SettlementRow, SIGN_OF_TYPE } from '../../domain/reconciliation/row.ts';
import { type BoundAmount, bindAmount, CellReader } from './amounts.ts';
import {
  type BoundCharge,
  type BoundTexts,
  type BoundTime,
  bindAllTexts,
  bindCharged,
  bindTimes,
  textOf,
} from './bind.ts';
import { BadValue, isRate } from './decimal.ts';
import { quoted, SettlementFileError, type WarningCode } from './errors.ts';
import { exchangeError } from './exchange.ts';
import { bindFees, type Fees, readFees } from './fees.ts';
import type { Header } from './header.ts';
import type { SettlementLayout, TypeName } from './layout.ts';
import { toUtc } from './time.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Warn = (code: WarningCode, line: number, message: string) => void;

/** What a row's own cells don't say: the section of the file that it stands in. */
export interface RowContext {
  readonly merchantAccount?: string;
  /** The code of a record that nobody has mapped, though it carries an amount. */
  readonly unknownAs?: string;
}

const TYPES_KEPT = 1_000;

/**
 * Reads rows of one file: the layout bound to the places that its columns have in the file's header, so that
 * nothing is looked up by name once per row.
 */
export class RowReader {
  /** What rounding took away from the net of the row that was read last, in fractions of a minor unit. */
  residue = 0n;
  readonly #layout: SettlementLayout;
  readonly #header: Header;
  readonly #cells: CellReader;
  readonly #warn: Warn;
  readonly #keepRaw: boolean;
  readonly #emptyRaw: Readonly<Record<string, string>>;
  readonly #type: number;
  readonly #currency: number;
  readonly #settlementCurrency: number;
  readonly #charged: BoundCharge | undefined;
  readonly #gross: BoundAmount;
  readonly #net: BoundAmount | undefined;
  readonly #fees: Fees;
  readonly #rate: number;
  readonly #texts: BoundTexts;
  readonly #occurredAt: readonly BoundTime[];
  readonly #availableOn: readonly BoundTime[];
  readonly #types = new Map<string, TypeName>();
  readonly #typeMap: ReadonlyMap<string, TypeName>;

  constructor(layout: SettlementLayout, header: Header, warn: Warn, keepRaw: boolean) {
    header.check(layout);
    this.#layout = layout;
    this.#header = header;
    this.#cells = new CellReader(header, layout);
    this.#warn = warn;
    this.#keepRaw = keepRaw;
    this.#emptyRaw = Object.fromEntries(header.keys.map((key) => [key, '']));
    this.#type = header.require(layout.types.column);
    this.#currency = header.require(layout.currency);
    this.#settlementCurrency =
      (layout.settlementCurrency === undefined ? undefined : header.find(layout.settlementCurrency)) ?? -1;
    this.#charged = bindCharged(layout, header);
    this.#gross = bindAmount(layout.gross, header);
    this.#net = layout.net === undefined ? undefined : bindAmount(layout.net, header);
    this.#fees = bindFees(layout.fees, header);
    this.#rate = (layout.exchangeRate === undefined ? undefined : header.find(layout.exchangeRate)) ?? -1;
    this.#texts = bindAllTexts(layout, header);
    this.#occurredAt = bindTimes(layout.occurredAt, header);
    this.#availableOn = bindTimes(layout.availableOn ?? [], header);
    this.#typeMap = new Map(
      Object.entries(layout.types.map).map(([word, type]) => [word.toLowerCase(), type] as const),
    );
  }

  /** Adds the rows that a record makes: one, and another where it moves money of a second kind or currency. */
  read(cells: readonly string[], line: number, context: RowContext, rows: SettlementRow[]): void {
    const reader = this.#cells;
    const hasGross = this.#isFilled(cells, this.#gross);
    const settlementCurrency = this.#settlementCurrencyOf(cells, line);
    let currency =
      hasGross && (cells[this.#currency] ?? '') !== ''
        ? reader.currency(cells, line, this.#currency)
        : settlementCurrency;
    let gross = hasGross ? reader.amount(cells, line, this.#gross, currency) : undefined;
    let residue = reader.residue;
    let net: number | undefined;
    if (this.#net !== undefined) {
      net = reader.amount(cells, line, this.#net, settlementCurrency);
      residue = reader.residue;
    }
    if (gross === undefined && net === undefined) throw this.#noAmount(line);
    this.residue = residue;

    const word = context.unknownAs ?? cells[this.#type] ?? '';
    let type = context.unknownAs === undefined ? this.#typeOf(word, gross ?? net ?? 0) : 'unknown';
    if (!gross && net && this.#layout.types.feeWithoutGross?.includes(type)) {
      type = 'fee';
      gross = undefined;
    }
    let fees = readFees(this.#fees, reader, cells, line, type, { gross, net, currency: settlementCurrency });
    // Some files write 0.00 where others leave the gross of a fee or payout empty.
    if (gross === undefined || (gross === 0 && net && fees.total === 0 && fees.reserve === 0)) {
      // A line that says only what is left moves just that; parts would count it twice.
      gross = net ?? 0;
      currency = settlementCurrency;
      fees = { ...fees, total: 0, parts: [], reserve: 0 };
      if (type === 'capture' || type === 'refund' || type === 'chargeback') {
        this.#warn('gross_missing', line, `the ${type} has no gross amount; its net is taken for it`);
      }
    }
    if (fees.partsDiffer) this.#warn('fee_parts_differ', line, 'the parts of the fee do not add up to it');
    const apart = fees.currency !== undefined && fees.currency !== settlementCurrency;
    const feeMinor = apart ? 0 : fees.total;
    let netMinor = (net ?? gross - feeMinor) - fees.reserve;

    const sign = this.#layout.signs?.[type];
    if (sign !== undefined) {
      gross = signed(gross, sign);
      netMinor = signed(netMinor, sign);
    }
    const row = {
      line,
      type,
      providerType: word,
      currency,
      grossMinor: gross,
      settlementCurrency,
      feeMinor,
      netMinor,
      fees: apart ? [] : fees.parts,
      occurredAt: this.#time(cells, line, this.#occurredAt) ?? '',
      raw: this.#raw(cells),
    } as Mutable<SettlementRow>;
    if (row.occurredAt === '') throw this.#noTime(line);
    this.#judge(row);
    this.#charge(row, cells, line);
    this.#addTexts(row, cells, context);
    const availableOn = this.#time(cells, line, this.#availableOn);
    if (availableOn !== undefined) row.availableOn = availableOn;
    this.#addRate(row, cells, line);
    rows.push(row);
    if (apart && fees.total !== 0) rows.push(aside(row, 'fee', -fees.total, fees.currency ?? currency));
    if (fees.reserve !== 0) {
      const held = fees.reserve < 0 ? 'reserve_held' : 'reserve_released';
      rows.push(aside(row, held, fees.reserve, settlementCurrency));
    }
  }

  carriesAmount(cells: readonly string[]): boolean {
    return this.#isFilled(cells, this.#gross);
  }

  #isFilled(cells: readonly string[], { position, beside, shape }: BoundAmount): boolean {
    return (cells[position] ?? '') !== '' || (shape === 'two_columns' && (cells[beside] ?? '') !== '');
  }

  #settlementCurrencyOf(cells: readonly string[], line: number): string {
    const position = this.#settlementCurrency;
    const own = position >= 0 && (cells[position] ?? '') !== '';
    return this.#cells.currency(cells, line, own ? position : this.#currency);
  }

  #typeOf(word: string, amount: number): RowType {
    let name = this.#types.get(word);
    if (name === undefined) {
      name = this.#lookUp(word);
      // Words are anybody's text: however many there are, only so many are remembered.
      if (this.#types.size < TYPES_KEPT) this.#types.set(word, name);
    }
    if (typeof name === 'string') return name;
    // A payout of nothing has no direction, and nothing came back of it.
    const isPaidNothing = amount === 0 && name.debit === 'payout';
    return amount < 0 || isPaidNothing ? name.debit : name.credit;
  }

  #lookUp(word: string): TypeName {
    const known = this.#typeMap.get(word.trim().toLowerCase());
    if (known !== undefined) return known;
    const group = Object.entries(this.#layout.types.groups ?? {}).find(([start]) => word.startsWith(start));
    return group?.[1] ?? 'unknown';
  }

  /** What the file's own numbers say against each other. */
  #judge(row: Mutable<SettlementRow>): void {
    const { line, type, grossMinor, feeMinor, netMinor } = row;
    if (row.currency === row.settlementCurrency && grossMinor - feeMinor !== netMinor) {
      const said = `${grossMinor} less ${feeMinor} is not ${netMinor}`;
      this.#warn('net_differs', line, `gross less fees is not net: ${said} (minor units)`);
    }
    const expected = SIGN_OF_TYPE[type];
    if (expected !== undefined && grossMinor * expected < 0) {
      this.#warn('sign_differs', line, `a ${type} of ${grossMinor} goes the other way than its type says`);
    }
  }

  /** What the payment was made in, where the file's gross is in the settlement currency. */
  #charge(row: Mutable<SettlementRow>, cells: readonly string[], line: number): void {
    const charged = this.#charged;
    if (charged === undefined || (cells[charged.currency] ?? '') === '') return;
    const currency = this.#cells.currency(cells, line, charged.currency);
    if (currency === row.settlementCurrency) return;
    const amount = this.#cells.amount(cells, line, charged.amount, currency);
    if (amount === undefined || row.type === 'fee') return;
    const amountMinor =
      row.grossMinor === 0 ? amount : signed(amount, row.grossMinor < 0 ? 'negative' : 'positive');
    row.currency = currency;
    row.grossMinor = amountMinor;
    if (this.#layout.charged?.isPresented) row.presented = { amountMinor, currency };
  }

  #addTexts(row: Mutable<SettlementRow>, cells: readonly string[], context: RowContext): void {
    if (context.merchantAccount !== undefined) row.merchantAccount = context.merchantAccount;
    for (const [field, choices] of this.#texts.get(row.type) ?? []) {
      const text = textOf(cells, choices);
      if (text !== '') row[field] = text;
    }
  }

  #addRate(row: Mutable<SettlementRow>, cells: readonly string[], line: number): void {
    const text = this.#rate < 0 ? '' : (cells[this.#rate] ?? '');
    if (text === '' || /^0(\.0*)?$/.test(text)) return;
    if (!isRate(text)) {
      throw this.#cells.refusal(new BadValue('bad_rate', `${quoted(text)} is not a rate`), line, this.#rate);
    }
    row.exchangeRate = text;
    if (row.currency === row.settlementCurrency) return;
    const off = exchangeError(row, text);
    if (off !== undefined) this.#warn('exchange_differs', line, off);
  }

  #time(cells: readonly string[], line: number, times: readonly BoundTime[]): string | undefined {
    for (const { position, zonePosition, zone, order } of times) {
      const text = cells[position] ?? '';
      if (text === '') continue;
      const beside = zonePosition < 0 ? '' : (cells[zonePosition] ?? '').trim();
      try {
        return toUtc(text, beside === '' ? zone : beside, order);
      } catch (error) {
        const inZone = error instanceof BadValue && error.reason === 'bad_time_zone' && zonePosition >= 0;
        throw this.#cells.refusal(error, line, inZone ? zonePosition : position);
      }
    }
    return undefined;
  }

  #raw(cells: readonly string[]): Record<string, string> {
    if (!this.#keepRaw) return {};
    // A copy has room for all of its columns at once; an object that grows is made anew every few of them.
    const raw = { ...this.#emptyRaw };
    const { keys } = this.#header;
    for (let at = 0; at < keys.length; at += 1) raw[keys[at] ?? ''] = cells[at] ?? '';
    return raw;
  }

  #noAmount(line: number): SettlementFileError {
    const column = this.#header.names[this.#gross.position];
    return new SettlementFileError('missing_value', line, 'the line has no amount', column);
  }

  #noTime(line: number): SettlementFileError {
    const column = this.#header.names[this.#occurredAt[0]?.position ?? 0];
    return new SettlementFileError('missing_value', line, 'the line has no time', column);
  }
}

/** Money of another kind or currency that the same record moves. */
function aside(row: SettlementRow, type: RowType, amountMinor: number, currency: string): SettlementRow {
  const { presented: _presented, exchangeRate: _rate, ...same } = row;
  return {
    ...same,
    type,
    currency,
    grossMinor: amountMinor,
    settlementCurrency: currency,
    feeMinor: 0,
    netMinor: amountMinor,
    fees: [],
  };
}

function signed(amount: number, sign: 'positive' | 'negative'): number {
  const size = Math.abs(amount);
  return sign === 'positive' || size === 0 ? size : -size;
}
