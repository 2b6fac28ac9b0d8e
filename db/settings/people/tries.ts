import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';

/** When an account is locked: so many failures within so long lock it for so long. */
export interface LockRules {
  readonly failures: number;
  readonly withinMs: number;
  readonly forMs: number;
}

/**
 * Tries to sign in, counted by the e-mail that is named, whether or not it is anybody's: what a stranger learns of one address
 * is what they learn of any other.
 */
export interface TryBook {
  /**
   * Counts a try before it is judged, so that many at once are as many. `locked`: it is not to be judged; `last`: it
   * has locked the address, unless it turns out to be right.
   */
  begin(email: string, nowMs: number): Promise<'admitted' | 'last' | 'locked'>;
  /** The last try was neither right nor wrong: it only lacked its code. */
  forgive(email: string): Promise<void>;
  /** It was right: nothing is held against the address any more. Also how an administrator unlocks it. */
  forget(email: string): Promise<void>;
  lockedUntil(emails: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Date>>;
}

/** So many forgotten tries are cleared away with each new one. */
const CLEARED_AT_ONCE = 20;

export function createTryBook(db: Db, keyedDigest: (text: string) => string, rules: LockRules): TryBook {
  const digestOf = (email: string) => keyedDigest(`interlock/sign-in/${email}`);
  return {
    async begin(email, nowMs) {
      const now = new Date(nowMs);
      const since = new Date(nowMs - rules.withinMs);
      const until = new Date(nowMs + rules.forMs);
      // One statement: of two at once the second waits for the row, and counts on.
      const [row] = await db.$queryRaw<{ failures: number }[]>(Prisma.sql`
        INSERT INTO sign_in_try AS t (email_digest, failures, failing_since, locked_until)
        VALUES (${digestOf(email)}, 1, ${now}::timestamptz,
          CASE WHEN ${rules.failures}::int <= 1 THEN ${until}::timestamptz END)
        ON CONFLICT (email_digest) DO UPDATE SET
          failures = CASE WHEN ${isOver(since)} THEN 1 ELSE t.failures + 1 END,
          failing_since = CASE WHEN ${isOver(since)} THEN excluded.failing_since ELSE t.failing_since END,
          locked_until = CASE WHEN NOT ${isOver(since)} AND t.failures + 1 >= ${rules.failures}::int
            THEN ${until}::timestamptz ELSE excluded.locked_until END
        WHERE t.locked_until IS NULL OR t.locked_until <= ${now}::timestamptz
        RETURNING failures`);
      await clearForgotten(db, Math.max(rules.withinMs, rules.forMs) * 2, nowMs);
      if (row === undefined) return 'locked';
      return row.failures >= rules.failures ? 'last' : 'admitted';
    },
    async forgive(email) {
      await db.$executeRaw(Prisma.sql`
        UPDATE sign_in_try SET failures = greatest(failures - 1, 0),
          locked_until = CASE WHEN failures <= ${rules.failures}::int THEN NULL ELSE locked_until END
        WHERE email_digest = ${digestOf(email)}`);
    },
    async forget(email) {
      await db.signInTry.deleteMany({ where: { emailDigest: digestOf(email) } });
    },
    async lockedUntil(emails, nowMs) {
      const emailOf = new Map(emails.map((email) => [digestOf(email), email]));
      const rows = await db.signInTry.findMany({
        where: { emailDigest: { in: [...emailOf.keys()] }, lockedUntil: { gt: new Date(nowMs) } },
      });
      return new Map(
        rows.flatMap(({ emailDigest, lockedUntil }) => {
          const email = emailOf.get(emailDigest);
          return email === undefined || lockedUntil === null ? [] : [[email, lockedUntil] as const];
        }),
      );
    },
  };
}

/** The failures before are too long ago, or were paid for by a lock that has ended. */
function isOver(since: Date): Prisma.Sql {
  return Prisma.sql`(t.failing_since < ${since}::timestamptz OR t.locked_until IS NOT NULL)`;
}

async function clearForgotten(db: Db, olderThanMs: number, nowMs: number): Promise<void> {
  await db.$executeRaw(Prisma.sql`
    DELETE FROM sign_in_try WHERE email_digest IN (
      SELECT email_digest FROM sign_in_try WHERE failing_since < ${new Date(nowMs - olderThanMs)}::timestamptz
      ORDER BY failing_since LIMIT ${CLEARED_AT_ONCE} FOR UPDATE SKIP LOCKED)`);
}
