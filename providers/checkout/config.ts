import { z } from 'zod';
import type { AccountForm, ProviderAccount } from '../provider.ts';

/** One account at Checkout.com, from its public settings and its secrets. */
export interface CheckoutConfig {
  /** Without a path: `https://<prefix>.api.checkout.com`, `https://<prefix>.api.sandbox.checkout.com`. */
  readonly baseUrl: URL;
  readonly apiKey: string;
  /** Needed where the entity has more than one channel. */
  readonly processingChannelId?: string | undefined;
  /** Whose reports are asked for; absent: every entity's that the key may see. */
  readonly entityId?: string | undefined;
}

const settings = z.object({
  processingChannelId: z
    .string()
    .regex(/^pc_\w+$/)
    .optional(),
  /** Also what lines of its reports name as the merchant's account. */
  merchantAccount: z.string().regex(/^\w+$/).optional(),
});

const secrets = z.object({
  /** Visible ASCII only: it becomes a header. */
  apiKey: z.string().regex(/^[\x21-\x7e]+$/, 'must be visible ASCII, without spaces'),
});

const baseUrl = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));

export function checkoutConfig(account: ProviderAccount): CheckoutConfig {
  const { processingChannelId, merchantAccount: entityId } = settings.parse(account.settings);
  const { apiKey } = secrets.parse(account.secrets);
  return { baseUrl: baseUrl.parse(account.baseUrl), apiKey, processingChannelId, entityId };
}

/** `webhookSecretPrevious` stays valid while a workflow's signature key is being rotated. */
export const webhookSecrets = z.object({
  webhookSecret: z.string().min(1),
  webhookSecretPrevious: z.string().min(1).optional(),
});

export const checkoutAccount: AccountForm = {
  baseUrl,
  settings,
  secrets: secrets.extend(webhookSecrets.shape),
};
