import { providerReceivable } from '../../domain/ledger/postings.ts';
import { isTerminal } from '../../domain/machine.ts';
import { type Attempt, findOperation, openOperations, type Payment } from '../../domain/payment/payment.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import { type Charge, type Effect, isAlive, isUnreversed, netMinor, takenMinor } from './charge.ts';
import type { PermitRow } from './permits.ts';
import { insist } from './violation.ts';
import type { World } from './world.ts';

/** Exceptions that say: this money is not where we meant it to be, and a person knows. */
const EXCUSES: ReadonlySet<string> = new Set([
  'capture_failed',
  'void_failed',
  'undo_failed',
  'contradiction',
  'unknown_outcome_parked',
  'pending_overdue',
  'unmatched_webhook',
]);
const SENT_LATEST_MS = 2_000;

/** Judges from outside: by what providers did and hold, and by what was written. Each check names its invariant. */
export class Checks {
  readonly #world: World;
  /** Operations whose first send has left. */
  readonly #sentFirst = new Set<string>();
  /** The latest attempt whose authorization has left. */
  #latestSent = 0;
  /** Authorizations that ran out by themselves while we held them for dead. */
  readonly #abandoned = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The bytes of an operation leave now. */
  sent(row: PermitRow, resend: boolean): void {
    const { settings } = this.#world;
    const databaseMs = this.#world.clock('database');
    insist(resend || !this.#sentFirst.has(row.id), 'I1', () => `${row.id} sent first a second time`);
    if (!resend) this.#sentFirst.add(row.id);
    insist(row.revokedAtMs === undefined, 'I1', () => `${row.id} sent after its permit was revoked`);
    const claimedMs = row.lastSentAtMs ?? Number.NEGATIVE_INFINITY;
    // A clock may jump between the claim and now; a claim that never was is what matters.
    const recent = databaseMs - claimedMs <= SENT_LATEST_MS + 2 * this.#world.weather.skewMs;
    insist(recent, 'I1', () => `${row.id} sent ${databaseMs - claimedMs} ms after its claim`);
    const late = row.sendByMs !== undefined && claimedMs >= row.sendByMs;
    const charging = row.kind === 'authorize' || row.kind === 'sale';
    insist(!late || (resend && !charging), 'I1', () => `${row.id} sent after send_by`);
    if (resend) {
      const until = (row.keyExpiresAtMs ?? 0) - settings.providerDeadlineMs;
      insist(claimedMs < until, 'I1', () => `${row.id} sent again after its key expired`);
      const closedMs = row.closedAtMs ?? Number.POSITIVE_INFINITY;
      insist(claimedMs <= closedMs, 'I1', () => `${row.id} sent again after it was closed`);
    }
    if (charging) this.#sentCharging(row);
  }

  #sentCharging(row: PermitRow): void {
    this.#latestSent = Math.max(this.#latestSent, row.attemptNumber);
    for (const charge of this.#world.charges())
      insist(
        charge.attemptNumber >= row.attemptNumber || charge.late || !isAlive(charge),
        'I4',
        () => `attempt ${row.attemptNumber} sent while attempt ${charge.attemptNumber} is ${charge.state}`,
      );
  }

  /** Money is held or taken now. */
  charged(charge: Charge): void {
    insist(
      charge.late || charge.attemptNumber >= this.#latestSent,
      'I4',
      () => `attempt ${charge.attemptNumber} charged after attempt ${this.#latestSent} had been sent`,
    );
  }

  secondEffect(charge: Charge, operationId: string): void {
    insist(false, 'I1', () => `${operationId} charged ${charge.attemptId} twice`);
  }

  /** A capture is carried out: of one operation at most once. */
  once(earlier: Effect | undefined, operationId: string): void {
    insist(
      earlier === undefined || earlier.state === 'pending' || earlier.state === 'refused',
      'I1',
      () => `${operationId} had its effect twice`,
    );
  }

  /** An authorization ran out by itself: nobody gave it back. */
  lapsed(charge: Charge): void {
    const attempts = this.#world.database.payment?.attempts ?? [];
    const status = attempts.find((attempt) => attempt.id === charge.attemptId)?.status;
    if (status === 'declined' || status === 'errored' || status === 'voided')
      this.#abandoned.add(charge.attemptId);
  }

  /** A step has been written: nothing may be told that has not happened. */
  written({ payment, operations, attempts }: Transition): void {
    for (const attempt of attempts) this.#deadIfSaidSo(attempt, operations);
    for (const { kind, status, cause } of operations) {
      if (kind !== 'void' || status !== 'created' || !cause.startsWith('resolve_')) continue;
      const doubted = findOperation(payment, cause.slice('resolve_'.length).replace(/_\d+(#\d+)?$/, ''));
      insist(doubted?.closed === false, 'I6', () => `${cause}: what is resolved is not in doubt`);
    }
    const told = ['requires_capture', 'partially_captured', 'succeeded'].includes(payment.status);
    if (!told) return;
    const attempt = payment.attempts.findLast((each) => !each.undoing && each.authorizedMinor > 0);
    const charge = attempt === undefined ? undefined : this.#world.charge(attempt);
    insist(
      charge?.real === true && charge.amountMinor === payment.amountAuthorizedMinor,
      'I3',
      () => `${payment.status} without an authorization of ${payment.amountAuthorizedMinor}`,
    );
    const taken = charge === undefined ? 0 : takenMinor(charge);
    insist(
      taken >= payment.amountCapturedMinor && (payment.status !== 'succeeded' || taken > 0),
      'I3',
      () => `${payment.status} with ${payment.amountCapturedMinor} captured; the provider took ${taken}`,
    );
  }

  /** What a step proves uncharged must be so at the provider, in that moment. */
  #deadIfSaidSo(attempt: Attempt, operations: Transition['operations']): void {
    if (attempt.status !== 'errored') return;
    const charge = this.#world.charge(attempt);
    if (charge === undefined || charge.late || !isAlive(charge)) return;
    const proof = operations.find((each) => each.attemptId === attempt.id && each.kind !== 'void')?.outcome;
    insist(
      proof === undefined,
      'I4',
      () => `${attempt.id} is ${charge.state}, yet proven dead: ${proof?.type}`,
    );
  }

  /** Nothing will ever happen again: what is left must be right, or somebody's. */
  atQuiescence(): void {
    const { database } = this.#world;
    const { payment } = database;
    if (payment === undefined) return;
    this.#restsSomewhere(payment);
    const unreversed = this.#world.charges().filter(isUnreversed);
    const unexcused = unreversed.filter((charge) => !this.#excused(payment, charge.attemptId));
    insist(
      unexcused.length <= 1 && (unreversed.length <= 1 || unexcused.length < unreversed.length),
      'I1',
      () => `${unreversed.length} unreversed charges: ${unreversed.map((each) => each.attemptId).join(', ')}`,
    );
    for (const charge of this.#world.charges()) this.#isKnown(payment, charge);
    this.#booksAgree(payment);
    this.#world.refundChecks.atQuiescence(payment);
  }

  #isKnown(payment: Payment, charge: Charge): void {
    const attempt = payment.attempts.find((each) => each.id === charge.attemptId);
    const { refundChecks } = this.#world;
    const known =
      (attempt?.capturedMinor ?? 0) -
      (attempt?.refundedMinor ?? 0) -
      refundChecks.bookedMinor(charge.attemptId);
    const excused = this.#excused(payment, charge.attemptId) || refundChecks.isExcused(charge.attemptId);
    insist(
      known === netMinor(charge) || excused,
      'I2',
      () => `${charge.attemptId} took ${netMinor(charge)}, the books say ${known}`,
    );
    const held = charge.state === 'authorized' && charge.capturedMinor === 0;
    insist(!held || attempt?.status === 'authorized' || excused, 'I2', () => `${charge.attemptId} is held`);
    // A late success must be given back, not left to run out by itself.
    const abandoned = this.#abandoned.has(charge.attemptId) && attempt?.undoing !== true;
    insist(!abandoned || excused, 'I4', () => `${charge.attemptId} was never given back`);
  }

  #excused(payment: Payment, attemptId: string): boolean {
    const attempt = payment.attempts.find((each) => each.id === attemptId);
    for (const { kind, subjectId } of this.#world.database.exceptions.values()) {
      if (!EXCUSES.has(kind)) continue;
      if (kind === 'unmatched_webhook' || subjectId === attemptId) return true;
      if (attempt?.operations.some((each) => each.id === subjectId) === true) return true;
    }
    return attempt !== undefined && this.#toldInReverse(attempt);
  }

  /** An undoing refund's success was told after its reversal: nobody could know the order, and a person judges. */
  #toldInReverse(attempt: Attempt): boolean {
    const { refunds } = this.#world.charge(attempt) ?? {};
    for (const { kind, subjectId } of this.#world.database.exceptions.values()) {
      const undone = refunds?.get(subjectId)?.state === 'undone';
      if (kind === 'late_success' && undone && attempt.operations.some((each) => each.id === subjectId))
        return true;
    }
    return false;
  }

  #restsSomewhere(payment: Payment): void {
    const { database } = this.#world;
    insist(database.letters.length === 0, 'I9', () => `${database.letters.length} letters lie unread`);
    const open = openOperations(payment);
    for (const attempt of payment.attempts) {
      const orphan = attempt.operations.find((each) => !each.closed);
      const owned = orphan === undefined || this.#excused(payment, attempt.id);
      insist(owned, 'I9', () => `${orphan?.id} is ${orphan?.status} and nobody's`);
    }
    const parked =
      isTerminal(PAYMENT_EDGES, payment.status) ||
      (payment.status === 'requires_review' && database.exceptions.size > 0) ||
      open.length > 0;
    insist(parked, 'I9', () => `${payment.status} for ever, with ${open.length} open operations`);
  }

  #booksAgree(payment: Payment): void {
    const { books, balance } = this.#world.database;
    const accounts = new Set(payment.attempts.map((attempt) => attempt.accountId));
    for (const accountId of accounts) {
      const known = payment.attempts
        .filter((attempt) => attempt.accountId === accountId)
        .reduce((sum, { id, capturedMinor, refundedMinor }) => {
          return sum + capturedMinor - refundedMinor - this.#world.refundChecks.bookedMinor(id);
        }, 0);
      const posted = books.get(providerReceivable(accountId)) ?? 0;
      insist(posted === known, 'I5', () => `${accountId} owes ${posted} by the books, ${known} by attempts`);
    }
    const captured = payment.attempts.reduce((sum, attempt) => sum + attempt.capturedMinor, 0);
    insist(
      balance.capturedMinor === captured && balance.reservedMinor <= balance.capturedMinor,
      'I5',
      () => `balance ${balance.capturedMinor}, reserved ${balance.reservedMinor}; captured ${captured}`,
    );
  }
}
