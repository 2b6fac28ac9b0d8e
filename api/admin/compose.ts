import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Config } from '../../config/env.ts';
import { anchorFindings } from '../../db/audit-heads.ts';
import type { Db } from '../../db/client.ts';
import { createAdministration } from '../../db/settings/index.ts';
import { type ProviderSecretsBook, startProviderSecrets } from '../../db/settings/provider-secrets.ts';
import { realAccountProblem } from '../../db/time-scale.ts';
import { readAnchor } from '../../domain/audit/anchor.ts';
import { accountProblems, providerForms, secretProblems } from '../../providers/account-form.ts';
import { checkAccount } from '../../providers/check.ts';
import type { Vault } from '../../vault/index.ts';
import type { AdminParts, AnchorCheck } from './parts.ts';

/** Has read what is sealed in Postgres once, and goes on looking. */
export function openProviderSecrets(
  { providerSecrets: file }: Config,
  parts: { readonly db: Db; readonly vault: Vault; readonly logger: Logger },
): Promise<ProviderSecretsBook> {
  const { db, vault, logger } = parts;
  return startProviderSecrets({
    db,
    file,
    open: vault.openProviderSecrets,
    onError: (error, account) => logger.warn({ err: error, account }, "providers' secrets could not be read"),
  });
}

/** Part of main.ts: administration's own, put together from rooms that no other file of the API may import. */
export function composeAdministration(
  config: Config,
  parts: {
    readonly db: Db;
    /** What people's lists are read by. */
    readonly reads: Db;
    readonly vault: Vault;
    readonly secrets: ProviderSecretsBook;
  },
): AdminParts {
  const { db, reads, vault, secrets } = parts;
  const { timeScale, providerSecrets: file, providerDeadlineMs, auditAnchorFile } = config;
  const privateTargets = config.webhooks?.privateTargets ?? false;
  const forms = providerForms();
  return {
    ...createAdministration(db, reads),
    providers: {
      forms: () => forms,
      accountProblems,
      secretProblems,
      addressProblem: (baseUrl) => realAccountProblem(baseUrl, { timeScale, privateTargets }),
      check: ({ settings, ...account }) =>
        checkAccount(
          // An adapter parses its settings itself, whatever form they have.
          { ...account, settings: settings as Record<string, string>, secrets: secrets.of(account.id) ?? {} },
          providerDeadlineMs,
        ),
    },
    secrets: {
      seal: vault.sealProviderSecrets,
      open: vault.openProviderSecrets,
      of: (accountId) => secrets.of(accountId),
      namesInFile: (accountId) => (Object.hasOwn(file, accountId) ? Object.keys(file[accountId] ?? {}) : []),
      refresh: () => secrets.refresh(),
    },
    ...(auditAnchorFile === undefined
      ? {}
      : { anchor: anchorCheck(db, auditAnchorFile, config.keys.digest) }),
  };
}

/** Read whole: a larger one is for the terminal, which has nothing else to do. */
const MOST_ANCHOR_BYTES = 64 * 1024 * 1024;

function anchorCheck(db: Db, file: string, key: Uint8Array): AnchorCheck {
  return {
    async findings() {
      if (!existsSync(file)) return [];
      if ((await stat(file)).size > MOST_ANCHOR_BYTES)
        return [{ owner: file, problem: 'is too large to be checked here: run ./interlock audit verify' }];
      return anchorFindings(db, readAnchor(await readFile(file, 'utf8'), key), file);
    },
  };
}
