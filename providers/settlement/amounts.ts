import { exponentOf } from '../../domain/money/currency.ts';
import { BadValue, parseCurrency, parseMinor, parseRounded } from './decimal.ts';
import { quoted, SettlementFileError } from './errors.ts';
import type { Header } from './header.ts';
import type { AmountSource, SettlementLayout } from './layout.ts';

/** An amount source bound to the places of its columns in one file. */
export interface BoundAmount {
  readonly shape: 'signed' | 'two_columns' | 'directed';
  readonly position: number;
  /** The debit's column or the direction's. */
  readonly beside: number;
  readonly credit: string;
  readonly debit: string;
}

export function bindAmount(source: AmountSource, header: Header): BoundAmount {
  if ('direction' in source) {
    const { column, credit, debit } = source.direction;
    const [position, beside] = [header.require(source.column), header.require(column)];
    return { shape: 'directed', position, beside, credit, debit };
  }
  if ('column' in source) {
    return { shape: 'signed', position: header.require(source.column), beside: -1, credit: '', debit: '' };
  }
  const [position, beside] = [header.require(source.credit), header.require(source.debit)];
  return { shape: 'two_columns', position, beside, credit: '', debit: '' };
}

/** Reads the cells of one file's rows; whatever is wrong with one is told with its line and column. */
export class CellReader {
  readonly #header: Header;
  readonly #units: 'major' | 'minor';
  readonly #rounds: boolean;
  /** What rounding took away from the amount that was read last. */
  residue = 0n;

  constructor(header: Header, layout: Pick<SettlementLayout, 'units' | 'moreDecimals'>) {
    this.#header = header;
    this.#units = layout.units;
    this.#rounds = layout.moreDecimals === 'round';
  }

  /** With the sign of what it does to the merchant's money; undefined where the cells are empty. */
  amount(cells: readonly string[], line: number, bound: BoundAmount, currency: string): number | undefined {
    const { shape, position, beside } = bound;
    const own = cells[position] ?? '';
    this.residue = 0n;
    if (shape === 'signed') return own === '' ? undefined : this.#parse(own, line, position, currency);
    if (shape === 'two_columns') {
      const other = cells[beside] ?? '';
      const credit = own === '' ? undefined : this.#unsigned(own, line, position, currency);
      const debit = other === '' ? undefined : this.#unsigned(other, line, beside, currency);
      if (credit !== undefined && credit !== 0 && debit !== undefined && debit !== 0) {
        throw this.refusal(
          new BadValue('bad_direction', 'the line is both a debit and a credit'),
          line,
          position,
        );
      }
      if (debit !== undefined && debit !== 0) return -debit;
      return credit ?? debit;
    }
    if (own === '') return undefined;
    const amount = this.#unsigned(own, line, position, currency);
    const direction = cells[beside] ?? '';
    if (direction === bound.credit) return amount;
    if (direction === bound.debit) return amount === 0 ? 0 : -amount;
    if (amount === 0 && direction === '') return 0;
    const wanted = `${quoted(bound.credit)} nor ${quoted(bound.debit)}`;
    throw this.refusal(
      new BadValue('bad_direction', `${quoted(direction)} is neither ${wanted}`),
      line,
      beside,
    );
  }

  currency(cells: readonly string[], line: number, position: number): string {
    try {
      return parseCurrency(cells[position] ?? '');
    } catch (error) {
      throw this.refusal(error, line, position);
    }
  }

  refusal(error: unknown, line: number, position: number): unknown {
    if (!(error instanceof BadValue)) return error;
    return new SettlementFileError(error.reason, line, error.message, this.#header.names[position]);
  }

  #unsigned(text: string, line: number, position: number, currency: string): number {
    const amount = this.#parse(text, line, position, currency);
    if (amount >= 0) return amount;
    const message = `${quoted(text)} is negative where the direction is told by something else`;
    throw this.refusal(new BadValue('bad_direction', message), line, position);
  }

  #parse(text: string, line: number, position: number, currency: string): number {
    try {
      const exponent = exponentOf(currency) ?? 2;
      if (!this.#rounds) return parseMinor(text, exponent, this.#units);
      const { minor, residue } = parseRounded(text, exponent);
      this.residue = residue;
      return minor;
    } catch (error) {
      throw this.refusal(error, line, position);
    }
  }
}
