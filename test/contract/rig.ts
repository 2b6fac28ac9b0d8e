// What the contract kit drives: a provider adapter, the simulator behind it, and an endpoint that collects
// its webhooks. One rig per test file; every payment in it has references and keys of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  attemptIdFor,
  type OperationKind,
  operationIdFor,
  paymentIdFor,
  providerKeyFor,
} from '../../domain/ids.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type {
  AuthorizeRequest,
  CallContext,
  CardData,
  LookupRequest,
  LookupResult,
  Provider,
  ProviderAccount,
  ProviderConnection,
  WebhookEvent,
  WebhookVerdict,
} from '../../providers/provider.ts';
import { type CallTrace, openCall } from '../../providers/transport/index.ts';
import { type ProviderName, SIMULATORS, type SimulatorDefinition } from '../../sandbox/registry.ts';
import { startSimulatorOf } from '../../sandbox/simulator.ts';

export interface Delivery {
  readonly rawBody: Buffer;
  readonly headers: IncomingHttpHeaders;
}

export interface Effect {
  readonly effect: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly idempotencyKey: string | null;
}

export interface Performed {
  readonly outcome: OperationOutcome;
  readonly trace: CallTrace;
}

export interface PerformOptions {
  readonly totalDeadlineMs?: number;
}

export interface Rig {
  readonly provider: Provider;
  readonly account: ProviderAccount;
  readonly connection: ProviderConnection;
  /** Every outcome that any call came to, for the search for card data at the end. */
  readonly outcomes: unknown[];
  readonly deliveries: Delivery[];
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  fault(fault: Record<string, unknown>): Promise<void>;
  effects(reference: string, name?: string): Promise<readonly Effect[]>;
  arrivals(reference: string): Promise<readonly unknown[]>;
  verify(delivery: Delivery, change?: Partial<{ rawBody: Buffer; nowMs: number }>): WebhookVerdict;
  /** Everything verified so far. */
  events(): readonly WebhookEvent[];
  close(): Promise<void>;
}

export interface RigOptions {
  readonly provider: Provider;
  /** Its simulator; absent: the one of its name. */
  readonly simulator?: SimulatorDefinition;
  readonly settings?: Readonly<Record<string, string>>;
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Something between the adapter and the simulator, given the simulator's URL and answering its own. */
  readonly proxy?: (apiUrl: string) => Promise<string>;
}

const TIME_SCALE = 0.01;

export async function startRig(options: RigOptions): Promise<Rig> {
  const { provider, apiKey, webhookSecret, settings = {} } = options;
  const deliveries: Delivery[] = [];
  const endpoint = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      deliveries.push({ rawBody: Buffer.concat(chunks), headers: request.headers });
      response.end();
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const dataDir = await mkdtemp(join(tmpdir(), 'contract-'));
  const definition = options.simulator ?? SIMULATORS[provider.name as ProviderName];
  const simulator = await startSimulatorOf(definition, {
    provider: provider.name,
    port: 0,
    adminPort: 0,
    dataDir,
    timeScale: TIME_SCALE,
    webhookUrl: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`,
    apiKey,
    webhookSecret,
    merchantAccount: settings.merchantAccount,
  });
  const account: ProviderAccount = {
    id: `${provider.name}_contract`,
    baseUrl: (await options.proxy?.(simulator.apiUrl)) ?? simulator.apiUrl,
    settings,
    secrets: { apiKey, webhookSecret },
  };
  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${simulator.adminUrl}${path}`, init);
    const answer: unknown = await response.json();
    if (!response.ok && response.status !== 404) expect.fail(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const journal = async (reference: string) =>
    (await admin('GET', `/payments/${reference}`)) as { effects?: Effect[]; arrivals?: unknown[] };
  const verify: Rig['verify'] = ({ rawBody, headers }, change = {}) =>
    provider.webhook.verify({
      rawBody,
      headers: headers as Record<string, string | undefined>,
      secrets: account.secrets,
      nowMs: Date.now(),
      ...change,
    });
  return {
    provider,
    account,
    connection: provider.connect(account),
    outcomes: [],
    deliveries,
    admin,
    verify,
    fault: async (fault) => void (await admin('POST', '/faults', fault)),
    effects: async (reference, name) =>
      ((await journal(reference)).effects ?? []).filter(
        ({ effect }) => name === undefined || effect === name,
      ),
    arrivals: async (reference) => (await journal(reference)).arrivals ?? [],
    events: () =>
      deliveries
        .map((delivery) => verify(delivery))
        .flatMap((verdict) => (verdict.type === 'verified' ? verdict.events : [])),
    close: async () => {
      await simulator.close();
      endpoint.closeAllConnections();
      await new Promise((resolve) => endpoint.close(resolve));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** One call as the activity makes it: deadline, claim, the adapter under the call, close. */
export async function perform(
  rig: Rig,
  send: (connection: ProviderConnection) => Promise<OperationOutcome>,
  { totalDeadlineMs = 10_000 }: PerformOptions = {},
): Promise<Performed> {
  const call = openCall({ totalDeadlineMs });
  try {
    call.permitClaimed(performance.now());
    const outcome = await call.run(() => send(rig.connection));
    rig.outcomes.push(outcome);
    return { outcome, trace: call.trace };
  } finally {
    call.close();
  }
}

export async function ask(rig: Rig, request: LookupRequest): Promise<LookupResult> {
  const call = openCall({ totalDeadlineMs: 10_000, needsPermit: false });
  try {
    const { lookup } = rig.connection;
    if (lookup === undefined) return expect.fail(`${rig.provider.name} has no look-up`);
    const result = await call.run(() => lookup(request));
    rig.outcomes.push(result);
    return result;
  } finally {
    call.close();
  }
}

let payments = 0;
const RUN = `${process.pid}-${Date.now()}`;

/** One payment's names, as domain/ids.ts derives them. */
export class TestPayment {
  readonly paymentId = paymentIdFor('mer_contract', 'test', `${RUN}-${++payments}`);
  readonly reference = attemptIdFor(this.paymentId, 1);
  #operations = 0;

  /** A fresh operation: its own reference and key. */
  operation(kind: OperationKind): CallContext {
    this.#operations += 1;
    const number = this.#operations;
    const providerKey = providerKeyFor({ ownerId: this.paymentId, attemptNumber: 1, kind, number });
    const own = operationIdFor(this.paymentId, 1, kind, number);
    const reference = kind === 'authorize' || kind === 'sale' ? this.reference : own;
    return { providerKey, reference, resend: false };
  }

  authorization(card: CardData, change: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
    return {
      ...this.operation('authorize'),
      amountMinor: 4_200,
      currency: 'EUR',
      captureMethod: 'manual',
      multipleCaptures: false,
      card,
      ...change,
    };
  }
}

/** The reference that a successful authorization gives for what follows. */
export function referenceFrom(outcome: OperationOutcome): string {
  if (outcome.type === 'authorized' || outcome.type === 'captured') return outcome.providerReference;
  return expect.fail(`no authorization: ${JSON.stringify(outcome)}`);
}

/** Waits for a condition, never for a time. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const givenUpAt = Date.now() + 15_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > givenUpAt) return expect.fail(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Where an operation ends: at once, or as a verified webhook or the look-up tells. */
export async function settled(
  rig: Rig,
  outcome: OperationOutcome,
  question: LookupRequest,
): Promise<OperationOutcome> {
  if (outcome.type !== 'pending') return outcome;
  return await until(`the end of ${question.reference}`, async () => {
    if (rig.provider.webhookIs === 'hint') {
      const result = await ask(rig, question);
      return result.type === 'found' && result.outcome.type !== 'pending' ? result.outcome : undefined;
    }
    const told = rig
      .events()
      .find((event) => event.providerReference === outcome.providerReference && event.evidence !== undefined);
    return told?.evidence?.outcome;
  });
}
