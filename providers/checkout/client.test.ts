import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

it('the SDK’s axios is the very copy under which our adapter is put', () => {
  const ours = createRequire(import.meta.url);
  const theirs = createRequire(ours.resolve('checkout-sdk-node/dist/services/http.js'));
  // An update may nest a copy of its own under the SDK, whose requests would go past the permit and the deadline.
  expect(theirs.resolve('axios')).toBe(ours.resolve('axios'));
});
