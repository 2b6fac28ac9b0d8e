// The admin server: the oracle, the faults, and what only a test may do to a provider.
// It listens on a port of its own, so that it answers while the API refuses connections.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { challenges, isOpen, pageUrl } from './acs/challenge.ts';
import { type FaultBoard, faultRequest } from './faults.ts';
import { readBody, send } from './http.ts';
import type { Kernel } from './kernel.ts';
import type { ProviderSimulator } from './provider.ts';
import { type AdminAnswer, settlementAdmin } from './settlement/admin.ts';
import { type Dispatcher, webhookRequest } from './webhooks.ts';

export interface AdminParts {
  provider: ProviderSimulator;
  kernel: Kernel;
  faults: FaultBoard;
  dispatcher: Dispatcher;
}

const delayMs = z.number().int().min(0).max(3_600_000);
const settingsRequest = z.strictObject({
  settleDelayMs: delayMs.optional(),
  challengeReportDelayMs: delayMs.optional(),
  challengeTimeScale: z.number().positive().max(1_000).optional(),
});
const releaseRequest = z.strictObject({ order: z.enum(['fifo', 'reverse']).default('fifo') });
/** The words of the providers' test pages, and ours for the two ways in which time runs out. */
const OUTCOMES = {
  succeeded: 'approved',
  failed: 'failed',
  canceled: 'canceled',
  timed_out: 'timed_out',
  never_shown: 'never_shown',
} as const;
const authenticateRequest = z.strictObject({
  outcome: z.enum(Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[]).default('succeeded'),
  reportDelayMs: delayMs.optional(),
});
const lateSuccessRequest = z.strictObject({
  amountMinor: z.number().int().positive().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
  capture: z.boolean().optional(),
});

export function createAdminHandler(parts: AdminParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reply = await answer(parts, request).catch((error: unknown) => explain(error));
    send(response, {
      status: reply.status,
      headers: { 'Content-Type': reply.contentType ?? 'application/json' },
      body: reply.text ?? JSON.stringify(reply.body),
    });
  };
}

function explain(error: unknown): AdminAnswer {
  if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } };
  if (error instanceof SyntaxError) return { status: 400, body: { error: error.message } };
  return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
}

async function answer(parts: AdminParts, request: IncomingMessage): Promise<AdminAnswer> {
  const url = new URL(request.url ?? '/', 'http://admin');
  const text = await readBody(request);
  const body: unknown = text === '' ? {} : JSON.parse(text);
  const [, first = '', second, third] = url.pathname.split('/').map(decodeURIComponent);
  const method = request.method ?? 'GET';
  if (first === 'payments' && second !== undefined) return payment(parts, method, second, third, body);
  if (first === 'faults') return await faults(parts, method, body);
  const { settler } = parts.provider;
  const house = { kernel: parts.kernel, ...(settler === undefined ? {} : { settler }) };
  const settled = await settlementAdmin(house, method, url, body);
  if (settled !== undefined) return settled;
  const route = `${method} ${url.pathname}`;
  switch (route) {
    case 'GET /healthz':
      return { status: 200, body: { status: 'ok', provider: parts.provider.name } };
    case 'GET /journal':
      // What is shown must be on disk: the oracle never takes anything back.
      await parts.kernel.journal.durable();
      return { status: 200, body: parts.kernel.log(Number(url.searchParams.get('since') ?? 0)) };
    case 'GET /webhooks':
      return { status: 200, body: parts.dispatcher.describe() };
    case 'POST /webhooks':
      parts.dispatcher.configure(webhookRequest.parse(body));
      return { status: 200, body: parts.dispatcher.describe() };
    case 'POST /webhooks/release':
      return { status: 200, body: { released: parts.dispatcher.release(releaseRequest.parse(body).order) } };
    case 'POST /settings': {
      const { kernel } = parts;
      Object.assign(kernel, settingsRequest.parse(body));
      const { settleDelayMs, challengeReportDelayMs, challengeTimeScale } = kernel;
      return { status: 200, body: { settleDelayMs, challengeReportDelayMs, challengeTimeScale } };
    }
    case 'GET /challenges':
      return { status: 200, body: listed(parts, url.searchParams) };
    case 'POST /reset':
      await parts.faults.clear();
      parts.dispatcher.reset();
      await parts.kernel.reset();
      return { status: 200, body: { status: 'reset' } };
    default:
      return { status: 404, body: { error: `no such admin endpoint: ${route}` } };
  }
}

/** The challenges that wait for a cardholder, or with `all` every one; `reference` picks one payment's. */
function listed({ kernel, provider }: AdminParts, query: URLSearchParams): unknown[] {
  const reference = query.get('reference');
  return kernel.store
    .values(challenges)
    .filter((row) => (query.has('all') || isOpen(row)) && (reference === null || row.reference === reference))
    .map((row) => ({
      id: row.id,
      reference: row.reference,
      payment: row.payment,
      state: row.state,
      pageUrl: pageUrl(provider, row.id),
      amountMinor: row.amountMinor,
      currency: row.currency,
      deadlineAt: row.deadlineAt === null ? null : new Date(row.deadlineAt).toISOString(),
      result: row.result,
    }));
}

async function faults(parts: AdminParts, method: string, body: unknown): Promise<AdminAnswer> {
  if (method === 'GET') return { status: 200, body: parts.faults.list() };
  if (method === 'POST') return { status: 201, body: await parts.faults.add(faultRequest.parse(body)) };
  if (method !== 'DELETE') return { status: 405, body: { error: 'GET, POST or DELETE' } };
  await parts.faults.clear();
  return { status: 200, body: [] };
}

async function payment(
  { provider, kernel }: AdminParts,
  method: string,
  reference: string,
  verb: string | undefined,
  body: unknown,
): Promise<AdminAnswer> {
  if (method === 'GET' && verb === undefined) {
    const lines = kernel.log().filter((line) => line.reference === reference);
    const arrivals = lines.filter((line) => line.kind === 'arrival');
    const effects = lines.filter((line) => line.kind === 'effect');
    const payments = provider.find(reference);
    const known = payments.length > 0 || lines.length > 0;
    return { status: known ? 200 : 404, body: { reference, payments, arrivals, effects } };
  }
  const tx = kernel.begin();
  if (method === 'POST' && verb === 'late-success') {
    const outcome = provider.lateSuccess(tx, { reference, ...lateSuccessRequest.parse(body) });
    kernel.commit(tx);
    await kernel.journal.durable();
    const status = { succeeded: 200, already_succeeded: 409, not_found: 404 }[outcome];
    return { status, body: { reference, outcome, payments: provider.find(reference) } };
  }
  if (method === 'POST' && verb === 'authenticate') {
    const { outcome, reportDelayMs } = authenticateRequest.parse(body);
    const done = provider.authenticate(tx, { reference, outcome: OUTCOMES[outcome], reportDelayMs });
    kernel.commit(tx);
    await kernel.journal.durable();
    const payments = provider.find(reference);
    return { status: done === undefined ? 404 : 200, body: { reference, ...done, payments } };
  }
  return { status: 404, body: { error: `no such admin endpoint: ${method} payments/${verb ?? ''}` } };
}
