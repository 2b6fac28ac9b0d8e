import { type Account, beginsWith, parseAccount } from '../../domain/ledger/chart.ts';
import type { Balance, PostedTransaction } from '../../domain/ledger/entry.ts';
import type { ExportFormat, Period } from '../../domain/ledger/period.ts';
import type { Db } from '../client.ts';
import { balancesOf } from '../ledger/balances.ts';
import { exportOf, type LedgerExport } from '../ledger/exports.ts';
import { chartOf } from '../ledger/scope.ts';
import { type StatementPage, statementOf } from '../ledger/statement.ts';
import { findTransaction } from '../ledger/transactions.ts';
import type { Owner } from './payments.ts';

export type { LedgerExport } from '../ledger/exports.ts';
export type { StatementLine } from '../ledger/statement.ts';

export interface LedgerAccount {
  readonly name: string;
  readonly account: Account;
}

export interface LedgerBalanceFilter {
  /** An account or what accounts begin with: what isn't the owner's is as absent as what never was. */
  readonly prefix?: string;
  readonly currency?: string;
  readonly asOfMs?: number;
}

export interface StatementRequest {
  readonly currency?: string;
  readonly limit: number;
  readonly startingAfter?: string;
}

/** A merchant's own books, in one mode. */
export interface LedgerReader {
  accounts(owner: Owner): Promise<readonly LedgerAccount[]>;
  balances(owner: Owner, filter: LedgerBalanceFilter): Promise<readonly Balance[]>;
  /** Undefined: the owner can have no such account. */
  statement(owner: Owner, account: string, request: StatementRequest): Promise<StatementPage | undefined>;
  transaction(owner: Owner, id: string): Promise<PostedTransaction | undefined>;
  export(owner: Owner, period: Period, format: ExportFormat): Promise<LedgerExport>;
}

export function createLedgerReader(db: Db): LedgerReader {
  return {
    async accounts(owner) {
      const chart = await chartOf(db, scopeOf(owner));
      const rows = await db.$queryRaw<{ readonly name: string }[]>`
        SELECT a.name FROM unnest(${[...chart]}::text[]) WITH ORDINALITY AS a(name, place)
        WHERE EXISTS (SELECT 1 FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
          WHERE p.account = a.name AND t.merchant_id = ${owner.merchantId} AND t.mode = ${owner.mode})
        ORDER BY a.place`;
      return rows.flatMap(({ name }) => {
        const account = parseAccount(name);
        return account === undefined ? [] : [{ name, account }];
      });
    },
    async balances(owner, { prefix, ...filter }) {
      const scope = scopeOf(owner);
      const chart = await chartOf(db, scope);
      const accounts = prefix === undefined ? chart : chart.filter((each) => beginsWith(each, prefix));
      return accounts.length === 0 ? [] : balancesOf(db, { scope, accounts, ...filter });
    },
    async statement(owner, account, request) {
      const scope = scopeOf(owner);
      const chart = await chartOf(db, scope);
      return chart.includes(account) ? statementOf(db, { scope, account, ...request }) : undefined;
    },
    transaction: (owner, id) => findTransaction(db, scopeOf(owner), id),
    export: (owner, period, format) => exportOf(db, { ...scopeOf(owner), period, format }),
  };
}

/** An API key knows more than whose it is; the rest is no part of a question. */
function scopeOf({ merchantId, mode }: Owner): Owner {
  return { merchantId, mode };
}
