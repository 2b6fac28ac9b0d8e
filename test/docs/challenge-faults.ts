import { act, CARDS, comeBack, type Provider } from '../replay/payer.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey } from '../support/system.ts';
import type { Drive, Stage } from './faults.ts';

/** What payers and issuers do, brought about as in faults.ts: each an end that the page has a row for. */
type Card = keyof typeof CARDS;

interface Paid {
  readonly id: string;
  readonly merchant: (string | number)[];
}

async function pay({ system }: Stage, card: Card, provider: Provider, body: object = {}): Promise<Paid> {
  const payment_method = await system.card(CARDS[card][provider]);
  const currency = provider === 'stripe' ? 'USD' : 'EUR';
  const answer = await system.pay({ amount: 1_000, currency, payment_method, ...body });
  const payment = answer.body.error?.payment ?? answer.body;
  return { id: payment.id, merchant: [answer.status, payment.status] };
}

async function becomes({ system }: Stage, id: string, status: string): Promise<string> {
  await waitFor(async () => (await system.request('GET', `/v1/payments/${id}`)).body.status === status, {
    what: `${id} to be ${status}`,
    timeoutMs: 40_000,
  });
  return status;
}

/** A challenge, what is done about it, and how the payment ends. */
function challenged(
  ends: string,
  happens: (stage: Stage, id: string) => Promise<unknown>,
  { card = 'challenged', provider = 'stripe' }: { card?: Card; provider?: Provider } = {},
): Drive {
  return async (stage) => {
    const { id, merchant } = await pay(stage, card, provider);
    await happens(stage, id);
    const last = await becomes(stage, id, ends);
    return { paymentId: id, merchant: merchant.at(-1) === last ? merchant : [...merchant, last] };
  };
}

const approve =
  (provider: Provider, { attempt = 1, times = 1 } = {}) =>
  async ({ system }: Stage, id: string) => {
    const url = await act(system, provider, id, 'succeeded', { attempt });
    await Promise.all(Array.from({ length: times }, () => comeBack(url)));
  };

async function forgeReturn({ system }: Stage, id: string): Promise<void> {
  const { status } = await fetch(
    `${system.apiUrl}/v1/returns/${id}/1/${'x'.repeat(32)}?redirectResult=forged`,
  );
  if (status !== 404) throw new Error(`a forged return was answered ${status}`);
}

/** Faults of payers, browsers and issuers, by the first cell of their rows. */
export const CHALLENGES: Readonly<Record<string, Drive>> = {
  'The payer never opens the issuer’s page': challenged('failed', async () => undefined, {
    provider: 'adyen',
  }),
  'The payer fails, or cancels, at the issuer’s page': challenged('failed', async ({ system }, id) =>
    comeBack(await act(system, 'stripe', id, 'canceled')),
  ),
  'The payer approves, and never comes back': challenged('succeeded', ({ system }, id) =>
    act(system, 'stripe', id, 'succeeded'),
  ),
  'The payer comes back twice': challenged('succeeded', approve('adyen', { times: 2 }), {
    provider: 'adyen',
  }),
  'Somebody comes back to an address that is not ours': challenged('requires_action', forgeReturn),
  'The merchant gives up while the payer is away': challenged('canceled', ({ system }, id) =>
    system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} }),
  ),
  'The issuer declines, and asks for an authentication': challenged(
    'succeeded',
    approve('stripe', { attempt: 2 }),
    { card: 'softDeclined' },
  ),
  'The issuer rejects the authentication': async (stage) => {
    const { id, merchant } = await pay(stage, 'rejected', 'stripe', { three_ds: { request: 'any' } });
    return { paymentId: id, merchant };
  },
};
