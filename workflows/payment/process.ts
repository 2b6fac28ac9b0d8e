import { ActivityFailure, condition, log } from '@temporalio/workflow';
import type { RecordOrder } from '../../activities/payment/record.ts';
import { isTerminal } from '../../domain/machine.ts';
import type { Decision } from '../../domain/payment/edit.ts';
import {
  lockHolder,
  openOperations,
  type Payment,
  type PaymentSnapshot,
  snapshotOf,
} from '../../domain/payment/payment.ts';
import type { Settings } from '../../domain/payment/resolver.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import { type Trigger, transitionOf } from '../../domain/payment/transition.ts';
import { database, recordAtLength, recordLocally } from './activities.ts';
import { Visibility } from './visibility.ts';

/**
 * A payment in the workflow's hands: its state, and the one way in which that state changes. `apply` is
 * serialised: decide purely, write the step compare-and-set, and only then believe it.
 */
export class PaymentProcess {
  readonly paymentId: string;
  readonly generation: number;
  payment: Payment | undefined;
  settings: Settings = { timeScale: 1, providerDeadlineMs: 20_000 };
  /** A newer generation has the payment: this one writes and sends nothing more. */
  superseded = false;
  /** Called after each written step; the lanes look for new operations then. */
  onChange: () => void = () => undefined;
  readonly #visibility = new Visibility();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(paymentId: string, generation: number) {
    this.paymentId = paymentId;
    this.generation = generation;
  }

  begin(payment: Payment, settings: Settings): void {
    this.payment = payment;
    this.settings = settings;
    this.superseded = payment.generation !== this.generation;
    if (!this.superseded) this.onChange();
    this.#visibility.show(payment);
  }

  get current(): Payment {
    if (this.payment === undefined) throw new Error('the payment is not planned yet');
    return this.payment;
  }

  get finished(): boolean {
    const { payment } = this;
    if (this.superseded) return true;
    return (
      payment !== undefined &&
      isTerminal(PAYMENT_EDGES, payment.status) &&
      openOperations(payment).length === 0
    );
  }

  /** Resolves once the payment is planned or read back, or known to belong to another generation. */
  async planned(): Promise<void> {
    await condition(() => this.payment !== undefined || this.superseded);
  }

  /** Nothing of the payment is under way, so what it says now can be an answer. */
  get settled(): boolean {
    return this.superseded || (this.payment !== undefined && this.payment.status !== 'processing');
  }

  snapshot(): PaymentSnapshot {
    return snapshotOf(this.current);
  }

  /**
   * One step: `decide` is given the payment as it stands and answers undefined where nothing follows. If
   * somebody else has taken the sequence number, the payment is read back and `decide` is asked again.
   * Answers whether a step was written.
   */
  async apply(
    decide: (payment: Payment) => Decision | undefined,
    trigger: Trigger,
    extras?: RecordOrder['extras'],
  ): Promise<boolean> {
    return this.#serialised(async () => {
      for (;;) {
        if (this.superseded) return false;
        const before = this.current;
        const decision = decide(before);
        if (decision === undefined) return false;
        const transition = transitionOf(before, decision, trigger, Date.now());
        const recorded = await this.#record({ transition, ...(extras === undefined ? {} : { extras }) });
        switch (recorded.type) {
          case 'recorded':
          case 'already_recorded':
            this.payment = transition.payment;
            this.#visibility.show(transition.payment, transition.reason);
            this.onChange();
            return true;
          case 'superseded':
            this.superseded = true;
            return false;
          case 'behind':
            await this.#rehydrate();
        }
      }
    });
  }

  async #record(order: RecordOrder) {
    try {
      return await recordLocally.record(order);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.error('step not written in three tries; trying without end', { paymentId: this.paymentId });
      return recordAtLength.record(order);
    }
  }

  async #rehydrate(): Promise<void> {
    const { payment } = await database.hydrate(this.paymentId);
    if (payment === undefined) throw new Error(`payment ${this.paymentId} has lost its row`);
    this.payment = payment;
    if (payment.generation !== this.generation) this.superseded = true;
    else this.onChange();
  }

  #serialised<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(step);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /**
   * Waits for what a merchant may be told. A known outcome is told at once. While the operation that
   * matters is pending, a quick webhook gets a moment; while it is unknown, the resolver gets as long as
   * the merchant wanted to wait.
   */
  async answered(answerByMs: number): Promise<void> {
    const stuck = () => {
      const holder = this.payment === undefined ? undefined : lockHolder(this.payment);
      return holder?.status === 'pending' || holder?.status === 'unknown';
    };
    await condition(() => this.settled || stuck());
    if (this.settled) return;
    const pending = lockHolder(this.current)?.status === 'pending';
    const waitMs = Math.min(
      answerByMs - ANSWER_MARGIN_MS - Date.now(),
      pending ? PENDING_GRACE_MS : Number.MAX_SAFE_INTEGER,
    );
    if (waitMs > 0)
      await condition(() => this.settled, waitMs, { summary: 'answer the merchant "processing"' });
  }
}

/** How long an answer waits for the webhook that settles a pending capture or void. */
const PENDING_GRACE_MS = 1_000;
/** The answer must reach the API before its own timer. */
const ANSWER_MARGIN_MS = 300;
