import type { RefundRuling } from '../../domain/refund/commands.ts';
import type { RefundTestimony } from '../../domain/refund/operate.ts';
import { openOperation, type Refund } from '../../domain/refund/refund.ts';
import type { Random } from './random.ts';
import type { WorkflowRun } from './workflow-run.ts';
import type { World } from './world.ts';

export interface RefundRequest {
  readonly refundId: string;
  readonly requestId: string;
  /** Absent: all that may still be refunded. */
  readonly amountMinor?: number;
}

/** What is said to a refund's workflow: by its merchant, or by an operator. */
export interface RefundCommand {
  readonly id: string;
  readonly kind: 'cancel' | 'retry' | 'resolve';
  /** Of a resolution: which operation, if any is open, and what two operators say of it. */
  readonly operationId?: string;
  readonly testimony?: RefundTestimony;
}

const DAY = 86_400_000;
/** By then an undisturbed payment has been captured. */
export const FIRST_REFUND_MS = 3_000;
/** Operators testify about what nobody works on any more. */
const LOOKED_INTO_AFTER_MS = 2 * 3_600_000;

/** A merchant who refunds more than was captured, at once and again, and operators who look after what got stuck. */
export class RefundMerchant {
  readonly #world: World;
  readonly #random: Random;
  #number = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random;
  }

  begin(): void {
    const random = this.#random;
    const count = random.pick([1, 1, 2, 3, 4, 6]);
    const withinMs = random.pick([1, 10_000, 3_600_000, 2 * DAY]);
    const share = random.pick([0, 0, 1_000 / count, 600, 250]);
    for (let index = 1; index <= count; index += 1) {
      const amountMinor = share === 0 ? random.between(1, 800) : Math.max(1, Math.floor(share));
      const order: RefundRequest = {
        refundId: `ref_${'b'.repeat(25)}${'234567'[index - 1]}`,
        requestId: `req_refund_${index}`,
        ...(random.chance(0.15) ? {} : { amountMinor }),
      };
      this.#order(order, FIRST_REFUND_MS + random.magnitude(withinMs));
    }
    for (let outside = random.pick([0, 0, 0, 1, 2]); outside > 0; outside -= 1)
      this.#world.timeline.after(random.magnitude(2 * DAY), () => this.#refundOutside());
  }

  #order(order: RefundRequest, atMs: number): void {
    const random = this.#random;
    const { timeline, door } = this.#world;
    const at = (delayMs: number, act: () => void) => timeline.after(atMs + delayMs, act);
    at(0, () => door.order(order));
    // The same request again, under the same key: at once, or when everything is over.
    if (random.chance(0.4)) at(random.magnitude(DAY), () => door.order(order));
    const { refundId } = order;
    if (random.chance(0.03)) at(random.between(1, 60), () => door.refund(refundId).upheave('terminate'));
    if (random.chance(0.25)) at(random.magnitude(120_000), () => this.#tell(refundId, 'cancel'));
    if (random.chance(0.25)) at(random.magnitude(5 * DAY), () => this.#tell(refundId, 'retry'));
    for (let looks = random.pick([0, 0, 1, 2]); looks > 0; looks -= 1)
      at(random.magnitude(10 * DAY), () => this.#lookInto(refundId));
  }

  /** What was just said is what a workflow that is reset is told again. */
  #tell(refundId: string, kind: RefundCommand['kind'], said: Partial<RefundCommand> = {}): void {
    const { database, door, timeline, weather } = this.#world;
    const released = database.refunds.get(refundId)?.state?.outsideBound === true;
    if (kind === 'retry' && released && !weather.hardships.has('retryAfterRelease')) return;
    door.tell(refundId, { ...this.#command(kind), ...said });
    if (this.#random.chance(0.1))
      timeline.after(this.#random.magnitude(DAY), () => door.refund(refundId).upheave('reset'));
  }

  #command(kind: RefundCommand['kind']): RefundCommand {
    this.#number += 1;
    return { id: `req_command_${this.#number}`, kind };
  }

  /** Somebody refunds at the provider, without us. */
  #refundOutside(): void {
    for (const provider of this.#world.providers())
      for (const charge of provider.charges.values()) provider.refunds.makeOutside(charge);
  }

  /** An operator finds out how it stands, says so, and tomorrow another one agrees; or it is simply tried again. */
  #lookInto(refundId: string): void {
    const { database, timeline } = this.#world;
    const refund = database.refunds.get(refundId)?.state;
    if (refund?.status !== 'requires_review') return;
    if (this.#random.chance(0.4)) {
      this.#tell(refundId, 'retry');
      return;
    }
    const said = this.#testimony(refund);
    if (said === undefined) return;
    timeline.after(this.#random.magnitude(DAY), () => this.#tell(refundId, 'resolve', said));
  }

  #testimony(refund: Refund): Pick<RefundCommand, 'operationId' | 'testimony'> | undefined {
    const { database, timeline } = this.#world;
    const open = openOperation(refund);
    const notExecuted = { type: 'rejected', code: 'not_executed', message: '' } as const;
    if (open === undefined)
      return { testimony: this.#random.chance(0.5) ? { type: 'refunded_by_hand' } : notExecuted };
    const sentAtMs = database.permit(open.id).lastSentAtMs;
    if (sentAtMs === undefined || timeline.nowMs < sentAtMs + LOOKED_INTO_AFTER_MS) return undefined;
    const effect = this.#world.providerOf(open.id).charges.get(refund.attemptId)?.refunds.get(open.id);
    if (effect?.state === 'pending') return undefined;
    const { amountMinor } = refund;
    return effect?.state === 'done'
      ? {
          operationId: open.id,
          testimony: { type: 'refunded', providerReference: effect.providerReference, amountMinor },
        }
      : { operationId: open.id, testimony: notExecuted };
  }

  /** The rule of an operator's command; see workflows/refund/operators.ts. */
  ruleOf(command: RefundCommand, run: WorkflowRun): (refund: Refund) => RefundRuling {
    const { rules } = this.#world;
    const order = { cause: command.id, operator: 'opr_1', reason: 'stuck', evidence: 'dashboard' };
    const { testimony, operationId } = command;
    if (testimony === undefined) return (refund) => rules.decideRefundRetryNow(refund, order);
    return (refund) => rules.decideRefundResolution(refund, operationId, testimony, order, run.nowMs);
  }

  /** client/operators.ts: what is refused on the row opens no generation. */
  refuses(refund: Refund, { testimony, operationId, id }: RefundCommand): boolean {
    const { rules } = this.#world;
    const order = { cause: id, operator: 'opr_1', reason: 'stuck' };
    return testimony === undefined
      ? rules.decideRefundRetryNow(refund, order).type === 'refused'
      : rules.judgeRefundTestimony(refund, operationId) !== undefined;
  }
}
