import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * The secrets of the embedded stack, made at the first start and kept: without them neither the histories
 * nor the vault of the second start could be read. A production deployment brings its own.
 */
const stackKeysSchema = z.object({
  /** `id:base64`, as INTERLOCK_CODEC_KEYS and INTERLOCK_VAULT_KEYS take them. */
  codecKeys: z.string(),
  vaultKeys: z.string(),
  digestKey: z.string(),
  postgresPassword: z.string(),
  codecServerToken: z.string(),
  demoApiKeySecret: z.string(),
  sandboxSecrets: z.object({
    stripeApiKey: z.string(),
    stripeWebhookSecret: z.string(),
    adyenApiKey: z.string(),
    /** Hexadecimal, as Adyen shows its HMAC keys. */
    adyenHmacKey: z.string(),
  }),
});

export type StackKeys = z.output<typeof stackKeysSchema>;

function generate(): StackKeys {
  const key = () => randomBytes(32).toString('base64');
  const token = () => randomBytes(24).toString('base64url');
  return {
    codecKeys: `k1:${key()}`,
    vaultKeys: `v1:${key()}`,
    digestKey: key(),
    postgresPassword: randomBytes(18).toString('hex'),
    codecServerToken: token(),
    demoApiKeySecret: token(),
    sandboxSecrets: {
      stripeApiKey: `sk_test_${randomBytes(18).toString('hex')}`,
      stripeWebhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
      adyenApiKey: `AQE${randomBytes(24).toString('hex')}`,
      adyenHmacKey: randomBytes(32).toString('hex').toUpperCase(),
    },
  };
}

/** Reads `<data dir>/keys.json`, or makes it, readable by its owner only. */
export function stackKeys(dataDir: string): StackKeys {
  const path = join(dataDir, 'keys.json');
  if (existsSync(path)) {
    const parsed = stackKeysSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (parsed.success) return parsed.data;
    throw new Error(
      `${path} isn't what Interlock wrote. Restore it, or start with --fresh, which deletes the data.`,
    );
  }
  const keys = generate();
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return keys;
}
