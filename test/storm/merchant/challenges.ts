/** Payments whose payers must authenticate at their issuer's page, and what payers do there. */
import { setTimeout as delay } from 'node:timers/promises';
import { attemptIdFor } from '../../../domain/names.ts';
import type { ProviderName } from '../evidence-types.ts';
import type { Random } from '../random.ts';
import type { Business, Order, Scenario } from './business.ts';

/** The sandbox's own cards, the same at both providers; dollars go to Stripe first, euros to Adyen. */
interface Cards {
  readonly currency: 'USD' | 'EUR';
  readonly challenged: string;
  readonly softDeclined: string;
  readonly withoutFriction: readonly string[];
}
const CARDS: Readonly<Record<ProviderName, Cards>> = {
  stripe: {
    currency: 'USD',
    challenged: '4000000003000082',
    softDeclined: '4000000003000058',
    withoutFriction: ['4000000003000017', '4000000003000025', '4000000003000033', '4000000003000066'],
  },
  adyen: {
    currency: 'EUR',
    challenged: '5200000003000087',
    softDeclined: '5200000003000053',
    withoutFriction: ['5200000003000012', '5200000003000020', '5200000003000038', '5200000003000061'],
  },
};
const PROVIDERS = Object.keys(CARDS) as readonly ProviderName[];

interface Waiting {
  readonly id: string;
  readonly provider: ProviderName;
  readonly manual: boolean;
  /** Where the merchant's page sends the payer. */
  readonly url: string;
}

function orderAt(random: Random, provider: ProviderName, number: string): Order {
  const { currency } = CARDS[provider];
  const held = random.chance(0.5) ? { capture_method: 'manual' as const } : {};
  return { amount: random.int(500, 90_000), currency, card: { number }, ...held };
}

/** Places an order whose payer is to be challenged; undefined where the storm made something else of it. */
async function challenged(
  business: Business,
  provider: ProviderName = business.random.pick(PROVIDERS),
  card: 'challenged' | 'softDeclined' = 'challenged',
): Promise<Waiting | undefined> {
  const order = orderAt(business.random, provider, CARDS[provider][card]);
  const id = await business.pay(order);
  if (id === undefined || (await business.until(id, 'requires_action')) !== 'requires_action')
    return undefined;
  const { body } = (await business.get(`/v1/payments/${id}`)) ?? {};
  const url: unknown = body?.next_action?.redirect_to_url?.url ?? body?.next_action?.url;
  const manual = order.capture_method === 'manual';
  return typeof url === 'string' ? { id, provider, manual, url } : undefined;
}

/** Waits for what becomes of it, and takes the money where it is only held. */
async function finish(business: Business, { id, manual }: Waiting): Promise<void> {
  const status = await business.until(id, 'requires_capture', 'succeeded', 'failed', 'canceled');
  if (manual && status === 'requires_capture') await business.post(`/v1/payments/${id}/capture`, {});
}

const approved: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  const back = await business.payer.authenticate(waiting.id, waiting.url, 'approve');
  if (back !== undefined) await business.payer.comeBack(waiting.id, back);
  await finish(business, waiting);
};

const neverReturned: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  await business.payer.authenticate(waiting.id, waiting.url, 'approve');
  await finish(business, waiting);
};

/** The payer fails or presses cancel, and comes back to say so or doesn't. */
const refused: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  const { payer, random } = business;
  const back = await payer.authenticate(waiting.id, waiting.url, random.pick(['fail', 'cancel']));
  if (back !== undefined && random.chance(0.6)) await payer.comeBack(waiting.id, back);
  await business.until(waiting.id, 'failed');
};

/** Nobody opens the page, or it is opened and closed. */
const abandoned: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  if (business.random.chance(0.4)) await business.payer.open(waiting.id, waiting.url);
  await business.until(waiting.id, 'failed');
};

/** By the API's own word the payer has twenty minutes, unscaled. */
const WINDOW_MS = 20 * 60_000;

/** Around the end of the payer's time; the issuer's report may come later still. */
const late: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  const { payer, random } = business;
  const { id, provider, url } = waiting;
  await delay(WINDOW_MS * business.timeScale * random.pick([0.75, 0.9, 0.97, 1, 1.03, 1.15]));
  const reportMs = random.int(300, 3_500);
  const back = random.chance(0.5)
    ? await payer.authenticate(id, url, 'approve')
    : await payer.approveSlowly(provider, id, attemptIdFor(id, 1), reportMs);
  if (back !== undefined) await payer.comeBack(id, back);
  await finish(business, waiting);
};

/** The same return at once from two tabs, and once more when all is over. */
const twice: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  const { payer, random } = business;
  const { id } = waiting;
  const back = await payer.authenticate(id, waiting.url, random.pick(['approve', 'approve', 'fail']));
  if (back === undefined) return;
  await Promise.all([payer.comeBack(id, back), payer.comeBack(id, back)]);
  await delay(random.int(50, 1_500));
  await payer.comeBack(id, back);
  await finish(business, waiting);
  await payer.comeBack(id, back);
};

/** What belongs to another payment, another amount and a made-up address; then the true return. */
const forged: Scenario = async (business) => {
  const { payer, random } = business;
  const provider = random.pick(PROVIDERS);
  const theirs = await challenged(business, provider);
  const others =
    theirs === undefined ? undefined : await payer.authenticate(theirs.id, theirs.url, 'approve');
  const mine = await challenged(business, provider);
  const decision = random.pick(['approve', 'approve', 'fail'] as const);
  const back = mine === undefined ? undefined : await payer.authenticate(mine.id, mine.url, decision);
  if (mine !== undefined && back !== undefined) {
    const forgery = (what: string, change: (url: URL) => void) => {
      const url = new URL(back);
      change(url);
      return payer.comeBack(mine.id, url.href, `forged_${what}`);
    };
    await forgery('amount', (url) => url.searchParams.set('amount', '1'));
    if (others !== undefined)
      await forgery('query', (url) => {
        url.search = new URL(others).search;
      });
    await forgery('address', (url) => {
      url.pathname = url.pathname.replace(/[^/]+$/, 'x'.repeat(32));
    });
    await payer.comeBack(mine.id, back);
  }
  if (theirs !== undefined && others !== undefined) await payer.comeBack(theirs.id, others);
  for (const each of [mine, theirs]) if (each !== undefined) await finish(business, each);
};

/** The merchant gives up while the payer may be at it. */
const givenUp: Scenario = async (business) => {
  const waiting = await challenged(business);
  if (waiting === undefined) return;
  const { id, url } = waiting;
  const payer = business.random.chance(0.6) ? business.payer.authenticate(id, url, 'approve') : undefined;
  const [back] = await Promise.all([payer, business.post(`/v1/payments/${id}/void`, {})]);
  if (back !== undefined) await business.payer.comeBack(id, back);
  await business.until(id, 'canceled', 'succeeded');
};

/** Declined for want of authentication, and then challenged at the same provider. */
const steppedUp: Scenario = async (business) => {
  const provider = business.random.pick(PROVIDERS);
  const waiting = await challenged(business, provider, 'softDeclined');
  if (waiting === undefined) return;
  const { payer, random } = business;
  const back = await payer.authenticate(waiting.id, waiting.url, random.pick(['approve', 'approve', 'fail']));
  if (back !== undefined) await payer.comeBack(waiting.id, back);
  await finish(business, waiting);
};

/** 3DS where nobody is challenged: authenticated, attempted, rejected, failed. */
const frictionless: Scenario = async (business) => {
  const { random } = business;
  const provider = random.pick(PROVIDERS);
  const order = orderAt(random, provider, random.pick(CARDS[provider].withoutFriction));
  const id = await business.pay({ ...order, three_ds: { request: 'any' } });
  if (id !== undefined) await business.until(id, 'requires_capture', 'succeeded', 'failed');
};

export const CHALLENGES: readonly (readonly [name: string, weight: number, scenario: Scenario])[] = [
  ['challenge approved', 4, approved],
  ['challenge approved, never returned', 3, neverReturned],
  ['challenge refused', 2, refused],
  ['challenge abandoned', 2, abandoned],
  ['challenge completed late', 3, late],
  ['challenge returned twice', 2, twice],
  ['challenge with forged returns', 2, forged],
  ['challenge given up', 1, givenUp],
  ['challenge after a soft decline', 1, steppedUp],
  ['without a challenge', 1, frictionless],
];
