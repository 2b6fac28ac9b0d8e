// 3DS without a challenge, exempted, refused and asked for again, and payments without the payer.
import { expect, it } from 'vitest';
import type { AuthenticationFacts } from '../../domain/authentication/authentication.ts';
import type { AuthorizeRequest, CardData } from '../../providers/provider.ts';
import {
  afterReturn,
  CARDS,
  press,
  RETURN_URL,
  waiting,
  withoutFriction,
  withoutReturn,
} from './kit-challenges.ts';
import { authorize, type Kit } from './parts.ts';
import { TestPayment } from './rig.ts';

const WITHOUT_FRICTION: readonly [string, CardData, object][] = [
  ['attempted', CARDS.attempted, { type: 'authorized', authentication: facts('A', '06', true) }],
  ['rejected', CARDS.rejected, declined('authentication_rejected', 'R')],
  ['failed', CARDS.failed, declined('authentication_failed', 'N')],
  [
    'unavailable',
    CARDS.unavailable,
    { type: 'authorized', authentication: { transStatus: 'U', eci: '07', liabilityShift: false } },
  ],
];

function facts(transStatus: 'Y' | 'A', eci: string, liabilityShift: boolean): AuthenticationFacts {
  return { flow: 'frictionless', transStatus, eci, liabilityShift };
}

function declined(reason: string, transStatus: string) {
  return { type: 'declined', decline: { reason }, authentication: { transStatus, liabilityShift: false } };
}

export function authentications({ rig, subject }: Kit): void {
  it.each(WITHOUT_FRICTION)('without a challenge: %s', async (_name, payer, expected) => {
    const { payment, outcome } = await withoutFriction(rig(), payer);
    expect(outcome).toMatchObject(expected);
    const held = outcome.type === 'authorized' ? 1 : 0;
    expect(await rig().effects(payment.reference, 'authorized')).toHaveLength(held);
  });

  it('authenticates where it is asked to, without friction or with, and tells nothing where it did not', async () => {
    const send = async (change: Partial<AuthorizeRequest>) =>
      (
        await authorize(
          rig(),
          new TestPayment().authorization(CARDS.frictionless, { returnUrl: RETURN_URL, ...change }),
        )
      ).outcome;
    const plain = await send({});
    expect(plain.type).toBe('authorized');
    expect(plain).not.toHaveProperty('authentication');
    const asked = { authentication: { request: 'any' } } as const;
    const { outcome: any } = await withoutFriction(rig(), CARDS.frictionless, asked);
    expect(any).toMatchObject({ type: 'authorized', authentication: facts('Y', '05', true) });
    const challenge = await send({ authentication: { request: 'challenge' } });
    expect(challenge).toMatchObject({ type: 'requires_action', nextAction: { type: 'redirect_to_url' } });
  });

  it('reads the indicator as the card’s scheme writes it', async () => {
    const waited = await waiting(rig(), CARDS.mastercard);
    const back = await press(waited.url, 'approve');
    const outcome = await afterReturn(rig(), waited, back);
    expect(outcome).toMatchObject({ type: 'authorized', authentication: { transStatus: 'Y', eci: '02' } });
  });

  it('knows a soft decline, and the same payment goes through with a challenge', async () => {
    const first = new TestPayment().authorization(CARDS.softDecline, { returnUrl: RETURN_URL });
    expect((await authorize(rig(), first)).outcome).toMatchObject({
      type: 'declined',
      decline: { reason: 'authentication_required' },
    });
    const waited = await waiting(rig(), CARDS.softDecline, { authentication: { request: 'challenge' } });
    const back = await press(waited.url, 'approve');
    expect(await afterReturn(rig(), waited, back)).toMatchObject({ type: 'authorized' });
  });

  it('tells of an exemption that was granted', async () => {
    const { card: payer, request, exemption } = subject.exempted;
    const payment = new TestPayment();
    const asking = request === undefined ? {} : { authentication: request };
    const sent = payment.authorization(payer, { returnUrl: RETURN_URL, ...asking });
    const { outcome } = await authorize(rig(), sent);
    expect(outcome).toMatchObject({ type: 'authorized', authentication: { exemption } });
    expect(outcome).not.toMatchObject({ authentication: { liabilityShift: true } });
  });

  it('keeps a card with the payer’s agreement, and charges it later without them', async () => {
    const usage = 'unscheduled' as const;
    const saving = {
      authentication: { request: 'challenge' },
      storedCredential: { initiator: 'cardholder', usage },
    } as const;
    const waited = await waiting(rig(), CARDS.softDecline, saving);
    const first = await afterReturn(rig(), waited, await press(waited.url, 'approve'));
    if (first.type !== 'authorized') return expect.fail(JSON.stringify(first));
    const { networkTransactionId = expect.fail("the network's id") } = first;
    const later = (id?: string) => {
      const named = id === undefined ? {} : { networkTransactionId: id };
      const storedCredential = { initiator: 'merchant', usage, ...named } as const;
      const asking = { request: 'automatic', exemption: 'merchant_initiated' } as const;
      const { cvc: _cvc, ...kept } = CARDS.softDecline;
      return new TestPayment().authorization(kept, { storedCredential, authentication: asking });
    };
    expect((await authorize(rig(), later(networkTransactionId))).outcome.type).toBe('authorized');
    expect((await authorize(rig(), later())).outcome).toMatchObject({
      type: 'declined',
      decline: { reason: 'authentication_required' },
    });
    return undefined;
  });

  it('says the same by webhook as in its answer, where webhooks are evidence', async () => {
    if (rig().provider.webhookIs === 'hint') return;
    const waited = await waiting(rig(), CARDS.challenged);
    const answered = await afterReturn(rig(), waited, await press(waited.url, 'approve'));
    const told = await withoutReturn(rig(), waited);
    if (answered.type !== 'authorized' || told.type !== 'authorized')
      return expect.fail(JSON.stringify(told));
    expect(told.authentication).toEqual(answered.authentication);
    expect(told.authentication?.dsTransactionId).toMatch(/^[0-9a-f-]{36}$/);
    return undefined;
  });
}
