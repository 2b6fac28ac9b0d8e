import type { Logger } from 'pino';
import type { Providers } from '../activities/index.ts';
import type { Config } from '../config/env.ts';
import type { Db } from '../db/client.ts';
import { startProviderSecrets } from '../db/settings/provider-secrets.ts';
import { AssertionFailure } from '../domain/machine.ts';
import type { Provider, ProviderConnection } from '../providers/provider.ts';
import { providerByName } from '../providers/registry.ts';
import { sftpSource } from '../providers/sftp/config.ts';
import { fetchFromSftp } from '../providers/sftp/fetch.ts';
import type { Vault } from '../vault/index.ts';

type Secrets = Readonly<Record<string, string>>;

interface Kept {
  readonly secrets: Secrets | undefined;
  readonly connection: ProviderConnection;
}

/**
 * The registry with this process's secrets: one connection an account, made when it is first needed, and made anew when
 * its secrets have changed. Whoever holds the old one finishes with it.
 */
export function createProviders(secretsOf: (accountId: string) => Secrets | undefined): Providers {
  const connections = new Map<string, Kept>();
  const providers: Providers = {
    named,
    settlementsOf({ id, provider, settings, ...account }) {
      const source = sftpSource({ id, settings, secrets: secretsOf(id) ?? {} });
      if (source !== undefined) return (request) => fetchFromSftp(source, request);
      if (providerByName(provider) === undefined) return undefined;
      const connection = providers.connection({ ...account, id, provider, settings });
      return connection.fetchSettlement?.bind(connection);
    },
    connection({ id, provider, connectorVersion, baseUrl, settings }) {
      const adapter = named(provider, connectorVersion);
      const key = JSON.stringify([id, adapter.connectorVersion, baseUrl, settings]);
      const secrets = secretsOf(id);
      const known = connections.get(key);
      if (known !== undefined && known.secrets === secrets) return known.connection;
      const connection = adapter.connect({ id, baseUrl, settings, secrets: secrets ?? {} });
      connections.set(key, { secrets, connection });
      return connection;
    },
  };
  return providers;
}

/** With what is sealed in Postgres over what the file has. */
export async function startProviders(
  { providerSecrets: file }: Config,
  parts: { readonly db: Db; readonly vault: Vault; readonly log: Logger },
): Promise<{ readonly providers: Providers; stop(): void }> {
  const { db, vault, log } = parts;
  const book = await startProviderSecrets({
    db,
    file,
    open: vault.openProviderSecrets,
    onError: (error, account) => log.warn({ err: error, account }, "providers' secrets could not be read"),
  });
  return { providers: createProviders((id) => book.of(id)), stop: () => book.stop() };
}

function named(name: string, version?: string): Provider {
  const provider = providerByName(name, version);
  if (provider === undefined) throw new AssertionFailure(`no provider is registered as ${name}`);
  return provider;
}
