/**
 * db/reconciliation/: a provider's day in SQL. What lives here: settlement files and their lines, the bookings they are
 * held against, the set-wise match, verdicts and cases as rows, the postings of a file, the report's numbers.
 * What may not: judgement. What a mismatch is, and what follows from it, is domain/reconciliation's.
 */
export { type BankLine, postBank, receiveBankLines } from './bank.ts';
export { refreshBookings } from './bookings.ts';
export { bankComparisonsOf, comparisonsOf } from './comparisons/index.ts';
export { explainBreaks } from './explain.ts';
export type { ParsedEnd } from './file-facts.ts';
export {
  type Arrival,
  type FileRefusal,
  type FileStatus,
  filesOf,
  findFile,
  type Received,
  readFile,
  receiveFile,
  refuseFile,
  type SettlementFile,
} from './files.ts';
export { type CopyPool, openCopyPool } from './pool.ts';
export { type FilePosted, postFile } from './post.ts';
export { reportOf } from './report.ts';
export { findRun, finishRun, markStep, type Run, startRun } from './runs.ts';
export { type Staged, type Staging, stageFile } from './stage.ts';
export { type Judged, storeVerdicts } from './verdicts.ts';
