import { createRequire } from 'node:module';
import { type FileWarning, SettlementFileError } from '../errors.ts';
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

/** What is used of mt940js, which has no types of its own. */
interface Tag {
  readonly id: number | string;
  readonly data: string;
}

interface Statement {
  readonly accountIdentification: string;
  readonly number: { readonly statement: string; readonly sequence: string };
  readonly transactions: readonly {
    readonly reference: string;
    readonly bankReference: string;
    readonly details: string;
    readonly extraDetails: string;
  }[];
  readonly tags: readonly Tag[];
}

interface Mt940Parser {
  parse(text: string, withTags: boolean): Statement[];
  _validateGroup(tags: readonly Tag[], number: number): void;
}

const { Parser } = createRequire(import.meta.url)('mt940js') as {
  Parser: new (options: { no86Structure: boolean }) => Mt940Parser;
};

const MANDATORY = [20, 25, 28, 60, 62];
const LINE = /^(\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2}))?(R?)([DC])[A-Z]?([0-9,]{1,16})/;
const BALANCE = /^([DC])(\d{2})(\d{2})(\d{2})([A-Z]{3})([0-9,]{1,16})/;

/**
 * mt940js adds amounts up as floats rounded to two decimals, which is wrong for dinars. Here it only takes the
 * text apart; amounts are read from its tags, and whether they add up is looked at afterwards.
 */
class TagParser extends (Parser as new (options: { no86Structure: boolean }) => Mt940Parser) {
  override _validateGroup(tags: readonly Tag[], number: number): void {
    const missing = MANDATORY.find((id) => !tags.some((tag) => tag.id === id));
    if (missing !== undefined) throw new Error(`:${missing}: is missing in statement ${number}`);
  }
}

export function parseMt940(text: string): ReadStatements {
  const begins = linesOf(text, ':61:');
  const opens = linesOf(text, ':20:');
  const statements: BankStatement[] = [];
  const lines: BankStatementLine[] = [];
  const warnings: FileWarning[] = [];
  takeApart(text).forEach((statement, index) => {
    const opensAt = opens[index] ?? 1;
    const own = readLines(statement, begins.slice(lines.length), opensAt);
    const opening = readBalance(statement, 60, opensAt);
    const closing = readBalance(statement, 62, opensAt);
    if (opening.currency !== closing.currency) {
      refuse('bad_statement', opensAt, 'it opens and closes in different currencies');
    }
    const name = { account: statement.accountIdentification, statement: numberOf(statement) };
    const balances = { openingMinor: opening.amountMinor, closingMinor: closing.amountMinor };
    statements.push(summed({ ...name, currency: opening.currency }, own, balances, warnings, opensAt));
    for (const line of own) lines.push(line);
  });
  if (statements.length === 0) refuse('bad_statement', 1, 'there is no statement in it');
  return { lines, statements, warnings };
}

function takeApart(text: string): Statement[] {
  try {
    return new TagParser({ no86Structure: true }).parse(text, true);
  } catch (error) {
    if (error instanceof SettlementFileError) throw error;
    // What the library says of a text that begins with no tag is about its own variables.
    const said = error instanceof Error && !(error instanceof TypeError) ? error.message : 'it is not MT940';
    return refuse('bad_statement', 1, said);
  }
}

function linesOf(text: string, tag: string): number[] {
  return text.split('\n').flatMap((line, index) => (line.startsWith(tag) ? [index + 1] : []));
}

function numberOf({ number }: Statement): string {
  return number.sequence === '' ? number.statement : `${number.statement}/${number.sequence}`;
}

function readBalance({ tags }: Statement, id: number, line: number) {
  const data = tags.find((tag) => tag.id === id)?.data ?? '';
  const [whole, mark, year, month, day, code = '', amount = ''] = BALANCE.exec(data) ?? [];
  if (whole === undefined) return refuse('bad_statement', line, `:${id}: cannot be read`);
  const currency = currencyAt(line, `:${id}:`, code);
  const size = BigInt(amountAt(line, `:${id}:`, withPoint(amount), currency, 'major'));
  return { currency, amountMinor: mark === 'D' ? -size : size, on: `20${year}-${month}-${day}` };
}

function readLines(statement: Statement, begins: readonly number[], opensAt: number): BankStatementLine[] {
  const { currency, on: openedOn } = readBalance(statement, 60, opensAt);
  const tags = statement.tags.filter(({ id }) => id === 61);
  return tags.map((tag, index) => {
    const line = begins[index] ?? opensAt;
    const said = statement.transactions[index];
    const match = LINE.exec(tag.data);
    if (match === null || said === undefined) return refuse('bad_statement', line, ':61: cannot be read');
    const [, year = '', month = '', day = '', entryMonth, entryDay, reversed, mark, amount = ''] = match;
    const size = amountAt(line, ':61:', withPoint(amount), currency, 'major');
    const isDebit = (mark === 'D') !== (reversed === 'R');
    const valueOn = dayAt(line, ':61:', `20${year}`, month, day);
    const bookedOn =
      entryMonth === undefined || entryDay === undefined
        ? valueOn
        : entryDayAt(line, valueOn, entryMonth, entryDay);
    const text = [said.details, said.extraDetails].filter((each) => each !== '').join('\n');
    const endToEndId = /(?:EREF\+|\/EREF\/)([^\s+/?]+)/.exec(text)?.[1];
    const own = said.reference === 'NONREF' || said.reference === '' ? undefined : said.reference;
    const reference = said.bankReference === '' ? own : said.bankReference;
    return {
      account: statement.accountIdentification,
      statement: numberOf(statement),
      openedOn,
      line,
      amountMinor: isDebit && size !== 0 ? -size : size,
      currency,
      bookedOn,
      valueOn,
      ...(reference === undefined ? {} : { reference }),
      ...(endToEndId === undefined ? (own === undefined ? {} : { endToEndId: own }) : { endToEndId }),
      text,
      reversal: reversed === 'R',
    };
  });
}

/** The booking day has no year: it is the one that brings it nearest to the value day. */
function entryDayAt(line: number, valueOn: string, month: string, day: string): string {
  const year = Number(valueOn.slice(0, 4));
  const gap = Number(month) - Number(valueOn.slice(5, 7));
  const near = gap > 6 ? year - 1 : gap < -6 ? year + 1 : year;
  return dayAt(line, ':61:', String(near), month, day);
}

/** `1234,5` and `1234,` are how MT940 writes amounts. */
function withPoint(amount: string): string {
  return amount.endsWith(',') ? amount.slice(0, -1) : amount.replace(',', '.');
}
