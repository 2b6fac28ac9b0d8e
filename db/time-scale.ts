import type { Db } from './client.ts';

/** Where simulators run: on this machine, without TLS. A real provider is never there. */
const SANDBOX_URL = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/;

/**
 * Refuses to start where waits are scaled and an account is not a simulator's: a real provider forgets keys,
 * shows charges and lets authorizations lapse at its own pace, and scaled waits would take absence for proof.
 */
export async function refuseScaledTimeForRealAccounts(db: Db, timeScale: number): Promise<void> {
  if (timeScale === 1) return;
  const real = await realAccounts(db);
  if (real.length === 0) return;
  throw new Error(
    `INTERLOCK_TIME_SCALE is ${timeScale}, but ${real.join(', ')} point at real providers. Set it to 1, or remove those accounts.`,
  );
}

/** What keeps an account from being made, or moved, to a real provider while this process runs as it does. */
export function realAccountProblem(
  baseUrl: string,
  { timeScale, privateTargets }: { readonly timeScale: number; readonly privateTargets: boolean },
): string | undefined {
  if (SANDBOX_URL.test(baseUrl)) return undefined;
  if (timeScale !== 1)
    return 'INTERLOCK_TIME_SCALE is not 1: only simulators on this machine may have accounts.';
  if (privateTargets)
    return 'INTERLOCK_WEBHOOK_PRIVATE_TARGETS is allow: only simulators on this machine may have accounts.';
  // The key to somebody's money goes out with every request.
  return /^https:/i.test(baseUrl) ? undefined : 'A provider is reached by https only.';
}

/** Accounts that are not a simulator's. */
async function realAccounts(db: Db): Promise<readonly string[]> {
  const accounts = await db.providerAccount.findMany({ select: { id: true, baseUrl: true } });
  return accounts.filter((account) => !SANDBOX_URL.test(account.baseUrl)).map((account) => account.id);
}

/**
 * Refuses to start where webhooks may go to this machine and its network and an account is not a simulator's: whoever
 * may register an endpoint could have us call what only we can reach.
 */
export async function refusePrivateTargetsForRealAccounts(db: Db, privateTargets: boolean): Promise<void> {
  const real = privateTargets ? await realAccounts(db) : [];
  if (real.length === 0) return;
  throw new Error(
    `INTERLOCK_WEBHOOK_PRIVATE_TARGETS is allow, but ${real.join(', ')} point at real providers. Set it to refuse, or remove those accounts.`,
  );
}
