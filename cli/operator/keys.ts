import { randomBytes } from 'node:crypto';
import type { Db } from '../../db/client.ts';
import { apiKeyDigest } from '../api-key-digest.ts';
import { UserError } from '../install.mjs';

/**
 * Operators' keys. A key is shown once, when it is made; Postgres keeps its digest. The id goes into audit rows,
 * so a row is never deleted, and a name that is in use gets no second key. Somebody who signs in by password has none yet.
 */
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

export async function addOperator(
  db: Db,
  name: string,
  digestKey: Buffer,
): Promise<{ id: string; key: string }> {
  if (!NAME.test(name)) {
    throw new UserError('a name has small letters, digits and hyphens, at most 40, and begins with a letter');
  }
  const id = `opr_${name}`;
  const key = `iop_${randomBytes(32).toString('base64url')}`;
  const digest = apiKeyDigest(key, digestKey);
  const written = await db.$executeRaw`
    INSERT INTO operator (id, name, digest) VALUES (${id}, ${name}, ${digest})
    ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, revoked_at = NULL
      WHERE operator.revoked_at IS NOT NULL OR operator.digest IS NULL`;
  if (written === 0) throw new UserError(`${name} has a key already; revoke it first`);
  return { id, key };
}

/** False where the name has no key that works. */
export async function revokeOperator(db: Db, name: string): Promise<boolean> {
  const { count } = await db.operator.updateMany({
    where: { id: `opr_${name}`, revokedAt: null, digest: { not: null } },
    data: { revokedAt: new Date() },
  });
  return count > 0;
}
