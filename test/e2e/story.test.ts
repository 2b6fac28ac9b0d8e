import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderStory } from '../../cli/payment/story.ts';
import { type Db, openDb } from '../../db/client.ts';
import { createStoryReader } from '../../db/read/index.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

/** What happened to a payment, told from the rows that real workflows wrote. */
let system: System;
let db: Db;
beforeAll(async () => {
  system = await startSystem({ providerDeadlineMs: 500 });
  db = openDb(system.databaseUrl, { maxConnections: 2 });
});
afterAll(async () => {
  await db?.$disconnect();
  await system?.close();
});

const asAlice = (method: 'GET' | 'POST', path: string, options: { body?: unknown; key?: string } = {}) =>
  system.request(method, path, { apiKey: system.operatorKeys.alice, key: freshKey(), ...options });

async function storyOf(id: string) {
  const answer = await asAlice('GET', `/v1/operator/payments/${id}/story`);
  expect(answer.status).toBe(200);
  return answer.body;
}

async function terminalOf(id: string): Promise<string> {
  const material = await createStoryReader(db).read(id);
  if (material === undefined) throw new Error('no such payment');
  const look = { technical: false, colour: false, temporal: { namespace: 'default' } };
  return renderStory(material, look, Date.now());
}

/** The page as its reader sees it: what stands on top, and every entry's title. */
function wordsOf(story: {
  headline: { text: string; why: string };
  timeline: { data: { title: string }[] };
}): string {
  const { headline, timeline } = story;
  return [headline.text, headline.why, ...timeline.data.map(({ title }) => title)].join('\n');
}

describe('the story of a real payment', () => {
  it('a capture: whole, verified, in the terminal as on the page', async () => {
    const key = freshKey();
    const body = { amount: 1250, currency: 'USD', reference: 'order-1', payment_method: await system.card() };
    const { body: payment } = await system.pay(body, { key });
    const again = await system.pay(body, { key });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const over = await system.request('POST', `/v1/payments/${payment.id}/refunds`, {
      key: freshKey(),
      body: { amount: 9999 },
    });
    expect(over.status).toBe(409);
    const story = await waitFor(
      async () => {
        const told = await storyOf(payment.id);
        return told.highlights.length === 2 ? told : undefined;
      },
      { what: 'both notes' },
    );
    expect(story.headline.text).toBe('Captured 12.50 USD at Stripe');
    const words = wordsOf(story);
    expect(words).toContain('Double submit: the same request for the payment came again');
    expect(words).toContain(
      'Refused: a request for a refund, because 9999 is more than the 1250 that may still be refunded',
    );
    expect(story.audit).toMatchObject({ checked: true, problems: [] });
    expect(story.actions).toContainEqual(
      expect.objectContaining({ name: 'refund', allowed: true, amount: 1250 }),
    );
    const printed = await terminalOf(payment.id);
    expect(printed).toContain('Captured 12.50 USD at Stripe');
    expect(printed).toContain('✓ the hash chain is whole');
    expect(printed).toContain('You may: refund');
    for (const { title, technical } of story.timeline.data) if (!technical) expect(printed).toContain(title);
  });

  it("an operator's refund is the merchant's refund, with who and why in its own trail; the key makes one", async () => {
    const { body: payment } = await system.pay({
      amount: 800,
      currency: 'USD',
      payment_method: await system.card(),
    });
    const key = freshKey();
    const path = `/v1/operator/payments/${payment.id}/refunds`;
    const order = { body: { amount: 300, reason: 'a promise on the phone' }, key };
    const made = await asAlice('POST', path, order);
    expect(made).toMatchObject({ status: 201, body: { amount: 300, payment: payment.id } });
    expect((await asAlice('POST', path, order)).body.id).toBe(made.body.id);
    const other = await asAlice('POST', path, { body: { amount: 9000, reason: 'too much' } });
    expect(other.body.error.code).toBe('amount_too_large');
    const words = wordsOf(await storyOf(payment.id));
    expect(words).toContain('by alice: a promise on the phone');
    expect(words).toContain('alice asked for a refund');
    expect(words).toContain('was refused: 9000 is more than');
    const listed = await system.request('GET', `/v1/refunds?payment=${payment.id}`);
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([made.body.id]);
  });

  it("an unknown outcome that was resolved, and an operator's void, say so on top", async () => {
    await system.fault('stripe', { operation: 'authorize', mode: 'hang_after_commit' });
    const { body: lost } = await system.pay({
      amount: 700,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: await system.card(),
    });
    await waitFor(
      async () => {
        const { body } = await system.request('GET', `/v1/payments/${lost.id}`);
        return body.status === 'requires_capture';
      },
      { what: 'the proof' },
    );
    const resolved = await storyOf(lost.id);
    expect(wordsOf(resolved)).toMatch(/Outcome unknown: Stripe's answer to the authorization was lost/);
    const voided = await asAlice('POST', `/v1/operator/payments/${lost.id}/void`, {
      body: { reason: 'the fraud team asked' },
    });
    expect(voided.body.status).toBe('canceled');
    const story = await storyOf(lost.id);
    expect(story.headline.text).toBe('Voided by alice: 7.00 USD at Stripe was not charged');
    expect(story.headline.why).toContain('The reason given: the fraud team asked');
  });

  it('is found by what a shop knows of it', async () => {
    const { body: payment } = await system.pay({
      amount: 500,
      currency: 'USD',
      reference: 'order-found',
      payment_method: await system.card(),
    });
    const search = async (q: string) => (await asAlice('GET', `/v1/operator/search?q=${q}`)).body.data;
    expect(await search('order-found')).toMatchObject([
      { matched: 'order_reference', payment: { id: payment.id } },
    ]);
    const [{ provider_reference: reference }] = payment.attempts;
    expect((await search(reference))[0]).toMatchObject({
      matched: 'provider_reference',
      payment: { id: payment.id },
    });
    expect((await search('4242 5.00'))[0]).toMatchObject({ matched: 'card', payment: { id: payment.id } });
  });
});
