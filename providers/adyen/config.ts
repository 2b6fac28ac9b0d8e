import { z } from 'zod';
import type { AccountForm, ProviderAccount } from '../provider.ts';

/** One merchant account at Adyen, from its public settings and its secrets. */
export interface AdyenConfig {
  /** Up to, and without, the version: `https://checkout-test.adyen.com`, `https://…/checkout` when live. */
  readonly baseUrl: URL;
  readonly merchantAccount: string;
  /** Sent where a payment brings none: Adyen requires one, and uses it only after a redirect. */
  readonly returnUrl: string;
  readonly apiKey: string;
}

const settings = z.object({
  merchantAccount: z.string().min(1),
  returnUrl: z.url().default('https://return.invalid/'),
});

const secrets = z.object({
  /** Visible ASCII only: it becomes a header. */
  apiKey: z.string().regex(/^[\x21-\x7e]+$/, 'must be visible ASCII, without spaces'),
});

const baseUrl = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));

export function adyenConfig(account: ProviderAccount): AdyenConfig {
  return {
    baseUrl: baseUrl.parse(account.baseUrl),
    apiKey: secrets.parse(account.secrets).apiKey,
    ...settings.parse(account.settings),
  };
}

/** The HMAC key of the account's standard webhook, as its Customer Area shows it: hexadecimal. */
const hmacKey = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{2}){16,}$/, 'must be the HMAC key in hexadecimal, as the Customer Area shows it');

/** `webhookSecretPrevious` stays valid while a key is being rotated. */
export const webhookSecrets = z.object({
  webhookSecret: hmacKey,
  webhookSecretPrevious: hmacKey.optional(),
});

export const adyenAccount: AccountForm = {
  baseUrl,
  settings,
  secrets: secrets.extend(webhookSecrets.shape),
};
