import type { Providers } from '../activities/index.ts';
import { AssertionFailure } from '../domain/machine.ts';
import type { Provider, ProviderConnection } from '../providers/provider.ts';
import { providerByName } from '../providers/registry.ts';
import { sftpSource } from '../providers/sftp/config.ts';
import { fetchFromSftp } from '../providers/sftp/fetch.ts';

/** The registry with this process's secrets: one connection an account, made when it is first needed. */
export function createProviders(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Providers {
  const connections = new Map<string, ProviderConnection>();
  const providers: Providers = {
    named,
    settlementsOf({ id, provider, settings, ...account }) {
      const source = sftpSource({ id, settings, secrets: secrets[id] ?? {} });
      if (source !== undefined) return (request) => fetchFromSftp(source, request);
      if (providerByName(provider) === undefined) return undefined;
      const connection = providers.connection({ ...account, id, provider, settings });
      return connection.fetchSettlement?.bind(connection);
    },
    connection({ id, provider, connectorVersion, baseUrl, settings }) {
      const adapter = named(provider, connectorVersion);
      const key = `${id} ${adapter.connectorVersion} ${baseUrl}`;
      const known = connections.get(key);
      if (known !== undefined) return known;
      const made = adapter.connect({ id, baseUrl, settings, secrets: secrets[id] ?? {} });
      connections.set(key, made);
      return made;
    },
  };
  return providers;
}

function named(name: string, version?: string): Provider {
  const provider = providerByName(name, version);
  if (provider === undefined) throw new AssertionFailure(`no provider is registered as ${name}`);
  return provider;
}
