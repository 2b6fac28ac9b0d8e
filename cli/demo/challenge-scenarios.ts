import type { Expectation } from './judge.ts';
import { eventually, type Merchant, type PayBody, type PublicPayment, SHOP } from './merchant.ts';
import { payInsistently } from './pay.ts';
import { type Choice, choose, open } from './payer.ts';
import { CHALLENGE_PATIENCE_MS, settled, shown, type Tried } from './tried.ts';

/**
 * 3DS2 in each of its outcomes, at both providers, with the sandboxes' own test cards (sandbox/README.md): the same
 * number behaves alike at each. A payer acts by plain HTTP, or doesn't.
 */
export interface ChallengeScenario {
  readonly name: string;
  readonly number: string;
  readonly body: PayBody;
  /** What the payer does; absent: nobody is asked to do anything. */
  readonly payer?: Payer;
  readonly expected: Expectation;
}

/** `leaves`: closes the page when it is shown. `never`: doesn't even open it. `stays`: answers, and never comes back. */
type Payer = { readonly chooses: Choice; readonly stays?: true } | 'leaves' | 'never';

const CARDS = {
  frictionless: '4000000003000017',
  rejected: '4000000003000033',
  softDeclined: '4000000003000058',
  lowRisk: '4000000003000074',
  challenged: '4000000003000082',
  plain: '4242424242424242',
} as const;

type Provider = 'stripe' | 'adyen';
const PROVIDERS: readonly Provider[] = ['stripe', 'adyen'];

const sale = (provider: Provider, amount: number, more: Partial<PayBody> = {}): PayBody => ({
  amount,
  currency: provider === 'adyen' ? 'EUR' : 'USD',
  return_url: `${SHOP}back`,
  ...more,
});

function paid(provider: Provider, amount: number, authentication: string): Expectation {
  const attempts = [[provider, 'captured']] as const;
  return { status: 'succeeded', captured: amount, attempts, authentications: [authentication] };
}

function refused(provider: Provider, decline: string, authentication: string): Expectation {
  return {
    status: 'failed',
    captured: 0,
    attempts: [[provider, 'declined']],
    decline,
    failure: 'card_declined',
    authentications: [authentication],
  };
}

/** Only what the provider's cancellation proves is called abandoned. */
function abandoned(provider: Provider): Expectation {
  return {
    status: 'failed',
    captured: 0,
    attempts: [[provider, 'voided']],
    failure: 'authentication_abandoned',
    authentications: ['abandoned'],
  };
}

function scenariosAt(provider: Provider): readonly ChallengeScenario[] {
  const { frictionless, rejected, softDeclined, challenged } = CARDS;
  const failed = refused(provider, 'authentication_failed', 'failed');
  return [
    {
      name: '3DS abandoned: never opened, canceled there, proven',
      number: challenged,
      body: sale(provider, 1_900),
      payer: 'never',
      expected: abandoned(provider),
    },
    {
      name: '3DS timed out: opened and left',
      number: challenged,
      body: sale(provider, 1_910),
      payer: 'leaves',
      expected: refused(provider, 'authentication_failed', 'timed_out'),
    },
    {
      name: '3DS challenged: approved, and back to the shop',
      number: challenged,
      body: sale(provider, 1_920),
      payer: { chooses: 'approve' },
      expected: paid(provider, 1_920, 'challenged'),
    },
    // Stripe goes on by itself; Adyen only when it is given what the browser brings back, so nothing was charged.
    {
      name: '3DS approved, and never came back to the shop',
      number: challenged,
      body: sale(provider, 1_930),
      payer: { chooses: 'approve', stays: true },
      expected:
        provider === 'stripe' ? paid(provider, 1_930, 'completed_without_return') : abandoned(provider),
    },
    {
      name: '3DS failed',
      number: challenged,
      body: sale(provider, 1_940),
      payer: { chooses: 'fail' },
      expected: failed,
    },
    {
      name: '3DS canceled by the payer',
      number: challenged,
      body: sale(provider, 1_950),
      payer: { chooses: 'cancel' },
      expected: failed,
    },
    {
      name: '3DS rejected by the issuer, never authorized',
      number: rejected,
      body: sale(provider, 1_960),
      expected: refused(provider, 'authentication_rejected', 'rejected'),
    },
    {
      name: '3DS frictionless',
      number: frictionless,
      body: sale(provider, 1_970, { three_ds: { request: 'any' } }),
      expected: paid(provider, 1_970, 'frictionless'),
    },
    exempted(provider, 1_980),
    {
      name: 'soft decline, stepped up on the same provider',
      number: softDeclined,
      body: sale(provider, 1_990),
      payer: { chooses: 'approve' },
      expected: {
        status: 'succeeded',
        captured: 1_990,
        attempts: [
          [provider, 'declined'],
          [provider, 'captured'],
        ],
        decline: 'authentication_required',
        authentications: ['not_performed', 'challenged'],
      },
    },
  ];
}

/** Adyen takes a merchant's claim; Stripe's API has no word for this one, and claims exemptions by itself. */
function exempted(provider: Provider, amount: number): ChallengeScenario {
  const expected = paid(provider, amount, 'exempted');
  if (provider === 'stripe') {
    const name = '3DS exempted: low risk, claimed by the provider';
    return { name, number: CARDS.lowRisk, body: sale(provider, amount), expected };
  }
  const body = sale(provider, amount, { three_ds: { exemption: 'low_value' } });
  return { name: '3DS exempted: low value, claimed by the merchant', number: CARDS.plain, body, expected };
}

export const CHALLENGE_SCENARIOS: readonly ChallengeScenario[] = PROVIDERS.flatMap(scenariosAt);

export async function tryChallenge(merchant: Merchant, scenario: ChallengeScenario): Promise<Tried> {
  const { name, number, body, payer, expected } = scenario;
  const startedMs = performance.now();
  const payment_method = await merchant.card({ number });
  const first = await payInsistently(merchant, { ...body, payment_method });
  let payment = shown(first.payment, name, first.errorCode);
  const problems: string[] = [];
  if (payer !== undefined) {
    payment = await asked(merchant, payment);
    problems.push(...(await act(payment, payer)));
  }
  payment = await settled(merchant, payment, expected.status, CHALLENGE_PATIENCE_MS);
  return { name, expected, payment, problems, elapsedMs: performance.now() - startedMs };
}

function asked(merchant: Merchant, payment: PublicPayment): Promise<PublicPayment> {
  return eventually(
    async () => (payment.next_action === null ? merchant.payment(payment.id) : payment),
    ({ next_action: action }) => action !== null,
    CHALLENGE_PATIENCE_MS,
  );
}

/** What went differently on the payer's way, one sentence each. */
async function act(payment: PublicPayment, payer: Payer): Promise<string[]> {
  const url = payment.next_action?.redirect_to_url.url;
  if (url === undefined) return ['the payer was asked to do nothing'];
  if (payer === 'never') return [];
  const page = await open(url);
  if (page.type !== 'page' || page.status !== 200) return ["the bank's page did not open"];
  if (payer === 'leaves') return [];
  const halt = await choose(page.url, payer.chooses, payer.stays);
  if (payer.stays === true) return [];
  if (halt.type !== 'shop') return [`the browser ended at a page (${halt.status}), not at the shop`];
  return halt.url.searchParams.get('payment') === payment.id ? [] : ['the shop was told of no payment'];
}

/**
 * A card that is kept with a challenged payment, and charged later without its holder: by the mandate, under the
 * network's name of the first one.
 */
export async function keptCard(merchant: Merchant): Promise<readonly Tried[]> {
  const provider = 'stripe';
  const startedMs = performance.now();
  const method = await merchant.card({ number: CARDS.softDeclined });
  const first = await payInsistently(merchant, {
    ...sale(provider, 2_500, { three_ds: { request: 'challenge' }, setup_future_usage: 'off_session' }),
    payment_method: method,
  });
  let kept = await asked(merchant, shown(first.payment, 'card kept', first.errorCode));
  const problems = await act(kept, { chooses: 'approve' });
  kept = await settled(merchant, kept, 'succeeded', CHALLENGE_PATIENCE_MS);
  const between = performance.now();
  const later = await payInsistently(merchant, {
    ...{ amount: 900, currency: 'USD', payment_method: method },
    off_session: true,
  });
  const charged = shown(later.payment, 'card charged off session', later.errorCode);
  return [
    {
      name: 'card kept, with a challenge',
      expected: paid(provider, 2_500, 'challenged'),
      payment: kept,
      problems,
      elapsedMs: between - startedMs,
    },
    {
      name: 'the kept card charged off session',
      expected: paid(provider, 900, 'exempted'),
      payment: await settled(merchant, charged, 'succeeded'),
      problems: [],
      elapsedMs: performance.now() - between,
    },
  ];
}
