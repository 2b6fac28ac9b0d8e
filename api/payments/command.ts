import type { CommandResult, RequestStamp } from '../../client/contract.ts';
import type { ApiKeyOwner } from '../../db/settings/index.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import { answerCommand } from '../commands.ts';
import type { Call, Reply, Services } from '../route.ts';
import { type PaymentAction, renderPayment, replyWithPayment } from './render.ts';

/** A merchant's POST about a payment. */
export interface PaymentCommand {
  readonly action: Exclude<PaymentAction, 'read'>;
  readonly paymentId: string;
  check(): Promise<() => void>;
  send(stamp: RequestStamp, timeoutMs: number): Promise<CommandResult>;
  /** What can be said of the payment while it has no row. */
  fallback?(): PaymentSnapshot;
}

export function answerPaymentCommand(
  call: Omit<Call, 'caller'> & { readonly caller: ApiKeyOwner },
  services: Services,
  command: PaymentCommand,
): Promise<Reply> {
  const { action, paymentId, fallback } = command;
  return answerCommand<PaymentSnapshot>(call, services, {
    owner: call.caller,
    subjectId: paymentId,
    member: 'payment',
    creates: action === 'create',
    check: () => command.check(),
    send: (stamp, timeoutMs) => command.send(stamp, timeoutMs),
    isUnsettled: ({ status }) => status === 'processing',
    reply: (payment) => replyWithPayment(action, payment),
    replyInTheDark: (payment) => ({
      status: 202,
      body: renderPayment(payment),
      headers: { Location: `/v1/payments/${payment.id}` },
    }),
    look: () => services.payments.find(call.caller, paymentId),
    ...(fallback === undefined ? {} : { fallback }),
  });
}
