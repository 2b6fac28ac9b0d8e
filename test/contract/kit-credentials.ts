// Whether a provider takes an account's secrets: asked without moving anything.
import { expect, it } from 'vitest';
import { type AccountCheck, checkAt } from '../../providers/check.ts';
import type { ProviderAccount } from '../../providers/provider.ts';
import type { Kit } from './parts.ts';

export function credentials({ rig }: Kit): void {
  const checked = async (change: Partial<ProviderAccount> = {}): Promise<AccountCheck> => {
    const { provider, account, outcomes } = rig();
    const found = await checkAt(provider, { ...account, ...change }, 10_000);
    outcomes.push(found);
    return found;
  };
  const withKey = (apiKey: string) => checked({ secrets: { ...rig().account.secrets, apiKey } });

  it('takes its own key, and neither another nor what is none', async () => {
    expect((await checked()).result).toBe('accepted');
    expect(await withKey('sk_of_somebody_else')).toEqual({ result: 'refused', detail: 'http_401' });
    expect((await withKey('two words')).result).toBe('refused');
  });

  it('says nothing of the key where the provider is away, fails or answers nonsense', async () => {
    const away = await checked({ baseUrl: 'http://127.0.0.1:1' });
    expect(away.result).toBe('unclear');
    await rig().fault({ operation: 'lookup', mode: 'status', status: 500 });
    expect(await checked()).toEqual({ result: 'unclear', detail: 'http_500' });
    await rig().fault({ operation: 'lookup', mode: 'truncate' });
    expect((await checked()).result).toBe('unclear');
  });
}
