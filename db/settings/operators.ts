import type { Db } from '../client.ts';

export interface OperatorIdentity {
  readonly operatorId: string;
  readonly name: string;
}

/** A command of an operator's that was not carried out, or of somebody who is none. */
export interface RefusedCommand {
  readonly operatorId?: string;
  readonly method: string;
  /** The concrete path, without the query. */
  readonly path: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
}

export interface OperatorRegister {
  /** Undefined for an unknown or a revoked key. */
  operatorOf(digest: string): Promise<OperatorIdentity | undefined>;
  /** Append-only: the table takes no change and no removal, whoever asks. */
  recordRefusal(refused: RefusedCommand): Promise<void>;
}

export function createOperatorRegister(db: Db): OperatorRegister {
  return {
    async operatorOf(digest) {
      const row = await db.operator.findFirst({
        where: { digest, revokedAt: null },
        select: { id: true, name: true },
      });
      return row === null ? undefined : { operatorId: row.id, name: row.name };
    },
    async recordRefusal(refused) {
      await db.operatorRefusal.create({ data: refused });
    },
  };
}
