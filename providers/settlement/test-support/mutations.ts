import { gzipSync } from 'node:zlib';
import type { RefusalReason, WarningCode } from '../errors.ts';
import { EXPONENTS, firstRowLine, type Meaning, type Sheet, textOf } from './files.ts';

/** Choices of one seed. */
export interface Dice {
  /** A whole number below `sides`. */
  roll(sides: number): number;
}

export interface Mutant {
  readonly bytes: Buffer;
  readonly options?: { readonly gunzip?: boolean; readonly bounds?: { readonly maxBytes?: number } };
  /** One of these refusals, at this line where it is known... */
  readonly refused?: readonly RefusalReason[];
  readonly line?: number;
  /** ...or these rows, with at least one of these warnings where some are named. */
  readonly meanings?: readonly Meaning[];
  readonly warnings?: readonly WarningCode[];
  /** Where either may happen: what is read begins with these rows, and at most one more follows. */
  readonly prefix?: readonly Meaning[];
}

type Mutation = (sheet: Sheet, dice: Dice) => Mutant | undefined;

const bytes = (sheet: Sheet, newline?: string) => Buffer.from(textOf(sheet, newline));

function pick<T>(dice: Dice, from: readonly T[]): T {
  return from[dice.roll(from.length)] as T;
}

function withRow(sheet: Sheet, at: number, change: (cells: readonly string[]) => readonly string[]): Sheet {
  return { ...sheet, rows: sheet.rows.map((cells, index) => (index === at ? change(cells) : cells)) };
}

function columnOf({ header }: Sheet, name: string): number {
  return header.findIndex((each) => each.replace(/\s+/g, ' ') === name);
}

const AMOUNTS = {
  stripe: ['gross', 'fee', 'net'],
  adyen: ['Gross Debit (GC)', 'Gross Credit (GC)', 'Net Debit (NC)', 'Net Credit (NC)', 'Commission (NC)'],
  paypal: ['Gross Transaction Amount', 'Fee Amount'],
  checkout: ['Gross In Holding Currency', 'Net In Holding Currency', 'Scheme Fee In Holding Currency'],
} as const;
const CURRENCY = {
  stripe: 'currency',
  adyen: 'Net Currency',
  paypal: 'Gross Transaction Currency',
  checkout: 'Holding Currency',
} as const;
const TYPE = {
  stripe: 'reporting_category',
  adyen: 'Type',
  paypal: 'Transaction Event Code',
  checkout: 'Type',
} as const;
const TIME = {
  stripe: 'created',
  adyen: 'Creation Date',
  paypal: 'Transaction Initiation Date',
  checkout: 'Processed On',
} as const;

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly text: string;
}

/** A cell with an amount that isn't zero. */
function amountCell(
  sheet: Sheet,
  dice: Dice,
  names: readonly string[] = AMOUNTS[sheet.layout],
): Cell | undefined {
  const found = sheet.rows.flatMap((cells, row) =>
    names.flatMap((name) => {
      const column = columnOf(sheet, name);
      const text = cells[column] ?? '';
      return /[1-9]/.test(text) ? [{ row, column, text }] : [];
    }),
  );
  return found.length === 0 ? undefined : pick(dice, found);
}

function replaced(sheet: Sheet, { row, column }: Cell, text: string): Sheet {
  return withRow(sheet, row, (cells) => cells.map((cell, at) => (at === column ? text : cell)));
}

function anyCell(sheet: Sheet, dice: Dice, name: string): Cell | undefined {
  if (sheet.rows.length === 0) return undefined;
  const [row, column] = [dice.roll(sheet.rows.length), columnOf(sheet, name)];
  return { row, column, text: sheet.rows[row]?.[column] ?? '' };
}

function refusedCell(
  sheet: Sheet,
  cell: Cell | undefined,
  text: string,
  refused: readonly RefusalReason[],
): Mutant | undefined {
  if (cell === undefined) return undefined;
  return { bytes: bytes(replaced(sheet, cell, text)), refused, line: firstRowLine(sheet) + cell.row };
}

/** What leaves the meaning as it is. */
const harmless: Readonly<Record<string, Mutation>> = {
  'a byte order mark': (sheet) => ({
    bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(sheet)]),
    meanings: sheet.meanings,
  }),
  'CR LF': (sheet) => ({ bytes: bytes(sheet, '\r\n'), meanings: sheet.meanings }),
  'shuffled columns': (sheet, dice) => {
    // A record's code stays in front.
    const fixed = sheet.layout === 'paypal' ? 1 : 0;
    const order = sheet.header.map((_, at) => at);
    for (let at = order.length - 1; at > fixed; at -= 1) {
      const other = fixed + dice.roll(at - fixed + 1);
      [order[at], order[other]] = [order[other] as number, order[at] as number];
    }
    const turn = (cells: readonly string[]) => order.map((at) => cells[at] ?? '');
    const turned = { ...sheet, header: turn(sheet.header), rows: sheet.rows.map(turn) };
    return { bytes: bytes(turned), meanings: sheet.meanings };
  },
  'a column more': (sheet, dice) => {
    const added = {
      ...sheet,
      header: [...sheet.header, 'Brand new'],
      rows: sheet.rows.map((cells) => [...cells, String(dice.roll(1_000))]),
    };
    return { bytes: bytes(added), meanings: sheet.meanings };
  },
  'empty cells left out': (sheet) => {
    if (sheet.layout !== 'paypal') return undefined;
    const short = sheet.rows.map((cells) => cells.slice(0, -2));
    return { bytes: bytes({ ...sheet, rows: short }), meanings: sheet.meanings };
  },
  'empty lines': (sheet) => ({ bytes: bytes(sheet, '\n\n'), meanings: sheet.meanings }),
  'shuffled rows': (sheet, dice) => {
    const order = sheet.rows.map((_, at) => at);
    for (let at = order.length - 1; at > 0; at -= 1) {
      const other = dice.roll(at + 1);
      [order[at], order[other]] = [order[other] as number, order[at] as number];
    }
    const rows = order.map((at) => sheet.rows[at] as readonly string[]);
    return { bytes: bytes({ ...sheet, rows }), meanings: order.map((at) => sheet.meanings[at] as Meaning) };
  },
};

/** What changes the meaning, and can be told. */
const telling: Readonly<Record<string, Mutation>> = {
  'a row twice': (sheet, dice) => {
    if (sheet.rows.length === 0) return undefined;
    const at = dice.roll(sheet.rows.length);
    const twice = <T>(list: readonly T[]) => [...list.slice(0, at + 1), ...list.slice(at)];
    const isEven = sheet.layout === 'checkout' || sheet.meanings[at]?.netMinor === 0;
    return {
      bytes: bytes({ ...sheet, rows: twice(sheet.rows) }),
      meanings: twice(sheet.meanings),
      ...(isEven
        ? {}
        : { warnings: ['batch_not_balanced', 'trailer_differs', 'count_differs', 'payout_line_missing'] }),
    };
  },
  'an unknown type': (sheet, dice) => {
    const cell = anyCell(sheet, dice, TYPE[sheet.layout]);
    const meaning = cell === undefined ? undefined : sheet.meanings[cell.row];
    // Without a gross amount, a line of Checkout's is a fee, whatever it is called.
    if (
      cell === undefined ||
      meaning === undefined ||
      (sheet.layout === 'checkout' && meaning.type === 'fee')
    ) {
      return undefined;
    }
    const { reference: _, ...same } = meaning;
    const meanings = sheet.meanings.map((each, at) =>
      at === cell.row ? { ...same, type: 'unknown' } : each,
    );
    return { bytes: bytes(replaced(sheet, cell, 'Z9 surcharge')), meanings };
  },
  'a wrong total': (sheet, dice) => {
    if (sheet.layout === 'paypal') {
      const footers = sheet.after.flatMap((cells, at) =>
        cells[0] === 'SF' || cells[0] === 'RF' ? [at] : [],
      );
      if (footers.length === 0) return undefined;
      const [at, column] = [pick(dice, footers), 2 + dice.roll(4)];
      const after = sheet.after.map((cells, index) =>
        index === at ? cells.map((cell, each) => (each === column ? String(Number(cell) + 1) : cell)) : cells,
      );
      return { bytes: bytes({ ...sheet, after }), meanings: sheet.meanings, warnings: ['trailer_differs'] };
    }
    if (sheet.layout === 'checkout') return undefined;
    const at = sheet.meanings.findIndex(({ type }) => type.startsWith('payout'));
    const paid = sheet.meanings[at];
    if (paid === undefined) return undefined;
    const grown = paid.netMinor + (paid.netMinor < 0 ? -1 : 1);
    const digits = String(Math.abs(grown)).padStart((EXPONENTS[paid.currency] ?? 2) + 1, '0');
    const exponent = EXPONENTS[paid.currency] ?? 2;
    const text = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
    const names = sheet.layout === 'stripe' ? ['gross', 'net'] : ['Net Debit (NC)', 'Net Credit (NC)'];
    const changed = withRow(sheet, at, (cells) =>
      cells.map((cell, column) => {
        const isAmount = names.some((name) => columnOf(sheet, name) === column) && cell !== '';
        return isAmount ? `${cell.startsWith('-') ? '-' : ''}${text}` : cell;
      }),
    );
    const meanings = sheet.meanings.map((each, index) =>
      index === at ? { ...each, grossMinor: grown, netMinor: grown } : each,
    );
    return { bytes: bytes(changed), meanings, warnings: ['batch_not_balanced'] };
  },
  'a wrong sign': (sheet, dice) => {
    const names =
      sheet.layout === 'stripe'
        ? ['gross']
        : AMOUNTS[sheet.layout].slice(0, sheet.layout === 'adyen' ? 4 : 1);
    const cell = amountCell(sheet, dice, names);
    const meaning = cell === undefined ? undefined : sheet.meanings[cell.row];
    if (cell === undefined || meaning === undefined || meaning.type.startsWith('payout')) return undefined;
    const text = cell.text.startsWith('-') ? cell.text.slice(1) : `-${cell.text}`;
    if (sheet.layout === 'adyen' || sheet.layout === 'paypal') {
      return refusedCell(sheet, cell, text, ['bad_direction']);
    }
    const grossMinor = -meaning.grossMinor;
    const feeMinor = sheet.layout === 'checkout' ? grossMinor - meaning.netMinor : meaning.feeMinor;
    const meanings = sheet.meanings.map((each, at) =>
      at === cell.row ? { ...each, grossMinor, feeMinor } : each,
    );
    return {
      bytes: bytes(replaced(sheet, cell, text)),
      meanings,
      warnings: ['sign_differs', 'net_differs', 'fee_parts_differ'],
    };
  },
};

const renames = (name: string) => `${name} (renamed)`;

/** What must not be taken for money. */
const hopeless: Readonly<Record<string, Mutation>> = {
  'a decimal comma': (sheet, dice) => {
    const cell = amountCell(sheet, dice);
    return refusedCell(sheet, cell, `${cell?.text.replace('.', '')},50`, ['decimal_comma']);
  },
  'a thousands separator': (sheet, dice) => {
    const cell = amountCell(sheet, dice);
    return refusedCell(sheet, cell, `1,${cell?.text.replace('-', '').padStart(3, '0')}`, ['decimal_comma']);
  },
  'more decimals than the currency has': (sheet, dice) => {
    // Checkout's amounts have more by design, and are rounded.
    if (sheet.layout === 'checkout') return undefined;
    const cell = amountCell(sheet, dice);
    const text = cell?.text ?? '';
    return refusedCell(sheet, cell, text.includes('.') ? `${text}1` : `${text}.0001`, ['wrong_exponent']);
  },
  'a word for an amount': (sheet, dice) => {
    const cell = amountCell(sheet, dice);
    return refusedCell(
      sheet,
      cell,
      pick(dice, ['1e5', '$12', '12 345', '0x10', '--5', '1.2.3', 'NaN', '(5.00)']),
      ['bad_amount', 'wrong_exponent'],
    );
  },
  'an amount beyond numbers': (sheet, dice) =>
    refusedCell(sheet, amountCell(sheet, dice), '99999999999999999999', ['amount_too_large']),
  'no currency': (sheet, dice) => {
    const name = CURRENCY[sheet.layout];
    return refusedCell(sheet, anyCell(sheet, dice, name), pick(dice, ['EURO', 'XXX', 'E1', '€']), [
      'bad_currency',
    ]);
  },
  'a day that is none': (sheet, dice) =>
    refusedCell(
      sheet,
      anyCell(sheet, dice, TIME[sheet.layout]),
      pick(dice, ['2026-02-30 10:00:00', '30.01.2026', 'yesterday', '2026-01-30 25:00:00']),
      ['bad_time'],
    ),
  'a cell less': (sheet, dice) => {
    if (sheet.rows.length === 0) return undefined;
    const at = dice.roll(sheet.rows.length);
    // PayPal's records may leave out what is empty at their end, but not their fee's currency.
    const kept = sheet.layout === 'paypal' ? 13 : -1;
    const cut = withRow(sheet, at, (cells) => cells.slice(0, kept));
    return { bytes: bytes(cut), refused: ['short_record'], line: firstRowLine(sheet) + at };
  },
  'a cell more': (sheet, dice) => {
    if (sheet.rows.length === 0) return undefined;
    const at = dice.roll(sheet.rows.length);
    const grown = withRow(sheet, at, (cells) => [...cells, '9.99']);
    return { bytes: bytes(grown), refused: ['long_record'], line: firstRowLine(sheet) + at };
  },
  'a renamed column': (sheet) => {
    const name = sheet.header[columnOf(sheet, TYPE[sheet.layout])] ?? '';
    const header = sheet.header.map((each) => (each === name ? renames(each) : each));
    return { bytes: bytes({ ...sheet, header }), refused: ['missing_column'], line: sheet.before.length + 1 };
  },
  'a column twice': (sheet) => {
    const name = sheet.header[columnOf(sheet, CURRENCY[sheet.layout])] ?? '';
    const twice = {
      ...sheet,
      header: [...sheet.header, name],
      rows: sheet.rows.map((cells) => [...cells, 'EUR']),
    };
    return { bytes: bytes(twice), refused: ['duplicate_column'], line: sheet.before.length + 1 };
  },
  'a NUL byte': (sheet, dice) => {
    const whole = bytes(sheet);
    const at = dice.roll(whole.length);
    const line = whole.subarray(0, at).filter((byte) => byte === 10).length + 1;
    const cut = [whole.subarray(0, at), Buffer.from([0]), whole.subarray(at)];
    return { bytes: Buffer.concat(cut), refused: ['nul_byte'], line };
  },
  'a byte that is no UTF-8': (sheet, dice) => {
    const whole = bytes(sheet);
    const at = 4 + dice.roll(whole.length - 4);
    const line = whole.subarray(0, at).filter((byte) => byte === 10).length + 1;
    const cut = [whole.subarray(0, at), Buffer.from([0xff]), whole.subarray(at)];
    return { bytes: Buffer.concat(cut), refused: ['wrong_encoding'], line };
  },
  'UTF-16': (sheet) => ({
    bytes: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(textOf(sheet), 'utf16le')]),
    refused: ['wrong_encoding'],
  }),
  'a line of ten megabytes': (sheet, dice) => {
    const whole = textOf(sheet);
    const at = dice.roll(whole.length);
    const long = `${whole.slice(0, at)}${'x'.repeat(10 * 1024 ** 2)}${whole.slice(at)}`;
    return { bytes: Buffer.from(long), refused: ['line_too_long'] };
  },
  'a quote that never ends': (sheet, dice) => {
    if (sheet.rows.length === 0) return undefined;
    const whole = textOf(sheet);
    const lines = whole.split('\n');
    const at = firstRowLine(sheet) - 1 + dice.roll(sheet.rows.length);
    lines[at] = `"${lines[at] ?? ''}`;
    return { bytes: Buffer.from(lines.join('\n')), refused: ['unterminated_quote', 'bad_quote'] };
  },
  gzip: (sheet) => ({ bytes: gzipSync(bytes(sheet), { level: 1 }), refused: ['compressed'], line: 1 }),
  'a ZIP archive': (sheet) => ({
    bytes: Buffer.concat([Buffer.from('PK\x03\x04'), bytes(sheet)]),
    refused: ['compressed'],
    line: 1,
  }),
  'a bomb that is unpacked': () => ({
    bytes: BOMB,
    options: { gunzip: true, bounds: { maxBytes: 1024 ** 2 } },
    refused: ['too_large', 'nul_byte', 'line_too_long'],
  }),
  'nothing at all': () => ({ bytes: Buffer.alloc(0), refused: ['empty_file'] }),
};

const BOMB = gzipSync(Buffer.alloc(32 * 1024 ** 2, ','), { level: 9 });

/** A file that is cut off somewhere: whatever is made of it must be nothing, or honest. */
const cut: Mutation = (sheet, dice) => {
  const whole = textOf(sheet);
  const left = whole.slice(0, dice.roll(whole.length));
  const cutOff = { bytes: Buffer.from(left), refused: CUT };
  if (sheet.layout === 'paypal') {
    // Its last record says that it is the last; a newline more or less changes nothing.
    if (!left.includes('\nFF')) return cutOff;
    return { ...cutOff, warnings: ['no_final_newline'], prefix: sheet.meanings };
  }
  const complete = left.split('\n').length - 1;
  if (complete < 1) return { ...cutOff, warnings: ['no_final_newline'], prefix: [] };
  const meanings = sheet.meanings.slice(0, complete - 1);
  // Between two records only sums could tell, and not every file has them.
  if (left.endsWith('\n')) return { bytes: Buffer.from(left), meanings };
  return { ...cutOff, warnings: ['no_final_newline'], prefix: meanings };
};

const CUT: readonly RefusalReason[] = [
  'truncated',
  'short_record',
  'unterminated_quote',
  'bad_quote',
  'missing_column',
  'empty_file',
  'bad_record',
  'unknown_record',
  'bad_amount',
  'missing_value',
  'bad_currency',
  'bad_time',
  'bad_direction',
  'wrong_exponent',
];

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  ...harmless,
  ...telling,
  ...hopeless,
  'a file that is cut off': cut,
  'a file that is cut off elsewhere': cut,
};
