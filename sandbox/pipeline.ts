// One API request from its first byte to its last: arrival, fault, idempotency, execution, journal, answer.
// The order is the point. An arrival is journalled before its effect, an effect is on disk before its answer,
// and a fault strikes exactly before or exactly after the commit.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Fault, type FaultBoard, firedTestFaults } from './faults.ts';
import { BodyTooLarge, readBody, reset, send, sendTruncated, type WireAnswer } from './http.ts';
import { prefixedId } from './ids.ts';
import { type Kernel, table } from './kernel.ts';
import type { Answer, ApiRequest, Call, ProviderSimulator, StoredAnswer } from './provider.ts';

export const storedAnswers = table<StoredAnswer>('idempotency');

/** Requests that a fault swallowed before they did anything, by reference, without card data. */
export const swallowed = table<Record<string, unknown>>('swallowed');

/** Thrown by a provider to answer without committing anything. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

type Claim =
  | { kind: 'execute' }
  | { kind: 'replay'; stored: StoredAnswer }
  | { kind: 'refuse'; answer: Answer };

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  api: ApiRequest;
  call: Call;
}

export class Pipeline {
  readonly #provider: ProviderSimulator;
  readonly #kernel: Kernel;
  readonly #faults: FaultBoard;
  readonly #inFlight = new Set<string>();
  readonly #hanging = new Set<IncomingMessage>();

  constructor(provider: ProviderSimulator, kernel: Kernel, faults: FaultBoard) {
    this.#provider = provider;
    this.#kernel = kernel;
    this.#faults = faults;
    faults.onClear = () => this.#letGo();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const api = await this.#parse(request);
    if (api === undefined) return reset(request);
    if (this.#servePage(api, response)) return;
    const understood = this.#provider.receive(api);
    if (!('execute' in understood)) return send(response, this.#wire(api, understood));
    await this.#exchange({ request, response, api, call: understood });
  }

  async #parse(request: IncomingMessage): Promise<ApiRequest | undefined> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    try {
      const rawBody = await readBody(request);
      const method = request.method ?? 'GET';
      return { method, path, query, headers: request.headers, rawBody, requestId: prefixedId('req') };
    } catch (error) {
      if (error instanceof BodyTooLarge || request.destroyed) return undefined;
      throw error;
    }
  }

  #servePage(api: ApiRequest, response: ServerResponse): boolean {
    const tx = this.#kernel.begin();
    const page = this.#provider.page?.(api, tx);
    if (page === undefined) return false;
    this.#kernel.commit(tx);
    void this.#kernel.journal.durable().then(() => send(response, page));
    return true;
  }

  async #exchange(exchange: Exchange): Promise<void> {
    const { request, api, call } = exchange;
    const claim = this.#claim(call);
    const fault = this.#chooseFault(call);
    this.#recordArrival(call, claim, fault);
    const key = claim.kind === 'execute' ? call.idempotency?.key : undefined;
    if (key !== undefined) this.#inFlight.add(key);
    try {
      if (fault !== undefined && fault.latencyMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, fault.latencyMs));
      }
      if (fault?.mode === 'reset_before_commit') return reset(request);
      if (fault?.mode === 'hang') return await this.#hang(request);
      if (fault?.mode === 'status') {
        return send(exchange.response, this.#wire(api, this.#provider.serverError(fault.status)));
      }
      const answer = this.#answer(exchange, claim, fault);
      // Also a read waits: it must not show what a crash could still take back.
      await this.#kernel.journal.durable();
      await this.#finish(exchange, answer, fault);
    } finally {
      if (key !== undefined) this.#inFlight.delete(key);
    }
  }

  #claim(call: Call): Claim {
    if (call.idempotency === undefined) return { kind: 'execute' };
    const { key, fingerprint } = call.idempotency;
    const stored = this.#kernel.store.get(storedAnswers, key);
    const windowMs = this.#provider.idempotencyWindowMs * this.#kernel.timeScale;
    if (stored !== undefined && Date.now() - stored.createdAt <= windowMs) {
      if (stored.fingerprint === fingerprint) return { kind: 'replay', stored };
      return { kind: 'refuse', answer: this.#provider.keyReused() };
    }
    if (this.#inFlight.has(key)) return { kind: 'refuse', answer: this.#provider.keyInUse() };
    return { kind: 'execute' };
  }

  /** A commanded fault goes before one that the payment itself asks for. */
  #chooseFault(call: Call): Fault | undefined {
    const commanded = this.#faults.take(call.operation, call.reference);
    if (commanded !== undefined) return commanded;
    const asked = call.testFault;
    if (asked === undefined || asked.operation !== call.operation) return undefined;
    const slot = `${call.reference ?? call.idempotency?.key ?? ''}/${call.operation}`;
    if (!asked.always) {
      if (this.#kernel.store.get(firedTestFaults, slot) !== undefined) return undefined;
      this.#kernel.putLazily(firedTestFaults, slot, { at: Date.now() });
    }
    const { operation, mode, latencyMs, status } = asked;
    return {
      id: 'test_value',
      operation,
      mode,
      latencyMs,
      status,
      timesLeft: null,
      reference: call.reference,
    };
  }

  #recordArrival(call: Call, claim: Claim, fault: Fault | undefined): void {
    if (call.money === undefined) return;
    const before = ['status', 'hang', 'reset_before_commit'].includes(fault?.mode ?? '');
    const kept = before && claim.kind === 'execute' ? call.remember?.() : undefined;
    const draft = { kind: 'state' as const, table: swallowed.name, id: call.reference, value: kept };
    this.#kernel.arrival(
      {
        operation: call.operation,
        reference: call.reference,
        idempotencyKey: call.idempotency?.key ?? null,
        ...call.money,
        replay: claim.kind !== 'execute',
      },
      kept !== undefined && call.reference !== null ? [draft] : [],
    );
  }

  #answer(exchange: Exchange, claim: Claim, fault: Fault | undefined): WireAnswer {
    if (claim.kind === 'refuse') return this.#wire(exchange.api, claim.answer);
    if (claim.kind === 'replay') {
      const headers = this.#provider.headers(exchange.api, claim.stored);
      return { status: claim.stored.status, headers, body: claim.stored.body };
    }
    return this.#execute(exchange, fault);
  }

  #execute({ api, call }: Exchange, fault: Fault | undefined): WireAnswer {
    const key = call.idempotency?.key ?? null;
    const tx = this.#kernel.begin({ idempotencyKey: key, requestId: api.requestId });
    let answer: Answer;
    let committed = true;
    try {
      answer = call.execute(tx);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = error.answer;
      committed = false;
    }
    const failed =
      fault?.mode === 'status_after_commit' ? this.#provider.serverError(fault.status) : undefined;
    const remembered = failed !== undefined && this.#provider.storesServerErrors ? failed : answer;
    const record = committed ? tx : this.#kernel.begin(tx.origin);
    const forgotten = failed !== undefined && this.#provider.forgetsServerErrors === true;
    if (call.idempotency !== undefined && answer.store && !forgotten) {
      record.put(storedAnswers, call.idempotency.key, {
        ...call.idempotency,
        status: remembered.status,
        body: JSON.stringify(remembered.body),
        requestId: api.requestId,
        createdAt: Date.now(),
      });
    }
    this.#kernel.commit(record);
    return this.#wire(api, failed ?? answer);
  }

  async #finish(
    { request, response }: Exchange,
    answer: WireAnswer,
    fault: Fault | undefined,
  ): Promise<void> {
    if (fault?.mode === 'reset_after_commit') return reset(request);
    if (fault?.mode === 'truncate') return sendTruncated(response, answer);
    if (fault?.mode === 'hang_after_commit') return await this.#hang(request);
    if (!request.socket.destroyed) send(response, answer);
  }

  /** Until the client gives up, or the faults are cleared. */
  async #hang(request: IncomingMessage): Promise<void> {
    if (request.socket.destroyed) return;
    this.#hanging.add(request);
    await new Promise<void>((resolve) => request.socket.once('close', () => resolve()));
    this.#hanging.delete(request);
  }

  #letGo(): void {
    for (const request of this.#hanging) request.socket.destroy();
  }

  #wire(api: ApiRequest, answer: Answer): WireAnswer {
    const headers = { ...this.#provider.headers(api, undefined), ...answer.headers };
    return { status: answer.status, headers, body: answer.text ?? JSON.stringify(answer.body) };
  }
}
