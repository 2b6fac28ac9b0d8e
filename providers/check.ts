import { randomBytes } from 'node:crypto';
import type { CredentialsCheck, Provider, ProviderAccount, ProviderConnection } from './provider.ts';
import { providerByName } from './registry.ts';
import { openCall } from './transport/index.ts';

/** What one harmless question to the provider has shown of an account. */
export interface AccountCheck {
  readonly result: 'accepted' | 'refused' | 'unclear' | 'not_supported';
  readonly detail: string;
}

const TAKEN = 'the provider took the key and answered';

/**
 * Asks the provider, with the account's secrets, something that moves nothing and leaves nothing behind: its adapter's own
 * question, or what is known of a reference that nobody has used. A provider that answers neither can't be tried without
 * a payment.
 */
export async function checkAccount(
  { provider, ...account }: ProviderAccount & { readonly provider: string },
  deadlineMs: number,
): Promise<AccountCheck> {
  const adapter = providerByName(provider);
  if (adapter === undefined) return { result: 'not_supported', detail: 'no such provider ships' };
  return checkAt(adapter, account, deadlineMs);
}

/** The same of an account at a provider that is at hand. */
export async function checkAt(
  adapter: Provider,
  account: ProviderAccount,
  deadlineMs: number,
): Promise<AccountCheck> {
  const connection = connected(() => adapter.connect(account));
  if (connection === undefined)
    return { result: 'refused', detail: 'its settings or secrets are not complete or not of the right form' };
  const ask = questionOf(connection);
  if (ask === undefined) return { result: 'not_supported', detail: 'this provider has no harmless question' };
  const call = openCall({ totalDeadlineMs: deadlineMs, needsPermit: false });
  try {
    const answer = await call.run(ask);
    if (answer.type === 'accepted') return { result: 'accepted', detail: TAKEN };
    return { result: REFUSED.test(answer.detail) ? 'refused' : 'unclear', detail: answer.detail };
  } finally {
    call.close();
  }
}

function questionOf(connection: ProviderConnection): (() => Promise<CredentialsCheck>) | undefined {
  if (connection.checkCredentials !== undefined) return connection.checkCredentials.bind(connection);
  const lookup = connection.lookup?.bind(connection);
  if (lookup === undefined) return undefined;
  const reference = `check_${randomBytes(16).toString('hex')}`;
  const question = { kind: 'authorize', reference, authorizationReference: reference } as const;
  return async () => {
    const answer = await lookup({ ...question, amountMinor: 100, currency: 'EUR' });
    if (answer.type === 'not_found') return { type: 'accepted' };
    if (answer.type === 'failed') return answer;
    return { type: 'failed', detail: 'the provider’s answer was not expected' };
  };
}

/** As adapters name what they were answered. */
const REFUSED = /^http_40[13]$/;

function connected<T>(connect: () => T): T | undefined {
  try {
    return connect();
  } catch {
    // What it throws may quote what it was given.
    return undefined;
  }
}
