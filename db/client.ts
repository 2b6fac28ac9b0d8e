import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';

export type Db = PrismaClient;

/**
 * Opens a pool on Postgres as the restricted application role: no UPDATE or DELETE on proofs, whatever
 * the code above asks. `url` may be the owner's; the role is taken by every session of the pool.
 */
export function openDb(url: string, options: { readonly maxConnections?: number } = {}): Db {
  const adapter = new PrismaPg({
    connectionString: withRole(url),
    max: options.maxConnections ?? 10,
    // A worker or API that cannot get a connection must say so within its own deadlines.
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
  });
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}

function withRole(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('options')) parsed.searchParams.set('options', '-c role=interlock_app');
  return parsed.toString();
}
