import type { Posting } from '../../domain/ledger/postings.ts';
import type { Evidence } from '../../domain/payment/outcome.ts';
import type { OperationRow } from '../../domain/payment/transition.ts';
import type { Balance } from '../../domain/refund/commands.ts';
import type { Seen } from './aggregate-rows.ts';
import type { PermitRow } from './permits.ts';

/** A verified webhook that no workflow has acknowledged yet. */
export interface Letter {
  readonly id: number;
  /** Whose box it lies in. */
  ownerId: string;
  readonly accountId: string;
  readonly reference?: string;
  readonly providerReference?: string;
  readonly evidence?: Evidence;
  /** Whether the workflow believes it; else it only makes it ask. */
  readonly believed: boolean;
  signals: number;
}

export interface OpenException {
  readonly kind: string;
  readonly subjectId: string;
}

export interface Reservation {
  readonly amountMinor: number;
  released: boolean;
}

/**
 * What db/ keeps beside the aggregates themselves: permits, books, the balance, the letter box, observations.
 * One call is one statement, so each is atomic; that its answer may be lost is the caller's business.
 */
export class SharedRows {
  readonly permits = new Map<string, PermitRow>();
  /** Totals by account; what is kept of ledger postings. */
  readonly books = new Map<string, number>();
  readonly balance = { capturedMinor: 0, reservedMinor: 0, refundedMinor: 0, externalMinor: 0 };
  /** What reserves in the balance, by what it is for. The first reservation counts. */
  readonly reservations = new Map<string, Reservation>();
  /** Those that are open. */
  readonly exceptions = new Map<string, OpenException>();
  readonly letters: Letter[] = [];
  readonly observations: Seen[] = [];
  /** Merchants' requests: whose, and whether each has its final answer. */
  readonly requests = new Map<string, { readonly ownerId: string; answered: boolean }>();

  writePermit(
    ownerId: string,
    operation: OperationRow,
    step: { readonly sequence: number; readonly generation: number },
    databaseMs: number,
  ): void {
    let row = this.permits.get(operation.id);
    if (row === undefined) {
      const { id, kind, attemptId, attemptNumber, amountMinor, finalCapture, sendByMs } = operation;
      row = {
        id,
        ownerId,
        kind,
        attemptId,
        attemptNumber,
        amountMinor,
        finalCapture,
        createdWith: step.sequence,
        generation: step.generation,
        sends: 0,
        ...(sendByMs === undefined ? {} : { sendByMs }),
      };
      this.permits.set(id, row);
    }
    if (operation.closed) {
      row.closedAtMs ??= databaseMs;
      delete row.parametersExpireAtMs;
    }
  }

  permit(operationId: string): PermitRow {
    const row = this.permits.get(operationId);
    if (row === undefined) throw new Error(`operation ${operationId} has no row`);
    return row;
  }

  stamp(ownerId: string, generation: number): void {
    for (const row of this.permits.values())
      if (row.ownerId === ownerId && row.closedAtMs === undefined) row.generation = generation;
  }

  post(postings: readonly Posting[]): void {
    for (const { account, amountMinor } of postings)
      this.books.set(account, (this.books.get(account) ?? 0) + amountMinor);
  }

  reserve(subjectId: string, amountMinor: number): void {
    if (this.reservations.has(subjectId)) return;
    this.reservations.set(subjectId, { amountMinor, released: false });
    this.balance.reservedMinor += amountMinor;
  }

  balanceAsRead(): Balance {
    const { capturedMinor, reservedMinor, externalMinor } = this.balance;
    return { capturedMinor, reservedMinor, externalRefundedMinor: externalMinor, chargedBackMinor: 0 };
  }

  open(kind: string, subjectId: string): void {
    this.exceptions.set(`${kind} ${subjectId}`, { kind, subjectId });
  }

  settle(subjectId: string, kinds: readonly string[]): void {
    if (this.exceptions.size === 0) return;
    for (const kind of kinds) this.exceptions.delete(`${kind} ${subjectId}`);
  }

  answer(ownerId: string, requestId: string | undefined, final: boolean): void {
    if (requestId !== undefined && !this.requests.has(requestId))
      this.requests.set(requestId, { ownerId, answered: false });
    if (!final) return;
    for (const request of this.requests.values()) if (request.ownerId === ownerId) request.answered = true;
  }

  lettersOf(ownerId: string): readonly Letter[] {
    return this.letters.filter((letter) => letter.ownerId === ownerId);
  }

  acknowledge(ids: readonly number[]): void {
    for (const id of ids) {
      const index = this.letters.findIndex((letter) => letter.id === id);
      if (index >= 0) this.letters.splice(index, 1);
    }
  }
}
