import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { effects, exceptions, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';

/** Adyen's webhooks are evidence: duplicated, shuffled, late and forged, the payment ends the same. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());
tellOnFailure(() => system);
beforeEach(() => webhooks({ mode: 'normal' }));

const webhooks = (mode: Record<string, unknown>) => system.admin('adyen', 'POST', '/webhooks', mode);
const held = async () => ((await system.admin('adyen', 'GET', '/webhooks')) as { held: number }).held;
const release = (order: 'fifo' | 'reverse') => system.admin('adyen', 'POST', '/webhooks/release', { order });
const statusBecomes = (id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, { what: `${id} to be ${status}` });

async function pay(more: Record<string, unknown> = {}) {
  const card = await system.card('4111111111111111');
  return system.pay({ amount: 1_250, currency: 'EUR', payment_method: card, ...more });
}

function deliver(body: Uint8Array | string, path = 'adyen/pa_demo_adyen') {
  return fetch(`${system.apiUrl}/v1/webhooks/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : Uint8Array.from(body),
  });
}
const letters = (id: string) =>
  system.sql<{ raw_body: Buffer; event_type: string }>(
    'SELECT raw_body, event_type FROM inbox WHERE payment_id = $1 ORDER BY received_at',
    [id],
  );

/** Everything about the payment that may not move any more. */
const standing = async (id: string) => ({
  payment: await system.sql('SELECT status, sequence, generation, audit_head FROM payment WHERE id = $1', [
    id,
  ]),
  operations: await system.sql('SELECT id, status, sends FROM operation WHERE payment_id = $1 ORDER BY id', [
    id,
  ]),
  letters: (await letters(id)).length,
  effects: await effects(system, 'adyen', id),
  exceptions: await exceptions(system, id),
});

async function settled(id: string): Promise<void> {
  await waitFor(
    async () =>
      (await system.sql('SELECT 1 FROM inbox WHERE payment_id = $1 AND acknowledged_at IS NULL', [id]))
        .length === 0,
    { what: 'every letter to be read' },
  );
}

describe('genuine webhooks', () => {
  it.each(['fifo', 'reverse'] as const)('that come late and %s end in the same state', async (order) => {
    await webhooks({ mode: 'hold' });
    const answer = await pay();
    expect([answer.status, answer.body.status]).toEqual([202, 'processing']);
    const { id } = answer.body;
    await waitFor(async () => (await held()) === 2, { what: 'both webhooks to be held' });
    expect(await payment(system, id)).toMatchObject({ status: 'processing', amount_captured: 0 });
    await release(order);
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'adyen', id)).toEqual(['authorized', 'captured']);
    await settled(id);
    await expectSound(system, id);
  });

  it('that come five times each are stored once, and act once', async () => {
    await webhooks({ mode: 'duplicate', copies: 5 });
    const { id } = (await pay()).body;
    await statusBecomes(id, 'succeeded');
    await settled(id);
    expect((await letters(id)).map((letter) => letter.event_type).sort()).toEqual([
      'AUTHORISATION',
      'CAPTURE',
    ]);
    await expectSound(system, id);
  });

  it('that are replayed, shuffled, long after the end change nothing', async () => {
    const { id } = (await pay()).body;
    await statusBecomes(id, 'succeeded');
    await waitFor(async () => (await letters(id)).length === 2, { what: 'both letters' });
    await settled(id);
    const before = await standing(id);
    const bodies = (await letters(id)).map((letter) => letter.raw_body);
    const replays = [...bodies, ...bodies.reverse(), ...bodies].map((body) => deliver(body));
    for (const response of await Promise.all(replays)) expect(response.status).toBe(200);
    expect(await standing(id)).toEqual(before);
    await expectSound(system, id);
  });

  it('of an authorization, coming after its void, is no late success', async () => {
    await webhooks({ mode: 'hold' });
    const { id } = (await pay({ capture_method: 'manual' })).body;
    await statusBecomes(id, 'requires_capture');
    const voided = await system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
    expect([voided.status, voided.body.status]).toEqual([202, 'processing']);
    await waitFor(async () => (await held()) === 2, { what: 'both webhooks to be held' });
    await release('reverse');
    await statusBecomes(id, 'canceled');
    await settled(id);
    expect(await exceptions(system, id)).toEqual([]);
    expect(await effects(system, 'adyen', id)).toEqual(['authorized', 'voided']);
    await expectSound(system, id);
  });

  it('settle an authorization whose answer was lost, without a second one', async () => {
    await webhooks({ mode: 'hold' });
    await system.fault('adyen', { operation: 'authorize', mode: 'reset_after_commit', times: 1 });
    await system.fault('adyen', { operation: 'authorize', mode: 'status' });
    try {
      const answer = await pay({ capture_method: 'manual' });
      const { id } = answer.body;
      expect([answer.status, answer.body.status]).toEqual([202, 'processing']);
      await release('fifo');
      await statusBecomes(id, 'requires_capture');
      expect(await effects(system, 'adyen', id)).toEqual(['authorized']);
      expect(await effects(system, 'stripe', id)).toEqual([]);
      await expectSound(system, id);
    } finally {
      await system.clearFaults();
    }
  });
});

describe('forged webhooks', () => {
  const HMAC_KEY = 'AB'.repeat(32);
  interface Item {
    pspReference: string;
    originalReference?: string;
    merchantAccountCode: string;
    merchantReference: string;
    amount: { value: number; currency: string };
    eventCode: string;
    success: string;
    additionalData: Record<string, string>;
  }
  const sign = (item: Item, key = HMAC_KEY) => {
    const fields = [
      item.pspReference,
      item.originalReference ?? '',
      item.merchantAccountCode,
      item.merchantReference,
      item.amount.value,
      item.amount.currency,
      item.eventCode,
      item.success,
    ];
    return createHmac('sha256', Buffer.from(key, 'hex')).update(fields.join(':')).digest('base64');
  };
  const wrap = (item: Item) =>
    JSON.stringify({ live: 'false', notificationItems: [{ NotificationRequestItem: item }] });
  const itemOf = (body: Buffer): Item =>
    JSON.parse(body.toString('utf8')).notificationItems[0].NotificationRequestItem;
  /** Adyen's circuit may be open of what was broken before: a payment that wins its probe closes it. */
  const payAtAdyen = () =>
    waitFor(
      async () => {
        const { body } = await pay({ capture_method: 'manual' });
        return body.attempts[0]?.provider === 'adyen' ? body : undefined;
      },
      { what: 'Adyen to be first again', intervalMs: 250, timeoutMs: 60_000 },
    );

  it('are refused, and change no row', async () => {
    const { id } = await payAtAdyen();
    await waitFor(async () => (await letters(id)).length === 1, { what: 'the letter' });
    await settled(id);
    const [letter] = await letters(id);
    const genuine = itemOf(letter?.raw_body ?? Buffer.from(''));
    expect(sign(genuine)).toBe(genuine.additionalData.hmacSignature);
    const before = await standing(id);
    const inboxBefore = await system.sql('SELECT count(*) FROM inbox');
    const forgeries: Item[] = [
      { ...genuine, eventCode: 'CAPTURE' },
      { ...genuine, amount: { value: 1, currency: 'EUR' } },
      { ...genuine, amount: { ...genuine.amount, currency: 'USD' } },
      { ...genuine, success: 'false' },
      { ...genuine, pspReference: 'ABCDEFGHIJKLMNOP' },
      { ...genuine, merchantReference: `${genuine.merchantReference.slice(0, -1)}9` },
      { ...genuine, additionalData: {} },
      { ...genuine, additionalData: { hmacSignature: '' } },
      { ...genuine, additionalData: { hmacSignature: sign(genuine, 'CD'.repeat(32)) } },
    ];
    for (const forged of forgeries) expect((await deliver(wrap(forged))).status).toBe(401);
    const mixed = JSON.parse(wrap(genuine));
    mixed.notificationItems.push({ NotificationRequestItem: forgeries[0] });
    expect((await deliver(JSON.stringify(mixed))).status).toBe(401);
    expect((await deliver(letter?.raw_body ?? '', 'stripe/pa_demo_stripe')).status).toBeGreaterThanOrEqual(
      400,
    );
    expect((await deliver(letter?.raw_body ?? '', 'adyen/pa_demo_stripe')).status).toBe(404);
    expect((await deliver(letter?.raw_body ?? '', 'adyen/pa_nobody')).status).toBe(404);
    expect(await standing(id)).toEqual(before);
    expect(await system.sql('SELECT count(*) FROM inbox')).toEqual(inboxBefore);
    await expectSound(system, id);
  });

  it('ten thousand of them are counted, and have no effect', async () => {
    const { id } = await payAtAdyen();
    await waitFor(async () => (await letters(id)).length === 1, { what: 'the letter' });
    await settled(id);
    const genuine = itemOf((await letters(id))[0]?.raw_body ?? Buffer.from(''));
    const before = await standing(id);
    const inboxBefore = await system.sql('SELECT count(*) FROM inbox');
    const counted = async () => (await system.request('GET', '/healthz')).body.webhooks.refused as number;
    const refusedBefore = await counted();
    const TOTAL = 10_000;
    let sent = 0;
    const forge = async () => {
      while (sent < TOTAL) {
        sent += 1;
        const amount = { value: sent, currency: 'EUR' };
        const forged = { ...genuine, eventCode: 'CAPTURE', amount, pspReference: `FORGED${sent}` };
        expect((await deliver(wrap(forged))).status).toBe(401);
      }
    };
    await Promise.all(Array.from({ length: 20 }, forge));
    expect((await counted()) - refusedBefore).toBe(TOTAL);
    expect(await standing(id)).toEqual(before);
    expect(await system.sql('SELECT count(*) FROM inbox')).toEqual(inboxBefore);
    await expectSound(system, id);
  });

  it.each([
    ['another amount', (item: Item) => ({ ...item, amount: { value: 999, currency: 'EUR' } })],
    ['another currency', (item: Item) => ({ ...item, amount: { ...item.amount, currency: 'GBP' } })],
  ])('though rightly signed, prove nothing of %s than ours', async (_what, alter) => {
    await webhooks({ mode: 'hold' });
    const { id } = (await pay()).body;
    await waitFor(async () => (await held()) === 2, { what: 'both webhooks to be held' });
    const [operation] = await system.sql<{ id: string; attempt_id: string }>(
      `SELECT id, attempt_id FROM operation WHERE payment_id = $1 AND kind = 'capture'`,
      [id],
    );
    const unsigned = alter({
      // Its own: the same name would be the same letter, kept once.
      pspReference: randomBytes(8).toString('hex').toUpperCase(),
      originalReference: 'ZXCVBNMASDFGHJKL',
      merchantAccountCode: 'InterlockTestECOM',
      merchantReference: operation?.attempt_id ?? '',
      amount: { value: 1_250, currency: 'EUR' },
      eventCode: 'CAPTURE',
      success: 'true',
      additionalData: { modificationMerchantReferences: operation?.id ?? '' },
    });
    const item = {
      ...unsigned,
      additionalData: { ...unsigned.additionalData, hmacSignature: sign(unsigned) },
    };
    expect((await deliver(wrap(item))).status).toBe(200);
    await settled(id);
    expect(await payment(system, id)).toMatchObject({ status: 'processing', amount_captured: 0 });
    await release('fifo');
    await statusBecomes(id, 'succeeded');
    expect(await exceptions(system, id)).toEqual(['unresolved_webhook']);
    await expectSound(system, id);
  });
});
