// Bank statements as MT940: one message a currency.
import type { BankEntry, Statement } from './bank.ts';
import { major } from './money.ts';

/** `:61:` has room for so much of a reference; what is longer stands in `:86:` alone. */
const REFERENCE_LENGTH = 16;
const LINE_LENGTH = 65;

function amount(amountMinor: bigint, currency: string): string {
  const text = major(amountMinor < 0n ? -amountMinor : amountMinor, currency).replace('.', ',');
  return text.includes(',') ? text : `${text},`;
}

function shortDate(date: string): string {
  return date.slice(2).replaceAll('-', '');
}

function balance(tag: string, amountMinor: bigint, { currency, date }: Statement): string {
  const side = amountMinor < 0n ? 'D' : 'C';
  return `:${tag}:${side}${shortDate(date)}${currency}${amount(amountMinor, currency)}`;
}

/** A credit that is taken back is marked RC, which debits. */
function mark(entry: BankEntry): string {
  if (entry.reversal) return entry.amountMinor < 0 ? 'RC' : 'RD';
  return entry.amountMinor < 0 ? 'D' : 'C';
}

function wrapped(text: string): string {
  return text.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g'))?.join('\r\n') ?? '';
}

function entryOf(entry: BankEntry): string[] {
  const { date, endToEndId } = entry;
  const named = endToEndId !== null && endToEndId.length <= REFERENCE_LENGTH ? endToEndId : 'NONREF';
  const sum = amount(BigInt(entry.amountMinor), entry.currency);
  const booked = shortDate(date).slice(2);
  const end = endToEndId === null ? '' : `/EREF/${endToEndId}`;
  return [
    `:61:${shortDate(date)}${booked}${mark(entry)}${sum}NTRF${named}//${entry.reference}`,
    `:86:${wrapped(`${end}/NAME/${entry.counterparty}/REMI/${entry.text}`)}`,
  ];
}

export function mt940(statements: readonly Statement[]): string {
  return statements
    .map((statement, index) => {
      const { account, currency, date, number } = statement;
      const lines = [
        `:20:SB${shortDate(date)}${currency}`,
        `:25:${account}`,
        `:28C:${String(number).padStart(5, '0')}/${String(index + 1).padStart(3, '0')}`,
        balance('60F', statement.openingMinor, statement),
        ...statement.entries.flatMap(entryOf),
        balance('62F', statement.closingMinor, statement),
        '-',
      ];
      return lines.map((line) => `${line}\r\n`).join('');
    })
    .join('');
}
