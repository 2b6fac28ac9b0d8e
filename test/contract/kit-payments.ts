// The life of a payment: authorize, capture, void, refund, declines, challenges, amounts.
import { expect, it } from 'vitest';
import { MAX_AMOUNT_MINOR } from '../../domain/money/money.ts';
import { authorize, authorized, capture, type Kit, question } from './parts.ts';
import { perform, settled, TestPayment } from './rig.ts';

export function payments(kit: Kit): void {
  const { rig, subject } = kit;

  it('authorizes, and captures in full', async () => {
    const made = await authorized(kit);
    expect(made.outcome).toMatchObject({ type: 'authorized', amountMinor: 4_200, currency: 'EUR' });
    expect(await capture(rig(), made, 4_200)).toMatchObject({
      type: 'captured',
      amountMinor: 4_200,
      currency: 'EUR',
    });
    expect(await rig().effects(made.payment.reference, 'captured')).toMatchObject([
      { amountMinor: 4_200, currency: 'EUR' },
    ]);
  });

  it('captures automatically: in one call where it declares a sale, else by a capture of our own', async () => {
    const sale = rig().provider.automaticCapture === 'sale';
    const made = await authorized(kit, { captureMethod: sale ? 'automatic' : 'manual' });
    const outcome = sale ? made.outcome : await capture(rig(), made, 4_200);
    expect(outcome).toMatchObject({ type: 'captured', amountMinor: 4_200 });
    expect(await rig().effects(made.payment.reference, 'captured')).toHaveLength(1);
  });

  it('captures a part', async () => {
    const made = await authorized(kit);
    expect(await capture(rig(), made, 1_700)).toMatchObject({ type: 'captured', amountMinor: 1_700 });
    expect(await rig().effects(made.payment.reference, 'captured')).toMatchObject([{ amountMinor: 1_700 }]);
  });

  it('captures several times where it declares that it can', async () => {
    const several = rig().provider.multipleCaptures;
    const made = await authorized(kit, { multipleCaptures: several });
    expect(await capture(rig(), made, 1_000, !several)).toMatchObject({
      type: 'captured',
      amountMinor: 1_000,
    });
    if (several)
      expect(await capture(rig(), made, 2_000)).toMatchObject({ type: 'captured', amountMinor: 2_000 });
    const effects = await rig().effects(made.payment.reference, 'captured');
    expect(effects.map(({ amountMinor }) => amountMinor)).toEqual(several ? [1_000, 2_000] : [1_000]);
  });

  it('does not capture more than was authorized', async () => {
    const made = await authorized(kit);
    const outcome = await capture(rig(), made, 4_201);
    expect(outcome).toMatchObject({ type: 'rejected' });
    expect(await rig().effects(made.payment.reference, 'captured')).toEqual([]);
  });

  it('voids an authorization', async () => {
    const { payment, request, providerReference } = await authorized(kit);
    const operation = payment.operation('void');
    const { outcome } = await perform(rig(), (connection) =>
      connection.void({ ...operation, providerReference }),
    );
    const asked = question(payment, request, {
      kind: 'void',
      reference: operation.reference,
      providerReference,
    });
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'voided', providerReference });
    expect(await rig().effects(payment.reference, 'voided')).toHaveLength(1);
  });

  it('refuses to void what was captured', async () => {
    const made = await authorized(kit);
    await capture(rig(), made, 4_200);
    const operation = made.payment.operation('void');
    const { providerReference } = made;
    const { outcome } = await perform(rig(), (connection) =>
      connection.void({ ...operation, providerReference }),
    );
    const asked = question(made.payment, made.request, {
      kind: 'void',
      reference: operation.reference,
      providerReference,
    });
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'rejected' });
    expect(await rig().effects(made.payment.reference, 'voided')).toEqual([]);
  });

  it('refunds a part of what was captured', async () => {
    const made = await authorized(kit);
    await capture(rig(), made, 4_200);
    const { payment, request, providerReference } = made;
    const operation = payment.operation('refund');
    const refund = { ...operation, providerReference, amountMinor: 900, currency: 'EUR' };
    const { outcome } = await perform(
      rig(),
      ({ refund: send }) => send?.(refund) ?? expect.fail('no refunds'),
    );
    const asked = question(payment, request, {
      kind: 'refund',
      reference: operation.reference,
      providerReference,
      amountMinor: 900,
    });
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'refunded', amountMinor: 900 });
    expect(await rig().effects(payment.reference, 'refunded')).toMatchObject([{ amountMinor: 900 }]);
  });

  it.each(subject.declines)('declines with $reason ($code)', async ({ card, reason, code }) => {
    const payment = new TestPayment();
    const { outcome } = await authorize(rig(), payment.authorization(card));
    expect(outcome).toMatchObject({ type: 'declined', decline: { reason, providerCode: code } });
    expect(await rig().effects(payment.reference, 'authorized')).toEqual([]);
  });

  it('asks for authentication, and can be voided from there', async () => {
    const payment = new TestPayment();
    const request = payment.authorization(subject.challenged);
    const { outcome } = await authorize(rig(), request);
    if (outcome.type !== 'requires_action') return expect.fail(JSON.stringify(outcome));
    const { providerReference } = outcome;
    const operation = payment.operation('void');
    const { outcome: ended } = await perform(rig(), (connection) => {
      if (providerReference !== undefined) return connection.void({ ...operation, providerReference });
      const byReference = { ...operation, authorizationReference: payment.reference };
      return connection.voidByReference?.(byReference) ?? expect.fail('no way to void');
    });
    const asked = question(payment, request, {
      kind: 'void',
      reference: operation.reference,
      ...(providerReference === undefined ? {} : { providerReference }),
    });
    expect(await settled(rig(), ended, asked)).toMatchObject({ type: 'voided' });
    expect(await rig().effects(payment.reference, 'authorized')).toEqual([]);
    expect(await rig().effects(payment.reference, 'canceled')).toHaveLength(1);
  });

  it('keeps twenty concurrent payments apart', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => authorized(kit, { amountMinor: 1_000 + index })),
    );
    for (const [index, { payment, outcome }] of made.entries()) {
      expect(outcome).toMatchObject({ type: 'authorized', amountMinor: 1_000 + index });
      expect(await rig().effects(payment.reference, 'authorized')).toMatchObject([
        { amountMinor: 1_000 + index },
      ]);
    }
    expect(new Set(made.map(({ providerReference }) => providerReference)).size).toBe(20);
  });

  it('takes a wrong API key for a refusal before execution', async () => {
    const { provider, account } = rig();
    const stranger = provider.connect({ ...account, secrets: { ...account.secrets, apiKey: 'sk_wrong' } });
    const payment = new TestPayment();
    const request = payment.authorization(subject.approved);
    const { outcome } = await perform(rig(), () => stranger.authorize(request));
    expect(outcome).toMatchObject({ type: 'rejected' });
    const again = await perform(rig(), () => stranger.authorize({ ...request, resend: true }));
    expect(again.outcome).toMatchObject({ type: 'unknown', cause: 'rejected_on_resend' });
    expect(await rig().effects(payment.reference)).toEqual([]);
  });
}

export function amounts(kit: Kit): void {
  const { rig, subject } = kit;

  it.each(subject.amounts)(
    'moves exactly $amountMinor minor units of $currency',
    async ({ amountMinor, currency }) => {
      const made = await authorized(kit, { amountMinor, currency });
      expect(made.outcome).toMatchObject({ type: 'authorized', amountMinor, currency });
      expect(await rig().effects(made.payment.reference, 'authorized')).toMatchObject([
        { amountMinor, currency },
      ]);
      expect(await capture(rig(), made, amountMinor)).toMatchObject({
        type: 'captured',
        amountMinor,
        currency,
      });
      expect(await rig().effects(made.payment.reference, 'captured')).toMatchObject([
        { amountMinor, currency },
      ]);
    },
  );

  it.each(subject.impossible)('sends nothing for $amountMinor minor units of $currency', async (money) => {
    const payment = new TestPayment();
    const { outcome, trace } = await authorize(rig(), payment.authorization(subject.approved, money));
    expect(outcome).toMatchObject({ type: 'rejected', code: 'amount_not_representable' });
    expect(trace.bytesWritten).toBe(0);
    expect(await rig().arrivals(payment.reference)).toEqual([]);
  });

  it('never rounds the largest amount: it is moved exactly or refused', async () => {
    const payment = new TestPayment();
    const { outcome } = await authorize(
      rig(),
      payment.authorization(subject.approved, { amountMinor: MAX_AMOUNT_MINOR }),
    );
    const effects = await rig().effects(payment.reference, 'authorized');
    if (outcome.type === 'authorized') expect(effects).toMatchObject([{ amountMinor: MAX_AMOUNT_MINOR }]);
    else expect({ type: outcome.type, effects }).toEqual({ type: 'rejected', effects: [] });
  });
}
