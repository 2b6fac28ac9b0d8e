import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest } from 'node:http';
import { assert } from '../../domain/machine.ts';

/** The first byte leaves within this time of the permit's claim, or never. */
export const PERMIT_VALID_MS = 2_000;

/** Why the agent kept a request from being written. Whatever the reason, no byte of it left. */
export type RefusedWrite =
  | 'no_call'
  | 'no_permit'
  | 'permit_expired'
  | 'deadline'
  | 'second_request'
  | 'call_closed';

export type FaultKind = 'deadline' | 'refused' | 'connection_lost' | 'unreadable_answer';

/** What ended a call. Its message is ours alone: no part of a request, an answer or another error. */
export class CallFault extends Error {
  override readonly name = 'CallFault';
  readonly kind: FaultKind;
  /** The system's or parser's error code, e.g. `ECONNREFUSED`. */
  readonly code: string | undefined;

  constructor(kind: FaultKind, message: string, code?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export interface CallOptions {
  /** From now until everything must be over: connecting, sending, reading. Milliseconds. */
  readonly totalDeadlineMs: number;
  /** False for questions only: they move nothing, so they need no permit and may be several requests. */
  readonly needsPermit?: boolean;
}

/** What the sockets of one call saw. Times are `performance.now()` milliseconds. */
export interface CallTrace {
  readonly connected: boolean;
  /** When the first byte of the request was handed to the kernel. */
  readonly firstByteAtMs?: number;
  /** Bytes of the request handed to a socket. Above 0, the request may have arrived. */
  readonly bytesWritten: number;
  readonly refused?: RefusedWrite;
  /** Of the answer, of the last one where several questions were put. */
  readonly httpStatus?: number;
  /** What ended the call from our side, if anything did. */
  readonly fault?: FaultKind;
  readonly faultCode?: string;
}

export interface ProviderCall {
  /**
   * The permit was claimed. `claimedAtMs` is `performance.now()` as read *before* the claim was sent to
   * the database, so that a slow or frozen claim shortens the time left and never lengthens it.
   */
  permitClaimed(claimedAtMs: number): void;
  /** Runs the adapter so that every request made inside belongs to this call. */
  run<T>(fn: () => Promise<T>): Promise<T>;
  readonly trace: CallTrace;
  /** Nothing is written after this; what is still under way is reset. May be repeated. */
  close(): void;
}

/** A connection as the call needs to know it: something it can cut off at once. */
export interface Cuttable {
  cut(fault: CallFault): void;
}

const calls = new AsyncLocalStorage<Call>();

/** Opens a call and arms its total deadline, before any permit is claimed. Always close it. */
export function openCall(options: CallOptions): ProviderCall {
  return new Call(options);
}

/** The call that the running code belongs to. To send outside of one is a bug. */
export function currentCall(): Call {
  const call = calls.getStore();
  assert(call !== undefined, 'a provider was called outside of an open call');
  return call;
}

/** As `currentCall`, for the agent, which must refuse rather than throw. */
export function callInScope(): Call | undefined {
  return calls.getStore();
}

/**
 * Waits for an SDK's promise or for the end of the call, whichever is first: at the deadline an SDK may
 * not notice, or may wait for a body that no longer comes.
 */
export async function exchange<T>(send: () => Promise<T>): Promise<T> {
  const call = currentCall();
  return await Promise.race([send(), call.failure]);
}

export class Call implements ProviderCall {
  /** Rejects with the fault that ended the call; never resolves. */
  readonly failure: Promise<never>;
  readonly #needsPermit: boolean;
  readonly #deadlineAtMs: number;
  readonly #deadlineTimer: NodeJS.Timeout;
  readonly #connections = new Set<Cuttable>();
  readonly #rejectFailure: (fault: CallFault) => void;
  #permitTimer: NodeJS.Timeout | undefined;
  #claimedAtMs: number | undefined;
  #request: ClientRequest | undefined;
  #closed = false;
  #connected = false;
  #firstByteAtMs: number | undefined;
  #bytesWritten = 0;
  #refused: RefusedWrite | undefined;
  #httpStatus: number | undefined;
  #fault: CallFault | undefined;

  constructor({ totalDeadlineMs, needsPermit = true }: CallOptions) {
    let reject: (fault: CallFault) => void = () => undefined;
    this.failure = new Promise<never>((_resolve, rejectFailure) => {
      reject = rejectFailure;
    });
    // Nobody may be listening when it rejects; whoever races it sees the rejection all the same.
    this.failure.catch(() => undefined);
    this.#rejectFailure = reject;
    this.#needsPermit = needsPermit;
    this.#deadlineAtMs = performance.now() + totalDeadlineMs;
    this.#deadlineTimer = setTimeout(() => this.#failAtDeadline(), totalDeadlineMs);
  }

  get trace(): CallTrace {
    return {
      connected: this.#connected,
      bytesWritten: this.#bytesWritten,
      ...(this.#firstByteAtMs === undefined ? {} : { firstByteAtMs: this.#firstByteAtMs }),
      ...(this.#refused === undefined ? {} : { refused: this.#refused }),
      ...(this.#httpStatus === undefined ? {} : { httpStatus: this.#httpStatus }),
      ...(this.#fault === undefined ? {} : { fault: this.#fault.kind }),
      ...(this.#fault?.code === undefined ? {} : { faultCode: this.#fault.code }),
    };
  }

  permitClaimed(claimedAtMs: number): void {
    assert(this.#claimedAtMs === undefined, 'a call has one permit');
    this.#claimedAtMs = claimedAtMs;
    // A connection that comes too late could no longer be used: giving up now lets another provider
    // be tried now, not at the deadline.
    const leftMs = claimedAtMs + PERMIT_VALID_MS - performance.now();
    this.#permitTimer = setTimeout(() => {
      if (this.#bytesWritten === 0) this.refuse('permit_expired');
    }, Math.max(0, leftMs) + 1);
  }

  run<T>(fn: () => Promise<T>): Promise<T> {
    return calls.run(this, fn);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#deadlineTimer);
    clearTimeout(this.#permitTimer);
    const fault = this.#fault ?? new CallFault('connection_lost', 'the call was closed');
    for (const connection of this.#connections) connection.cut(fault);
    this.#connections.clear();
  }

  /**
   * A request wants to be sent in this call. Where money moves there is one permit and so one request:
   * SDKs retry behind one's back (stripe-node does once after ECONNRESET, even with retries off).
   */
  admitRequest(request: ClientRequest): RefusedWrite | undefined {
    const refused = this.#closed
      ? 'call_closed'
      : this.#needsPermit && this.#request !== undefined && this.#request !== request
        ? 'second_request'
        : undefined;
    if (refused === undefined) this.#request = request;
    return refused;
  }

  /** Judged in the tick of the write itself. Undefined: write. Once a byte went, the rest may follow. */
  admitWrite(request: ClientRequest, byteLength: number): RefusedWrite | undefined {
    const nowMs = performance.now();
    const refused = this.#judgeWrite(request, nowMs);
    if (refused !== undefined) {
      // A second request says nothing about the first, which may well have arrived.
      if (refused !== 'second_request') this.refuse(refused);
      return refused;
    }
    this.#firstByteAtMs ??= nowMs;
    this.#bytesWritten += byteLength;
    return undefined;
  }

  #judgeWrite(request: ClientRequest, nowMs: number): RefusedWrite | undefined {
    const admitted = this.admitRequest(request);
    if (admitted !== undefined) return admitted;
    if (nowMs >= this.#deadlineAtMs) return 'deadline';
    if (!this.#needsPermit || this.#bytesWritten > 0) return undefined;
    if (this.#claimedAtMs === undefined) return 'no_permit';
    return nowMs > this.#claimedAtMs + PERMIT_VALID_MS ? 'permit_expired' : undefined;
  }

  opened(): void {
    this.#connected = true;
  }

  answered(httpStatus: number | undefined): void {
    this.#httpStatus = httpStatus;
  }

  get closed(): boolean {
    return this.#closed;
  }

  hold(connection: Cuttable): void {
    if (this.#closed) connection.cut(new CallFault('refused', 'the call is over'));
    else this.#connections.add(connection);
  }

  release(connection: Cuttable): void {
    this.#connections.delete(connection);
  }

  refuse(reason: RefusedWrite): void {
    this.#refused ??= reason;
    this.fail(new CallFault('refused', `the request was not written: ${reason}`));
  }

  /** Ends the call: its connections are cut, and nothing more is written. The first fault counts. */
  fail(fault: CallFault): void {
    if (this.#closed || this.#fault !== undefined) return;
    this.#fault = fault;
    this.#rejectFailure(fault);
    this.close();
  }

  #failAtDeadline(): void {
    if (this.#bytesWritten === 0) this.#refused ??= 'deadline';
    this.fail(new CallFault('deadline', 'the total deadline passed'));
  }
}
