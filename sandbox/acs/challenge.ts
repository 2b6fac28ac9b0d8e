// The issuer's access control server: a challenge from the provider's redirect to the result that the issuer
// reports (RReq). The report goes to the provider first and decides; the browser's return is only that.
import { randomBytes, randomUUID } from 'node:crypto';
import { prefixedId } from '../ids.ts';
import { type Kernel, type Task, type Transaction, table } from '../kernel.ts';
import type { Brand } from '../test-values.ts';
import {
  type Authentication,
  authentication,
  type ChallengeOutcome,
  resultOf,
  type TransStatus,
} from './emv.ts';

/** EMV 3DS 2.2.0: the first CReq after the ARes, and the cardholder's time from each page shown. Unscaled. */
const FIRST_REQUEST_MS = 30_000;
const INTERFACE_MS = 600_000;
/** However much waits are scaled, a browser needs some time to follow a redirect. */
const SHORTEST_REDIRECT_MS = 3_000;

/** How far a challenge got. `closed`: the provider dropped the payment before the issuer said anything. */
export type ChallengeState = 'created' | 'requested' | 'shown' | 'answered' | 'reported' | 'closed';

export interface ChallengeRow {
  id: string;
  /** The provider's own id of the payment. */
  payment: string;
  reference: string | null;
  merchant: string;
  amountMinor: number;
  currency: string;
  brand: Brand;
  last4: string;
  /** What the issuer answers once the page is opened: C, or an outcome without friction. */
  ares: TransStatus;
  dsTransactionId: string;
  state: ChallengeState;
  /** The time after which the issuer gives up waiting. Epoch milliseconds. */
  deadlineAt: number | null;
  result: Authentication | null;
  /** What the browser brings back proves nothing; it only names the challenge. */
  returnToken: string;
  createdAt: number;
}

export const challenges = table<ChallengeRow>('challenge');
/** From what the browser brings back to the challenge. */
export const returnTokens = table<{ challenge: string }>('challenge_return');

/** The provider behind a challenge. */
export interface ChallengeHost {
  kernel: Kernel;
  publicUrl(): string;
  /** RReq: the issuer's word arrives. The provider may have moved on meanwhile. */
  receiveResult(tx: Transaction, challenge: ChallengeRow, result: Authentication): void;
  /** Where the provider sends the browser; null where nobody said. */
  returnTo(tx: Transaction, challenge: ChallengeRow): string | null;
}

export type NewChallenge = Pick<
  ChallengeRow,
  'payment' | 'reference' | 'merchant' | 'amountMinor' | 'currency' | 'brand' | 'last4' | 'ares'
>;

/** A payment must be authenticated: nothing happens until a browser opens the page. Answers the challenge's id. */
export function openChallenge(tx: Transaction, fields: NewChallenge): string {
  const id = randomBytes(16).toString('base64url');
  const returnToken = randomBytes(48).toString('base64url');
  tx.put(challenges, id, {
    ...fields,
    id,
    dsTransactionId: randomUUID(),
    state: 'created',
    deadlineAt: null,
    result: null,
    returnToken,
    createdAt: Date.now(),
  });
  tx.put(returnTokens, returnToken, { challenge: id });
  return id;
}

export function pageUrl(host: Pick<ChallengeHost, 'publicUrl'>, id: string): string {
  return `${host.publicUrl()}/3ds/${id}`;
}

/** Still to be answered by somebody. */
export function isOpen({ state }: ChallengeRow): boolean {
  return state === 'created' || state === 'requested' || state === 'shown';
}

/** The provider dropped the payment: nothing can be completed any more. */
export function closeChallenge(tx: Transaction, id: string | null): void {
  const row = tx.get(challenges, id ?? '');
  if (row !== undefined && isOpen(row))
    tx.put(challenges, row.id, { ...row, state: 'closed', deadlineAt: null });
}

/** The provider's redirect was opened: AReq and ARes. From here on the issuer waits. */
export function request(host: ChallengeHost, tx: Transaction, row: ChallengeRow): void {
  if (row.state !== 'created') return;
  if (row.ares !== 'C') {
    const { dsTransactionId } = row;
    answer(host, tx, row, authentication(row.brand, row.ares, { dsTransactionId }), 0);
    return;
  }
  row.state = 'requested';
  waitFor(tx, row, Math.max(FIRST_REQUEST_MS * host.kernel.challengeTimeScale, SHORTEST_REDIRECT_MS));
}

/** The issuer's page was shown (first CReq): the cardholder's time starts, each time anew. */
export function show(host: ChallengeHost, tx: Transaction, row: ChallengeRow): void {
  row.state = 'shown';
  waitFor(tx, row, INTERFACE_MS * host.kernel.challengeTimeScale);
}

function waitFor(tx: Transaction, row: ChallengeRow, waitMs: number): void {
  row.deadlineAt = Date.now() + waitMs;
  tx.put(challenges, row.id, row);
  schedule(tx, 'challenge_deadline', row.deadlineAt, row.id);
}

function schedule(tx: Transaction, type: string, dueAt: number, challenge: string): void {
  tx.schedule({ id: prefixedId('task'), dueAt, type, payload: { challenge } });
}

/** The cardholder has decided, or time has. False: it was decided before. */
export function complete(
  host: ChallengeHost,
  tx: Transaction,
  row: ChallengeRow,
  outcome: ChallengeOutcome,
  reportDelayMs = host.kernel.challengeReportDelayMs,
): boolean {
  if (!isOpen(row)) return false;
  answer(host, tx, row, resultOf(row.brand, outcome, row.dsTransactionId), reportDelayMs);
  return true;
}

function answer(
  host: ChallengeHost,
  tx: Transaction,
  row: ChallengeRow,
  result: Authentication,
  reportDelayMs: number,
): void {
  row.result = result;
  row.deadlineAt = null;
  row.state = 'answered';
  tx.put(challenges, row.id, row);
  if (reportDelayMs > 0) schedule(tx, 'challenge_report', Date.now() + reportDelayMs, row.id);
  else report(host, tx, row);
}

function report(host: ChallengeHost, tx: Transaction, row: ChallengeRow): void {
  if (row.state !== 'answered' || row.result === null) return;
  row.state = 'reported';
  tx.put(challenges, row.id, row);
  host.receiveResult(tx, row, row.result);
}

/** False for a task that is none of ours. */
export function runChallengeTask(host: ChallengeHost, task: Task, tx: Transaction): boolean {
  if (task.type !== 'challenge_deadline' && task.type !== 'challenge_report') return false;
  const row = tx.get(challenges, String(task.payload.challenge));
  if (row === undefined) return true;
  if (task.type === 'challenge_report') report(host, tx, row);
  // A page that was shown again has moved the deadline, and scheduled its own task.
  else if (isOpen(row) && row.deadlineAt !== null && Date.now() >= row.deadlineAt) timeOut(host, tx, row);
  return true;
}

function timeOut(host: ChallengeHost, tx: Transaction, row: ChallengeRow): void {
  complete(host, tx, row, row.state === 'shown' ? 'timed_out' : 'never_shown', 0);
}
