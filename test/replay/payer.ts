import type { System } from '../support/system.ts';

/** Payers of the sandbox: which card has which issuer (sandbox/README.md), and what they do at its page. */
export type Provider = 'stripe' | 'adyen';

/** What the issuer does with each card: Visa at Stripe, Mastercard at Adyen. */
export const CARDS = {
  /** Off session it is charged where the payment names the one that kept it. */
  challengedUnlessKept: { stripe: '4000002500003155', adyen: '5200000003000087' },
  challenged: { stripe: '4000000003000082', adyen: '5200000003000087' },
  frictionless: { stripe: '4000000003000017', adyen: '5200000003000012' },
  frictionlessAtItsPage: { stripe: '4000000003000090', adyen: '5200000003000095' },
  rejected: { stripe: '4000000003000033', adyen: '5200000003000038' },
  unavailable: { stripe: '4000000003000041', adyen: '5200000003000046' },
  softDeclined: { stripe: '4000000003000058', adyen: '5200000003000053' },
  refusedWithoutChallenge: { stripe: '4000000003000066', adyen: '5200000003000061' },
  exempted: { stripe: '4000000003000074', adyen: '5200000003000079' },
} as const;

type Outcome = 'succeeded' | 'failed' | 'canceled' | 'timed_out' | 'never_shown';

interface Act {
  readonly attempt?: number;
  /** So long the issuer's report is under way, while the browser goes back at once. */
  readonly reportDelayMs?: number;
}

/** What the payer does at the issuer's page, without a browser; answers where theirs would be sent back to. */
export async function act(
  system: System,
  provider: Provider,
  paymentId: string,
  outcome: Outcome,
  { attempt = 1, ...more }: Act = {},
): Promise<string> {
  const path = `/payments/att_${paymentId.slice('pay_'.length)}_${attempt}/authenticate`;
  const answer = (await system.admin(provider, 'POST', path, { outcome, ...more })) as { returnTo: string };
  return answer.returnTo;
}

export async function comeBack(url: string): Promise<void> {
  const { status } = await fetch(url, { redirect: 'manual' });
  if (status >= 400) throw new Error(`the payer, coming back, saw ${status}`);
}
