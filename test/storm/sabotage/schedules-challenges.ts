import type { Schedule } from './sabotage.ts';
import type { Stage } from './stage.ts';

/** Payers at the issuer's page, and merchants' endpoints, each led into what tells a sound build from a broken one. */
const CARDS = { USD: '4000000003000082', EUR: '5200000003000087' } as const;
const CURRENCIES = ['USD', 'EUR'] as const;

/** The page where a payment's payer is sent. */
async function pageOf(stage: Stage, id: string): Promise<string> {
  const { body } = (await stage.read(`/v1/payments/${id}`)) ?? {};
  const url: unknown = body?.next_action?.redirect_to_url?.url ?? body?.next_action?.url;
  if (typeof url !== 'string') throw new Error(`${id} sends its payer nowhere: ${JSON.stringify(body)}`);
  return url;
}

export const FAILED_CHALLENGES: Schedule = {
  name: 'failed challenges',
  what: 'payers at both providers fail at the page of their issuer, and come back; one approves',
  // Time enough to click: the payer's twenty minutes are a minute.
  pace: { timeScale: 0.05 },
  async run(stage) {
    for (const currency of CURRENCIES) {
      const order = { currency, card: CARDS[currency], capture_method: 'manual' } as const;
      const ids = await stage.pay(3, order);
      await stage.mustSee('three challenges', () => stage.are(ids, 'requires_action'));
      for (const [index, id] of ids.entries()) {
        const back = await stage.payer.authenticate(
          id,
          await pageOf(stage, id),
          index === 0 ? 'approve' : 'fail',
        );
        if (back !== undefined) await stage.payer.comeBack(id, back);
      }
      await stage.maySee(() => stage.are(ids, 'requires_capture', 'failed'), 8_000);
    }
  },
};

const REFUNDS = 3;

/** Events queue up behind one that isn't taken; every other request of the well endpoint fails. */
export const FAILING_ENDPOINT: Schedule = {
  name: 'a failing endpoint',
  what: 'an endpoint hangs while events queue up, and then fails every other time',
  pace: {},
  async run(stage) {
    const { receiver } = stage.rig;
    receiver.behave('well', 'hanging');
    const ids = await stage.pay(4, { currency: 'USD', amount: 10_000 });
    await stage.mustSee('four sales', () => stage.are(ids, 'succeeded'));
    for (const id of ids)
      for (let count = 0; count < REFUNDS; count += 1)
        await stage.post(`/v1/payments/${id}/refunds`, { amount: 100 });
    receiver.behave('well', 'alternating');
    const heard = (wanted: number) =>
      new Set(
        receiver
          .lines()
          .filter(({ endpoint, answered }) => endpoint === 'well' && answered === 200)
          .map(({ eventId }) => eventId),
      ).size >= wanted;
    await stage.maySee(() => heard(ids.length * 5), 20_000);
  },
};
