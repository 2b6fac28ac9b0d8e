import { randomBytes } from 'node:crypto';
import type { ProviderAccount } from './provider.ts';
import { providerByName } from './registry.ts';
import { openCall } from './transport/index.ts';

/** What one harmless question to the provider has shown of an account. */
export interface AccountCheck {
  readonly result: 'accepted' | 'refused' | 'unclear' | 'not_supported';
  readonly detail: string;
}

/**
 * Asks the provider, with the account's secrets, what it knows of a reference that nobody has used. `accepted`: it has
 * answered that there is nothing. Moves nothing and leaves nothing behind. A provider that can't be asked by reference
 * can't be tried without a payment.
 */
export async function checkAccount(
  { provider, ...account }: ProviderAccount & { readonly provider: string },
  deadlineMs: number,
): Promise<AccountCheck> {
  const adapter = providerByName(provider);
  if (adapter === undefined) return { result: 'not_supported', detail: 'no such provider ships' };
  const connection = connected(() => adapter.connect(account));
  if (connection === undefined)
    return { result: 'refused', detail: 'its settings or secrets are not complete or not of the right form' };
  if (connection.lookup === undefined)
    return { result: 'not_supported', detail: 'this provider cannot be asked about a reference' };
  const reference = `check_${randomBytes(16).toString('hex')}`;
  const question = { kind: 'authorize', reference, authorizationReference: reference } as const;
  const call = openCall({ totalDeadlineMs: deadlineMs, needsPermit: false });
  try {
    const answer = await call.run(async () =>
      connection.lookup?.({ ...question, amountMinor: 100, currency: 'EUR' }),
    );
    if (answer?.type === 'not_found')
      return { result: 'accepted', detail: 'the provider took the key and answered' };
    const detail = answer?.type === 'failed' ? answer.detail : 'the provider’s answer was not expected';
    return { result: REFUSED.test(detail) ? 'refused' : 'unclear', detail };
  } finally {
    call.close();
  }
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
