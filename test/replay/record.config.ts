import { defineConfig } from 'vitest/config';

/** `npx vitest run --config test/replay/record.config.ts record-refunds` records the histories of one kind anew. */
export default defineConfig({
  test: {
    include: [
      'test/replay/record-payments.ts',
      'test/replay/record-refunds.ts',
      'test/replay/record-deliveries.ts',
      'test/replay/record-additions.ts',
      'test/replay/record-challenges.ts',
      'test/replay/record-policies.ts',
      'test/replay/record-cases.ts',
      'test/replay/record-reconciliations.ts',
      'test/replay/record-trials.ts',
      'test/replay/record-rollups.ts',
      'test/replay/record-canaries.ts',
    ],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
});
