import type Payments from 'checkout-sdk-node/dist/api/payments/payments.js';
import { z } from 'zod';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { ListedRefund, LookupRequest, LookupResult, RefundListing } from '../provider.ts';
import { currentCall, detailOfFault, exchange } from '../transport/index.ts';
import { fromCheckoutAmount } from './amounts.ts';
import { CheckoutFailure, callSdk, WORD } from './client.ts';
import {
  type Action,
  actionOutcome,
  actionSchema,
  authorizationOutcome,
  isUntouched,
  paymentSchema,
  unknown,
} from './mapping.ts';

const listSchema = z.object({ data: z.array(paymentSchema), total_count: z.number().int().optional() });
const actionsSchema = z.array(actionSchema);

/** Runs a question; whatever kept it from being answered is told in a few safe words. */
async function asking<T>(
  run: () => Promise<T>,
): Promise<T | { readonly type: 'failed'; readonly detail: string }> {
  const call = currentCall();
  try {
    return await exchange(run);
  } catch (error) {
    const detail = error instanceof CheckoutFailure ? `http_${error.status}` : detailOfFault(error, call);
    return { type: 'failed', detail };
  }
}

/** What Checkout.com knows of an operation: a payment by its id or our reference, an action by our reference. */
export function lookup(payments: Payments, request: LookupRequest): Promise<LookupResult> {
  return asking<LookupResult>(() => find(payments, request));
}

async function find(payments: Payments, request: LookupRequest): Promise<LookupResult> {
  const { kind, providerReference } = request;
  if (kind === 'authorize' || kind === 'sale') {
    if (providerReference === undefined) return await findByReference(payments, request);
    return found(authorizationOutcome(await paymentOf(payments, providerReference), request));
  }
  if (providerReference === undefined) return { type: 'failed', detail: 'no provider reference' };
  const actions = await actionsOf(payments, providerReference);
  const outcome = actionOutcome(actions, kind, providerReference, request);
  if (outcome !== undefined) return found(outcome);
  // Read after the actions: what was carried out between the two shows as money that no action explains.
  const payment = await paymentOf(payments, providerReference);
  const reference = request.authorizationReference;
  // Whatever ended it: what the void is for has been reached.
  const ended = kind === 'void' ? authorizationOutcome(payment, { ...request, reference }) : undefined;
  if (ended?.type === 'voided') return found(ended);
  const asked = payment.id === providerReference && payment.reference === reference;
  if (!asked || !isUntouched(kind, payment, actions))
    return {
      type: 'failed',
      detail: 'not among the actions, and the balances do not say that nothing moved',
    };
  return { type: 'not_found' };
}

function found(outcome: OperationOutcome): LookupResult {
  return { type: 'found', outcome };
}

async function paymentOf(payments: Payments, id: string) {
  return paymentSchema.parse(await callSdk(() => payments.get(wordOf(id))));
}

async function actionsOf(payments: Payments, id: string): Promise<readonly Action[]> {
  return actionsSchema.parse(await callSdk(() => payments.getActions(wordOf(id))));
}

function wordOf(text: string): string {
  if (!WORD.test(text)) throw new TypeError('not an id');
  return text;
}

async function findByReference(payments: Payments, request: LookupRequest): Promise<LookupResult> {
  const query = { reference: wordOf(request.reference), limit: 10 };
  const { data, total_count: total } = listSchema.parse(await callSdk(() => payments.getPaymentList(query)));
  // A list that holds others' payments was not filtered by our reference: what it lacks proves nothing.
  if (data.some(({ reference }) => reference !== request.reference))
    return { type: 'failed', detail: 'payments of another reference' };
  if (total !== undefined && total > data.length)
    return { type: 'failed', detail: 'a list that is not whole' };
  const [payment, ...others] = data;
  if (payment === undefined) return { type: 'not_found' };
  // One key makes one payment. More than one means that something else charged under our reference.
  if (others.length > 0) return found(unknown('mismatch', 'several payments'));
  return found(authorizationOutcome(payment, request));
}

/** Every refund of a payment, whoever asked for it. */
export function refundsOf(payments: Payments, id: string): Promise<RefundListing> {
  return asking<RefundListing>(async () => {
    const { currency } = await paymentOf(payments, id);
    if (currency === undefined) return { type: 'failed', detail: 'no currency' };
    const actions = await actionsOf(payments, id);
    return { type: 'listed', refunds: actions.flatMap((action) => listed(action, currency)) };
  });
}

/** An amount that isn't exact in minor units was not made by us, and cannot be booked: it is left to the total. */
function listed({ id, type, amount, approved, reference }: Action, currency: string): ListedRefund[] {
  const amountMinor = fromCheckoutAmount(amount, currency);
  if (type !== 'Refund' || amountMinor === undefined) return [];
  const named = typeof reference === 'string' ? { reference } : {};
  return [{ providerReference: id, ...named, amountMinor, currency, made: approved === true }];
}
