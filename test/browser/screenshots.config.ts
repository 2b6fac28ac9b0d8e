import { defineConfig } from 'vitest/config';

/** `npx vitest run --config test/browser/screenshots.config.ts` takes the console's screenshots in docs/images anew. */
export default defineConfig({
  test: {
    include: ['test/browser/screenshots.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
});
