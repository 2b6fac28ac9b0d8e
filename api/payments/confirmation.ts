import { NEVER_TOO_LATE_MS } from '../../domain/payment/expiry.ts';
import { problem } from '../problems.ts';
import type { Services, TypedCall } from '../route.ts';
import { checkReturnUrl } from './return-url.ts';
import type { WishBody } from './wish.ts';

/** What a body that creates or confirms a payment names, and what has to be true of it. */
export interface Named extends WishBody {
  readonly payment_method?: string | undefined;
  readonly customer?: string | undefined;
  readonly return_url?: string | undefined;
}

export interface Found {
  /** The method's own, which is the payment's where the body names none. */
  readonly customerId?: string;
  /** Throws what the caller is to be told. */
  refuse(): void;
}

/** Looks up what the body names. */
export async function checkNamed(
  call: Pick<TypedCall<unknown, unknown, Named>, 'caller' | 'body'>,
  services: Services,
): Promise<Found> {
  const { caller, body } = call;
  const { payment_method: methodId, customer: customerId, return_url: returnUrl } = body;
  const [method, knowsCustomer, checkUrl] = await Promise.all([
    methodId === undefined ? undefined : services.paymentMethods.payable(caller, methodId),
    customerId === undefined || services.customers.owns(caller, customerId),
    checkReturnUrl(caller, services, returnUrl),
  ]);
  const whose = method?.customerId;
  return {
    ...(whose === undefined ? {} : { customerId: whose }),
    refuse() {
      if (methodId !== undefined && method === undefined)
        throw problem('payment_method_unknown', { param: 'payment_method' });
      if (!knowsCustomer) throw problem('customer_unknown', { param: 'customer' });
      if (customerId !== undefined && whose !== undefined && whose !== customerId)
        throw problem('customer_mismatch', { param: 'customer' });
      if (body.off_session === true && method?.hasMandate === false)
        throw problem('mandate_required', { param: 'payment_method' });
      checkUrl();
    },
  };
}

/** Until when a confirmed payment may be sent. A payer waits for an answer; off session nobody does. */
export function completeBy(
  { receivedAtMs, body }: Pick<TypedCall<unknown, unknown, WishBody>, 'receivedAtMs' | 'body'>,
  { limits }: Services,
): number {
  return body.off_session === true ? NEVER_TOO_LATE_MS : receivedAtMs + limits.completeByMs;
}
