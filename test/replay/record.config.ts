import { defineConfig } from 'vitest/config';

/** `npx vitest run --config test/replay/record.config.ts` records the histories anew. */
export default defineConfig({
  test: {
    include: ['test/replay/record-histories.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
});
