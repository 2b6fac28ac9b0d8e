import {
  decideCaptureCommand,
  decideConfirmCommand,
  decideVoidCommand,
  judgeCommand,
  type Ruling,
} from '../../domain/payment/commands.ts';
import type { Command, Payment } from '../../domain/payment/payment.ts';
import { database } from '../operations/activities.ts';
import { refusedUpdate, stampOf, supersededUpdate } from '../operations/updates.ts';
import type {
  CancelCommand,
  CaptureCommand,
  CommandAnswer,
  ConfirmCommand,
  RequestStamp,
} from './messages.ts';
import type { PaymentProcess } from './process.ts';

/**
 * The merchant's commands, one after another in the order they came. Judged on arrival by the update's
 * validator, and again here, under the lock: the state may have moved while they queued.
 */
export class Commands {
  readonly #process: PaymentProcess;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(process: PaymentProcess) {
    this.#process = process;
  }

  /** Throws the refusal that the API turns into a 409. A rejected update leaves no trace in the history. */
  validate(command: Command): void {
    const { payment } = this.#process;
    // Not planned or hydrated yet: judged under the lock instead.
    if (payment === undefined) return;
    const refusal = judgeCommand(payment, command);
    if (refusal !== undefined) throw refusedUpdate(refusal);
  }

  capture(command: CaptureCommand): Promise<CommandAnswer> {
    const { request, ...order } = command;
    return this.#execute(request, 'capture', (payment) =>
      decideCaptureCommand(payment, { ...order, cause: request.requestId }, Date.now()),
    );
  }

  void(command: CancelCommand): Promise<CommandAnswer> {
    const { request } = command;
    return this.#execute(request, 'void', (payment) => decideVoidCommand(payment, request.requestId));
  }

  async confirm(command: ConfirmCommand): Promise<CommandAnswer> {
    const { request } = command;
    await this.#process.planned();
    this.#mustBeCurrent();
    const { current } = this.#process;
    const { merchantId, mode, amountMinor, currency, metadata, paymentMethodId: known } = current;
    const paymentMethodId = command.paymentMethodId ?? known;
    if (paymentMethodId === undefined) {
      const refusal = {
        code: 'payment_method_required',
        message: 'confirm with a payment_method',
        status: this.#process.current.status,
      };
      return { type: 'refused', refusal, stamp: stampOf(request) };
    }
    const customer = command.customerId ?? current.customerId;
    const { explanation, ...chosen } = await database.route({
      paymentId: current.id,
      metadata,
      ...(customer === undefined ? {} : { customerId: customer }),
      merchantId,
      mode,
      amountMinor,
      currency,
      paymentMethodId,
      ...(command.wish === undefined ? {} : { wish: command.wish }),
    });
    const { completeByMs, returnUrl, customerId } = command;
    const confirmation = {
      ...chosen,
      cause: request.requestId,
      paymentMethodId,
      completeByMs,
      ...(returnUrl === undefined ? {} : { returnUrl }),
      ...(customerId === undefined ? {} : { customerId }),
    };
    const extras = explanation === undefined ? {} : { explanation };
    return this.#execute(
      request,
      'confirm',
      (payment) => decideConfirmCommand(payment, confirmation),
      extras,
    );
  }

  async #execute(
    request: RequestStamp,
    type: Command,
    rule: (payment: Payment) => Ruling,
    extras: Parameters<PaymentProcess['apply']>[2] = {},
  ): Promise<CommandAnswer> {
    await this.#process.planned();
    this.#mustBeCurrent();
    const stamp = stampOf(request);
    const refusal = await this.#inTurn(async () => {
      let ruling: Ruling | undefined;
      const { requestId: id, path, idempotencyKey, bodyDigest } = request;
      await this.#process.apply(
        (payment) => {
          ruling = rule(payment);
          return ruling.type === 'decided' ? ruling.decision : undefined;
        },
        { type, actor: `request:${id}` },
        { ...extras, request: { id, path, idempotencyKey, bodyDigest } },
      );
      if (ruling?.type === 'refused') return ruling.refusal;
      await this.#process.answered(request.answerByMs);
      return undefined;
    });
    if (refusal !== undefined) return { type: 'refused', refusal, stamp };
    this.#mustBeCurrent();
    return { type: 'done', payment: this.#process.snapshot(), stamp };
  }

  #mustBeCurrent(): void {
    if (!this.#process.superseded) return;
    throw supersededUpdate('payment');
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(step);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
