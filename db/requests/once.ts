import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import type { Prisma } from '../generated/client.ts';
import type { StoredRequest } from './requests.ts';

export type Transaction = Prisma.TransactionClient;

/** A merchant's POST, named so that its repetition has the same name. */
export interface NamedRequest {
  readonly requestId: string;
  readonly path: string;
  readonly idempotencyKey: string;
  readonly bodyDigest: string;
}

/** What was done, and the answer that is kept for every repetition: any JSON object. */
export interface Done {
  readonly subjectId: string;
  readonly answer: object;
}

/** `repeated`: an earlier request has done it, and this one did nothing. `absent`: there was nothing to do it to. */
export type KeptOnce =
  | { readonly type: 'done' | 'repeated'; readonly stored: StoredRequest }
  | { readonly type: 'absent' };

class Repeated extends Error {}

/** The lock of a request against its own repetition. */
export const SAME_REQUEST = Symbol('the same request');

const STORED = { bodyDigest: true, subjectId: true, answer: true } as const;

/**
 * Does what `act` does once for a request, and keeps its answer with it, in one transaction. The request's row goes in
 * last: of two at once the second waits there for the first one's commit, takes back what it did, and reads the answer.
 * Where doing it twice at once would refuse the second, `lock` names what only one at a time may be about: the second
 * then waits before it acts. `SAME_REQUEST` is for acts that a repetition can't do at all: what makes a row of its name.
 */
export async function doOnce(
  db: Db,
  { merchantId, mode }: { readonly merchantId: string; readonly mode: Mode },
  { requestId, ...request }: NamedRequest,
  act: (tx: Transaction) => Promise<Done | undefined>,
  lock?: string | typeof SAME_REQUEST,
): Promise<KeptOnce> {
  try {
    return await db.$transaction(async (tx) => {
      if (lock !== undefined) {
        const name = lock === SAME_REQUEST ? `request/${requestId}` : lock;
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
        const stored = await tx.request.findUnique({ where: { id: requestId }, select: STORED });
        if (stored !== null) return { type: 'repeated', stored };
      }
      const done = await act(tx);
      if (done === undefined) return { type: 'absent' };
      const row = { id: requestId, ...request, merchantId, mode, ...done, answeredAt: new Date() };
      const { count } = await tx.request.createMany({ data: [row], skipDuplicates: true });
      if (count === 0) throw new Repeated();
      return { type: 'done', stored: { bodyDigest: request.bodyDigest, ...done } };
    });
  } catch (error) {
    if (!(error instanceof Repeated)) throw error;
    const stored = await db.request.findUniqueOrThrow({ where: { id: requestId }, select: STORED });
    return { type: 'repeated', stored };
  }
}
