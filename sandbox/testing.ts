// Helpers of the sandbox's own tests: a simulator on free ports, an endpoint that collects webhooks, and a
// client raw enough to see resets and cut bodies.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JournalLine } from './journal.ts';
import type { ProviderName } from './registry.ts';
import { type Simulator, type SimulatorSettings, startSimulator } from './simulator.ts';

export const STRIPE_KEY = 'sk_test_sandbox';
export const ADYEN_KEY = 'adyen_test_sandbox';
export const ADYEN_ACCOUNT = 'SandboxECOM';

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function simulator(
  provider: ProviderName,
  settings: Partial<SimulatorSettings> = {},
): Promise<Simulator & { dataDir: string }> {
  const dataDir = settings.dataDir ?? (await temporaryDirectory());
  const started = await startSimulator({
    provider,
    port: 0,
    adminPort: 0,
    timeScale: 1,
    ...settings,
    dataDir,
  });
  onTestFinished(() => started.close().catch(() => {}));
  return { ...started, dataDir };
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface RawRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
}

/** One request on a connection of its own. Rejects with the socket's error code. */
export function raw(
  url: string,
  { method, headers, body, timeoutMs = 5_000 }: RawRequest = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), agent: false as const };
    const request = httpRequest(
      url,
      { ...options, headers: { ...headers, Connection: 'close' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      },
    );
    request.setTimeout(timeoutMs, () =>
      request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    );
    request.on('error', reject);
    request.end(body);
  });
}

export async function admin(sim: Simulator, method: string, path: string, body?: unknown) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await raw(`${sim.adminUrl}${path}`, {
    method,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: answer.status, body: JSON.parse(answer.body) };
}

export async function journalOf(sim: Simulator, reference?: string): Promise<JournalLine[]> {
  const lines: JournalLine[] = (await admin(sim, 'GET', '/journal')).body;
  return reference === undefined ? lines : lines.filter((line) => line.reference === reference);
}

export async function effectsOf(sim: Simulator, reference: string): Promise<string[]> {
  const lines = await journalOf(sim, reference);
  return lines.filter((line) => line.kind === 'effect').map((line) => String(line.effect));
}

/** A Stripe request with a card, confirmed at once. */
export function stripePayment(sim: Simulator, reference: string, overrides: Record<string, string> = {}) {
  const { key = `key-${reference}`, ...fields } = overrides;
  const body = new URLSearchParams({
    amount: '1000',
    currency: 'eur',
    confirm: 'true',
    capture_method: 'manual',
    'payment_method_data[type]': 'card',
    'payment_method_data[card][number]': '4242424242424242',
    'payment_method_data[card][exp_month]': '3',
    'payment_method_data[card][exp_year]': '2034',
    'payment_method_data[card][cvc]': '737',
    'metadata[reference]': reference,
    ...fields,
  });
  return stripeRequest(sim, '/v1/payment_intents', body, key);
}

export function stripeRequest(
  sim: Simulator,
  path: string,
  body?: URLSearchParams,
  key?: string,
  timeoutMs?: number,
) {
  return raw(`${sim.apiUrl}${path}`, {
    headers: {
      Authorization: `Bearer ${STRIPE_KEY}`,
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    },
    ...(body === undefined ? {} : { body: body.toString() }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

export function adyenRequest(sim: Simulator, path: string, body: unknown, key?: string, timeoutMs?: number) {
  return raw(`${sim.apiUrl}/v72${path}`, {
    headers: {
      'X-API-Key': ADYEN_KEY,
      'Content-Type': 'application/json',
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    },
    body: JSON.stringify(body),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

export function adyenBody(
  reference: string,
  overrides: Record<string, unknown> = {},
  holderName = 'Ada Lovelace',
) {
  return {
    amount: { value: 1000, currency: 'EUR' },
    reference,
    merchantAccount: ADYEN_ACCOUNT,
    returnUrl: 'https://merchant.example/return',
    paymentMethod: {
      type: 'scheme',
      number: '4111111111111111',
      expiryMonth: '03',
      expiryYear: '2030',
      cvc: '737',
      holderName,
    },
    ...overrides,
  };
}

export function adyenPayment(sim: Simulator, reference: string, holderName?: string) {
  return adyenRequest(sim, '/payments', adyenBody(reference, {}, holderName), `key-${reference}`);
}

export interface Delivery {
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Receiver {
  url: string;
  deliveries: Delivery[];
  /** Answers of the next deliveries; 200 after that. */
  refuseNext(times: number): void;
}

export async function receiver(): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  let refusals = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const refused = refusals > 0;
      if (refused) refusals -= 1;
      else deliveries.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(refused ? 503 : 202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const refuseNext = (times: number) => {
    refusals = times;
  };
  return { url: `http://127.0.0.1:${port}/webhooks`, deliveries, refuseNext };
}
