import type { Expectation } from './judge.ts';
import {
  type Answer,
  eventually,
  freshKey,
  type Merchant,
  type PayBody,
  type PayOptions,
  type PublicPayment,
  type TestCard,
} from './merchant.ts';
import { PATIENCE_MS, settled, shown, type Tried } from './tried.ts';

/** What the merchant sells. The demo's policy sends euros to Adyen first, dollars to Stripe. */
export interface Sale {
  readonly amount: number;
  readonly currency: string;
  /** Default: a card that the provider takes. */
  readonly number?: string;
  readonly holder?: string;
  /** Authorize only, and do this once it stands. */
  readonly command?: 'capture' | 'void';
}

export function providerOf({ currency }: Pick<Sale, 'currency'>): 'stripe' | 'adyen' {
  return currency === 'EUR' ? 'adyen' : 'stripe';
}

/** What a sale that nothing disturbs, or that Interlock brought through what did, comes to. */
export function sold(sale: Sale): Expectation {
  const voided = sale.command === 'void';
  return {
    status: voided ? 'canceled' : 'succeeded',
    captured: voided ? 0 : sale.amount,
    attempts: [[providerOf(sale), voided ? 'voided' : 'captured']],
  };
}

/** Pays, waits for the end, and reports. */
export async function pay(
  merchant: Merchant,
  sale: Sale & { readonly name: string; readonly expected: Expectation },
): Promise<Tried> {
  const { name, amount, currency, expected } = sale;
  const startedMs = performance.now();
  const payment_method = await merchant.card(cardOf(sale));
  const held = sale.command === undefined ? {} : { capture_method: 'manual' as const };
  const answer = await merchant.pay({ amount, currency, payment_method, ...held });
  let payment = shown(answer.payment, name, answer.errorCode);
  const problems: string[] = [];
  if (sale.command !== undefined) {
    payment = await until(merchant, payment, 'requires_capture');
    const commanded = await merchant.command(payment.id, sale.command);
    if (commanded.errorCode !== undefined)
      problems.push(`${sale.command} was refused: ${commanded.errorCode}`);
  }
  payment = await settled(merchant, payment, expected.status);
  return { name, expected, payment, problems, elapsedMs: performance.now() - startedMs };
}

/** 503 says that nobody knows whether it was heard: the same request again, under the same key. */
export async function payInsistently(
  merchant: Merchant,
  body: PayBody,
  options: PayOptions = {},
): Promise<Answer> {
  const key = freshKey();
  return eventually(
    () => merchant.pay(body, { ...options, key }),
    ({ payment, errorCode }) => payment !== undefined || errorCode !== 'outcome_unknown',
    PATIENCE_MS,
  );
}

/** With little patience. */
export function payHastily(merchant: Merchant, body: PayBody): Promise<Answer> {
  return payInsistently(merchant, body, { waitSeconds: 1 });
}

function cardOf({ currency, number, holder }: Sale): TestCard {
  const good = providerOf({ currency }) === 'adyen' ? '4111111111111111' : '4242424242424242';
  return { number: number ?? good, ...(holder === undefined ? {} : { holder }) };
}

export function until(merchant: Merchant, payment: PublicPayment, status: string): Promise<PublicPayment> {
  return eventually(
    () => merchant.payment(payment.id),
    (each) => each.status === status,
    PATIENCE_MS,
  );
}
