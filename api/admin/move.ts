import type { AdminAccount, SecretDecision, SecretFacts } from '../../db/settings/index.ts';
import { addressIn, isForbiddenAddress } from '../../domain/events/target.ts';
import { problem } from '../problems.ts';
import type { AdminParts } from './parts.ts';

/**
 * An account that moves: its secrets go out with every request, so a new address is a new keeper of them. They have to be
 * given again by whoever moves it, and what was sealed for the old address is dropped.
 */
type Addressed = Pick<AdminAccount, 'baseUrl' | 'settings'>;

/** Whether something of the account's would be sent, or fetched with its secrets, somewhere else than before. */
export function isMoved(before: Addressed, after: Addressed): boolean {
  return JSON.stringify(addressesOf(before)) !== JSON.stringify(addressesOf(after));
}

/** The provider's own; every other web address among the settings (reports are fetched there by key); and the SFTP server's. */
function addressesOf({ baseUrl, settings }: Addressed): readonly unknown[] {
  const others = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'string' && URL.canParse(value) ? [[name, new URL(value).origin]] : [],
  );
  const { host, port = DEFAULT_SFTP_PORT, hostKey } = sftpOf(settings);
  return [new URL(baseUrl).origin, others.sort(), host, port, hostKey === undefined ? [] : [hostKey].flat()];
}

const DEFAULT_SFTP_PORT = 22;

interface SftpAddress {
  readonly host?: string;
  readonly port?: number;
  readonly hostKey?: string | readonly string[];
}

/** As the adapter's form has judged it. */
function sftpOf({ sftp }: Addressed['settings']): SftpAddress {
  return typeof sftp === 'object' && sftp !== null ? sftp : {};
}

/** With live secrets nobody is called on this machine or in its network. Names are looked up where they are called. */
export function liveAddressProblem({ baseUrl, settings }: Addressed): string | undefined {
  const hosts = [new URL(baseUrl).hostname, sftpOf(settings).host ?? ''];
  return hosts.some(isPrivateHost)
    ? 'A live account is not on this machine or in a private network.'
    : undefined;
}

function isPrivateHost(host: string): boolean {
  const literal = addressIn(host);
  if (literal !== undefined) return isForbiddenAddress(literal);
  return /(^|\.)(localhost|local|internal)\.?$/i.test(host);
}

export interface Move {
  readonly before: AdminAccount;
  readonly given: Readonly<Record<string, string | null>> | undefined;
  /** Operations of the account that nobody knows the outcome of yet. */
  readonly openOperations: number;
}

type Fresh = Pick<AdminAccount, 'id' | 'provider'> & { readonly secrets: SecretFacts };

/** What becomes of the secrets of an account that moves; undefined: it has none. Throws where it may not move so. */
export function secretsOfMoved(
  { before, given, openOperations }: Move,
  { secrets }: AdminParts,
  seal: (given: Readonly<Record<string, string | null>>, fresh: Fresh) => SecretDecision,
): SecretDecision | undefined {
  if (openOperations > 0) throw problem('account_in_use');
  const inFile = secrets.namesInFile(before.id);
  if (inFile.length > 0)
    throw problem('parameter_invalid', {
      param: 'base_url',
      message: `Secrets of this account come from the file of this process (${inFile.join(', ')}), and would be sent to the new address. Take them out of it first, or make a new account.`,
    });
  const missing = Object.keys(before.secrets).find((name) => given?.[name] === undefined);
  if (missing !== undefined)
    throw problem('parameter_missing', {
      param: `secrets.${missing}`,
      message:
        'The address changes, and no secret goes along: give each of them again in `secrets`, or null.',
    });
  if (given === undefined) return undefined;
  return seal(given, { id: before.id, provider: before.provider, secrets: {} });
}
