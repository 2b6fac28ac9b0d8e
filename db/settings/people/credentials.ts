import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { type OperatorIdentity, roleOf } from '../operators.ts';
import { recordAdminAct } from './admin-audit.ts';
import { type RevokedBecause, revokeSessions } from './sessions.ts';

/** What a person proves who they are with. */
export interface Credentials extends OperatorIdentity {
  readonly email: string;
  readonly passwordHash?: string;
  /** Of a one-time password: from then on it is as wrong as any other. */
  readonly passwordExpiresAtMs?: number;
  readonly isDisabled: boolean;
  /** Also one that was begun and never confirmed. */
  readonly sealedTotp?: Uint8Array<ArrayBuffer>;
  readonly isTotpConfirmed: boolean;
}

/** Of somebody whose password was judged and right. What they change then is changed only while it still is theirs. */
export interface Proven extends Credentials {
  readonly passwordHash: string;
}

/** What people do to their own account; each is written into the administrators' chain. */
export interface CredentialRegister {
  /** By the e-mail in lower case; also of somebody who is disabled. */
  byEmail(email: string): Promise<Credentials | undefined>;
  byId(operatorId: string): Promise<Credentials | undefined>;
  /** Ends every session of theirs. False: the password that was judged is not theirs any more, or they were disabled. */
  changePassword(person: Proven, passwordHash: string, nowMs: number): Promise<boolean>;
  /** False: the password that was judged is not theirs any more, or a secret has been confirmed meanwhile. */
  beginTotp(person: Proven, sealed: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Ends their other sessions. False: the secret that was judged has been confirmed, or replaced, meanwhile. */
  confirmTotp(operatorId: string, code: JudgedCode, own: OwnSession): Promise<boolean>;
  /** Ends their other sessions. False: the password that was judged is not theirs any more. */
  removeTotp(person: Proven, own: OwnSession): Promise<boolean>;
  /** A code counts once, and so does every earlier one: false where this step, or a later one, was used. */
  spendCode(operatorId: string, code: JudgedCode): Promise<boolean>;
  note(operatorId: string, action: string, details?: Readonly<Record<string, unknown>>): Promise<void>;
}

/** A code that was right, by its step and the secret that made it. */
export interface JudgedCode {
  readonly step: number;
  readonly sealedTotp: Uint8Array<ArrayBuffer>;
}

/** The session that a change comes by, which goes on. */
export interface OwnSession {
  readonly digest: string;
  readonly nowMs: number;
}

const SELECT = {
  id: true,
  name: true,
  email: true,
  role: true,
  passwordHash: true,
  passwordExpiresAt: true,
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
      ...(row.passwordExpiresAt === null ? {} : { passwordExpiresAtMs: row.passwordExpiresAt.getTime() }),
      isDisabled: row.disabledAt !== null,
      ...(row.sealedTotp === null ? {} : { sealedTotp: row.sealedTotp }),
      isTotpConfirmed: row.totpConfirmedAt !== null,
    };
  };
  /** A change of one's own, what it ends, and its row in the chain: all or nothing. */
  const changeOwn = (
    operatorId: string,
    data: Prisma.OperatorUpdateManyMutationInput,
    where: Prisma.OperatorWhereInput,
    act: { action: string; ends: RevokedBecause; nowMs: number; except?: string },
  ): Promise<boolean> =>
    db.$transaction(async (tx) => {
      const { count } = await tx.operator.updateMany({ where: { ...where, id: operatorId }, data });
      if (count === 0) return false;
      await revokeSessions(tx, { operatorId }, act.ends, act.nowMs, act.except);
      await recordAdminAct(tx, { actor: `operator:${operatorId}`, action: act.action, subject: operatorId });
      return true;
    });
  return {
    byEmail: (email) => find({ email }),
    byId: (id) => find({ id }),
    changePassword(person, passwordHash, nowMs) {
      const data = { passwordHash, passwordExpired: false, passwordExpiresAt: null };
      const act = { action: 'person.password_changed', ends: 'password', nowMs } as const;
      return changeOwn(person.operatorId, data, stillTheirs(person), act);
    },
    async beginTotp(person, sealedTotp) {
      // While one is confirmed it is needed to sign in, and nothing that is not proven to work replaces it.
      const { count } = await db.operator.updateMany({
        where: { ...stillTheirs(person), id: person.operatorId, totpConfirmedAt: null },
        data: { sealedTotp, totpLastStep: null },
      });
      return count === 1;
    },
    confirmTotp: (operatorId, { step, sealedTotp }, { digest, nowMs }) =>
      changeOwn(
        operatorId,
        { totpConfirmedAt: new Date(nowMs), totpLastStep: BigInt(step) },
        { totpConfirmedAt: null, sealedTotp, disabledAt: null },
        { action: 'person.totp_confirmed', ends: 'totp', nowMs, except: digest },
      ),
    removeTotp(person, { digest, nowMs }) {
      const data = { sealedTotp: null, totpConfirmedAt: null, totpLastStep: null };
      const act = { action: 'person.totp_removed', ends: 'totp', nowMs, except: digest } as const;
      return changeOwn(person.operatorId, data, stillTheirs(person), act);
    },
    async spendCode(operatorId, { step, sealedTotp }) {
      const used = await db.$executeRaw(Prisma.sql`
        UPDATE operator SET totp_last_step = ${step}::bigint
        WHERE id = ${operatorId} AND totp_confirmed_at IS NOT NULL AND sealed_totp = ${sealedTotp}
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

/** A password takes some tenths of a second to judge, in which somebody else may have changed it. */
function stillTheirs({ passwordHash }: Proven): Prisma.OperatorWhereInput {
  return { passwordHash, disabledAt: null };
}
