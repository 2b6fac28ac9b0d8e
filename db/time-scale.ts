import type { Db } from './client.ts';

/** Where simulators run: on this machine, without TLS. A real provider is never there. */
const SANDBOX_URL = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/;

/**
 * Refuses to start where waits are scaled and an account is not a simulator's: a real provider forgets keys,
 * shows charges and lets authorizations lapse at its own pace, and scaled waits would take absence for proof.
 */
export async function refuseScaledTimeForRealAccounts(db: Db, timeScale: number): Promise<void> {
  if (timeScale === 1) return;
  const accounts = await db.providerAccount.findMany({ select: { id: true, baseUrl: true } });
  const real = accounts.filter((account) => !SANDBOX_URL.test(account.baseUrl)).map((account) => account.id);
  if (real.length === 0) return;
  throw new Error(
    `INTERLOCK_TIME_SCALE is ${timeScale}, but ${real.join(', ')} point at real providers. Set it to 1, or remove those accounts.`,
  );
}
