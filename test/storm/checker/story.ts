import { operationIdFor } from '../../../domain/names.ts';
import { ACCOUNTS, AMOUNT, date, type Step, type World } from './world.ts';

/** A step that leaves attempts and operations, by their ids, in these states. */
export function step(status: string, parts: Readonly<Record<string, string>>): Step {
  const of = (prefix: string) =>
    Object.entries(parts)
      .filter(([id]) => id.startsWith(prefix))
      .map(([id, left]) => ({ id, status: left }));
  return { status, attempts: of('att_'), operations: of('op_') };
}

/** One payment of the model: what every fate of one has in common. */
export class Story {
  protected readonly world: World;
  protected readonly id: string;
  protected readonly number: number;

  constructor(world: World, number: number) {
    this.world = world;
    this.number = number;
    this.id = `pay_${world.stem('p', number)}`;
  }

  protected row(status: string, chain: object, captured: number, authorized = captured): void {
    const { tables, nowMs } = this.world;
    const methodId = `pm_${this.number}`;
    tables.payment_method.push({ id: methodId, sealed_cvc: null, cvc_expires_at: null });
    tables.payment.push({
      id: this.id,
      status,
      generation: 1,
      amount_minor: String(AMOUNT),
      currency: 'USD',
      amount_authorized_minor: String(authorized),
      amount_captured_minor: String(captured),
      payment_method_id: methodId,
      route: [
        { accountId: ACCOUNTS.stripe, visibilityHorizonMs: 18_000 },
        { accountId: ACCOUNTS.adyen, visibilityHorizonMs: 0 },
      ],
      created_at: date(nowMs),
      ...chain,
    });
    const running = ['requires_capture', 'requires_review'].includes(status);
    this.world.workflows.push({
      workflowId: `payment/${this.id}/g1`,
      runId: `run-${this.number}`,
      type: 'payment',
      status: running ? 'RUNNING' : 'COMPLETED',
      events: 20,
    });
    this.world.event(this.id, this.id, `payment.${status}`);
    const body = { object: 'payment', id: this.id, status, amount_captured: captured };
    this.world.told('/v1/payments', `order-${this.number}`, body, status === 'failed' ? 402 : 201);
  }

  protected operationId(attempt: number, kind: 'sale' | 'authorize' | 'capture' | 'void' | 'refund'): string {
    return operationIdFor(this.id, attempt, kind, 1);
  }

  protected post(kind: string, debit: string, credit: string, amount = AMOUNT): void {
    this.world.post(this.id, kind, debit, credit, amount);
  }
}
