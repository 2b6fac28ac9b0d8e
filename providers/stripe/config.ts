import { z } from 'zod';
import type { AccountForm, ProviderAccount } from '../provider.ts';

/** One account at Stripe, from its public settings and its secrets. */
export interface StripeConfig {
  readonly baseUrl: URL;
  readonly apiKey: string;
  /** How cards are sent: as they are, or (with a test key only) as Stripe's ready-made test methods. */
  readonly cards: 'inline' | 'test_tokens';
}

const settings = z.object({ cards: z.enum(['inline', 'test_tokens']).default('inline') });

const secrets = z.object({
  /** `sk_test_…`, `sk_live_…` or a restricted `rk_…` key. Visible ASCII only: it becomes a header. */
  apiKey: z.string().regex(/^[\x21-\x7e]+$/, 'must be visible ASCII, without spaces'),
});

const baseUrl = z.url({ protocol: /^https?$/ }).transform((text, context) => {
  const url = new URL(text);
  // The SDK takes host, port and protocol, and always speaks to /v1 of that host.
  if (url.pathname !== '/') context.addIssue({ code: 'custom', message: 'a base URL without a path' });
  return url;
});

export function stripeConfig(account: ProviderAccount): StripeConfig {
  const { cards } = settings.parse(account.settings);
  const { apiKey } = secrets.parse(account.secrets);
  const live = /^[rs]k_live_/.test(apiKey);
  if (cards === 'test_tokens' && live) throw new Error('Stripe test tokens need a test key');
  return { baseUrl: baseUrl.parse(account.baseUrl), apiKey, cards };
}

/** `webhookSecretPrevious` stays valid while a secret is being rotated. */
export const webhookSecrets = z.object({
  webhookSecret: z.string().min(1),
  webhookSecretPrevious: z.string().min(1).optional(),
});

export const stripeAccount: AccountForm = {
  baseUrl,
  settings,
  secrets: secrets.extend(webhookSecrets.shape),
};
