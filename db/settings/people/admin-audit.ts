import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { contentOf, nextHash } from '../../rows.ts';

/** What an administrator did, or what happened to a person's account. Nothing in it may be a secret. */
export interface AdminAct {
  /** `operator:<id>`, `key:<id>`, `cli` or `system`. */
  readonly actor: string;
  /** A word with a dot, e.g. `person.created`. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly subject: string;
  readonly reason?: string;
  /** What was changed, by name; a JSON object. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The first row's previous hash. */
export const ADMIN_CHAIN = 'admin_audit';

/** Writers of the chain come one after the other: a number of this name is held until the commit. */
const CHAIN_LOCK = Prisma.sql`SELECT pg_advisory_xact_lock(hashtextextended(${ADMIN_CHAIN}, 0))`;

/**
 * Appends to the chain, in the caller's transaction where it has one: then neither the act nor its row is ever without the
 * other. Let it be the transaction's last statement: whoever writes next waits from here to the commit.
 */
export async function recordAdminAct(on: Db | Prisma.TransactionClient, act: AdminAct): Promise<void> {
  if ('$transaction' in on) {
    await on.$transaction((tx) => append(tx, act));
  } else {
    await append(on, act);
  }
}

async function append(tx: Prisma.TransactionClient, act: AdminAct): Promise<void> {
  // A statement of its own: the next one must see what the one before in the chain has committed.
  await tx.$executeRaw(CHAIN_LOCK);
  const [head] = await tx.$queryRaw<{ sequence: number; hash: string; at: Date }[]>(Prisma.sql`
    SELECT COALESCE(max(sequence), 0)::int AS sequence,
           COALESCE((SELECT hash FROM admin_audit ORDER BY sequence DESC LIMIT 1), ${ADMIN_CHAIN}) AS hash,
           clock_timestamp()::timestamptz(3) AS at
    FROM admin_audit`);
  if (head === undefined) throw new Error('Postgres gave no row for an aggregate');
  const sequence = head.sequence + 1;
  const { actor, action, subject, reason = null, details = {} } = act;
  const atMs = head.at.getTime();
  const content = contentOf({ sequence, actor, action, subject, reason, details, atMs });
  await tx.$executeRaw(Prisma.sql`
    INSERT INTO admin_audit (sequence, actor, action, subject, reason, content, content_digest, previous_hash, hash, at)
    VALUES (${sequence}::int, ${actor}, ${action}, ${subject}, ${reason}, ${content.text}, ${content.digest},
      ${head.hash}, ${nextHash(Prisma.sql`${head.hash}::text`, sequence, content.digest)}, ${head.at}::timestamptz)`);
}
