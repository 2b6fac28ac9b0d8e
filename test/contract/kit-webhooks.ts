// Webhooks: genuine, duplicate, late, forged.
import { expect, it } from 'vitest';
import { authorized, type Kit } from './parts.ts';
import { TestPayment, until } from './rig.ts';

export function webhooks(kit: Kit): void {
  const { rig } = kit;

  it('verifies genuine webhooks, and gives a duplicate the same event id', async () => {
    await rig().admin('POST', '/webhooks', { mode: 'duplicate', copies: 3 });
    const { payment } = await authorized(kit);
    const copies = await until('three copies', () => {
      const events = rig()
        .events()
        .filter(({ reference }) => reference === payment.reference);
      const copiesById = new Map<string, typeof events>();
      for (const event of events) {
        copiesById.set(event.providerEventId, [...(copiesById.get(event.providerEventId) ?? []), event]);
      }
      const complete = copiesById.size > 0 && [...copiesById.values()].every((same) => same.length === 3);
      return complete ? copiesById : undefined;
    });
    for (const [first, ...others] of copies.values())
      for (const other of others) expect(other).toEqual(first);
  });

  it('verifies webhooks that come late and in another order', async () => {
    await rig().admin('POST', '/webhooks', { mode: 'hold' });
    const before = rig().deliveries.length;
    const { payment } = await authorized(kit);
    await until('a held webhook', async () => {
      const { held } = (await rig().admin('GET', '/webhooks')) as { held: number };
      return held > 0 ? held : undefined;
    });
    expect(rig().deliveries).toHaveLength(before);
    await rig().admin('POST', '/webhooks/release', { order: 'reverse' });
    const event = await until('the webhook', () =>
      rig()
        .events()
        .find(({ reference }) => reference === payment.reference),
    );
    expect(event.summary).toMatchObject({ amount: 4_200 });
  });

  it('refuses a webhook that was altered, signed by another, unsigned, or is not one', async () => {
    const { payment } = await authorized(kit);
    const delivery = await until('the webhook', () =>
      rig().deliveries.find((candidate) => candidate.rawBody.includes(payment.reference)),
    );
    expect(rig().verify(delivery).type).toBe('verified');
    const text = delivery.rawBody.toString('utf8');
    for (const forged of [
      text.replace('4200', '4201'),
      text.replaceAll(payment.reference, new TestPayment().reference),
    ]) {
      expect(forged).not.toBe(text);
      const verdict = rig().verify(delivery, { rawBody: Buffer.from(forged) });
      expect(verdict).toEqual({ type: 'refused', reason: 'bad_signature' });
    }
    const { webhook } = rig().provider;
    const input = {
      rawBody: delivery.rawBody,
      headers: delivery.headers as Record<string, string>,
      nowMs: Date.now(),
    };
    const { secrets } = rig().account;
    const other = 'F00D'.repeat(16);
    const refusals = [
      webhook.verify({ ...input, secrets: { ...secrets, webhookSecret: other } }),
      webhook.verify({ ...input, secrets: {} }),
      webhook.verify({ ...input, secrets: { ...secrets, webhookSecret: '' } }),
      webhook.verify({
        ...input,
        secrets,
        headers: {},
        rawBody: Buffer.from(text.replace(/"hmacSignature":"[^"]*"/, '"x":"y"')),
      }),
      ...['', '[]', 'null', '{', '{"notificationItems":[]}', '<html>', '\u0000'].map((body) =>
        webhook.verify({ ...input, secrets, rawBody: Buffer.from(body) }),
      ),
    ];
    for (const verdict of refusals) expect(verdict.type).toBe('refused');
    const rotated = { ...secrets, webhookSecret: other, webhookSecretPrevious: secrets.webhookSecret ?? '' };
    expect(webhook.verify({ ...input, secrets: rotated }).type).toBe('verified');
  });
}
