import type { CommandResult, NewsResult, PaymentsDoor } from '../../client/contract.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import type {
  AnsweredStamp,
  CommandAnswer,
  ConfirmCommand,
  PaymentOrder,
  Refusal,
  RequestStamp,
} from '../../workflows/payment/messages.ts';

/**
 * The door with a memory instead of Temporal behind it: a repeated request id gets the first answer and the
 * first stamp, as an update does. What a payment comes to is the test's choice.
 */
export interface FakeDoor extends PaymentsDoor {
  readonly calls: { readonly verb: string; readonly paymentId: string; readonly timeoutMs: number }[];
  readonly newsOf: string[];
  /** What payments were made and confirmed with, in order. */
  readonly orders: PaymentOrder[];
  readonly confirmations: ConfirmCommand[];
  readonly payments: Map<string, PaymentSnapshot>;
  /** How many commands are being served right now, and the most there ever were. */
  readonly load: { now: number; most: number };
  outcome: (payment: PaymentSnapshot) => PaymentSnapshot;
  refusal: Refusal | undefined;
  /** Awaited by each command before it answers. */
  before: () => Promise<void>;
  /** Replaces every command's result, e.g. by `accepted`. */
  override: CommandResult | undefined;
  news: (paymentId: string) => Promise<NewsResult>;
}

export function createFakeDoor(): FakeDoor {
  const answers = new Map<string, CommandAnswer>();

  async function command(
    verb: string,
    paymentId: string,
    request: RequestStamp,
    timeoutMs: number,
    decide: () => PaymentSnapshot | undefined,
  ): Promise<CommandResult> {
    door.calls.push({ verb, paymentId, timeoutMs });
    door.load.now += 1;
    door.load.most = Math.max(door.load.most, door.load.now);
    try {
      await door.before();
      if (door.override !== undefined) return door.override;
      const known = answers.get(request.requestId);
      if (known !== undefined) return { type: 'answered', answer: known };
      const stamp: AnsweredStamp = { bodyDigest: request.bodyDigest, httpRequestId: request.httpRequestId };
      if (door.refusal !== undefined) {
        return { type: 'answered', answer: { type: 'refused', refusal: door.refusal, stamp } };
      }
      const payment = decide();
      if (payment === undefined) return { type: 'not_found' };
      door.payments.set(paymentId, payment);
      const answer: CommandAnswer = { type: 'done', payment, stamp };
      answers.set(request.requestId, answer);
      return { type: 'answered', answer };
    } finally {
      door.load.now -= 1;
    }
  }

  const changed =
    (paymentId: string, change: (payment: PaymentSnapshot) => Partial<PaymentSnapshot>) => () => {
      const payment = door.payments.get(paymentId);
      return payment && door.outcome({ ...payment, ...change(payment) });
    };

  const door: FakeDoor = {
    calls: [],
    newsOf: [],
    orders: [],
    confirmations: [],
    payments: new Map(),
    load: { now: 0, most: 0 },
    outcome: (payment) => payment,
    // Refunds and operators' commands are tested against the real door.
    operators: {
      retry: async () => ({ type: 'not_found' }),
      void: async () => ({ type: 'not_found' }),
      cancel: async () => ({ type: 'not_found' }),
      move: async () => ({ type: 'not_found' }),
      release: async () => ({ type: 'not_found' }),
      propose: async () => ({ type: 'not_found' }),
      approve: async () => ({ type: 'not_found' }),
    },
    refunds: {
      create: async () => ({ type: 'not_found' }),
      cancel: async () => ({ type: 'not_found' }),
      snapshot: async () => undefined,
    },
    refusal: undefined,
    before: async () => undefined,
    override: undefined,
    create(paymentId, order, timeoutMs) {
      door.orders.push(order);
      return command('create', paymentId, order.request, timeoutMs, () =>
        door.outcome(charged(paymentId, order)),
      );
    },
    confirm(paymentId, confirmation, timeoutMs) {
      door.confirmations.push(confirmation);
      return command(
        'confirm',
        paymentId,
        confirmation.request,
        timeoutMs,
        changed(paymentId, () => ({ status: 'succeeded' })),
      );
    },
    capture: (paymentId, { request, amountMinor }, timeoutMs) =>
      command(
        'capture',
        paymentId,
        request,
        timeoutMs,
        changed(paymentId, (payment) => ({
          status: 'succeeded',
          amountCapturedMinor: amountMinor ?? payment.amountCapturableMinor,
          amountCapturableMinor: 0,
          allowed: [],
        })),
      ),
    void: (paymentId, { request }, timeoutMs) =>
      command(
        'void',
        paymentId,
        request,
        timeoutMs,
        changed(paymentId, () => ({ status: 'canceled', cancellationReason: 'requested_by_merchant' })),
      ),
    snapshot: async (paymentId) => door.payments.get(paymentId),
    async news(paymentId) {
      door.newsOf.push(paymentId);
      return 'signalled';
    },
  };
  return door;
}

function charged(paymentId: string, order: PaymentOrder): PaymentSnapshot {
  const { request: _request, confirm, completeByMs: _completeByMs, wish: _wish, ...facts } = order;
  const manual = order.captureMethod === 'manual';
  const status = !confirm ? 'requires_confirmation' : manual ? 'requires_capture' : 'succeeded';
  const authorized = confirm ? order.amountMinor : 0;
  const snapshot: PaymentSnapshot = {
    ...facts,
    id: paymentId,
    status,
    sequence: 2,
    amountAuthorizedMinor: authorized,
    amountCapturableMinor: manual ? authorized : 0,
    amountCapturedMinor: manual ? 0 : authorized,
    amountRefundedMinor: 0,
    createdAtMs: Date.now(),
    attempts: [],
    allowed: manual && confirm ? ['capture', 'void'] : [],
  };
  return snapshot;
}
