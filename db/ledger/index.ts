/**
 * db/ledger/: the ledger as it is read. What lives here: balances as of any time, statements, transactions, exports of
 * periods that are over, and the verification of it all. What may not: postings, which are written with the step or the
 * file that they belong to. Merchants' readers are made of it in db/read/ledger.ts.
 */
export { type BalanceFilter, balancesOf } from './balances.ts';
export { exportOf, type LedgerExport } from './exports.ts';
export type { LedgerScope } from './scope.ts';
export { type PeriodState, periodState } from './settled.ts';
export { type LedgerProblem, type LedgerVerdict, verifyLedger } from './verify.ts';
