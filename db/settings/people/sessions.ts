import type { Role } from '../../../domain/access/roles.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { type OperatorIdentity, roleOf } from '../operators.ts';

/** A person who is signed in, as their session says it. */
export interface SessionPerson extends OperatorIdentity {
  readonly email?: string;
  /** Nothing but a change of the password is open to them. */
  readonly passwordExpired: boolean;
  readonly hasTotp: boolean;
}

export interface StoredSession {
  readonly person: SessionPerson;
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  readonly expiresAtMs: number;
  /** It was ended, or its person was disabled. */
  readonly isRevoked: boolean;
}

/** Why a session was ended before its time. */
export type RevokedBecause =
  | 'signed_out'
  | 'signed_in_again'
  | 'password'
  | 'totp'
  | 'role'
  | 'disabled'
  | 'administrator';

/** What was judged before a session is opened: nothing is opened by what has been changed since. */
export interface Judged {
  readonly operatorId: string;
  readonly passwordHash: string;
  readonly isTotpConfirmed: boolean;
}

export interface SessionRegister {
  /** False: their password or second factor is another one by now, or they were disabled. */
  open(session: { digest: string; judged: Judged; nowMs: number; expiresAtMs: number }): Promise<boolean>;
  /** Also one that is over; undefined: there never was one. */
  find(digest: string): Promise<StoredSession | undefined>;
  seen(digest: string, nowMs: number): Promise<void>;
  revoke(digest: string, because: RevokedBecause, nowMs: number): Promise<void>;
}

/** Sessions that are over are kept so long, so that their cookies are known for what they are. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

interface SessionRow {
  readonly operatorId: string;
  readonly name: string;
  readonly role: string;
  readonly email: string | null;
  readonly passwordExpired: boolean;
  readonly hasTotp: boolean;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly expiresAt: Date;
  readonly isRevoked: boolean;
}

export function createSessionRegister(db: Db): SessionRegister {
  return {
    async open({ digest, judged: { operatorId, passwordHash, isTotpConfirmed }, nowMs, expiresAtMs }) {
      const now = new Date(nowMs);
      const [, opened] = await db.$transaction([
        db.consoleSession.deleteMany({ where: { operatorId, expiresAt: { lt: new Date(nowMs - KEPT_MS) } } }),
        // The row is held: a change that is under way is waited for and seen, and one that comes later ends this session.
        db.$executeRaw(Prisma.sql`
          INSERT INTO console_session (digest, operator_id, created_at, seen_at, expires_at)
          SELECT ${digest}, id, ${now}::timestamptz, ${now}::timestamptz, ${new Date(expiresAtMs)}::timestamptz
          FROM operator WHERE id = ${operatorId} AND password_hash = ${passwordHash} AND disabled_at IS NULL
            AND (totp_confirmed_at IS NOT NULL) = ${isTotpConfirmed}
          FOR SHARE`),
      ]);
      return opened === 1;
    },
    async find(digest) {
      const [row] = await db.$queryRaw<SessionRow[]>(Prisma.sql`
        SELECT o.id AS "operatorId", o.name, o.role, o.email, o.password_expired AS "passwordExpired",
          o.totp_confirmed_at IS NOT NULL AS "hasTotp", s.created_at AS "createdAt", s.seen_at AS "seenAt",
          s.expires_at AS "expiresAt", s.revoked_at IS NOT NULL OR o.disabled_at IS NOT NULL AS "isRevoked"
        FROM console_session s JOIN operator o ON o.id = s.operator_id WHERE s.digest = ${digest}`);
      return row === undefined ? undefined : toSession(row);
    },
    async seen(digest, nowMs) {
      await db.consoleSession.updateMany({ where: { digest }, data: { seenAt: new Date(nowMs) } });
    },
    async revoke(digest, because, nowMs) {
      await revokeSessions(db, { digest }, because, nowMs);
    },
  };
}

/** For whoever changes a person, in the transaction of the change. `except` is left as it is. */
export async function revokeSessions(
  on: Pick<Db, 'consoleSession'>,
  whose: { readonly digest: string } | { readonly operatorId: string },
  because: RevokedBecause,
  nowMs: number,
  except?: string,
): Promise<void> {
  await on.consoleSession.updateMany({
    where: {
      AND: [whose, { revokedAt: null }, ...(except === undefined ? [] : [{ NOT: { digest: except } }])],
    },
    data: { revokedAt: new Date(nowMs), revokedBecause: because },
  });
}

function toSession(row: SessionRow): StoredSession {
  const role: Role = roleOf(row.role);
  return {
    person: {
      operatorId: row.operatorId,
      name: row.name,
      role,
      ...(row.email === null ? {} : { email: row.email }),
      passwordExpired: row.passwordExpired,
      hasTotp: row.hasTotp,
    },
    createdAtMs: row.createdAt.getTime(),
    seenAtMs: row.seenAt.getTime(),
    expiresAtMs: row.expiresAt.getTime(),
    isRevoked: row.isRevoked,
  };
}
