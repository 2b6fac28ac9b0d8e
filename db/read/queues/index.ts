/**
 * db/read/queues/: what waits for a person, across merchants: operations in doubt, webhooks that were given up, letters that
 * nobody could place, payments held back, and what a second person has to approve. Pages and counts are bounded, in rows
 * and in time, and each enters a partial index. What may not live here: exceptions themselves (../cases.ts) and any write.
 */
import type { Mode } from '../../../domain/ids.ts';
import type { Db } from '../../client.ts';
import { countKinds, countQueues, type KindCount, type QueueLengths } from './counts.ts';
import {
  type DeadDeliveryFilter,
  type DeadDeliveryPage,
  type LetterFilter,
  type LetterPage,
  listDeadDeliveries,
  listLetters,
} from './dead-letters.ts';
import { listUnknowns, type UnknownFilter, type UnknownPage } from './unknowns.ts';
import { type Approvals, type HeldPage, listApprovals, listHeld } from './waiting.ts';

export { type KindCount, MAX_COUNTED, QUEUES, type QueueLengths, type QueueName } from './counts.ts';
export type { DeadDelivery, UnplacedLetter } from './dead-letters.ts';
export type { UnknownOperation } from './unknowns.ts';
export type { Approvals, HeldPayment, ProposedPolicy } from './waiting.ts';

export interface QueueReader {
  lengths(): Promise<QueueLengths>;
  kinds(): Promise<readonly KindCount[]>;
  unknowns(filter: UnknownFilter): Promise<UnknownPage>;
  deadDeliveries(filter: DeadDeliveryFilter): Promise<DeadDeliveryPage>;
  letters(filter: LetterFilter): Promise<LetterPage>;
  held(filter: Parameters<typeof listHeld>[1]): Promise<HeldPage>;
  approvals(limit: number): Promise<Approvals>;
  /** Whose endpoint it is. */
  endpointOwner(id: string): Promise<{ readonly merchantId: string; readonly mode: Mode } | undefined>;
}

export function createQueueReader(db: Db): QueueReader {
  return {
    lengths: () => countQueues(db),
    kinds: () => countKinds(db),
    unknowns: (filter) => listUnknowns(db, filter),
    deadDeliveries: (filter) => listDeadDeliveries(db, filter),
    letters: (filter) => listLetters(db, filter),
    held: (filter) => listHeld(db, filter),
    approvals: (limit) => listApprovals(db, limit),
    async endpointOwner(id) {
      const row = await db.webhookEndpoint.findUnique({
        where: { id },
        select: { merchantId: true, mode: true },
      });
      return row === null ? undefined : { merchantId: row.merchantId, mode: row.mode as Mode };
    },
  };
}
