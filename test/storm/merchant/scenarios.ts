/**
 * What a merchant does in a storm. Each scenario is drawn from the seed and its number, so that a seed means
 * the same business on every machine; what becomes of it is the storm's doing.
 */
import { type Random, randomFor } from '../random.ts';
import { type Actors, Business, type Order, paymentOf, type Scenario } from './business.ts';
import { CHALLENGES } from './challenges.ts';

const VISA = { number: '4242424242424242' };
const ADYEN_VISA = { number: '4111111111111111' };
/** Declined by Stripe in a way that another provider may judge otherwise. */
const FAILS_OVER = { number: '4000000000000119' };
const DECLINED = ['4000000000000002', '4000000000009995', '4000000000009987', '4000000000000127'];
const ADYEN_DECLINED = ['DECLINED', 'NOT_ENOUGH_BALANCE', 'ACQUIRER_FRAUD', 'CVC_DECLINED'];

const amountOf = (random: Random) => random.int(500, 90_000);

/** By the seeded policy dollars go to Stripe first, euros to Adyen. */
function orderFor(random: Random, by: 'stripe' | 'adyen' = random.pick(['stripe', 'adyen'])): Order {
  return by === 'stripe'
    ? { amount: amountOf(random), currency: 'USD', card: VISA }
    : { amount: amountOf(random), currency: 'EUR', card: ADYEN_VISA };
}

const sale: Scenario = async (business) => {
  const id = await business.pay(orderFor(business.random));
  if (id !== undefined) await business.until(id, 'succeeded');
};

const largeSale: Scenario = async (business) => {
  await business.pay({ amount: business.random.int(100_000, 900_000), currency: 'USD', card: ADYEN_VISA });
};

const fullCapture: Scenario = async (business) => {
  const id = await business.pay({ ...orderFor(business.random), capture_method: 'manual' });
  if (id === undefined || (await business.until(id, 'requires_capture')) !== 'requires_capture') return;
  await business.post(`/v1/payments/${id}/capture`, {});
};

const partialCapture: Scenario = async (business) => {
  const order = orderFor(business.random);
  const id = await business.pay({ ...order, capture_method: 'manual' });
  if (id === undefined || (await business.until(id, 'requires_capture')) !== 'requires_capture') return;
  const amount = business.random.int(1, order.amount - 1);
  await business.post(`/v1/payments/${id}/capture`, { amount, final_capture: true });
};

const voided: Scenario = async (business) => {
  const id = await business.pay({ ...orderFor(business.random), capture_method: 'manual' });
  if (id === undefined || (await business.until(id, 'requires_capture')) !== 'requires_capture') return;
  await business.post(`/v1/payments/${id}/void`, { reason: 'the customer changed their mind' });
};

/** A capture and a void at once: one of them wins, and the other is told so. */
const captureOrVoid: Scenario = async (business) => {
  const id = await business.pay({ ...orderFor(business.random), capture_method: 'manual' });
  if (id === undefined || (await business.until(id, 'requires_capture')) !== 'requires_capture') return;
  await Promise.all([
    business.post(`/v1/payments/${id}/capture`, {}),
    business.post(`/v1/payments/${id}/void`, {}),
  ]);
};

const declined: Scenario = async (business) => {
  const { random } = business;
  const order = orderFor(random);
  const card =
    order.currency === 'USD'
      ? { number: random.pick(DECLINED) }
      : { ...ADYEN_VISA, holder: random.pick(ADYEN_DECLINED) };
  await business.pay({ ...order, card });
};

const failover: Scenario = async (business) => {
  await business.pay({ amount: amountOf(business.random), currency: 'USD', card: FAILS_OVER });
};

/** The provider executes and the answer is lost, on one operation of the payment. */
const lostAnswer: Scenario = async (business) => {
  const { random } = business;
  const order = orderFor(random);
  const mode = random.pick(['reset_after_commit', 'status_after_commit', 'truncate', 'hang_after_commit']);
  const operation = random.pick(['authorize', 'capture', 'void']);
  const card = { ...order.card, holder: `SANDBOX ${mode} on ${operation}` };
  const id = await business.pay({ ...order, card, capture_method: 'manual' });
  if (id === undefined || (await business.until(id, 'requires_capture')) !== 'requires_capture') return;
  await business.post(`/v1/payments/${id}/${operation === 'void' ? 'void' : 'capture'}`, {});
  await business.until(id, 'succeeded', 'canceled');
};

const duplicates: Scenario = async (business) => {
  const body = await business.bodyOf(orderFor(business.random));
  if (body === undefined) return;
  const key = business.key();
  const times = business.random.int(2, 5);
  await Promise.all(Array.from({ length: times }, () => business.post('/v1/payments', body, key)));
};

/** A key that stands for another body must be refused, now and later. */
const otherBody: Scenario = async (business) => {
  const body = await business.bodyOf(orderFor(business.random));
  if (body === undefined) return;
  const key = business.key();
  const first = await business.post('/v1/payments', body, key);
  if (first === undefined) return;
  await business.post('/v1/payments', { ...body, amount: Number(body.amount) + 1 }, key);
};

const confirmLater: Scenario = async (business) => {
  const body = await business.bodyOf({ ...orderFor(business.random), confirm: false });
  if (body === undefined) return;
  const id = paymentOf(await business.post('/v1/payments', body));
  if (id === undefined || (await business.until(id, 'requires_confirmation')) !== 'requires_confirmation')
    return;
  const what = business.random.chance(0.5) ? 'void' : 'confirm';
  await business.post(`/v1/payments/${id}/${what}`, {});
};

/** Succeeded payments are refunded: at once, in parts, or in more parts than there is money. */
const refunded: Scenario = async (business) => {
  const { random } = business;
  const order = orderFor(random);
  const fault = random.chance(0.25)
    ? {
        holder: `SANDBOX ${random.pick(['reset_after_commit', 'truncate', 'status_after_commit'])} on refund`,
      }
    : {};
  const id = await business.pay({ ...order, card: { ...order.card, ...fault } });
  if (id === undefined || (await business.until(id, 'succeeded')) !== 'succeeded') return;
  const path = `/v1/payments/${id}/refunds`;
  switch (random.pick(['full', 'parts', 'race', 'twice'] as const)) {
    case 'full':
      await business.post(path, { reason: 'requested_by_customer' });
      break;
    case 'parts':
      await business.post(path, { amount: random.int(1, order.amount - 1) });
      await business.post(path, {});
      break;
    case 'race': {
      // Together more than there is: what fits goes through, the rest is refused.
      const part = Math.ceil(order.amount / 4);
      await Promise.all(Array.from({ length: 6 }, () => business.post(path, { amount: part })));
      break;
    }
    case 'twice': {
      const key = business.key();
      const body = { amount: random.int(1, order.amount) };
      await Promise.all([business.post(path, body, key), business.post(path, body, key)]);
      break;
    }
  }
};

/** How often each is drawn, relative to the others. */
const MIX: readonly (readonly [name: string, weight: number, scenario: Scenario])[] = [
  ['sale', 36, sale],
  ['large sale', 3, largeSale],
  ['full capture', 9, fullCapture],
  ['partial capture', 6, partialCapture],
  ['void', 6, voided],
  ['capture or void', 3, captureOrVoid],
  ['decline', 6, declined],
  ['failover', 5, failover],
  ['lost answer', 8, lostAnswer],
  ['duplicates', 6, duplicates],
  ['other body', 3, otherBody],
  ['confirm later', 4, confirmLater],
  ['refund', 12, refunded],
  ...CHALLENGES,
];

export interface Drawn {
  readonly name: string;
  run(actors: Actors): Promise<void>;
}

/** The scenario of this seed and number; each makes one payment, or two. */
export function drawScenario(seed: number, number: number, refunds: boolean): Drawn {
  const mix = refunds ? MIX : MIX.filter(([name]) => name !== 'refund');
  const total = mix.reduce((sum, [, weight]) => sum + weight, 0);
  let point = randomFor(seed, `draw ${number}`).next() * total;
  const found = mix.find(([, weight]) => {
    point -= weight;
    return point < 0;
  });
  if (found === undefined) throw new RangeError('nothing was drawn');
  const [name, , scenario] = found;
  return { name, run: (actors) => scenario(new Business(actors, seed, number)) };
}

/** For measuring: a plain sale at one provider. */
export function plainSale(seed: number, number: number, by: 'stripe' | 'adyen'): Drawn {
  return {
    name: `plain sale at ${by}`,
    async run(actors) {
      const business = new Business(actors, seed, number);
      await business.pay(orderFor(business.random, by));
    },
  };
}
