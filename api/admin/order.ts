import type { Admin, AdminPage } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import type { OperatorCall, Reply } from '../route.ts';

/** What every route of administration does alike. */
type Ordered = OperatorCall<unknown, unknown, { readonly reason?: string | undefined }>;

/** Who orders it, and why. */
export function adminOf({ operator: { operatorId }, body: { reason } }: Ordered): Admin {
  return { actor: `operator:${operatorId}`, operatorId, ...(reason === undefined ? {} : { reason }) };
}

/** As unique as its request, and the same on a second try. */
export function idFor(prefix: string, requestId: string): string {
  return `${prefix}_${requestId.slice('req_'.length)}`;
}

export function pageReply<T>(page: AdminPage<T>, url: string, render: (row: T) => object): Reply {
  if (page.type === 'unknown_cursor')
    throw problem('parameter_invalid', {
      param: 'starting_after',
      message: 'There is nothing of this id to go on after.',
    });
  return {
    status: 200,
    body: { object: 'list', data: page.rows.map(render), has_more: page.hasMore, url },
  };
}

/** Adds what is told once to an answer that is new; who repeats the request gets the answer without it. */
export function tellingOnce(reply: Reply, told: Readonly<Record<string, string>>): Reply {
  if (reply.headers?.['Idempotent-Replayed'] !== undefined || typeof reply.body === 'string') return reply;
  return { ...reply, body: { ...reply.body, ...told } };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
