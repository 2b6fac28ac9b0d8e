import { z } from 'zod';
import type { AccountForm, ProviderAccount } from '../../../../providers/provider.ts';

/** One account at AcmePay, from its public settings and its secrets. */
export interface AcmePayConfig {
  /** Up to, and without, the version. */
  readonly baseUrl: URL;
  readonly apiKey: string;
}

const secrets = z.object({
  /** Visible ASCII only: it becomes a header. */
  apiKey: z.string().regex(/^[\x21-\x7e]+$/, 'must be visible ASCII, without spaces'),
});

const baseUrl = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));

export function acmePayConfig(account: ProviderAccount): AcmePayConfig {
  return { baseUrl: baseUrl.parse(account.baseUrl), apiKey: secrets.parse(account.secrets).apiKey };
}

/** `webhookSecretPrevious` stays valid while a secret is being rotated. */
export const webhookSecrets = z.object({
  webhookSecret: z.string().min(1),
  webhookSecretPrevious: z.string().min(1).optional(),
});

export const acmePayAccount: AccountForm = {
  baseUrl,
  settings: z.object({}),
  secrets: secrets.extend(webhookSecrets.shape),
};
