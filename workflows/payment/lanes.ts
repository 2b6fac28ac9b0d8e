import { ActivityFailure, condition } from '@temporalio/workflow';
import { assert, unreachable } from '../../domain/machine.ts';
import { decideOutcome } from '../../domain/payment/decide.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import {
  attemptOf,
  findOperation,
  type Operation,
  openOperations,
  type RouteStep,
  routeStepOf,
} from '../../domain/payment/payment.ts';
import {
  countNotFound,
  decidePark,
  decideVoidByReference,
  type Inquiry,
  isProvenAbsent,
  NO_INQUIRY,
  nextTickMs,
  type Question,
  questions,
} from '../../domain/payment/resolver.ts';
import { inquiries, type Sends, sends } from './activities.ts';
import type { PaymentProcess } from './process.ts';

/**
 * One lane for each open operation: it sends what was never sent, and proves what is unknown. A lane ends
 * when its operation closes; the decisions that closing makes may open others, which get their own.
 */
export class Lanes {
  readonly #process: PaymentProcess;
  readonly #running = new Set<string>();
  readonly #inquiries = new Map<string, Inquiry>();
  #wakes = 0;
  /** Reads the letter box before a provider is asked; set by the workflow. */
  beforeAsking: () => Promise<void> = async () => undefined;

  constructor(process: PaymentProcess) {
    this.#process = process;
    process.onChange = () => this.#startMissing();
  }

  /** Something was said about this payment: whoever waits to ask, asks now. */
  wake(): void {
    this.#wakes += 1;
  }

  #startMissing(): void {
    for (const operation of openOperations(this.#process.current)) {
      if (this.#running.has(operation.id)) continue;
      this.#running.add(operation.id);
      // A lane never rejects for what a provider does; a bug in it must fail the workflow task, loudly.
      void this.#drive(operation.id).finally(() => this.#running.delete(operation.id));
    }
  }

  #open(operationId: string): Operation | undefined {
    if (this.#process.superseded) return undefined;
    const operation = findOperation(this.#process.current, operationId);
    return operation === undefined || operation.closed ? undefined : operation;
  }

  #isBeingVoided(attemptId: string): boolean {
    if (this.#process.superseded) return false;
    const attempt = this.#process.current.attempts.find((each) => each.id === attemptId);
    return attempt?.operations.some((each) => each.kind === 'void' && !each.closed) ?? false;
  }

  async #drive(operationId: string): Promise<void> {
    for (;;) {
      const operation = this.#open(operationId);
      if (operation === undefined) return;
      if (operation.status !== 'created') await this.#resolve(operation);
      else if (operation.claimed)
        await this.#outcome(operationId, { type: 'unknown', cause: 'worker_lost' }, 'resolver');
      else await this.#send(operation);
    }
  }

  async #outcome(operationId: string, outcome: OperationOutcome, actor: string): Promise<boolean> {
    return this.#process.apply((payment) => decideOutcome(payment, operationId, outcome, Date.now()), {
      type: `${findOperation(this.#process.current, operationId)?.kind ?? 'operation'}_${outcome.type}`,
      actor,
    });
  }

  async #send(operation: Operation): Promise<void> {
    const attempt = attemptOf(this.#process.current, operation.id);
    const waitMs = (operation.notBeforeMs ?? 0) - Date.now();
    if (waitMs > 0) {
      await condition(() => this.#open(operation.id) === undefined, waitMs, {
        summary: `retry the ${operation.kind} after a proven not-attempted`,
      });
      if (this.#open(operation.id) === undefined) return;
    }
    const provider = attempt?.provider ?? 'provider';
    const result = await this.#call(
      operation,
      sends(this.#process.settings, `${operation.kind} at ${provider}`),
    );
    if (result.type === 'superseded') {
      this.#process.superseded = true;
      return;
    }
    assert(result.type === 'outcome', 'a first send is permitted, refused or superseded');
    await this.#outcome(operation.id, result.outcome, `provider:${provider}`);
  }

  async #call(operation: Operation, activities: Sends) {
    const order = { operationId: operation.id, generation: this.#process.generation };
    try {
      switch (operation.kind) {
        case 'authorize':
        case 'sale':
          return await activities.authorize(order);
        case 'capture':
          return await activities.capture(order);
        case 'void':
          return await activities.voidAuthorization(order);
        case 'refund':
          return await activities.refund(order);
        default:
          return unreachable(operation.kind);
      }
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      // Timed out, or its worker died: it may have been sent. The resolver looks at the permit first.
      return {
        type: 'outcome' as const,
        outcome: { type: 'unknown' as const, cause: 'worker_lost' as const },
      };
    }
  }

  /** One tick: wait (or be woken), then ask what there is to ask, until something is proven. */
  async #resolve(operation: Operation): Promise<void> {
    const { current, settings } = this.#process;
    const attempt = attemptOf(current, operation.id);
    const step = attempt === undefined ? undefined : routeStepOf(current, attempt.accountId);
    assert(attempt !== undefined && step !== undefined, `operation ${operation.id} has no route step`);
    const closed = () => this.#open(operation.id) === undefined;
    // A challenge is not asked about while it is being voided: the void says what became of it. If that is
    // refused, the payer may have completed it, and only asking tells.
    if (
      attempt.status === 'requires_action' &&
      operation.kind !== 'void' &&
      this.#isBeingVoided(attempt.id)
    ) {
      await condition(() => closed() || !this.#isBeingVoided(attempt.id));
      return;
    }
    const inquiry = this.#inquiries.get(operation.id) ?? NO_INQUIRY;
    const askable = operation.status === 'unknown' || step.canLookup;
    const waitMs = askable ? nextTickMs(inquiry, settings) : PENDING_OVERDUE_MS * settings.timeScale;
    const wakes = this.#wakes;
    const woken = () => closed() || (askable && this.#wakes !== wakes);
    if (waitMs === undefined || (!askable && inquiry.tick > 0)) {
      if (inquiry.tick !== PARKED) await this.#park(operation.id);
      await condition(() => closed() || this.#wakes !== wakes);
    } else {
      const summary = askable
        ? `ask ${step.provider} again about the ${operation.kind} (${operation.status}, question ${inquiry.tick + 1})`
        : `${step.provider} should have settled the ${operation.kind} by then`;
      await condition(woken, waitMs, { summary });
    }
    if (closed()) return;
    if (inquiry.tick !== PARKED) this.#inquiries.set(operation.id, { ...inquiry, tick: inquiry.tick + 1 });
    await this.beforeAsking();
    if (closed() || !askable) return;
    await this.#ask(operation.id, step);
  }

  async #park(operationId: string): Promise<void> {
    const inquiry = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    this.#inquiries.set(operationId, { ...inquiry, tick: PARKED });
    await this.#process.apply((payment) => decidePark(payment, operationId), {
      type: 'parked',
      actor: 'resolver',
    });
  }

  async #ask(operationId: string, step: RouteStep): Promise<void> {
    const operation = this.#open(operationId);
    if (operation === undefined) return;
    const asked = questions(operation, step, this.#process.current.completeByMs, Date.now());
    // The permit is always looked at first: one that was never claimed is proof without asking anybody.
    await this.#inquire(operationId, step, asked.includes('lookup'));
    for (const question of asked) {
      if (this.#open(operationId)?.status !== 'unknown') return;
      if (question !== 'lookup') await this.#askBy(question, operationId, step);
    }
  }

  async #askBy(question: Exclude<Question, 'lookup'>, operationId: string, step: RouteStep): Promise<void> {
    switch (question) {
      case 'resend':
        return this.#resend(operationId, step);
      case 'void_by_reference':
        return this.#voidByReference(operationId, step);
      default:
        return unreachable(question);
    }
  }

  async #inquire(operationId: string, step: RouteStep, lookup: boolean): Promise<void> {
    const order = { operationId, generation: this.#process.generation, lookup };
    let answer: Awaited<ReturnType<ReturnType<typeof inquiries>['inquire']>>;
    try {
      answer = await inquiries(this.#process.settings, `ask ${step.provider}`).inquire(order);
    } catch (error) {
      if (error instanceof ActivityFailure) return;
      throw error;
    }
    if (answer.type === 'outcome') {
      await this.#outcome(operationId, answer.outcome, `inquiry:${step.provider}`);
      return;
    }
    this.#note(operationId, { lastSentAtMs: answer.lastSentAtMs });
    if (answer.type === 'not_found') await this.#notFound(operationId, step);
  }

  async #notFound(operationId: string, step: RouteStep): Promise<void> {
    const inquiry = countNotFound(
      this.#inquiries.get(operationId) ?? NO_INQUIRY,
      step,
      this.#process.settings,
      Date.now(),
    );
    this.#inquiries.set(operationId, inquiry);
    if (!isProvenAbsent(inquiry)) return;
    await this.#outcome(
      operationId,
      { type: 'not_attempted', proof: 'not_found_confirmed' },
      `inquiry:${step.provider}`,
    );
  }

  #note(operationId: string, facts: Partial<Inquiry>): void {
    this.#inquiries.set(operationId, { ...(this.#inquiries.get(operationId) ?? NO_INQUIRY), ...facts });
  }

  async #resend(operationId: string, step: RouteStep): Promise<void> {
    const order = { operationId, generation: this.#process.generation };
    try {
      const result = await sends(
        this.#process.settings,
        `same request, same key, to ${step.provider}`,
      ).resend(order);
      if (result.type === 'superseded') this.#process.superseded = true;
      if (result.type === 'outcome')
        await this.#outcome(operationId, result.outcome, `resend:${step.provider}`);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
    }
  }

  /** Asks by an operation of its own, with its own permit and key, and reads its end as the answer. */
  async #voidByReference(operationId: string, step: RouteStep): Promise<void> {
    const tick = this.#inquiries.get(operationId)?.tick ?? 0;
    let voidId: string | undefined;
    await this.#process.apply(
      (payment) => {
        const decision = decideVoidByReference(payment, operationId, tick);
        voidId = openOperations(decision.after).find(
          (each) => each.cause === `resolve_${operationId}_${tick}`,
        )?.id;
        return decision;
      },
      { type: 'void_by_reference', actor: 'resolver' },
    );
    const id = voidId;
    if (id === undefined) return;
    await condition(() => this.#open(id) === undefined || this.#open(operationId) === undefined);
    const outcome = findOperation(this.#process.current, id)?.outcome;
    if (outcome?.type === 'rejected') await this.#notFound(operationId, step);
  }
}

/** A tick that says: no more ticks. News still wakes the lane. */
const PARKED = 1_000;
/** How long a pending operation may stay so before a person is told, unscaled. */
const PENDING_OVERDUE_MS = 24 * 60 * 60 * 1_000;
