import { ActivityFailure, condition, patched } from '@temporalio/workflow';
import { assert, unreachable } from '../../domain/machine.ts';
import { NOTHING_TO_VOID } from '../../domain/payment/causes.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation, RouteStep } from '../../domain/payment/payment.ts';
import {
  countNotFound,
  type Inquiry,
  isProvenAbsent,
  NO_INQUIRY,
  nextTickMs,
  type Question,
  questions,
  sentAt,
} from '../../domain/payment/resolver.ts';
import { PATCHES } from '../versions.ts';
import { inquiries, type Sends, sends } from './activities.ts';
import type { OperationOwner } from './process.ts';

/**
 * One lane for each open operation: it sends what was never sent, and proves what is unknown. A lane ends
 * when its operation closes; the decisions that closing makes may open others, which get their own.
 */
export class Lanes {
  readonly #process: OperationOwner;
  readonly #running = new Set<string>();
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #waited = new Set<string>();
  #wakes = 0;
  #hurries = 0;
  /** Reads the letter box before a provider is asked; set by the workflow. */
  beforeAsking: () => Promise<void> = async () => undefined;

  constructor(process: OperationOwner) {
    this.#process = process;
    process.onChange = () => this.#startMissing();
  }

  /** An operator wants it done now: whoever waits to send or to ask does so, and the ladder begins anew. */
  hurry(): void {
    for (const [id, inquiry] of this.#inquiries) this.#inquiries.set(id, { ...inquiry, tick: 0 });
    this.#hurries += 1;
    this.#wakes += 1;
  }

  /** Something was said about its owner: whoever waits to ask, asks now. */
  wake(): void {
    this.#wakes += 1;
  }

  #startMissing(): void {
    for (const operation of this.#process.openOperations()) {
      if (this.#running.has(operation.id)) continue;
      this.#running.add(operation.id);
      // A lane never rejects for what a provider does; a bug in it must fail the workflow task, loudly.
      void this.#drive(operation.id).finally(() => this.#running.delete(operation.id));
    }
  }

  #open(operationId: string): Operation | undefined {
    if (this.#process.superseded) return undefined;
    const operation = this.#process.find(operationId);
    return operation === undefined || operation.closed ? undefined : operation;
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

  #outcome(operationId: string, outcome: OperationOutcome, actor: string): Promise<boolean> {
    return this.#process.conclude(operationId, outcome, actor);
  }

  async #send(operation: Operation): Promise<void> {
    const hurries = this.#hurries;
    const waitMs = (operation.notBeforeMs ?? 0) - Date.now();
    // Whether the time is over already would be told by a clock that a replay may read a moment earlier.
    if (operation.notBeforeMs !== undefined && (patched(PATCHES.backoffByTimer) || waitMs > 0)) {
      const unsent = () => this.#open(operation.id)?.status === 'created';
      await condition(() => !unsent() || this.#hurries !== hurries, Math.max(1, waitMs), {
        summary: `retry the ${operation.kind} after a proven not-attempted`,
      });
      if (!unsent()) return;
    }
    const { provider } = this.#process.stepOf(operation.id);
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
    const { settings } = this.#process;
    const step = this.#process.stepOf(operation.id);
    const closed = () => this.#open(operation.id) === undefined;
    // A challenge is not asked about while it is being voided: the void says what became of it. If that is
    // refused, the payer may have completed it, and only asking tells.
    if (this.#process.isHeldBack(operation)) {
      await condition(() => closed() || !this.#process.isHeldBack(operation));
      return;
    }
    if (this.#process.waitsForPayer?.(operation.id) === true) return this.#waitForPayer(operation, step);
    const inquiry = this.#inquiries.get(operation.id) ?? NO_INQUIRY;
    const askable = operation.status === 'unknown' || step.canLookup;
    const waitMs = askable
      ? nextTickMs(inquiry, step, settings, Date.now())
      : PENDING_OVERDUE_MS * settings.timeScale;
    const overdue = !askable && this.#isOverdue(operation.id, inquiry);
    const wakes = this.#wakes;
    const woken = () => closed() || (askable && this.#wakes !== wakes);
    if (waitMs === undefined || overdue) {
      if (inquiry.tick !== PARKED) await this.#park(operation.id);
      await condition(() => closed() || this.#wakes !== wakes);
    } else {
      const summary = askable
        ? `ask ${step.provider} again about the ${operation.kind} (${operation.status}, question ${inquiry.tick + 1})`
        : `${step.provider} should have settled the ${operation.kind} by then`;
      await condition(woken, waitMs, { summary });
    }
    if (closed()) return;
    this.#countTick(operation.id, inquiry);
    await this.beforeAsking();
    if (closed() || !askable) return;
    await this.#ask(operation.id, step);
  }

  /** The payer has their time. A word from the provider, from the challenge or from the browser makes us ask at once. */
  async #waitForPayer(operation: Operation, step: RouteStep): Promise<void> {
    const wakes = this.#wakes;
    const closed = () => this.#open(operation.id) === undefined;
    const waits = () => this.#process.waitsForPayer?.(operation.id) === true;
    await condition(() => closed() || !waits() || this.#wakes !== wakes);
    if (closed() || !step.canLookup || this.#process.isHeldBack(operation)) return;
    await this.#ask(operation.id, step);
  }

  /**
   * Whether what is pending, and can't be asked about, has had its time. The questions of an earlier doubt don't
   * count; before the patch they did, and a resent operation was given to a person at once.
   */
  #isOverdue(operationId: string, { tick }: Inquiry): boolean {
    if (this.#waited.has(operationId)) return true;
    this.#waited.add(operationId);
    return tick > 0 && !patched(PATCHES.pendingWaits);
  }

  /** One tick more, unless it is parked (news wakes it, and it stays so) or an operator has begun it anew. */
  #countTick(operationId: string, before: Inquiry): void {
    const now = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    if (now.tick !== before.tick || now.tick === PARKED) return;
    this.#inquiries.set(operationId, { ...now, tick: now.tick + 1 });
  }

  async #park(operationId: string): Promise<void> {
    const inquiry = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    this.#inquiries.set(operationId, { ...inquiry, tick: PARKED });
    await this.#process.park(operationId);
  }

  async #ask(operationId: string, step: RouteStep): Promise<void> {
    const operation = this.#open(operationId);
    if (operation === undefined) return;
    const inquiry = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    const asked = questions(operation, step, this.#process.completeByMs, Date.now(), inquiry);
    // The permit is always looked at first: one that was never claimed is proof without asking anybody.
    await this.#inquire(operationId, step, asked.includes('lookup'));
    for (const question of asked) {
      if (this.#open(operationId)?.status !== 'unknown') return;
      // What was sent in this very tick cannot be called absent in it.
      const sent = question === 'void_by_reference' && asked.includes('resend');
      if (sent && patched(PATCHES.absenceAfterResend)) return;
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
    this.#sentAt(operationId, answer.lastSentAtMs);
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

  /** Before the patch, what was not found before a resend counted after it. */
  #sentAt(operationId: string, lastSentAtMs: number): void {
    const before = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    const now = sentAt(before, lastSentAtMs);
    const forgets = now.notFoundAtMs.length < before.notFoundAtMs.length;
    const remembers = forgets && !patched(PATCHES.absenceAfterResend);
    this.#inquiries.set(operationId, remembers ? { ...before, lastSentAtMs } : now);
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
    const id = await this.#process.voidByReference?.(operationId, tick);
    if (id === undefined) return;
    await condition(() => this.#open(id) === undefined || this.#open(operationId) === undefined);
    const outcome = this.#process.find(id)?.outcome;
    // Refused for another reason (`wrong state`, a limit, a bad key) says nothing about absence.
    const nothing =
      outcome?.type === 'rejected' && (outcome.code === NOTHING_TO_VOID || !patched(PATCHES.absenceByName));
    if (nothing) await this.#notFound(operationId, step);
  }
}

/** A tick that says: no more ticks. News still wakes the lane. */
const PARKED = 1_000;
/** How long a pending operation may stay so before a person is told, unscaled. */
const PENDING_OVERDUE_MS = 24 * 60 * 60 * 1_000;
