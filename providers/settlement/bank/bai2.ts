import { type FileWarning, quoted, SettlementFileError } from '../errors.ts';
import {
  amountAt,
  type BankStatement,
  type BankStatementLine,
  currencyAt,
  dayAt,
  type ReadStatements,
  refuse,
  summed,
} from './line.ts';

/** A record with its continuations, and how many physical ones it is: trailers count those. */
interface BaiRecord {
  readonly code: string;
  readonly line: number;
  fields: string[];
  physical: number;
}

interface Totals {
  control: bigint;
  /** Of accounts in a group, or of groups in the file. */
  parts: number;
  records: number;
}

interface Account {
  readonly account: string;
  readonly currency: string;
  readonly line: number;
  readonly lines: BankStatementLine[];
  readonly totals: Totals;
  openingMinor?: bigint;
  closingMinor?: bigint;
}

const CODES = new Set(['01', '02', '03', '16', '49', '98', '99']);
const OPENING = '010';
const CLOSING = '015';

/** BAI2: files of groups of accounts, each level closed by a trailer with its totals. */
export function parseBai2(text: string): ReadStatements {
  const reader = new Bai2Reader();
  for (const record of logicalRecords(text)) reader.accept(record);
  return reader.end();
}

function logicalRecords(text: string): BaiRecord[] {
  const records: BaiRecord[] = [];
  text.split('\n').forEach((raw, index) => {
    const physical = raw.replace(/\r$/, '').trimEnd();
    if (physical === '') return;
    const line = index + 1;
    const code = physical.slice(0, 2);
    const isComplete = physical.endsWith('/');
    const body = isComplete ? physical.slice(0, -1) : physical;
    const last = records.at(-1);
    if (code === '88' && last !== undefined) {
      last.fields = [...last.fields, ...body.split(',').slice(1)];
      last.physical += 1;
      return;
    }
    if (!CODES.has(code)) refuse('unknown_record', line, `${quoted(code)} is no record of BAI2`);
    records.push({ code, line, fields: body.split(','), physical: 1 });
  });
  return records;
}

class Bai2Reader {
  readonly #lines: BankStatementLine[] = [];
  readonly #statements: BankStatement[] = [];
  readonly #warnings: FileWarning[] = [];
  #file: Totals | undefined;
  #fileId = '';
  #group: (Totals & { readonly currency: string; readonly day: string }) | undefined;
  #account: Account | undefined;
  #isOver = false;
  #lastLine = 1;

  accept(record: BaiRecord): void {
    this.#lastLine = record.line;
    if (this.#isOver) refuse('bad_record', record.line, 'there is a record after the end of the file');
    if (record.code !== '01' && this.#file === undefined) throw misplaced(record);
    for (const level of [this.#file, this.#group, this.#account?.totals]) {
      if (level !== undefined) level.records += record.physical;
    }
    switch (record.code) {
      case '01':
        this.#openFile(record);
        return;
      case '02':
        this.#openGroup(record);
        return;
      case '03':
        this.#openAccount(record);
        return;
      case '16':
        this.#detail(record);
        return;
      case '49':
        this.#closeAccount(record);
        return;
      case '98':
        this.#closeGroup(record);
        return;
      default:
        this.#closeFile(record);
        return;
    }
  }

  end(): ReadStatements {
    if (this.#file === undefined) refuse('empty_file', 1, 'the file has no records');
    if (!this.#isOver) refuse('truncated', this.#lastLine, 'the file ends without its trailer (99)');
    return { lines: this.#lines, statements: this.#statements, warnings: this.#warnings };
  }

  #openFile(record: BaiRecord): void {
    if (this.#file !== undefined) throw misplaced(record);
    this.#file = { control: 0n, parts: 0, records: record.physical };
    this.#fileId = record.fields[5] ?? '';
  }

  #openGroup(record: BaiRecord): void {
    if (this.#group !== undefined) throw misplaced(record);
    const { line, fields } = record;
    const [, year = '', month = '', day = ''] = /^(\d{2})(\d{2})(\d{2})$/.exec(fields[4] ?? '') ?? [];
    if (year === '') refuse('bad_time', line, `${quoted(fields[4] ?? '')} is not a day`, 'as-of date');
    const currency = currencyAt(line, 'currency', fields[6] || 'USD');
    const asOf = dayAt(line, 'as-of date', `20${year}`, month, day);
    this.#group = { control: 0n, parts: 0, records: record.physical, currency, day: asOf };
  }

  #openAccount(record: BaiRecord): void {
    const group = this.#group;
    if (group === undefined || this.#account !== undefined) throw misplaced(record);
    const { line, fields } = record;
    const account = fields[1] ?? '';
    if (account === '') refuse('missing_value', line, 'the account has no number', 'account');
    const currency = fields[2] ? currencyAt(line, 'currency', fields[2]) : group.currency;
    const totals = { control: 0n, parts: 0, records: record.physical };
    const opened: Account = { account, currency, line, lines: [], totals };
    for (let at = 3; at < fields.length; ) {
      const [code, amount] = [fields[at] ?? '', fields[at + 1] ?? ''];
      if (amount !== '') {
        const value = signedAt(line, amount, currency);
        totals.control += value;
        if (code === OPENING) opened.openingMinor = value;
        if (code === CLOSING) opened.closingMinor = value;
      }
      at += 4;
      at += fundsTypeFields(fields, at, line);
    }
    this.#account = opened;
  }

  #detail(record: BaiRecord): void {
    const [group, account] = [this.#group, this.#account];
    if (group === undefined || account === undefined) throw misplaced(record);
    const { line, fields } = record;
    const code = Number(fields[1]);
    const amount = fields[2] ?? '';
    // Amounts may be left out where a code only informs.
    if (amount === '') {
      this.#warnings.push({ code: 'not_booked', line, message: `code ${fields[1]} has no amount; left out` });
      return;
    }
    const size = amountAt(line, 'amount', amount, account.currency, 'minor');
    account.totals.control += BigInt(size);
    const isCredit = code >= 100 && code <= 399;
    if (!isCredit && !(code >= 400 && code <= 699)) {
      refuse(
        'bad_direction',
        line,
        `code ${quoted(fields[1] ?? '')} is neither a credit nor a debit`,
        'type code',
      );
    }
    const after = 4 + fundsTypeFields(fields, 4, line);
    const [bank, customer] = [fields[after] ?? '', fields[after + 1] ?? ''];
    const value = fields[3] === 'V' ? /^(\d{2})(\d{2})(\d{2})$/.exec(fields[4] ?? '') : null;
    const reference = bank || customer;
    account.lines.push({
      account: account.account,
      statement: `${group.day}/${this.#fileId}`,
      line,
      amountMinor: isCredit || size === 0 ? size : -size,
      currency: account.currency,
      bookedOn: group.day,
      ...(value === null
        ? {}
        : { valueOn: dayAt(line, 'value date', `20${value[1]}`, value[2] ?? '', value[3] ?? '') }),
      ...(reference === '' ? {} : { reference }),
      ...(customer === '' ? {} : { endToEndId: customer }),
      text: fields
        .slice(after + 2)
        .join(',')
        .trim(),
      reversal: false,
    });
  }

  #closeAccount(record: BaiRecord): void {
    const [group, account] = [this.#group, this.#account];
    if (group === undefined || account === undefined) throw misplaced(record);
    const { control, records } = account.totals;
    this.#compare(record, account.currency, { control, records }, [1, 2]);
    group.control += signedAt(record.line, record.fields[1] ?? '', account.currency);
    group.parts += 1;
    const name = { account: account.account, currency: account.currency };
    const statement = `${group.day}/${this.#fileId}`;
    this.#statements.push(
      summed({ ...name, statement }, account.lines, account, this.#warnings, account.line),
    );
    for (const line of account.lines) this.#lines.push(line);
    this.#account = undefined;
  }

  #closeGroup(record: BaiRecord): void {
    const [file, group] = [this.#file, this.#group];
    if (file === undefined || group === undefined || this.#account !== undefined) throw misplaced(record);
    this.#compare(record, group.currency, group, [1, 3, 2]);
    file.control += signedAt(record.line, record.fields[1] ?? '', group.currency);
    file.parts += 1;
    this.#group = undefined;
  }

  #closeFile(record: BaiRecord): void {
    if (this.#file === undefined || this.#group !== undefined) throw misplaced(record);
    this.#compare(record, 'USD', this.#file, [1, 3, 2]);
    this.#isOver = true;
  }

  #compare(
    { code, line, fields }: BaiRecord,
    currency: string,
    counted: { readonly control: bigint; readonly records: number; readonly parts?: number },
    [controlAt, recordsAt, partsAt]: readonly [number, number, number?],
  ): void {
    const control = signedAt(line, fields[controlAt] ?? '', currency);
    if (control !== counted.control) {
      const message = `the trailer ${code} says ${control}, its records ${counted.control} (minor units)`;
      this.#warnings.push({ code: 'trailer_differs', line, message });
    }
    const said = [fields[recordsAt], partsAt === undefined ? undefined : fields[partsAt]];
    const has = [counted.records, counted.parts];
    said.forEach((text, index) => {
      if (text === undefined || text === '' || Number(text) === has[index]) return;
      const message = `the trailer ${code} counts ${quoted(text)}, there are ${has[index]}`;
      this.#warnings.push({ code: 'count_differs', line, message });
    });
  }
}

function misplaced({ code, line }: BaiRecord): SettlementFileError {
  return new SettlementFileError('bad_record', line, `a record ${code} stands where it cannot stand`);
}

/** How many fields a funds type takes: none, a value date with its time, or amounts by day of availability. */
function fundsTypeFields(fields: readonly string[], after: number, line: number): number {
  const type = fields[after - 1] ?? '';
  if (type === 'S') return 3;
  if (type === 'V') return 2;
  if (type !== 'D') return 0;
  const count = fields[after] ?? '';
  if (!/^\d{1,2}$/.test(count))
    refuse('bad_record', line, `${quoted(count)} is not a count of days`, 'funds type');
  return 1 + 2 * Number(count);
}

/** Totals and balances carry their sign; details never do. */
function signedAt(line: number, text: string, currency: string): bigint {
  const isNegative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  const size = BigInt(amountAt(line, 'amount', digits, currency, 'minor'));
  return isNegative ? -size : size;
}
