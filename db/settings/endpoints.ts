import type { EndpointStatus } from '../../domain/events/states.ts';
import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import type { Prisma, WebhookEndpoint } from '../generated/client.ts';
import type { Owner } from '../read/payments.ts';
import type { StoredRequest } from '../requests/requests.ts';
import { type AdminAct, recordAdminAct } from './people/admin-audit.ts';

/** A merchant's webhook endpoint, without its secrets. */
export interface StoredEndpoint {
  readonly id: string;
  readonly mode: Mode;
  readonly url: string;
  readonly description?: string;
  /** Empty: all. */
  readonly eventTypes: readonly string[];
  readonly status: EndpointStatus;
  /** Why it was disabled, where that wasn't the merchant. */
  readonly disabledReason?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** The POST that changes an endpoint: its row holds the answer for every repetition. */
export interface EndpointRequest {
  readonly requestId: string;
  readonly path: string;
  readonly idempotencyKey: string;
  readonly bodyDigest: string;
  /** Whose request it is, where that isn't the endpoint's merchant: an operator's. */
  readonly requester?: Owner;
  /** Where a person does it: how it stands in the chain of administrators' acts. */
  readonly act?: Pick<AdminAct, 'actor' | 'action' | 'reason'>;
}

export interface NewEndpoint extends Omit<StoredEndpoint, 'status' | 'updatedAtMs' | 'mode'> {
  readonly sealedSecrets: Uint8Array<ArrayBuffer>;
}

export interface EndpointChange {
  readonly url?: string;
  readonly description?: string | null;
  readonly eventTypes?: readonly string[];
  readonly status?: EndpointStatus;
  readonly sealedSecrets?: Uint8Array<ArrayBuffer>;
}

/** What was decided under the endpoint's lock, with the answer that is kept for it: any JSON object. */
export interface EndpointDecision {
  readonly change: EndpointChange | 'delete';
  answer(changed: StoredEndpoint): object;
}

/** `repeated`: an earlier request has done it, and this one did nothing. */
export type Kept =
  | { readonly type: 'done' | 'repeated'; readonly stored: StoredRequest }
  | { readonly type: 'absent' }
  | { readonly type: 'too_many' };

export interface EndpointRegister {
  find(owner: Owner, id: string): Promise<StoredEndpoint | undefined>;
  /** Oldest first, all of them: there are few. */
  list(owner: Owner): Promise<readonly StoredEndpoint[]>;
  create(
    owner: Owner,
    request: EndpointRequest,
    endpoint: NewEndpoint,
    answer: (made: StoredEndpoint) => object,
  ): Promise<Kept>;
  /** `decide` sees the endpoint as it is, locked, with its sealed secrets. */
  change(
    owner: Owner,
    request: EndpointRequest,
    id: string,
    decide: (current: StoredEndpoint, sealedSecrets: Uint8Array) => EndpointDecision,
  ): Promise<Kept>;
}

/** Of one merchant and mode. Every event is matched against each of them. */
export const MAX_ENDPOINTS = 16;

export type Transaction = Prisma.TransactionClient;

export function createEndpointRegister(db: Db): EndpointRegister {
  return {
    async find({ merchantId, mode }, id) {
      const row = await db.webhookEndpoint.findFirst({
        where: { id, merchantId, mode },
        omit: { sealedSecrets: true },
      });
      return row === null ? undefined : toEndpoint(row);
    },
    async list({ merchantId, mode }) {
      const rows = await db.webhookEndpoint.findMany({
        where: { merchantId, mode },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        omit: { sealedSecrets: true },
      });
      return rows.map(toEndpoint);
    },
    create: (owner, request, endpoint, answer) =>
      db.$transaction(async (tx) => {
        const { merchantId, mode } = owner;
        // One at a time for each merchant, so that the count below stays true until the commit.
        await tx.$executeRaw`
          SELECT pg_advisory_xact_lock(hashtextextended(${`webhook_endpoint/${mode}/${merchantId}`}, 0))`;
        const earlier = await findRequest(tx, request);
        if (earlier !== undefined) return { type: 'repeated', stored: earlier };
        const count = await tx.webhookEndpoint.count({ where: { merchantId, mode } });
        if (count >= MAX_ENDPOINTS) return { type: 'too_many' };
        const { createdAtMs, eventTypes, ...rest } = endpoint;
        const at = new Date(createdAtMs);
        const row = await tx.webhookEndpoint.create({
          data: { ...rest, merchantId, mode, eventTypes: [...eventTypes], createdAt: at, updatedAt: at },
        });
        return keep(tx, owner, request, row.id, answer(toEndpoint(row)));
      }),
    change: (owner, request, id, decide) =>
      underLock(db, owner, request, id, async (tx, row) => {
        const { change, answer } = decide(toEndpoint(row), row.sealedSecrets);
        if (change === 'delete') {
          await tx.webhookEndpoint.delete({ where: { id } });
          return answer(toEndpoint(row));
        }
        const { eventTypes, status, ...rest } = change;
        if (isEnabling(row, change)) await makeDueNow(tx, id);
        const changed = await tx.webhookEndpoint.update({
          where: { id },
          data: {
            ...rest,
            ...(eventTypes === undefined ? {} : { eventTypes: [...eventTypes] }),
            ...(status === undefined ? {} : { status, disabledReason: null }),
            updatedAt: new Date(),
          },
        });
        return answer(toEndpoint(changed));
      }),
  };
}

/** Whether a change makes a disabled endpoint an enabled one: then what waits is sent. */
export function isEnabling(before: { readonly status: string }, { status }: EndpointChange): boolean {
  return before.status !== 'enabled' && status === 'enabled';
}

/** What is made due at once: a second's work at most, within the transaction that enables the endpoint. */
const DUE_AT_ONCE = 10_000;

/**
 * What stood in the middle of its waits when the endpoint was disabled is due now: it's there again. Only a payment's
 * first pending delivery has a time; those behind it keep waiting for it. Where very many wait, it is those whose own time is
 * the furthest: the others come sooner by themselves.
 */
export async function makeDueNow(tx: Transaction, endpointId: string, most = DUE_AT_ONCE): Promise<void> {
  await tx.$executeRaw`
    UPDATE webhook_delivery d SET next_attempt_at = date_trunc('milliseconds', statement_timestamp()) FROM (
      SELECT event_id FROM webhook_delivery
      WHERE endpoint_id = ${endpointId} AND status = 'pending' AND next_attempt_at > statement_timestamp()
      ORDER BY next_attempt_at DESC LIMIT ${most}::int) waiting
    WHERE d.endpoint_id = ${endpointId} AND d.event_id = waiting.event_id AND d.status = 'pending'`;
}

/**
 * Does what `act` does once for a request, and keeps its answer with it, in one transaction under the endpoint's lock:
 * a repetition that comes at the same time waits here, and then finds the answer.
 */
export function underLock(
  db: Db,
  owner: Owner,
  request: EndpointRequest,
  id: string,
  act: (tx: Transaction, row: WebhookEndpoint) => Promise<object>,
): Promise<Kept> {
  const { merchantId, mode } = owner;
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT 1 FROM webhook_endpoint WHERE id = ${id} AND merchant_id = ${merchantId} AND mode = ${mode} FOR UPDATE`;
    const earlier = await findRequest(tx, request);
    if (earlier !== undefined) return { type: 'repeated', stored: earlier };
    const row = await tx.webhookEndpoint.findFirst({ where: { id, merchantId, mode } });
    if (row === null) return { type: 'absent' };
    return keep(tx, owner, request, id, await act(tx, row));
  });
}

async function findRequest(
  tx: Transaction,
  { requestId }: EndpointRequest,
): Promise<StoredRequest | undefined> {
  const row = await tx.request.findUnique({
    where: { id: requestId },
    select: { bodyDigest: true, subjectId: true, answer: true },
  });
  return row ?? undefined;
}

async function keep(
  tx: Transaction,
  owner: Owner,
  { requestId, requester = owner, act, ...request }: EndpointRequest,
  subjectId: string,
  answer: object,
): Promise<Kept> {
  const { bodyDigest } = request;
  const { merchantId, mode } = requester;
  await tx.request.create({
    data: { id: requestId, ...request, merchantId, mode, subjectId, answer, answeredAt: new Date() },
  });
  const details = { merchant: owner.merchantId, mode: owner.mode };
  if (act !== undefined) await recordAdminAct(tx, { ...act, subject: subjectId, details });
  return { type: 'done', stored: { bodyDigest, subjectId, answer } };
}

export function toEndpoint(row: Omit<WebhookEndpoint, 'sealedSecrets'>): StoredEndpoint {
  return {
    id: row.id,
    mode: row.mode as Mode,
    url: row.url,
    ...(row.description === null ? {} : { description: row.description }),
    eventTypes: row.eventTypes,
    status: row.status as EndpointStatus,
    ...(row.disabledReason === null ? {} : { disabledReason: row.disabledReason }),
    createdAtMs: row.createdAt.getTime(),
    updatedAtMs: row.updatedAt.getTime(),
  };
}
