import { exponentOf } from '../../domain/money/currency.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import type { BankStatement, BankStatementLine } from '../../providers/settlement/bank/line.ts';
import type { TrailerRecord } from '../../providers/settlement/coded-file.ts';
import type { FileEnd } from '../../providers/settlement/parse.ts';
import type { Total } from '../../providers/settlement/tally.ts';

/** A sum as JSON: a number while a number holds it exactly. */
function whole(sum: bigint): number | string {
  const asNumber = Number(sum);
  return Number.isSafeInteger(asNumber) ? asNumber : String(sum);
}

export function rowJson(row: SettlementRow): string {
  const { presented } = row;
  return JSON.stringify({
    line: row.line,
    type: row.type,
    provider_type: row.providerType,
    provider_reference: row.providerReference ?? null,
    alternative_reference: row.alternativeReference ?? null,
    operation_reference: row.operationReference ?? null,
    merchant_reference: row.merchantReference ?? null,
    currency: row.currency,
    gross_minor: row.grossMinor,
    settlement_currency: row.settlementCurrency,
    fee_minor: row.feeMinor,
    net_minor: row.netMinor,
    fees: row.fees.map(({ kind, amountMinor }) => ({ kind, amount_minor: amountMinor })),
    exchange_rate: row.exchangeRate ?? null,
    presented:
      presented === undefined ? null : { amount_minor: presented.amountMinor, currency: presented.currency },
    occurred_at: row.occurredAt,
    available_on: row.availableOn ?? null,
    payout_reference: row.payoutReference ?? null,
    batch: row.batch ?? null,
    merchant_account: row.merchantAccount ?? null,
    description: row.description ?? null,
  });
}

export function endJson(end: FileEnd, trailers: readonly TrailerRecord[]) {
  const totals = Object.fromEntries(
    Object.entries(end.totals).map(([type, byCurrency]) => [
      type,
      Object.fromEntries(Object.entries(byCurrency).map(([currency, total]) => [currency, totalJson(total)])),
    ]),
  );
  return {
    rows: end.rows,
    totals,
    trailers: trailers.map(trailerJson),
    batches: end.batches.map((batch) => ({
      batch: batch.batch ?? null,
      payout_reference: batch.payoutReference ?? null,
      merchant_account: batch.merchantAccount ?? null,
      currency: batch.currency,
      rows: batch.rows,
      net_minor: whole(batch.netMinor),
      paid_out_minor: whole(batch.paidOutMinor),
    })),
    payouts: end.payouts.map(({ line, reference, batch, currency, amountMinor }) => ({
      line,
      reference: reference ?? null,
      batch: batch ?? null,
      currency,
      amount_minor: amountMinor,
    })),
    warnings: end.warnings,
  };
}

function totalJson({ count, grossMinor, feeMinor, netMinor }: Total) {
  return { count, gross_minor: whole(grossMinor), fee_minor: whole(feeMinor), net_minor: whole(netMinor) };
}

function trailerJson({ line, record, scope, trailer }: TrailerRecord) {
  const { currency, rows, creditMinor, debitMinor, netMinor } = trailer;
  return {
    line,
    record,
    scope,
    currency,
    rows: rows ?? null,
    credit_minor: creditMinor === undefined ? null : whole(creditMinor),
    debit_minor: debitMinor === undefined ? null : whole(debitMinor),
    net_minor: netMinor === undefined ? null : whole(netMinor),
  };
}

export function bankLineJson(line: BankStatementLine): string {
  return JSON.stringify({
    line: line.line,
    account: line.account,
    statement: line.statement,
    amount_minor: line.amountMinor,
    currency: line.currency,
    booked_on: line.bookedOn,
    value_on: line.valueOn ?? null,
    reference: line.reference ?? null,
    end_to_end_id: line.endToEndId ?? null,
    text: line.text,
    reversal: line.reversal,
  });
}

/** In the shape of a settlement file's totals, with the two directions for types. */
export function bankTotals(lines: Iterable<BankStatementLine>) {
  const totals: Record<'credit' | 'debit', Record<string, Total>> = { credit: {}, debit: {} };
  for (const { amountMinor, currency } of lines) {
    const byCurrency = totals[amountMinor < 0 ? 'debit' : 'credit'];
    const before = byCurrency[currency] ?? { count: 0, grossMinor: 0n, feeMinor: 0n, netMinor: 0n };
    const sum = before.netMinor + BigInt(amountMinor);
    byCurrency[currency] = { count: before.count + 1, grossMinor: sum, feeMinor: 0n, netMinor: sum };
  }
  const json = (byCurrency: Record<string, Total>) =>
    Object.fromEntries(Object.entries(byCurrency).map(([currency, total]) => [currency, totalJson(total)]));
  return { credit: json(totals.credit), debit: json(totals.debit) };
}

export function statementJson(statement: BankStatement) {
  const { openingMinor, closingMinor } = statement;
  return {
    account: statement.account,
    statement: statement.statement,
    currency: statement.currency,
    lines: statement.lines,
    credit_minor: whole(statement.creditMinor),
    debit_minor: whole(statement.debitMinor),
    opening_minor: openingMinor === undefined ? null : whole(openingMinor),
    closing_minor: closingMinor === undefined ? null : whole(closingMinor),
  };
}

/** 1234 as 12.34, in the currency's own decimals. */
function money(amount: number | bigint, currency: string): string {
  const exponent = exponentOf(currency) ?? 2;
  const digits = String(amount < 0 ? -amount : amount).padStart(exponent + 1, '0');
  const sign = amount < 0 ? '-' : '';
  if (exponent === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

export const ROW_TITLE =
  '  line  type                 provider type       reference                     gross            fee            net  occurred';

export function rowText(row: SettlementRow): string {
  const reference = row.providerReference ?? row.payoutReference ?? row.description ?? '';
  return [
    String(row.line).padStart(6),
    `  ${row.type.padEnd(20)}`,
    ` ${plain(row.providerType).padEnd(19)}`,
    ` ${plain(reference).slice(0, 24).padEnd(24)}`,
    `${money(row.grossMinor, row.currency)} ${row.currency}`.padStart(15),
    money(row.feeMinor, row.settlementCurrency).padStart(11),
    `${money(row.netMinor, row.settlementCurrency)} ${row.settlementCurrency}`.padStart(15),
    `  ${row.occurredAt.slice(0, 19)}Z`,
  ].join('');
}

export const BANK_TITLE =
  '  line  booked      account                           amount      reference             text';

export function bankLineText(line: BankStatementLine): string {
  return [
    String(line.line).padStart(6),
    `  ${line.bookedOn}  `,
    plain(line.account).padEnd(26),
    `${money(line.amountMinor, line.currency)} ${line.currency}`.padStart(16),
    `  ${plain(line.endToEndId ?? line.reference ?? '').padEnd(22)}`,
    plain(line.text).slice(0, 60),
  ].join('');
}

/** Text of a file goes to a terminal: nothing in it may move the cursor. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

export function endText(end: FileEnd, trailers: readonly TrailerRecord[]): string {
  const totals = Object.entries(end.totals).flatMap(([type, byCurrency]) =>
    Object.entries(byCurrency).map(([currency, { count, grossMinor, feeMinor, netMinor }]) =>
      [
        `  ${type.padEnd(20)} ${currency}`,
        String(count).padStart(9),
        money(grossMinor, currency).padStart(17),
        money(feeMinor, currency).padStart(14),
        money(netMinor, currency).padStart(17),
      ].join(''),
    ),
  );
  const title = '  type                 currency  rows            gross           fee              net';
  return [
    '',
    `${end.rows} rows in ${end.lines} lines`,
    title,
    ...totals,
    ...(trailers.length === 0 ? [] : [`${trailers.length} trailers`]),
    ...(end.warnings.length === 0 ? ['nothing odd about it'] : [`${end.warnings.length} warnings:`]),
    ...end.warnings.map(({ code, line, message }) => `  line ${line}  ${code}: ${plain(message)}`),
  ].join('\n');
}
