import { NOTHING_TO_VOID } from '../../domain/payment/causes.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation, RouteStep } from '../../domain/payment/payment.ts';
import { type Inquiry, NO_INQUIRY, type Question } from '../../domain/payment/resolver.ts';
import type { InquiryAnswer, SendResult } from './activities.ts';
import type { OperationOwner } from './run.ts';
import { type Script, start } from './timeline.ts';
import { insist } from './violation.ts';

/** The twin of workflows/operations/lanes.ts: one lane for each open operation, in the same order of waits. */
export class Lanes {
  readonly #run: OperationOwner;
  readonly #running = new Set<string>();
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #waited = new Set<string>();
  #wakes = 0;
  #hurries = 0;

  constructor(run: OperationOwner) {
    this.#run = run;
  }

  hurry(): void {
    for (const [id, inquiry] of this.#inquiries) this.#inquiries.set(id, { ...inquiry, tick: 0 });
    this.#hurries += 1;
    this.#wakes += 1;
  }

  wake(): void {
    this.#wakes += 1;
  }

  startMissing(): void {
    for (const operation of this.#run.openOperations()) {
      if (this.#running.has(operation.id)) continue;
      this.#running.add(operation.id);
      start(this.#drive(operation.id), this.#run, () => {
        this.#running.delete(operation.id);
      });
    }
  }

  #open(operationId: string): Operation | undefined {
    if (this.#run.superseded) return undefined;
    const operation = this.#run.find(operationId);
    return operation === undefined || operation.closed ? undefined : operation;
  }

  *#drive(operationId: string): Script<void> {
    for (;;) {
      const operation = this.#open(operationId);
      if (operation === undefined) return;
      if (operation.status !== 'created') yield* this.#resolve(operation);
      else if (operation.claimed)
        yield* this.#outcome(operationId, { type: 'unknown', cause: 'worker_lost' }, 'resolver');
      else yield* this.#send(operation);
    }
  }

  *#outcome(operationId: string, outcome: OperationOutcome, actor: string): Script<boolean> {
    return yield* this.#run.conclude(operationId, outcome, actor);
  }

  *#send(operation: Operation): Script<void> {
    const run = this.#run;
    const hurries = this.#hurries;
    const waitMs = (operation.notBeforeMs ?? 0) - run.nowMs;
    if (waitMs > 0) {
      const unsent = () => this.#open(operation.id)?.status === 'created';
      yield* run.until(() => !unsent() || this.#hurries !== hurries, waitMs);
      if (!unsent()) return;
    }
    const result = (yield (resume) => run.world.activities.send(operation.id, run.generation, resume)) as
      | SendResult
      | undefined;
    if (result?.type === 'superseded') {
      run.superseded = true;
      return;
    }
    insist(result?.type !== 'not_permitted', 'bug', () => 'a first send is permitted, refused or superseded');
    // No result: timed out, or its worker died. The resolver looks at the permit first.
    const outcome =
      result?.type === 'outcome'
        ? result.outcome
        : { type: 'unknown' as const, cause: 'worker_lost' as const };
    yield* this.#outcome(operation.id, outcome, 'provider');
  }

  *#resolve(operation: Operation): Script<void> {
    const run = this.#run;
    const step = run.stepOf(operation.id);
    const closed = () => this.#open(operation.id) === undefined;
    if (run.isHeldBack(operation)) {
      yield* run.until(() => closed() || !run.isHeldBack(operation));
      return;
    }
    const inquiry = this.#inquiries.get(operation.id) ?? NO_INQUIRY;
    const askable = operation.status === 'unknown' || step.canLookup;
    const waitMs = askable
      ? run.world.rules.nextTickMs(inquiry, step, run.settings, run.nowMs)
      : PENDING_OVERDUE_MS * run.settings.timeScale;
    const wakes = this.#wakes;
    const overdue = !askable && this.#isOverdue(operation.id);
    if (waitMs === undefined || overdue) {
      if (inquiry.tick !== PARKED) yield* this.#park(operation.id);
      yield* run.until(() => closed() || this.#wakes !== wakes);
    } else yield* run.until(() => closed() || (askable && this.#wakes !== wakes), waitMs);
    if (closed()) return;
    this.#countTick(operation.id, inquiry);
    yield* run.readMail();
    if (closed() || !askable) return;
    yield* this.#ask(operation.id, step);
  }

  /** Whether what is pending, and can't be asked about, has had its time. */
  #isOverdue(operationId: string): boolean {
    if (this.#waited.has(operationId)) return true;
    this.#waited.add(operationId);
    return false;
  }

  /** One tick more, unless it is parked (news wakes it, and it stays so) or an operator has begun it anew. */
  #countTick(operationId: string, before: Inquiry): void {
    const now = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    if (now.tick !== before.tick || now.tick === PARKED) return;
    this.#inquiries.set(operationId, { ...now, tick: now.tick + 1 });
  }

  *#park(operationId: string): Script<void> {
    const inquiry = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    this.#inquiries.set(operationId, { ...inquiry, tick: PARKED });
    yield* this.#run.park(operationId);
  }

  *#ask(operationId: string, step: RouteStep): Script<void> {
    const run = this.#run;
    const operation = this.#open(operationId);
    if (operation === undefined) return;
    const inquiry = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    const asked = run.world.rules.questions(operation, step, run.completeByMs, run.nowMs, inquiry);
    yield* this.#inquire(operationId, step, asked.includes('lookup'));
    for (const question of asked) {
      if (this.#open(operationId)?.status !== 'unknown') return;
      if (question === 'void_by_reference' && asked.includes('resend')) return;
      if (question !== 'lookup') yield* this.#askBy(question, operationId, step);
    }
  }

  *#askBy(question: Exclude<Question, 'lookup'>, operationId: string, step: RouteStep): Script<void> {
    if (question === 'resend') yield* this.#resend(operationId);
    else yield* this.#voidByReference(operationId, step);
  }

  *#inquire(operationId: string, step: RouteStep, lookup: boolean): Script<void> {
    const run = this.#run;
    const answer = (yield (resume) => run.world.activities.inquire(operationId, lookup, resume)) as
      | InquiryAnswer
      | undefined;
    if (answer === undefined) return;
    if (answer.type === 'outcome') {
      yield* this.#outcome(operationId, answer.outcome, 'inquiry');
      return;
    }
    const before = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    this.#inquiries.set(operationId, run.world.rules.sentAt(before, answer.lastSentAtMs));
    if (answer.type === 'not_found') yield* this.#notFound(operationId, step);
  }

  *#notFound(operationId: string, step: RouteStep): Script<void> {
    const run = this.#run;
    const known = this.#inquiries.get(operationId) ?? NO_INQUIRY;
    const inquiry = run.world.rules.countNotFound(known, step, run.settings, run.nowMs);
    this.#inquiries.set(operationId, inquiry);
    if (!run.world.rules.isProvenAbsent(inquiry)) return;
    yield* this.#outcome(operationId, { type: 'not_attempted', proof: 'not_found_confirmed' }, 'inquiry');
  }

  *#resend(operationId: string): Script<void> {
    const run = this.#run;
    const result = (yield (resume) => run.world.activities.resend(operationId, run.generation, resume)) as
      | SendResult
      | undefined;
    if (result?.type === 'superseded') run.superseded = true;
    if (result?.type === 'outcome') yield* this.#outcome(operationId, result.outcome, 'resend');
  }

  *#voidByReference(operationId: string, step: RouteStep): Script<void> {
    const run = this.#run;
    const tick = this.#inquiries.get(operationId)?.tick ?? 0;
    const id = yield* run.voidByReference(operationId, tick);
    if (id === undefined) return;
    yield* run.until(() => this.#open(id) === undefined || this.#open(operationId) === undefined);
    const outcome = run.find(id)?.outcome;
    const nothing = outcome?.type === 'rejected' && outcome.code === NOTHING_TO_VOID;
    if (nothing) yield* this.#notFound(operationId, step);
  }
}

const PARKED = 1_000;
const PENDING_OVERDUE_MS = 24 * 60 * 60 * 1_000;
