import type { EndpointStatus } from '../../../domain/events/states.ts';
import type { Mode } from '../../../domain/ids.ts';
import type { Db } from '../../client.ts';
import { olderThan } from '../../older-than.ts';
import type { KeptOnce, NamedRequest } from '../../requests/once.ts';
import {
  type EndpointChange,
  isEnabling,
  makeDueNow,
  type StoredEndpoint,
  toEndpoint,
} from '../endpoints.ts';
import { recordAdminAct } from '../people/admin-audit.ts';
import { type Admin, adminOnce } from './admin.ts';
import { type AdminPage, cursorOf } from './merchants.ts';

/** Any merchant's webhook endpoint, with how its deliveries stand. */
export interface AdminEndpoint extends StoredEndpoint {
  readonly merchantId: string;
  readonly pending: number;
  readonly dead: number;
}

export interface EndpointFilter {
  readonly limit: number;
  readonly merchantId?: string;
  readonly mode?: Mode;
  readonly status?: EndpointStatus;
  readonly startingAfter?: string;
}

/** What is done to an endpoint, as it is seen under its lock. */
export interface EndpointAct {
  readonly action: 'endpoint.disabled' | 'endpoint.enabled' | 'endpoint.secret_rotated';
  readonly change: Pick<EndpointChange, 'status' | 'sealedSecrets'>;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface EndpointAdministration {
  /** Newest first. */
  list(filter: EndpointFilter): Promise<AdminPage<AdminEndpoint>>;
  change(
    admin: Admin,
    request: NamedRequest,
    id: string,
    parts: {
      decide(sealedSecrets: Uint8Array): EndpointAct;
      answer(changed: AdminEndpoint): object;
    },
  ): Promise<KeptOnce>;
}

/** More of them are shown as this many: a count over a backlog must not be a scan of it. */
const COUNTED_AT_MOST = 1_000;

export function createEndpointAdministration(db: Db, reads: Db): EndpointAdministration {
  return {
    list: (filter) => listEndpoints(reads, filter),
    async change(admin, request, id, { decide, answer }) {
      const counts = await countsOf(db, [id]);
      return adminOnce(db, admin, request, async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM webhook_endpoint WHERE id = ${id} FOR UPDATE`;
        const row = await tx.webhookEndpoint.findUnique({ where: { id } });
        if (row === null) return undefined;
        const { action, change, details = {} } = decide(row.sealedSecrets);
        if (isEnabling(row, change)) await makeDueNow(tx, id);
        const changed = await tx.webhookEndpoint.update({
          where: { id },
          data: {
            ...change,
            ...(change.status === undefined
              ? {}
              : { disabledReason: change.status === 'disabled' ? (admin.reason ?? null) : null }),
            updatedAt: new Date(),
          },
        });
        const said = { merchant: row.merchantId, mode: row.mode, ...details };
        await recordAdminAct(tx, { ...admin, action, subject: id, details: said });
        return { subjectId: id, answer: answer(toAdminEndpoint(changed, counts.get(id))) };
      });
    },
  };
}

async function listEndpoints(db: Db, filter: EndpointFilter): Promise<AdminPage<AdminEndpoint>> {
  const { limit, startingAfter, ...asked } = filter;
  const cursor = await cursorOf(startingAfter, (id) =>
    db.webhookEndpoint.findUnique({ where: { id }, select: { id: true, createdAt: true } }),
  );
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.webhookEndpoint.findMany({
    where: { ...asked, ...(cursor === undefined ? {} : olderThan(cursor)) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    omit: { sealedSecrets: true },
  });
  const page = rows.slice(0, limit);
  const counts = await countsOf(
    db,
    page.map(({ id }) => id),
  );
  return {
    type: 'page',
    rows: page.map((row) => toAdminEndpoint(row, counts.get(row.id))),
    hasMore: rows.length > limit,
  };
}

interface Counts {
  readonly pending: number;
  readonly dead: number;
}

async function countsOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Counts>> {
  const rows = await db.$queryRaw<(Counts & { readonly id: string })[]>`
    SELECT e.id,
      (SELECT count(*)::int FROM (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = 'pending'
        LIMIT ${COUNTED_AT_MOST}::int) p) AS pending,
      (SELECT count(*)::int FROM (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = 'dead'
        LIMIT ${COUNTED_AT_MOST}::int) x) AS dead
    FROM unnest(${[...ids]}::text[]) AS e(id)`;
  return new Map(rows.map(({ id, pending, dead }) => [id, { pending, dead }]));
}

type Row = Parameters<typeof toEndpoint>[0] & { readonly merchantId: string };

function toAdminEndpoint(row: Row, counts: Counts = { pending: 0, dead: 0 }): AdminEndpoint {
  return { ...toEndpoint(row), merchantId: row.merchantId, ...counts };
}
