import { z } from 'zod';
import { type ExportFormat, parsePeriod } from '../../domain/ledger/period.ts';
import { type Problem, problem, refusalProblem } from '../problems.ts';
import { merchantRoute, type Route } from '../route.ts';
import { renderAccount, renderBalance, renderLine, renderTransaction } from './render.ts';
import {
  exportFileSchema,
  exportSchema,
  ledgerAccountListSchema,
  ledgerBalanceListSchema,
  ledgerStatementSchema,
  ledgerTransactionSchema,
  listBalancesSchema,
  listPostingsSchema,
} from './schema.ts';

const listAccounts = merchantRoute({
  method: 'get',
  path: '/v1/ledger/accounts',
  operationId: 'listLedgerAccounts',
  summary: 'List the accounts of your books that have postings',
  responses: { 200: { description: 'All of them.', schema: ledgerAccountListSchema } },
  async handle({ caller }, services) {
    const accounts = await services.ledger.accounts(caller);
    const data = accounts.map((account) => renderAccount(account, caller.mode));
    return { status: 200, body: { object: 'list', data, has_more: false, url: '/v1/ledger/accounts' } };
  },
});

const listBalances = merchantRoute({
  method: 'get',
  path: '/v1/ledger/balances',
  operationId: 'listLedgerBalances',
  summary: 'Read balances, now or as of any time',
  query: listBalancesSchema,
  responses: {
    200: { description: 'Each currency of each account.', schema: ledgerBalanceListSchema },
  },
  async handle({ caller, query, receivedAtMs }, services) {
    const { as_of: asOfMs, account, currency } = query;
    if (asOfMs !== undefined && asOfMs > receivedAtMs) {
      throw problem('parameter_invalid', { param: 'as_of', message: 'must not lie in the future' });
    }
    const balances = await services.ledger.balances(caller, {
      ...(account === undefined ? {} : { prefix: account }),
      ...(currency === undefined ? {} : { currency }),
      ...(asOfMs === undefined ? {} : { asOfMs }),
    });
    const data = balances.map((balance) => renderBalance(balance, caller.mode));
    return { status: 200, body: { object: 'list', data, has_more: false, url: '/v1/ledger/balances' } };
  },
});

const listPostings = merchantRoute({
  method: 'get',
  path: '/v1/ledger/accounts/:account/postings',
  operationId: 'listLedgerPostings',
  summary: "Read an account's statement, newest first",
  params: z.strictObject({
    account: z.string().meta({
      description: 'The account; its slashes are written `%2F`.',
      example: 'merchant_payable%2Fmer_demo',
    }),
  }),
  query: listPostingsSchema,
  responses: { 200: { description: 'One page.', schema: ledgerStatementSchema } },
  async handle({ caller, params, query }, services) {
    const { currency, limit, starting_after: startingAfter } = query;
    const page = await services.ledger.statement(caller, params.account, {
      limit,
      ...(currency === undefined ? {} : { currency }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    });
    if (page === undefined) throw problem('resource_missing');
    if (page.type === 'unknown_cursor') {
      throw problem('parameter_invalid', {
        param: 'starting_after',
        message: 'No such posting to continue from.',
      });
    }
    const url = `/v1/ledger/accounts/${encodeURIComponent(params.account)}/postings`;
    const data = page.lines.map((line) => renderLine(line, caller.mode));
    return { status: 200, body: { object: 'list', data, has_more: page.hasMore, url } };
  },
});

const getTransaction = merchantRoute({
  method: 'get',
  path: '/v1/ledger/transactions/:id',
  operationId: 'getLedgerTransaction',
  summary: 'Read a transaction with its postings, and what it belongs to',
  params: z.strictObject({ id: z.string().meta({ description: 'A transaction id of the ledger.' }) }),
  responses: { 200: { description: 'As it was posted, and will be.', schema: ledgerTransactionSchema } },
  async handle({ caller, params }, services) {
    const found = await services.ledger.transaction(caller, params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderTransaction(found, caller.mode) };
  },
});

const FILES: Readonly<Record<ExportFormat, { readonly type: string; readonly ending: string }>> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', ending: 'csv' },
  journal: { type: 'application/x-ndjson; charset=utf-8', ending: 'jsonl' },
};

const exportLedger = merchantRoute({
  method: 'get',
  path: '/v1/ledger/exports',
  operationId: 'exportLedger',
  summary: 'Export what was posted in a period that is over',
  permission: 'export',
  query: exportSchema,
  responses: {
    200: {
      description:
        '`text/csv` or `application/x-ndjson`, as asked for. The same bytes each time; its last line has the hash of all others, and without it the file is not whole.',
      schema: exportFileSchema,
      contentType: '*/*',
    },
    409: { description: '`period_open`: it is not over. `period_in_flight`: ask again in a moment.' },
  },
  async handle({ caller, query, note }, services) {
    const period = parsePeriod(query.period);
    if (period === undefined) throw problem('parameter_invalid', { param: 'period' });
    const exported = await services.ledger.export(caller, period, query.format);
    if (exported.type !== 'export') throw notYet(exported.type);
    note({ export: exported.id });
    const { type, ending } = FILES[query.format];
    return {
      status: 200,
      headers: {
        'Content-Type': type,
        'Content-Disposition': `attachment; filename="${exported.id}.${ending}"`,
        'Ledger-Export-Id': exported.id,
      },
      stream: (signal) => exported.chunks(signal),
    };
  },
});

const IN_FLIGHT_SECONDS = 5;

function notYet(state: 'open' | 'in_flight'): Problem {
  if (state === 'open') {
    return refusalProblem({
      code: 'period_open',
      message: 'The period is not over: it may be exported a minute after its end, in UTC.',
    });
  }
  return refusalProblem({
    code: 'period_in_flight',
    message: 'Something of the period may not be committed yet. Ask again in a moment.',
  }).withHeaders({ 'Retry-After': String(IN_FLIGHT_SECONDS) });
}

export const ledgerRoutes: readonly Route[] = [
  listAccounts,
  listBalances,
  listPostings,
  getTransaction,
  exportLedger,
];
