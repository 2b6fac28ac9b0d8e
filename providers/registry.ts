/**
 * The providers that exist. One line each: what a provider is and can do stands in its own folder.
 * Nothing here may know one provider from another.
 */
import { adyen } from './adyen/index.ts';
import type { Provider } from './provider.ts';
import { stripe } from './stripe/index.ts';

export const providers: readonly Provider[] = [stripe, adyen];

const byName: ReadonlyMap<string, Provider> = new Map(providers.map((provider) => [provider.name, provider]));

/** Undefined for a name that no provider has: an account's row may outlive its adapter. */
export function providerByName(name: string): Provider | undefined {
  return byName.get(name);
}
