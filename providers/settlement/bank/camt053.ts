import type { FileWarning } from '../errors.ts';
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
import { parseXml, type XmlNode } from './xml.ts';

/** ISO 20022 camt.053: statements of an account, of any version. */
export function parseCamt053(text: string): ReadStatements {
  const root = parseXml(text).child('Document', 'BkToCstmrStmt');
  if (root === undefined) refuse('bad_statement', 1, 'there is no Document/BkToCstmrStmt: it is no camt.053');
  const warnings: FileWarning[] = [];
  const lines: BankStatementLine[] = [];
  const statements: BankStatement[] = [];
  for (const statement of root.children('Stmt')) {
    const own: BankStatementLine[] = [];
    const account = statement.text('Acct', 'Id', 'IBAN') ?? statement.text('Acct', 'Id', 'Othr', 'Id');
    const id = statement.text('Id');
    if (account === undefined) refuse('bad_statement', statement.line, 'the statement names no account');
    if (id === undefined) refuse('bad_statement', statement.line, 'the statement has no Id');
    for (const entry of statement.children('Ntry')) {
      if (isBooked(entry)) own.push(...readEntry(entry, account, id, warnings));
      else
        warnings.push({ code: 'not_booked', line: entry.line, message: 'the entry is not booked; left out' });
    }
    const balances = readBalances(statement);
    const currency = balances.currency ?? statement.text('Acct', 'Ccy') ?? own[0]?.currency ?? '';
    statements.push(summed({ account, statement: id, currency }, own, balances, warnings, statement.line));
    for (const line of own) lines.push(line);
  }
  if (statements.length === 0) refuse('bad_statement', root.line, 'there is no statement in it');
  return { lines, statements, warnings };
}

/** The status is a word in old versions and an element around it in new ones; very old files have none. */
function isBooked(entry: XmlNode): boolean {
  const status = entry.text('Sts', 'Cd') ?? entry.text('Sts');
  return status === undefined || status === 'BOOK';
}

function readEntry(
  entry: XmlNode,
  account: string,
  statement: string,
  warnings: FileWarning[],
): BankStatementLine[] {
  const { line } = entry;
  const { amountMinor, currency } = readAmount(entry, line);
  const valueOn = readDay(entry, 'ValDt', line);
  const bookedOn = readDay(entry, 'BookgDt', line) ?? valueOn;
  if (bookedOn === undefined) refuse('missing_value', line, 'the entry has no booking date', 'BookgDt');
  const whole = {
    account,
    statement,
    line,
    currency,
    bookedOn,
    ...(valueOn === undefined ? {} : { valueOn }),
    reversal: entry.text('RvslInd') === 'true' || entry.text('RvslInd') === '1',
  };
  const details = entry.children('NtryDtls').flatMap((each) => each.children('TxDtls'));
  const parts = details.map((each) => detailAmount(each, amountMinor, currency));
  const sum = parts.reduce<bigint>((total, part) => total + BigInt(part ?? 0), 0n);
  const isSplit = details.length > 1 && !parts.includes(undefined);
  if (isSplit && sum === BigInt(amountMinor)) {
    return details.map((each, index) => ({
      ...whole,
      amountMinor: parts[index] ?? 0,
      ...references(entry, each),
      text: textOf(entry, [each]),
    }));
  }
  if (isSplit) {
    const message = `the parts of the entry add up to ${sum}, not to ${amountMinor} (minor units)`;
    warnings.push({ code: 'entry_parts_differ', line, message });
  }
  const only = details.length === 1 ? details[0] : undefined;
  return [{ ...whole, amountMinor, ...references(entry, only), text: textOf(entry, details) }];
}

function readAmount(entry: XmlNode, line: number) {
  const text = entry.text('Amt');
  const code = entry.child('Amt')?.attribute('Ccy');
  if (text === undefined) refuse('missing_value', line, 'the entry has no amount', 'Amt');
  const currency = currencyAt(line, 'Amt/@Ccy', code ?? '');
  const size = amountAt(line, 'Amt', text, currency, 'major');
  return { amountMinor: direct(entry.text('CdtDbtInd'), size, line), currency };
}

function direct(indicator: string | undefined, size: number, line: number): number {
  if (indicator === 'CRDT') return size;
  if (indicator === 'DBIT') return size === 0 ? 0 : -size;
  return refuse('bad_direction', line, 'it is neither CRDT nor DBIT', 'CdtDbtInd');
}

/** Undefined where the detail has no amount in the entry's currency. */
function detailAmount(detail: XmlNode, entryMinor: number, currency: string): number | undefined {
  const [text, node] =
    detail.text('Amt') === undefined
      ? [detail.text('AmtDtls', 'TxAmt', 'Amt'), detail.child('AmtDtls', 'TxAmt', 'Amt')]
      : [detail.text('Amt'), detail.child('Amt')];
  if (text === undefined || node?.attribute('Ccy') !== currency) return undefined;
  const size = amountAt(detail.line, 'Amt', text, currency, 'major');
  const indicator = detail.text('CdtDbtInd');
  if (indicator !== undefined) return direct(indicator, size, detail.line);
  return entryMinor < 0 && size !== 0 ? -size : size;
}

function readDay(entry: XmlNode, name: string, line: number): string | undefined {
  const text = entry.text(name, 'Dt') ?? entry.text(name, 'DtTm');
  if (text === undefined) return undefined;
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(text);
  if (match === null) return refuse('bad_time', line, `${text} is not a day`, name);
  return dayAt(line, name, match[1] ?? '', match[2] ?? '', match[3] ?? '');
}

function references(entry: XmlNode, detail: XmlNode | undefined) {
  const endToEndId = detail?.text('Refs', 'EndToEndId');
  const reference = detail?.text('Refs', 'AcctSvcrRef') ?? entry.text('AcctSvcrRef') ?? entry.text('NtryRef');
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(endToEndId === undefined || endToEndId === 'NOTPROVIDED' ? {} : { endToEndId }),
  };
}

function textOf(entry: XmlNode, details: readonly XmlNode[]): string {
  const remittance = details.flatMap((detail) =>
    (detail.child('RmtInf')?.children('Ustrd') ?? []).map((each) => each.text()),
  );
  const more = details.map((detail) => detail.text('AddtlTxInf'));
  const texts = [...remittance, ...more, entry.text('AddtlNtryInf')];
  return texts.filter((text) => text !== undefined).join(' ');
}

function readBalances(statement: XmlNode) {
  const found: { currency?: string; openingMinor?: bigint; closingMinor?: bigint } = {};
  for (const balance of statement.children('Bal')) {
    const code = balance.text('Tp', 'CdOrPrtry', 'Cd');
    if (code !== 'OPBD' && code !== 'PRCD' && code !== 'CLBD') continue;
    const { amountMinor, currency } = readAmount(balance, balance.line);
    found.currency = currency;
    if (code === 'CLBD') found.closingMinor = BigInt(amountMinor);
    else found.openingMinor = BigInt(amountMinor);
  }
  return found;
}
