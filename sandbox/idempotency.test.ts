import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  ADYEN_KEY,
  admin,
  adyenBody,
  adyenPayment,
  adyenRequest,
  effectsOf,
  journalOf,
  simulator,
  stripePayment,
} from './testing.ts';

test('stripe: 50 repeats of one request, at once and later, make one effect and one answer', async () => {
  const sim = await simulator('stripe');
  const first = await stripePayment(sim, 'r1');
  const repeats = await Promise.all(Array.from({ length: 50 }, () => stripePayment(sim, 'r1')));
  for (const repeat of repeats) {
    expect(repeat.status).toBe(200);
    expect(repeat.body).toBe(first.body);
    expect(repeat.headers['idempotent-replayed']).toBe('true');
    expect(repeat.headers['original-request']).toBe(first.headers['request-id']);
  }
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
});

test('stripe: concurrent first requests with one key execute once, the rest conflict or replay', async () => {
  const sim = await simulator('stripe');
  await admin(sim, 'POST', '/faults', { mode: 'latency', latencyMs: 150, times: 1 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => stripePayment(sim, 'r1')));
  const codes = answers.map((answer) => answer.status).sort();
  expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(1);
  const conflicts = answers.filter((answer) => answer.status === 409);
  expect(conflicts.length).toBeGreaterThanOrEqual(1);
  expect(JSON.parse(conflicts[0]?.body ?? '').error.code).toBe('idempotency_key_in_use');
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
});

test('stripe: a key with other parameters is an idempotency error and moves nothing', async () => {
  const sim = await simulator('stripe');
  await stripePayment(sim, 'r1', { key: 'k' });
  const other = await stripePayment(sim, 'r1', { key: 'k', amount: '2000' });
  expect(other.status).toBe(400);
  expect(JSON.parse(other.body).error.type).toBe('idempotency_error');
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
});

test('stripe: a decline is replayed, a validation failure frees its key', async () => {
  const sim = await simulator('stripe');
  const declined = { 'payment_method_data[card][number]': '4000000000009995' };
  const first = await stripePayment(sim, 'r1', declined);
  const repeat = await stripePayment(sim, 'r1', declined);
  expect([first.status, repeat.status]).toEqual([402, 402]);
  expect(repeat.body).toBe(first.body);
  expect((await stripePayment(sim, 'r2', { amount: '1.5' })).status).toBe(400);
  expect((await stripePayment(sim, 'r2')).status).toBe(200);
});

test('past its window a key is forgotten, and a resend is a new charge', async () => {
  // 24 hours and 7 days, scaled to 86 ms and 604 ms.
  const stripe = await simulator('stripe', { timeScale: 1e-6 });
  await stripePayment(stripe, 'r1', { capture_method: 'automatic' });
  const resend = async () => {
    await stripePayment(stripe, 'r1', { capture_method: 'automatic' });
    return await effectsOf(stripe, 'r1');
  };
  await expect.poll(resend).toEqual(['authorized', 'captured', 'authorized', 'captured']);
});

test('adyen: a repeat is the first answer again, another body under the key is 422', async () => {
  const sim = await simulator('adyen');
  const first = await adyenPayment(sim, 'r1');
  const repeat = await adyenPayment(sim, 'r1');
  expect(repeat.body).toBe(first.body);
  expect(repeat.headers['idempotency-key']).toBe('key-r1');
  const other = await adyenRequest(
    sim,
    '/payments',
    adyenBody('r1', { amount: { value: 2, currency: 'EUR' } }),
    'key-r1',
  );
  expect(other.status).toBe(422);
  expect(JSON.parse(other.body)).toMatchObject({ status: 422, errorCode: '704', errorType: 'validation' });
  expect(other.headers['transient-error']).toBe('false');
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
  expect((await adyenRequest(sim, '/payments', adyenBody('r2'), 'k'.repeat(65))).status).toBe(422);
});

test('adyen: a request still in progress answers 704 and says that it is transient', async () => {
  const sim = await simulator('adyen');
  await admin(sim, 'POST', '/faults', { mode: 'latency', latencyMs: 150, times: 1 });
  const answers = await Promise.all(Array.from({ length: 5 }, () => adyenPayment(sim, 'r1')));
  const conflict = answers.find((answer) => answer.status === 409);
  expect(conflict?.headers['transient-error']).toBe('true');
  expect(JSON.parse(conflict?.body ?? '{}').errorCode).toBe('704');
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
});

test('the effect is in the file before the first byte of the answer arrives', async () => {
  const sim = await simulator('adyen');
  const path = join(sim.dataDir, 'adyen.journal.jsonl');
  for (let index = 0; index < 20; index += 1) {
    const seen = await new Promise<string>((resolve, reject) => {
      const headers = { 'X-API-Key': ADYEN_KEY, 'Content-Type': 'application/json' };
      const request = httpRequest(`${sim.apiUrl}/v72/payments`, { method: 'POST', headers }, (response) => {
        const file = readFileSync(path, 'utf8');
        response.resume();
        response.on('end', () => resolve(file));
      });
      request.on('error', reject);
      request.end(JSON.stringify(adyenBody(`now-${index}`)));
    });
    expect(seen).toContain(`"effect":"authorized","reference":"now-${index}"`);
  }
  const lines = await journalOf(sim);
  for (const effect of lines.filter((line) => line.kind === 'effect')) {
    const arrival = lines.find((line) => line.kind === 'arrival' && line.reference === effect.reference);
    expect(arrival?.seq).toBeLessThan(effect.seq);
  }
});

test('no card number and no CVC reaches the journal', async () => {
  const stripe = await simulator('stripe');
  const adyen = await simulator('adyen');
  for (const sim of [stripe, adyen]) {
    await admin(sim, 'POST', '/faults', { mode: 'reset_before_commit', times: 1 });
  }
  for (const reference of ['r1', 'r1', 'r2']) {
    await stripePayment(stripe, reference).catch(() => {});
    await adyenPayment(adyen, reference).catch(() => {});
  }
  await journalOf(stripe);
  await journalOf(adyen);
  const files = [join(stripe.dataDir, 'stripe.journal.jsonl'), join(adyen.dataDir, 'adyen.journal.jsonl')];
  for (const text of files.map((file) => readFileSync(file, 'utf8'))) {
    expect(text).toContain('authorized');
    expect(text).not.toMatch(/4242424242424242|4111111111111111|"cvc":"737"|"737"/);
  }
});
