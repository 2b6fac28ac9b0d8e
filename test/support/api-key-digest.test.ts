import { expect, test } from 'vitest';
import { apiKeyDigest } from '../../cli/api-key-digest.ts';
import { createVault } from '../../vault/index.ts';

test('the seeded digest of an API key is the one by which the API looks it up', () => {
  const digestKey = Buffer.alloc(32, 7);
  const keys = { activeId: 'v1', keys: { v1: Buffer.alloc(32, 8) } };
  const vault = createVault({ keys, digestKey });
  expect(apiKeyDigest('sk_test_0123456789', digestKey)).toBe(vault.keyedDigest('sk_test_0123456789'));
  expect(apiKeyDigest('sk_test_0123456789', Buffer.alloc(32, 9))).not.toBe(
    vault.keyedDigest('sk_test_0123456789'),
  );
});
