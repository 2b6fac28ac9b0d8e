import { z } from 'zod';
import type { ProviderAccount } from '../provider.ts';
import { ReportFault } from '../reports.ts';
import { settlementNames } from '../settlement/registry.ts';

/** SHA256 in base64 without padding, as `ssh-keygen -lf` prints it. */
const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must be SHA256:… as `ssh-keyscan HOST | ssh-keygen -lf -` prints it');

/** `settings.sftp` of a provider account. */
export const sftpSettings = z.strictObject({
  host: z.string().regex(/^[\w.:-]{1,253}$/, 'must be a host name or an address'),
  port: z.int().min(1).max(65_535).default(22),
  username: z.string().min(1).max(200),
  /** The folder; those below it are not looked into. */
  path: z.string().startsWith('/').max(1_000),
  /** Which of the folder's files: `*` is anything, `?` one character. */
  pattern: z.string().min(1).max(200).default('*'),
  format: z.enum(settlementNames() as [string, ...string[]], {
    error: () => `must be one of ${settlementNames().join(', ')}`,
  }),
  /** Several while a provider changes its key, or has one for each algorithm. */
  hostKey: z.preprocess((given) => [given ?? []].flat(), z.array(fingerprint).min(1).max(10)),
  /** Files that were last changed before this day are not taken: an archive of years is no day's file. */
  since: z.iso.date().optional(),
  /** How long a file must lie unchanged before it counts as whole, in milliseconds. */
  settleMs: z.int().min(0).max(600_000).default(60_000),
});

export const sftpSecrets = z.object({
  sftpPassword: z.string().min(1).optional(),
  sftpPrivateKey: z.string().min(1).optional(),
  sftpPassphrase: z.string().min(1).optional(),
});

const secrets = sftpSecrets.refine(
  ({ sftpPassword, sftpPrivateKey }) => sftpPassword !== undefined || sftpPrivateKey !== undefined,
  'sftpPassword or sftpPrivateKey is missing',
);

/** Where an account's settlement files lie, and how to get in. */
export interface SftpSource {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly path: string;
  readonly pattern: string;
  readonly format: string;
  readonly hostKeys: readonly string[];
  readonly sinceMs: number;
  readonly settleMs: number;
  readonly password?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
}

type Configured = Pick<ProviderAccount, 'id' | 'secrets'> & { readonly settings: object };

/** Undefined: the account's files do not come by SFTP. Settings that cannot be used are a fault that says which. */
export function sftpSource(account: Configured): SftpSource | undefined {
  const { sftp } = account.settings as { readonly sftp?: unknown };
  if (sftp === undefined) return undefined;
  const { hostKey, since, ...place } = read(sftpSettings, sftp, 'settings.sftp');
  const { sftpPassword, sftpPrivateKey, sftpPassphrase } = read(secrets, account.secrets, 'secrets');
  return {
    ...place,
    hostKeys: hostKey,
    sinceMs: since === undefined ? 0 : Date.parse(since),
    ...(sftpPassword === undefined ? {} : { password: sftpPassword }),
    ...(sftpPrivateKey === undefined ? {} : { privateKey: sftpPrivateKey }),
    ...(sftpPassphrase === undefined ? {} : { passphrase: sftpPassphrase }),
  };
}

/** Names what is wrong and never what stands there: half of it is secret. */
function read<T>(schema: z.ZodType<T>, given: unknown, where: string): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${[where, ...path].join('.')}: ${message}`,
  );
  throw new ReportFault(`the account cannot be asked by SFTP: ${problems.join('; ')}`, false);
}
