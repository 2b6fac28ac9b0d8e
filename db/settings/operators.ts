import { isRole, type Role } from '../../domain/access/roles.ts';
import type { Db } from '../client.ts';

export interface OperatorIdentity {
  readonly operatorId: string;
  readonly name: string;
  readonly role: Role;
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
  /** Undefined for an unknown or a revoked key, and for one of a person who is disabled. */
  operatorOf(digest: string): Promise<OperatorIdentity | undefined>;
  /** Append-only: the table takes no change and no removal, whoever asks. */
  recordRefusal(refused: RefusedCommand): Promise<void>;
}

export function createOperatorRegister(db: Db): OperatorRegister {
  return {
    async operatorOf(digest) {
      const row = await db.operator.findFirst({
        where: { digest, revokedAt: null, disabledAt: null },
        select: { id: true, name: true, role: true },
      });
      return row === null ? undefined : { operatorId: row.id, name: row.name, role: roleOf(row.role) };
    },
    async recordRefusal(refused) {
      await db.operatorRefusal.create({ data: refused });
    },
  };
}

/** The table's constraint allows no other word; one that this release does not know may do the least. */
export function roleOf(text: string): Role {
  return isRole(text) ? text : 'read_only';
}
