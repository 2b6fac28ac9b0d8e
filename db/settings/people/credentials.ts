import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { type OperatorIdentity, roleOf } from '../operators.ts';
import { recordAdminAct } from './admin-audit.ts';
import { type RevokedBecause, revokeSessions } from './sessions.ts';

/** What a person proves who they are with. */
export interface Credentials extends OperatorIdentity {
  readonly email: string;
  readonly passwordHash?: string;
  readonly isDisabled: boolean;
  /** Also one that was begun and never confirmed. */
  readonly sealedTotp?: Uint8Array;
  readonly isTotpConfirmed: boolean;
}

/** What people do to their own account; each is written into the administrators' chain. */
export interface CredentialRegister {
  /** By the e-mail in lower case; also of somebody who is disabled. */
  byEmail(email: string): Promise<Credentials | undefined>;
  byId(operatorId: string): Promise<Credentials | undefined>;
  /** Ends every session of theirs. */
  changePassword(operatorId: string, passwordHash: string, nowMs: number): Promise<void>;
  beginTotp(operatorId: string, sealed: Uint8Array<ArrayBuffer>): Promise<void>;
  /** False: the secret has been confirmed, or replaced, meanwhile, or the code was used. */
  confirmTotp(operatorId: string, step: number, nowMs: number): Promise<boolean>;
  removeTotp(operatorId: string, nowMs: number): Promise<void>;
  /** A code counts once, and so does every earlier one: false where this step, or a later one, was used. */
  spendCode(operatorId: string, step: number): Promise<boolean>;
  note(operatorId: string, action: string, details?: Readonly<Record<string, unknown>>): Promise<void>;
}

const SELECT = {
  id: true,
  name: true,
  email: true,
  role: true,
  passwordHash: true,
  disabledAt: true,
  sealedTotp: true,
  totpConfirmedAt: true,
} as const;

export function createCredentialRegister(db: Db): CredentialRegister {
  const find = async (where: { id: string } | { email: string }): Promise<Credentials | undefined> => {
    const row = await db.operator.findUnique({ where, select: SELECT });
    if (row === null || row.email === null) return undefined;
    return {
      operatorId: row.id,
      name: row.name,
      email: row.email,
      role: roleOf(row.role),
      ...(row.passwordHash === null ? {} : { passwordHash: row.passwordHash }),
      isDisabled: row.disabledAt !== null,
      ...(row.sealedTotp === null ? {} : { sealedTotp: row.sealedTotp }),
      isTotpConfirmed: row.totpConfirmedAt !== null,
    };
  };
  /** A change of one's own, what it ends, and its row in the chain: all or nothing. */
  const changeOwn = (
    operatorId: string,
    data: Prisma.OperatorUpdateManyMutationInput,
    act: { action: string; ends?: RevokedBecause; nowMs: number; where?: Prisma.OperatorWhereInput },
  ): Promise<boolean> =>
    db.$transaction(async (tx) => {
      const { count } = await tx.operator.updateMany({ where: { ...act.where, id: operatorId }, data });
      if (count === 0) return false;
      if (act.ends !== undefined) await revokeSessions(tx, { operatorId }, act.ends, act.nowMs);
      await recordAdminAct(tx, { actor: `operator:${operatorId}`, action: act.action, subject: operatorId });
      return true;
    });
  return {
    byEmail: (email) => find({ email }),
    byId: (id) => find({ id }),
    async changePassword(operatorId, passwordHash, nowMs) {
      const data = { passwordHash, passwordExpired: false };
      await changeOwn(operatorId, data, { action: 'person.password_changed', ends: 'password', nowMs });
    },
    async beginTotp(operatorId, sealedTotp) {
      // While one is confirmed it is needed to sign in, and nothing that is not proven to work replaces it.
      await db.operator.updateMany({
        where: { id: operatorId, totpConfirmedAt: null },
        data: { sealedTotp, totpLastStep: null },
      });
    },
    confirmTotp: (operatorId, step, nowMs) =>
      changeOwn(
        operatorId,
        { totpConfirmedAt: new Date(nowMs), totpLastStep: BigInt(step) },
        {
          action: 'person.totp_confirmed',
          nowMs,
          where: { totpConfirmedAt: null, sealedTotp: { not: null } },
        },
      ),
    async removeTotp(operatorId, nowMs) {
      const data = { sealedTotp: null, totpConfirmedAt: null, totpLastStep: null };
      await changeOwn(operatorId, data, { action: 'person.totp_removed', nowMs });
    },
    async spendCode(operatorId, step) {
      const used = await db.$executeRaw(Prisma.sql`
        UPDATE operator SET totp_last_step = ${step}::bigint
        WHERE id = ${operatorId} AND totp_confirmed_at IS NOT NULL
          AND (totp_last_step IS NULL OR totp_last_step < ${step}::bigint)`);
      return used === 1;
    },
    async note(operatorId, action, details) {
      await recordAdminAct(db, {
        actor: `operator:${operatorId}`,
        action,
        subject: operatorId,
        ...(details === undefined ? {} : { details }),
      });
    },
  };
}
