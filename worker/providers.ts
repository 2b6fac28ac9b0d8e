import type { Providers } from '../activities/index.ts';
import { AssertionFailure } from '../domain/machine.ts';
import type { Provider, ProviderConnection } from '../providers/provider.ts';
import { providerByName } from '../providers/registry.ts';

/** The registry with this process's secrets: one connection an account, made when it is first needed. */
export function createProviders(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Providers {
  const connections = new Map<string, ProviderConnection>();
  return {
    named,
    connection({ id, provider, baseUrl, settings }) {
      const key = `${id} ${baseUrl}`;
      const known = connections.get(key);
      if (known !== undefined) return known;
      const made = named(provider).connect({ id, baseUrl, settings, secrets: secrets[id] ?? {} });
      connections.set(key, made);
      return made;
    },
  };
}

function named(name: string): Provider {
  const provider = providerByName(name);
  if (provider === undefined) throw new AssertionFailure(`no provider is registered as ${name}`);
  return provider;
}
