import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Simulator } from './simulator.ts';
import {
  ADYEN_ACCOUNT,
  admin,
  adyenPayment,
  adyenRequest,
  effectsOf,
  journalOf,
  receiver,
  stripePayment,
  stripeRequest,
  temporaryDirectory,
} from './testing.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

async function spawnSimulator(provider: string, dataDir: string, extra: string[] = []) {
  const flags = ['--port', '0', '--admin-port', '0', '--data-dir', dataDir, ...extra];
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, provider, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const ready = JSON.parse(line);
  expect(ready.ready).toBe(true);
  return { ...(ready as Simulator), child };
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('killed under load and started again, a simulator keeps every answered effect, key and payment', async () => {
  const dataDir = await temporaryDirectory();
  const first = await spawnSimulator('stripe', dataDir);
  const answered = new Map<string, string>();
  const load = Array.from({ length: 8 }, async (_, worker) => {
    for (let index = 0; index < 1_000; index += 1) {
      const reference = `w${worker}-${index}`;
      const answer = await stripePayment(first, reference).catch(() => undefined);
      // The kill: what had no answer promised nothing.
      if (answer === undefined) return;
      answered.set(reference, answer.body);
    }
  });
  await expect.poll(() => answered.size, { timeout: 15_000 }).toBeGreaterThan(100);
  await killed(first.child);
  await Promise.all(load);

  const second = await spawnSimulator('stripe', dataDir);
  const effects = (await journalOf(second)).filter((line) => line.kind === 'effect');
  const charged = effects.map((line) => line.reference);
  expect(new Set(charged).size).toBe(charged.length);
  for (const [reference, body] of answered) {
    expect(charged).toContain(reference);
    expect(body).toContain(reference);
  }
  const [reference, body] = [...answered][0] ?? [];
  const replay = await stripePayment(second, reference ?? '');
  expect(replay.body).toBe(body);
  const intent = JSON.parse(body ?? '{}');
  const capture = await stripeRequest(
    second,
    `/v1/payment_intents/${intent.id}/capture`,
    new URLSearchParams(),
  );
  expect(JSON.parse(capture.body).status).toBe('succeeded');
  const seqs = (await journalOf(second)).map((line) => line.seq);
  expect(new Set(seqs).size).toBe(seqs.length);
});

test('webhooks that nobody had accepted, and modifications that had not settled, survive the kill', async () => {
  const dataDir = await temporaryDirectory();
  const endpoint = await receiver();
  const first = await spawnSimulator('adyen', dataDir, ['--webhook-url', endpoint.url]);
  await admin(first, 'POST', '/webhooks', { mode: 'hold' });
  const { pspReference } = JSON.parse((await adyenPayment(first, 'r1')).body);
  await expect.poll(async () => (await admin(first, 'GET', '/webhooks')).body.held).toBe(1);
  await admin(first, 'POST', '/settings', { settleDelayMs: 3_000 });
  const capture = {
    merchantAccount: ADYEN_ACCOUNT,
    amount: { value: 1000, currency: 'EUR' },
    reference: 'c1',
  };
  const received = await adyenRequest(first, `/payments/${pspReference}/captures`, capture, 'capture-r1');
  expect(received.status).toBe(201);
  await killed(first.child);
  expect(endpoint.deliveries).toEqual([]);

  const second = await spawnSimulator('adyen', dataDir, ['--webhook-url', endpoint.url]);
  const events = () =>
    endpoint.deliveries.map(
      ({ body }) => JSON.parse(body).notificationItems[0].NotificationRequestItem.eventCode,
    );
  await expect.poll(events, { timeout: 10_000 }).toEqual(['AUTHORISATION', 'CAPTURE']);
  expect(await effectsOf(second, 'r1')).toEqual(['authorized', 'captured']);
  const replay = await adyenRequest(second, `/payments/${pspReference}/captures`, capture, 'capture-r1');
  expect(replay.body).toBe(received.body);
});

test('SIGTERM ends the process cleanly, and a bad command line says what is wrong', async () => {
  const running = await spawnSimulator('stripe', await temporaryDirectory());
  running.child.kill('SIGTERM');
  const [code] = await once(running.child, 'exit');
  expect(code).toBe(0);
  const bad = spawn(process.execPath, ['--import', 'tsx', MAIN, 'paypal'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [[text], [status]] = await Promise.all([once(bad.stderr, 'data'), once(bad, 'exit')]);
  expect(String(text)).toContain('provider');
  expect(status).toBe(2);
});
